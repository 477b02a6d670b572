#if Program
import Balancer
import NodeConfiguration
import Testing

@testable import lbctl

/// What tables count, and what is counted in them, from the text to the balancer's plan.
@Suite struct `Stick tables of a file` {
    private func plan(of lines: String) throws -> BalancerPlan {
        let text = "listen web 192.0.2.1:80\nserver a 192.0.2.11:80\n\(lines)\n"
        let loaded = ConfigurationLoader(format: .haproxy).load([
            InputFile(name: "f", bytes: Array(text.utf8))
        ])
        #expect(loaded.diagnostics.filter { $0.severity == .error } == [])
        return BalancerPlan(try #require(loaded.model))
    }

    @Test(arguments: [
        ("conn_cur", StickQuantity.connections), ("conn_cnt", .connectionTotal),
        ("conn_rate(2s)", .connectionRate), ("sess_cnt", .sessionTotal),
        ("sess_rate(2s)", .sessionRate), ("bytes_in_cnt", .bytesIn),
        ("bytes_in_rate(2s)", .bytesInRate), ("bytes_out_cnt", .bytesOut),
        ("bytes_out_rate(2s)", .bytesOutRate), ("gpc0", .marks), ("gpc0_rate(2s)", .markRate),
        ("gpc1", .secondMarks), ("gpc1_rate(2s)", .secondMarkRate),
        ("gpt0", .tag),
    ])
    func `each datum arrives`(name: String, quantity: StickQuantity) throws {
        let period: Duration? = name.hasSuffix(")") ? .seconds(2) : nil
        #expect(
            try plan(of: "stick-table type ip size 9 store \(name)").tables[0].counters
                == [StickCounter(quantity, over: period)])
    }

