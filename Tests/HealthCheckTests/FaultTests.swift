#if Program
import Expressions
import NIOCore
import NIOPosix
import Synchronization
import TestServers
import Testing
import VRRPTestKit

@testable import HealthCheck

extension `One after another` {
    /// Every probe over TCP against every fault: the right word, the right reason, in time.
    @Suite struct `Every probe against every fault` {
        /// The cells of the table: a cell that is lost is seen here.
        private static let cells = """
            HTTP              nothing hole silence end garbage flood         password
            HTTP body         nothing hole silence end garbage flood
            HTTP twice        nothing hole silence end garbage flood
            HTTPS             nothing hole silence end garbage flood expired
            TLS               nothing hole silence end garbage flood expired
            SSL hello         nothing hole silence end garbage flood expired
            TCP               nothing hole silence end garbage flood
            script            nothing hole silence end garbage flood
            script over TLS   nothing hole silence end garbage flood expired
            agent             nothing hole silence end garbage flood
            Redis             nothing hole silence end garbage flood expired
            Redis login       nothing hole silence end garbage flood expired password
            PostgreSQL        nothing hole silence end garbage flood expired
            PostgreSQL login  nothing hole silence end garbage flood expired password
            MySQL             nothing hole silence end garbage flood expired
            MySQL login       nothing hole silence end garbage flood expired password
            SMTP              nothing hole silence end garbage flood expired
            LDAP              nothing hole silence end garbage flood expired
            LDAP login        nothing hole silence end garbage flood expired password
            UDP               nothing hole silence     garbage flood
            DNS               nothing hole silence     garbage flood
            ICMP                      hole
            command           nothing      silence end garbage flood
            file              nothing      silence end garbage flood
            """

        private func rows(_ tls: ProbeTLS, _ folder: TemporaryFolder) throws -> [FaultRow] {
            try FaultTable(tls: tls, folder: folder).rows
        }

        @Test func `the table has every cell that there can be`() throws {
            let rows = try rows(ProbeTLS(verification: .none), TemporaryFolder())
            let lines = rows.map { row in
                let words = Fault.allCases.map { fault in
                    let word = fault.rawValue
                    return row.outcomes[fault] == nil
                        ? String(repeating: " ", count: word.count) : word
                }
                let name = row.name + String(repeating: " ", count: 18 - row.name.count)
                let line = name + words.joined(separator: " ")
                return String(line.reversed().drop { $0 == " " }.reversed())
            }
            #expect(lines.joined(separator: "\n") == Self.cells)
        }

