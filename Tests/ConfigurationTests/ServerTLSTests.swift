import NodeConfiguration
import TLSOptions
import Testing

/// The model's server `b`.
private func server(_ text: String) throws -> Server {
    let loaded = load(text)
    let model = try #require(loaded.model, "\(loaded.diagnostics)")
    return try #require(model.backends[0].servers.last)
}

private func tls(_ words: String, global: String = "") throws -> ServerTLS? {
    try server("global\n\(global)\n" + proxy("server b 192.0.2.12:443 \(words)")).tls
}

@Suite struct `TLS to servers` {
    @Test func `a line without ssl has none, and no-ssl takes it back`() throws {
        #expect(try tls("") == nil)
        #expect(try tls("ssl no-ssl") == nil)
        var expected = ServerTLS()
        expected.verification = .none
        #expect(try tls("ssl verify none") == expected)
        func inherited(_ words: String) throws -> ServerTLS? {
            try server(proxy("default-server ssl verify none\nserver b 192.0.2.12:443 \(words)"))
                .tls
        }
        #expect(try inherited("") == expected)
        #expect(try inherited("no-ssl") == nil)
    }

    @Test func `every word has its place in the model`() throws {
        var expected = ServerTLS()
        expected.serverName = "www.example.org"
        expected.verifiedName = "www.example.org"
        expected.verification = .certificateAndName
        expected.parameters.applicationProtocols = ["h2", "http/1.1"]
        expected.parameters.ciphers = "ECDHE+AESGCM:!aNULL"
        expected.parameters.cipherSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"
        expected.parameters.minimumVersion = .tlsv12
        expected.parameters.maximumVersion = .tlsv13
        expected.resumesSessions = false
        #expect(
            try tls(
                """
                ssl verify required sni str(www.example.org) alpn h2,http/1.1 \
                ciphers ECDHE+AESGCM:!aNULL \
                ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384 \
                ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3 no-ssl-reuse
                """) == expected)
        #expect(try tls("ssl verify none no-ssl-reuse ssl-reuse")?.resumesSessions == true)
    }

    @Test(
        arguments: [
            ("sni str(a.org)", "a.org", "a.org", .certificateAndName),
            ("verifyhost b.org", nil, "b.org", .certificateAndName),
            // As haproxy: what SNI asks for is what the certificate has to be made out to.
            ("sni str(a.org) verifyhost b.org", "a.org", "a.org", .certificateAndName),
            ("", nil, nil, .certificate), ("verify none", nil, nil, CheckTLS.Verification.none),
            ("verify none sni str(a.org)", "a.org", "a.org", CheckTLS.Verification.none),
        ] as [(String, String?, String?, CheckTLS.Verification)])
    func `the name that the certificate is checked against`(
        words: String, asked: String?, verified: String?, verification: CheckTLS.Verification
    ) throws {
        let tls = try #require(try tls("ssl \(words)"))
        #expect(tls.serverName == asked)
        #expect(tls.verifiedName == verified)
        #expect(tls.verification == verification)
    }

    @Test func `what a client asks for may be the name`() throws {
        let asked = try #require(try tls("ssl sni ssl_fc_sni verifyhost b.org no-ssl-reuse"))
        #expect(asked.serverName == nil)
        #expect(asked.serverNameSource == .key(.tlsText(.serverName)))
        #expect(asked.verifiedName == "b.org")
        #expect(asked.verification == .certificateAndName)
        let open = try #require(try tls("ssl verify none sni req.ssl_sni,lower"))
        #expect(open.serverNameSource == .key(.converted(.serverName, .lower)))
        #expect(open.verification == CheckTLS.Verification.none)
        // The last word of a line counts, whichever it is.
        let remembered = try #require(try tls("ssl verify none sni var(txn.name)"))
        #expect(remembered.serverNameSource == .variable(VariableName(.transaction, "name")))
        let last = try #require(try tls("ssl sni ssl_fc_sni sni str(a.org)"))
        #expect((last.serverName, last.serverNameSource) == ("a.org", nil))
        let text = proxy("server b 192.0.2.12:443 ssl check sni ssl_fc_sni,lower")
        #expect(
            diagnose(text) == [
                "f:7:8: warning: server 'b': for a client who names nobody any certificate of a trusted authority passes, whoever's it is; add 'verifyhost NAME'"
            ])
        // There is no client whose name a check could ask for.
        let check = try #require(try server(text).check)
        #expect(check.tls.serverName == nil)
        #expect(check.tls.verification == .certificate)
    }

    @Test func `a client is waited for who has yet to name the server`() throws {
        let text = proxy("server b 192.0.2.12:443 ssl verify none sni req.ssl_sni")
        #expect(
            diagnose(text) == [
                "f:5:8: warning: 'sni' of 'web' looks at req.ssl_sni, but 'web' has no 'tcp-request inspect-delay': clients are waited for 5s at most"
            ])
        let delay = "tcp-request inspect-delay 2s\n"
        #expect(
            diagnose(proxy(delay + "server b 192.0.2.12:443 ssl verify none sni req.ssl_sni"))
                == [])
    }

    @Test func `ssl-server-verify says it for the lines that do not, wherever it stands`() throws {
        func verification(_ words: String) throws -> CheckTLS.Verification? {
            let text = proxy("server b 192.0.2.12:443 ssl \(words)")
            return try server(text + "\nglobal\nssl-server-verify none").tls?.verification
        }
        #expect(try verification("") == CheckTLS.Verification.none)
        #expect(try verification("verify required") == .certificate)
    }

    @Test func `a name that nobody looks at is told once for each line`() {
        func warning(_ line: Int, _ column: Int, _ name: String) -> String {
            "f:\(line):\(column): warning: server '\(name)': any certificate of a trusted authority"
                + " passes, whoever's it is; add 'sni str(NAME)' or 'verifyhost NAME'"
        }
        #expect(
            diagnose(
                proxy(
                    """
                    default-server ssl
                    server b 192.0.2.12:443
                    server c 192.0.2.13:443 verify none
                    server d 192.0.2.14:443 sni str(d.org)
                    server e 192.0.2.15:443 verifyhost e.org
                    server-template t 3 e.org:443
                    """)) == [warning(8, 8, "b"), warning(12, 17, "t1")])
        #expect(
            diagnose("global\nssl-server-verify none\n" + proxy("server b 192.0.2.12:443 ssl"))
                == [])
    }

    @Test(
        arguments: [
            ("", nil, nil), ("ssl-min-ver TLSv1.1", .tlsv11, nil),
            ("ssl-max-ver TLSv1.2", nil, .tlsv12),
            ("force-tlsv12", .tlsv12, .tlsv12), ("force-tlsv12 force-tlsv13", .tlsv13, .tlsv13),
            ("force-tlsv12 ssl-min-ver TLSv1.0", .tlsv10, .tlsv12), ("no-sslv3", nil, nil),
            ("no-sslv3 no-tlsv10", nil, nil), ("no-tlsv10 no-tlsv11", .tlsv12, nil),
            ("no-tlsv13", nil, .tlsv12), ("no-tlsv10 no-tlsv13", nil, .tlsv12),
            ("ssl-min-ver TLSv1.0 no-tlsv10", .tlsv11, nil),
            ("ssl-min-ver TLSv1.2 no-tlsv10", .tlsv12, nil),
        ] as [(String, TLSVersion?, TLSVersion?)])
    func `the versions that words leave`(
        words: String, minimum: TLSVersion?, maximum: TLSVersion?
    ) throws {
        let tls = try #require(try tls("ssl verify none \(words)"))
        #expect(tls.parameters.minimumVersion == minimum)
        #expect(tls.parameters.maximumVersion == maximum)
    }

    @Test func `the global section says it for lines that do not`() throws {
        let global = """
            ssl-default-server-ciphers AES128-SHA
            ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA256
            ssl-default-server-options no-sslv3 no-tlsv10 ssl-max-ver TLSv1.2
            """
        var expected = ServerTLS()
        expected.verification = .none
        expected.parameters.ciphers = "AES128-SHA"
        expected.parameters.cipherSuites = "TLS_AES_128_GCM_SHA256"
        (expected.parameters.minimumVersion, expected.parameters.maximumVersion) = (nil, .tlsv12)
        #expect(try tls("ssl verify none", global: global) == expected)
        let own = try tls(
            """
            ssl verify none ciphers AES256-SHA ciphersuites TLS_AES_256_GCM_SHA384 \
            ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1
            """, global: global)
        #expect(own?.parameters.ciphers == "AES256-SHA")
        #expect(own?.parameters.cipherSuites == "TLS_AES_256_GCM_SHA384")
        // Its own bounds take the place of what the global section excludes.
        #expect(own?.parameters.minimumVersion == .tlsv10)
        #expect(own?.parameters.maximumVersion == .tlsv11)
        // It holds in the lines after it.
        let late = proxy("server b 192.0.2.12:443 ssl verify none") + "\nglobal\n" + global
        #expect(try server(late).tls?.parameters.ciphers == nil)
    }

    @Test(arguments: [
        (
            "ssl-default-server-options",
            "1: error: 'ssl-default-server-options' needs options such as ssl-min-ver TLSv1.2"
        ),
        (
            "ssl-default-server-options ssl-min-vr TLSv1.2",
            "28: error: unknown TLS option 'ssl-min-vr'; did you mean 'ssl-min-ver'?"
        ),
        (
            "ssl-default-server-options no-tlsv11",
            "1: error: ssl-default-server-options: the versions of TLS that may be spoken have a gap; write 'ssl-min-ver' and 'ssl-max-ver' instead of 'no-tlsv…'"
        ),
        (
            "ssl-default-server-options no-tls-tickets",
            "28: warning: 'no-tls-tickets' has no effect: how sessions are resumed is the server's choice; 'no-ssl-reuse' resumes none"
        ),
        (
            "ssl-default-server-ciphersuites TLS_AES_128_GCM_SHA265",
            "33: error: ssl-default-server-ciphersuites 'TLS_AES_128_GCM_SHA265': must be cipher suites of TLS 1.3 with colons between them, such as TLS_AES_128_GCM_SHA256; did you mean 'TLS_AES_128_GCM_SHA256'?"
        ),
    ])
    func `what is wrong in the global section`(line: String, message: String) {
        #expect(diagnose("global\n\(line)\n" + proxy("")) == ["f:2:\(message)"])
    }

    @Test(arguments: [
        (
            "sni str(a.org),lower",
            "45: error: sni 'str(a.org),lower' is not supported as the name of a server; write str(NAME) for one that is the same for all clients, or ssl_fc_sni or req.ssl_sni for the one that each client asks for, fc_pp_authority for the one that a proxy before says, perhaps with ,lower, or var(NAME)"
        ),
        (
            "sni src",
            "45: error: sni 'src' is not supported as the name of a server; write str(NAME) for one that is the same for all clients, or ssl_fc_sni or req.ssl_sni for the one that each client asks for, fc_pp_authority for the one that a proxy before says, perhaps with ,lower, or var(NAME)"
        ),
        (
            "sni str(192.0.2.1)",
            "45: error: sni '192.0.2.1': must be a name such as www.example.org"
        ),
        ("sni str(::1)", "45: error: sni '::1': must be a name such as www.example.org"),
        (
            "sni",
            "41: error: 'sni' needs str(NAME), or what of a client is the name, such as ssl_fc_sni"
        ),
        (
            "alpn h2,,x",
            "46: error: alpn 'h2,,x': must be names separated by commas, such as h2,http/1.1"
        ),
        (
            "ciphers \"a b\"",
            "49: error: ciphers 'a b': must be OpenSSL's words with colons between them, such as ECDHE+AESGCM:!aNULL"
        ),
        (
            "ciphersuites AES128-SHA",
            "54: error: ciphersuites 'AES128-SHA': must be cipher suites of TLS 1.3 with colons between them, such as TLS_AES_128_GCM_SHA256"
        ),
        (
            "ssl-min-ver TLSv1.4",
            "53: error: ssl-min-ver 'TLSv1.4': must be TLSv1.0 or TLSv1.1 or TLSv1.2 or TLSv1.3"
        ),
        (
            "ssl-min-ver SSLv3",
            "53: error: ssl-min-ver 'SSLv3': SSL 3.0 is broken and not spoken; write TLSv1.2"
        ),
        (
            "force-sslv3",
            "41: error: 'force-sslv3': SSL 3.0 is broken and not spoken; write 'ssl-min-ver TLSv1.2'"
        ),
        (
            "ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2",
            "8: error: server 'b': its least version of TLS, TLSv1.3, is above its greatest, TLSv1.2"
        ),
        (
            "no-tlsv12",
            "8: error: server 'b': the versions of TLS that may be spoken have a gap; write 'ssl-min-ver' and 'ssl-max-ver' instead of 'no-tlsv…'"
        ),
        (
            "force-tlsv12 no-tlsv12",
            "8: error: server 'b': no version of TLS is left that may be spoken"
        ),
        (
            "no-tls-tickets",
            "41: warning: 'no-tls-tickets' has no effect: how sessions are resumed is the server's choice; 'no-ssl-reuse' resumes none"
        ),
        ("curves P-256", "41: warning: 'curves' is known but not implemented yet; it is ignored"),
        ("ciperhs a", "41: error: unknown server option 'ciperhs'; did you mean 'ciphers'?"),
    ])
    func `what is wrong or idle on a line`(words: String, message: String) {
        #expect(
            diagnose(proxy("server b 192.0.2.12:443 ssl verify none \(words)")) == [
                "f:7:\(message)"
            ])
    }

    @Test func `checks speak the versions that connections do`() throws {
        let loaded = load(
            "global\nssl-default-server-options ssl-max-ver TLSv1.3\n"
                + proxy(
                    """
                    server b 192.0.2.12:443 check ssl verify none ssl-min-ver TLSv1.3
                    server c 192.0.2.13:443 check check-ssl verify none force-tlsv12
                    server d 192.0.2.14:443 check ssl verify none
                    """))
        let checks = try #require(loaded.model, "\(loaded.diagnostics)").backends[0].servers
            .dropFirst().map { $0.check?.tls }
        #expect(checks.map { $0?.minimumVersion } == [.tlsv13, .tlsv12, nil])
        #expect(checks.map { $0?.maximumVersion } == [.tlsv13, .tlsv12, .tlsv13])
    }

    @Test(arguments: [
        ("sni str(a.org)", "sni", "without 'ssl'"),
        ("ciphers AES128-SHA", "ciphers", "without 'ssl'"),
        ("ciphersuites TLS_AES_128_GCM_SHA256", "ciphersuites", "without 'ssl'"),
        ("ssl-min-ver TLSv1.2", "ssl-min-ver", "without TLS; it begins with 'ssl' or 'check-ssl'"),
        ("force-tlsv12", "force-tlsv12", "without TLS; it begins with 'ssl' or 'check-ssl'"),
        ("no-tlsv10", "no-tlsv10", "without TLS; it begins with 'ssl' or 'check-ssl'"),
        ("no-ssl-reuse", "no-ssl-reuse", "without 'ssl'"),
        ("alpn h2", "alpn", "without TLS; it begins with 'ssl' or 'check-ssl'"),
        ("verify none", "verify", "without TLS; it begins with 'ssl' or 'check-ssl'"),
        ("verifyhost a.org", "verifyhost", "without TLS; it begins with 'ssl' or 'check-ssl'"),
    ])
    func `words without ssl are named`(words: String, name: String, reason: String) {
        #expect(
            diagnose(proxy("server b 192.0.2.12:443 \(words)")) == [
                "f:7:25: warning: '\(name)' has no effect \(reason)"
            ])
    }

    @Test(arguments: [
        "allow-0rtt", "renegotiate", "no-renegotiate", "sni-auto", "no-sni-auto", "curves P-256",
        "npn a", "sigalgs a", "client-sigalgs a",
    ])
    func `a word that is passed over takes none of the next ones with it`(words: String) throws {
        let text = proxy("server b 192.0.2.12:443 \(words) ssl verify none")
        let name = words.split(separator: " ")[0]
        #expect(
            diagnose(text) == [
                "f:7:25: warning: '\(name)' is known but not implemented yet; it is ignored"
            ])
        #expect(try server(text).tls != nil)
    }

    @Test func `a datagram has no TLS`() {
        #expect(
            diagnose(proxy("mode udp\nserver b 192.0.2.12:443 ssl verify none")) == [
                "f:8:8: error: server 'b': 'ssl' is for connections, not for mode udp: DTLS is not spoken; leave it out"
            ])
    }

    @Test func `native YAML says it in the same words`() throws {
        let text = """
            defaults:
              timeout: {client: 1m, server: 1m, connect: 5s}
            listen web 192.0.2.1:80:
              server:
                b: 192.0.2.12:443 ssl sni str(b.org) ssl-min-ver TLSv1.2 no-ssl-reuse
            """
        let tls = try #require(try server(text).tls)
        #expect(tls.serverName == "b.org")
        #expect(tls.parameters.minimumVersion == .tlsv12)
        #expect(!tls.resumesSessions)
        #expect(
            diagnose(text.replacing("ssl-min-ver", with: "ssl-mn-ver")) == [
                "f:5:42: error: unknown server option 'ssl-mn-ver'; did you mean 'ssl-min-ver'?"
            ])
    }
}

