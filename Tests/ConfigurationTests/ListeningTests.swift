import NodeConfiguration
import Testing
import VRRPCore

@Suite struct `Where clients come in, and rules about them` {
    /// The one frontend of a file that says `lines` besides the necessary.
    private func frontend(_ lines: String) throws -> Frontend {
        let loaded = load(proxy(lines))
        #expect(loaded.diagnostics.isEmpty)
        return try #require(loaded.model?.frontends.first)
    }

    private func server(_ options: String) throws -> Server {
        let loaded = load(proxy("server b 192.0.2.12:80 \(options)"))
        #expect(loaded.diagnostics.isEmpty)
        return try #require(loaded.model?.backends.first?.servers.last)
    }

    @Test(arguments: [
        ("[2001:db8::1]:80", Endpoint.internet(address: IPAddress("2001:db8::1"), port: 80)),
        ("2001:db8::1:80", .internet(address: IPAddress("2001:db8::1"), port: 80)),
        (":::443", .internet(address: IPAddress("::"), port: 443)),
        ("[::]:443", .internet(address: IPAddress("::"), port: 443)),
        ("ipv6@:443", .internet(address: IPAddress("::"), port: 443)),
        ("ipv4@*:81", .internet(address: nil, port: 81)),
        ("unix@/run/web.sock", .path("/run/web.sock")), ("/run/web.sock", .path("/run/web.sock")),
        ("abns@web", .abstractName("web")), ("fd@3", .descriptor(3)),
    ])
    func `every kind of place`(text: String, endpoint: Endpoint) throws {
        #expect(try frontend("bind \(text)").endpoints.last == endpoint)
    }

    @Test func `options hold for every address of their line`() throws {
        let listeners = try frontend(
            """
            bind 192.0.2.1:81-82,[::]:83 interface eth1 backlog 5 maxconn 7 name n tfo \
            defer-accept mss 1400 tcp-ut 30s cc bbr accept-proxy v6only transparent
            bind /run/x mode 660 uid 5 gid 6
            bind [::]:84 v4v6
            """
        ).listeners
        #expect(listeners.count == 6)
        for listener in listeners[1...3] {
            var expected = Listener(listener.endpoint)
            expected.interface = "eth1"
            expected.backlog = 5
            expected.connectionLimit = 7
            expected.name = "n"
            expected.isFastOpen = true
            expected.defersAccept = true
            expected.segmentByteCount = 1400
            expected.userTimeout = .seconds(30)
            expected.congestionControl = "bbr"
            expected.acceptsProxyHeader = true
            expected.servesIPv6Alone = true
            expected.isTransparent = true
            #expect(listener == expected)
        }
        var local = Listener(.path("/run/x"))
        local.mode = 0o660
        local.userID = 5
        local.groupID = 6
        #expect(listeners[4] == local)
        #expect(listeners[5].servesIPv6Alone == false)
        #expect(listeners[5].acceptsProxyHeader == false)
    }