        /// Wrong passwords of databases and directories are tried where those are started, and their
        /// words are taken from the table.
        @Test(arguments: Fault.allCases)
        func `every probe gives the reason, in time, and gives back what it opened`(
            fault: Fault
        ) async throws {
            let folder = try TemporaryFolder()
            let web = fault == .expired || fault == .password ? try await Nginx() : nil
            defer { web?.server.stop() }
            let stage = try await FaultStage(fault, in: folder, beside: web)
            var tls = try ProbeTLS(verification: .none)
            if let web {
                tls = try ProbeTLS(
                    serverName: "localhost", authorities: .file(web.certificates.authority))
            }
            let rows = try rows(tls, folder).filter { row in
                row.outcomes[fault] != nil && (fault != .password || row.name == "HTTP")
            }
            let begin = ContinuousClock.now
            let said = try await withThrowingTaskGroup(of: (String, String?).self) { group in
                for row in rows {
                    var check = row.probe(fault)
                    if fault == .expired, row.name != "SSL hello",
                        var connecting = check as? any ConnectingProbe
                    {
                        connecting.connection.tls = tls
                        check = connecting
                    }
                    group.addTask { [check] in
                        (row.name, try await stage.outcome(of: check, by: row.reach))
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            // One whole scheduling hiccup of a busy machine, no more.
            let limit = Duration.nanoseconds(stage.timeout.nanoseconds) + .seconds(2)
            #expect(begin.duration(to: .now) < limit)
            for row in rows {
                // What was sent before the end was noticed makes it a reset.
                let outcome = said[row.name]?.replacing("was reset", with: "was closed")
                if outcome == nil, row.reach == .echo {
                    print("NOT RUN: \(row.name), \(fault): a network namespace needs root")
                } else {
                    #expect(outcome == row.outcomes[fault], "\(row.name)")
                }
            }
            #expect(try await stage.openConnections() == 0)
            try await stage.end()
        }

        @Test func `answers cut at every byte, and random ones, end without a crash`() async throws
        {
            var login = RedisProbe()
            login.reportsRole = true
            let greeting: [UInt8] = [
                0x4A, 0, 0, 0, 10, 0x38, 0, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0xFF, 0xF7, 8, 2,
                0,
                0xFF, 0x81, 21,
            ]
            let answers: [(any HealthProbe, [UInt8])] = [
                (login, Array("+PONG\r\n*3\r\n$6\r\nmaster\r\n".utf8)),
                (PostgreSQLProbe(.startup(user: "u")), [0x52, 0, 0, 0, 8, 0, 0, 0, 5]),
                (LDAPProbe(), [0x30, 12, 2, 1, 1, 0x61, 7, 0x0A, 1, 0, 4, 0, 4, 0]),
                (MySQLProbe(.greeting), greeting), (SMTPProbe(), Array("220 a\r\n250 b\r\n".utf8)),
                (HTTPProbe(), Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8)),
            ]
            let seed = UInt64.random(in: .min ... .max)
            // A crash leaves no other trace of what it was given.
            print("random answers of seed \(seed)")
            var generator = SeededGenerator(seed: seed)
            for (check, answer) in answers {
                for length in 0...answer.count {
                    var bytes = Array(answer.prefix(length))
                    if length > 0 { bytes[Int.random(in: 0..<length, using: &generator)] ^= 0x80 }
                    let peer = try await FaultyPeer(.says(bytes))
                    defer { peer.stop() }
                    _ = try await probe(check, port: peer.port, timeout: .milliseconds(15))
                }
            }
        }
    }
}

extension `One after another` {
    @Suite struct `Many servers` {
        @Test func `commands that hang delay no other check`() async throws {
            var targets: [CheckTarget] = []
            for number in 0..<100 {
                var command = CommandProbe(path: "/bin/sleep")
                command.arguments = ["60"]
                var target = try CheckTarget(
                    id: "hangs/\(number)", ipAddress: "127.0.0.1", port: 1)
                target.probe = command
                target.interval = .seconds(60)
                target.timeout = .milliseconds(1_500)
                targets.append(target)
            }
            var quick = CommandProbe(path: "/bin/true")
            quick.arguments = []
            var well = try CheckTarget(id: "well", ipAddress: "127.0.0.1", port: 1)
            well.probe = quick
            well.interval = .milliseconds(50)
            well.timeout = .seconds(5)
            targets.append(well)
            let passed = Atomic(false)
            let checker = HealthChecker(targets: targets) { report in
                if report.id == "well" { passed.store(report.isUp, ordering: .relaxed) }
            }
            checker.start()
            defer { checker.stop() }
            for _ in 0..<300 where !passed.load(ordering: .relaxed) {
                try await Task.sleep(for: .milliseconds(10))
            }
            let hasPassed = passed.load(ordering: .relaxed)
            #expect(hasPassed)
            #expect(checker.snapshot().prefix(100).allSatisfy { $0.lastOutcome == nil })
            // Each is killed by its time limit, and none is left behind.
            for _ in 0..<500
            where checker.snapshot().prefix(100).contains(where: { $0.code == "INI" }) {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(Set(checker.snapshot().prefix(100).map(\.code)) == ["PROCTOUT"])
        }

        @Test func `a thousand hanging servers delay no other check`() async throws {
            let silent = try await FaultyPeer(.silent)
            defer { silent.stop() }
            let well = try LoopbackPeer(backlog: 512)
            var targets: [CheckTarget] = []
            for number in 0..<1_000 {
                var target = try CheckTarget(
                    id: "hangs/\(number)", ipAddress: "127.0.0.1", port: silent.port)
                target.probe = RedisProbe()
                target.interval = .seconds(4)
                targets.append(target)
            }
            for number in 0..<10 {
                var target = try CheckTarget(
                    id: "well/\(number)", ipAddress: "127.0.0.1", port: well.port)
                target.interval = .milliseconds(200)
                targets.append(target)
            }
            let reports = Mutex<[String: Duration]>([:])
            let begin = ContinuousClock.now
            let checker = HealthChecker(targets: targets) { report in
                reports.withLock { $0[report.id] = begin.duration(to: .now) }
            }
            checker.start()
            for _ in 0..<300 where reports.withLock({ $0.count < 10 }) {
                try await Task.sleep(for: .milliseconds(10))
            }
            let seen = reports.withLock { $0 }
            let checks = checker.snapshot()
            checker.stop()
            #expect(seen.count == 10 && seen.keys.allSatisfy { $0.hasPrefix("well/") })
            // The thousand are under way for 4 s, and none has an outcome.
            #expect(seen.values.allSatisfy { $0 < .milliseconds(2_500) })
            #expect(checks.prefix(1_000).allSatisfy { $0.lastOutcome == nil })
            let durations = checks.suffix(10).compactMap(\.lastDuration)
            #expect(durations.count == 10 && durations.allSatisfy { $0 < .milliseconds(500) })
        }
    }
}
#endif
