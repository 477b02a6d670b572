import Control
import Foundation
import Testing

@Suite struct `Metrics for Prometheus` {
    private func written(
        _ proxies: [ProxyStatus] = [], _ change: (inout NodeStatus) -> Void = { _ in }
    ) -> String {
        var status = NodeStatus(
            node: "lb1", program: ProgramStatus(version: "0.1.0", processID: 41, uptime: 100),
            time: 1_000)
        status.proxies = proxies
        change(&status)
        return String(decoding: NodeMetrics.render(status), as: UTF8.self)
    }

    /// The lines of one family, without HELP.
    private func family(_ name: String, in text: String) -> [String] {
        text.split(separator: "\n").map(String.init).filter {
            $0.hasPrefix("# TYPE \(name) ") || $0.hasPrefix("\(name){") || $0.hasPrefix("\(name) ")
        }
    }

    /// What Prometheus' own parser makes of a text, or finds wrong with it.
    private func read(_ text: String) throws -> [String: Any] {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/read-metrics")
        let process = Process()
        let path = "/tmp/lbctl-metrics-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { unlink(path) }
        let output = Pipe()
        process.executableURL = script
        process.standardInput = FileHandle(forReadingAtPath: path)
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let document = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return try #require(document?["samples"] as? [String: Any])
    }

