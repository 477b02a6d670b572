import Foundation
import NodeConfiguration
import Testing
import VRRPCore

@Suite struct `Checks in haproxy's language` {
    private func backend(_ lines: String) throws -> Backend {
        let loaded = load(proxy(lines))
        let model = try #require(
            loaded.model, "\(loaded.diagnostics.map(\.description).joined(separator: "\n"))")
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics.map(\.description))")
        return model.backends[0]
    }

    private func method(_ lines: String) throws -> CheckMethod {
        try backend(lines).checks.method
    }

    @Test(arguments: [
        ("option httpchk", "OPTIONS", "/", false),
        ("option httpchk /health", "OPTIONS", "/health", false),
        ("option httpchk GET /health", "GET", "/health", false),
        ("option httpchk HEAD / HTTP/1.1", "HEAD", "/", true),
    ])
    func `option httpchk in all its forms`(
        line: String, wanted: String, path: String, isHTTP11: Bool
    ) throws {
        guard case .http(let settings) = try method(line) else {
            throw Unexpected("\(try method(line))")
        }
        let exchange = try #require(settings.exchanges.first)
        #expect(settings.exchanges.count == 1)
        #expect(exchange.method == wanted)
        #expect(exchange.path == CheckText(path))
        #expect(exchange.isHTTP11 == isHTTP11)
        #expect(exchange.headers.isEmpty)
        #expect(exchange.expectations.isEmpty)
    }

    @Test func `headers after the version, and a host behind it`() throws {
        var wanted = HTTPCheckExchange()
        wanted.isHTTP11 = true
        wanted.headers = [.init(name: "Host", value: "www.example.org")]
        var settings = HTTPCheckSettings()
        settings.exchanges = [wanted]
        #expect(
            try method("option httpchk OPTIONS / HTTP/1.1\\r\\nHost:\\ www.example.org")
                == .http(settings))
        #expect(
            try method("option httpchk OPTIONS / HTTP/1.1 www.example.org") == .http(settings))
    }

    @Test func `http-check rules make requests with their expectations`() throws {
        let found = try method(
            """
            option httpchk
            http-check disable-on-404
            http-check send-state
            http-check connect port 8443 ssl sni www.example.org alpn http/1.1 linger
            http-check send meth GET uri /a ver HTTP/1.1 hdr Host www hdr X-A b body hello
            http-check expect ! rstatus ^5
            http-check expect rstring ^ok
            http-check connect send-proxy
            http-check send uri /b
            http-check expect hdr name -m beg x- value -m reg ^re
            http-check expect min-recv 5 comment why fhdr name x-y
            """)
        var first = HTTPCheckExchange()
        var connection = CheckConnection()
        connection.port = 8443
        connection.usesTLS = true
        connection.serverName = "www.example.org"
        connection.applicationProtocols = ["http/1.1"]
        connection.lingers = true
        first.connection = connection
        first.method = "GET"
        first.path = "/a"
        first.isHTTP11 = true
        first.headers = [.init(name: "Host", value: "www"), .init(name: "X-A", value: "b")]
        first.body = "hello"
        first.expectations = [
            HTTPCheckExpectation(.statusExpression("^5"), isNegated: true),
            HTTPCheckExpectation(.body(.expression("^ok")), isNegated: false),
        ]
        var second = HTTPCheckExchange()
        var plain = CheckConnection()
        plain.sendsProxyHeader = true
        second.connection = plain
        second.path = "/b"
        var why = HTTPCheckExpectation(
            .header(name: .exact("x-y"), value: nil, isWhole: true), isNegated: false)
        why.minimumLength = 5
        why.comment = "why"
        second.expectations = [
            HTTPCheckExpectation(
                .header(name: .prefix("x-"), value: .expression("^re"), isWhole: false),
                isNegated: false),
            why,
        ]
        var settings = HTTPCheckSettings()
        settings.exchanges = [first, second]
        settings.drainsOn404 = true
        settings.sendsState = true
        #expect(found == .http(settings))
    }

    private func step(
        _ number: Int, _ action: ScriptCheckStep.Action, _ comment: String? = nil
    ) -> ScriptCheckStep {
        var step = ScriptCheckStep(action, comment: comment)
        step.number = number
        return step
    }

    @Test func `tcp-check rules make a script`() throws {
        var connection = CheckConnection()
        connection.port = 6380
        var own = CheckConnection()
        own.usesServerSettings = true
        own.lingers = true
        #expect(
            try method(
                """
                option tcp-check
                tcp-check connect default linger
                tcp-check send PING\\r\\n comment greet
                tcp-check expect string +PONG
                tcp-check connect port 6380
                tcp-check send-binary 50494e47
                tcp-check expect min-recv 5 ! binary 00ff
                tcp-check expect rstring ^role:(master|slave)
                tcp-check expect rbinary ^2B
                """)
                == .script([
                    step(1, .connect(own)),
                    step(2, .send(Array("PING\r\n".utf8)), "greet"),
                    step(3, .expect(CheckExpectation(.text("+PONG")))),
                    step(4, .connect(connection)), step(5, .send(Array("PING".utf8))),
                    step(
                        6,
                        .expect(
                            CheckExpectation(
                                .bytes([0x00, 0xFF]), isNegated: true, minimumLength: 5))),
                    step(7, .expect(CheckExpectation(.expression("^role:(master|slave)")))),
                    step(8, .expect(CheckExpectation(.hexExpression("^2B")))),
                ]))
        #expect(try method("option tcp-check") == .connection)
    }

    @Test func `a line with a comment belongs to the rules after it, and counts`() throws {
        #expect(
            try method(
                """
                option tcp-check
                tcp-check comment first
                tcp-check connect
                tcp-check send a
                tcp-check comment second
                tcp-check send b
                tcp-check send c comment own
                tcp-check expect string d
                """)
                == .script([
                    step(2, .connect(CheckConnection()), "first"), step(3, .send([0x61])),
                    step(5, .send([0x62]), "second"), step(6, .send([0x63]), "own"),
                    step(7, .expect(CheckExpectation(.text("d")))),
                ]))
        guard
            case .http(let settings) = try method(
                """
                option httpchk
                http-check comment outside
                http-check connect
                http-check comment answers
                http-check expect status 200
                http-check expect string a
                """)
        else { throw Unexpected("no HTTP") }
        #expect(settings.exchanges.map(\.comment) == ["outside"])
        #expect(settings.exchanges[0].expectations.map(\.comment) == ["answers", "answers"])
    }

    @Test func `an expectation's words stand before its pattern or behind it`() throws {
        var words = CheckExpectationWords()
        words.success = .answeredDraining
        words.failure = .connectFailed
        words.timeout = .handshakeTimedOut
        words.successText = CheckText(parts: [.serverName, .text(" of "), .backendName])
        words.failureText = CheckText(parts: [.text("100% of "), .hostName])
        words.code = .payload(offset: 1, length: 3)
        var wanted = CheckExpectation(.text("x"), isNegated: true, minimumLength: 4)
        wanted.words = words
        let before =
            "ok-status L7OKC error-status l4con tout-status L6TOUT on-success %[srv_name]\\ of\\ %b"
        let behind = "on-error 100%%\\ of\\ %H status-code check.payload(1,3) min-recv 4 comment c"
        #expect(
            try method("option tcp-check\ntcp-check expect \(before) !string x \(behind)")
                == .script([step(1, .expect(wanted), "c")]))
        var condition = HTTPCheckExpectation(.body(.text("x")), isNegated: true)
        condition.minimumLength = 4
        condition.words = words
        condition.comment = "c"
        var exchange = HTTPCheckExchange()
        exchange.expectations = [condition]
        var settings = HTTPCheckSettings()
        settings.exchanges = [exchange]
        #expect(
            try method("option httpchk\nhttp-check expect \(behind) ! string x \(before)")
                == .http(settings))
    }

    @Test func `texts with names in them`() throws {
        #expect(
            try method(
                "option tcp-check\ntcp-check send-lf a%s\ntcp-check expect string-lf %[be_name]!")
                == .script([
                    step(1, .sendFilled(CheckText(parts: [.text("a"), .serverName]))),
                    step(
                        2,
                        .expect(
                            CheckExpectation(
                                .filled(CheckText(parts: [.backendName, .text("!")]))))),
                ]))
        var exchange = HTTPCheckExchange()
        exchange.path = CheckText(parts: [.text("/check/"), .serverName])
        exchange.headers = [.init(name: "X-Pool", value: CheckText(parts: [.backendName]))]
        exchange.body = CheckText(parts: [.hostName])
        var settings = HTTPCheckSettings()
        settings.exchanges = [exchange]
        #expect(
            try method(
                "option httpchk\nhttp-check send uri-lf /check/%s hdr X-Pool %[be_name] body-lf %H")
                == .http(settings))
    }

    @Test func `rules of defaults hold until a section has its own`() throws {
        let text = """
            defaults
            timeout client 1s
            timeout server 1s
            timeout connect 1s
            option tcp-check
            tcp-check send a
            listen one 192.0.2.1:80
            server a 192.0.2.11:80
            listen two 192.0.2.1:81
            tcp-check send b
            tcp-check send c
            server a 192.0.2.11:80
            listen three 192.0.2.1:82
            no option tcp-check
            server a 192.0.2.11:80
            """
        let methods = try #require(load(text).model).backends.map(\.checks.method)
        #expect(
            methods == [
                .script([step(1, .send([0x61]))]),
                .script([step(1, .send([0x62])), step(2, .send([0x63]))]),
                .connection,
            ])
    }

    private static func login(
        user: String?, password: String? = nil, database: String? = nil,
        role: DatabaseCheckSettings.Role? = nil
    ) -> DatabaseCheckSettings {
        var settings = DatabaseCheckSettings()
        settings.user = user
        settings.password = password
        settings.database = database
        settings.role = role
        return settings
    }

    @Test(
        arguments: [
            ("option ssl-hello-chk", .sslHello), ("option redis-check", .redis(login(user: nil))),
            (
                "option redis-check password p expect primary",
                .redis(login(user: nil, password: "p", role: .primary))
            ),
            ("option pgsql-check user u", .postgreSQL(login(user: "u"))),
            (
                "option pgsql-check user u password p database d expect replica",
                .postgreSQL(login(user: "u", password: "p", database: "d", role: .replica))
            ),
            ("option mysql-check", .mySQL(login(user: nil))),
            ("option mysql-check user u post-41", .mySQL(login(user: "u"))),
            ("option smtpchk", .smtp(command: "HELO", domain: "localhost")),
            ("option smtpchk EHLO mail", .smtp(command: "EHLO", domain: "mail")),
            ("option ldap-check", .ldap(name: "", password: "")),
            ("option ldap-check name cn=a password p", .ldap(name: "cn=a", password: "p")),
            ("option dns-check example.org type MX", .dns(name: "example.org", type: "MX")),
            ("option dns-check .", .dns(name: ".", type: "SOA")),
            (
                "option udp-check send-binary 0001 expect binary 02",
                .udp(payload: [0, 1], reply: .bytes([2]))
            ),
            ("option udp-check send a expect none", .udp(payload: [0x61], reply: .none)),
            ("option icmp-check", .icmp(payloadLength: 16)),
            ("option icmp-check size 1000", .icmp(payloadLength: 1_000)),
            ("option file-check /run/x", .file(path: "/run/x", .exists)),
            ("option file-check /run/x contains ok", .file(path: "/run/x", .contains("ok"))),
            ("option file-check /run/x weight", .file(path: "/run/x", .weight)),
        ] as [(String, CheckMethod)])
    func `an option says what is asked`(line: String, wanted: CheckMethod) throws {
        #expect(try method(line) == wanted)
    }

    @Test func `a password comes from the first line of a file`() throws {
        let path = "/tmp/password-\(getpid())"
        try "secret\nmore\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { unlink(path) }
        #expect(
            try method("option pgsql-check user u password-file \(path)")
                == .postgreSQL(Self.login(user: "u", password: "secret")))
    }

    @Test func `an external check has its program and its path`() throws {
        let text =
            "global\nexternal-check\ninsecure-fork-wanted\n"
            + proxy(
                "option external-check\nexternal-check command /bin/true\nexternal-check path /x")
        let loaded = load(text)
        #expect(loaded.diagnostics.isEmpty)
        #expect(
            loaded.model?.backends[0].checks.method
                == .command(path: "/bin/true", searchPath: "/x"))
    }

    @Test func `the words of a server line`() throws {
        let backend = try backend(
            """
            option log-health-checks
            notify_up /bin/true up
            notify_down /bin/false
            server b 192.0.2.12:80 check inter 1s fastinter 100ms downinter 5s rise 3 fall 4 init-state fully-up check-ssl verify none check-sni x.org check-alpn h2,http/1.1 check-certificate-days 14 check-send-proxy port 81 addr 192.0.2.13 agent-check agent-port 99 agent-addr 192.0.2.14 agent-inter 500ms agent-send hi\\n observe layer4 error-limit 3 on-error mark-down on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions
            server c 192.0.2.14:80 track b
            server d 192.0.2.14:80 track web/c
            """)
        #expect(backend.checks.logsResults)
        #expect(backend.checks.upCommand == ["/bin/true", "up"])
        #expect(backend.checks.downCommand == ["/bin/false"])
        let check = try #require(backend.servers[1].check)
        #expect(check.interval == .seconds(1))
        #expect(check.fastInterval == .milliseconds(100))
        #expect(check.downInterval == .seconds(5))
        #expect((check.rise, check.fall) == (3, 4))
        #expect(check.initialState == .fullyUp)
        #expect(check.usesTLS)
        #expect(check.tls.serverName == "x.org")
        #expect(check.tls.applicationProtocols == ["h2", "http/1.1"])
        #expect(check.tls.verification == .none)
        #expect(check.tls.minimumDaysLeft == 14)
        #expect(check.sendsProxyHeader)
        #expect(check.port == 81)
        let health = backend.servers[1].health
        #expect(health.agent?.port == 99)
        #expect(health.agent?.address?.description == "192.0.2.14")
        #expect(health.agent?.interval == .milliseconds(500))
        #expect(health.agent?.request == "hi\n")
        #expect(health.observesTraffic)
        #expect(health.errorLimit == 3)
        #expect(health.errorReaction == .markDown)
        #expect(health.endsSessionsWhenDown)
        #expect(health.endsBackupSessionsWhenUp)
        #expect(
            backend.servers[2].health.tracked == ServerReference(backend: "web", server: "b"))
        #expect(
            backend.servers[3].health.tracked == ServerReference(backend: "web", server: "c"))
        #expect(backend.servers[2].check == nil)
    }

    @Test func `default-server hands on, and a server takes back`() throws {
        let servers = try backend(
            """
            default-server check check-ssl verify none inter 1s agent-check agent-port 9
            server b 192.0.2.12:80
            server c 192.0.2.13:80 no-check no-agent-check
            """
        ).servers
        #expect(servers[0].check == nil)
        #expect(servers[1].check?.usesTLS == true)
        #expect(servers[1].check?.interval == .seconds(1))
        #expect(servers[1].health.agent?.port == 9)
        #expect(servers[2].check == nil)
        #expect(servers[2].health.agent == nil)
    }

    @Test func `a check begins as the server's connections do, unless it goes elsewhere`() throws {
        let headers = try backend(
            """
            server b 192.0.2.12:80 check send-proxy
            server c 192.0.2.12:80 check send-proxy-v2
            server d 192.0.2.12:80 check send-proxy port 81
            server e 192.0.2.12:80 check send-proxy no-check-send-proxy
            server f 192.0.2.12:80 check send-proxy port 81 check-send-proxy
            """
        ).servers.dropFirst().map(\.check?.sendsProxyHeader)
        #expect(headers == [true, true, false, false, true])
    }

    @Test func `a certificate is verified unless the line says otherwise`() throws {
        let servers = try backend(
            """
            server b 192.0.2.12:80 check check-ssl
            server c 192.0.2.12:80 check check-ssl check-sni x.org
            server d 192.0.2.12:80 check check-ssl verify none
            server e 192.0.2.12:80 check check-ssl verifyhost y.org
            """
        ).servers.dropFirst().map(\.check?.tls.verification)
        #expect(
            servers == [
                .certificate, .certificateAndName, CheckTLS.Verification.none,
                .certificateAndName,
            ])
    }

    @Test func `ssl-server-verify says it for the lines that do not, wherever it stands`() throws {
        func verification(_ word: String) throws -> [CheckTLS.Verification?] {
            let text = """
                \(proxy("server b 192.0.2.12:80 check check-ssl\nserver c 192.0.2.13:80 check check-ssl verify required"))
                check d
                target 192.0.2.14:80
                default-server check-ssl
                global
                ssl-server-verify \(word)
                """
            let loaded = load(text)
            #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
            let backends = try #require(loaded.model?.backends)
            return (backends[0].servers.dropFirst() + backends[1].servers)
                .map(\.check?.tls.verification)
        }
        let none = CheckTLS.Verification.none
        #expect(try verification("none") == [none, .certificate, none])
        #expect(try verification("required") == [.certificate, .certificate, .certificate])
        #expect(
            diagnose("global\nssl-server-verify off") == [
                "f:2:19: error: ssl-server-verify 'off': must be none or required"
            ])
    }

    @Test func `ca-base is where a relative ca-file is, in the lines after it`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ca-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let certificate = "-----BEGIN CERTIFICATE-----\nMAEA\n-----END CERTIFICATE-----\n"
        try certificate.write(toFile: folder + "/a.pem", atomically: true, encoding: .utf8)
        let line = "server b 192.0.2.12:80 check check-ssl ca-file "
        let base = "global\nca-base \(folder)\n"
        func path(_ text: String) -> String? {
            load(text).model?.backends[0].servers[1].check?.tls.authoritiesPath
        }
        #expect(path(base + proxy(line + "a.pem")) == folder + "/a.pem")
        #expect(path("global\nca-base /nowhere\n" + proxy("\(line)\(folder)/a.pem")) != nil)
        #expect(load("global\nca-base /nowhere\n" + proxy("\(line)@system-ca")).model != nil)
        #expect(
            diagnose("global\nca-base /nowhere\n" + proxy(line + "a.pem")) == [
                "f:9:48: error: ca-file '/nowhere/a.pem': no such file"
            ])
        #expect(load(proxy(line + "a.pem") + "\n" + base).model == nil)
    }

    @Test func `a check section is a pool that serves nobody`() throws {
        let text = """
            check gateway
            target 192.0.2.254
            option icmp-check
            default-server inter 500ms rise 1 fall 2
            check database
            target 192.0.2.9:5432
            option pgsql-check user u
            vrrp
            """
        let loaded = load(text.replacing("\nvrrp", with: ""))
        #expect(loaded.diagnostics.isEmpty)
        let backends = try #require(loaded.model).backends
        #expect(backends.map(\.name) == ["gateway", "database"])
        #expect(backends.allSatisfy { $0.checks.isOnlyCheck && $0.servers.count == 1 })
        #expect(backends[0].servers[0].address.description == "192.0.2.254")
        #expect(backends[0].servers[0].check?.interval == .milliseconds(500))
        #expect(backends[1].servers[0].port == 5432)
    }

    @Test(arguments: [
        (
            "option httpchk GET /a b",
            "f:7:23: error: 'b': checks speak HTTP/1.0 and HTTP/1.1"
        ),
        ("option httpchk G(T /", "f:7:16: error: 'G(T' is no method of HTTP"),
        (
            "http-check expect status 2xx",
            "f:7:26: error: expect status '2xx': must be statuses such as 200-399,404"
        ),
        (
            "http-check expect stats 200",
            "f:7:19: error: expect 'stats': must be status, rstatus, string, rstring, string-lf, hdr or fhdr; did you mean 'status'?"
        ),
        (
            "http-check send methd GET",
            "f:7:17: error: unknown word of http-check send 'methd'; did you mean 'meth'?"
        ),
        (
            "tcp-check expect strng x",
            "f:7:18: error: expect 'strng': must be string, rstring, binary, rbinary or string-lf; did you mean 'string'?"
        ),
        (
            "tcp-check send-binary 5x",
            "f:7:23: error: tcp-check send-binary '5x': must be pairs of hexadecimal digits, such as 50494e47"
        ),
        (
            "tcp-check send-binary-lf x",
            "f:7:11: error: 'tcp-check send-binary-lf' is known but not implemented yet; write 'send-binary' with the digits themselves"
        ),
        ("option pgsql-check", "f:7:8: error: 'option pgsql-check' needs 'user NAME'"),
        (
            "option pgsql-check user u pasword p",
            "f:7:27: error: unknown word 'pasword' of 'option pgsql-check'; did you mean 'password'?"
        ),
        (
            "option pgsql-check user u password-file /nowhere",
            "f:7:41: error: option pgsql-check '/nowhere': no such file"
        ),
        (
            "option redis-check expect master",
            "f:7:27: error: option redis-check 'master': must be primary or replica"
        ),
        ("option smtpchk HALLO x", "f:7:16: error: smtpchk 'HALLO': must be HELO or EHLO"),
        (
            "option dns-check a..b",
            "f:7:18: error: dns-check 'a..b': must be a domain name, such as www.example.org"
        ),
        (
            "option external-check\nexternal-check command /bin/true",
            "f:7:8: error: 'option external-check' starts programs only where the global section says 'external-check'"
        ),
        (
            "external-check command /nowhere",
            "f:7:24: error: external-check command '/nowhere': No such file or directory"
        ),
        (
            "notify_up true",
            "f:7:11: error: notify_up 'true': must be an absolute path"
        ),
        (
            "server b 192.0.2.1:80 check observe layer7",
            "f:7:37: error: 'observe layer7' needs HTTP, which lbctl does not read; write 'observe layer4'"
        ),
        (
            "server b 192.0.2.1:80 observe layer4",
            "f:7:8: error: server 'b': 'observe' needs 'check', which brings the server back"
        ),
        (
            "server b 192.0.2.1:80 agent-check",
            "f:7:8: error: server 'b': 'agent-check' needs 'agent-port N'"
        ),
        (
            "server b 192.0.2.1:80 check track a",
            "f:7:35: error: a server that tracks another is not checked itself; leave out 'check' or 'track'"
        ),
        (
            "server b 192.0.2.1:80 track nobody",
            "f:7:29: error: track 'web/nobody': no server has this name"
        ),
        (
            "server b 192.0.2.1:80 track a",
            "f:7:29: error: track 'web/a': the server is neither checked nor asked by an agent; give it 'check'"
        ),
        (
            "server b 192.0.2.1:80 check on-error sudden",
            "f:7:38: error: on-error 'sudden': must be fail-check or fastinter or mark-down or sudden-death"
        ),
        (
            "server b 192.0.2.1:80 check check-sni 192.0.2.1",
            "f:7:39: error: check-sni '192.0.2.1': must be a name such as www.example.org"
        ),
        (
            "server b 192.0.2.1:80 check ca-file /nowhere",
            "f:7:37: error: ca-file '/nowhere': no such file"
        ),
        (
            "server b 192.0.2.1:80 check ca-file /etc/hostname",
            "f:7:37: error: ca-file '/etc/hostname': must hold certificates in PEM form, each between"
                + " 'BEGIN CERTIFICATE' and 'END CERTIFICATE'"
        ),
        (
            "server b unix@/x check addr 192.0.2.1",
            "f:7:8: error: server 'b': it has no port of its own, so a check at 'addr' needs 'port N'"
        ),
        ("target 192.0.2.1:80", "f:7:1: error: 'target' is not allowed in a listen section"),
        (
            "check c\noption redis-check",
            "f:7:7: error: check 'c' asks nobody; add 'target ADDRESS:PORT'"
        ),
        (
            "check web\ntarget 192.0.2.1:80",
            "f:7:7: error: a listen, backend or check section 'web' is already defined at f:5"
        ),
        (
            "tcp-check expect rstring (a",
            "f:7:26: error: tcp-check expect rstring '(a': not a regular expression: the group has no ')' (at character 1)"
        ),
        (
            "tcp-check expect string a string b",
            "f:7:27: error: 'string': a rule expects one pattern"
        ),
        ("tcp-check expect comment a", "f:7:11: error: 'tcp-check expect' needs a pattern"),
        (
            "tcp-check expect ok-status L7RSP string a",
            "f:7:28: error: tcp-check expect ok-status 'L7RSP': must be L4OK or L6OK or L7OK or L7OKC"
        ),
        (
            "tcp-check expect status-code rand string a",
            "f:7:30: error: tcp-check expect status-code 'rand': must be int(N) or check.payload(OFFSET,LENGTH); other expressions are known but not implemented yet"
        ),
        (
            "tcp-check send-lf %[date]",
            "f:7:19: error: tcp-check send-lf '%[date]': of variables there are %s and %[srv_name], %b and %[be_name], %H and %[hostname] here; a percent sign is written %%"
        ),
        (
            "server b unix@/s agent-check agent-port 9",
            "f:7:8: error: server 'b': the agent of a server that is a Unix socket needs 'agent-addr'"
        ),
        (
            "option icmp-check\nserver b unix@/s check",
            "f:8:8: error: server 'b': a Unix socket is checked by connections; 'option icmp-check' asks a host"
        ),
        (
            "server b 192.0.2.1:80 check addr here",
            "f:7:34: error: addr 'here': must be an IP address, such as 192.0.2.1 or 2001:db8::1"
        ),
    ])
    func `an error says where, what and what would be right`(line: String, message: String) {
        let diagnostics = diagnose(proxy(line))
        #expect(diagnostics.contains { $0.hasPrefix(message) }, "\(diagnostics)")
    }

    @Test func `servers that track each other in a circle are refused`() {
        #expect(
            diagnose(
                proxy("server b 192.0.2.1:80 track c\nserver c 192.0.2.1:80 track b")
            ).contains(
                "f:7:29: error: track 'web/c': the servers track each other in a circle"))
    }

    @Test func `a virtual router tracks a check by its name`() throws {
        let files = [
            InputFile(
                name: "h",
                bytes: Array("check gateway\ntarget 192.0.2.254\noption icmp-check\n".utf8)),
            InputFile(
                name: "k", bytes: Array(instance("track_check {\ngateway weight -20\n}").utf8)),
        ]
        let loaded = ConfigurationLoader(format: nil).load(files)
        #expect(loaded.diagnostics.filter { $0.severity == .error }.isEmpty)
        let tracked = try #require(loaded.model).virtualRouters[0].trackedChecks
        #expect(tracked.map(\.name) == ["gateway"])
        #expect(tracked[0].weight == -20)
        let wrong = ConfigurationLoader(format: nil).load([
            files[0],
            InputFile(name: "k", bytes: Array(instance("track_check {\ngatewy\n}").utf8)),
        ])
        #expect(
            wrong.diagnostics.map(\.description).contains(
                "k:6:1: error: track_check 'gatewy': no check section has this name; did you mean 'gateway'?"
            ))
    }

    @Test func `every method survives the way to the other process`() throws {
        for line in [
            "option httpchk\nhttp-check expect ! hdr name a value -m reg b",
            "option tcp-check\ntcp-check connect ssl\ntcp-check expect ! rbinary a",
            "option udp-check send a expect string b", "option file-check /x contains a",
        ] {
            let model = try #require(load(proxy(line)).model)
            #expect(try Model(decoding: model.encoded()) == model)
        }
    }
}

private struct Unexpected: Error {
    let description: String
    init(_ description: String) { self.description = description }
}
