#if Program
import CLinux
import Glibc
import HealthCheck
import LinuxIO
import NIOCore
import NIOPosix
import Synchronization

/// 2,000 TCP checks every 2 s: what they take of a core, and how many begin together.
///
/// By the library, whose event loop's thread is counted, and by `lbctl run`, whose two processes
/// are. On loopback what the kernel does for the servers is paid for by them too. The benchmark
/// fails where the limits are passed.
struct ManyChecks {
    let plan: Plan
    let report: Report
    /// The listening socket of all servers; the kernel completes the handshakes.
    let listener: Int32
    let address: NIOCore.SocketAddress

    private static let count = 2_000
    private static let interval = Duration.seconds(2)
    /// Percent of a core.
    private static let shareLimit = 15.0
    /// Checks in any 20 ms: 5 % of them.
    private static let burstLimit = 100.0

    func run() throws {
        var rows = [try library()]
        if Contender.programPath != nil {
            rows.append(try program())
        } else {
            report.note("check", Contender.program.obstacle ?? "")
        }
        report.add("check: 2,000 TCP checks every 2 s", rows)
        for row in rows { try judge(row) }
    }

    /// Goes by the best round for the share and by the worst one for the burst.
    ///
    /// What else the machine does can only add to the share, and a quick run says little about speed.
    /// How turns are spread does not depend on it, but a pause of the host throws together what fell
    /// into it: a quick run, which nobody watches, goes by the middle round.
    private func judge(_ row: Row) throws {
        let share = plan.isQuick ? 0 : row.summaries[0].least
        let burst = plan.isQuick ? row.summaries[1].median : row.summaries[1].greatest
        guard share <= Self.shareLimit, burst <= Self.burstLimit else {
            throw TooMuch(
                text: "check: \(row.work): \(text(share)) % of a core and \(text(burst)) checks in"
                    + " 20 ms; the limits are \(text(Self.shareLimit)) % and"
                    + " \(text(Self.burstLimit))")
        }
    }

    private func library() throws -> Row {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let probe = TimedProbe()
        let checker = HealthChecker(
            group: group,
            targets: (0..<Self.count).map { number in
                var target = CheckTarget(id: "\(number)", address: address)
                target.probe = probe
                target.interval = Self.interval
                return target
            }
        ) { _ in }
        checker.start()
        defer { checker.stop() }
        let loop = group.next()
        return try row(
            "by the library, its thread",
            used: { try loop.submit { Self.threadNanoseconds() }.wait() },
            begins: {
                ServerChecks.drain(listener)
                try Interruption.wait(for: -1, milliseconds: 20)
                return probe.takeBegins()
            })
    }

    private func program() throws -> Row {
        let folder = try Processes.temporaryFolder()
        defer { Processes.removeFolder(folder) }
        var file = """
            global
                nbthread 1
            defaults
                timeout connect 1s
                timeout client 1m
                timeout server 1m
            listen many
                bind 127.0.0.1:\(try Stage.freePort(after: 20_000))

            """
        for number in 0..<Self.count {
            file += "    server s\(number) 127.0.0.1:\(address.port ?? 0) check inter 2s\n"
        }
        try Processes.write(file, to: "\(folder)/many.cfg")
        let companion = try Companion(
            "lbctl-run", on: nil,
            command: [
                Contender.programPath ?? "lbctl", "run", "--no-realtime", "--control",
                "\(folder)/control", "\(folder)/many.cfg",
            ], log: "\(folder)/log")
        defer { companion.end() }
        // The first check says that it serves.
        var first: [Int64] = []
        while first.isEmpty {
            first = try accepted(within: 10_000)
            guard first.isEmpty else { break }
            guard !companion.reap() else {
                let log = Processes.contents(of: "\(folder)/log") ?? ""
                throw TooMuch(text: "lbctl run ended: \(log)")
            }
        }
        return try row(
            "by lbctl run, both its processes",
            used: { ProcessUsage.of(companion.processID).nanoseconds },
            begins: {
                defer { first = [] }
                return try first + accepted(within: 20)
            })
    }

    /// Takes the connections that have come, and says when, in nanoseconds.
    private func accepted(within milliseconds: Int32) throws -> [Int64] {
        try Interruption.wait(for: listener, milliseconds: milliseconds)
        var begins: [Int64] = []
        while true {
            let number = clinux_accept(listener, nil, nil, 0)
            guard number >= 0 else { return begins }
            begins.append(MonotonicInstant.now.nanoseconds)
            _ = clinux_close(Int32(number))
        }
    }

    /// Measures rounds of one interval each.
    ///
    /// The first two, where all checks begin and find their turns, cost more than the others, and are
    /// where a burst is likeliest.
    private func row(
        _ work: String, used: () throws -> Int64, begins next: () throws -> [Int64]
    ) throws -> Row {
        var shares: [Double] = []
        var bursts: [Double] = []
        var total = 0
        for round in 0..<(plan.runs + 2) {
            let before = try used()
            let began = MonotonicInstant.now
            var begins: [Int64] = []
            while MonotonicInstant.now < began + Self.interval { begins += try next() }
            bursts.append(Double(Self.most(of: begins, within: 20_000_000)))
            guard round > 1 else { continue }
            let time = MonotonicInstant.now.nanoseconds - began.nanoseconds
            shares.append(Double(try used() - before) / Double(time) * 100)
            total += begins.count
        }
        return Row(
            benchmark: "check", work: work,
            summaries: [
                Summary("CPU", "% of a core", shares), Summary("burst", "in any 20 ms", bursts),
            ],
            check: UInt64(total))
    }

    /// Processor time of the calling thread.
    private static func threadNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The most instants, in order, that any span of such a length has in it.
    private static func most(of instants: [Int64], within span: Int64) -> Int {
        var most = 0
        var first = 0
        for (index, instant) in instants.enumerated() {
            while instant - instants[first] >= span { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }
}

/// What makes the benchmark fail.
private struct TooMuch: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// A TCP check that notes when each begins.
private final class TimedProbe: HealthProbe {
    private let begins = Mutex<[Int64]>([])
    private let probe = TCPProbe()

    /// Nanoseconds; those since it was last called.
    func takeBegins() -> [Int64] {
        begins.withLock { begins in
            defer { begins = [] }
            return begins
        }
    }

    func probe(
        _ target: NIOCore.SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        begins.withLock { $0.append(MonotonicInstant.now.nanoseconds) }
        return probe.probe(target, timeout: timeout, on: eventLoop)
    }
}
#endif
