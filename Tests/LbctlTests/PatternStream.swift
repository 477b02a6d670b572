#if Program
import Glibc
import LinuxIO

/// One connection to what sends everything back; each byte depends on its place in the stream.
final class PatternStream {
    private let number: Int32
    private let line: any StreamLine
    private var sent = 0
    private var received = 0

    /// Connects, without TLS.
    convenience init(_ port: UInt16) throws { try self.init(port) { PlainLine($0) } }

    /// Connects by TLS.
    ///
    /// - Parameters:
    ///   - port: The port.
    ///   - isOld: Whether it speaks TLS 1.2 instead of 1.3.
    ///   - session: A session of that version to go on with.
    /// - Throws: ``Mistake``: refused, or no handshake.
    convenience init(
        _ port: UInt16, isOld: Bool, goingOnWith session: SecureLine.Session? = nil
    ) throws {
        try self.init(port) { try SecureLine($0, isOld: isOld, goingOnWith: session) }
        try finish("the handshake") { ($0 as? SecureLine)?.greet() ?? .moved(0) }
    }

    private init(_ port: UInt16, line: (Int32) throws -> any StreamLine) throws {
        number = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.line = try line(number)
        let address = SocketAddress(address: 0x7f00_0001, port: port).raw
        guard StreamSocket.connect(number, to: address) == 0 else { throw Mistake("refused") }
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
    }

    deinit { close(number) }

    /// Whether it goes on with a session that was had before.
    var isResumed: Bool { (line as? SecureLine)?.isResumed ?? false }
    /// What the next one may go on with; of TLS 1.3 only once something was received.
    var session: SecureLine.Session? { (line as? SecureLine)?.session }

    /// Sends so many bytes and compares what comes back, at once or, after the end of the client's
    /// direction, until the server's end.
    func exchange(_ count: Int, saysAllFirst: Bool = false) throws {
        let end = sent + count
        if saysAllFirst {
            while sent < end { try step(sendingUntil: end, receives: false) }
            try endSending()
            LinuxIO.Thread.sleep(for: .milliseconds(5))
        }
        while received < end { try step(sendingUntil: end, receives: true) }
        if saysAllFirst { try awaitEnd() }
    }

    /// Ends the client's direction, and waits for the server's end.
    func finish() throws {
        try endSending()
        try awaitEnd()
    }

    private func endSending() throws { try finish("the end") { $0.endSending() } }

    private func awaitEnd() throws {
        while true {
            try wait(for: POLLIN)
            var byte: [UInt8] = [0]
            switch line.receive(into: &byte) {
            case .moved(0): return
            case .moved: throw Mistake("more bytes")
            case .waits: break
            case .failed(let why): throw Mistake("no clean end: \(why)")
            }
        }
    }

    private func step(sendingUntil end: Int, receives: Bool) throws {
        try wait(for: (receives ? POLLIN : 0) | (sent < end ? POLLOUT : 0))
        if sent < end {
            switch line.send(Self.pattern(from: sent, atMost: end - sent)) {
            case .moved(let count): sent += count
            case .waits: break
            case .failed(let why): throw Mistake("\(why) after \(sent) bytes sent")
            }
        }
        if receives { try receive() }
    }

    private func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 262_144)
        switch line.receive(into: &buffer) {
        case .moved(0): throw Mistake("end too soon")
        case .moved(let count):
            var place = 0
            while place < count {
                let piece = Self.pattern(from: received, atMost: count - place)
                guard buffer[place..<place + piece.count] == piece else {
                    throw Mistake("other bytes")
                }
                place += piece.count
                received += piece.count
            }
        case .waits: break
        case .failed(let why): throw Mistake(why)
        }
    }

    /// Calls it until it need not wait any more.
    private func finish(_ what: String, _ call: (any StreamLine) -> LineStep) throws {
        while true {
            switch call(line) {
            case .moved: return
            case .waits(let events): try wait(for: events)
            case .failed(let why): throw Mistake("\(what): \(why)")
            }
        }
    }

    private func wait(for events: Int32) throws {
        if events & POLLIN != 0, line.holdsBytes { return }
        var state = pollfd(fd: number, events: Int16(events), revents: 0)
        guard poll(&state, 1, 20_000) > 0 else { throw Mistake("nothing for 20 s") }
    }

    /// A part of the stream; the pattern's length is prime, so that no buffer's length hides a shift.
    private static func pattern(from place: Int, atMost count: Int) -> ArraySlice<UInt8> {
        let start = place % bytes.count
        return bytes[start..<min(bytes.count, start + count)]
    }

    private static let bytes: [UInt8] = {
        var state: UInt64 = 1
        return (0..<1_048_573).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }()
}
#endif
