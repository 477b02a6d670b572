import Testing
import VRRPCore

@testable import NodeConfiguration

/// Tables that count, and rules on what they count.
@Suite struct `haproxy's stick tables` {
    @Test func `what a table counts is read, over as many 'store' as there are`() throws {
        let loaded = load(
            proxy(
                """
                stick-table type ipv6 size 1m expire 10s nopurge store conn_cur,conn_rate(3s) store server_id,gpc0
                tcp-request connection track-sc0 src
                """))
        #expect(loaded.diagnostics.isEmpty)
        var table = StickTableSettings(name: "web", size: 1 << 20)
        table.kind = .ipv6
        table.lifetime = .seconds(10)
        table.keepsAll = true
        table.hasServerNumbers = true
        table.counters = [
            .init(datum: .connections), .init(datum: .connectionRate, period: .seconds(3)),
            .init(datum: .marks),
        ]
        #expect(loaded.model?.stickTables == [table])
        #expect(loaded.model?.backends[0].stickRules == [])
    }

    @Test(arguments: [
        ("conn_cur", StickDatum.connections), ("conn_cnt", .connectionTotal),
        ("conn_rate(1s)", .connectionRate), ("sess_cnt", .sessionTotal),
        ("sess_rate(1s)", .sessionRate), ("bytes_in_cnt", .bytesIn),
        ("bytes_in_rate(1s)", .bytesInRate), ("bytes_out_cnt", .bytesOut),
        ("bytes_out_rate(1s)", .bytesOutRate), ("gpc0", .marks), ("gpc0_rate(1s)", .markRate),
        ("gpc1", .secondMarks), ("gpc1_rate(1s)", .secondMarkRate),
        ("gpt0", .tag),
    ])
    func `each datum has its name`(name: String, datum: StickDatum) {
        let loaded = load(
            proxy("stick-table type ip size 9 store \(name)\ntcp-request connection track-sc0 src"))
        #expect(loaded.diagnostics.isEmpty)
        let period: Duration? = name.hasSuffix(")") ? .seconds(1) : nil
        #expect(loaded.model?.stickTables[0].counters == [.init(datum: datum, period: period)])
    }

