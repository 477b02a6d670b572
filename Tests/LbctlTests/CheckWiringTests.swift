#if Program
import NIOCore
import NodeConfiguration
import Testing

@testable import HealthCheck
@testable import lbctl

/// Each word of a check reaches what is asked: a line of the way that is lost fails one of these.
///
/// What is inside a TLS context is seen by real servers alone (`Health checks of real servers`).
@Suite struct `From the text to the probes` {
    private func targets(
        _ text: String, knowing memories: [String: CheckMemory] = [:],
        seenAs views: HealthTargets.Views = .none
    ) throws -> [String: CheckTarget] {
        let loaded = ConfigurationLoader(format: .haproxy).load([
            InputFile(name: "f", bytes: Array(text.utf8))
        ])
        let model = try #require(loaded.model, "\(loaded.diagnostics)")
        let targets = try HealthTargets(model).all(knowing: memories, seenAs: views)
        return Dictionary(uniqueKeysWithValues: targets.map { ($0.id, $0) })
    }

    /// What one server is asked by a backend with these lines.
    private func probe<Probe: HealthProbe>(
        _ lines: String, _ words: String = "", as type: Probe.Type = Probe.self,
        seenAs views: HealthTargets.Views = .none
    ) throws -> Probe {
        let text = """
            global
                external-check
            backend b
                \(lines)
                server s 192.0.2.1:80 check \(words)
            """
        return try #require(try targets(text, seenAs: views)["b/s"]?.probe as? Probe)
    }

    private func address(_ address: String, _ port: Int) throws -> NIOCore.SocketAddress {
        try NIOCore.SocketAddress(ipAddress: address, port: port)
    }

