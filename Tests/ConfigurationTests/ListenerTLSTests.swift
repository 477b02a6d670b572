import Foundation
import NodeConfiguration
import TLSOptions
import Testing

@Suite struct `TLS of clients` {
    private let files: TLSFiles

    init() throws { files = try TLSFiles() }

    /// A section whose line `bind`, the fifth, says words about TLS.
    private func section(_ words: String, lines: String = "", global: String = "") -> String {
        """
        global
        \(global)
        listen a
        mode tcp
        bind 192.0.2.1:443 \(words)
        timeout client 1m
        timeout server 1m
        timeout connect 1s
        server b 192.0.2.11:80
        \(lines)
        """
    }

    private func tls(_ words: String, global: String = "") throws -> ListenerTLS? {
        let loaded = load(section(words, global: global))
        let model = try #require(loaded.model, "\(loaded.diagnostics)")
        return model.frontends[0].listeners[0].tls
    }

    private func own(_ adjust: (inout ListenerTLS) -> Void) -> ListenerTLS {
        var tls = ListenerTLS()
        tls.certificates = [.init(path: files.both)]
        adjust(&tls)
        return tls
    }

    // MARK: Words

    @Test func `every word has its place in the model`() throws {
        let start = "ssl crt \(files.both)"
        #expect(try tls("") == nil)
        #expect(try tls(start) == own { _ in })
        let expected = own {
            $0.options.isStrictSNI = true
            ($0.handshake.verification, $0.handshake.authorities) = (.optional, files.authority)
            $0.handshake.parameters.applicationProtocols = ["h2", "http/1.1"]
            $0.handshake.parameters.ciphers = "ECDHE+AESGCM"
            $0.handshake.parameters.cipherSuites = "TLS_AES_128_GCM_SHA256"
            $0.handshake.parameters.groups = "X25519:P-256"
            ($0.handshake.parameters.minimumVersion, $0.handshake.parameters.maximumVersion) = (
                .tlsv12, .tlsv13
            )
            $0.options.prefersClientCiphers = true
            $0.options.issuesTickets = false
        }
        #expect(
            try tls(
                """
                \(start) strict-sni verify optional ca-file \(files.authority) alpn h2,http/1.1 \
                ciphers ECDHE+AESGCM ciphersuites TLS_AES_128_GCM_SHA256 curves X25519:P-256 \
                ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3 prefer-client-ciphers no-tls-tickets
                """) == expected)
        #expect(try tls("\(start) ecdhe P-256") == own { $0.handshake.parameters.groups = "P-256" })
        #expect(
            try tls("\(start) force-tlsv12")
                == own {
                    (
                        $0.handshake.parameters.minimumVersion,
                        $0.handshake.parameters.maximumVersion
                    ) = (.tlsv12, .tlsv12)
                })
        #expect(try tls("\(start) alpn h2 no-alpn") == own { _ in })
        #expect(
            try tls("\(start) ca-file \(files.authority) verify required")
                == own {
                    ($0.handshake.verification, $0.handshake.authorities) = (
                        .required, files.authority
                    )
                })
    }

    @Test func `the global section says it for the lines after it`() throws {
        let global = """
            crt-base \(files.folder)
            ca-base \(files.folder)
            ssl-default-bind-ciphers AES
            ssl-default-bind-ciphersuites TLS_AES_256_GCM_SHA384
            ssl-default-bind-curves P-384
            ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets prefer-client-ciphers strict-sni
            """
        let inherited = own {
            (
                $0.handshake.parameters.ciphers, $0.handshake.parameters.cipherSuites,
                $0.handshake.parameters.groups
            ) = ("AES", "TLS_AES_256_GCM_SHA384", "P-384")
            $0.handshake.parameters.minimumVersion = .tlsv13
            $0.options.issuesTickets = false
            ($0.options.prefersClientCiphers, $0.options.isStrictSNI) = (true, true)
        }
        #expect(try tls("ssl crt both.pem", global: global) == inherited)
        var ownWords = inherited
        ownWords.handshake.parameters.ciphers = "CHACHA20"
        ownWords.handshake.parameters.groups = "P-256"
        ownWords.handshake.parameters.minimumVersion = .tlsv12
        ownWords.options.issuesTickets = true
        ownWords.options.isStrictSNI = false
        (ownWords.handshake.verification, ownWords.handshake.authorities) = (
            .required, files.authority
        )
        #expect(
            try tls(
                "ssl crt both.pem ciphers CHACHA20 curves P-256 ssl-min-ver TLSv1.2 tls-tickets"
                    + " no-strict-sni verify required ca-file authority.pem", global: global)
                == ownWords)
    }

    /// Debian's haproxy, of version 2.6, knows neither `default-crt` nor `no-strict-sni`.
    @Test func `haproxy takes the same words`() throws {
        let start = "ssl crt \(files.both)"
        for words in [
            start, "\(start) strict-sni alpn h2,http/1.1 no-tls-tickets prefer-client-ciphers",
            "\(start) verify required ca-file \(files.authority)",
            "\(start) verify optional ca-file \(files.authority) ciphers AES curves X25519:P-256",
            "\(start) ecdhe prime256v1 ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3 no-sslv3",
            "\(start) force-tlsv12", "crt \(files.both) ssl",
        ] {
            #expect(diagnose(section(words)) == [], "\(words)")
            #expect(try files.isTakenByHAProxy(section(words)), "\(words)")
        }
        for words in [
            "ssl", "ssl crt /nowhere", "\(start) verify required", "\(start) verify sometimes",
            "\(start) ssl-min-ver TLSv9", "ssl crt \(files.authority)",
            "\(start) verify required ca-file /nowhere",
        ] {
            #expect(load(section(words)).model == nil, "\(words)")
            #expect(try !files.isTakenByHAProxy(section(words)), "\(words)")
        }
    }

    // MARK: Files

    @Test func `what is in the files stands in the model, and never in what is printed`() throws {
        let text = section(
            "ssl crt \(files.both) verify required ca-file \(files.authority)")
        let model = try #require(load(text).model)
        #expect(model.certificates == [files.both: Array(try files.text("both.pem").utf8)])
        #expect(model.authorities == [files.authority: Array(try files.text("authority.pem").utf8)])
        #expect(try Model(decoding: try model.encoded()) == model)
        let file = InputFile(name: "f", bytes: Array(text.utf8))
        let written = try #require(ConfigurationLoader().convert([file]).text)
        #expect(written.contains("crt \(files.both)"))
        #expect(!written.contains("PRIVATE"))
    }

    @Test func `a directory, a list and the kinds of one name are several certificates`() throws {
        let both = try files.text("both.pem")
        let folder = files.path("several")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        for name in ["b.pem", "a.pem", ".hidden"] { try files.write("several/\(name)", both) }
        try files.write("several/c.pem", try files.text("authority.pem"))
        try files.write("several/c.pem.key", try files.text("key.pem"))
        try files.write("several/c.pem.ocsp", "x")
        try FileManager.default.createDirectory(
            atPath: "\(folder)/old", withIntermediateDirectories: true)
        func paths(_ words: String) throws -> [String]? {
            try tls("ssl \(words)")?.certificates.map(\.path)
        }
        let all = ["a.pem", "b.pem", "c.pem"].map { "\(folder)/\($0)" }
        #expect(try paths("crt \(folder)") == all)
        #expect(try paths("crt \(files.both) crt \(all[1])") == [files.both, all[1]])
        #expect(try paths("crt \(files.both) default-crt \(all[1])") == [all[1], files.both])
        try files.write("site.rsa", both)
        try files.write("site.ecdsa", both)
        let site = files.path("site")
        #expect(try paths("crt \(site)") == ["\(site).rsa", "\(site).ecdsa"])
        try files.write(
            "list", "# a comment\n\n\(all[0]) a.test *.b.test\n\(all[1])\n")
        #expect(
            try tls("ssl crt-list \(files.path("list"))")?.certificates == [
                .init(path: all[0], names: ["a.test", "*.b.test"]), .init(path: all[1]),
            ])
    }

    @Test func `revoked certificates are looked at`() throws {
        try files.write("revoked.pem", "-----BEGIN X509 CRL-----\nMA==\n-----END X509 CRL-----\n")
        let words =
            "ssl crt \(files.both) verify required ca-file \(files.authority)"
            + " crl-file \(files.path("revoked.pem"))"
        let model = try #require(load(section(words)).model)
        #expect(model.frontends[0].listeners[0].tls?.handshake.revocationLists != nil)
        #expect(model.revocationLists.count == 1)
        #expect(
            diagnose(section("ssl crt \(files.both) crl-file \(files.path("revoked.pem"))")) == [
                "f:5:1: warning: 'crl-file' has no effect without 'verify': clients are asked for no certificate"
            ])
    }

    @Test func `keys of tickets are read, and not printed`() throws {
        let key = Data((0..<48).map { UInt8($0) }).base64EncodedString()
        let long = Data((0..<80).map { UInt8($0) }).base64EncodedString()
        let path = files.path("tickets")
        let words = "ssl crt \(files.both) tls-ticket-keys \(path)"
        try files.write("tickets", "\(key)\n\(key)\n\(long)\n")
        let model = try #require(load(section(words)).model)
        #expect(model.frontends[0].listeners[0].tls?.ticketKeysPath == path)
        #expect(model.ticketKeys[path]?.map(\.count) == [48, 48, 80])
        #expect(model.ticketKeys[path]?[0] == Array(0..<48))
        let file = InputFile(name: "f", bytes: Array(section(words).utf8))
        let written = try #require(ConfigurationLoader().convert([file]).text)
        #expect(written.contains(path) && !written.contains(key))
        #expect(try Model(decoding: try model.encoded()) == model)
        for text in [
            "\(key)\n\(key)\n", "\(key)\n\(key)\nabc=\n", "\(key)\n\(key)\n\(key.dropLast(4))\n",
        ] {
            try files.write("tickets", text)
            #expect(load(section(words)).model == nil)
        }
        try files.write("tickets", "\(key)\n\(key)\n\(key)\n")
        #expect(try files.isTakenByHAProxy(section(words)))
        try files.write("tickets", "\(key)\n\(key)\n")
        #expect(try !files.isTakenByHAProxy(section(words)))
    }

    @Test func `an error says where, what and what would be right`() throws {
        func found(_ words: String) -> [String] { diagnose(section(words)) }
        let start = "ssl crt \(files.both)"
        #expect(
            found("ssl") == [
                "f:5:1: error: 'ssl' needs a certificate: add 'crt PATH', a file with the certificate, its chain and its key"
            ])
        #expect(
            found("\(start) verify required") == [
                "f:5:1: error: 'verify required' needs 'ca-file PATH', the authorities whose clients are let in"
            ])
        #expect(found("ssl crt /nowhere") == ["f:5:28: error: crt '/nowhere': no such file"])
        #expect(
            found("crt \(files.both)") == [
                "f:5:1: warning: without 'ssl' the line's other words about TLS have no effect: clients' TLS passes through to the servers"
            ])
        #expect(
            found("\(start) no-tlsv12 no-tlsv13 no-tlsv11 no-tlsv10") == [
                "f:5:1: error: this 'bind': no version of TLS is left that may be spoken"
            ])
        #expect(
            found("\(start) no-tlsv12 no-tlsv13") == [
                "f:5:1: error: this 'bind': no version of TLS is left that may be spoken; older ones need 'ssl-min-ver'"
            ])
        #expect(
            found("\(start) ssl-max-ver TLSv1.1") == [
                "f:5:1: warning: 'ssl-max-ver TLSv1.1' without 'ssl-min-ver': nothing but this version is spoken, which is broken"
            ])
        #expect(found("\(start) ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1") == [])
        #expect(
            found("\(start) curves P@").last?.contains(
                "curves 'P@': must be curves with colons between them, such as X25519:P-256")
                == true)
        let list = files.path("list")
        try files.write("list", "\(files.both) a/b\n")
        #expect(
            found("ssl crt-list \(list)")[0].hasSuffix(
                "', line 1: 'a/b' must be a name such as www.example.org or *.example.org, perhaps with '!' before it"
            ))
        try files.write("list", "# none\n")
        #expect(found("ssl crt-list \(list)")[0].hasSuffix("': has no line"))
        try FileManager.default.createDirectory(
            atPath: files.path("empty"), withIntermediateDirectories: true)
        #expect(
            found("ssl crt \(files.path("empty"))")[0].hasSuffix(
                "': has no file of a certificate in it"))
        #expect(
            found("\(start) verify required ca-file \(files.authority) crl-file \(files.both)")
                .last?.contains("must hold lists of revoked certificates in PEM form") == true)
        #expect(
            found("\(start) verify required ca-file @system-ca").last?.contains(
                "whoever pays one of its authorities would be let in") == true)
        #expect(found("\(start) generate-certificates").last?.contains("error") == true)
    }

    @Test func `only connections of clients have it`() {
        let start = "ssl crt \(files.both)"
        #expect(
            diagnose(section(start).replacing("mode tcp", with: "mode udp")).contains(
                "f:5:6: error: 'ssl' is for connections, not for mode udp"))
    }

    @Test func `a statistics page has it, but for what its library lacks`() throws {
        try files.write("revoked.pem", "-----BEGIN X509 CRL-----\nMA==\n-----END X509 CRL-----\n")
        func page(_ words: String) -> String {
            "frontend p\nbind 127.0.0.1:8404 ssl crt \(files.both) \(words)\nmode http\nstats enable\n"
        }
        let verified = "verify required ca-file \(files.authority)"
        let model = try #require(
            load(page("\(verified) alpn h2,http/1.1 ssl-min-ver TLSv1.3"))
                .model)
        let tls = try #require(model.statisticsPages[0].listeners[0].tls)
        #expect(tls.certificates.map(\.path) == [files.both])
        #expect(tls.handshake.verification == .required)
        #expect(model.certificates.keys.sorted() == [files.both])
        #expect(model.authorities.keys.sorted() == [files.authority])
        #expect(
            diagnose(page("\(verified) crl-file \(files.path("revoked.pem"))")) == [
                "f:2:6: error: 'crl-file' is not offered for a statistics page, which would let in whose certificate was revoked"
            ])
        func idle(_ words: String...) -> [String] {
            let all = words.map { "'\($0)'" }.joined(separator: ", ")
            return ["f:2:6: warning: without effect on a statistics page: \(all)"]
        }
        #expect(
            diagnose(page("strict-sni curves P-256 ciphers AES128-SHA"))
                == idle("ciphers", "curves", "strict-sni"))
        #expect(
            diagnose(
                page("\(verified) crt-ignore-err all ca-ignore-err 10 no-ca-names alpn http/1.1"))
                == idle("alpn", "ca-ignore-err", "crt-ignore-err"))
        #expect(
            diagnose(
                page(
                    "sigalgs RSA-PSS+SHA256 client-sigalgs RSA-PSS+SHA256 no-tls-tickets"
                        + " prefer-client-ciphers ciphersuites TLS_AES_128_GCM_SHA256"))
                == idle(
                    "ciphersuites", "client-sigalgs", "no-tls-tickets", "prefer-client-ciphers",
                    "sigalgs"))
        // A list's words are no others.
        let line = "\(files.both) [crl-file \(files.path("revoked.pem")) curves P-256]\n"
        try files.write("list", line)
        #expect(
            diagnose(
                page("").replacing("crt \(files.both)", with: "crt-list \(files.path("list"))"))
                == [
                    "f:2:6: error: 'crl-file' is not offered for a statistics page, which would let in whose certificate was revoked",
                    "f:2:6: warning: without effect on a statistics page: 'curves'",
                ])
        #expect(
            diagnose(page("crt \(files.both)")) == [
                "f:2:6: warning: a statistics page shows one certificate, whoever is asked for: the first"
            ])
    }

    // MARK: What rules ask

    @Test func `samples are asked in rules and keys`() throws {
        let loaded = load(
            section(
                "ssl crt \(files.both)",
                lines: """
                    acl good ssl_fc_sni -i -m end .test
                    tcp-request session reject unless good
                    tcp-request session reject if { ssl_fc_protocol,lower -m str tlsv1.2 } { ssl_fc 1 }
                    tcp-request content reject if !{ ssl_c_used } || { ssl_c_verify gt 0 }
                    tcp-request session reject if { ssl_c_s_dn(CN) -m beg a } { ssl_c_i_dn(cn) b }
                    stick-table type string size 10
                    stick on ssl_fc_sni,lower
                    """))
        let model = try #require(loaded.model, "\(loaded.diagnostics)")
        #expect(loaded.diagnostics == [])
        let rules = model.frontends[0].rules
        let questions = (rules.session + rules.content).map {
            $0.condition.alternatives.joined().flatMap(\.questions)
        }
        #expect(
            questions[0] == [
                .tlsText(.serverName, [NameMatch(.end, ".test", ignoresCase: true)])
            ])
        #expect(
            questions[1] == [
                .tlsText(.version, [NameMatch(.exact, "tlsv1.2", ignoresCase: true)]),
                .tlsNumber(.isSecured, [1...1]),
            ])
        #expect(
            questions[3] == [
                .tlsNumber(.usesCertificate, [1...Int.max]),
                .tlsNumber(.verification, [1...Int.max]),
            ])
        #expect(
            questions[2] == [
                .tlsText(
                    .certificate(.subject(.init(kind: "cn")), of: .client),
                    [NameMatch(.beginning, "a")]),
                .tlsText(
                    .certificate(.issuer(.init(kind: "cn")), of: .client), [NameMatch(.exact, "b")]),
            ])
        #expect(
            model.backends[0].stickRules[0].key == .converted(.tlsText(.serverName), .lower))
        #expect(
            diagnose(section("", lines: "stick-table type ip size 10\nstick on ssl_fc_sni")).last?
                .contains("string or binary") == true)
    }

    @Test func `a sample has older names`() throws {
        func found(_ criterion: String) throws -> [ConnectionQuestion] {
            let lines = "tcp-request session reject if { \(criterion) }"
            let model = try #require(load(section("ssl crt \(files.both)", lines: lines)).model)
            return model.frontends[0].rules.session[0].condition.alternatives.joined().flatMap(
                \.questions)
        }
        #expect(
            try found("ssl_fc_sni_end .test")
                == [.tlsText(.serverName, [NameMatch(.end, ".test")])])
        #expect(
            try found("ssl_fc_sni_reg ^a") == [
                .tlsText(.serverName, [NameMatch(.expression, "^a")])
            ]
        )
    }

    @Test func `before the handshake nothing is known of it`() {
        #expect(
            diagnose(
                section(
                    "ssl crt \(files.both)",
                    lines: "tcp-request connection reject if { ssl_fc_sni a }"))
                == [
                    "f:10:13: error: 'tcp-request connection' comes before the client's TLS handshake; use 'tcp-request session'"
                ])
    }

    @Test func `a rule that asks for TLS behind that is warned of`() {
        let lines = "use_backend a if { req.ssl_sni a }\ntcp-request inspect-delay 1s"
        let warning =
            "f:3:8: warning: 'a' ends its clients' TLS, and a rule asks for TLS behind that (req.ssl_…); of what has ended here tell ssl_fc_sni, ssl_fc_alpn and their like"
        #expect(diagnose(section("ssl crt \(files.both)", lines: lines)).contains(warning))
        #expect(!diagnose(section("", lines: lines)).contains(warning))
        let mixed = "\(lines)\nbind 192.0.2.1:444"
        #expect(!diagnose(section("ssl crt \(files.both)", lines: mixed)).contains(warning))
    }

    @Test func `servers are told of it in their header`() throws {
        func security(_ words: String) throws -> HeaderSecurity? {
            let model = try #require(load(proxy("server b 192.0.2.12:80 \(words)")).model)
            #expect(model.backends[0].servers[1].connection.header == .versionTwo)
            return model.backends[0].servers[1].connection.headerSecurity
        }
        var told = HeaderSecurity()
        #expect(try security("send-proxy-v2") == nil)
        #expect(try security("send-proxy-v2-ssl") == told)
        #expect(try security("send-proxy-v2 proxy-v2-options ssl") == told)
        told.hasCommonName = true
        #expect(try security("send-proxy-v2-ssl-cn") == told)
        told.hasCipher = true
        #expect(try security("send-proxy-v2 proxy-v2-options cert-cn,ssl-cipher") == told)
    }

    @Test func `timeout client-hs bounds a handshake`() throws {
        func timeout(_ line: String) throws -> Duration? {
            try #require(load(section("", lines: line)).model).frontends[0].limits.handshakeTimeout
        }
        #expect(try timeout("") == nil)
        #expect(try timeout("timeout client-hs 5s") == .seconds(5))
        #expect(try timeout("timeout client-hs 0") == nil)
    }
}
