import NodeConfiguration
import Testing

/// What clients' PROXY headers say besides addresses: `fc_pp_authority`, `fc_pp_unique_id`, `fc_pp_tlv`.
@Suite struct `Samples of PROXY headers` {
    private func file(_ lines: String) -> String {
        """
        listen web
        bind 192.0.2.1:80 accept-proxy
        timeout client 1m
        timeout server 1m
        timeout connect 5s
        log 192.0.2.9 local0
        \(lines)
        server a 192.0.2.11:80

        """
    }

    private func frontend(_ lines: String) throws -> Frontend {
        let loaded = load(file(lines), as: .haproxy)
        #expect(loaded.diagnostics.isEmpty, "\(loaded.diagnostics)")
        return try #require(loaded.model).frontends[0]
    }

    private func question(_ criterion: String) throws -> ConnectionQuestion? {
        try frontend("tcp-request session reject if { \(criterion) }").rules.session[0].condition
            .alternatives.joined().first?.questions.first
    }

    @Test func `rules ask for them`() throws {
        #expect(
            try question("fc_pp_authority -i -m end .org")
                == .headerText(2, [NameMatch(.end, ".org", ignoresCase: true)]))
        #expect(try question("fc_pp_authority -m found") == .headerText(2, [NameMatch(.found, "")]))
        #expect(
            try question("fc_pp_unique_id,lower a")
                == .headerText(5, [NameMatch(.exact, "a", ignoresCase: true)]))
        for (word, type) in [("0xEA", 234), ("234", 234), ("0", 0), ("255", 255), ("NETNS", 48)] {
            #expect(
                try question("fc_pp_tlv(\(word)) a")
                    == .headerText(UInt8(type), [NameMatch(.exact, "a")]))
        }
    }

    @Test func `servers are told them`() throws {
        let loaded = load(
            file(
                """
                tcp-request session set-var(sess.id) fc_pp_unique_id
                default-server send-proxy-v2 set-proxy-v2-tlv-fmt(0xEA) "two words"
                server b 192.0.2.12:80 set-proxy-v2-tlv-fmt(5) %[var(sess.id)] set-proxy-v2-tlv-fmt(0XEb) %[src]
                """), as: .haproxy)
        #expect(loaded.diagnostics.map(\.description) == [])
        let servers = try #require(loaded.model?.backends.first).servers
        let words = HeaderExtension(type: 234, value: .text("two words"))
        #expect(servers[1].connection.headerExtensions == [words])
        let name = try #require(loaded.model?.variableNames.first)
        #expect(
            servers[0].connection.headerExtensions == [
                words, .init(type: 5, value: .variable(name)),
                .init(type: 235, value: .key(.source)),
            ])
    }

    @Test(arguments: [
        (
            "send-proxy-v2 set-proxy-v2-tlv-fmt(256) x",
            "f:7:38: error: 'set-proxy-v2-tlv-fmt(256)': needs the type of an extension, 0 to 255, as in set-proxy-v2-tlv-fmt(0xEA)"
        ),
        (
            "send-proxy-v2 set-proxy-v2-tlv-fmt x",
            "f:7:38: error: 'set-proxy-v2-tlv-fmt': needs the type of an extension, 0 to 255, as in set-proxy-v2-tlv-fmt(0xEA)"
        ),
        (
            "send-proxy-v2 set-proxy-v2-tlv-fmt(1) a%[src]",
            "f:7:62: error: set-proxy-v2-tlv-fmt(1) 'a%[src]': must be a text without a percent sign, or one sample, such as %[fc_pp_tlv(0xEA)]"
        ),
        (
            "send-proxy-v2 set-proxy-v2-tlv-fmt(1) %[src]%[dst]",
            "f:7:62: error: set-proxy-v2-tlv-fmt(1) '%[src]%[dst]': must be a text without a percent sign, or one sample, such as %[fc_pp_tlv(0xEA)]"
        ),
        (
            "send-proxy-v2 set-proxy-v2-tlv-fmt(1) %[req.ssl_sni]",
            "f:7:62: error: set-proxy-v2-tlv-fmt(1) '%[req.ssl_sni]': what a client says first may not have come by then; set a variable by 'tcp-request content set-var', and write %[var(NAME)]"
        ),
        (
            "send-proxy-v2 set-proxy-v2-tlv-fmt(1) %[var(sess.x)]",
            "f:7:8: warning: 'sess.x' has no value: no 'set-var(sess.x)' sets it"
        ),
        (
            "set-proxy-v2-tlv-fmt(1) x",
            "f:7:24: warning: 'set-proxy-v2-tlv-fmt' has no effect without 'send-proxy-v2'"
        ),
    ])
    func `what servers can't be told`(words: String, message: String) {
        #expect(
            load(file("server b 192.0.2.12:80 \(words)"), as: .haproxy).diagnostics
                .map(\.description) == [message])
    }

    @Test func `a header has so many texts at most`() {
        let words = String(repeating: " set-proxy-v2-tlv-fmt(1) x", count: 17)
        #expect(
            load(file("server b 192.0.2.12:80 send-proxy-v2\(words)"), as: .haproxy).diagnostics
                .map(\.description) == [
                    "f:7:454: error: 'set-proxy-v2-tlv-fmt(1)': a header has 16 of these at most"
                ])
    }

    @Test func `keys, variables and lines have them`() throws {
        let own = try frontend(
            """
            stick-table type string len 64 size 1k expire 1m
            stick on fc_pp_authority,lower
            tcp-request session set-var(sess.id) fc_pp_unique_id
            use_backend web if { var(sess.id) -m found }
            log-format "%{+Q}[fc_pp_authority] %[fc_pp_tlv(5)]"
            """)
        #expect(
            own.log.format == [
                .headerText(2, isQuoted: true), .text(" "), .headerText(5, isQuoted: false),
            ])
        let key = ConnectionKeyName.converted(.headerText(2), .lower)
        #expect(key.name == "fc_pp_authority,lower")
        #expect(ConnectionKeyName.headerText(234).name == "fc_pp_tlv(234)")
    }

    @Test(arguments: [
        (
            "acl a fc_pp_tlv(256) x",
            "7:7: error: 'fc_pp_tlv(256)': needs the type of an extension, a number of 0 to 255 such as 0xEA, or ALPN, AUTHORITY, CRC32C, NETNS, NOOP, SSL or UNIQUE_ID"
        ),
        ("acl a fc_pp_tlv x", "7:7: error: 'fc_pp_tlv': needs the type of an extension"),
        ("acl a fc_pp_tlv(-1) x", "7:7: error: 'fc_pp_tlv(-1)': needs the type"),
        ("log-format %[fc_pp_tlv(0x)]", "'fc_pp_tlv(0x)': needs the type"),
        (
            "log-format %[fc_pp_tlv(1)]%[fc_pp_authority]\nlog-format-sd %[fc_pp_tlv(9)]",
            "error: lines of 'web' tell fc_pp_tlv(1), fc_pp_authority, fc_pp_tlv(9) of PROXY headers; they may tell 2 of them"
        ),
        (
            "unique-id-format %[fc_pp_authority]",
            "'%[fc_pp_authority]' is not the same from the beginning of a connection to its end"
        ),
        ("acl a fc_pp_authority,hex x", "has the converter 'hex', which is not offered"),
        (
            "stick-table type ip size 1k\nstick on fc_pp_authority",
            "stick 'web': fc_pp_authority needs a table of type string or binary"
        ),
    ])
    func `what is wrong`(lines: String, message: String) {
        let found = load(file(lines), as: .haproxy).diagnostics.map(\.description)
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }
}
