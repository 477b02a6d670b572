#if Program
import Expressions
import NIOCore
import TestServers
import Testing

@testable import HealthCheck

extension `One after another` {
    @Suite struct `HTTP probe against nginx` {
        @Test func `statuses, bodies, headers and requests are as asked`() async throws {
            let nginx = try await Nginx()
            defer { nginx.server.stop() }
            func get(
                _ path: String, _ expectations: HTTPExpectation..., method: String = "GET",
                version: HTTPCheckRequest.Version = .http10, host: String? = nil,
                headers: [(name: String, value: String)] = [], body: [UInt8] = []
            ) async throws -> String {
                let request = try HTTPCheckRequest(
                    method: method, path: path, version: version, host: host, headers: headers,
                    body: body)
                var check = HTTPProbe(request)
                if !expectations.isEmpty { check.expectations = expectations }
                let outcome = try await probe(check, port: nginx.port)
                return "\(outcome.code) \(outcome.detail)"
            }
            #expect(try await get("/ok") == "L7OK 200 OK")
            #expect(try await get("/created") == "L7OK 201 Created")
            #expect(try await get("/moved") == "L7OK 302 Found")
            #expect(
                try await get("/missing") == "L7STS expected status 200-399, got status 404")
            #expect(try await get("/closed") == "L7STS expected status 200-399, got status 401")
            #expect(
                try await get("/broken") == "L7STS expected status 200-399, got status 503")
            #expect(
                try await get("/moved", HTTPExpectation(.status(StatusSet("200-299,404"))))
                    == "L7STS expected status 200-299,404, got status 302")
            #expect(
                try await get("/missing", HTTPExpectation(.status(StatusSet("200-299,404"))))
                    == "L7OK 404 Not Found")
            #expect(
                try await get(
                    "/broken", HTTPExpectation(.statusMatches(RegularExpression("^5"))))
                    == "L7OK 503 Service Unavailable")
            #expect(
                try await get("/ok", HTTPExpectation(.body(.text("is well")))) == "L7OK 200 OK")
            #expect(
                try await get("/ok", HTTPExpectation(.body(.text("is well")), isNegated: true))
                    == "L7RSP expected ! string 'is well', got status 200")
            #expect(
                try await get(
                    "/ok", HTTPExpectation(.body(.expression(RegularExpression("w.l+\\nsec")))))
                    == "L7OK 200 OK")
            #expect(
                try await get(
                    "/ok", HTTPExpectation(.body(.expression(RegularExpression("^second")))))
                    == "L7RSP expected rstring '^second', got status 200")
            #expect(
                try await get(
                    "/header",
                    HTTPExpectation(
                        .header(name: .exact("x-role"), value: .contains("prim"), isWhole: true)))
                    == "L7OK 204 No Content")
            #expect(
                try await get(
                    "/header",
                    HTTPExpectation(
                        .header(name: .exact("x-role"), value: .contains("replica"), isWhole: true))
                )
                    == "L7STS expected fhdr name 'x-role' value -m sub 'replica', got status 204")
            #expect(
                try await get(
                    "/ok",
                    HTTPExpectation(
                        .header(name: .exact("x-role"), value: nil, isWhole: true), isNegated: true)
                )
                    == "L7OK 200 OK")
            let echo = HTTPExpectation(.body(.text("GET HTTP/1.1 web.example [yes]")))
            #expect(
                try await get(
                    "/method", echo, version: .http11, host: "web.example",
                    headers: [("X-Probe", "yes")]) == "L7OK 200 OK")
            #expect(
                try await get(
                    "/method", HTTPExpectation(.body(.text("GET HTTP/1.1 127.0.0.1 []"))),
                    version: .http11) == "L7OK 200 OK")
            #expect(try await get("/ok", method: "HEAD", version: .http11) == "L7OK 200 OK")
            #expect(
                try await get(
                    "/body", HTTPExpectation(.body(.text("5"))), method: "POST",
                    body: Array("hello".utf8)) == "L7OK 200 OK")
            #expect(
                try await probe(HTTPProbe(), port: nginx.port).code == "L7STS",
                "nginx refuses OPTIONS with 405")
        }

        @Test func `of 10 MB only the kept part is read`() async throws {
            let nginx = try await Nginx()
            defer { nginx.server.stop() }
            let request = try HTTPCheckRequest(method: "GET", path: "/large")
            var check = HTTPProbe(request)
            check.bodyLimit = 4_096
            check.expectations = [HTTPExpectation(.body(.text("0123456789abcdef")))]
            #expect(try await probe(check, port: nginx.port).code == "L7OK")
            check.expectations = [HTTPExpectation(.body(.text("not there")))]
            let begin = ContinuousClock.now
            #expect(try await probe(check, port: nginx.port).code == "L7RSP")
            #expect(begin.duration(to: .now) < .seconds(5))
        }

        @Test func `404 drains on request`() async throws {
            let nginx = try await Nginx()
            defer { nginx.server.stop() }
            var check = HTTPProbe(try HTTPCheckRequest(method: "GET", path: "/missing"))
            check.drainsOn404 = { true }
            let outcome = try await probe(check, port: nginx.port)
            #expect(outcome.code == "L7OKC")
            #expect(outcome.verdict == true)
            #expect(outcome.facts.statusCode == 404)
            check.drainsOn404 = { false }
            #expect(try await probe(check, port: nginx.port).code == "L7STS")
        }

        @Test func `TLS is checked as far as asked, and tells the days that are left`() async throws
        {
            let nginx = try await Nginx()
            defer { nginx.server.stop() }
            let authorities = ProbeTLS.Authorities.file(nginx.certificates.authority)
            let strict = try ProbeTLS(serverName: "localhost", authorities: authorities)
            let otherName = try ProbeTLS(serverName: "example.org", authorities: authorities)
            let system = try ProbeTLS(serverName: "localhost")
            let lax = try ProbeTLS(verification: .none)

            let good = try await probe(TLSProbe(strict), port: nginx.securePort)
            #expect(good.code == "L6OK")
            #expect(good.facts.certificateDaysLeft == 90)
            #expect(good.detail == "certificate expires in 90 days")
            let request = try HTTPCheckRequest(method: "GET", path: "/ok")
            let page = try await probe(HTTPProbe(request, tls: strict), port: nginx.securePort)
            #expect(page.code == "L7OK")
            #expect(page.facts.certificateDaysLeft == 90)

            var inside = ScriptStep.Connection()
            inside.settings.tls = strict
            let script = try ScriptProbe(
                [
                    ScriptStep(.connect(inside)), .send("GET /ok HTTP/1.0\r\n\r\n"),
                    .expect(.text("all is well")),
                ])
            #expect(
                summary(try await probe(script, port: nginx.securePort))
                    == "L7OK (tcp-check)")
            let old = "L6RSP the certificate has expired 3 days ago"
            let checks: [(any HealthProbe, String)] = [
                (TLSProbe(strict), old), (HTTPProbe(request, tls: strict), old),
                (script, "\(old) at step 1 of tcp-check (connect)"),
            ]
            for (check, outcome) in checks {
                #expect(summary(try await probe(check, port: nginx.expiredPort)) == outcome)
            }
            let expired = try await probe(TLSProbe(lax), port: nginx.expiredPort)
            #expect(expired.code == "L6OK")
            #expect(expired.facts.certificateDaysLeft == -3)
            var patient = strict
            patient.minimumDaysLeft = 91
            #expect(
                try await probe(TLSProbe(patient), port: nginx.securePort)
                    == .handshakeFailed(
                        reason: "the certificate expires in 90 days, and 91 are asked for"))
            let soon = try await probe(HTTPProbe(request, tls: patient), port: nginx.securePort)
            #expect(soon.code == "L6RSP")
            patient.minimumDaysLeft = 90
            #expect(try await probe(TLSProbe(patient), port: nginx.securePort).code == "L6OK")
            let misnamed = try await probe(TLSProbe(otherName), port: nginx.securePort)
            #expect(
                misnamed
                    == .handshakeFailed(
                        reason: "the certificate is not made out to the server's name"))
            #expect(
                summary(try await probe(TLSProbe(system), port: nginx.securePort))
                    == "L6RSP the certificate is not trusted")
            #expect(
                summary(try await probe(TLSProbe(lax), port: nginx.port))
                    == "L6RSP the answer is not TLS")
        }

        @Test func `a ClientHello of SSL 3 alone is answered by TLS, and not by HTTP`() async throws
        {
            let nginx = try await Nginx()
            defer { nginx.server.stop() }
            #expect(
                summary(try await probe(SSLHelloProbe(), port: nginx.securePort))
                    == "L6OK SSL answer")
            #expect(
                summary(try await probe(SSLHelloProbe(), port: nginx.port))
                    == "L6RSP the answer begins with 72, no record of SSL")
        }

        @Test func `of 10 MB inside TLS only the kept part is read`() async throws {
            let nginx = try await Nginx()
            defer { nginx.server.stop() }
            var check = HTTPProbe(
                try HTTPCheckRequest(method: "GET", path: "/large"),
                tls: try ProbeTLS(verification: .none))
            check.expectations = [HTTPExpectation(.body(.text("not there")))]
            let begin = ContinuousClock.now
            #expect(
                summary(try await probe(check, port: nginx.securePort))
                    == "L7RSP expected string 'not there', got status 200")
            #expect(begin.duration(to: .now) < .seconds(2))
        }

        @Test func `ALPN is offered`() async throws {
            let nginx = try await Nginx()
            defer { nginx.server.stop() }
            // nginx ends the handshake with an alert when it speaks nothing of what is offered.
            let spoken = try ProbeTLS(applicationProtocols: ["http/1.1"], verification: .none)
            #expect(try await probe(TLSProbe(spoken), port: nginx.securePort).code == "L6OK")
            let foreign = try ProbeTLS(applicationProtocols: ["imap"], verification: .none)
            #expect(
                summary(try await probe(TLSProbe(foreign), port: nginx.securePort))
                    == "L6RSP the TLS handshake failed: tlsv1 alert no application protocol")
        }

        @Test func `no version is spoken but those that are said`() async throws {
            let folder = try TemporaryFolder()
            let port = try closedPort()
            try await RealServer.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", "/CN=a", "-keyout", "\(folder.path)/key",
                    "-out", "\(folder.path)/certificate",
                ])
            let server = try await RealServer(
                "/usr/bin/openssl",
                [
                    "s_server", "-accept", "127.0.0.1:\(port)", "-tls1_2", "-quiet", "-www",
                    "-cert",
                    "\(folder.path)/certificate", "-key", "\(folder.path)/key",
                ], in: folder, port: port)
            defer { server.stop() }
            for (least, most, code) in [
                (nil, nil, "L6OK"), (.tlsv12, .tlsv12, "L6OK"), (.tlsv13, nil, "L6RSP"),
                (nil, .tlsv11, "L6RSP"),
            ] as [(ProbeTLS.Version?, ProbeTLS.Version?, String)] {
                let tls = try ProbeTLS(
                    verification: .none, minimumVersion: least, maximumVersion: most)
                let outcome = try await probe(TLSProbe(tls), port: port)
                #expect(outcome.code == code, "\(outcome)")
            }
        }
    }
}

