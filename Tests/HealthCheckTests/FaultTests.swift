#if Program
import Expressions
import NIOCore
import NIOPosix
import Synchronization
import TestServers
import Testing

@testable import HealthCheck

extension `One after another` {
    /// Every probe over TCP against every fault: the right word, the right reason, in time.
    @Suite struct `Every probe against every fault` {
        private struct Row {
            let name: String
            let probe: any HealthProbe
            /// Where a connection that was not made is said to be.
            var place = ""
            /// The outcomes: silence, an end at once, garbage, a flood of 10 MB.
            let outcomes: [String]
        }

        private func http() throws -> [Row] {
            let tls = try ProbeTLS(verification: .none)
            let request = try HTTPCheckRequest(method: "GET", path: "/")
            var body = HTTPProbe(request)
            body.expectations = [HTTPExpectation(.body(.expression(try RegularExpression("a+$"))))]
            let answers = [
                "L7TOUT no HTTP answer within the time limit",
                "L7RSP the connection was closed before the answer was complete",
                "L7RSP not an HTTP answer", "L7RSP not an HTTP answer",
            ]
            let handshakes = [
                "L6TOUT", "L6RSP the connection was closed during the TLS handshake",
                "L6RSP the answer is not TLS", "L6RSP the answer is not TLS",
            ]
            let sequence = try SequenceProbe([.init(TCPProbe()), .init(HTTPProbe())])
            return [
                Row(name: "HTTP", probe: HTTPProbe(request), outcomes: answers),
                Row(name: "HTTP body", probe: body, outcomes: answers),
                Row(name: "sequence", probe: sequence, outcomes: answers),
                Row(name: "HTTPS", probe: HTTPProbe(request, tls: tls), outcomes: handshakes),
                Row(name: "TLS", probe: TLSProbe(tls), outcomes: handshakes),
                Row(
                    name: "SSL hello", probe: SSLHelloProbe(),
                    outcomes: [
                        "L6TOUT",
                        "L6RSP the connection was closed before the answer to the ClientHello",
                        "L6RSP the answer begins with 7, no record of SSL",
                        "L6RSP the answer begins with 120, no record of SSL",
                    ]),
            ]
        }

        private func scripts() throws -> [Row] {
            var inside = ScriptStep.Connection()
            inside.settings.tls = try ProbeTLS(verification: .none)
            let steps: [ScriptStep] = [.send("x"), .expect(.text("ready"))]
            let place = " of tcp-check (connect)"
            return [
                // All that is asked of TCP is a connection.
                Row(
                    name: "TCP", probe: TCPProbe(),
                    outcomes: Array(repeating: "L4OK", count: 4)),
                Row(
                    name: "script", probe: try ScriptProbe(steps),
                    place: " at initial connection step of tcp-check",
                    outcomes: [
                        "L7TOUT at step 2 of tcp-check (expect string 'ready')",
                        "L7RSP TCPCHK got an empty response at step 2",
                        "L7TOUT at step 2 of tcp-check (expect string 'ready')",
                        "L7RSP TCPCHK did not match content 'ready' at step 2",
                    ]),
                Row(
                    name: "script over TLS",
                    probe: try ScriptProbe([ScriptStep(.connect(inside))] + steps),
                    place: " at step 1\(place)",
                    outcomes: [
                        "L6TOUT at step 1\(place)",
                        "L6RSP the connection was closed during the TLS handshake at step 1\(place)",
                        "L6RSP the answer is not TLS at step 1\(place)",
                        "L6RSP the answer is not TLS at step 1\(place)",
                    ]),
                Row(
                    name: "agent", probe: AgentProbe(),
                    outcomes: [
                        "L7TOUT no line of the agent within the time limit",
                        "L7RSP no word of an agent in \"\"",
                        "L7RSP no word of an agent in \"?garbage\"",
                        "L7RSP no word of an agent in \"\(String(repeating: "x", count: 80))…\"",
                    ].map { "SOCKERR the agent did not report: \($0)" }),
            ]
        }

