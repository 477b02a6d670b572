import CLinux
import Glibc
import LinuxIO

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
        try ManyChecks(
            plan: plan, report: report, listener: listener.rawValue, address: target
        ).run()
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

    static func drain(_ listener: Int32) {
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