extension `One after another` {
    @Suite struct `HTTP probe against odd peers` {
        private func summary(
            _ check: HTTPProbe, _ answer: String, timeout: TimeAmount = .seconds(5)
        ) async throws -> String {
            let peer = try await FaultyPeer(.answers([Array(answer.utf8)]))
            defer { peer.stop() }
            let outcome = try await probe(check, port: peer.port, timeout: timeout)
            return "\(outcome.code) \(outcome.detail)"
        }

        private func body(_ text: String, negated: Bool = false, minimum: Int? = nil) -> HTTPProbe {
            var check = HTTPProbe()
            var expectation = HTTPExpectation(.body(.text(text)), isNegated: negated)
            expectation.minimumLength = minimum
            check.expectations = [expectation]
            return check
        }

        @Test func `of headers no more is read than of a body`() async throws {
            let field = "X-A: \(String(repeating: "a", count: 990))\r\n"
            func answer(_ count: Int) -> String {
                "HTTP/1.1 204 No Content\r\n\(String(repeating: field, count: count))\r\n"
            }
            #expect(try await summary(HTTPProbe(), answer(15)) == "L7OK 204 No Content")
            #expect(
                try await summary(HTTPProbe(), answer(17))
                    == "L7RSP the headers are longer than 16384 bytes")
        }

