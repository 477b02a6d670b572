import NodeConfiguration
import Testing

/// Words that are right elsewhere: each is named where it comes to nothing.
@Suite struct `Words that have no effect where they stand` {
    private func page(_ lines: String) -> LoadedConfiguration {
        load("listen st\nbind 192.0.2.1:80\nmode http\nstats enable\n\(lines)")
    }

    @Test func `a page has the rules about the ends of a connection`() throws {
        let loaded = page(
            """
            acl inside src 10.0.0.0/8
            tcp-request connection reject if !inside
            tcp-request content accept if { src_port 1:1023 } or { dst 192.0.2.1 }
            """)
        #expect(loaded.diagnostics.isEmpty)
        let rules = try #require(loaded.model?.statisticsPages.first?.rules)
        #expect(rules.connection.map(\.action) == [.reject])
        #expect(rules.connection[0].condition.alternatives[0][0].isNegated)
        #expect(rules.content.map(\.action) == [.accept])
    }

    @Test(arguments: [
        (
            "tcp-request content reject if { req.ssl_sni a }",
            "can ask about src, src_port, dst and dst_port alone: it is asked when a client connects"
        ),
        (
            "tcp-request connection reject if { fe_conn gt 3 }",
            "can ask about src, src_port, dst and dst_port alone: it is asked when a client connects"
        ),
        ("tcp-request connection silent-drop", "can accept and reject alone"),
        ("tcp-request connection expect-proxy layer4", "can accept and reject alone"),
    ])
    func `a rule that could not protect a page is refused`(line: String, complaint: String) {
        #expect(
            page("stats uri /s\n\(line)").diagnostics.map(\.description) == [
                "f:6:1: error: 'tcp-request' of a statistics page \(complaint)"
            ])
    }

    @Test(arguments: [
        ("http-request deny unless { src 10.0.0.0/8 }", "http-request deny"),
        ("http-request auth realm x", "http-request auth"),
        ("stats http-request deny if TRUE", "stats http-request deny"),
    ])
    func `a page that somebody is to be kept from is not shown to all`(line: String, words: String)
    {
        let loaded = page("stats uri /s\n\(line)")
        #expect(
            loaded.diagnostics.contains {
                $0.severity == .error && $0.message.hasPrefix("'\(words)' is not offered")
            })
        #expect(loaded.model == nil)
    }

    @Test(arguments: [
        ("maxconn 3", "maxconn"), ("rate-limit sessions 3", "rate-limit"),
        ("use_backend b if TRUE", "use_backend"), ("option tcplog", "option tcplog"),
        ("log stdout format raw local0", "log"), ("timeout client 3s", "timeout client"),
        ("no option dontlognull", "option dontlognull"),
    ])
    func `what a page does not go by is named`(line: String, word: String) {
        #expect(
            page(line).diagnostics.map(\.description)
                == [
                    "f:5:1: warning: '\(word)' has no effect on a statistics page"
                ].map { line.hasPrefix("no ") ? $0.replacing("f:5:1", with: "f:5:4") : $0 })
    }

    @Test func `a page has Prometheus' metrics where haproxy's line asks for them`() throws {
        let line = "http-request use-service prometheus-exporter if { path /metrics }\n"
        let loaded = page(
            line + "http-request use-service prometheus-exporter if { path /a /b }\n")
        #expect(loaded.diagnostics.isEmpty)
        let both = try #require(loaded.model?.statisticsPages.first)
        #expect(both.metricsPaths == ["/metrics", "/a", "/b"])
        #expect(both.path == "/haproxy?stats")
        let alone = load("frontend prometheus\nbind 192.0.2.1:8405\nmode http\n\(line)")
        #expect(alone.diagnostics.isEmpty)
        #expect(alone.model?.statisticsPages.map(\.metricsPaths) == [["/metrics"]])
        #expect(alone.model?.statisticsPages.map(\.path) == [nil])
        // A site is none because of its metrics.
        let site = load(
            "frontend site\nbind 192.0.2.1:80\nmode http\n\(line)use_backend app if TRUE\n")
        #expect(site.model == nil)
        #expect(
            site.diagnostics.contains { $0.message.contains("mode http, which is not offered") })
    }

    @Test func `a section may say whether the node serves, alone or beside a page`() throws {
        let alone = load(
            """
            defaults
            mode http
            timeout client 1m
            frontend healthz
            bind 127.0.0.1:8081
            monitor-uri /healthz
            acl down nbsrv(web) lt 1
            monitor fail if down or !{ nbsrv(web) le 3 }
            backend web
            mode tcp
            timeout server 1m
            timeout connect 1m
            server a 192.0.2.11:80
            """)
        #expect(alone.diagnostics.map(\.description) == [])
        let page = try #require(alone.model?.statisticsPages.first)
        #expect(page.monitorPath == "/healthz" && page.path == nil)
        func usable(_ counts: ClosedRange<Int>) -> [ConnectionQuestion] {
            [.pool(.usableServers, backendName: "web", [counts])]
        }
        #expect(
            page.monitorFailures == [
                RuleCondition(alternatives: [
                    [.init(questions: usable(-1...0))],
                    [.init(questions: usable(-1...3), isNegated: true)],
                ])
            ])
        let beside = load("listen s\nmode http\nbind 192.0.2.1:80\nstats enable\nmonitor-uri /up\n")
        #expect(beside.model?.statisticsPages.first?.monitorPath == "/up")
        #expect(beside.model?.statisticsPages.first?.path == "/haproxy?stats")
    }

    @Test(arguments: [
        ("monitor-uri up", "f:4:13: error: monitor-uri 'up': must begin with '/'"),
        (
            "monitor-uri /up\nmonitor fail",
            "f:5:9: error: 'monitor' must be 'monitor fail if CONDITION', as in 'monitor fail if { nbsrv(web) lt 1 }'"
        ),
        (
            "monitor-uri /up\nmonitor fail if { src 192.0.2.1 }",
            "f:5:9: error: 'monitor fail' can ask for what the node's status tells: nbsrv, be_conn, be_sess_rate, queue and avg_queue of a backend, srv_is_up, srv_conn, srv_sess_rate and srv_queue of a server, fe_conn and fe_sess_rate of a frontend that is named; as in 'monitor fail if { nbsrv(web) lt 1 }'"
        ),
        (
            "monitor-uri /up\nmonitor fail if { fe_conn gt 1 }",
            "f:5:9: error: 'monitor fail' can ask for what the node's status tells: nbsrv, be_conn, be_sess_rate, queue and avg_queue of a backend, srv_is_up, srv_conn, srv_sess_rate and srv_queue of a server, fe_conn and fe_sess_rate of a frontend that is named; as in 'monitor fail if { nbsrv(web) lt 1 }'"
        ),
        (
            "monitor-uri /up\nmonitor fail if { nbsrv(nix) lt 1 }",
            "f:5:17: error: nbsrv 'nix': no backend has this name"
        ),
        (
            "stats enable\nmonitor fail if { nbsrv(web) lt 1 }\nbackend web\nmode tcp",
            "f:5:1: warning: 'monitor' has no effect without 'monitor-uri PATH'"
        ),
        (
            "mode tcp\nmonitor-uri /up\nserver a 192.0.2.11:80\ntimeout server 1s\ntimeout connect 1s",
            "f:5:1: warning: 'monitor-uri' has no effect: no request is read here; give it a frontend of its own with 'mode http'"
        ),
    ])
    func `what a monitor cannot be is told`(lines: String, message: String) {
        let text = "listen s\nmode http\nbind 192.0.2.1:80\n\(lines)\ntimeout client 1s\n"
        #expect(diagnose(text).contains(message), "\(diagnose(text))")
    }

    @Test(arguments: [
        "use-service prometheus-exporter", "use-service lua.x if { path /metrics }",
        "use-service prometheus-exporter if { path }",
        "use-service prometheus-exporter if { path_beg /metrics }",
        "use-service prometheus-exporter if { path /metrics } { src 192.0.2.1 }",
        "use-service prometheus-exporter if { path -i /metrics }",
        "use-service prometheus-exporter unless { path /metrics }", "set-path /x if TRUE", "",
    ])
    func `another line about requests is named`(words: String) {
        let action = words.split(separator: " ").first.map { " \($0)" } ?? ""
        let warning =
            "f:5:1: warning: 'http-request\(action)' has no effect, since no request is read here:"
            + " 'tcp-request' refuses clients, and a page takes 'use-service prometheus-exporter if {"
            + " path /metrics }'"
        #expect(page("http-request \(words)\n").diagnostics.map(\.description) == [warning])
    }

    @Test func `metrics are named where no page can be`() {
        let lines = "mode tcp\nhttp-request use-service prometheus-exporter if { path /metrics }\n"
        #expect(
            diagnose(
                "defaults\ntimeout client 9s\ntimeout server 9s\ntimeout connect 9s\n"
                    + "listen web\nbind 192.0.2.1:80\n\(lines)server a 192.0.2.2:80\n"
                    + "backend b\n\(lines)server a 192.0.2.2:80\n"
            ).map { String($0.prefix(60)) } == [
                "f:8:1: warning: 'http-request' of 'web' is ignored: metrics ",
                "f:12:1: warning: 'http-request use-service' has no effect, s",
            ])
    }

    @Test func `a bound of one address of a page is named`() {
        #expect(
            diagnose("listen st\nmode http\nstats enable\nbind 192.0.2.1:80 maxconn 3\n") == [
                "f:4:6: warning: 'bind … maxconn' has no effect on a statistics page"
            ])
    }

    private func datagrams(_ lines: String) -> [String] {
        diagnose(
            "listen dns\nmode udp\ntimeout client 9s\ntimeout server 9s\nserver a 192.0.2.11:53\n"
                + "\(lines)")
    }

    @Test(arguments: [
        "rate-limit sessions-per-source 3", "stick on src", "stick-table type ip size 10",
        "use-server a if TRUE", "force-persist if TRUE", "ignore-persist if TRUE",
    ])
    func `what would choose among datagrams is refused`(line: String) {
        let words = line.split(separator: " ")
        let name = words[0] == "rate-limit" ? "\(words[0]) \(words[1])" : String(words[0])
        #expect(
            datagrams("bind 192.0.2.1:53\n\(line)").contains(
                "f:7:1: error: '\(name)' is for connections, not for mode udp"))
    }

    @Test func `a bound per source of defaults is refused too`() {
        #expect(
            diagnose(
                """
                defaults
                rate-limit sessions-per-source 3
                timeout client 9s
                timeout server 9s
                listen dns 192.0.2.1:53
                mode udp
                server a 192.0.2.11:53
                """) == [
                    "f:5:8: error: 'rate-limit sessions-per-source' is for connections, not for mode udp"
                ])
    }

    @Test(arguments: ["tfo", "defer-accept", "mss 600", "tcp-ut 3s", "backlog 9"])
    func `what a socket of datagrams has not is named`(option: String) {
        let name = option.split(separator: " ")[0]
        #expect(
            datagrams("bind 192.0.2.1:53 \(option)") == [
                "f:6:6: warning: 'bind … \(name)' has no effect in mode udp"
            ])
    }

    @Test(arguments: [
        "option tcpka", "option clitcpka", "option srvtcpka", "option nolinger", "backlog 9",
        "option abortonclose", "timeout client-fin 3s", "timeout server-fin 3s",
        "option tcp-smart-accept", "option tcp-smart-connect",
    ])
    func `what only connections have is named`(line: String) {
        let words = line.split(separator: " ")
        let name = words[0] == "backlog" ? "backlog" : "\(words[0]) \(words[1])"
        #expect(
            datagrams("bind 192.0.2.1:53\n\(line)") == [
                "f:7:1: warning: '\(name)' has no effect in mode udp"
            ])
    }

    /// It bounds the wait for a server with room.
    @Test func `timeout connect has its effect in mode udp`() {
        #expect(datagrams("bind 192.0.2.1:53\ntimeout connect 3s") == [])
    }

    @Test(arguments: ["", "timeout client 0\ntimeout server 0\n"])
    func `flows end though nothing says when`(times: String) {
        let loaded = load(
            "listen dns\nmode udp\nbind 192.0.2.1:53\n\(times)server a 192.0.2.11:53\n")
        #expect(
            loaded.diagnostics.map(\.description) == [
                "f:1:8: warning: 'dns' has no 'timeout client', no 'timeout server': its flows end after 30s without a datagram, because nothing else ends them"
            ])
        #expect(loaded.model?.frontends.first?.clientTimeout == .seconds(30))
        #expect(loaded.model?.backends.first?.serverTimeout == .seconds(30))
    }

    @Test(arguments: [
        "timeout server 3s", "timeout connect 3s", "timeout queue 3s", "timeout tunnel 3s",
        "timeout server-fin 3s", "timeout no-server 3s", "option redispatch", "option allbackups",
        "option abortonclose", "option nolinger", "option srvtcpka",
        "option one-backup-per-failure", "option tcp-smart-connect",
    ])
    func `a frontend has no servers`(line: String) {
        let words = line.split(separator: " ")
        #expect(
            frontend(line) == [
                "f:7:1: warning: '\(words[0]) \(words[1])' has no effect in a frontend section"
            ])
    }

    @Test(arguments: [
        "timeout client 3s", "timeout client-fin 3s", "option tcplog", "option jsonlog",
        "option dontlognull", "option dontlog-normal", "option logasap",
        "option log-separate-errors", "option socket-stats", "option clitcpka",
        "option tcp-smart-accept",
    ])
    func `a backend has no clients of its own`(line: String) {
        let words = line.split(separator: " ")
        #expect(
            backend(line) == [
                "f:10:1: warning: '\(words[0]) \(words[1])' has no effect in a backend section"
            ])
    }

    @Test func `a backend has no page and no lines of its own`() {
        #expect(
            backend("stats enable") == [
                "f:10:1: warning: 'stats' has no effect in a backend section"
            ])
        #expect(
            backend("log stdout format raw local0") == [
                "f:10:1: warning: 'log' has no effect in a backend section: the frontend says where lines of connections go"
            ])
        // The program's own lines go there.
        #expect(backend("log /dev/log local0").isEmpty)
    }

    private func frontend(_ line: String) -> [String] { sections(line, "") }
    private func backend(_ line: String) -> [String] { sections("#", line) }

    private func sections(_ first: String, _ second: String) -> [String] {
        diagnose(
            """
            defaults
            timeout client 1m
            timeout server 1m
            timeout connect 5s
            frontend in
            bind 192.0.2.1:80
            \(first)
            default_backend out
            backend out
            \(second)
            server a 192.0.2.11:80
            """)
    }

    @Test(arguments: [
        (
            "no option contstats", "f:7:11",
            "'no option contstats' has no effect: connections are counted as they go on, always"
        ),
        (
            "no option splice-auto", "f:7:11",
            "'no option splice-auto' has no effect: bytes pass inside the kernel, always"
        ),
        (
            "no option splice-request", "f:7:11",
            "'no option splice-request' has no effect: bytes pass inside the kernel, always"
        ),
        (
            "no option splice-response", "f:7:11",
            "'no option splice-response' has no effect: bytes pass inside the kernel, always"
        ),
        (
            "server b 192.0.2.12:80 send-proxy-v2 proxy-v2-options crc32c,cert-key", "f:7:62",
            "'proxy-v2-options cert-key' is known but not implemented yet; it is ignored"
        ),
        (
            "global\nmax-spread-checks 3s", "f:8:1",
            "'max-spread-checks' has no effect: the first checks are over within 50 ms, or 0.3 ms for each server"
        ),
    ])
    func `what cannot be had is named`(line: String, place: String, message: String) {
        #expect(diagnose(proxy(line)) == ["\(place): warning: \(message)"])
        // Asking for what is so anyway is fine.
        if line.hasPrefix("no ") { #expect(diagnose(proxy(String(line.dropFirst(3)))).isEmpty) }
    }

    @Test func `a section that is disabled has no server that takes anybody`() {
        let text = "backend off\ndisabled\nserver a 192.0.2.1:80 check\n"
        #expect(load(text).model?.backends.first?.servers.map(\.isDisabled) == [true])
        #expect(
            load(text.replacing("disabled", with: "enabled")).model?.backends.first?.servers
                .map(\.isDisabled) == [false])
        #expect(
            load(proxy("disabled")).model?.backends.first?.servers.map(\.isDisabled) == [true])
    }

    @Test(arguments: [
        ("interface eth0", "interface"), ("transparent", "transparent"), ("v6only", "v6only"),
        ("v4v6", "v4v6"), ("mode 600", "mode"), ("uid 0", "user"), ("gid 0", "group"),
    ])
    func `an open socket cannot be bound anew`(option: String, name: String) {
        #expect(
            diagnose(proxy("bind fd@3 tfo backlog 9 \(option)")) == [
                "f:7:6: error: '\(name)' cannot be given to fd@3, which is bound already: say it where the socket is opened"
            ])
    }
}