    @Test(
        arguments: [
            ("gpt(100)", StickDatum.tags, 100, nil), ("gpc(3)", .markArray, 3, nil),
            ("gpc_rate(1,2s)", .markRateArray, 1, .seconds(2)),
        ] as [(String, StickDatum, Int, Duration?)])
    func `an array has so many elements`(
        name: String, datum: StickDatum, count: Int, period: Duration?
    ) {
        let loaded = load(
            proxy("stick-table type ip size 9 store \(name)\ntcp-request connection track-sc0 src"))
        #expect(loaded.diagnostics.isEmpty)
        #expect(
            loaded.model?.stickTables[0].counters
                == [.init(datum: datum, period: period, count: count)])
    }

    @Test(arguments: [
        ("ip", "dst_port", StickTableSettings.Kind.ip, 0, ConnectionKeyName.destinationPort),
        ("integer", "src", .integer, 0, .source), ("string", "dst", .string, 31, .destination),
        ("binary", "req_ssl_sni", .binary, 32, .serverName),
        ("string len 5", "req.ssl_alpn", .string, 5, .protocolName),
        (
            "binary len 32", "payload_lv(43,1)", .binary, 32,
            .countedPayload(.init(length: .init(offset: 43, length: 1)))
        ),
        (
            "binary len 1024", "req.payload(2,3)", .binary, 1024,
            .payload(.init(offset: 2, length: 3))
        ),
        (
            "ip", "src,ipmask(255.0.0.255)", .ip, 0,
            .converted(.source, .mask(.init(255, 0, 0, 255), nil))
        ),
        (
            "ipv6", "dst,ipmask(24,ffff::),ipmask(12,8)", .ipv6, 0,
            .converted(
                .destination, .mask(.init(255, 240, 0, 0), .init(high: 0xff << 56, low: 0)))
        ),
        ("string", "req.ssl_sni,lower", .string, 31, .converted(.serverName, .lower)),
        (
            "binary", "req.payload(0,4),lower,upper", .binary, 32,
            .converted(.payload(.init(offset: 0, length: 4)), .upper)
        ),
    ])
    func `keys of each kind are what haproxy converts to it`(
        type: String, word: String, kind: StickTableSettings.Kind, length: Int,
        key: ConnectionKeyName
    ) {
        let loaded = load(
            proxy(
                """
                stick-table type \(type) size 9 expire 10s
                tcp-request inspect-delay 5s
                tcp-request content track-sc0 \(word)
                stick on \(word)
                """))
        #expect(loaded.diagnostics.isEmpty)
        var table = StickTableSettings(name: "web", size: 9)
        (table.kind, table.keyByteCount, table.lifetime) = (kind, length, .seconds(10))
        #expect(loaded.model?.stickTables == [table])
        #expect(loaded.model?.backends[0].stickRules == [.init(tableName: "web", key: key)])
        #expect(
            loaded.model?.frontends[0].rules.content.map(\.action)
                == [.track(.init(number: 0, key: key, tableName: "web"))])
    }

    @Test func `the rules of a section name tables, their own or others', in their order`() throws {
        let loaded = load(
            """
            defaults
            timeout client 9s
            timeout server 9s
            timeout connect 9s
            listen one 192.0.2.1:80
            acl here src 192.0.2.0/24
            stick match src table keys unless here or { src_port 7 }
            stick on dst_port
            stick-table type integer size 9
            server s 192.0.2.9:80
            listen two 192.0.2.1:81
            stick store-request src table keys
            stick on dst_port table one
            server s 192.0.2.9:80
            backend keys
            stick-table type ip size 9
            """)
        #expect(loaded.diagnostics.isEmpty)
        var (match, store) = (
            StickRuleSettings(tableName: "keys", key: .source),
            StickRuleSettings(tableName: "keys", key: .source)
        )
        (match.stores, store.matches) = (false, false)
        let here = ConnectionQuestion.source([.init(address: .v4(.init(192, 0, 2, 0)), length: 24)])
        match.condition = RuleCondition(
            alternatives: [[.init(questions: [here])], [.init(questions: [.sourcePort([7...7])])]],
            isNegated: true)
        let both = StickRuleSettings(tableName: "one", key: .destinationPort)
        #expect(
            try #require(loaded.model).backends.map(\.stickRules)
                == [[match, both], [store, both], []])
    }

    @Test func `who has yet to say his key is waited for, in every frontend that leads there`() {
        let loaded = load(
            """
            defaults
            timeout client 9s
            timeout server 9s
            timeout connect 9s
            frontend in
            bind 192.0.2.1:80
            default_backend one
            frontend out
            bind 192.0.2.1:81
            tcp-request inspect-delay 1s
            use_backend one if { src 192.0.2.7 }
            frontend other
            bind 192.0.2.1:82
            default_backend two
            backend one
            stick-table type string size 9
            stick match req.ssl_sni
            server s 192.0.2.9:80
            backend two
            server s 192.0.2.9:80
            """)
        #expect(
            loaded.diagnostics.map(\.message) == [
                "'stick' of 'one' looks at req.ssl_sni, but 'in' has no 'tcp-request inspect-delay': clients are waited for 5s at most"
            ])
        #expect(
            loaded.model?.frontends.map(\.rules.inspectDelay) == [.seconds(5), .seconds(1), nil])
    }

    /// The idiom: a section that is there for its table, and others that count in it.
    @Test func `a backend without servers has a table for others`() throws {
        let loaded = load(
            """
            defaults
            timeout client 9s
            frontend in
            bind 192.0.2.1:80
            stick-table type integer size 9 store conn_cnt
            acl many sc0_conn_rate gt 20
            acl marked src_get_gpc0(per_ip)
            tcp-request connection track-sc0 src table per_ip if TRUE
            tcp-request connection track-sc1 dst_port
            tcp-request session sc-inc-gpc0(0) if many
            tcp-request connection reject if many or marked
            tcp-request content track-sc2 dst table per_ip
            use_backend two if { sc_conn_cnt(0,other) ge 5 }
            default_backend one
            backend per_ip
            stick-table type ip size 9 store conn_rate(10s),gpc0
            backend other
            mode http
            stick-table type ip size 9 store conn_cnt
            backend one
            timeout server 9s
            timeout connect 9s
            server s 192.0.2.9:80
            backend two
            timeout server 9s
            timeout connect 9s
            server s 192.0.2.9:80
            """)
        #expect(loaded.diagnostics.isEmpty)
        let model = try #require(loaded.model)
        #expect(model.stickTables.map(\.name) == ["in", "per_ip", "other"])
        func asked(
            _ datum: StickDatum, _ subject: CounterQuestion.Subject, _ table: String?,
            _ range: ClosedRange<Int>
        ) -> RuleCondition.Term {
            .init(questions: [.counter(CounterQuestion(datum, of: subject, in: table), [range])])
        }
        let many = asked(.connectionRate, .tracked(0), nil, 21...Int.max)
        let marked = asked(.marks, .key(.source), "per_ip", 1...Int.max)
        let rules = model.frontends[0].rules
        #expect(
            rules.connection == [
                ConnectionRule(
                    action: .track(.init(number: 0, key: .source, tableName: "per_ip")),
                    condition: RuleCondition(alternatives: [[.init(questions: [.constant(true)])]])
                ),
                ConnectionRule(
                    action: .track(.init(number: 1, key: .destinationPort, tableName: "in")),
                    condition: RuleCondition()),
                ConnectionRule(
                    action: .reject, condition: RuleCondition(alternatives: [[many], [marked]])),
            ])
        #expect(
            rules.session == [
                ConnectionRule(
                    action: .countMark(.marks, 0), condition: RuleCondition(alternatives: [[many]]))
            ])
        #expect(
            rules.content == [
                ConnectionRule(
                    action: .track(.init(number: 2, key: .destination, tableName: "per_ip")),
                    condition: RuleCondition())
            ])
        #expect(
            rules.backends.map(\.condition) == [
                RuleCondition(
                    alternatives: [[asked(.connectionTotal, .tracked(0), "other", 5...Int.max)]])
            ])
    }

    @Test(arguments: [
        ("src_conn_cur lt 3", StickDatum.connections, CounterQuestion.Subject.key(.source), -1...2),
        ("sc_conn_rate(0) 5:9", .connectionRate, .tracked(0), 5...9),
        ("sc0_conn_rate le 4", .connectionRate, .tracked(0), -1...4),
        ("sc0_kbytes_in gt 2", .bytesIn, .tracked(0), 3072...Int.max),
        ("sc0_kbytes_out 1:2", .bytesOut, .tracked(0), 1024...3071),
        ("sc0_kbytes_out lt 2", .bytesOut, .tracked(0), -1024...2047),
        ("src_get_gpc0", .marks, .key(.source), 1...Int.max),
    ])
    func `counters are compared as numbers are`(
        text: String, datum: StickDatum, subject: CounterQuestion.Subject, range: ClosedRange<Int>
    ) {
        let loaded = load(
            proxy(
                """
                stick-table type ip size 9 store conn_cur,conn_rate(3s),bytes_in_cnt,bytes_out_cnt,gpc0
                tcp-request connection track-sc0 src
                tcp-request connection reject if { \(text) }
                """))
        #expect(loaded.diagnostics.isEmpty)
        let question = loaded.model?.frontends[0].rules.connection.last?.condition.alternatives[0][
            0]
        let table = subject == .key(.source) ? "web" : nil
        #expect(
            question?.questions == [
                .counter(CounterQuestion(datum, of: subject, in: table), [range])
            ])
    }

    @Test(
        arguments: [
            (
                "stick-table type ip size 1k",
                "f:7:1: warning: 'stick-table' has no effect: its section has no 'stick', and no rule names it"
            ),
            (
                "stick-table type strin size 1k",
                "f:7:18: error: stick-table type 'strin': must be ip, ipv6, integer, string or binary; did you mean 'string'?"
            ),
            (
                "stick-table type string len 0 size 9\nstick on src",
                "f:7:29: error: 'len' of 'stick-table' 0: must be 1 to 1024"
            ),
            (
                "stick-table type ip len 9 size 9\nstick on src",
                "f:7:21: error: unknown word 'len' of 'stick-table'"
            ),
            (
                "stick-table type binary len 1024 size 2m\nstick on src",
                "f:7:1: error: 'stick-table' keeps 2097152 keys of 1024 bytes; all of them may take 1g at most"
            ),
            (
                "stick-table type ip size 9\nstick on req.ssl_sni",
                """
                f:5:8: warning: 'stick' of 'web' looks at req.ssl_sni, but 'web' has no 'tcp-request inspect-delay': clients are waited for 5s at most
                f:8:1: error: stick 'web': req.ssl_sni needs a table of type string or binary
                """
            ),
            (
                "stick on src\nstick on req.ssl_sni table keys\nbackend keys\nstick-table type ip size 9",
                """
                f:5:8: warning: 'stick' of 'web' looks at req.ssl_sni, but 'web' has no 'tcp-request inspect-delay': clients are waited for 5s at most
                f:7:1: error: 'stick' needs a table: a 'stick-table' in its section, such as 'stick-table type ip size 100k expire 30m', or 'table' and the name of another section
                f:8:28: error: stick 'keys': req.ssl_sni needs a table of type string or binary
                """
            ),
            (
                "stick-table type ip size 9\nstick on src when TRUE",
                """
                f:8:14: error: 'when': must be if or unless
                """
            ),
            (
                "stick-table type ip size 9 store gpc0\nstick on src\nstick match src if { src_inc_gpc0 gt 5 }",
                "f:9:7: error: 'src_inc_gpc0' stands after 'tcp-request' only: rules of 'stick' are asked again as bytes come"
            ),
            (
                "stick-table type ip size 9\nstick on src if { req.ssl_sni -m found }",
                "f:8:17: warning: a rule looks at what the client says, but there is no 'tcp-request inspect-delay': clients are waited for 5s at most"
            ),
            (
                "stick-table type string size 9\nstick on req.payload(0,0)",
                """
                f:8:10: error: stick on 'req.payload(0,0)': needs a length above 0: what has come by then is another key each time
                """
            ),
            (
                "stick-table type string size 9\nstick on req.payload(9)",
                """
                f:8:10: error: 'req.payload(9)': needs an offset and a length, such as req.payload(0,4)
                """
            ),
            (
                "stick-table type string size 9\nstick on req.payload_lv(0,1,-2)",
                """
                f:8:10: error: 'req.payload_lv(0,1,-2)': needs where a length stands, in how many bytes, and perhaps where what is so long begins, such as req.payload_lv(43,1)
                """
            ),
            (
                "stick-table type string size 9\nstick on req.payload_lv(5,1,+9223372036854775807)",
                """
                f:8:10: error: 'req.payload_lv(5,1,+9223372036854775807)': needs where a length stands, in how many bytes, and perhaps where what is so long begins, such as req.payload_lv(43,1)
                """
            ),
            (
                "stick-table type string size 9\nstick on req.payload_lv(5,1,-9223372036854775808)",
                """
                f:8:10: error: 'req.payload_lv(5,1,-9223372036854775808)': needs where a length stands, in how many bytes, and perhaps where what is so long begins, such as req.payload_lv(43,1)
                """
            ),
            (
                "stick-table type string size 9\nstick on req.payload_lv(5,1,9223372036854775807)",
                """
                f:8:10: error: 'req.payload_lv(5,1,9223372036854775807)': needs where a length stands, in how many bytes, and perhaps where what is so long begins, such as req.payload_lv(43,1)
                """
            ),
            (
                "stick-table type string size 9\nstick on req.ssl_sni,field(1,.)",
                """
                f:8:10: error: stick on 'req.ssl_sni,field(1,.)' is not supported as a key; write src, src_port, dst, dst_port, req.ssl_sni, req.ssl_alpn, ssl_fc_sni, ssl_c_s_dn(cn), fc_pp_authority, fc_pp_unique_id, fc_pp_tlv(ID), req.payload(OFFSET,LENGTH), req.payload_lv(OFFSET,LENGTH) or req.rdp_cookie(NAME), an address also with ,ipmask(24,64), a text with ,lower or ,upper
                """
            ),
            (
                "stick-table type string size 9\ntcp-request session track-sc0 req.ssl_sni",
                "f:8:13: error: 'tcp-request session' comes before anything that the client says; use 'tcp-request content'"
            ),
            (
                "stick-table type string size 9\ntcp-request content track-sc0 req.ssl_sni",
                "f:8:13: warning: a rule looks at what the client says, but there is no 'tcp-request inspect-delay': clients are waited for 5s at most"
            ),
            (
                "stick-table type integer size 9\ntcp-request inspect-delay 1s\ntcp-request content track-sc0 req.ssl_alpn",
                "f:9:21: error: track-sc0 'web': req.ssl_alpn needs a table of type string or binary"
            ),
            (
                "stick-table type ip size 0",
                "f:7:26: error: stick-table size '0': must be a number of clients from 1 to 16m"
            ),
            (
                "stick-table type ip",
                "f:7:1: error: 'stick-table' needs a type and a size, such as type ip size 100k"
            ),
            (
                "stick-table type ip size 9 store conn_cnt,gpt,gpc_rate(2,10s)\nstick on src",
                "f:7:43: error: store gpt: needs a number of elements, 1 to 100, such as gpt(3)"
            ),
            (
                "stick-table type ip size 9 store gpc(101)\nstick on src",
                "f:7:34: error: store gpc(101): needs a number of elements, 1 to 100, such as gpc(3)"
            ),
            (
                "stick-table type ip size 9 store gpc(3,10s)\nstick on src",
                "f:7:34: error: store gpc(3,10s): gpc has no period"
            ),
            (
                "stick-table type ip size 9 store gpc_rate(2)\nstick on src",
                "f:7:34: error: store gpc_rate(2): needs a period, such as gpc_rate(3,10s)"
            ),
            (
                "stick-table type ip size 9 store gpc_rate(10s)\nstick on src",
                "f:7:34: error: store gpc_rate(10s): needs a number of elements, 1 to 100, such as gpc_rate(3,10s)"
            ),
            (
                "stick-table type ip size 9 store gpc1,gpc(3)\nstick on src",
                "f:7:39: error: store gpc(3): gpc and gpc1 are the same; store one of them"
            ),
            (
                "stick-table type ip size 9 store gpt(3) store gpt0\nstick on src",
                "f:7:47: error: store gpt0: gpt0 and gpt are the same; store one of them"
            ),
            (
                "stick-table type ip size 16m store gpt(3),gpc(2)\nstick on src",
                "f:7:1: error: 'stick-table' keeps arrays of 5 elements for each of 16777216 keys; there may be 64m elements in all"
            ),
            (
                "tcp-request connection track-sc0 src\nstick-table type ip size 9 store gpc(2)\nacl many sc_get_gpc(2,0) gt 5",
                "f:9:5: warning: sc0_gpc2: 'stick-table' of 'web' does not count it; add 'store gpc(3)'"
            ),
            (
                "tcp-request connection track-sc0 src\nstick-table type ip size 9 store gpc(1)\nacl many sc0_get_gpc1 gt 5",
                "f:9:5: warning: sc0_gpc1: 'stick-table' of 'web' does not count it; add 'store gpc1'"
            ),
            (
                "acl many sc_get_gpc(0) gt 5",
                "f:7:10: error: 'sc_get_gpc(0)' needs the number of a tracking, 0 to 2"
            ),
            (
                "acl many sc_get_gpc gt 5",
                "f:7:10: error: 'sc_get_gpc' needs an index first, 0 to 99"
            ),
            (
                "acl many sc0_get_gpc(1) gt 5",
                "f:7:10: error: the criterion 'sc0_get_gpc(1)' is not offered; did you mean 'sc0_get_gpc0'?"
            ),
            (
                "acl many src,table_gpt(100,web) gt 5",
                "f:7:10: error: 'src,table_gpt(100,web)' needs an index first, 0 to 99"
            ),
            (
                "tcp-request connection sc-inc-gpc(0)",
                "f:7:24: error: 'sc-inc-gpc(0)': the number must be 0 to 2, as in track-sc0, sc-inc-gpc0(0) and sc-inc-gpc(9,0)"
            ),
            (
                "tcp-request connection sc-add-gpc(0,0)",
                "f:7:13: error: 'tcp-request connection' needs a number"
            ),
            (
                "tcp-request connection sc-add-gpc(0,0) -1",
                "f:7:40: error: sc-add-gpc -1: must be 0 or more"
            ),
            (
                "tcp-request connection sc-add-gpc(0,0) 4294967296",
                "f:7:40: error: sc-add-gpc 4294967296: must be 0 to 4294967295"
            ),
            (
                "tcp-request connection sc-set-gpt0(0) 4294967296",
                "f:7:39: error: sc-set-gpt0 4294967296: must be 0 to 4294967295"
            ),
            (
                "tcp-request connection sc-add-gpc(0) 7",
                "f:7:24: error: 'sc-add-gpc(0)': the number must be 0 to 2, as in track-sc0, sc-inc-gpc0(0) and sc-inc-gpc(9,0)"
            ),
            (
                "stick-table type ip size 9 store gpc(1)\ntcp-request connection track-sc0 src\ntcp-request connection sc-add-gpc(1,0) 7",
                "f:9:24: warning: sc-add-gpc(1,0): 'stick-table' of 'web' does not count it; add 'store gpc(2)'"
            ),
            (
                "tcp-request connection sc-set-gpt(1) 7",
                "f:7:24: error: 'sc-set-gpt(1)': the number must be 0 to 2, as in track-sc0, sc-inc-gpc0(0) and sc-inc-gpc(9,0)"
            ),
            (
                "stick-table type ip size 9 store gpt(1)\ntcp-request connection track-sc0 src\ntcp-request connection sc-set-gpt(1,0) 7",
                "f:9:24: warning: sc-set-gpt(1,0): 'stick-table' of 'web' does not count it; add 'store gpt(2)'"
            ),
            (
                "stick-table type ip size 9 store conn_rte(3s)\nstick on src",
                "f:7:34: error: store 'conn_rte(3s)': there is no such datum; did you mean 'conn_rate'?"
            ),
            (
                "stick-table type ip size 9 store conn_cnt,conn_rate\nstick on src",
                "f:7:43: error: store conn_rate: needs a period, such as conn_rate(10s)"
            ),
            (
                "stick-table type ip size 9 store conn_rate(0)\nstick on src",
                "f:7:34: error: conn_rate(0) 0: must be more than 0"
            ),
            (
                "stick-table type ip size 9 store conn_cur(3s)\nstick on src",
                "f:7:34: error: store conn_cur(3s): conn_cur has no period"
            ),
            (
                "stick-table type ip size 9 store gpc0 store gpc0\nstick on src",
                "f:7:45: error: store gpc0: gpc0 is stored already"
            ),
            (
                "stick-table type ip size 9 peers all\nstick on src",
                "f:7:34: error: peers 'all': no section 'peers' has this name"
            ),
            (
                "tcp-request connection track-sc3 src",
                "f:7:24: error: 'track-sc3': the number must be 0 to 2, as in track-sc0, sc-inc-gpc0(0) and sc-inc-gpc(9,0)"
            ),
            (
                "tcp-request connection track-sc0 src,ipmask(33)",
                "f:7:38: error: 'ipmask(33)': needs a mask of IPv4 and perhaps one of IPv6, such as ipmask(24,64)"
            ),
            (
                "tcp-request connection track-sc0 src,ipmask(24,129)",
                "f:7:38: error: 'ipmask(24,129)': needs a mask of IPv4 and perhaps one of IPv6, such as ipmask(24,64)"
            ),
            (
                "tcp-request connection track-sc0 src,lower",
                "f:7:34: error: track-sc0 'src,lower' is not supported as a key; write src, src_port, dst, dst_port, req.ssl_sni, req.ssl_alpn, ssl_fc_sni, ssl_c_s_dn(cn), fc_pp_authority, fc_pp_unique_id, fc_pp_tlv(ID), req.payload(OFFSET,LENGTH), req.payload_lv(OFFSET,LENGTH) or req.rdp_cookie(NAME), an address also with ,ipmask(24,64), a text with ,lower or ,upper"
            ),
            (
                "tcp-request connection track-sc0 src table per_ip",
                "f:7:24: error: track-sc0 'per_ip': no section of this name has a 'stick-table'"
            ),
            (
                "tcp-request connection sc-inc-gpc0(1)",
                "f:7:24: warning: 'sc-inc-gpc0(1)' has no effect without 'track-sc1' in this section"
            ),
            (
                "stick-table type ip size 9 store gpc1\ntcp-request connection track-sc0 src\ntcp-request connection sc-set-gpt0(0) 7",
                "f:9:24: warning: sc-set-gpt0(0): 'stick-table' of 'web' does not count it; add 'store gpt0'"
            ),
            (
                "tcp-request connection sc-set-gpt0(0) dst_port",
                "f:7:39: error: sc-set-gpt0 'dst_port': must be a number, 0 or more"
            ),
            (
                "tcp-request connection sc-inc-gpc1(0",
                "f:7:24: error: 'sc-inc-gpc1(0': the number must be 0 to 2, as in track-sc0, sc-inc-gpc0(0) and sc-inc-gpc(9,0)"
            ),
            (
                "tcp-request connection sc-add-gpc(0,0) dst_port",
                "f:7:40: error: sc-add-gpc 'dst_port': must be a number, 0 or more"
            ),
            (
                "stick-table type ip size 9 store gpc0\nuse_backend web if { src_clr_gpc0 gt 5 }",
                "f:8:13: error: 'src_clr_gpc0' stands after 'tcp-request' only: rules of 'use_backend' are asked again as bytes come"
            ),
            (
                "acl many src,table_conn_cnt gt 5",
                "f:7:10: error: 'src,table_conn_cnt': table_conn_cnt needs a table in parentheses, such as table_conn_cnt(web)"
            ),
            (
                "acl many src,table_con_cnt(web) gt 5",
                "f:7:10: error: the converter 'table_con_cnt' is not offered; did you mean 'table_conn_cnt'?"
            ),
            (
                "acl a src,table_server_id(web) 2\nstick-table type ip size 9",
                "f:7:5: warning: table_server_id 'web': nobody's server is remembered there; add 'stick on … table web' to a backend"
            ),
            (
                "tcp-request connection set-var(foo.x) src",
                "f:7:24: error: 'set-var(foo.x)': a variable's name begins with proc., sess., txn. or req., such as sess.tier"
            ),
            (
                "tcp-request connection set-var(sess.x-y) src",
                "f:7:24: error: 'set-var(sess.x-y)': the name of a variable is of letters, digits, '_' and '.'"
            ),
            (
                "tcp-request connection set-var sess.x src",
                "f:7:24: error: 'set-var' needs a variable in parentheses, such as set-var(sess.tier)"
            ),
            (
                "tcp-request connection set-var(sess.x) fe_conn",
                "f:7:40: error: set-var(sess.x) 'fe_conn' is not offered; write int(N), str(TEXT), ipv4(ADDRESS), ipv6(ADDRESS), var(NAME), src, src_port, dst, dst_port, req.ssl_sni, req.ssl_alpn, ssl_fc_sni, ssl_c_s_dn(cn), fc_pp_authority, fc_pp_unique_id, fc_pp_tlv(ID), req.payload(OFFSET,LENGTH), req.payload_lv(OFFSET,LENGTH) or req.rdp_cookie(NAME), an address also with ,ipmask(24,64), a text with ,lower or ,upper"
            ),
            (
                "tcp-request connection set-var(sess.x) int(-1)",
                "f:7:40: error: 'int(-1)': must be a number of 0 to 4294967295"
            ),
            (
                "tcp-request connection set-var(sess.x) ipv4(::1)",
                "f:7:40: error: 'ipv4(::1)' has no address of ipv4"
            ),
            (
                "tcp-request content set-var(sess.x) req.payload(0,256)",
                "f:7:37: error: set-var(sess.x) 'req.payload(0,256)': a variable has 255 bytes of text at most"
            ),
            (
                "tcp-request connection set-var(txn.x) src",
                "f:7:13: warning: 'txn.x' has no value before 'tcp-request content', as in haproxy: the rule has no effect; write sess.x"
            ),
            (
                "tcp-request connection set-var(sess.x) src\nacl a var(sess.x) 5",
                "f:8:7: error: 'var(sess.x)': needs '-m' with how it is compared: int, ip, str, beg, end, sub, dir, dom, len, reg, bin or found"
            ),
            (
                "acl a var(sess.x,5) -m int 5",
                "f:7:7: error: 'var(sess.x,5)': a default is not offered; ask '-m found' first"
            ),
            (
                "acl a var(sess.x) -m int 5",
                "f:7:5: warning: 'sess.x' has no value: no 'set-var(sess.x)' sets it"
            ),
            (
                (0...16).map { "tcp-request connection set-var(sess.x\($0)) src" }
                    .joined(separator: "\n"),
                "f:23:24: error: 'sess.x16' is one variable too many: there may be 16"
            ),
            (
                "ignore-persist if TRUE",
                "f:7:1: warning: 'ignore-persist' has no effect without a 'force-persist' after it: no cookie is looked at, and 'stick' holds all the same, as in haproxy"
            ),
            (
                "force-persist",
                "f:7:1: error: 'force-persist' needs 'if' or 'unless'"
            ),
            (
                "stick-table type ip size 9 store gpc0\nforce-persist if { src_inc_gpc0 gt 5 }",
                "f:8:1: error: 'src_inc_gpc0' stands after 'tcp-request' only: rules of 'force-persist' are asked again as bytes come"
            ),
            (
                "acl many src,in_table(wob)",
                "f:7:5: error: in_table 'wob': no section of this name has a 'stick-table'"
            ),
            (
                "stick-table type ip size 9 store conn_cnt\nacl many req.ssl_sni,table_conn_cnt(web) gt 5",
                "f:8:5: error: req.ssl_sni,table_conn_cnt 'web': req.ssl_sni needs a table of type string or binary"
            ),
            (
                "stick-table type string size 9 store conn_cnt\nstick on src\ntcp-request connection reject if { req.ssl_sni,table_conn_cnt(web) gt 5 }",
                """
                f:9:13: error: 'tcp-request connection' comes before anything that the client says; use 'tcp-request content'
                f:9:34: warning: a rule looks at what the client says, but there is no 'tcp-request inspect-delay': clients are waited for 5s at most
                """
            ),
            (
                "acl many sc1_conn_rate gt 5",
                "f:7:5: warning: nothing is known of what sc1 counts, because no 'tcp-request' of this section says 'track-sc1'"
            ),
            (
                "stick-table type ip size 9 store conn_cur\ntcp-request connection track-sc0 src\nacl many sc0_conn_rate gt 5",
                "f:9:5: warning: sc0_conn_rate: 'stick-table' of 'web' does not count it; add 'store conn_rate(10s)'"
            ),
            (
                "acl many src_conn_rate gt 5",
                "f:7:5: error: src_conn_rate 'web': no section of this name has a 'stick-table'"
            ),
            (
                "acl many sc_conn_rate gt 5",
                "f:7:10: error: 'sc_conn_rate' needs the number of a tracking, 0 to 2"
            ),
            (
                "acl many sc0_conn_rate(a,b) gt 5",
                "f:7:10: error: 'sc0_conn_rate(a,b)': write sc_NAME(NUMBER,TABLE), sc0_NAME(TABLE) or src_NAME(TABLE); the table may be left out"
            ),
            (
                "acl many src_http_req_rate gt 5",
                "f:7:10: error: the criterion 'src_http_req_rate' asks about HTTP, which lbctl does not read"
            ),
        ] as [(String, String)])
    func `what makes no sense is told where it stands`(lines: String, message: String) {
        #expect(diagnose(proxy(lines)).joined(separator: "\n") == message)
    }

    @Test(arguments: [
        "req.payload(0,0),mqtt_field_value(connect,client_identifier)",
        "req.payload(0,0), mqtt_field_value(connect,client_identifier)",
        "payload(0,0),mqtt_field_value(CONNECT,client_identifier)",
    ])
    func `clients of MQTT are bound by what they call themselves`(sample: String) throws {
        let loaded = load(
            proxy(
                """
                stick-table type string len 32 size 9
                tcp-request inspect-delay 3s
                tcp-request content reject unless { req.payload(0,0), mqtt_is_valid }
                tcp-request content reject if { req.payload(0,0),mqtt_field_value(connect,username) -m beg x }
                stick on \(sample)
                """))
        #expect(loaded.diagnostics.map(\.description) == [])
        let model = try #require(loaded.model)
        #expect(model.backends[0].stickRules.map(\.key) == [.mqttField(.clientIdentifier)])
        #expect(
            model.frontends[0].rules.content.map {
                $0.condition.alternatives.joined().flatMap(\.questions)
            } == [[.mqttValidity], [.mqttField(.userName, [NameMatch(.beginning, "x")])]])
    }

    @Test(arguments: [
        (
            "acl a req.payload(0,0),mqtt_is_valid true",
            "f:7:38: error: mqtt_is_valid is true or false: it takes no value"
        ),
        (
            "acl a req.payload(0,0),mqtt_field_value(connect,will_topic) x",
            "f:7:24: error: 'mqtt_field_value(connect,will_topic)': must be mqtt_field_value(connect,FIELD) with client_identifier or username"
        ),
        (
            "acl a req.payload(0,0),mqtt_field_value(connect,username)",
            "f:7:7: error: 'req.payload(0,0),mqtt_field_value(connect,userna…' needs a value"
        ),
    ])
    func `what cannot be asked of MQTT is told`(line: String, message: String) {
        #expect(diagnose(proxy(line)) == [message])
    }

    @Test func `rules of content change counters, at 32 places`() {
        func rules(_ count: Int) -> String {
            """
            stick-table type ip size 9 store gpc0,gpc1
            acl marks src_inc_gpc1 gt 5
            tcp-request content track-sc0 src
            tcp-request content reject if marks

            """ + String(repeating: "tcp-request content sc-inc-gpc0(0)\n", count: count)
        }
        #expect(diagnose(proxy(rules(31))) == [])
        #expect(
            diagnose(proxy(rules(32))) == [
                "f:42:13: error: 'tcp-request content' of a section changes counters at 32 places at most"
            ])
    }

    @Test func `a section that is there for its table serves nobody`() {
        #expect(
            diagnose(
                """
                listen web 192.0.2.1:80
                timeout client 9s
                timeout server 9s
                timeout connect 9s
                server a 192.0.2.11:80
                tcp-request connection track-sc0 src table per_ip
                use_backend per_ip if FALSE
                backend per_ip
                stick-table type ip size 9
                """) == [
                    "f:1:8: warning: 'web' leads to 'per_ip', which has no server; its connections are closed at once"
                ])
    }

    @Test func `a page counts nobody`() {
        let lines = diagnose(
            """
            listen page
            bind 192.0.2.1:80
            mode http
            stats enable
            tcp-request connection track-sc0 src table per_ip
            backend per_ip
            stick-table type ip size 9
            """)
        #expect(
            lines.first
                == "f:5:1: error: 'tcp-request' of a statistics page can accept and reject alone")
    }
}