    @Test func `a listener waits for the header of a NetScaler, and for no other`() throws {
        let listener = try frontend("bind 192.0.2.1:81 accept-netscaler-cip 4294967295")
            .listeners[1]
        #expect(listener.insertionMagic == UInt32.max)
        #expect(!listener.acceptsProxyHeader && listener.headerWord == "accept-netscaler-cip")
        for (lines, complaint) in [
            (
                "bind :81 accept-netscaler-cip 0",
                "accept-netscaler-cip '0': must be 1 to 4294967295"
            ),
            (
                "bind :81 accept-netscaler-cip 4294967296",
                "accept-netscaler-cip '4294967296': must be 1 to 4294967295"
            ),
            (
                "bind :81 accept-netscaler-cip 5 accept-proxy",
                "'accept-proxy' beside 'accept-netscaler-cip': a connection begins with one of the two"
            ),
            (
                "bind :81 accept-netscaler-cip 5\ntcp-request connection expect-proxy layer4",
                "'accept-netscaler-cip' beside 'tcp-request connection expect-proxy': a connection"
                    + " begins with one of the two headers"
            ),
        ] {
            #expect(
                diagnose(proxy(lines)).contains { $0.hasSuffix("error: \(complaint)") }, "\(lines)")
        }
    }

    @Test func `servers of every family, and how they are connected to`() throws {
        let loaded = load(
            proxy(
                """
                source 192.0.2.9 interface eth2
                server b [2001:db8::2]:80 send-proxy
                server c unix@/run/app send-proxy-v2 proxy-v2-options crc32c,authority,unique-id
                server d 192.0.2.12:80 source 192.0.2.10:4000 tcp-ut 5s cc reno strict-maxconn interface eth3
                server e 192.0.2.12:81 source 0.0.0.0 usesrc clientip
                server f 192.0.2.12:82 source 0.0.0.0 usesrc client send-proxy no-send-proxy
                """))
        #expect(loaded.diagnostics.isEmpty)
        let servers = try #require(loaded.model?.backends.first?.servers)
        var inherited = ServerConnection()
        inherited.source.address = IPAddress("192.0.2.9")
        inherited.source.interface = "eth2"
        #expect(servers[0].connection == inherited)
        #expect(servers[1].endpointDescription == "[2001:db8::2]:80")
        #expect(servers[1].connection.header == .versionOne)
        #expect(servers[2].endpointDescription == "unix@/run/app")
        #expect(servers[2].connection.header == .versionTwo)
        #expect(servers[2].connection.headerHasChecksum)
        #expect(servers[2].connection.headerHasAuthority)
        #expect(servers[2].connection.headerHasIdentifier)
        #expect(servers[3].connection.source.address == IPAddress("192.0.2.10"))
        #expect(servers[3].connection.source.ports == 4000...4000)
        #expect(servers[3].connection.source.interface == "eth3")
        #expect(servers[3].connection.userTimeout == .seconds(5))
        #expect(servers[3].connection.congestionControl == "reno")
        #expect(servers[4].connection.source.transparency == .clientAddress)
        #expect(servers[5].connection.source.transparency == .client)
        #expect(servers[5].connection.header == .none)
    }

    @Test func `servers whose port follows the client's`() throws {
        let loaded = load(
            proxy(
                """
                server b 192.0.2.12
                server c [2001:db8::2]:+8000
                server d ipv4@192.0.2.12:-79 check port 8080
                server-template e 1 web.example.org
                server f _http._tcp.example.org resolvers default
                server g [2001:db8::3]
                """))
        let servers = try #require(loaded.model?.backends.first?.servers.dropFirst())
        #expect(servers.map(\.portOffset) == [0, 8000, -79, 0, nil, 0])
        #expect(servers.map(\.port) == [0, 0, 0, 0, 0, 0])
        #expect(
            servers.filter { $0.portOffset != nil }.map(\.endpointDescription) == [
                "192.0.2.12:+0", "[2001:db8::2]:+8000", "192.0.2.12:-79", "web.example.org:+0",
                "[2001:db8::3]:+0",
            ])
    }

    @Test(arguments: [
        ("", true), ("use_backend web if { dst_port 80 }", false),
        ("tcp-request connection expect-proxy layer4", false),
        ("tcp-request session set-dst-port int(90)", false),
    ])
    func `a port that leads to none is told of, where clients must come by it`(
        rule: String, isTold: Bool
    ) {
        let told =
            "f:7:8: warning: server 'b' of 'web': there is no port 0, which clients of port 80 would be"
            + " led to"
        #expect(diagnose(proxy("server b 192.0.2.1:-80\n\(rule)")) == (isTold ? [told] : []))
    }

    @Test func `a server that is where clients connected to is asked nothing there`() throws {
        let text = proxy(
            """
            \(setsDestination)
            server b 0.0.0.0:443
            server c [::]:0
            server d *
            server e 0.0.0.0 check addr 192.0.2.9 port 1
            """)
        #expect(diagnose(text) == [])
        let servers = try #require(load(text).model?.backends.first?.servers.dropFirst())
        #expect(servers.map(\.address.isAnywhere) == [true, true, true, true])
        #expect(servers.map(\.portOffset) == [nil, 0, 0, 0])
        #expect(
            diagnose(
                proxy("server b 0.0.0.0 check port 1 agent-check agent-port 1\n\(setsDestination)"))
                == [
                    "f:7:8: error: server 'b': it is where each client connected to, so 'check' needs 'addr"
                        + " ADDRESS', and 'agent-check' needs 'agent-addr ADDRESS'"
                ])
    }

    private let setsDestination = "tcp-request session set-dst ipv4(192.0.2.8)"

    @Test(arguments: [
        ("0.0.0.0", "", true), ("0.0.0.0:80", "", true), ("0.0.0.0:81", "", false),
        ("0.0.0.0:-1", "", false), ("192.0.2.1", "", false),
        ("0.0.0.0", "tcp-request session set-dst ipv4(192.0.2.8)", false), ("*:0", "", true),
        ("0.0.0.0", "tcp-request connection expect-proxy layer4", false),
    ])
    func `a server that is the listener itself is told of`(
        place: String, rule: String, isTold: Bool
    ) {
        let told =
            "f:7:8: warning: server 'b' of 'web': it is where clients connected to, which for those of port"
            + " 80 is this listener, round and round, unless netfilter redirects them here; say elsewhere"
            + " by 'transparent', 'accept-proxy' or 'set-dst'"
        #expect(diagnose(proxy("server b \(place)\n\(rule)")) == (isTold ? [told] : []))
    }

    @Test func `what rules set of a connection`() throws {
        let rules = try frontend(
            """
            tcp-request connection set-mark 0xfffffffe if { src 192.0.2.7 }
            tcp-request session set-tos 46
            tcp-request content set-priority-class int(-2047) if { src 192.0.2.7 }
            tcp-request content set-priority-offset int(524287)
            tcp-request connection set-src src,ipmask(24,64)
            tcp-request connection set-src-port dst_port
            tcp-request connection set-dst ipv6(2001:db8::1)
            tcp-request session set-dst-port int(65535)
            """
        ).rules
        #expect(
            rules.connection.map(\.action) == [
                .setMark(0xffff_fffe),
                .setAddress(
                    of: .source,
                    .network(
                        of: .source, .init(255, 255, 255, 0), .init(high: .max, low: 0))),
                .setPort(of: .source, .end(.destination)),
                .setAddress(
                    of: .destination,
                    .literal(.v6(.init(high: 0x2001_0db8_0000_0000, low: 1)))),
            ])
        #expect(
            rules.session.map(\.action) == [
                .setServiceType(46), .setPort(of: .destination, .literal(65_535)),
            ])
        #expect(
            rules.content.map(\.action) == [.setPriority(-2047), .setPriorityOffset(524_287)])
        #expect(rules.content[0].condition.alternatives.joined().count == 1)
    }

    @Test func `how fast bytes pass`() throws {
        let rules = try frontend(
            """
            filter bwlim-in up default-limit 500k default-period 1s
            filter bwlim-out down default-limit 1m default-period 500ms min-size 2k
            tcp-request connection set-bandwidth-limit up if { src 192.0.2.7 }
            tcp-request session set-bandwidth-limit down limit 3m
            tcp-request content set-bandwidth-limit down period 2s limit 10
            """
        ).rules
        #expect(
            rules.connection.map(\.action) == [.limitBandwidth(.upload, bytesPerSecond: 512_000)])
        #expect(
            rules.session.map(\.action) == [.limitBandwidth(.download, bytesPerSecond: 6 << 20)])
        #expect(rules.content.map(\.action) == [.limitBandwidth(.download, bytesPerSecond: 5)])
    }

    @Test func `how fast bytes pass that connections share`() throws {
        let loaded = load(
            """
            defaults
              timeout client 9s
              timeout server 9s
              timeout connect 9s
            frontend in
              bind 127.0.0.1:80
              stick-table type ip size 1k store bytes_in_rate(1s),bytes_out_rate(2s)
              filter bwlim-out down limit 1m key src min-size 2k
              filter bwlim-in up limit 500k key src
              filter bwlim-out all min-size 1k key dst_port table ports limit 8m
              tcp-request content set-bandwidth-limit all
              tcp-request content set-bandwidth-limit down if { src 192.0.2.7 }
              tcp-request connection set-bandwidth-limit up
              default_backend b
            backend b
              filter bwlim-out down limit 3m key dst table in
              tcp-request content set-bandwidth-limit down
              server a 127.0.0.1:81
            backend ports
              stick-table type integer size 1k store bytes_out_rate(1s)
            """)
        #expect(loaded.diagnostics.map(\.description) == [])
        let model = try #require(loaded.model)
        var down = SharedBandwidth(
            number: 0, direction: .download, key: .source, tableName: "in", byteCount: 1 << 20)
        down.leastByteCount = 2048
        var all = SharedBandwidth(
            number: 1, direction: .download, key: .destinationPort, tableName: "ports",
            byteCount: 8 << 20)
        all.leastByteCount = 1024
        let up = SharedBandwidth(
            number: 0, direction: .upload, key: .source, tableName: "in", byteCount: 512_000)
        let rules = model.frontends[0].rules
        #expect(rules.content.map(\.action) == [.shareBandwidth(all), .shareBandwidth(down)])
        #expect(rules.connection.map(\.action) == [.shareBandwidth(up)])
        let own = SharedBandwidth(
            number: 2, direction: .download, key: .destination, tableName: "in", byteCount: 3 << 20
        )
        #expect(model.backends[0].contentRules.map(\.action) == [.shareBandwidth(own)])
    }

    @Test func `rules of a backend are its own`() throws {
        let loaded = load(
            """
            defaults
              timeout client 9s
              timeout server 9s
              timeout connect 9s
            frontend web
              bind 127.0.0.1:80
              default_backend pool
            backend pool
              acl office src 192.0.2.0/24
              stick-table type ip size 100 store conn_cnt
              tcp-request inspect-delay 3s
              tcp-request content track-sc1 src
              tcp-request content reject if office { sc1_conn_cnt gt 3 }
              server a 127.0.0.1:8080
            listen both
              bind 127.0.0.1:81
              tcp-request content reject if { req.len gt 9 }
              server a 127.0.0.1:8080
            """)
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f:17:33: warning: a rule looks at what the client says, but there is no 'tcp-request inspect-delay': clients are waited for 5s at most"
            ])
        let model = try #require(loaded.model)
        #expect(model.frontends.map(\.rules.content.count) == [0, 1])
        #expect(model.frontends.map(\.identity) != model.backends.map(\.identity))
        #expect(model.frontends.last?.identity == model.backends.last?.identity)
        #expect(model.backends.map(\.contentRules.count) == [2, 1])
        #expect(model.backends.map(\.inspectDelay) == [.seconds(3), .seconds(5)])
        #expect(model.frontends.map(\.rules.inspectDelay) == [nil, .seconds(5)])
    }

    @Test(arguments: [
        (
            "set-priority-class int(2048)",
            "set-priority-class 'int(2048)': must be a number of -2047 to 2047, such as int(1)"
        ),
        (
            "set-priority-class src",
            "set-priority-class 'src': must be a number of -2047 to 2047, such as int(1)"
        ),
        ("set-mark -1", "set-mark '-1': must be a number of 0 to 4294967295, such as 0x10"),
        ("set-tos 0x100", "set-tos '0x100': must be a number of 0 to 255, such as 0x20"),
        ("set-tos", "a number such as 0x20 after set-tos"),
        (
            "set-priority-offset int(524288)",
            "set-priority-offset 'int(524288)': must be a number of -524287 to 524287, such as int(500)"
        ),
        (
            "set-src ipv4(2001:db8::1)",
            "set-src 'ipv4(2001:db8::1)': must be src, dst, either with ,ipmask(24,64), or an address such as ipv4(192.0.2.1) or ipv6(2001:db8::1)"
        ),
        ("set-dst src_port", "set-dst 'src_port': must be src, dst, either"),
        ("set-dst req.ssl_sni,lower", "set-dst 'req.ssl_sni,lower': must be src, dst, either"),
        ("set-dst", "an address such as src,ipmask(24) after set-dst"),
        (
            "set-src-port int(65536)",
            "set-src-port 'int(65536)': must be a number of 0 to 65535, such as int(4000)"
        ),
    ])
    func `a value that a rule cannot set`(action: String, message: String) {
        let remarks = diagnose(proxy("tcp-request content \(action)"))
        #expect(remarks.count == 1 && remarks[0].contains(message))
    }

    @Test func `rules and lists`() throws {
        let rules = try frontend(
            """
            tcp-request inspect-delay 3s
            acl office src 192.0.2.0/24 2001:db8::/32
            acl office src 10.0.0.0/255.0.0.0
            acl secret dst_port 22 1024:2000
            tcp-request connection accept if office !secret or LOCALHOST
            tcp-request connection silent-drop unless TRUE
            tcp-request connection expect-proxy layer4 if { src 192.0.2.7 }
            tcp-request session reject if { dst_port gt 9000 }
            tcp-request content accept if { req.ssl_hello_type 1 }
            tcp-request content reject if WAIT_END
            use_backend web if { req.ssl_sni -i -m end .example.org } || { nbsrv(web) lt 2 }
            use_backend web if { req.ssl_alpn h2 http/1.1 }
            """
        ).rules
        func prefix(_ text: String, _ length: Int) throws -> AddressPrefix {
            AddressPrefix(address: try #require(IPAddress(text)), length: length)
        }
        func term(_ questions: ConnectionQuestion..., isNegated: Bool = false) -> RuleCondition.Term
        {
            RuleCondition.Term(questions: questions, isNegated: isNegated)
        }
        let office = try term(
            .source([prefix("192.0.2.0", 24), prefix("2001:db8::", 32)]),
            .source([prefix("10.0.0.0", 8)]))
        let local = try term(.source([prefix("127.0.0.0", 8), prefix("::1", 128)]))
        #expect(
            rules.connection == [
                ConnectionRule(
                    action: .accept,
                    condition: RuleCondition(alternatives: [
                        [office, term(.destinationPort([22...22, 1024...2000]), isNegated: true)],
                        [local],
                    ])),
                ConnectionRule(
                    action: .silentDrop,
                    condition: RuleCondition(
                        alternatives: [[term(.constant(true))]], isNegated: true)),
                ConnectionRule(
                    action: .expectProxy,
                    condition: RuleCondition(alternatives: [
                        [try term(.source([prefix("192.0.2.7", 32)]))]
                    ])),
            ])
        #expect(
            rules.session == [
                ConnectionRule(
                    action: .reject,
                    condition: RuleCondition(alternatives: [
                        [term(.destinationPort([9001...Int.max]))]
                    ]))
            ])
        #expect(
            rules.content.map(\.condition.alternatives) == [
                [[term(.helloType([1...1]))]], [[term(.waitIsOver)]],
            ])
        #expect(
            rules.backends.map(\.condition.alternatives) == [
                [
                    [term(.serverName([NameMatch(.end, ".example.org", ignoresCase: true)]))],
                    [term(.pool(.usableServers, backendName: "web", [-1...1]))],
                ],
                [[term(.protocolName([NameMatch(.exact, "h2"), NameMatch(.exact, "http/1.1")]))]],
            ])
        #expect(rules.inspectDelay == .seconds(3))
        #expect(!rules.refusesOthers)
    }

    @Test func `texts are compared by their words and their length`() throws {
        func asked(_ criterion: String) throws -> [NameMatch]? {
            let model = try #require(
                load(
                    """
                    frontend f
                        bind :443
                        acl x req.ssl_sni \(criterion)
                        tcp-request inspect-delay 1s
                        tcp-request content reject if x
                        default_backend b
                    backend b
                        server s 192.0.2.1:443
                    """
                ).model)
            let rule = try #require(model.frontends.first?.rules.content.first)
            let question = rule.condition.alternatives.first?.first?.questions.first
            guard case .serverName(let names) = question else { return nil }
            return names
        }
        #expect(
            try asked("-m dom -i org") == [NameMatch(.domain, "org", ignoresCase: true)])
        #expect(
            try asked("-m dir a b") == [NameMatch(.directory, "a"), NameMatch(.directory, "b")])
        #expect(try asked("-m len lt 4 ge 64")?.map(\.lengths) == [-1...3, 64...Int.max])
        #expect(try asked("-m len 5 7:9 :2")?.map(\.lengths) == [5...5, 7...9, -1...2])
    }

    @Test func `networks from a file, and a frontend without a default`() throws {
        let path = "/tmp/lbctl-networks-\(UInt64.random(in: 0 ... .max))"
        try InputFileFixture.write("# offices\n192.0.2.0/24\r\n\n  2001:db8::1  \n", to: path)
        defer { InputFileFixture.remove(path) }
        let loaded = load(
            """
            defaults
            timeout client 1m
            timeout server 1m
            timeout connect 5s
            frontend in
            bind :80
            use_backend b if { src -f \(path) }
            backend b
            server a 192.0.2.11:80
            """)
        #expect(loaded.diagnostics.isEmpty)
        let rules = try #require(loaded.model?.frontends.first?.rules)
        #expect(
            rules.backends.first?.condition.alternatives.first?.first?.questions == [
                .source([
                    AddressPrefix(address: .v4(IPv4Address(192, 0, 2, 0)), length: 24),
                    AddressPrefix(address: try #require(IPAddress("2001:db8::1")), length: 128),
                ])
            ])
        #expect(rules.refusesOthers)
    }

    @Test func `datagrams are a mode of both sides`() throws {
        let text = """
            defaults
            timeout client 1m
            timeout server 1m
            timeout connect 5s
            listen dns
            mode udp
            bind 192.0.2.1:53
            server a 192.0.2.11:53
            listen web
            bind 192.0.2.1:53
            server a 192.0.2.11:53
            """
        let model = try #require(load(text).model)
        #expect(model.frontends.map(\.isDatagram) == [true, false])
        #expect(model.backends.map(\.isDatagram) == [true, false])
        #expect(
            diagnose(text + "\ndefault_backend dns") == [
                "f:9:8: error: 'web' and its backend 'dns' must both be in mode tcp, or both in mode udp"
            ])
        #expect(
            diagnose(
                """
                listen dns
                mode udp
                bind :53 accept-proxy
                bind unix@/run/x
                bind 192.0.2.1:53 tcp-ut 3s
                balance rdp-cookie
                tcp-request connection reject
                timeout client 1m
                timeout server 1m
                server a 192.0.2.11:53 send-proxy tcp-ut 3s
                """) == [
                    "f:1:8: error: 'dns': 'balance' by req.rdp_cookie(mstshash) is for connections, not for mode udp",
                    "f:1:8: error: 'dns': 'tcp-request' and 'use_backend' are for connections, not for mode udp",
                    "f:1:8: error: server 'a': mode udp needs an address and a port, and sends no PROXY header",
                    "f:1:8: warning: 'server … tcp-ut' has no effect in mode udp",
                    "f:3:6: error: 'accept-proxy' is for connections, not for mode udp",
                    "f:3:6: warning: answers leave by the address that the kernel chooses, which a client may not expect: listen on the address itself",
                    "f:4:6: error: unix@/run/x: mode udp needs an address and a port",
                    "f:5:6: warning: 'bind … tcp-ut' has no effect in mode udp",
                ])
    }

    @Test func `a statistics page listens on addresses`() {
        #expect(
            diagnose(
                "listen s\nbind [::1]:80\nbind unix@/run/x\nbind :81 accept-proxy\nmode http\nstats enable\n"
            ) == [
                "f:3:6: error: unix@/run/x: a statistics page needs an address and a port",
                "f:4:6: error: 'accept-proxy' is known but not implemented yet for a statistics page",
            ])
    }

    @Test(arguments: [
        ("bind :81 mode 999", "f:7:15: error: mode '999': must be permissions such as 660"),
        (
            "bind :81 interface sixteen_bytes_xx",
            "f:7:20: error: 'sixteen_bytes_xx': an interface's name has 1 to 15 bytes"
        ),
        (
            "bind tcp@:81",
            "f:7:6: error: 'tcp@:81': must begin with an address, ipv4@, ipv6@, unix@, abns@ or fd@"
        ),
        ("bind ipv4@[::]:81", "f:7:6: error: 'ipv4@[::]:81': :: is no address of IPv4"),
        ("bind unix@", "f:7:6: error: 'unix@': the name of a Unix socket has 1 to 107 bytes"),
        (
            "server b fd@3", "f:7:10: error: 'fd@3': a server cannot be an open descriptor"
        ),
        (
            "server b 192.0.2.12:80 source 0.0.0.0 usesrc me",
            "f:7:46: error: usesrc 'me': must be client or clientip"
        ),
        (
            "server b 192.0.2.12:80 send-proxy-v2 proxy-v2-options crc32",
            "f:7:55: error: unknown PROXY header option 'crc32'; did you mean 'crc32c'?"
        ),
        ("acl x", "f:7:5: error: 'x' needs a criterion, such as src"),
        (
            "acl x scr 1.2.3.4",
            "f:7:7: error: the criterion 'scr' is not offered; did you mean 'src'?"
        ),
        ("acl x src", "f:7:7: error: 'src' needs a value"),
        (
            "acl x src 1.2.3.4/33", "f:7:11: error: prefix length 33: must be 0 to 32"
        ),
        (
            "acl x src office",
            "f:7:11: error: 'office': must be an address or a network, such as 192.0.2.0/24"
        ),
        ("acl x src 1.2.3.4/255.0.255.0", "f:7:11: error: 255.0.255.0 is no mask of leading bits"),
        (
            "acl x dst_port http",
            "f:7:16: error: 'http': must be a number or a range such as 80:90"
        ),
        ("acl x src -f /nowhere", "f:7:14: error: -f /nowhere: no such file"),
        (
            "acl x req.ssl_sni -m rgx .",
            "f:7:22: error: -m rgx: must be str, beg, end, sub, dir, dom, len, reg, bin, int, ip or found"
        ),
        ("acl x req.ssl_sni -m len", "f:7:7: error: 'req.ssl_sni' needs a value"),
        (
            "acl x req.ssl_sni -m len ten",
            "f:7:26: error: 'ten': must be a number or a range such as 80:90"
        ),
        (
            "acl x src_port -m len 2",
            "f:7:7: error: -m len: is for texts, such as req.ssl_sni, and not for 'src_port'"
        ),
        (
            "acl x src -m beg 192.0.2.0/24",
            "f:7:7: error: -m beg: is for texts, such as req.ssl_sni, and not for 'src'"
        ),
        (
            "acl x req.ssl_ver -m len 3",
            "f:7:7: error: -m len: is for texts, such as req.ssl_sni, and not for 'req.ssl_ver'"
        ),
        (
            "acl x req.ssl_sni -m dom .:",
            "f:7:26: error: -m dom '.:': must have more than the delimiters /?.:, as 'example' has"
        ),
        (
            "acl TRUE src 1.2.3.4",
            "f:7:5: error: 'TRUE' has a meaning of its own; give the list another name"
        ),
        ("use_backend web if y", "f:7:20: error: no acl before this line is named 'y'"),
        ("use_backend web when y", "f:7:17: error: 'when': must be if or unless"),
        ("use_backend web if", "f:7:17: error: 'if' needs a condition"),
        ("use_backend web if { src 1.2.3.4", "f:7:20: error: this brace is not closed on its line"),
        (
            "use_backend wep if TRUE",
            "f:7:13: error: use_backend 'wep': no backend has this name; did you mean 'web'?"
        ),
        (
            "use_backend web if { nbsrv(wep) }",
            "f:7:20: error: nbsrv 'wep': no backend has this name; did you mean 'web'?"
        ),
        (
            "tcp-request connection reject if { req.ssl_sni a }",
            "f:7:13: error: 'tcp-request connection' comes before anything that the client says; use 'tcp-request content'"
        ),
        (
            "tcp-request conection reject",
            "f:7:13: error: unknown stage 'conection' of tcp-request; did you mean 'connection'?"
        ),
        (
            "backend b\ntcp-request connection reject",
            "f:8:13: error: 'tcp-request connection' is not allowed in a backend section: a connection has a backend later; write 'content', or give the rule to the frontend"
        ),
        (
            "tcp-request content set-bandwidth-limit slow",
            "f:7:41: error: no filter bwlim-in or bwlim-out before this line is named 'slow'"
        ),
        (
            "filter bwlim-out x default-limit 3x default-period 1s",
            "f:7:34: error: default-limit '3x': must be a number of bytes such as 500k, 1 to 1024g"
        ),
        (
            "filter bwlim-out x default-limit 3k",
            "f:7:8: error: filter bwlim-out needs 'default-limit SIZE' and 'default-period TIME', or 'limit SIZE' and 'key KEY' where connections share it"
        ),
        (
            "filter bwlim-in x limit 1m default-period 1s key src",
            "f:7:8: error: filter bwlim-in needs 'default-limit SIZE' and 'default-period TIME', or 'limit SIZE' and 'key KEY' where connections share it"
        ),
        (
            "filter bwlim-in x limit 1m key src",
            "f:7:8: error: filter bwlim-in 'web': no section of this name has a 'stick-table'"
        ),
        (
            "filter bwlim-out x limit 1m key src table t\nbackend t\nstick-table type ip size 9 store bytes_in_rate(1s)",
            "f:7:43: error: filter bwlim-out: 'stick-table' of 't' does not count it; add 'store bytes_out_rate(10s)'"
        ),
        (
            "filter bwlim-in x limit 1m key req.ssl_sni table t\nbackend t\nstick-table type ip size 9 store bytes_in_rate(1s)",
            "f:7:50: error: filter bwlim-in 't': req.ssl_sni needs a table of type string or binary"
        ),
        (
            "stick-table type ip size 9 store bytes_in_rate(1s)\nfilter bwlim-in a limit 1m key src\nfilter bwlim-in b limit 1m key src\nfilter bwlim-in c limit 1m key src",
            "f:10:8: error: a section can have 2 filters bwlim-in that connections share"
        ),
        (
            "stick-table type ip size 9 store bytes_in_rate(1s)\nfilter bwlim-in a limit 1m key src\ntcp-request content set-bandwidth-limit a limit 2m",
            "f:9:43: error: 'limit' is for filters of one connection each; connections share 'a', which says it itself"
        ),
        (
            "stick-table type string len 9 size 9 store bytes_in_rate(1s)\nfilter bwlim-in a limit 1m key req.ssl_sni\ntcp-request session set-bandwidth-limit a",
            "f:9:13: error: 'tcp-request session' comes before anything that the client says; use 'tcp-request content'"
        ),
        (
            "log-tag \"two words\"",
            "f:7:9: error: log-tag 'two words': must be 1 to 48 printable characters of ASCII without spaces"
        ),
        (
            "filter bwlim-on x", "f:7:8: error: unknown filter 'bwlim-on'; did you mean 'bwlim-in'?"
        ),
        (
            "tcp-request content rejct",
            "f:7:21: error: unknown action 'rejct'; did you mean 'reject'?"
        ),
        (
            "tcp-request content expect-proxy layer4",
            "f:7:21: error: 'expect-proxy' stands after 'tcp-request connection' only"
        ),
    ])
    func `a mistake is told where it stands`(line: String, message: String) {
        let errors = load(proxy(line)).diagnostics.filter { $0.severity == .error }
        #expect(errors.map(\.description) == [message])
    }
}
