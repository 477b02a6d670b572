import Testing
import VRRPCore

@testable import NodeConfiguration

/// `use_backend %[…]`: haproxy's configuration manual, `use_backend` and section 7.3.1.
@Suite struct `Backends that a sample names` {
    private func file(_ lines: String) -> String {
        """
        defaults
        timeout client 1m
        timeout server 1m
        timeout connect 5s
        backend web_a
        server a 192.0.2.11:80
        backend web_b
        server a 192.0.2.12:80
        backend udp_c
        mode udp
        server a 192.0.2.13:53
        frontend in
        bind 192.0.2.1:80
        tcp-request inspect-delay 5s
        \(lines)
        """
    }

    private func rules(_ lines: String) throws -> [BackendRule] {
        let loaded = load(file(lines))
        #expect(loaded.diagnostics.map(\.description) == [])
        return try #require(loaded.model?.frontends.first?.rules.backends)
    }

    @Test func `every backend whose name can come out is known, and no other`() throws {
        let rules = try rules(
            """
            use_backend web_%[req.ssl_sni,lower]
            use_backend %[dst_port]_b if { src ::1 }
            use_backend web_b
            """)
        var table = BackendTable(key: .converted(.serverName, .lower))
        table.entries = ["a", "b"].map {
            .init(.text(NameMatch(.exact, $0)), backendName: "web_\($0)")
        }
        #expect(rules[0] == BackendRule(.looked(table), condition: RuleCondition()))
        #expect(rules[1].backendNames == ["web_b"])
        #expect(rules[2].target == .named("web_b"))
    }

    @Test func `who says nothing goes where the text around the sample leads`() throws {
        let rules = try rules("use_backend web%[req.ssl_sni]_a")
        var table = BackendTable(key: .serverName)
        // No client says a text that is empty, and is looked up by it.
        table.absentName = "web_a"
        #expect(rules[0] == BackendRule(.looked(table), condition: RuleCondition()))
    }

    @Test func `a frontend may have no other backends`() throws {
        let loaded = load(file("use_backend web_%[req.ssl_sni]"))
        let frontend = try #require(loaded.model?.frontends.first)
        #expect(frontend.backendName == "web_a" && frontend.rules.refusesOthers)
    }

