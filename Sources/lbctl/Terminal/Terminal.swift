#if Program
internal import Control
internal import Glibc
internal import LinuxIO

/// The terminal that the program is asked from, taken over as a whole: what is typed comes at once, and the
/// screen is one of its own.
///
/// Whoever has it gives it back, however it ends; a signal that ends the program is told as an event.
final class Terminal {
    /// What a person, or the system, wants.
    enum Event: Equatable {
        case quit, sort, lineUp, lineDown, pageUp, pageDown, first, last
        /// The screen has another size, or is to be drawn anew.
        case redraw
        /// A signal wants the program to end.
        case signal(Int32)
        /// Nothing, for as long as was waited.
        case nothing
    }

    private let signals: SignalDescriptor
    private var former = termios()
    private var isTaken = false
    private var keys = TerminalKeys()

    /// Takes the terminal over.
    ///
    /// - Throws: `Failure` where input or output is no terminal.
    init() throws(Failure) {
        guard isatty(0) == 1, isatty(1) == 1, tcgetattr(0, &former) == 0 else {
            throw Failure(
                .badInput, "input and output must be a terminal; 'lbctl status' prints once")
        }
        do {
            signals = try SignalDescriptor([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP])
        } catch { throw Failure(error) }
        take()
    }

    deinit { giveBack() }

    /// Whether states are coloured: on a terminal, unless whoever looks at it wants none (`NO_COLOR`, any
    /// value; no-color.org).
    static var showsColors: Bool {
        let refusal = getenv("NO_COLOR").map { String(cString: $0) } ?? ""
        return isatty(1) == 1 && refusal.isEmpty
    }

    /// How much the screen holds.
    var size: TopView.Size {
        var size = winsize()
        let isKnown = ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return isKnown && size.ws_row > 0
            ? TopView.Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
            : TopView.Size(columns: 80, rows: 24)
    }

    /// Draws the whole screen, line over line, so that nothing flickers.
    func draw(_ lines: [String]) {
        let body = lines.map { $0 + Sequence.endOfLine }.joined(separator: "\r\n")
        write(Sequence.home + body + Sequence.endOfScreen)
    }

    /// Waits for an event.
    func next(until deadline: MonotonicInstant) -> Event {
        while true {
            if let event = keys.next() { return event }
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { return .nothing }
            var waiting = [
                pollfd(fd: 0, events: Int16(POLLIN), revents: 0),
                pollfd(fd: signals.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, Int32(min(left, 60_000)) + 1) > 0 else { continue }
            if let signal = signals.next(), let event = event(of: signal) { return event }
            guard waiting[0].revents != 0 else { continue }
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = read(0, &bytes, bytes.count)
            // The terminal is gone.
            guard count > 0 else { return .signal(SIGHUP) }
            keys.append(bytes[..<count])
        }
    }

    private func event(of signal: Int32) -> Event? {
        switch signal {
        case SIGWINCH: return .redraw
        case SIGTSTP:
            giveBack()
            // Until somebody has it go on.
            kill(getpid(), SIGSTOP)
            take()
            return .redraw
        default: return .signal(signal)
        }
    }

    private func take() {
        var raw = former
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        _ = tcsetattr(0, TCSAFLUSH, &raw)
        write(Sequence.ownScreen)
        isTaken = true
    }

    /// Leaves the terminal as it was.
    func giveBack() {
        guard isTaken else { return }
        isTaken = false
        write(Sequence.formerScreen)
        _ = tcsetattr(0, TCSAFLUSH, &former)
    }

    private func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// ECMA-48, and the private modes of xterm.
    private enum Sequence {
        static let ownScreen = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l"
        static let formerScreen = "\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"
        static let home = "\u{1B}[H"
        static let endOfLine = "\u{1B}[K"
        static let endOfScreen = "\u{1B}[J"
    }
}

/// Reads keys from what a terminal sends; what means nothing is passed over.
struct TerminalKeys {
    private var bytes: ArraySlice<UInt8> = []

    mutating func append(_ more: ArraySlice<UInt8>) { bytes += more }

    /// The next key; `nil`: none is there as a whole.
    mutating func next() -> Terminal.Event? {
        while let first = bytes.first {
            guard first == 0x1b else {
                bytes = bytes.dropFirst()
                if let event = Self.plain[first] { return event }
                continue
            }
            // ESC [ or ESC O, parameters, and a letter or ~ that ends it.
            guard bytes.count > 1 else {
                // The key of that name alone.
                bytes = []
                return nil
            }
            let introducer = bytes[bytes.startIndex + 1]
            guard introducer == UInt8(ascii: "[") || introducer == UInt8(ascii: "O") else {
                bytes = bytes.dropFirst()
                continue
            }
            let body = bytes.dropFirst(2)
            guard let end = body.firstIndex(where: { (0x40...0x7e).contains($0) }) else {
                if body.count > 16 { bytes = [] }
                return nil
            }
            let name = String(decoding: body[...end], as: UTF8.self)
            bytes = bytes[(end + 1)...]
            if let event = Self.named[name] { return event }
        }
        return nil
    }

    private static let plain: [UInt8: Terminal.Event] = [
        UInt8(ascii: "q"): .quit, UInt8(ascii: "Q"): .quit, UInt8(ascii: "s"): .sort,
        UInt8(ascii: "k"): .lineUp, UInt8(ascii: "j"): .lineDown, UInt8(ascii: " "): .pageDown,
        UInt8(ascii: "b"): .pageUp, UInt8(ascii: "g"): .first, UInt8(ascii: "G"): .last,
        0x0c: .redraw,
    ]
    private static let named: [String: Terminal.Event] = [
        "A": .lineUp, "B": .lineDown, "5~": .pageUp, "6~": .pageDown,
        "H": .first, "1~": .first, "7~": .first, "F": .last, "4~": .last, "8~": .last,
    ]
}
#endif