    @Test func `a node that does nothing says so and nothing else`() {
        #expect(
            written() == """
                # HELP haproxy_process_uptime_seconds Time since the process that relays connections started
                # TYPE haproxy_process_uptime_seconds gauge
                haproxy_process_uptime_seconds 100
                # HELP haproxy_process_current_connections Connections now
                # TYPE haproxy_process_current_connections gauge
                haproxy_process_current_connections 0
                # HELP lbctl_build_info The release, always 1
                # TYPE lbctl_build_info gauge
                lbctl_build_info{version="0.1.0"} 1
                # HELP lbctl_uptime_seconds Time since the program started
                # TYPE lbctl_uptime_seconds gauge
                lbctl_uptime_seconds 100
                # HELP lbctl_balancer_restarts_total Times that the process that relays connections ended by itself
                # TYPE lbctl_balancer_restarts_total counter
                lbctl_balancer_restarts_total 0

                """)
    }

    /// Families, their types and their samples.
    private static let families: [(String, String, [String])] = [
        ("haproxy_frontend_sessions_total", "counter", [#"{proxy="http"} 1000"#]),
        ("haproxy_frontend_denied_connections_total", "counter", [#"{proxy="http"} 6"#]),
        ("haproxy_frontend_limit_sessions", "gauge", [#"{proxy="http"} 10000"#]),
        ("haproxy_backend_current_queue", "gauge", [#"{proxy="http"} 2"#]),
        (
            "haproxy_server_limit_sessions", "gauge",
            [#"{proxy="http",server="web01"} 5000"#, #"{proxy="http",server="web02"} NaN"#]
        ),
        (
            "haproxy_server_connect_time_average_seconds", "gauge",
            [#"{proxy="http",server="web01"} 0.020"#, #"{proxy="http",server="web02"} 0.000"#]
        ),
        (
            "haproxy_server_downtime_seconds_total", "counter",
            [#"{proxy="http",server="web01"} 18"#, #"{proxy="http",server="web02"} NaN"#]
        ),
        (
            "haproxy_server_check_duration_seconds", "gauge",
            [#"{proxy="http",server="web01"} 0.001"#]
        ),
        (
            "haproxy_backend_agg_server_status", "gauge",
            [
                #"{proxy="http",state="DOWN"} 0"#, #"{proxy="http",state="UP"} 2"#,
                #"{proxy="http",state="MAINT"} 0"#, #"{proxy="http",state="DRAIN"} 0"#,
                #"{proxy="http",state="NOLB"} 0"#,
            ]
        ),
        ("lbctl_vrrp_state", "gauge", [#"{router="VI_1",vrid="51",interface="eth1"} 2"#]),
        ("lbctl_vrrp_priority", "gauge", [#"{router="VI_1",vrid="51",interface="eth1"} 103"#]),
        (
            "lbctl_vrrp_advertisements_sent_total", "counter",
            [#"{router="VI_1",vrid="51",interface="eth1"} 1234"#]
        ),
        (
            "lbctl_vrrp_refused_total", "counter",
            [#"{router="VI_1",vrid="51",interface="eth1",cause="ttl"} 3"#]
        ),
        (
            "lbctl_vrrp_address_held", "gauge",
            [#"{router="VI_1",vrid="51",interface="eth1",address="172.17.0.5/24"} 1"#]
        ),
        (
            "lbctl_vrrp_tracker_good", "gauge",
            [#"{router="VI_1",vrid="51",interface="eth1",tracker="chk_haproxy"} 1"#]
        ),
        // Only with 'option socket-stats'.
        ("haproxy_listener_sessions_total", "counter", []),
    ]

    @Test(arguments: families)
    func `each family says its type once, and a sample for each thing`(
        name: String, kind: String, samples: [String]
    ) {
        var node = sampleNode()
        node.proxies.removeFirst()
        let text = String(decoding: NodeMetrics.render(node), as: UTF8.self)
        let lines = samples.isEmpty ? [] : ["# TYPE \(name) \(kind)"] + samples.map { name + $0 }
        #expect(family(name, in: text) == lines)
    }

    @Test(arguments: [
        ("UP", "UP"), ("UP 2/3", "UP"), ("DOWN 1/2", "DOWN"), ("DOWN (agent)", "DOWN"),
        ("MAINT (via a/b)", "MAINT"), ("DRAIN", "DRAIN"), ("NOLB 2/3", "NOLB"),
        ("no check", "UP"), ("INI", "DOWN"),
    ])
    func `a server is in one of five states`(words: String, state: String) {
        var proxy = ProxyStatus(name: "p")
        proxy.backend = BackendStatus(status: "UP", algorithm: "source")
        proxy.servers = [ServerStatus(name: "s", address: "192.0.2.1:80", status: words)]
        let lines = family("haproxy_server_status", in: written([proxy])).dropFirst()
        #expect(lines.count == 5)
        #expect(
            lines.filter { $0.hasSuffix(" 1") }
                == [#"haproxy_server_status{proxy="p",server="s",state="\#(state)"} 1"#])
    }

    @Test func `times are a histogram with the same bounds, whatever was counted`() {
        var proxy = ProxyStatus(name: "p")
        var backend = BackendStatus(status: "UP", algorithm: "source")
        backend.connectTimes = TimeDistribution(counts: [3, 0, 2])
        backend.connectTimes.sum = 5_007
        backend.sessionTimes = TimeDistribution(counts: Array(repeating: 1, count: 24))
        backend.sessionTimes.sum = 16_777_215
        proxy.backend = backend
        let text = written([proxy])
        let buckets = text.split(separator: "\n").filter {
            $0.hasPrefix("lbctl_backend_connect_seconds")
        }
        #expect(buckets.count == 26)
        #expect(
            buckets.prefix(4) == [
                #"lbctl_backend_connect_seconds_bucket{proxy="p",le="0.001"} 3"#,
                #"lbctl_backend_connect_seconds_bucket{proxy="p",le="0.002"} 3"#,
                #"lbctl_backend_connect_seconds_bucket{proxy="p",le="0.004"} 5"#,
                #"lbctl_backend_connect_seconds_bucket{proxy="p",le="0.008"} 5"#,
            ])
        #expect(
            buckets.suffix(4) == [
                #"lbctl_backend_connect_seconds_bucket{proxy="p",le="4194.304"} 5"#,
                #"lbctl_backend_connect_seconds_bucket{proxy="p",le="+Inf"} 5"#,
                #"lbctl_backend_connect_seconds_sum{proxy="p"} 5.007"#,
                #"lbctl_backend_connect_seconds_count{proxy="p"} 5"#,
            ])
        #expect(
            text.contains(#"lbctl_backend_session_seconds_bucket{proxy="p",le="4194.304"} 23"#))
        #expect(text.contains(#"lbctl_backend_session_seconds_bucket{proxy="p",le="+Inf"} 24"#))
    }

    @Test func `certificates tell when they end`() {
        var proxy = sampleNode().proxies[1]
        #expect(!written([proxy]).contains("certificate"))
        proxy.frontend?.certificateEnds = [
            "/etc/b.pem": 1_800_000_000, "/etc/a.pem": 1_700_000_000,
        ]
        proxy.servers[0].certificateEnds = ["/etc/own.pem": 1_900_000_000]
        let text = written([proxy])
        let name = "lbctl_frontend_certificate_end_timestamp_seconds"
        #expect(
            family(name, in: text) == [
                "# TYPE \(name) gauge",
                "\(name){proxy=\"\(proxy.name)\",certificate=\"/etc/a.pem\"} 1700000000",
                "\(name){proxy=\"\(proxy.name)\",certificate=\"/etc/b.pem\"} 1800000000",
            ])
        let own = "lbctl_server_certificate_end_timestamp_seconds"
        let labels = "proxy=\"\(proxy.name)\",server=\"\(proxy.servers[0].name)\""
        #expect(
            family(own, in: text) == [
                "# TYPE \(own) gauge",
                "\(own){\(labels),certificate=\"/etc/own.pem\"} 1900000000",
            ])
    }

    @Test func `peers have their state, and each of their tables what went to and fro`() {
        #expect(!written([ProxyStatus(name: "web", mode: "tcp")]).contains("peer"))
        var peer = TablePeersStatus.Peer(
            name: "lb2", address: "192.0.2.2:1024", isConnected: true, messagesIn: 30,
            messagesOut: 40)
        (peer.isSynchronised, peer.sessions) = (true, 3)
        peer.tables = [.init(name: "t", lastChange: 9, acknowledged: 8, learned: 5, sent: 6)]
        var proxy = ProxyStatus(name: "p", mode: "peers")
        proxy.peers = TablePeersStatus(localName: "lb1", isComplete: true)
        proxy.peers?.peers = [
            peer, .init(name: "lb3", address: "192.0.2.3:1024", isConnected: false),
        ]
        let text = written([proxy])
        for (name, kind, samples) in [
            ("haproxy_process_connected_peers", "gauge", [" 1"]),
            ("lbctl_peers_complete", "gauge", [#"{peers="p"} 1"#]),
            (
                "lbctl_peer_connected", "gauge",
                [#"{peers="p",peer="lb2"} 1"#, #"{peers="p",peer="lb3"} 0"#]
            ),
            (
                "lbctl_peer_synchronised", "gauge",
                [#"{peers="p",peer="lb2"} 1"#, #"{peers="p",peer="lb3"} 0"#]
            ),
            (
                "lbctl_peer_sessions_total", "counter",
                [#"{peers="p",peer="lb2"} 3"#, #"{peers="p",peer="lb3"} 0"#]
            ),
            (
                "lbctl_peer_messages_received_total", "counter",
                [#"{peers="p",peer="lb2"} 30"#, #"{peers="p",peer="lb3"} 0"#]
            ),
            (
                "lbctl_peer_messages_sent_total", "counter",
                [#"{peers="p",peer="lb2"} 40"#, #"{peers="p",peer="lb3"} 0"#]
            ),
            (
                "lbctl_peer_updates_received_total", "counter",
                [#"{peers="p",peer="lb2",table="t"} 5"#]
            ),
            ("lbctl_peer_updates_sent_total", "counter", [#"{peers="p",peer="lb2",table="t"} 6"#]),
        ] {
            #expect(
                family(name, in: text) == ["# TYPE \(name) \(kind)"] + samples.map { name + $0 })
        }
    }

    @Test func `names can hold anything`() throws {
        let name = "a\"b\\c\nd\\n,e=\"}é\r"
        var proxy = sampleNode().proxies[1]
        proxy.name = name
        proxy.servers[0].name = "\\"
        proxy.frontend?.showsListeners = true
        proxy.frontend?.refusals = ["\n": 4]
        proxy.table = StickTableStatus(type: "ip", size: 100, used: 7)
        let text = written([proxy]) {
            $0.virtualRouters = sampleNode().virtualRouters
            $0.virtualRouters[0].name = "\"\""
        }
        #expect(text.contains(#"{proxy="a\"b\\c\nd\\n,e=\"}é"# + "\r\"} 1000\n"))
        let samples = try read(text)
        #expect(samples["haproxy_frontend_sessions_total|proxy=\(name)"] as? Int == 1_000)
        #expect(samples["haproxy_server_sessions_total|proxy=\(name)|server=\\"] as? Int == 600)
        #expect(
            samples["haproxy_listener_status|listener=sock-1|proxy=\(name)|state=FULL"] as? Int == 1
        )
        #expect(samples["lbctl_frontend_refusals_total|cause=\n|proxy=\(name)"] as? Int == 4)
        #expect(samples["haproxy_sticktable_used|name=\(name)|type=ip"] as? Int == 7)
        #expect(samples["lbctl_vrrp_state|interface=eth1|router=\"\"|vrid=51"] as? Int == 2)
    }

    @Test func `the same labels are told once, since twice would spoil all`() throws {
        var proxy = sampleNode().proxies[1]
        proxy.frontend?.showsListeners = true
        let listeners = proxy.frontend?.listeners ?? []
        proxy.frontend?.listeners += listeners
        let text = written([proxy, proxy]) {
            $0.virtualRouters = sampleNode().virtualRouters
            $0.virtualRouters[0].addresses = ["192.0.2.1/24", "192.0.2.1/24"]
            let trackers = $0.virtualRouters[0].trackers
            $0.virtualRouters[0].trackers += trackers
        }
        _ = try read(text)
        #expect(family("haproxy_listener_sessions_total", in: text).count == 2)
        #expect(family("lbctl_vrrp_address_held", in: text).count == 2)
    }

    @Test func `a frontend without servers and a pool without any have what they are`() throws {
        var frontend = ProxyStatus(name: "in")
        frontend.frontend = FrontendStatus(status: "PAUSED")
        var pool = ProxyStatus(name: "out")
        pool.backend = BackendStatus(status: "DOWN", algorithm: "source")
        let text = written([frontend, pool]) { $0.balancer.connectionLimit = 500 }
        _ = try read(text)
        #expect(text.contains(#"haproxy_frontend_status{proxy="in",state="DOWN"} 1"#))
        #expect(text.contains(#"haproxy_backend_status{proxy="out",state="DOWN"} 1"#))
        #expect(text.contains("haproxy_process_max_connections 500\n"))
        #expect(!text.contains("haproxy_server_") && !text.contains("_agg_"))
        #expect(!text.contains(#"haproxy_backend_status{proxy="in""#))
    }
}
