#if Program
import Balancer
import Glibc
import LinuxIO
import NodeConfiguration
import TestServers
import Testing

@testable import lbctl

/// What stands before the lines of connections, and who gets them.
@Suite struct `Lines that are put together` {
    private func route(
        _ name: String, to targets: [(LogTarget.Format, Int, LogDaemon)]
    ) throws
        -> ConnectionLog.Route
    {
        var settings = ConnectionLogSettings()
        settings.form = .tcplog
        settings.separatesErrors = true
        return ConnectionLog.Route(
            name: name, settings: settings, format: Self.none, errorFormat: Self.none,
            structuredData: Self.none,
            targets: try targets.map { format, length, daemon in
                var target = LogTarget(
                    destination: .socket(path: daemon.path), format: format, facility: 16)
                target.length = length
                return (target, try LineSink(.socket(path: daemon.path)))
            }, tag: "of-\(name)", hostName: "host")
    }

    private static let none = LineFormat([LogFormatPiece]())

    /// 29 November 2026, 00:00:00 of UTC.
    private static let day: Int64 = 1_795_910_400_000_000

    @Test func `each has the time of its sending, its own severity and its own sender`() throws {
        let (first, second) = (try LogDaemon(), try LogDaemon())
        let plan = BalancerPlan(
            frontends: [
                FrontendPlan(name: "in", poolIndex: 0), FrontendPlan(name: "out", poolIndex: 0),
            ],
            pools: [PoolPlan(name: "pool", servers: [])])
        let edition = ConnectionLog.Edition(
            generation: 0, line: ConnectionLine(plan),
            routes: [
                try route("in", to: [(.iso, 1_024, first), (.raw, 20, second)]),
                try route("out", to: [(.iso, 1_024, first)]),
            ])
        var composer = LineComposer()
        func send(frontend: Int, failed: Bool = false) {
            var record = ConnectionRecord()
            record.frontend = frontend
            record.client = IPEndpoint(ipv4: 0xC000_0201, port: 8)
            if failed { record.ending.cause = .server }
            #expect(composer.send(record, .none, by: edition, acceptedAt: Self.day) == 0)
        }
        composer.begin(at: Self.day)
        send(frontend: 0)
        send(frontend: 0, failed: true)
        send(frontend: 1)
        composer.begin(at: Self.day + 61_000_007)
        send(frontend: 0)
        let process = getpid()
        let heads = first.takeLines().map {
            $0.split(separator: " ").prefix(3).joined(separator: " ")
        }
        let times = [Self.day, Self.day + 61_000_007].map { CivilTime(microseconds: $0).timestamp }
        #expect(
            heads == [
                "<134>\(times[0]) host of-in[\(process)]:",
                "<131>\(times[0]) host of-in[\(process)]:",
                "<134>\(times[0]) host of-out[\(process)]:",
                "<134>\(times[1]) host of-in[\(process)]:",
            ])
        let cut = "192.0.2.1:8 [\(CivilTime(microseconds: Self.day).logDate)".prefix(20)
        #expect(second.takeLines() == Array(repeating: String(cut), count: 3))
    }

    @Test func `a line that nobody takes counts as lost`() throws {
        let path = "/tmp/lines-nobody-\(getpid())"
        var settings = ConnectionLogSettings()
        settings.form = .tcplog
        let route = ConnectionLog.Route(
            name: "in", settings: settings, format: Self.none, errorFormat: Self.none,
            structuredData: Self.none,
            targets: [
                (
                    LogTarget(destination: .socket(path: path), format: .raw, facility: 16),
                    try LineSink(.socket(path: path))
                )
            ], tag: "t", hostName: nil)
        let plan = BalancerPlan(
            frontends: [
                FrontendPlan(name: "in", poolIndex: 0), FrontendPlan(name: "gone", poolIndex: 0),
            ],
            pools: [PoolPlan(name: "pool", servers: [])])
        let edition = ConnectionLog.Edition(
            generation: 0, line: ConnectionLine(plan), routes: [route, nil])
        var composer = LineComposer()
        composer.begin(at: Self.day)
        var record = ConnectionRecord()
        #expect(composer.send(record, .none, by: edition, acceptedAt: Self.day) == 1)
        record.frontend = 1
        #expect(composer.send(record, .none, by: edition, acceptedAt: Self.day) == 1)
    }
}
#endif