    @Test func `arrays arrive, with as many elements`() throws {
        #expect(
            try plan(of: "stick-table type ip size 9 store gpt(2),gpc(3),gpc_rate(100,2s)")
                .tables[0].counters == [
                    StickCounter(.tags, count: 2), StickCounter(.markArray, count: 3),
                    StickCounter(.markRateArray, over: .seconds(2), count: 100),
                ])
    }

    @Test(arguments: [
        ("sc1_conn_cur", StickQuestion(.connections, of: .tracked(1))),
        ("sc_conn_cur(2,web)", StickQuestion(.connections, of: .tracked(2), in: 0)),
        ("src_sess_rate", StickQuestion(.sessionRate, of: .key(.source), in: 0)),
        ("src_get_gpt0", StickQuestion(.tag, of: .key(.source), in: 0)),
        ("sc2_gpc1_rate", StickQuestion(.secondMarkRate, of: .tracked(2))),
        ("src_inc_gpc0", StickQuestion(.increase(.marks), of: .key(.source), in: 0)),
        ("sc_clr_gpc1(0)", StickQuestion(.clear(.secondMarks), of: .tracked(0))),
        ("src_updt_conn_cnt", StickQuestion(.increase(.connectionTotal), of: .key(.source), in: 0)),
        ("sc1_tracked", StickQuestion(.presence, of: .tracked(1))),
        ("sc0_trackers(web)", StickQuestion(.trackers, of: .tracked(0), in: 0)),
        ("dst,in_table(web)", StickQuestion(.presence, of: .key(.destination), in: 0)),
        ("dst,table_server_id(web)", StickQuestion(.server, of: .key(.destination), in: 0)),
        (
            "dst_port,table_gpc1(web)",
            StickQuestion(.secondMarks, of: .key(.destinationPort), in: 0)
        ),
        (
            "dst,ipmask(24),in_table(web)",
            StickQuestion(
                .presence,
                of: .key(.network(of: .destination, AddressMask(ipv4: 0xffff_ff00))), in: 0)
        ),
        (
            "src,ipmask(8,64),table_conn_cur(web)",
            StickQuestion(
                .connections,
                of: .key(
                    .network(of: .source, AddressMask(ipv4: 0xff00_0000, ipv6: (.max, 0)))), in: 0)
        ),
        ("sc_get_gpc(9,1)", StickQuestion(.value(.markArray, 9), of: .tracked(1))),
        ("sc_gpc_rate(0,2,web)", StickQuestion(.value(.markRateArray), of: .tracked(2), in: 0)),
        ("sc_get_gpt(3,0)", StickQuestion(.value(.tags, 3), of: .tracked(0))),
        ("src_inc_gpc(7)", StickQuestion(.increase(.markArray, 7), of: .key(.source), in: 0)),
        ("src_clr_gpc(8,web)", StickQuestion(.clear(.markArray, 8), of: .key(.source), in: 0)),
        (
            "dst,table_gpc_rate(5,web)",
            StickQuestion(.value(.markRateArray, 5), of: .key(.destination), in: 0)
        ),
    ])
    func `each criterion asks its question`(criterion: String, question: StickQuestion) throws {
        let rule = try plan(
            of: """
                stick-table type ip size 9
                tcp-request connection reject if { \(criterion) ge 4 }
                """
        ).frontends[0].rules.connection[0]
        let asked = Question.counter(question, [4...Int.max])
        #expect(rule == Rule(.reject, if: Condition([[.init([asked])]])))
    }

    @Test(arguments: [
        ("string", "req.ssl_sni", StickTablePlan.Keys.text(31), ConnectionKey.serverName),
        ("string len 7", "req.ssl_alpn", .text(7), .protocolName),
        ("binary len 9", "req.payload(1,2)", .bytes(9), .payload(offset: 1, length: 2)),
        ("string", "req.ssl_sni,lower", .text(31), .cased(.serverName, .lower)),
        (
            "string", "req.payload(1,2),upper", .text(31),
            .cased(.payload(offset: 1, length: 2), .upper)
        ),
    ])
    func `texts and bytes arrive, in tables and as keys`(
        type: String, word: String, keys: StickTablePlan.Keys, key: ConnectionKey
    ) throws {
        let made = try plan(of: "stick-table type \(type) size 9\nstick on \(word)")
        #expect(made.tables[0].keys == keys)
        #expect(made.pools[0].stickRules.map(\.key) == [key])
        #expect(made.frontends[0].rules.inspectDelay == .seconds(5))
        #expect(made.fault == nil)
    }

    @Test func `types, sizes and times arrive, and what is tracked in which table`() throws {
        let made = try plan(
            of: """
                stick-table type integer size 1k
                tcp-request connection track-sc0 src table other
                tcp-request connection track-sc1 dst table last
                tcp-request session sc-inc-gpc0(1)
                tcp-request session sc-inc-gpc1
                tcp-request session sc-set-gpt0(2) 4294967295
                tcp-request session sc-inc-gpc(4,1)
                tcp-request session sc-add-gpc(3,0) 4294967295
                tcp-request session sc-set-gpt(5,2) 6
                tcp-request content track-sc2 dst_port
                backend other
                stick-table type ipv6 size 2k expire 3s nopurge
                backend last
                stick-table type ip size 3k
                """)
        var tables = [
            StickTablePlan(name: "web", size: 1024),
            StickTablePlan(name: "other", size: 2048, lifetime: .seconds(3)),
            StickTablePlan(name: "last", size: 3072),
        ]
        (tables[0].keys, tables[1].keys, tables[2].keys) = (.numbers, .addresses, .ipv4)
        tables[1].keepsAll = true
        #expect(made.tables == tables)
        let rules = made.frontends[0].rules
        #expect(
            rules.connection == [
                Rule(.track(Tracking(0, by: .source, in: 1))),
                Rule(.track(Tracking(1, by: .destination, in: 2))),
            ])
        #expect(
            rules.session == [
                Rule(.countMark(.marks, 1)), Rule(.countMark(.secondMarks, 0)),
                Rule(.setTag(.max, 2)), Rule(.countMark(.markArray, 1, index: 4)),
                Rule(.countMark(.markArray, 0, index: 3, count: .max)),
                Rule(.setTag(6, 2, index: 5)),
            ])
        #expect(rules.content == [Rule(.track(Tracking(2, by: .destinationPort, in: 0)))])
        #expect(made.fault == nil)
    }
}
#endif
