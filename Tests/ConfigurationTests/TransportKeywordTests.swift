import Testing
import VRRPCore

@testable import NodeConfiguration

@Suite struct `haproxy's keywords of sockets and of the log's form` {
    private func listener(_ lines: String) -> Listener? {
        load(proxy(lines)).model?.frontends.first?.listeners.first
    }

    @Test func `probes on idle connections are asked for by an option`() throws {
        #expect(listener("")?.keepAlive == nil)
        #expect(listener("option clitcpka")?.keepAlive == KeepAliveSettings())
        #expect(listener("option tcpka\nno option clitcpka")?.keepAlive == nil)
        let loaded = load(
            proxy("option tcpka\nclitcpka-idle 1m\nclitcpka-intvl 9\nclitcpka-cnt 3"))
        #expect(loaded.diagnostics.isEmpty)
        var wanted = KeepAliveSettings()
        wanted.idle = .seconds(60)
        wanted.interval = .seconds(9)
        wanted.count = 3
        #expect(loaded.model?.frontends[0].listeners[0].keepAlive == wanted)
        #expect(loaded.model?.backends[0].servers[0].connection.keepAlive == KeepAliveSettings())
    }

    @Test func `a section's backlog is that of listeners without one`() {
        let loaded = load(proxy("bind 192.0.2.1:81 backlog 7\nbacklog 9"))
        #expect(loaded.diagnostics.isEmpty)
        #expect(loaded.model?.frontends[0].listeners.map(\.backlog) == [9, 7])
    }