    @Test func `a map's lines have their places, and the backends of their values`() throws {
        let path = InputFileFixture.freePath()
        try InputFileFixture.write(
            "# hosts\nx.example a\n  long.x.example \t b \n\nnone\nx.example b\n", to: path)
        defer { InputFileFixture.remove(path) }
        let text = file("use_backend web_%[req.ssl_sni,map_beg(\(path),b)]\ndefault_backend web_a")
        let loaded = load(text)
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f:15:13: warning: use_backend: 1 of the lines of \(path) name no backend that there is,"
                    + " the first is '' in line 5: such clients go to 'web_a'"
            ])
        let rule = try #require(loaded.model?.frontends.first?.rules.backends.first)
        guard case .looked(let table) = rule.target else {
            Issue.record("\(rule)")
            return
        }
        let expected: [(String, String?)] = [
            ("x.example", "web_a"), ("long.x.example", "web_b"), ("none", nil),
            ("x.example", "web_b"),
        ]
        #expect(
            table.entries
                == expected.map {
                    .init(.text(NameMatch(.beginning, $0.0)), backendName: $0.1)
                })
        #expect(table.otherName == "web_b" && table.absentName == nil)
    }

    @Test(arguments: [
        (
            "web_%[req.ssl_sni",
            "15:13: error: 'web_%[req.ssl_sni': must be one sample in brackets, such as web_%[dst_port]"
        ),
        (
            "%[src_port]%[dst_port]",
            "15:13: error: '%[src_port]%[dst_port]': must be one sample in brackets, such as web_%[dst_port]"
        ),
        (
            "%[src]",
            "15:15: error: use_backend %[src]: no backend has the name of an address; look it up, as in %[src,map_ip(FILE)]"
        ),
        (
            "%[src,map(/etc/hosts)]",
            "15:19: error: 'map' is for texts; an address is looked up by map_ip(FILE)"
        ),
        ("%[dst_port,map_ip(/x)]", "15:24: error: 'map_ip' is for an address, such as src"),
        (
            "%[req.ssl_sni,map_int(/x)]",
            "15:27: error: 'map_int' is for a port, such as dst_port"
        ),
        (
            "web%%_%[dst_port]",
            "15:13: error: 'web%%_%[dst_port]': beside the sample stands text without a percent sign"
        ),
        (
            "%[dst_port,map(/dev/null)]",
            "15:24: error: map(/dev/null): no regular file: a reload waits for nobody"
        ),
        (
            "%[req.ssl_sni,map_regm(/x)]",
            "15:27: error: 'map_regm' is not offered; there are map, map_beg, map_dir, map_dom, map_end, map_int, map_ip, map_reg, map_str, map_sub; did you mean 'map_reg'?"
        ),
        (
            "%[req.ssl_sni,map()]",
            "15:27: error: 'map()': needs a file, and perhaps what stands for all others, as in map(/etc/lbctl/names.map,web)"
        ),
        (
            "%[req.ssl_sni,map(/no/such)]",
            "15:27: error: map(/no/such): no such file"
        ),
        (
            "%[req.hdr(host)]",
            "15:15: error: use_backend 'req.hdr(host)' is not supported as a key; write src, src_port, dst, dst_port, req.ssl_sni, req.ssl_alpn, ssl_fc_sni, ssl_c_s_dn(cn), fc_pp_authority, fc_pp_unique_id, fc_pp_tlv(ID), req.payload(OFFSET,LENGTH), req.payload_lv(OFFSET,LENGTH) or req.rdp_cookie(NAME), an address also with ,ipmask(24,64), a text with ,lower or ,upper"
        ),
        (
            "mail_%[dst_port]",
            "15:13: error: use_backend: no backend has a name that this sample could make; such clients are refused"
        ),
        (
            "udp_%[req.ssl_sni]",
            "15:13: error: use_backend: no backend has a name that this sample could make; such clients are refused"
        ),
    ])
    func `an error says where, what and what would be right`(name: String, message: String) {
        #expect(diagnose(file("use_backend \(name)"), as: .haproxy) == ["f:" + message])
    }

    @Test func `a line of a map that makes no sense is named`() throws {
        let path = InputFileFixture.freePath()
        defer { InputFileFixture.remove(path) }
        try InputFileFixture.write("192.0.2.0/24 a\n192.0.2.0/33 b\n", to: path)
        #expect(
            diagnose(file("use_backend web_%[src,map_ip(\(path))]"), as: .haproxy) == [
                "f:15:23: error: line 2 of \(path): prefix length 33: must be 0 to 32"
            ])
        for (line, message) in [
            ("80-90", "'80-90': must be a number or a range such as 80:90"),
            ("90:80", "'90:80': the first is above the last"),
        ] {
            try InputFileFixture.write("0080 a\n\(line) b\n", to: path)
            #expect(
                diagnose(file("use_backend web_%[dst_port,map_int(\(path))]"), as: .haproxy) == [
                    "f:15:28: error: line 2 of \(path): \(message)"
                ])
        }
        try InputFileFixture.write("a.b a\n.. a\n", to: path)
        #expect(
            diagnose(file("use_backend web_%[req.ssl_sni,map_dom(\(path))]"), as: .haproxy) == [
                "f:15:31: error: line 2 of \(path): -m dom '..': must have more than the delimiters"
                    + " /?.:, as 'example' has"
            ])
        try InputFileFixture.write("a( a\n", to: path)
        #expect(
            diagnose(file("use_backend web_%[req.ssl_sni,map_reg(\(path))]"), as: .haproxy)[0]
                .hasPrefix("f:15:31: error: line 1 of \(path): -m reg 'a(': "))
    }

    @Test func `whether a map has a line can be asked`() throws {
        let path = InputFileFixture.freePath()
        defer { InputFileFixture.remove(path) }
        func question(_ criterion: String) throws -> ConnectionQuestion {
            let rule = try #require(
                try rules("use_backend web_a if { \(criterion) -m found }").first)
            return try #require(rule.condition.alternatives.first?.first?.questions.first)
        }
        try InputFileFixture.write("# all\n^www[.] web_a\n[.]net$ none\n", to: path)
        #expect(
            try question("req.ssl_sni,lower,map_reg(\(path))")
                == .serverName([
                    NameMatch(.expression, "^www[.]", ignoresCase: true),
                    NameMatch(.expression, "[.]net$", ignoresCase: true),
                ]))
        #expect(
            try question("req.ssl_alpn,map_beg(\(path))")
                == .protocolName([
                    NameMatch(.beginning, "^www[.]"), NameMatch(.beginning, "[.]net$"),
                ]))
        // What has a capital letter is not among small ones.
        try InputFileFixture.write("WWW.a x\nwww.b x\n", to: path)
        #expect(
            try question("req.ssl_sni,lower,map(\(path))")
                == .serverName([NameMatch(.exact, "www.b", ignoresCase: true)]))
        #expect(
            diagnose(
                file(
                    "default_backend web_a\nacl a req.ssl_sni,lower,map_reg(\(path)) -m found"),
                as: .haproxy) == [
                    "f:16:7: error: line 1 of \(path): 'WWW.a' has capital letters, of which ',lower' leaves none; write it without"
                ])
        #expect(
            diagnose(
                file("default_backend web_a\nacl a req.ssl_sni,map(\(path),x) -m found"),
                as: .haproxy)[0].contains(": with a value for all others something is always found")
        )
        try InputFileFixture.write("192.0.2.0/24 web_a\n2001:db8::/32\n", to: path)
        let networks = [
            AddressPrefix(address: .v4(.init(192, 0, 2, 0)), length: 24),
            AddressPrefix(address: .v6(.init(high: 0x2001_0db8_0000_0000, low: 0)), length: 32),
        ]
        #expect(try question("src,map_ip(\(path))") == .source(networks))
        #expect(try question("dst,map_ip(\(path))") == .destination(networks))
        try InputFileFixture.write("80 web_a\n443\n", to: path)
        #expect(
            try question("dst_port,map_int(\(path))") == .destinationPort([80...80, 443...443]))
        #expect(try question("src_port,map_int(\(path))") == .sourcePort([80...80, 443...443]))
        for (last, ports) in [("65530:", 65530...65535), ("65530:65534", 65530...65534)] {
            try InputFileFixture.write(
                "80:90 a\n85:100\n443\n65536 a\n70000:80000\n\(last)\n:2 a\n", to: path)
            #expect(
                try question("dst_port,map_int(\(path))")
                    == .destinationPort([0...2, 80...100, 443...443, ports]))
        }
        #expect(
            diagnose(
                file("default_backend web_a\nacl a src_port,map_beg(\(path)) -m found"),
                as: .haproxy)[0].contains(
                    ": a map is asked about src or dst by map_ip, about a port by"))
        #expect(
            diagnose(
                file("default_backend web_a\nacl a req.ssl_sni,map(\(path)) -m beg web"),
                as: .haproxy)[0].contains(
                    ": of a map only '-m found' is asked, whether it has a line;"))
    }

    @Test func `all maps together are bounded`() throws {
        let path = InputFileFixture.freePath()
        defer { InputFileFixture.remove(path) }
        let lines = (0..<Model.mostListLines / 2 + 1).map { "\($0) a\n" }
        try InputFileFixture.write(lines.joined(), to: path)
        let rule = "use_backend web_%[req.ssl_sni,map(\(path))]\n"
        #expect(diagnose(file(rule), as: .haproxy) == [])
        #expect(
            diagnose(file(rule + rule), as: .haproxy) == [
                "f:16:13: error: use_backend: the map \(path) has 100001 lines: that makes 200002; all lists"
                    + " and maps together, each as often as a rule names it, may have 200000"
            ])
        // A list counts with them, also where it stands in a rule.
        #expect(
            diagnose(file("use_backend web_a if { req.ssl_sni -f \(path) }\n" + rule), as: .haproxy)
                == [
                    "f:16:13: error: use_backend: the map \(path) has 100001 lines: that makes 200002; all lists"
                        + " and maps together, each as often as a rule names it, may have 200000"
                ])
    }

    @Test func `a list is bounded, by itself and as often as rules name it`() throws {
        let path = InputFileFixture.freePath()
        defer { InputFileFixture.remove(path) }
        let quarter = (0..<50_001).map { "10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)\n" }.joined()
        try InputFileFixture.write("# a comment\n\n" + quarter, to: path)
        let list = "acl known src -f \(path)\n"
        let rule = "use_backend web_a if known known\nuse_backend web_b if !known"
        #expect(diagnose(file(list + rule), as: .haproxy) == [])
        let complaint =
            " has 50001 lines: that makes 200004; all lists and maps together, each as often as a rule"
            + " names it, may have 200000"
        #expect(
            diagnose(file("\(list)\(rule) known"), as: .haproxy)
                == ["f:17:29: error: the list 'known'\(complaint)"])
        #expect(
            diagnose(file("\(list)\(rule) { src -f \(path) }"), as: .haproxy)
                == ["f:17:29: error: the list { src -f \(path) }\(complaint)"])
        try InputFileFixture.write(String(repeating: quarter, count: 4), to: path)
        #expect(
            diagnose(file(list + rule), as: .haproxy).first
                == "f:15:18: error: -f \(path): has 200004 lines; all lists and maps together may have"
                + " 200000")
    }

    @Test func `what a client says is waited for`() {
        let lines = file("use_backend web_%[req.ssl_sni]").replacing(
            "tcp-request inspect-delay 5s\n", with: "")
        #expect(
            diagnose(lines, as: .haproxy) == [
                "f:14:13: warning: a rule looks at what the client says, but there is no"
                    + " 'tcp-request inspect-delay': clients are waited for 5s at most"
            ])
    }
}