@Suite struct `Checks of servers with TLS` {
    @Test(arguments: [
        ("ssl check", true), ("ssl check no-check-ssl", false), ("ssl no-ssl check", false),
        // As haproxy: a check that goes elsewhere has the TLS that is its own.
        ("ssl check port 81", false), ("ssl check addr 192.0.2.13", false),
        ("ssl check port 81 check-ssl", true), ("check", false), ("check check-ssl", true),
    ])
    func `a check of the same port does what connections do`(words: String, isUsed: Bool) throws {
        let text = "global\nssl-server-verify none\n" + proxy("server b 192.0.2.12:443 \(words)")
        #expect(try server(text).check?.usesTLS == isUsed)
        #expect(diagnose(text) == [])
    }

    @Test func `a check has the protocols of connections, and a name of its own`() throws {
        func check(_ words: String) throws -> CheckTLS? {
            try server(proxy("server b 192.0.2.12:443 ssl check \(words)")).check?.tls
        }
        let own = try check("sni str(a.org) alpn h2")
        #expect(own?.applicationProtocols == ["h2"])
        #expect(own?.serverName == nil)
        #expect(own?.verification == .certificate)
        let named = try check("sni str(a.org) check-sni b.org alpn h2 check-alpn http/1.1")
        #expect(named?.applicationProtocols == ["http/1.1"])
        #expect(named?.serverName == "b.org")
        #expect(named?.verification == .certificateAndName)
        #expect(try check("verifyhost c.org")?.serverName == "c.org")
        #expect(try check("verify none")?.verification == CheckTLS.Verification.none)
    }

    @Test func `a check section's target has checks alone`() {
        let check = "check c\ntarget 192.0.2.9:443\ndefault-server ssl verify none"
        #expect(diagnose(check) == [])
        #expect(
            diagnose("\(check) sni str(a.org)") == [
                "f:3:32: warning: 'sni' has no effect in a check section"
            ])
    }
}
