import CLinux
import Glibc
import LinuxIO

/// A process that takes part in a run: it is started, spoken with in lines, and ended.
final class Companion {
    private let name: String
    private let child: ChildProcess
    private let input: KernelPipe
    private let output: KernelPipe
    private var unread: [UInt8] = []
    private var hasEnded = false

    var processID: Int32 { child.processID }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - name: What errors call it.
    ///   - processor: Where it is kept; `nil`: anywhere.
    ///   - command: The program and its arguments; `self` is this program.
    ///   - log: The file that takes its standard error; `nil`: this program's own.
    /// - Throws: `SystemError`: no descriptor left, or this program cannot be started again.
    init(_ name: String, on processor: Int?, command: [String], log: String? = nil) throws {
        self.name = name
        input = try KernelPipe(capacity: 4096)
        output = try KernelPipe(capacity: 65_536)
        // The other side is written for descriptors that block.
        let setFlags: Int32 = 4  // F_SETFL
        _ = clinux_fcntl(input.readEnd, setFlags, 0)
        _ = clinux_fcntl(output.writeEnd, setFlags, 0)
        var descriptors = [(number: Int32(0), source: input.readEnd), (1, output.writeEnd)]
        var logFile: Int32 = -1
        if let log {
            logFile = Glibc.open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            descriptors.append((2, logFile))
        }
        defer { if logFile >= 0 { close(logFile) } }
        let words = command.first == "self" ? ["/proc/self/exe"] + command.dropFirst() : command
        child = try ChildProcess(
            path: "/proc/self/exe",
            arguments: ["Benchmarks", "launch", processor.map { "\($0)" } ?? "any"] + words,
            descriptors: descriptors)
    }

    /// Lets it go on from where it waits for its standard input.
    func go() {
        var byte: UInt8 = 10
        _ = write(input.writeEnd, &byte, 1)
    }

    /// Its next line.
    func line(within seconds: Int) throws -> String {
        let deadline = MonotonicInstant.now + .seconds(seconds)
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = unread.firstIndex(of: 10) {
                defer { unread.removeSubrange(...end) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            guard MonotonicInstant.now < deadline else { throw CompanionError.silent(name) }
            try Interruption.wait(for: output.readEnd, milliseconds: 100)
            let count = read(output.readEnd, &piece, piece.count)
            if count > 0 { unread += piece[..<count] }
            if count <= 0, reap() { throw CompanionError.ended(name) }
        }
    }

    /// Whether it has ended.
    func reap() -> Bool {
        if !hasEnded, child.reap() != nil { hasEnded = true }
        return hasEnded
    }

    /// Ends it: politely, and after 2 s by force.
    func end() {
        let deadline = MonotonicInstant.now + .seconds(2)
        child.signal(SIGTERM)
        while !reap() {
            if MonotonicInstant.now >= deadline { child.signalGroup(SIGKILL) }
            var waited = pollfd(fd: child.pidfd.rawValue, events: Int16(POLLIN), revents: 0)
            poll(&waited, 1, 100)
        }
    }

    deinit { end() }
}

/// Why a process that takes part failed the run.
enum CompanionError: Error, CustomStringConvertible {
    case silent(String)
    case ended(String)

    var description: String {
        switch self {
        case .silent(let name): "\(name) said nothing within its time"
        case .ended(let name): "\(name) ended before its work was done"
        }
    }
}

/// Ctrl-C and SIGTERM as an error that unwinds, so that all that was started is ended.
struct Interruption: Error, CustomStringConvertible {
    let signal: Int32
    var description: String { "ended by signal \(signal)" }

    /// Collects the signals from now on; `nil` if the process has no descriptor left.
    private static let signals = try? SignalBox()

    /// Waits until a descriptor is readable; throws when a signal came instead.
    static func wait(for number: Int32, milliseconds: Int32) throws {
        let box = signals
        var waited = [
            pollfd(fd: number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: box?.signals.descriptor.rawValue ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        poll(&waited, 2, milliseconds)
        if let signal = box?.signals.next() { throw Interruption(signal: signal) }
    }

    // SAFETY: one descriptor's number, which never changes; to read from it is a system call.
    private final class SignalBox: @unchecked Sendable {
        let signals: SignalDescriptor
        init() throws { signals = try SignalDescriptor([SIGINT, SIGTERM]) }
    }
}
