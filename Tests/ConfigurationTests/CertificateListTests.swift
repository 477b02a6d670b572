import Foundation
import NodeConfiguration
import TLSOptions
import Testing

/// `crt-list`, and what else of TLS a line `bind` says of clients' certificates.
@Suite struct `Lists of certificates` {
    private let files: TLSFiles

    init() throws { files = try TLSFiles() }

    private func section(_ words: String, lines: String = "") -> String {
        """
        global
        ca-base \(files.folder)
        crt-base \(files.folder)
        listen a
        mode tcp
        bind 192.0.2.1:443 ssl \(words)
        timeout client 1m
        timeout server 1m
        timeout connect 1s
        server b 192.0.2.11:80
        \(lines)
        """
    }

    private func list(_ text: String, _ words: String = "") throws -> String {
        try files.write("list", text)
        return section("crt-list \(files.path("list")) \(words)")
    }

    private func tls(_ text: String) throws -> ListenerTLS {
        let loaded = load(text)
        let model = try #require(loaded.model, "\(loaded.diagnostics)")
        return try #require(model.frontends[0].listeners[0].tls)
    }

    // MARK: Lines

    @Test func `each option of a line has its place in the model`() throws {
        let tls = try tls(
            try list(
                """
                # the first one
                both.pem [alpn h2,http/1.1 verify optional ca-file authority.pem ciphers AES \
                ciphersuites TLS_AES_128_GCM_SHA256 curves P-256 ssl-min-ver TLSv1.2 \
                ssl-max-ver TLSv1.2 no-ca-names ca-verify-file authority.pem sigalgs RSA+SHA256 \
                client-sigalgs ECDSA+SHA256]

                both.pem[no-alpn]*.b.test !c.b.test\r
                both.pem [] d.test
                both.pem e.test
                """, "alpn h2"))
        var first = TLSHandshakeOptions<String>()
        first.parameters.applicationProtocols = ["h2", "http/1.1"]
        (first.verification, first.authorities) = (.optional, files.authority)
        (first.unsentAuthorities, first.sendsAuthorityNames) = (files.authority, false)
        (first.parameters.ciphers, first.parameters.cipherSuites) = (
            "AES", "TLS_AES_128_GCM_SHA256"
        )
        (first.parameters.groups, first.parameters.signatureAlgorithms) = ("P-256", "RSA+SHA256")
        first.parameters.clientSignatureAlgorithms = "ECDSA+SHA256"
        (first.parameters.minimumVersion, first.parameters.maximumVersion) = (.tlsv12, .tlsv12)
        var second = TLSHandshakeOptions<String>()
        second.parameters.applicationProtocols = []
        #expect(tls.certificates.map(\.handshake) == [first, second, .init(), .init()])
        #expect(
            tls.certificates.map(\.names) == [
                [], ["*.b.test", "!c.b.test"], ["d.test"], ["e.test"],
            ]
        )
        #expect(tls.handshake.parameters.applicationProtocols == ["h2"])
        #expect(tls.handshake.verification == .off)
        let handshakes = tls.certificates.map(tls.handshake(of:))
        #expect(handshakes[0].verification == .optional)
        #expect(handshakes[0].parameters.ciphers == "AES")
        #expect(handshakes[1].parameters.applicationProtocols == [])
        #expect(handshakes[2] == tls.handshake)
    }

    /// `true`: haproxy takes it, too; `nil`: only one of later versions does, or one that knows the word.
    @Test func `haproxy says the same of a line`() throws {
        let cases: [(line: String, words: String, isTaken: Bool, haproxys: Bool?)] = [
            ("both.pem [alpn h2] a.test", "", true, true),
            ("both.pem[alpn h2]a.test", "", true, true),
            ("both.pem [ alpn h2 ] a.test !b.test", "", true, true),
            ("both.pem [] a.test", "", true, true),
            ("both.pem [alpn a verify none alpn b]", "", true, true),
            ("both.pem * !* !*.a.test *.b.test", "", true, true),
            ("both.pem !a.test", "", true, true),
            ("both.pem [no-alpn]", "", true, nil),
            ("both.pem [sigalgs RSA+SHA256]", "", true, nil),
            ("both.pem [verify required ca-file authority.pem] a.test", "", true, true),
            ("both.pem [verify required] a.test", "ca-file authority.pem", true, true),
            ("both.pem [verify optional ca-verify-file authority.pem]", "", true, true),
            ("both.pem [verify none]", "verify required ca-file authority.pem", true, true),
            ("both.pem [ecdhe P-256 no-ca-names]", "", true, true),
            ("both.pem [ssl-min-ver TLSv1.3]", "ssl-max-ver TLSv1.3", true, true),
            ("both.pem [verify required] a.test", "", false, false),
            ("both.pem [ca-file authority.pem]", "verify required", false, false),
            ("both.pem [ssl-max-ver TLSv1.1]", "ssl-min-ver TLSv1.2", false, false),
            ("both.pem [ssl-max-ver TLSv1.1]", "", false, false),
            ("both.pem [ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2]", "", false, false),
            ("both.pem [force-tlsv12]", "", false, false),
            ("both.pem [strict-sni]", "", false, false),
            ("both.pem [alpn]", "", false, false),
            ("both.pem [verify]", "", false, false),
            ("both.pem alpn h2] a.test", "", false, false),
            ("both.pem [alpn h2] [verify none] a.test", "", false, false),
            ("[alpn h2] both.pem", "", false, false),
            // haproxy speaks on without the options.
            ("both.pem [alpn h2 a.test", "", false, true),
            ("both.pem a.test [alpn h2]", "", false, true),
            ("both.pem a.test # comment", "", false, true),
            ("both.pem [allow-0rtt]", "", false, true),
        ]
        for one in cases {
            let text = try list(one.line + "\n", one.words)
            #expect((load(text).model != nil) == one.isTaken, "\(one.line): \(diagnose(text))")
            guard let expected = one.haproxys else { continue }
            #expect(try files.isTakenByHAProxy(text) == expected, "haproxy, \(one.line)")
        }
    }

    @Test func `an error says which line, and what would be right`() throws {
        func found(_ line: String, _ words: String = "") throws -> String {
            // A long path is not shown whole.
            diagnose(try list("# one\n\(line)\n", words)).joined(separator: "\n")
                .replacing(/crt-list '.*', line/, with: "LIST, line")
        }
        let start = "f:6:33: error: LIST, line 2: "
        for line in ["both.pem [alpn h2 a.test", "both.pem x]", "both.pem [a] [b]"] {
            #expect(
                try found(line) == start
                    + "options stand once, between '[' and ']', as in 'PATH [alpn h2] NAME'")
        }
        for line in ["both.pem a.test [alpn h2]", "[alpn h2] both.pem"] {
            #expect(
                try found(line) == start
                    + "a path comes first, then options in brackets, then names")
        }
        #expect(
            try found("both.pem [strict-sni]") == start
                + "unknown option of a crt-list 'strict-sni'; there are alpn, ca-file, ciphers, crl-file, ssl-min-ver, verify and others of a 'bind' line"
        )
        #expect(
            try found("both.pem [allow-0rtt]").hasPrefix(start + "'allow-0rtt': what a client says")
        )
        #expect(
            try found("both.pem [verify required]")
                == "f:6:1: error: crt-list, line of 'both.pem': 'verify required' needs 'ca-file PATH', the authorities whose clients are let in"
        )
        #expect(
            try found("both.pem [ssl-max-ver TLSv1.1]")
                == "f:6:1: error: crt-list, line of 'both.pem': no version of TLS is left between the lowest and the highest one of its line and of 'bind'"
        )
        #expect(
            try found("both.pem !a.test")
                == "f:6:33: warning: LIST, line 2: names with '!' only take away from others of the line; without one of those the certificate is for no name"
        )
        #expect(
            try found("both.pem [ca-file @system-ca]").contains(
                "whoever pays one of its authorities would be let in"))
    }

    // MARK: Words of a line bind

    @Test func `what may be wrong with clients' certificates`() throws {
        let start = "crt both.pem verify optional ca-file authority.pem"
        let tls = try tls(section("\(start) crt-ignore-err 18,10,18 ca-ignore-err all"))
        #expect(tls.options.ignoredCertificateErrors == [10, 18])
        #expect(tls.options.ignoredAuthorityErrors == Array(1...94))
        for (words, isTaken) in [
            ("crt-ignore-err 10,18", true), ("ca-ignore-err all", true),
            ("crt-ignore-err 94", true),
            ("crt-ignore-err 0", false), ("crt-ignore-err 95", false), ("crt-ignore-err x", false),
            ("ca-ignore-err 10,", false), ("ca-verify-file authority.pem", true),
            ("no-ca-names", true), ("ca-verify-file /nowhere", false),
        ] {
            let text = section("\(start) \(words)")
            #expect((load(text).model != nil) == isTaken, "\(words)")
            #expect(try files.isTakenByHAProxy(text) == isTaken, "haproxy, \(words)")
        }
        #expect(
            diagnose(section("crt both.pem crt-ignore-err all")) == [
                "f:6:1: warning: 'crt-ignore-err' has no effect without 'verify': clients are asked for no certificate"
            ])
        #expect(
            diagnose(section("crt both.pem allow-0rtt")).last?.contains(
                "'allow-0rtt': what a client says before its handshake is over may be said again")
                == true)
        #expect(
            diagnose(section("crt both.pem ocsp-update on")).last?.contains(
                "'ocsp-update' is known but not implemented yet") == true)
    }

    @Test func `kinds of signatures, also for all lines`() throws {
        let own = try tls(section("crt both.pem sigalgs RSA-PSS+SHA256 client-sigalgs ed25519"))
        #expect(
            (
                own.handshake.parameters.signatureAlgorithms,
                own.handshake.parameters.clientSignatureAlgorithms
            ) == ("RSA-PSS+SHA256", "ed25519"))
        let global = """
            ssl-default-bind-sigalgs ECDSA+SHA256
            ssl-default-bind-client-sigalgs RSA+SHA256
            listen a
            """
        let text = section("crt both.pem sigalgs ed25519").replacing("listen a", with: global)
        let inherited = try tls(text)
        #expect(
            (
                inherited.handshake.parameters.signatureAlgorithms,
                inherited.handshake.parameters.clientSignatureAlgorithms
            ) == ("ed25519", "RSA+SHA256"))
        #expect(
            diagnose(section("crt both.pem sigalgs a/b")).last?.contains(
                "must be signatures with colons between them, such as ECDSA+SHA256:RSA-PSS+SHA256")
                == true)
    }

    // MARK: Samples of certificates

    @Test func `samples of certificates are asked in rules, keys and maps`() throws {
        func question(_ criterion: String) throws -> ConnectionQuestion? {
            let lines = "tcp-request session reject if { \(criterion) }"
            let loaded = load(section("crt both.pem", lines: lines))
            let model = try #require(loaded.model, "\(loaded.diagnostics)")
            return model.frontends[0].rules.session[0].condition.alternatives.joined().first?
                .questions.first
        }
        func text(
            _ text: TLSText.CertificateText, _ owner: TLSText.CertificateOwner = .client
        )
            -> TLSText
        { .certificate(text, of: owner) }
        var last = TLSText.NamePart(kind: "ou")
        last.occurrence = -1
        let x = [NameMatch(.exact, "x")]
        for (sample, expected) in [
            ("ssl_c_s_dn", text(.subject(nil))), ("ssl_c_s_dn()", text(.subject(nil))),
            ("ssl_c_s_dn(O)", text(.subject(.init(kind: "o")))),
            ("ssl_c_i_dn(OU,-1)", text(.issuer(last))),
            ("ssl_f_i_dn", text(.issuer(nil), .listener)),
            ("ssl_c_serial,hex", text(.serialNumber(inDigits: true))),
            ("ssl_c_sha1,hex,lower", text(.digest(inDigits: true))),
            ("ssl_c_notafter", text(.end)), ("ssl_f_notbefore", text(.start, .listener)),
            ("ssl_c_key_alg", text(.keyAlgorithm)),
            ("ssl_f_sig_alg", text(.signatureAlgorithm, .listener)),
            ("ssl_fc_session_id,hex", .sessionID(inDigits: true)),
        ] {
            var match = x
            match[0].ignoresCase = sample.hasSuffix(",lower")
            #expect(try question("\(sample) x") == .tlsText(expected, match), "\(sample)")
            let lines = "tcp-request session reject if { \(sample) x }"
            #expect(
                try files.isTakenByHAProxy(section("crt both.pem", lines: lines)), "\(sample)")
        }
        var bytes = NameMatch(.binary, "0aFF")
        bytes.bytes = [0x0A, 0xFF]
        let digest = text(.digest(inDigits: false))
        #expect(try question("ssl_c_sha1 0aFF") == .tlsText(digest, [bytes]))
        #expect(try question("ssl_c_err 10") == .tlsNumber(.certificateError, [10...10]))
        #expect(try question("ssl_c_ca_err") == .tlsNumber(.authorityError, [1...Int.max]))
        try files.write("map", "/CN=x b\n")
        let model = try #require(
            load(
                section(
                    "crt both.pem",
                    lines: """
                        stick-table type string len 64 size 10
                        stick on ssl_c_serial,hex,lower
                        use_backend %[ssl_c_s_dn,map(\(files.path("map")))]
                        """)
            ).model)
        #expect(
            model.backends[0].stickRules[0].key
                == .converted(.tlsText(text(.serialNumber(inDigits: true))), .lower))
        #expect(model.backends[0].stickRules[0].key.name == "ssl_c_serial,hex,lower")
        for sample in [
            "ssl_c_s_dn(o)", "ssl_f_i_dn(ou,-2)", "ssl_c_sha1,hex", "ssl_c_notafter",
            "ssl_c_key_alg", "ssl_c_sig_alg",
        ] {
            guard case .tlsText(let text, _) = try question("\(sample) -m found") else {
                Issue.record("\(sample)")
                continue
            }
            #expect(text.sampleName == sample)
        }
    }

    @Test func `what of a certificate is not told`() {
        for (criterion, message) in [
            (
                "ssl_c_s_dn(cn,0) x",
                "'ssl_c_s_dn(cn,0)' is not offered; ssl_c_s_dn, ssl_c_s_dn(cn) and the last one of a kind, ssl_c_s_dn(ou,-1), are"
            ),
            (
                "ssl_c_i_dn(,,rfc2253) x",
                "'ssl_c_i_dn(,,rfc2253)' is not offered; ssl_c_i_dn, ssl_c_i_dn(cn) and the last one of a kind, ssl_c_i_dn(ou,-1), are"
            ),
        ] {
            #expect(
                diagnose(
                    section("crt both.pem", lines: "tcp-request session reject if { \(criterion) }")
                )
                .last?.hasSuffix("the criterion " + message) == true)
        }
    }
}