        /// Without a length, and with a connection that stays.
        @Test func `a body that goes on is compared as it comes`() async throws {
            let endless = "HTTP/1.1 200 OK\r\n\r\nhello"
            let brief = TimeAmount.milliseconds(200)
            #expect(try await summary(body("hell"), endless) == "L7OK 200 OK")
            #expect(
                try await summary(body("x"), endless, timeout: brief)
                    == "L7TOUT no end of the HTTP body within the time limit")
            #expect(
                try await summary(body("x", minimum: 5), endless)
                    == "L7RSP expected string 'x', got status 200")
            #expect(
                try await summary(body("x", negated: true, minimum: 5), endless) == "L7OK 200 OK")
            #expect(
                try await summary(body("x", minimum: 6), endless, timeout: brief)
                    == "L7TOUT no end of the HTTP body within the time limit")
            var search = body("")
            search.expectations = [
                HTTPExpectation(.body(.expression(try RegularExpression("^hello$"))))
            ]
            #expect(try await summary(search, endless) == "L7OK 200 OK")
        }

        @Test func `an answer without a body never has what is expected`() async throws {
            let empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            #expect(
                try await summary(body("x", negated: true), empty)
                    == "L7RSP HTTP content check could not find a response body")
        }

        @Test func `each value of a header is compared for itself`() async throws {
            let answer =
                "HTTP/1.1 200 OK\r\nX-State: ready, \"a,b\"\r\nx-state:other\r\n"
                + "Content-Length: 0\r\n\r\n"
            func isFound(_ name: TextMatch, _ value: TextMatch?, whole: Bool) async throws -> Bool {
                var check = HTTPProbe()
                check.expectations = [
                    HTTPExpectation(.header(name: name, value: value, isWhole: whole))
                ]
                return try await summary(check, answer) == "L7OK 200 OK"
            }
            func expression(_ pattern: String, any: Bool = false) throws -> TextMatch {
                .matches(try RegularExpression(pattern, ignoringCase: any))
            }
            let name = TextMatch.exact("x-state")
            for (value, item, whole) in [
                (TextMatch.exact("ready"), true, false), (.exact("other"), true, true),
                (.exact("\"a,b\""), true, false), (.prefix("ready, "), false, true),
                (.suffix("b\""), true, true), (.contains("y, "), false, true),
                (try expression("^ready$"), true, false), (try expression("^other$"), true, true),
                (try expression("ready.*other"), false, false),
                (try expression("(?s)b\".other"), false, false),
            ] {
                #expect(try await isFound(name, value, whole: false) == item, "\(value)")
                #expect(try await isFound(name, value, whole: true) == whole, "\(value)")
            }
            #expect(try await isFound(expression("^X-ST.TE$", any: true), nil, whole: false))
            #expect(try await isFound(expression("^x-s", any: true), .exact("other"), whole: true))
            #expect(try await !isFound(expression("^state"), nil, whole: false))
            #expect(try await !isFound(.exact("y"), nil, whole: false))
        }

        @Test func `a connection is ended with a reset, or cleanly by choice`() async throws {
            let peer = try await FaultyPeer(
                .answers([Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)]))
            defer { peer.stop() }
            var check = HTTPProbe()
            check.connection.closing = .clean
            #expect(try await probe(check, port: peer.port).code == "L7OK")
            try await peer.idle()
            #expect(peer.resetCount == 0)
            check.connection.closing = .reset
            #expect(try await probe(check, port: peer.port).code == "L7OK")
            try await peer.idle()
            #expect(peer.resetCount == 1)
        }

        @Test func `an expectation words its result`() async throws {
            var check = HTTPProbe()
            check.expectations[0].comment = "front door"
            check.expectations[0].words.failure = .connectFailed
            check.expectations[0].words.success = .handshakeDone
            check.expectations[0].words.successText = "fine"
            check.expectations[0].words.timeout = .connectTimedOut
            check.expectations[0].words.code = .payload(offset: 1, length: 2)
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            #expect(try await summary(check, answer) == "L6OK fine")
            #expect(
                try await summary(check, answer.replacing("200 OK", with: "500 No"))
                    == "L4CON expected status 200-399, got status 500 comment: front door")
            check.expectations[0].words.failureText = "bad"
            #expect(
                try await summary(check, answer.replacing("200 OK", with: "500 No"))
                    == "L4CON bad comment: front door")
            #expect(
                try await summary(check, "HTTP/1.1", timeout: .milliseconds(150))
                    == "L4TOUT no HTTP answer within the time limit")
        }
    }
}