    @Test func `lines go to addresses of either family`() {
        func destination(_ word: String) -> LogTarget.Destination? {
            load(proxy("log \(word) local0")).model?.frontends[0].log.targets.first?.destination
        }
        let six = IPAddress.v6(.init(high: 0x2001_0db8_0000_0000, low: 1))
        #expect(destination("[2001:db8::1]:515") == .datagrams(.internet(address: six, port: 515)))
        #expect(destination("[2001:db8::1]") == .datagrams(.internet(address: six, port: 514)))
        #expect(destination("2001:db8::1") == .datagrams(.internet(address: six, port: 514)))
        #expect(
            destination("udp@192.0.2.1:9")
                == .datagrams(Endpoint(address: .init(192, 0, 2, 1), port: 9)))
    }

    @Test func `a form of log lines is taken apart`() {
        let loaded = load(
            proxy(#"log-format "%ci:%cp 100%% [%t] %{+Q}b/%s %Tw/%Tc/%Tt %{+Q}o%ts %{-Q}rc""#))
        #expect(loaded.diagnostics.isEmpty)
        let log = loaded.model?.frontends[0].log
        #expect(log?.form == .written)
        #expect(
            log?.format == [
                .variable(.clientAddress, isQuoted: false), .text(":"),
                .variable(.clientPort, isQuoted: false), .text(" 100% ["),
                .variable(.date, isQuoted: false), .text("] "), .variable(.pool, isQuoted: true),
                .text("/"), .variable(.server, isQuoted: false), .text(" "),
                .variable(.queueTime, isQuoted: false), .text("/"),
                .variable(.connectTime, isQuoted: false), .text("/"),
                .variable(.totalTime, isQuoted: false), .text(" "),
                .variable(.ending, isQuoted: false), .text(" "),
                .variable(.retries, isQuoted: false),
            ])
        #expect(
            load(proxy("log-format %ci\noption tcplog")).model?.frontends[0].log.form == .tcplog)
        let ofHTTP = load(proxy("option httplog clf"))
        #expect(ofHTTP.model?.frontends[0].log.form == .tcplog)
        #expect(
            ofHTTP.diagnostics.map(\.message).contains(
                "'option httplog' is 'option tcplog' here: no HTTP is read"))
    }

    @Test func `the Common Log Format is a form like any other`() throws {
        let loaded = load(proxy("option tcplog clf"))
        #expect(loaded.diagnostics.isEmpty)
        let log = try #require(loaded.model?.frontends[0].log)
        let byHand = load(
            proxy(
                #"log-format "%{+Q}o %{-Q}ci - - [%T] \"TCP \" 000 %B \"\" \"\" %cp %ms %ft %b %s "#
                    + #"%Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq \"\" \"\" ""#))
        #expect(log == byHand.model?.frontends[0].log)
        #expect(log.format.contains(.variable(.headerTime, isQuoted: false)))
        #expect(log.format.contains(.variable(.server, isQuoted: true)))
        let denied = load(proxy("option tcplog clf\nno option tcplog"))
        #expect(denied.model?.frontends[0].log.form == .accepting)
        #expect(
            diagnose(proxy("option tcplog cfl"))
                == ["f:7:15: error: 'option tcplog' takes 'clf' or nothing, not 'cfl'"])
    }

    @Test func `samples that a variable says as well, an id and a description are taken`() {
        let loaded = load(
            proxy(
                """
                log-format "%[src]:%{+Q}[src_port] %[srv_name]"
                description The shop, "old and new"
                server b 192.0.2.9:1 id 7
                tcp-request inspect-delay 3s
                acl v req.ssl_sni -i -m reg ^SHOP[.]
                use-server b if v
                stick-table type integer size 1k
                stick on dst_port
                """))
        #expect(loaded.diagnostics.isEmpty)
        #expect(
            loaded.model?.frontends[0].log.format == [
                .variable(.clientAddress, isQuoted: false), .text(":"),
                .variable(.clientPort, isQuoted: true), .text(" "),
                .variable(.serverName, isQuoted: false),
            ])
        let backend = loaded.model?.backends[0]
        #expect(backend?.description == "The shop, old and new")
        #expect(backend?.servers.map(\.number) == [nil, 7])
        #expect(backend?.stickRules == [.init(tableName: "web", key: .destinationPort)])
        let asked = backend?.serverRules.first?.condition.alternatives.first?.first?.questions
        #expect(asked == [.serverName([NameMatch(.expression, "^SHOP[.]", ignoresCase: true)])])
    }

    @Test(arguments: [
        ("clitcpka-cnt 200\noption clitcpka", "f:7:14: error: clitcpka-cnt 200: must be 1 to 127"),
        (
            "srvtcpka-idle 10h\noption srvtcpka",
            "f:7:15: error: srvtcpka-idle 10h: must be 1s to 32767s"
        ),
        (
            "srvtcpka-intvl 5",
            "f:7:1: warning: it has no effect without 'option srvtcpka'"
        ),
        ("backlog 0", "f:7:9: error: backlog 0: must be 1 or more"),
        ("fullconn 0", "f:7:10: error: fullconn 0: must be 1 or more"),
        (
            "log [2001:db8::1]:0 local0",
            "f:7:5: error: log '[2001:db8::1]:0': the port must be 1 to 65535"
        ),
        (
            "acl v req.ssl_ver 3.x",
            "f:7:19: error: '3.x': must be a version such as 3.3, which is TLS 1.2, a range such as 3.1:3.3, or a comparison such as 'lt 3.3'"
        ),
        (
            "acl v req.ssl_ver lt 3.1:3.3",
            "f:7:22: error: '3.1:3.3': must be a version such as 3.3, which is TLS 1.2, a range such as 3.1:3.3, or a comparison such as 'lt 3.3'"
        ),
        ("acl v req.ssl_ver ge", "f:7:19: error: 'ge' needs a version"),
        (
            "acl v srv_is_up",
            "f:7:7: error: srv_is_up needs a server in parentheses, such as srv_is_up(web/a)"
        ),
        (
            "acl v srv_is_up(a) 1",
            "f:7:20: error: srv_is_up(…) is true or false: it takes no value"
        ),
        (
            "acl v srv_conn(nix) gt 1",
            "f:7:5: error: srv_conn 'nix': no server of 'web' has this name"
        ),
        (
            "acl v srv_queue(web/nix)",
            "f:7:5: error: srv_queue 'nix': no server of 'web' has this name"
        ),
        (
            "acl v rand(ten) 1",
            "f:7:7: error: 'rand(ten)': needs how many numbers to draw from, 0 to 4294967296, such as rand(100), which draws 0 to 99"
        ),
        ("acl v so_id(1) 1", "f:7:7: error: 'so_id(1)' takes nothing in parentheses"),
        (
            "acl v fe_conn(wep)",
            "f:7:5: error: fe_conn 'wep': no frontend has this name; did you mean 'web'?"
        ),
        (
            "acl v fe_sess_rate(wep) gt 1",
            "f:7:5: error: fe_sess_rate 'wep': no frontend has this name; did you mean 'web'?"
        ),
        (
            "acl v srv_is_up(web/b)",
            "f:7:5: error: srv_is_up 'b': no server of 'web' has this name"
        ),
        (
            "acl v req.ssl_sni -m reg ^a (b",
            "f:7:29: error: -m reg '(b': the group has no ')' (at character 1)"
        ),
        (
            "acl v req.ssl_sni -m reg a.{10}b",
            "f:7:26: error: -m reg 'a.{10}b': too many ways lead through it: 1000 states or more"
        ),
        ("server b 192.0.2.9:1 id 0", "f:7:25: error: id 0: must be 1 or more"),
        (
            "server b 192.0.2.9:1 id 3\nserver c 192.0.2.9:2 id 3",
            "f:8:8: error: server 'c': the id 3 is that of 'b'"
        ),
        (
            "stick-table type ip size 1k\n"
                + String(repeating: "stick on src\n", count: 17),
            "f:24:7: error: a section may have 16 rules of 'stick'"
        ),
        (
            "stick on src",
            "f:7:1: error: 'stick' needs a table: a 'stick-table' in its section, such as 'stick-table type ip size 100k expire 30m', or 'table' and the name of another section"
        ),
        (
            "stick on fc_rtt",
            "f:7:10: error: stick on 'fc_rtt' is not supported as a key; write src, src_port, dst, dst_port, req.ssl_sni, req.ssl_alpn, ssl_fc_sni, ssl_c_s_dn(cn), fc_pp_authority, fc_pp_unique_id, fc_pp_tlv(ID), req.payload(OFFSET,LENGTH), req.payload_lv(OFFSET,LENGTH) or req.rdp_cookie(NAME), an address also with ,ipmask(24,64), a text with ,lower or ,upper"
        ),
        (
            "stick on src table other",
            "f:7:20: error: stick 'other': no section of this name has a 'stick-table'"
        ),
        ("use-server a", "f:7:12: error: 'use-server' needs 'if' or 'unless'"),
        (
            "use-server b if TRUE",
            "f:7:12: error: use-server 'b': no server of 'web' has this name"
        ),
        ("log-format \"%{+Q\"", "f:7:12: error: log-format: '%{' is not closed"),
        (
            "log-format %{+Z}ci",
            "f:7:12: error: log-format: the flag '+Z' is not offered; there are Q, X and E, each after + or -"
        ),
    ])
    func `what makes no sense is told where it stands`(line: String, message: String) {
        #expect(diagnose(proxy(line)) == [message])
    }

    @Test(arguments: [
        ("%zz", "'%zz' is not offered"),
        ("%[req.ssl_ver]", "'%[req.ssl_ver]' is not supported, because"),
    ])
    func `what a line cannot say is told with what it can`(form: String, message: String) throws {
        let lines = diagnose(proxy("log-format \(form)"))
        #expect(lines.count == 1)
        #expect(lines[0].hasPrefix("f:7:12: error: log-format: \(message)"))
        #expect(lines[0].contains("there are %ci %cp %fi"))
    }
}
