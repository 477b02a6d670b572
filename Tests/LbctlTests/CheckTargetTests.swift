#if Program
import HealthCheck
import NIOCore
import NodeConfiguration
import Testing

@testable import lbctl

/// From the words of a file to what the checker is given.
@Suite struct `Check targets of a file` {
    private static let head = """
        defaults
        timeout client 1m
        timeout server 1m

        """

    private func targets(_ text: String) throws -> [String: CheckTarget] {
        let loaded = ConfigurationLoader(format: .haproxy).load([
            InputFile(name: "f", bytes: Array((Self.head + text).utf8))
        ])
        let model = try #require(loaded.model, "\(loaded.diagnostics)")
        let targets = try HealthTargets(model).all(
            knowing: [:],
            seenAs: HealthTargets.Views(
                sessionCount: { _ in 0 }, state: { _ in "" }, isDown: { _ in false }))
        return Dictionary(uniqueKeysWithValues: targets.map { ($0.id, $0) })
    }

    private func target(_ text: String) throws -> CheckTarget {
        try #require(try targets("backend b\n" + text)["b/s"])
    }

    private func connection(_ text: String) throws -> ProbeConnection {
        try #require(try target(text).probe as? any ConnectingProbe).connection
    }

    private static let options = [
        "", "option httpchk", "option redis-check", "option pgsql-check user u",
        "option mysql-check", "option smtpchk", "option ldap-check", "option ssl-hello-chk",
    ]

    @Test(arguments: options) func `every check over TCP has its header`(option: String) throws {
        func header(_ words: String) throws -> ProxyHeader? {
            try connection("\(option)\nserver s 192.0.2.1:80 check \(words)").proxyHeader
        }
        #expect(try header("") == nil)
        #expect(try header("send-proxy") == .v1)
        #expect(try header("send-proxy-v2") == .v2)
        #expect(try header("check-send-proxy") == .v1)
        #expect(try header("send-proxy-v2 port 81") == nil)
        #expect(try header("send-proxy-v2 port 81 check-send-proxy") == .v2)
    }

    @Test(arguments: options) func `every check over TCP has its TLS`(option: String) throws {
        func isSecure(_ words: String) throws -> Bool {
            try connection("\(option)\nserver s 192.0.2.1:80 check \(words)").tls != nil
        }
        #expect(try isSecure("") == false)
        #expect(try isSecure("check-ssl verify none"))
    }

    @Test(arguments: options.dropFirst())
    func `every check that asks has haproxy's limits`(option: String) throws {
        func limits(_ timeouts: String) throws -> [TimeAmount?] {
            let text = "\(timeouts)\n\(option)\nserver s 192.0.2.1:80 check inter 3s"
            let target = try target(text)
            let connection = try connection(text)
            return [
                connection.timeout, connection.answerTimeout, target.timeout.map(TimeAmount.init),
            ]
        }
        #expect(try limits("timeout connect 1s") == [.seconds(3), nil, .seconds(3)])
        #expect(
            try limits("timeout connect 1s\ntimeout check 5s")
                == [.seconds(1), .seconds(5), .seconds(6)])
        #expect(
            try limits("timeout connect 9s\ntimeout check 5s")
                == [.seconds(3), .seconds(5), .seconds(8)])
        #expect(try limits("timeout check 5s") == [.seconds(3), .seconds(5), .seconds(8)])
    }

    @Test(arguments: [
        ("option mysql-check", MySQLProbe.Depth.greeting),
        ("option mysql-check user u", .user("u")),
        ("option mysql-check user u post-41", .user("u")),
        (
            "option mysql-check user u password p",
            .login(SQLLogin(user: "u", password: "p"), role: nil)
        ),
        (
            "option mysql-check user u expect primary",
            .login(SQLLogin(user: "u", password: ""), role: .primary)
        ),
    ])
    func `a user of MySQL logs in`(option: String, depth: MySQLProbe.Depth) throws {
        let probe = try target("\(option)\nserver s 192.0.2.1:80 check").probe
        #expect((probe as? MySQLProbe)?.depth == depth)
    }

    @Test func `a check that only connects has no time to answer`() throws {
        func limit(_ words: String) throws -> Duration? {
            try target(
                "timeout connect 1s\ntimeout check 5s\nserver s 192.0.2.1:80 check \(words)"
            ).timeout
        }
        #expect(try limit("inter 3s") == .seconds(1))
        #expect(try limit("inter 500ms") == .milliseconds(500))
        #expect(try limit("inter 3s check-ssl verify none") == .seconds(1))
    }

    @Test func `each connection of a script has its time`() throws {
        let rules = """
            timeout connect 1s
            timeout check 5s
            option tcp-check
            tcp-check send a
            tcp-check expect string b
            tcp-check connect port 81
            tcp-check expect string c
            server s 192.0.2.1:80 check inter 3s
            """
        #expect(try target(rules).timeout == .seconds(12))
        #expect(
            try target(rules.replacing("tcp-check send a", with: "tcp-check connect")).timeout
                == .seconds(12))
    }

    @Test func `an agent has the same limits, by its own interval`() throws {
        let agent = try #require(
            try targets(
                """
                backend b
                timeout connect 9s
                timeout check 5s
                server s 192.0.2.1:80 agent-check agent-port 99 agent-inter 2s check-send-proxy
                """)["b/s agent"])
        let connection = try #require(agent.probe as? any ConnectingProbe).connection
        #expect(agent.timeout == .seconds(7))
        #expect(connection.timeout == .seconds(2))
        #expect(connection.answerTimeout == .seconds(5))
        // As in haproxy: an agent is no service of the server.
        #expect(connection.proxyHeader == nil)
    }

    @Test func `a connection of a script sends the version that the server's own have`() throws {
        func header(_ words: String) throws -> ProxyHeader? {
            let probe = try target(
                """
                option tcp-check
                tcp-check connect send-proxy
                server s 192.0.2.1:80 check \(words)
                """
            ).probe
            let script = try #require(probe as? ScriptProbe)
            guard case .connect(let connection) = script.steps[0].action else { return nil }
            return connection.settings.proxyHeader
        }
        #expect(try header("") == .v1)
        #expect(try header("send-proxy-v2 port 81") == .v2)
    }
}
#endif
