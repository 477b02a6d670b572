import Testing
import VRRPCore

@testable import NodeConfiguration

@Suite struct `haproxy's keywords of choosing and limiting` {
    @Test(
        arguments: [
            ("balance roundrobin", .roundrobin), ("balance static-rr", .staticRoundrobin),
            ("balance leastconn", .leastconn), ("balance first", .first),
            ("balance source", .source), ("balance maglev", .maglev),
            ("balance random", .random(draws: 2)), ("balance random(3)", .random(draws: 3)),
            ("balance hash src", .hash(.source)), ("balance hash src_port", .hash(.sourcePort)),
            ("balance hash dst", .hash(.destination)),
            ("balance hash dst_port", .hash(.destinationPort)),
            ("balance hash req.ssl_sni", .hash(.serverName)),
            ("balance hash req.rdp_cookie", .hash(.rdpCookie(""))),
            ("balance hash req.ssl_sni,lower", .hash(.converted(.serverName, .lower))),
            (
                "balance hash src,ipmask(255.255.0.0,ffff::)",
                .hash(
                    .converted(
                        .source, .mask(.init(255, 255, 0, 0), .init(high: 0xffff << 48, low: 0))))
            ),
            ("balance hash req.payload(2,5)", .hash(.payload(.init(offset: 2, length: 5)))),
        ] as [(String, BalanceAlgorithm)])
    func `every algorithm is read, and written as it was`(
        line: String, algorithm: BalanceAlgorithm
    ) throws {
        let loaded = load(proxy("tcp-request inspect-delay 1s\n\(line)"))
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.model?.backends.first?.algorithm == algorithm)
        #expect("balance \(algorithm)" == (line == "balance random" ? "balance random(2)" : line))
    }

    @Test(
        arguments: [
            ("always", .always), ("maxconn", .whileRoom), ("maxqueue", .whilePlace),
        ] as [(String, SelectionSettings.Affinity)])
    func `hash-preserve-affinity reaches the model`(
        word: String, affinity: SelectionSettings.Affinity
    ) {
        for algorithm in ["source", "hash src"] {
            let loaded = load(
                proxy(
                    "balance \(algorithm)\nhash-type consistent\nhash-preserve-affinity \(word)"))
            #expect(loaded.diagnostics.isEmpty)
            #expect(loaded.model?.backends.first?.selection.affinity == affinity)
        }
    }

    @Test func `what is said about hashes, backups, queues and rates reaches the model`() throws {
        let loaded = load(
            proxy(
                """
                hash-type consistent djb2 avalanche
                hash-balance-factor 150
                option allbackups
                maxqueue 7
                timeout tunnel 1h
                timeout client-fin 2s
                timeout server-fin 3s
                timeout no-server 4s
                persist rdp-cookie
                option tcp-smart-connect
                rate-limit sessions 100
                tcp-request inspect-delay 5s
                rate-limit sessions-per-source 10
                server b 192.0.2.12:80 maxqueue 5 slowstart 30s
                """))
        #expect(loaded.diagnostics.isEmpty)
        let backend = try #require(loaded.model?.backends.first)
        var selection = SelectionSettings()
        selection.isConsistent = true
        selection.hashFunction = .djb2
        selection.avalanches = true
        selection.balanceFactor = 150
        selection.backupUse = .all
        selection.tokenCookie = "msts"
        #expect(backend.selection == selection)
        var limits = PoolLimits()
        limits.queueLimit = 7
        limits.tunnelTimeout = .seconds(3600)
        limits.serverFinTimeout = .seconds(3)
        limits.noServerTimeout = .seconds(4)
        limits.savesAcknowledgement = true
        #expect(backend.limits == limits)
        #expect(backend.servers[1].queueLimit == 5)
        #expect(backend.servers[1].slowStart == .seconds(30))
        let frontend = try #require(loaded.model?.frontends.first)
        var frontendLimits = FrontendLimits()
        frontendLimits.clientFinTimeout = .seconds(2)
        frontendLimits.sessionRate = 100
        frontendLimits.sessionRatePerSource = 10
        #expect(frontend.limits == frontendLimits)
    }

    @Test(arguments: [
        ("map-based", false), ("consistent", true), ("consistent sdbm", false),
        ("consistent wt6", false), ("consistent sdbm avalanche", true),
        ("map-based djb2 avalanche", true),
    ])
    func `an avalanche goes without saying on a circle, but not beside a function`(
        words: String, avalanches: Bool
    ) {
        let loaded = load(proxy("hash-type \(words)"))
        #expect(loaded.model?.backends.first?.selection.avalanches == avalanches)
    }

    @Test(arguments: [
        ("option redispatch", true, -1), ("option redispatch 2", true, 2),
        ("option redispatch -3", true, -3), ("option redispatch 0", false, -1),
        ("option redispatch 2\nno option redispatch", false, -1), ("", false, -1),
    ])
    func `redispatch may say at which retries`(line: String, redispatches: Bool, interval: Int) {
        let loaded = load(proxy(line))
        #expect(!loaded.diagnostics.contains { $0.severity == .error })
        #expect(loaded.model?.backends.first?.redispatches == redispatches)
        #expect(loaded.model?.backends.first?.redispatchInterval == interval)
    }

    @Test func `socket-stats asks for a row per listener`() {
        let option = "option socket-stats"
        #expect(load(proxy("")).model?.frontends.first?.showsListeners == false)
        #expect(load(proxy(option)).model?.frontends.first?.showsListeners == true)
        #expect(
            load(proxy("\(option)\nno \(option)")).model?.frontends.first?.showsListeners == false)
        #expect(load(proxy(option)).diagnostics.isEmpty)
    }

    @Test func `one backup per failure is asked for by an option, and taken back by no`() {
        let option = "option one-backup-per-failure"
        #expect(load(proxy(option)).model?.backends.first?.selection.backupUse == .onePerFailure)
        #expect(
            load(proxy("\(option)\nno \(option)")).model?.backends.first?.selection.backupUse
                == .first)
    }

    @Test(arguments: [
        (
            "balance random(0)",
            "f:7:9: error: balance 'random(0)': must be random, or random(N) with N from 1 to 100"
        ),
        (
            "balance random(x",
            "f:7:9: error: balance 'random(x': must be random, or random(N) with N from 1 to 100"
        ),
        (
            "hash-type consitent",
            "f:7:11: error: hash-type 'consitent': must be map-based or consistent"
        ),
        (
            "hash-type map-based md5",
            "f:7:21: error: unknown hash function 'md5'; there are sdbm, djb2, wt6, crc32 and none"
        ),
        (
            "hash-type map-based sdbm often",
            "f:7:26: error: hash-type: 'often' is not 'avalanche', the only modifier"
        ),
        (
            "hash-preserve-affinity never",
            "f:7:24: error: hash-preserve-affinity 'never': must be always or maxconn or maxqueue"
        ),
        (
            "hash-preserve-affinity maxconn",
            "f:7:1: warning: 'hash-preserve-affinity' has no effect without 'hash-type consistent' and 'balance source' or 'balance hash'"
        ),
        (
            "balance source\nhash-preserve-affinity maxqueue",
            "f:8:1: warning: 'hash-preserve-affinity' has no effect without 'hash-type consistent' and 'balance source' or 'balance hash'"
        ),
        (
            "hash-balance-factor 50",
            "f:7:21: error: hash-balance-factor 50: must be 101 or more, or 0 for no bound"
        ),
        (
            "balance rdp-cookie",
            "f:5:8: warning: 'balance' of 'web' looks at req.rdp_cookie(mstshash), but 'web' has no 'tcp-request inspect-delay': clients are waited for 5s at most"
        ),
        (
            "persist rdp-cookie(it)",
            "f:5:8: warning: 'persist' of 'web' looks at req.rdp_cookie(it), but 'web' has no 'tcp-request inspect-delay': clients are waited for 5s at most"
        ),
        (
            "persist rdp-cooky",
            "f:7:9: error: persist 'rdp-cooky': must be rdp-cookie or rdp-cookie(NAME); did you mean 'rdp-cookie'?"
        ),
        (
            "balance rdp-cookie(",
            "f:7:9: error: 'rdp-cookie(': needs the name of a cookie of at most 32 bytes, such as mstshash"
        ),
        (
            "balance rdp-cookie()x",
            "f:7:9: error: 'rdp-cookie()x': needs the name of a cookie of at most 32 bytes, such as mstshash"
        ),
        (
            "balance hash fc_rtt",
            "f:7:14: warning: 'balance hash fc_rtt' is known but not implemented yet: what can be hashed is src, src_port, dst, dst_port, req.ssl_sni, req.ssl_alpn, ssl_fc_sni, ssl_c_s_dn(cn), fc_pp_authority, fc_pp_unique_id, fc_pp_tlv(ID), req.payload(OFFSET,LENGTH), req.payload_lv(OFFSET,LENGTH) or req.rdp_cookie(NAME), an address also with ,ipmask(24,64), a text with ,lower or ,upper; the algorithm before it stays, roundrobin if there is none"
        ),
        (
            "option redispatch often",
            "f:7:19: error: option redispatch 'often': must be a number, -100 to 100"
        ),
        (
            "rate-limit session 5",
            "f:7:12: error: unknown rate limit 'session'; did you mean 'sessions'?"
        ),
    ])
    func `what is wrong is said at its word`(line: String, message: String) {
        #expect(diagnose(proxy(line)) == [message])
    }

    @Test(arguments: [(64, []), (65, ["f:2:10: error: nbthread 65: must be 1 to 64"])])
    func `there are at most 64 reactors`(count: Int, messages: [String]) {
        #expect(diagnose("global\nnbthread \(count)\n" + proxy("")) == messages)
    }

    @Test func `what cannot be numbered is refused by the section that is too much`() {
        func section(_ name: String, line: Int, servers: Int) -> Placed<Backend> {
            var backend = Backend(name: name)
            backend.servers = Array(
                repeating: Server(name: "s", address: IPv4Address(192, 0, 2, 9), port: 80),
                count: servers)
            return Placed(
                value: backend,
                location: Location(file: "f", position: Position(line: line, column: 9)))
        }
        func complaints(_ backends: [Placed<Backend>]) -> [String] {
            var draft = Draft()
            draft.backends = backends
            var assembler = ModelAssembler(draft, literalScripts: false)
            _ = assembler.assemble()
            return assembler.diagnostics.map(\.description)
        }
        let almost = section("a", line: 1, servers: 65_533)
        #expect(complaints([almost, section("b", line: 5, servers: 1)]).isEmpty)
        #expect(
            complaints([
                almost, section("b", line: 5, servers: 2), section("c", line: 7, servers: 1),
            ]) == [
                "f:5:9: error: with this section there are 65535 servers; all sections together"
                    + " may have 65534"
            ])
        var frontend = Frontend(name: "f", backendName: "a")
        let listener = Listener(.internet(address: nil, port: 80))
        frontend.listeners = Array(repeating: listener, count: 65_535)
        var draft = Draft()
        draft.frontends = [Placed(value: frontend, location: almost.location)]
        var assembler = ModelAssembler(draft, literalScripts: false)
        _ = assembler.assemble()
        #expect(
            assembler.diagnostics.map(\.description) == [
                "f:1:9: error: with this section there are 65535 addresses to listen on; all"
                    + " sections together may have 65534"
            ])
    }

    @Test func `what one word stands for is counted before it is made`() {
        let ranges = Array(repeating: ":1-65535", count: 2_000).joined(separator: ",")
        let binds = String(repeating: "bind \(ranges)\n", count: 5)
        #expect(
            diagnose(proxy(binds + "listen b\nbind :80\nserver a 192.0.2.11:80"), as: .haproxy) == [
                "f:7:6: error: with this section there are 65536 addresses to listen on; all"
                    + " sections together may have 65534"
            ])
        let templates = (0..<5_000).map { "server-template s\($0)- 4096 web.example:80 check" }
        #expect(
            diagnose(proxy(templates.joined(separator: "\n")), as: .haproxy) == [
                "f:22:22: error: with this section there are 65537 servers; all sections together may"
                    + " have 65534"
            ])
        let peers = "peers p\nbind \(ranges)\n"
        #expect(
            diagnose(peers + proxy(""), as: .haproxy).contains(
                "f:2:6: error: with this section there are 65535 addresses to listen on; all"
                    + " sections together may have 65534"))
    }

    @Test(arguments: [(100, []), (101, ["f:7:9: error: retries 101: must be 0 to 100"])])
    func `a connection is tried again at most a hundred times`(count: Int, messages: [String]) {
        #expect(diagnose(proxy("retries \(count)")) == messages)
    }
}
