import CLinux
import Glibc
import LinuxIO
import Synchronization

#if Program
import HealthCheck
import NIOCore
import NIOPosix
#endif

/// One TCP check of a server on loopback: connect, be accepted, end.
struct ServerChecks {
    let plan: Plan
    let report: Report

    func run() throws {
        #if Program
        try measure()
        #else
        report.note("check: not run", "this build is without the trait Program")
        #endif
    }

    #if Program
    private func measure() throws {
        // The kernel completes the handshake; with a reset at the end the queue stays short.
        let listener = try Socket.listening(
            on: LinuxIO.SocketAddress(address: 0x7f00_0001, port: 0), backlog: 4096)
        let port = try Socket.localAddress(of: listener.rawValue).port
        let target = try NIOCore.SocketAddress(ipAddress: "127.0.0.1", port: Int(port))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let rows = [
            try row("one at a time", width: 1, target, on: group.next(), listener.rawValue),
            try row("64 at a time", width: 64, target, on: group.next(), listener.rawValue),
        ]
        report.add("check: one TCP check, client and server side together", rows)
        report.add(
            "check: 2,000 TCP checks every 2 s on one loop",
            [try manyRow(target, listener.rawValue)])
    }

    private func row(
        _ work: String, width: Int, _ target: NIOCore.SocketAddress, on loop: any EventLoop,
        _ listener: Int32
    ) throws -> Row {
        let probe = TCPProbe()
        var processorTimes: [Double] = []
        let (time, check) = try plan.time(unit: .microseconds) { count in
            let before = Self.processorNanoseconds()
            var passed = 0
            while passed < count {
                let checks = (0..<min(width, count - passed)).map { _ in
                    loop.flatSubmit { probe.probe(target, timeout: .seconds(1), on: loop) }
                }
                for outcome in checks where try outcome.wait() == .passed { passed += 1 }
                Self.drain(listener)
            }
            processorTimes.append(
                Double(Self.processorNanoseconds() - before) / Double(count) / 1000)
            return UInt64(passed)
        }
        let measured = Array(processorTimes.suffix(time.samples.count))
        return Row(
            benchmark: "check", work: work,
            summaries: [time, Summary("CPU", "µs", measured)], check: check)
    }

    /// How much of a core so many servers take, and how many checks come together.
    private func manyRow(
        _ address: NIOCore.SocketAddress, _ listener: Int32
    ) throws -> Row {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let counter = CountingProbe()
        let checker = HealthChecker(
            group: group,
            targets: (0..<2_000).map { number in
                var target = CheckTarget(id: "\(number)", address: address)
                target.probe = counter
                target.interval = .seconds(2)
                return target
            }
        ) { _ in }
        checker.start()
        var shares: [Double] = []
        var bursts: [Double] = []
        // The first round is not like the others.
        for round in 0..<(plan.runs + 1) {
            let before = (Self.processorNanoseconds(), counter.takeMost())
            for _ in 0..<100 {
                Self.drain(listener)
                usleep(20_000)
                counter.mark()
            }
            guard round > 0 else { continue }
            shares.append(Double(Self.processorNanoseconds() - before.0) / 2e9 * 100)
            bursts.append(Double(counter.takeMost()))
        }
        checker.stop()
        return Row(
            benchmark: "check", work: "2,000 servers, both sides",
            summaries: [
                Summary("CPU", "% of a core", shares), Summary("burst", "in 20 ms", bursts),
            ],
            check: UInt64(counter.total))
    }

    private static func drain(_ listener: Int32) {
        while true {
            let number = clinux_accept(listener, nil, nil, 0)
            guard number >= 0 else { return }
            _ = clinux_close(Int32(number))
        }
    }

    private static func processorNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
    #endif
}

#if Program
/// A TCP check that counts how many begin between two marks.
private final class CountingProbe: HealthProbe {
    private struct State {
        var current = 0
        var most = 0
        var total = 0
    }

    private let state = Mutex(State())
    private let probe = TCPProbe()

    var total: Int { state.withLock(\.total) }

    func mark() {
        state.withLock {
            $0.most = max($0.most, $0.current)
            $0.current = 0
        }
    }

    func takeMost() -> Int {
        state.withLock { state in
            defer { state.most = 0 }
            return state.most
        }
    }

    func probe(
        _ target: NIOCore.SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        state.withLock {
            $0.current += 1
            $0.total += 1
        }
        return probe.probe(target, timeout: timeout, on: eventLoop)
    }
}
#endif
