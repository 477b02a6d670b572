#if Program
internal import Glibc
internal import LinuxIO
internal import Reactor

/// What started this program and waits to hear how it fares: systemd, for a unit of `Type=notify`.
///
/// One datagram for each word, as `sd_notify(3)` has it. With `WatchdogSec=` the loop itself says that
/// it turns: a failover process that hangs is killed, and the guardian resigns for it.
final class ServiceManager {
    private let path: String
    private let loop: EventLoop
    private var status = ""

    /// Looks for one in the environment; `nil` where nobody waits to hear.
    ///
    /// - Parameter loop: The loop whose life is told of.
    init?(loop: EventLoop) {
        let environment = ProcessEnvironment.current
        guard let path = Self.value(of: "NOTIFY_SOCKET", in: environment),
            path.hasPrefix("/") || path.hasPrefix("@")
        else { return nil }
        self.path = path
        self.loop = loop
        let watched = Self.value(of: "WATCHDOG_PID", in: environment)
        if let text = Self.value(of: "WATCHDOG_USEC", in: environment), let limit = Int64(text),
            limit > 0, watched == nil || watched == "\(getpid())"
        {
            live(every: .microseconds(limit) / 2)
        }
    }

    /// Says that the program does what it is for: at the start, and after each reload.
    func ready() { say("READY=1") }

    /// Says that a reload has begun.
    func reloading() {
        say("RELOADING=1\nMONOTONIC_USEC=\(MonotonicInstant.now.nanoseconds / 1000)")
    }

    /// Says that the program ends, as it should.
    func stopping() { say("STOPPING=1") }

    /// Says where the program stands, for `systemctl status`.
    ///
    /// - Parameter line: One line.
    func show(_ line: String) {
        guard line != status else { return }
        status = line
        say("STATUS=\(line)")
    }

    private func live(every interval: Duration) {
        say("WATCHDOG=1")
        loop.schedule(after: interval) { [weak self] in self?.live(every: interval) }
    }

    /// Who does not listen loses nothing that matters here.
    private func say(_ word: String) { try? UnixSocket.send(Array(word.utf8), to: path) }

    private static func value(of name: String, in environment: [String]) -> String? {
        let start = name + "="
        return environment.first { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
    }
}
#endif