        private func databases() -> [Row] {
            func row(
                _ name: String, _ probe: any HealthProbe, waitsFor missing: String,
                _ garbage: String, _ flood: String
            ) -> Row {
                Row(
                    name: name, probe: probe,
                    outcomes: [
                        "L7TOUT no \(missing) within the time limit",
                        "L7RSP the connection was closed before the \(missing)",
                        "L7RSP \(garbage)", "L7RSP \(flood)",
                    ])
            }
            let login = SQLLogin(user: "u", password: "p", database: "d")
            var redis = RedisProbe()
            redis.password = "p"
            redis.role = .primary
            let startup = "answer of PostgreSQL to the start-up"
            let starts = ["7", "120"].map { "not an answer of PostgreSQL: begins with byte \($0)" }
            let lengths = [6_383_367, 7_895_160].map {
                "not an answer of MySQL: a packet of \($0) bytes"
            }
            let ldap = "not an answer of LDAP to the bind"
            return [
                row(
                    "Redis", RedisProbe(), waitsFor: "answer to PING",
                    "not an answer of Redis: \"?garbage\"", "no answer to PING in 16384 bytes"),
                row(
                    "Redis login", redis, waitsFor: "answer to AUTH",
                    "not an answer of Redis: \"?garbage\"", "no answer to AUTH in 16384 bytes"),
                row(
                    "PostgreSQL", PostgreSQLProbe(.startup(user: "u")), waitsFor: startup,
                    starts[0], starts[1]),
                row(
                    "PostgreSQL login", PostgreSQLProbe(.login(login, role: .primary)),
                    waitsFor: startup, starts[0], starts[1]),
                row(
                    "MySQL", MySQLProbe(.greeting), waitsFor: "greeting of MySQL", lengths[0],
                    lengths[1]),
                row(
                    "MySQL login", MySQLProbe(.login(login, role: nil)),
                    waitsFor: "greeting of MySQL", lengths[0], lengths[1]),
                row(
                    "SMTP", SMTPProbe(), waitsFor: "greeting",
                    "not an answer of SMTP: \"?garbage\"", "no greeting in 16384 bytes"),
                row("LDAP", LDAPProbe(), waitsFor: "answer to the bind", ldap, ldap),
                row(
                    "LDAP login", LDAPProbe(name: "cn=a", password: "p"),
                    waitsFor: "answer to the bind", ldap, ldap),
            ]
        }

        private func rows() throws -> [Row] { try http() + scripts() + databases() }

        /// Bytes that belong to no protocol here, with line ends and zeros among them.
        private static let garbage: [UInt8] =
            Array("\u{7}garbage\r\n\r\n".utf8) + (0...255).map { UInt8($0) } + Array("\r\n".utf8)

        private func outcomes(
            of behaviour: FaultyPeer.Behaviour, timeout: TimeAmount
        ) async throws -> [String: String] {
            let peer = try await FaultyPeer(behaviour)
            defer { peer.stop() }
            let outcomes = try await outcomes(port: peer.port, timeout: timeout)
            for _ in 0..<200 where peer.openConnections > 0 {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(peer.openConnections == 0, "a probe gives back all that it opened")
            return outcomes
        }

        private func outcomes(port: Int, timeout: TimeAmount) async throws -> [String: String] {
            var outcomes: [String: String] = [:]
            for row in try rows() {
                let begin = ContinuousClock.now
                outcomes[row.name] = summary(
                    try await probe(row.probe, port: port, timeout: timeout))
                // One whole scheduling hiccup of a busy machine, no more.
                let limit = Duration.nanoseconds(timeout.nanoseconds) + .seconds(2)
                #expect(begin.duration(to: .now) < limit, "\(row.name)")
            }
            return outcomes
        }

        private func expected(_ column: Int) throws -> [String: String] {
            Dictionary(uniqueKeysWithValues: try rows().map { ($0.name, $0.outcomes[column]) })
        }

        /// What is said of a connection that was not made.
        private func expected(_ outcome: String) throws -> [String: String] {
            Dictionary(
                uniqueKeysWithValues: try rows().map { row in
                    let agent = row.name == "agent" ? "SOCKERR the agent did not report: " : ""
                    return (row.name, agent + outcome + row.place)
                })
        }

        @Test func `nothing listening`() async throws {
            #expect(
                try await outcomes(port: try closedPort(), timeout: .seconds(5))
                    == expected("L4CON Connection refused"))
        }

        @Test func `a black hole`() async throws {
            let hole = try LoopbackPeer(backlog: 0)
            hole.fillBacklog()
            #expect(
                try await outcomes(port: hole.port, timeout: .milliseconds(150))
                    == expected("L4TOUT"))
        }

        @Test func `a peer that accepts and stays silent`() async throws {
            let outcomes = try await outcomes(of: .silent, timeout: .milliseconds(150))
            #expect(outcomes == (try expected(0)))
        }

        @Test func `a peer that closes at once`() async throws {
            let outcomes = try await outcomes(of: .closesAtOnce, timeout: .seconds(5))
            // What was sent before the end was noticed makes it a reset.
            #expect(
                outcomes.mapValues { $0.replacing("was reset", with: "was closed") }
                    == (try expected(1)))
        }

        @Test func `a peer that answers garbage`() async throws {
            let outcomes = try await outcomes(
                of: .says(Self.garbage), timeout: .milliseconds(1_000))
            #expect(outcomes == (try expected(2)))
        }

        @Test func `a peer that sends 10 MB`() async throws {
            let outcomes = try await outcomes(of: .floods(10_000_000), timeout: .seconds(5))
            #expect(outcomes == (try expected(3)))
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
            var generator = SystemRandomNumberGenerator()
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
