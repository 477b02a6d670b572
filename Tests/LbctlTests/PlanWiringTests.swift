#if Program
import Balancer
import Expressions
import LinuxIO
import NodeConfiguration
import Testing

@testable import lbctl

/// What the balancer is to do by a text of haproxy's language.
private func plan(_ text: String) throws -> BalancerPlan {
    let file = InputFile(name: "f", bytes: Array(text.utf8))
    let loaded = ConfigurationLoader(format: .haproxy).load([file])
    #expect(loaded.diagnostics.filter { $0.severity == .error } == [])
    return BalancerPlan(try #require(loaded.model))
}

/// The plan of one section with these lines besides the necessary ones.
private func plan(of lines: String) throws -> BalancerPlan {
    try plan(
        """
        listen web 192.0.2.1:80
        server a 192.0.2.11:80
        log 127.0.0.1 local0
        \(lines)
        """)
}

private func address(_ last: UInt32, _ port: UInt16) -> SocketAddress {
    SocketAddress(address: 0xc000_0200 | last, port: port)
}

/// Each word of a file reaches the balancer: a line of the way that is lost fails one of these.
@Suite struct `From the text to the balancer's plan` {
    @Test func `how many connections a process takes in a second`() throws {
        func made(_ word: String) throws -> BalancerPlan {
            try plan("global\n\(word)\nlisten web 192.0.2.1:80\nserver a 192.0.2.11:80")
        }
        #expect(try made("maxconnrate 12").connectionRateLimit == 12)
        #expect(try made("maxconnrate 0").connectionRateLimit == nil)
        #expect(try made("nbthread 1").connectionRateLimit == nil)
        #expect(try made("maxsessrate 13").sessionRateLimit == 13)
        #expect(try made("maxsessrate 0").sessionRateLimit == nil)
        #expect(try made("maxconnrate 12").sessionRateLimit == nil)
        #expect(try made("maxsslrate 14").securedRateLimit == 14)
        #expect(try made("maxsslrate 0").securedRateLimit == nil)
        #expect(try made("maxsslconn 15").securedLimit == 15)
        #expect(try made("maxsslconn 0").securedLimit == nil)
    }

    @Test func `who takes nobody before something is known of it`() throws {
        let made = try plan(
            """
            listen web 192.0.2.1:80
            server plain 192.0.2.11:80
            server checked 192.0.2.12:80 check
            server tracking 192.0.2.13:80 track web/checked
            server named web.example:80
            """)
        #expect(made.pools[0].servers.map(\.isUp) == [true, false, false, false])
    }

    @Test func `everything that a file can say about limits, times and servers arrives`() throws {
        let made = try plan(
            """
            global
                nbthread 3
                maxconn 1000
            defaults
                timeout client 1s
                timeout server 2s
                timeout connect 3s
                timeout queue 4s
                timeout tunnel 5s
                timeout client-fin 6s
                timeout server-fin 7s
                timeout no-server 8s
                retries 9
                option redispatch 2
            frontend in
                bind 192.0.2.1:80 name one accept-proxy maxconn 11
                bind 192.0.2.2:81-82
                bind 192.0.2.2:83 accept-netscaler-cip 77
                maxconn 100
                rate-limit sessions 12
                rate-limit sessions-per-source 13
                default_backend out
            frontend off
                bind 192.0.2.3:80
                default_backend out
                disabled
            backend spare
                server s 192.0.2.10:80
            backend out
                maxqueue 14
                balance leastconn
                hash-type consistent djb2 avalanche
                hash-balance-factor 150
                hash-preserve-affinity maxconn
                option allbackups
                server a 192.0.2.11:80 weight 15 maxconn 16 maxqueue 17 slowstart 18s
                server b 192.0.2.12:80 backup disabled on-marked-down shutdown-sessions
                server c [2001:db8::1]:80 on-marked-up shutdown-backup-sessions
                server d /run/d.sock send-proxy
                server e 192.0.2.15:80 send-proxy-v2 proxy-v2-options crc32c,authority,unique-id source 192.0.2.99:1024 interface eth9 tcp-ut 19s cc bbr
                server f 192.0.2.16:80 source 0.0.0.0 usesrc clientip
                server g 192.0.2.17:80 source 0.0.0.0 usesrc client
            """)
        var frontend = FrontendPlan(
            name: "in", poolIndex: 1, connectionLimit: 100, clientTimeout: .seconds(1))
        frontend.listeners = [
            ListenerPlan(name: "one", acceptsProxyHeader: true, connectionLimit: 11),
            ListenerPlan(name: "sock-2"), ListenerPlan(name: "sock-3"),
            ListenerPlan(name: "sock-4", acceptsProxyHeader: true),
        ]
        frontend.listeners[3].insertionMagic = 77
        frontend.clientFinTimeout = .seconds(6)
        frontend.sessionRateLimit = 12
        frontend.sessionRateLimitPerSource = 13
        var a = ServerPlan(name: "a", address: address(11, 80), weight: 15, connectionLimit: 16)
        a.queueLimit = 17
        a.slowStart = .seconds(18)
        var b = ServerPlan(name: "b", address: address(12, 80), isBackup: true)
        b.administrativeState = .maintenance
        b.shutsSessionsWhenDown = true
        var c = ServerPlan(
            name: "c", at: .ipv6(IPEndpoint(high: 0x2001_0db8_0000_0000, low: 1, port: 80)))
        c.shutsBackupSessionsWhenUp = true
        var d = ServerPlan(name: "d", at: .path("/run/d.sock"))
        d.connection.header = .versionOne
        var e = ServerPlan(name: "e", address: address(15, 80))
        e.connection = ConnectionPlan(
            header: .versionTwo([.checksum, .authority, .identifier]),
            source: .ports(1024...1024, of: IPEndpoint(ipv4: 0xc000_0263, port: 0)),
            interface: "eth9",
            userTimeout: .seconds(19))
        e.connection.congestionControl = "bbr"
        var f = ServerPlan(name: "f", address: address(16, 80))
        f.connection.source = .clientAddress
        var g = ServerPlan(name: "g", address: address(17, 80))
        g.connection.source = .client
        func pool(_ name: String, _ servers: [ServerPlan]) -> PoolPlan {
            var pool = PoolPlan(
                name: name, servers: servers, connectTimeout: .seconds(3),
                serverTimeout: .seconds(2), queueTimeout: .seconds(4), retries: 9,
                redispatches: true)
            pool.redispatchInterval = 2
            pool.tunnelTimeout = .seconds(5)
            pool.serverFinTimeout = .seconds(7)
            pool.noServerTimeout = .seconds(8)
            return pool
        }
        var out = pool("out", [a, b, c, d, e, f, g])
        out.algorithm = .leastconn
        out.queueLimit = 14
        out.hashType = HashType(isConsistent: true, function: .djb2, avalanches: true)
        out.balanceFactor = 150
        out.affinity = .whileRoom
        out.backupUse = .all
        let spare = pool("spare", [ServerPlan(name: "s", address: address(10, 80))])
        var whole = BalancerPlan(
            reactorCount: 3, connectionLimit: 1000, frontends: [frontend], pools: [spare, out])
        // One for each of its listeners beside the usual.
        whole.otherDescriptors = 132
        #expect(made == whole)
    }

    @Test(
        arguments: [
            ("roundrobin", .roundrobin), ("static-rr", .staticRoundrobin),
            ("leastconn", .leastconn), ("first", .first), ("source", .source),
            ("maglev", .maglev), ("random", .random(draws: 2)), ("random(5)", .random(draws: 5)),
            ("hash src", .hash(.source)), ("hash src_port", .hash(.sourcePort)),
            ("hash dst", .hash(.destination)), ("hash dst_port", .hash(.destinationPort)),
            ("hash req.ssl_alpn", .hash(.protocolName)),
            ("rdp-cookie", .hash(.rdpCookie(RDPCookie.Name("mstshash") ?? .any))),
            ("hash req.ssl_sni,upper", .hash(.cased(.serverName, .upper))),
            (
                "hash dst,ipmask(24)",
                .hash(.network(of: .destination, AddressMask(ipv4: 0xffff_ff00)))
            ),
            ("rdp-cookie(MSTS)", .hash(.rdpCookie(RDPCookie.Name("msts") ?? .any))),
        ] as [(String, PoolPlan.Algorithm)])
    func `each algorithm is the balancer's of that name`(
        word: String, algorithm: PoolPlan.Algorithm
    ) throws {
        #expect(try plan(of: "balance \(word)").pools[0].algorithm == algorithm)
    }

    @Test func `rules of a backend arrive at its pool, and those of a listen section at both`()
        throws
    {
        let made = try plan(
            """
            frontend in
                bind 192.0.2.1:80
                default_backend out
            backend out
                filter bwlim-out slow default-limit 1k default-period 1s
                tcp-request inspect-delay 3s
                tcp-request content set-bandwidth-limit slow
                stick-table type ip size 10 store bytes_in_rate(2s)
                filter bwlim-in all limit 3k key src min-size 2k
                tcp-request content set-bandwidth-limit all
                server a 192.0.2.11:80
            listen both 192.0.2.1:81
                tcp-request content reject if FALSE
                server a 192.0.2.11:80
            """)
        #expect(made.frontends.map(\.twinPoolIndex) == [nil, 1])
        #expect(made.frontends.map(\.rules.content.count) == [0, 1])
        #expect(made.pools.map(\.inspectDelay) == [.seconds(3), .zero])
        var shared = BandwidthSharing(2, of: .upload, by: .source, in: 0, byteCount: 3072)
        shared.leastByteCount = 2048
        #expect(
            made.pools[0].contentRules
                == [
                    Rule(.limitBandwidth(.init(.download, bytesPerSecond: 1024))),
                    Rule(.shareBandwidth(shared)),
                ])
        #expect(made.pools[1].contentRules == made.frontends[1].rules.content)
    }

    @Test func `what is said about sockets and ends arrives`() throws {
        let made = try plan(
            of: """
                option srvtcpka
                srvtcpka-idle 30
                srvtcpka-intvl 5s
                srvtcpka-cnt 4
                option nolinger
                option abortonclose
                option tcp-smart-connect
                persist rdp-cookie(Token)
                fullconn 50
                server b 192.0.2.12:80 minconn 3 maxconn 30
                server c 192.0.2.13:80 minconn 7
                """)
        let pool = made.pools[0]
        #expect(pool.servers[0].connection.keepAlive == KeepAlive(idle: 30, interval: 5, count: 4))
        #expect(pool.resetsServers)
        #expect(pool.dropsLeavers)
        #expect(pool.savesAcknowledgement)
        #expect(pool.tokenCookie == RDPCookie.Name("token"))
        #expect(pool.fullConnections == 50)
        #expect(pool.servers[1].leastConnectionLimit == 3)
        #expect(pool.servers[1].connectionLimit == 30)
        // Alone it is the limit itself.
        #expect(pool.servers[2].leastConnectionLimit == nil)
        #expect(pool.servers[2].connectionLimit == 7)
        let plain = try plan(of: "")
        #expect(plain.pools[0].servers[0].connection.keepAlive == nil)
        #expect(!plain.pools[0].resetsServers)
        #expect(!plain.pools[0].dropsLeavers)
        #expect(!plain.pools[0].savesAcknowledgement)
        #expect(plain.pools[0].tokenCookie == nil)
        #expect(plain.pools[0].fullConnections == nil)
    }

    @Test func `who belongs to which server arrives`() throws {
        let made = try plan(
            of: """
                acl here src 192.0.2.7
                use-server a if here
                stick-table type ip size 2k expire 30m nopurge
                stick match src
                """)
        let pool = made.pools[0]
        let here = Question.source(PrefixTable([.ipv4(0xc000_0207, 32)]))
        #expect(pool.serverRules == [ServerRule("a", if: Condition([[.init([here])]]))])
        var table = StickTablePlan(name: "web", size: 2048, lifetime: .seconds(1800))
        table.keepsAll = true
        table.keys = .ipv4
        #expect(made.tables == [table])
        var rule = StickRule(in: 0)
        rule.stores = false
        #expect(pool.stickRules == [rule])
        let other = try plan(of: "stick-table type ipv6 size 1m\nstick on src")
        #expect(other.tables == [StickTablePlan(name: "web", size: 1 << 20)])
        #expect(other.pools[0].stickRules == [StickRule(in: 0)])
        for (words, key) in [
            ("ip size 1\nstick on dst", ConnectionKey.destination),
            ("integer size 1\nstick on dst_port", .destinationPort),
        ] {
            #expect(
                try plan(of: "stick-table type \(words)").pools[0].stickRules.map(\.key) == [key])
        }
        #expect(try plan(of: "").pools[0].stickRules == [])
        let kept = try plan(
            of: """
                option persist
                ignore-persist if { nbsrv 1 }
                force-persist unless { src 192.0.2.7 }
                default-server non-stick
                server s 192.0.2.9:80
                server t 192.0.2.9:81 stick
                """
        ).pools[0]
        let few = Question.pool(.usableServers, poolIndex: 0, [1...1])
        #expect(
            kept.forcingRules == [
                ForcingRule(isForced: false, if: Condition([[.init([few])]])),
                ForcingRule(isForced: true, if: Condition([[.init([here])]], isNegated: true)),
            ])
        #expect(kept.keepsToServers)
        #expect(kept.servers.suffix(2).map(\.isForgettable) == [true, false])
        #expect(!pool.keepsToServers && pool.forcingRules.isEmpty)
        let shared = try plan(
            of: """
                stick on src table t if TRUE
                stick on dst
                stick-table type ip size 1
                backend t
                stick-table type ip size 2
                """)
        var chosen = StickRule(in: 1)
        chosen.condition = Condition([[.init([.constant(true)])]])
        #expect(shared.tables.map(\.size) == [1, 2])
        #expect(shared.pools[0].stickRules == [chosen, StickRule(in: 0, by: .destination)])
    }

    @Test func `without fullconn it is a tenth of what the frontends may have`() throws {
        let made = try plan(
            """
            global
                maxconn 1000
            frontend a
                bind 192.0.2.1:80
                maxconn 300
                default_backend out
            frontend b
                bind 192.0.2.1:81
                use_backend out if { src 192.0.2.9 }
            frontend c
                bind 192.0.2.1:82
                default_backend other
            backend out
                server s 192.0.2.9:80 minconn 2 maxconn 20
            backend other
                server s 192.0.2.9:80 maxconn 20
            """)
        #expect(made.pools.map(\.fullConnections) == [130, nil])
    }

    @Test(arguments: [
        ("", HashType(), BackupUse.first),
        ("hash-type map-based sdbm", HashType(), .first),
        ("hash-type consistent", HashType(isConsistent: true), .first),
        (
            "hash-type consistent djb2",
            HashType(isConsistent: true, function: .djb2, avalanches: false), .first
        ),
        ("hash-type map-based crc32", HashType(function: .crc32), .first),
        ("hash-type map-based wt6", HashType(function: .wt6), .first),
        ("hash-type map-based none avalanche", HashType(function: .none, avalanches: true), .first),
        ("option allbackups", HashType(), .all),
        ("option one-backup-per-failure", HashType(), .onePerFailure),
    ])
    func `hashes and backups are used as they are named`(
        line: String, type: HashType, use: BackupUse
    ) throws {
        let pool = try plan(of: line).pools[0]
        #expect(pool.hashType == type)
        #expect(pool.backupUse == use)
    }

    @Test(arguments: [
        ("", ConnectionLogging(moment: .accepting)),
        ("option tcplog", ConnectionLogging(moment: .ending)),
        ("option jsonlog", ConnectionLogging(moment: .ending)),
        ("option tcplog\noption logasap", ConnectionLogging(moment: .connecting)),
        ("option logasap", ConnectionLogging(moment: .accepting)),
        ("option tcplog\noption dontlognull", .ending { $0.omitsEmpty = true }),
        ("option tcplog\noption dontlog-normal", .ending { $0.omitsNormal = true }),
        ("no log\noption tcplog", nil),
        ("log-format %ci", .ending { _ in }),
        ("log-format %fi", .ending { $0.tellsDestination = true }),
        ("log-format %bp", .ending { $0.tellsSourceEnd = true }),
        ("option tcplog clf", .ending { $0.tellsHeaderTime = true }),
        ("log-format %fi\noption tcplog", .ending { _ in }),
        ("log-format %[req.ssl_sni]", .ending { $0.tellsNames = true }),
        ("log-format %[req_ssl_alpn]", .ending { $0.tellsNames = true }),
        ("log-format %ID", .ending { $0.tellsIdentifier = true }),
        ("log-format %{+X}rt", .ending { $0.tellsRequestNumber = true }),
        ("option tcplog\nlog-format-sd %[unique-id]", .ending { $0.tellsIdentifier = true }),
        ("declare capture request len 2\nlog-format %hr", .ending { $0.tellsCaptures = true }),
        (
            "declare capture request len 2\nlog-format %[capture.req.hdr(0)]",
            .ending { $0.tellsCaptures = true }
        ),
        ("unique-id-format %ci\noption jsonlog", .ending { $0.tellsIdentifier = true }),
        ("unique-id-format %ci\noption tcplog", .ending { _ in }),
        (
            "option tcplog\nerror-log-format %fi",
            .ending {
                $0.tellsBrokenHeaders = true
                $0.tellsDestination = true
            }
        ),
    ])
    func `what is told of connections is what the options say`(
        lines: String, logging: ConnectionLogging?
    ) throws {
        #expect(try plan(of: lines).frontends[0].logging == logging)
    }

    @Test(
        arguments: [
            ("src 192.0.2.0/24", .source(PrefixTable([.ipv4(0xc000_0200, 24)]))),
            ("dst 192.0.2.1", .destination(PrefixTable([.ipv4(0xc000_0201, 32)]))),
            ("src_port 1024:65535", .sourcePort([1024...65_535])),
            ("dst_port 80", .destinationPort([80...80])),
            (
                "req.ssl_sni -i www.example.org",
                .serverName([.init(.exact, "www.example.org", ignoresCase: true)])
            ),
            ("req.ssl_sni -m beg www", .serverName([.init(.beginning, "www")])),
            ("req.ssl_sni -m end .org", .serverName([.init(.end, ".org")])),
            ("req.ssl_sni -m sub example", .serverName([.init(.part, "example")])),
            ("req.ssl_sni -m found", .serverName([.init(.found, "")])),
            ("req.ssl_alpn h2", .protocolName([.init(.exact, "h2")])),
            ("req.ssl_hello_type 1", .helloType([1...1])),
            ("req.len gt 10", .byteCount([11...Int.max])),
            ("nbsrv(web) lt 2", .pool(.usableServers, poolIndex: 0, [-1...1])),
            ("be_conn(web) gt 5", .pool(.connections, poolIndex: 0, [6...Int.max])),
            ("connslots(web) lt 3", .pool(.freePlaces, poolIndex: 0, [-1...2])),
            ("queue(web) ge 4", .pool(.waiting, poolIndex: 0, [4...Int.max])),
            ("avg_queue(web)", .pool(.waitingPerServer, poolIndex: 0, [1...Int.max])),
            ("srv_is_up(web/a)", .serverIsUp(poolIndex: 0, serverName: "a")),
            ("srv_is_up(a)", .serverIsUp(poolIndex: 0, serverName: "a")),
            ("req.ssl_ver 3.1:3.3", .tlsVersion([0x3_0001...0x3_0003])),
            ("req.payload(0,0),mqtt_is_valid", .mqttValidity),
            (
                "req.payload(0,0),mqtt_field_value(connect,username) -m beg x",
                .mqttField(.userName, [.init(.beginning, "x")])
            ),
            ("req.ssl_ver lt 3.3", .tlsVersion([-1...0x3_0002])),
            ("req.ssl_ver ge 3", .tlsVersion([0x3_0000...Int.max])),
            ("req.ssl_ver 3", .tlsVersion([0x3_0000...0x3_ffff])),
            ("nbsrv lt 2", .pool(.usableServers, poolIndex: 0, [-1...1])),
            ("nbsrv() lt 2", .pool(.usableServers, poolIndex: 0, [-1...1])),
            ("be_conn le 5", .pool(.connections, poolIndex: 0, [-1...5])),
            ("connslots eq -1", .pool(.freePlaces, poolIndex: 0, [-1...(-1)])),
            ("be_conn_free(web) gt -1", .pool(.freeConnections, poolIndex: 0, [0...Int.max])),
            ("queue", .pool(.waiting, poolIndex: 0, [1...Int.max])),
            ("avg_queue lt 0", .pool(.waitingPerServer, poolIndex: 0, [-1...(-1)])),
            (
                "srv_conn(a) ge 3",
                .server(.connections, poolIndex: 0, serverName: "a", [3...Int.max])
            ),
            (
                "srv_conn(web/a)",
                .server(.connections, poolIndex: 0, serverName: "a", [1...Int.max])
            ),
            (
                "srv_sess_rate(web/a) gt 2",
                .server(.sessionRate, poolIndex: 0, serverName: "a", [3...Int.max])
            ),
            (
                "srv_queue(a)",
                .server(.waiting, poolIndex: 0, serverName: "a", [1...Int.max])
            ),
            ("dst_conn gt 3", .listenerConnections([4...Int.max])),
            ("so_id 2", .listenerNumber([2...2])),
            ("rand(100) lt 10", .random(below: 100, [-1...9])),
            ("rand", .random(below: 1 << 32, [1...Int.max])),
            ("nbproc 1", .constant(true)), ("nbproc gt 1", .constant(false)),
            ("fe_conn ge 100", .connectionCount(frontendName: nil, [100...Int.max])),
            ("fe_conn() ge 100", .connectionCount(frontendName: nil, [100...Int.max])),
            ("fe_conn(web) 7", .connectionCount(frontendName: "web", [7...7])),
            ("fe_sess_rate gt 9", .sessionRate(frontendName: nil, [10...Int.max])),
            ("fe_sess_rate(web)", .sessionRate(frontendName: "web", [1...Int.max])),
            ("be_sess_rate(web) ge 3", .pool(.sessionRate, poolIndex: 0, [3...Int.max])),
            (
                "req.payload(0,2) -m bin 1603",
                .payload(offset: 0, length: 2, [.init(.exact, bytes: [0x16, 3])])
            ),
            (
                "payload(4,0) -i -m sub shop",
                .payload(offset: 4, length: 0, [.init(.part, "shop", ignoresCase: true)])
            ),
            ("req.payload(0,1) -m found", .payload(offset: 0, length: 1, [.init(.found, "")])),
            ("wait_end", .waitIsOver), ("always_true", .constant(true)),
            ("always_false", .constant(false)),
        ] as [(String, Question)])
    func `each criterion asks its question`(criterion: String, question: Question) throws {
        let rules = try plan(of: "acl it \(criterion)\ntcp-request content reject if it").frontends[
            0
        ]
        .rules
        #expect(rules.content == [Rule(.reject, if: Condition([[.init([question])]]))])
    }

    @Test func `what rules remember arrives`() throws {
        let made = try plan(
            of: """
                tcp-request connection set-var(sess.a) src,ipmask(24)
                tcp-request session set-var(proc.b) str(x)
                tcp-request content set-var(txn.c) var(sess.a) if { var(proc.b) -m int 7 }
                tcp-request content unset-var(sess.a) if { var(txn.c) -m ip 192.0.2.0/24 }
                tcp-request content set-var(req.d) ipv6(2001:db8::1)
                tcp-request content set-var(req.d) int(9) unless { var(req.d) -m found }
                """)
        #expect(
            made.variables == [
                VariablePlan(name: "sess.a"), VariablePlan(name: "proc.b", isOfProcess: true),
                VariablePlan(name: "txn.c"), VariablePlan(name: "req.d"),
            ])
        func when(_ question: Question, isNegated: Bool = false) -> Condition {
            Condition([[.init([question])]], isNegated: isNegated)
        }
        let rules = made.frontends[0].rules
        let network = ConnectionKey.network(of: .source, AddressMask(ipv4: 0xffff_ff00))
        #expect(rules.connection == [Rule(.setVariable(0, .key(network)))])
        #expect(rules.session == [Rule(.setVariable(1, .text([120])))])
        let prefix = PrefixTable([.ipv4(0xc000_0200, 24)])
        #expect(
            rules.content == [
                Rule(.setVariable(2, .variable(0)), if: when(.variable(1, .numbers([7...7])))),
                Rule(.unsetVariable(0), if: when(.variable(2, .addresses(prefix)))),
                Rule(
                    .setVariable(
                        3, .address(IPEndpoint(high: 0x2001_0db8_0000_0000, low: 1, port: 0)))),
                Rule(.setVariable(3, .number(9)), if: when(.variable(3, .found), isNegated: true)),
            ])
    }

    @Test func `what sections, sockets and servers are known by arrives`() throws {
        let text = """
            frontend in
                bind 192.0.2.1:80
                bind 192.0.2.1:81 id 1
                bind 192.0.2.1:82 name own id 9
                id 2
                default_backend web
            backend one
                server a 192.0.2.11:80
            backend web
                server a 192.0.2.11:80 id 7 guid a-1 hash-key guid
                server b 192.0.2.12:80 hash-key id32
                server c 192.0.2.13:80 hash-key addr
                server d 192.0.2.14:80 hash-key addr-port
                server e 192.0.2.15:80 source *:7000
                server f 192.0.2.16:80 source 192.0.2.99:1024-65535
            """
        let made = try plan(text)
        #expect(made.frontends[0].listeners.map(\.name) == ["sock-2", "sock-1", "own"])
        #expect(made.frontends[0].listeners.map(\.number) == [nil, 1, 9])
        let servers = made.pools[1].servers
        #expect(servers.map(\.number) == [7, nil, nil, nil, nil, nil])
        #expect(servers.map(\.guid) == ["a-1", nil, nil, nil, nil, nil])
        #expect(
            servers.map(\.hashKey) == [
                .guid, .wholeNumber, .address, .addressAndPort, .number, .number,
            ])
        #expect(servers[4].connection.source == .ports(7000...7000, of: nil))
        #expect(
            servers[5].connection.source
                == .ports(1024...65_535, of: IPEndpoint(ipv4: 0xc000_0263, port: 0)))
        let file = InputFile(name: "f", bytes: Array(text.utf8))
        let model = try #require(ConfigurationLoader(format: .haproxy).load([file]).model)
        let numbers = SectionNumbers(model)
        #expect(numbers[model.frontends[0].identity] == 2)
        // The second section would have that number: it gets the next free one.
        #expect(model.backends.map { numbers[$0.identity] } == [3, 4])
    }

    @Test func `an expression reaches the rules as its table`() throws {
        let made = try plan(
            of: "acl it req.ssl_sni -i -m reg ^a+$\ntcp-request content reject if it")
        let terms = made.frontends[0].rules.content[0].condition.alternatives[0]
        guard case .serverName(let patterns) = terms[0].questions[0] else {
            Issue.record("no question about the name")
            return
        }
        let table = try RegularExpression("^a+$", ignoringCase: true).automaton()
        var pattern = TextPattern(.expression, "^a+$", ignoresCase: true)
        pattern.automaton = TextAutomaton(table)
        #expect(patterns == [pattern])
    }

    @Test func `a section's source is its servers'`() throws {
        let made = try plan(
            of: "source 192.0.2.9 interface eth9\nserver b 192.0.2.12:80 source 192.0.2.8")
        #expect(
            made.pools[0].servers.map(\.connection.source) == [
                .address(IPEndpoint(ipv4: 0xc000_0209, port: 0)),
                .address(IPEndpoint(ipv4: 0xc000_0208, port: 0)),
            ])
        #expect(made.pools[0].servers[0].connection.interface == "eth9")
    }

    @Test func `a backend that is disabled has nobody to send to`() throws {
        let made = try plan(
            """
            frontend in
                bind 192.0.2.1:80
                default_backend out
            backend out
                disabled
                server a 192.0.2.11:80
            """)
        #expect(made.pools[0].servers.map(\.administrativeState) == [.maintenance])
        #expect(
            try plan(of: "enabled").pools[0].servers.map(\.administrativeState) == [.ready])
    }

    @Test func `rules stand in their lists, with what they do and when`() throws {
        let rules = try plan(
            """
            frontend in
                bind 192.0.2.1:80
                acl a src 192.0.2.7
                acl b dst_port 80
                tcp-request connection expect-proxy layer4 if a
                tcp-request connection silent-drop if !a b
                tcp-request session accept unless a or b
                tcp-request inspect-delay 3s
                tcp-request content reject if a
                use_backend two if b
                use_backend one if a
            backend one
                server s 192.0.2.9:80
            backend two
                server s 192.0.2.9:80
            """
        ).frontends[0].rules
        let a = Question.source(PrefixTable([.ipv4(0xc000_0207, 32)]))
        let b = Question.destinationPort([80...80])
        var expected = RulePlan()
        expected.connection = [
            Rule(.expectProxyHeader, if: Condition([[.init([a])]])),
            Rule(.silentDrop, if: Condition([[.init([a], isNegated: true), .init([b])]])),
        ]
        expected.session = [
            Rule(.accept, if: Condition([[.init([a])], [.init([b])]], isNegated: true))
        ]
        expected.inspectDelay = .seconds(3)
        expected.content = [Rule(.reject, if: Condition([[.init([a])]]))]
        expected.pools = [
            PoolRule(1, if: Condition([[.init([b])]])), PoolRule(0, if: Condition([[.init([a])]])),
        ]
        expected.refusesOthers = true
        #expect(rules == expected)
    }

    @Test func `mode udp makes a frontend of datagrams`() throws {
        #expect(try plan(of: "mode udp").frontends[0].isDatagram)
        #expect(try plan(of: "").frontends[0].isDatagram == false)
    }
}

extension ConnectionLogging {
    fileprivate static func ending(_ adjust: (inout ConnectionLogging) -> Void) -> ConnectionLogging
    {
        var logging = ConnectionLogging(moment: .ending)
        adjust(&logging)
        return logging
    }
}

extension PrefixTable.Prefix {
    fileprivate static func ipv4(_ address: UInt32, _ length: Int) -> Self {
        Self(IPEndpoint(ipv4: address, port: 0), length: length)
    }
}
#endif