@Suite struct `HTTP probe settings` {
    @Test(arguments: [
        ("GET\r\n", "/", "X", "y"), ("", "/", "X", "y"), ("GET", "/ HTTP/1.1\r\nX: y", "X", "y"),
        ("GET", "", "X", "y"), ("GET", "/", "X:", "y"), ("GET", "/", "X", "y\r\nZ: 1"),
    ])
    func `what would forge another part is refused`(
        method: String, path: String, name: String, value: String
    ) {
        #expect(throws: ProbeSettingsError.self) {
            try HTTPCheckRequest(method: method, path: path, headers: [(name, value)])
        }
    }

    @Test(arguments: ["", "2", "200-", "-200", "300-200", "200,,300", "2xx", "99", "+20", "1000"])
    func `a status set that makes no sense is refused`(text: String) {
        #expect(throws: ProbeSettingsError.notAStatusSet(text)) { try StatusSet(text) }
    }

    @Test func `a name to check needs a name, and no address`() {
        #expect(throws: ProbeSettingsError.self) { try ProbeTLS() }
        #expect(throws: ProbeSettingsError.self) { try ProbeTLS(serverName: "127.0.0.1") }
        #expect(throws: ProbeSettingsError.self) {
            try ProbeTLS(serverName: "a", authorities: .file("/nonexistent"))
        }
    }
}
#endif
