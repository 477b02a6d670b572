#if Program
import Expressions
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HealthCheck

extension `One after another` {
    /// Every probe over TCP against every fault: the right word, in time.
    @Suite struct `Every probe against every fault` {
        private struct Row {
            let name: String
            let probe: any HealthProbe
            /// The words for: silence, an end at once, garbage, a flood of 10 MB.
            let codes: [String]
        }

        private func rows() throws -> [Row] {
            let login = SQLLogin(user: "u", password: "p", database: "d")
            var body = HTTPProbe(try HTTPCheckRequest(method: "GET", path: "/"))
            body.expectations = [HTTPExpectation(.body(.expression(try RegularExpression("a+$"))))]
            let tls = try ProbeTLS(verification: .none)
            var redis = RedisProbe()
            redis.password = "p"
            redis.role = .primary
            let protocolFault = ["L7TOUT", "L7RSP", "L7RSP", "L7RSP"]
            return [
                Row(name: "HTTP", probe: HTTPProbe(), codes: protocolFault),
                Row(name: "HTTP body", probe: body, codes: protocolFault),
                Row(
                    name: "HTTPS", probe: HTTPProbe(HTTPCheckRequest(), tls: tls),
                    codes: ["L6TOUT", "L6RSP", "L6RSP", "L6RSP"]),
                Row(
                    name: "TLS", probe: TLSProbe(tls), codes: ["L6TOUT", "L6RSP", "L6RSP", "L6RSP"]),
                Row(
                    name: "script", probe: try ScriptProbe([.send("x"), .expect(.text("ready"))]),
                    codes: ["L7TOUT", "L7RSP", "L7TOUT", "L7RSP"]),
                Row(name: "Redis", probe: RedisProbe(), codes: protocolFault),
                Row(
                    name: "PostgreSQL", probe: PostgreSQLProbe(.startup(user: "u")),
                    codes: protocolFault),
                Row(
                    name: "PostgreSQL login", probe: PostgreSQLProbe(.login(login, role: .primary)),
                    codes: protocolFault),
                Row(name: "MySQL", probe: MySQLProbe(.greeting), codes: protocolFault),
                Row(
                    name: "MySQL login", probe: MySQLProbe(.login(login, role: nil)),
                    codes: protocolFault),
                Row(name: "SMTP", probe: SMTPProbe(), codes: protocolFault),
                Row(name: "LDAP", probe: LDAPProbe(), codes: protocolFault),
                Row(
                    name: "SSL hello", probe: SSLHelloProbe(),
                    codes: ["L6TOUT", "L6RSP", "L6RSP", "L6RSP"]),
                Row(
                    name: "sequence",
                    probe: try SequenceProbe([.init(TCPProbe()), .init(HTTPProbe())]),
                    codes: protocolFault),
                Row(
                    name: "Redis login", probe: redis, codes: protocolFault),
                Row(
                    name: "LDAP login", probe: LDAPProbe(name: "cn=a", password: "p"),
                    codes: protocolFault),
                Row(
                    name: "agent", probe: AgentProbe(),
                    codes: ["SOCKERR", "SOCKERR", "SOCKERR", "SOCKERR"]),
            ]
        }

        /// Bytes that belong to no protocol here, with line ends and zeros among them.
        private static let garbage: [UInt8] =
            Array("\u{7}garbage\r\n\r\n".utf8) + (0...255).map { UInt8($0) } + Array("\r\n".utf8)

        private func codes(
            of behaviour: FaultyPeer.Behaviour, timeout: TimeAmount
        ) async throws -> [String: String] {
            let peer = try await FaultyPeer(behaviour)
            defer { peer.stop() }
            let codes = try await codes(port: peer.port, timeout: timeout)
            for _ in 0..<200 where peer.openConnections > 0 {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(peer.openConnections == 0, "a probe gives back all that it opened")
            return codes
        }

        private func codes(port: Int, timeout: TimeAmount) async throws -> [String: String] {
            var codes: [String: String] = [:]
            for row in try rows() {
                let begin = ContinuousClock.now
                codes[row.name] = try await probe(row.probe, port: port, timeout: timeout).code
                // One whole scheduling hiccup of a busy machine, no more.
                let limit = Duration.nanoseconds(timeout.nanoseconds) + .seconds(2)
                #expect(begin.duration(to: .now) < limit, "\(row.name)")
            }
            return codes
        }

        private func expected(_ column: Int) throws -> [String: String] {
            Dictionary(
                uniqueKeysWithValues: try rows().map { ($0.name, $0.codes[column]) })
        }

        private func expected(_ code: String) throws -> [String: String] {
            try expected(0).mapValues { _ in code }.merging(["agent": "SOCKERR"]) { $1 }
        }

        @Test func `nothing listening`() async throws {
            #expect(
                try await codes(port: try closedPort(), timeout: .seconds(5)) == expected("L4CON"))
        }

        @Test func `a black hole`() async throws {
            let hole = try LoopbackPeer(backlog: 0)
            hole.fillBacklog()
            #expect(
                try await codes(port: hole.port, timeout: .milliseconds(150)) == expected("L4TOUT"))
        }

        @Test func `a peer that accepts and stays silent`() async throws {
            let codes = try await codes(of: .silent, timeout: .milliseconds(150))
            #expect(codes == (try expected(0)))
        }

        @Test func `a peer that closes at once`() async throws {
            let codes = try await codes(of: .closesAtOnce, timeout: .seconds(5))
            #expect(codes == (try expected(1)))
        }

        @Test func `a peer that answers garbage`() async throws {
            let codes = try await codes(of: .says(Self.garbage), timeout: .milliseconds(1_000))
            #expect(codes == (try expected(2)))
        }

        @Test func `a peer that sends 10 MB`() async throws {
            let codes = try await codes(of: .floods(10_000_000), timeout: .seconds(5))
            #expect(codes == (try expected(3)))
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