    @Test func `when and where a server is checked, and what it was before`() throws {
        var memory = CheckMemory(isUp: false)
        memory.failedChecks = 9
        let target = try #require(
            try targets(
                """
                global
                    spread-checks 7
                backend b
                    option log-health-checks
                    timeout check 8s
                    server s 192.0.2.1:80 addr 192.0.2.9 port 81 check inter 3s fastinter 300ms \
                downinter 4s rise 5 fall 6 init-state fully-down observe layer4 error-limit 11 \
                on-error sudden-death
                """, knowing: ["b/s": memory])["b/s"])
        #expect(target.address == (try address("192.0.2.9", 81)))
        #expect(target.interval == .seconds(3))
        #expect(target.fastInterval == .milliseconds(300))
        #expect(target.downInterval == .seconds(4))
        #expect(target.jitter == 0.07)
        #expect(target.rise == 5)
        #expect(target.fall == 6)
        #expect(target.initialState == .fullyDown)
        #expect(target.timeout == .seconds(3))
        #expect(target.reportsEveryResult)
        #expect(target.observation == TrafficObservation(errorLimit: 11, reaction: .suddenDeath))
        #expect(target.memory == memory)
    }

    @Test func `without words a check has haproxy's numbers and goes to the server`() throws {
        let target = try #require(
            try targets("backend b\nserver s 192.0.2.1:80 check\nserver t 192.0.2.2:80")["b/s"])
        #expect(target.address == (try address("192.0.2.1", 80)))
        #expect(target.interval == .seconds(2))
        #expect(target.fastInterval == nil)
        #expect(target.downInterval == nil)
        #expect(target.jitter == 0)
        #expect([target.rise, target.fall] == [2, 3])
        #expect(target.initialState == .waiting)
        #expect(!target.reportsEveryResult)
        #expect(target.observation == nil)
        #expect(target.memory == nil)
    }

    @Test(arguments: [
        ("waiting", HealthRecord.InitialState.waiting), ("up", .up), ("fully-up", .fullyUp),
        ("down", .down), ("fully-down", .fullyDown),
    ])
    func `each state at the beginning`(word: String, state: HealthRecord.InitialState) throws {
        let text = "backend b\nserver s 192.0.2.1:80 check init-state \(word)"
        #expect(try targets(text)["b/s"]?.initialState == state)
    }

    @Test(arguments: [
        ("fastinter", TrafficObservation.Reaction.fastInterval), ("fail-check", .failCheck),
        ("sudden-death", .suddenDeath), ("mark-down", .markDown),
    ])
    func `each reaction to errors`(word: String, reaction: TrafficObservation.Reaction) throws {
        let text = "backend b\nserver s 192.0.2.1:80 check observe layer4 on-error \(word)"
        #expect(try targets(text)["b/s"]?.observation?.reaction == reaction)
    }

    @Test(arguments: [
        ("option httpchk", false), ("option httpchk\nhttp-check disable-on-404", true),
        ("option file-check /f", false), ("option file-check /f weight", true),
    ])
    func `what can say more than up or down reports each time`(
        lines: String, reports: Bool
    ) throws {
        let text = "backend b\n\(lines)\nserver s 192.0.2.1:80 check"
        #expect(try targets(text)["b/s"]?.reportsEveryResult == reports)
    }

    @Test func `an agent is asked where and how it is said`() throws {
        func agent(_ words: String) throws -> CheckTarget {
            let text = "backend b\nserver s 192.0.2.1:80 agent-check agent-port 99 \(words)"
            return try #require(try targets(text)["b/s agent"])
        }
        let plain = try agent("")
        #expect(plain.address == (try address("192.0.2.1", 99)))
        #expect(plain.interval == .seconds(2))
        #expect([plain.rise, plain.fall] == [1, 1])
        #expect(plain.initialState == .fullyUp)
        #expect(plain.reportsEveryResult)
        let told = try agent("agent-addr 192.0.2.9 agent-inter 5s agent-send hello")
        #expect(told.address == (try address("192.0.2.9", 99)))
        #expect(told.interval == .seconds(5))
        #expect((told.probe as? AgentProbe)?.request == "hello")
    }

    @Test func `all that http-check says`() throws {
        let views = HealthTargets.Views(
            sessionCount: { _ in 0 }, state: { "place \($0.pool) \($0.server)" },
            isDown: { $0.server == 0 })
        let sequence = try probe(
            """
            option httpchk
            http-check disable-on-404
            http-check send-state
            http-check connect port 8443 addr 192.0.2.8 ssl sni www.example linger comment one
            http-check send meth PUT uri-lf /a/%s ver HTTP/1.1 hdr Host www hdr X-A %b body-lf %s
            http-check expect ! rstatus ^5
            http-check expect min-recv 5 comment why ok-status L6OK on-error no rstring ^ok
            http-check connect send-proxy comment two
            http-check send meth GET uri /b
            http-check expect status 200,300-302
            http-check expect hdr name -m beg x- value -m reg ^re
            http-check expect fhdr name -m end -x value -m sub y
            """, "check-ssl verify none", as: SequenceProbe.self, seenAs: views)
        let parts = sequence.parts
        let probes = parts.compactMap { $0.probe as? HTTPProbe }
        #expect(probes.count == 2)
        #expect(parts.map(\.port) == [8443, nil])
        #expect(parts.map(\.address) == [try address("192.0.2.8", 80), nil])
        #expect(
            probes.map(\.request) == [
                try HTTPCheckRequest(
                    method: "PUT", path: "/a/s", version: .http11,
                    headers: [("Host", "www"), ("X-A", "b")], body: Array("s".utf8)),
                try HTTPCheckRequest(method: "GET", path: "/b"),
            ])
        #expect(probes.map { $0.connection.tls?.serverName } == ["www.example", nil])
        #expect(probes.map { $0.connection.tls != nil } == [true, false])
        #expect(probes.map(\.connection.closing) == [.clean, .reset])
        #expect(probes.map(\.connection.proxyHeader) == [nil, .v1])
        #expect(
            probes.map(\.place) == [
                "at request 1 of http-check (connect port 8443) comment: 'one'",
                "at request 2 of http-check comment: 'two'",
            ])
        #expect(
            probes.map { $0.stateHeader?().name } == [
                "X-Haproxy-Server-State", "X-Haproxy-Server-State",
            ])
        #expect(probes.map { $0.stateHeader?().value } == ["place 0 0", "place 0 0"])
        // A server that is down does not come up by a 404.
        #expect(probes.map { $0.drainsOn404?() } == [false, false])
        let expectations = probes.flatMap(\.expectations)
        #expect(
            expectations.map(\.description) == [
                "! rstatus '^5'", "rstring '^ok'", "status 200,300-302",
                "hdr name -m beg 'x-' value -m reg '^re'",
                "fhdr name -m end '-x' value -m sub 'y'",
            ])
        #expect(expectations.map(\.minimumLength) == [nil, 5, nil, nil, nil])
        #expect(expectations.map(\.comment) == [nil, "why", nil, nil, nil])
        #expect(expectations.map(\.words.success) == [nil, .handshakeDone, nil, nil, nil])
        #expect(expectations.map(\.words.failureText) == [nil, "no", nil, nil, nil])
    }

    @Test func `one request to the server itself needs no sequence`() throws {
        let plain: HTTPProbe = try probe("option httpchk HEAD /x HTTP/1.1 www")
        #expect(
            plain.request
                == (try HTTPCheckRequest(
                    method: "HEAD", path: "/x", version: .http11, host: "www")))
        #expect(plain.place == "")
        #expect(plain.stateHeader == nil)
        #expect(plain.drainsOn404 == nil)
        #expect(plain.expectations.map(\.description) == ["status 200-399"])
    }

    @Test func `all that tcp-check says`() throws {
        let script: ScriptProbe = try probe(
            """
            option tcp-check
            tcp-check connect port 81 addr 192.0.2.8 send-proxy linger comment c
            tcp-check send a
            tcp-check comment note
            tcp-check send-lf %b-%s
            tcp-check send-binary 00ff
            tcp-check expect min-recv 5 ! string x
            tcp-check expect rstring ^y error-status L7STS tout-status L6TOUT on-success yes status-code int(7)
            tcp-check expect rbinary ^2B
            tcp-check expect binary 00 status-code check.payload(1,2)
            tcp-check expect string-lf %s
            """, "check-ssl verify none check-send-proxy")
        #expect(script.firstConnection.settings.tls != nil)
        #expect(script.firstConnection.settings.proxyHeader == .v1)
        #expect(script.steps.map(\.number) == [1, 2, 4, 5, 6, 7, 8, 9, 10])
        #expect(
            script.steps.map(\.comment) == ["c", nil, "note", "note", nil, nil, nil, nil, nil])
        guard case .connect(let connection) = script.steps[0].action else {
            Issue.record("\(script.steps[0])")
            return
        }
        #expect(connection.port == 81)
        #expect(connection.address == (try address("192.0.2.8", 80)))
        #expect(connection.settings.proxyHeader == .v1)
        #expect(connection.settings.closing == .clean)
        #expect(connection.settings.tls == nil)
        let sent = script.steps.compactMap { step -> [UInt8]? in
            guard case .send(let bytes) = step.action else { return nil }
            return bytes
        }
        #expect(sent == [Array("a".utf8), Array("b-s".utf8), [0, 255]])
        let expected = script.steps.compactMap { step -> ScriptStep.Expectation? in
            guard case .expect(let expectation) = step.action else { return nil }
            return expectation
        }
        #expect(
            expected.map(\.pattern.description) == [
                "string 'x'", "rstring '^y'", "rbinary '^2B'", "binary '00'", "string 's'",
            ])
        #expect(expected.map(\.isNegated) == [true, false, false, false, false])
        #expect(expected.map(\.minimumLength) == [5, nil, nil, nil, nil])
        #expect(expected[1].words.failure == .wrongAnswer)
        #expect(expected[1].words.timeout == .handshakeTimedOut)
        #expect(expected[1].words.successText == "yes")
        #expect(expected[1].words.code == .number(7))
        #expect(expected[3].words.code == .payload(offset: 1, length: 2))
    }

    @Test func `a rule connects with what the server's words say only by default`() throws {
        func settings(_ rule: String) throws -> ProbeConnection {
            let script: ScriptProbe = try probe(
                "option tcp-check\ntcp-check connect \(rule)",
                "check-ssl verify none check-sni own.example check-send-proxy")
            guard case .connect(let connection) = script.steps[0].action else {
                throw Failure(.badInput, "\(script)")
            }
            return connection.settings
        }
        #expect(try settings("").tls == nil)
        #expect(try settings("").proxyHeader == nil)
        #expect(try settings("default").tls?.serverName == "own.example")
        #expect(try settings("default").proxyHeader == .v1)
        #expect(try settings("ssl").tls?.serverName == "own.example")
        #expect(try settings("ssl sni other.example").tls?.serverName == "other.example")
    }

    @Test func `each database's words`() throws {
        let redis: RedisProbe = try probe("option redis-check user u password p expect replica")
        #expect([redis.user, redis.password] == ["u", "p"])
        #expect(redis.role == .replica)
        let login = SQLLogin(user: "u", password: "p", database: "d")
        let words = "user u password p database d expect"
        let postgres: PostgreSQLProbe = try probe("option pgsql-check \(words) replica")
        #expect(postgres.depth == .login(login, role: .replica))
        let start: PostgreSQLProbe = try probe("option pgsql-check user u")
        #expect(start.depth == .startup(user: "u"))
        let mysql: MySQLProbe = try probe("option mysql-check \(words) primary")
        #expect(mysql.depth == .login(login, role: .primary))
    }

    @Test func `each service's words`() throws {
        let mail: SMTPProbe = try probe("option smtpchk EHLO lb.example")
        #expect(mail.greeting == .ehlo)
        #expect(mail.domain == "lb.example")
        let directory: LDAPProbe = try probe("option ldap-check name cn=a password p")
        #expect([directory.name, directory.password] == ["cn=a", "p"])
        let names: DNSProbe = try probe("option dns-check www.example type MX")
        #expect(names.question == DNSQuestion(try DomainName("www.example"), type: .mx))
        let datagram: UDPProbe = try probe("option udp-check send ab expect binary 00ff")
        #expect(datagram.payload == Array("ab".utf8))
        #expect(datagram.reply == .bytes([0, 255]))
        #expect(try probe("option udp-check expect none", as: UDPProbe.self).reply == .none)
        #expect(try probe("option udp-check", as: UDPProbe.self).reply == .any)
        #expect(try probe("option icmp-check size 99", as: ICMPProbe.self).payloadLength == 99)
        let file: FileProbe = try probe("option file-check /f contains yes")
        #expect(file.path == "/f")
        #expect(file.expectation == .contains("yes"))
        #expect(try probe("option file-check /f", as: FileProbe.self).expectation == .exists)
        let weight: FileProbe = try probe("option file-check /f weight")
        #expect(weight.expectation == .weight)
    }

    @Test func `a handshake's name and days`() throws {
        let tls: TLSProbe = try probe(
            "", "check-ssl verify none check-sni a.example check-certificate-days 9")
        #expect(tls.connection.tls?.serverName == "a.example")
        #expect(tls.connection.tls?.minimumDaysLeft == 9)
    }

    @Test func `an external check is told of its server`() throws {
        let text = """
            global
                external-check
            frontend in
                bind 192.0.2.6:80
                default_backend other
            backend other
                server x 192.0.2.9:80
            listen web
                bind 192.0.2.7:8080
                option external-check
                external-check command /bin/true
                external-check path /own
                server r 192.0.2.1:80
                server s 192.0.2.2:80 check ssl verify none maxconn 9
                server t 192.0.2.3:80 check id 7 check-ssl verify none
                server u 192.0.2.4:80 check id 4
                server v 192.0.2.5:80 check
            """
        let views = HealthTargets.Views(
            sessionCount: { $0.pool * 10 + $0.server }, state: { _ in "" }, isDown: { _ in false })
        let targets = try targets(text, seenAs: views)
        let command = try #require(targets["web/s"]?.probe as? CommandProbe)
        #expect(command.path == "/bin/true")
        #expect(command.searchPath == "/own")
        let subject = command.subject
        #expect([subject.proxyName, subject.serverName] == ["web", "s"])
        // haproxy 2.6 tells the same numbers.
        #expect([subject.proxyID, subject.serverID] == [3, 2])
        let others = ["web/t", "web/u", "web/v"].map { id in
            (targets[id]?.probe as? CommandProbe)?.subject.serverID
        }
        #expect(others == [7, 4, 5])
        #expect(subject.proxyAddress == "192.0.2.7")
        #expect(subject.proxyPort == 8080)
        #expect(subject.maximumConnections == 9)
        #expect(subject.currentConnections() == 11)
        // As haproxy 2.6: whether its clients' connections are encrypted.
        #expect(subject.usesTLS)
        #expect((targets["web/t"]?.probe as? CommandProbe)?.subject.usesTLS == false)
    }
}
#endif
