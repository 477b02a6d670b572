#if Program
import Foundation
import LinuxIO
import Testing

/// The same file and the same connections in Debian's haproxy and here: what its exporter tells of
/// them, and what is told here.
@ProgramThread @Suite(.serialized) struct `Metrics beside haproxy` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// Asks for metrics, and reads them as Prometheus does.
    private func metrics(
        at port: UInt16, _ name: String
    ) throws -> (types: [String: String], samples: [String: String]) {
        let path = "\(folder.path)/\(name)"
        let answer = try folder.run(command: [
            "/usr/bin/curl", "-sS", "-m", "9", "-o", path, "-w", "%{http_code} %{content_type}",
            "http://127.0.0.1:\(port)/metrics",
        ])
        #expect(answer.output.hasPrefix("200 text/plain; version=0.0.4"), "\(answer)")
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/read-metrics").path
        let result = try folder.run(command: ["/bin/sh", "-c", "exec \(script) <\(path)"])
        #expect(result.status == 0, "\(result.errors)")
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let samples = try #require(document["samples"] as? [String: Any])
        return (
            try #require(document["types"] as? [String: String]), samples.mapValues { "\($0)" }
        )
    }

    private func file(
        web: UInt16, guarded: UInt16, page: UInt16, server: UInt16, closed: UInt16
    ) -> String {
        """
        global
            nbthread 1
            maxconn 500
        defaults
            mode tcp
            timeout client 9s
            timeout server 9s
            timeout connect 9s
        frontend page
            mode http
            bind 127.0.0.1:\(page)
            http-request use-service prometheus-exporter if { path /metrics }
            stats enable
            stats uri /stats
            stats auth someone:secret
        listen web
            bind 127.0.0.1:\(web)
            option socket-stats
            option redispatch
            server a 127.0.0.1:\(server) check inter 100ms maxconn 9
            server down 127.0.0.1:\(closed) check inter 100ms fall 1
            server spare 127.0.0.1:\(server) backup weight 7
            server off 127.0.0.1:\(server) disabled
        frontend guarded
            bind 127.0.0.1:\(guarded)
            tcp-request connection reject if { src 127.0.0.1 }
            default_backend web
        backend counted
            stick-table type ip size 100 store conn_cnt

        """
    }

    /// What this program has no counter for, or no such thing.
    private static let lacking = [
        // HTTP, and connections that are used again.
        "http_", "_http_", "intercepted_requests", "failed_header_rewriting", "connection_reuses",
        "idle_connections", "used_connections_current", "need_connections_current",
        // Not counted: of pools the time that they were down, of all the longest times.
        "backend_check_", "backend_downtime_seconds", "connection_attempts", "_time_seconds",
        // An older name of agg_server_status.
        "agg_server_check_status",
        // Of listeners what is counted for their section.
        "listener_requests_denied", "listener_responses_denied", "listener_request_errors",
        "listener_denied", "listener_internal_errors",
    ]

    /// What both count of the same connections.
    private static let counted = [
        "sessions_total", "bytes_in_total", "bytes_out_total", "current_sessions", "denied",
        "request_errors", "connection_errors", "retry_warnings", "redispatch_warnings", "aborts",
        "loadbalanced", "_status", "weight", "_servers", "current_queue", "max_queue",
        "limit_session_rate", "server_limit_sessions", "queue_limit", "throttle", "sticktable",
        "check_code", "check_up_down", "connections_total",
    ]

    /// What is not expected to be the same beside what is lacking.
    private static let notCompared =
        lacking + [
            // Both pages are asked until they agree.
            "haproxy_process_", "proxy=page",
        ]

    @Test func `the same names, types, labels and counts`() throws {
        let server = try TalkingServer(.answers("answer"))
        let closed = try freePort()
        let guarded = (theirs: try freePort(), ours: try freePort())
        let web = (theirs: try freePort(), ours: try freePort())
        let page = (theirs: try freePort(), ours: try freePort())
        let theirs = try folder.write(
            file(
                web: web.theirs, guarded: guarded.theirs, page: page.theirs, server: server.port,
                closed: closed),
            to: "haproxy.cfg")
        let ours = try folder.write(
            file(
                web: web.ours, guarded: guarded.ours, page: page.ours, server: server.port,
                closed: closed),
            to: "ours.cfg")
        let haproxy = try RunningProgram(
            ["/usr/sbin/haproxy", "-db", "-f", theirs], in: folder, output: "haproxy",
            errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(ours)
        try folder.awaitLog(" serves, ")
        try eventually(within: .seconds(9), "haproxy: \(folder.text(of: "haproxy"))") {
            (try? connect(to: page.theirs)).map { close($0) } != nil
        }
        let read = { (port: UInt16, name: String) in
            var metrics = try self.metrics(at: port, name)
            try eventually(within: .seconds(9), "\(name): \(metrics.samples)") {
                metrics = try self.metrics(at: port, name)
                return Self.isSettled(metrics.samples)
            }
            return metrics
        }
        // Who is chosen follows from the checks.
        for page in [page.theirs, page.ours] { _ = try read(page, "before") }
        for (web, guarded) in [(web.theirs, guarded.theirs), (web.ours, guarded.ours)] {
            for _ in 0..<5 { #expect(try ask(web, "question") == "answer") }
            #expect(try ask(guarded, "") == "")
        }
        let (they, we) = (try read(page.theirs, "theirs"), try read(page.ours, "ours"))
        for (name, type) in they.types where !name.hasPrefix("haproxy_process_") {
            if Self.lacking.contains(where: name.contains) { continue }
            #expect(we.types[name] == type, "\(name)")
        }
        let compared = they.samples.filter { name, _ in
            Self.counted.contains(where: name.contains)
                && !Self.notCompared.contains(where: name.contains)
        }
        #expect(compared.count > 150)
        for (name, value) in compared { #expect(we.samples[name] == value, "\(name)") }
        #expect(we.samples["haproxy_frontend_sessions_total|proxy=web"] == "5")
        #expect(we.samples["haproxy_frontend_denied_connections_total|proxy=guarded"] == "1")
        #expect(we.samples["haproxy_process_max_connections"] == "500")
        #expect(we.samples["lbctl_backend_session_seconds_count|proxy=web"] == "5")
        try reload(page.ours, web.ours)
        program.kill()
    }

    /// Whether every connection has ended and every check has been made.
    private static func isSettled(_ samples: [String: String]) -> Bool {
        samples["haproxy_frontend_current_sessions|proxy=web"] == "0"
            && samples["haproxy_server_check_status|proxy=web|server=a|state=L4OK"] == "1"
            && samples["haproxy_server_check_up_down_total|proxy=web|server=down"] == "1"
    }

    /// Says something, and hears the answer.
    private func ask(_ port: UInt16, _ question: String) throws -> String {
        let client = try connect(to: port)
        defer { close(client) }
        _ = question.withCString { send(client, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        var bytes = [UInt8](repeating: 0, count: 100)
        var text = ""
        while true {
            let count = recv(client, &bytes, bytes.count, 0)
            guard count > 0 else { return text }
            text += String(decoding: bytes.prefix(count), as: UTF8.self)
        }
    }

    /// A reload keeps counters, and takes the exporter's path away; the page has them by its password.
    private func reload(_ page: UInt16, _ web: UInt16) throws {
        try folder.write(
            folder.text(of: "ours.cfg").replacing("{ path /metrics }", with: "{ path /a /more }"),
            to: "ours.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try ask(web, "question") == "answer")
        let url = "http://127.0.0.1:\(page)"
        func get(_ arguments: String...) throws -> String {
            try folder.run(command: ["/usr/bin/curl", "-s", "-m", "9"] + arguments).output
        }
        #expect(try get("-o", "/dev/null", "-w", "%{http_code}", "\(url)/metrics") == "404")
        #expect(try get("-o", "/dev/null", "-w", "%{http_code}", "\(url)/stats;metrics") == "401")
        for answer in [
            try get("\(url)/more"), try get("-u", "someone:secret", "\(url)/stats;metrics"),
        ] {
            #expect(answer.contains("\nhaproxy_frontend_sessions_total{proxy=\"web\"} 6\n"))
        }
    }
}

@ProgramThread
@Suite(.serialized, .tags(.needsRoot), .enabled("NOT RUN: needs root") { geteuid() == 0 })
struct `Metrics of an election` {
    @Test func `count each advertisement, not only up to the last change`() throws {
        let folder = try ProgramFolder()
        // Nothing happens to it once it is Active: no script ends, no address is announced again.
        let election = try folder.write(
            """
            vrrp_instance VI_1 {
                interface lan
                virtual_router_id 51
                advert_int 0.1
                version 3
                garp_master_delay 0
                garp_master_repeat 1
                virtual_ipaddress {
                    10.77.0.9
                }
            }

            """, to: "election.conf")
        let page = try folder.write(
            """
            frontend page
                mode http
                bind 10.77.0.1:80
                http-request use-service prometheus-exporter if { path /metrics }

            """, to: "page.cfg")
        let program = try folder.startElecting(election, page)
        try folder.awaitLog(" serves, ")
        try folder.awaitLog("Entering MASTER STATE")
        let labels = #"{router="VI_1",vrid="51",interface="lan"}"#
        let name = "\nlbctl_vrrp_advertisements_sent_total\(labels) "
        var text = ""
        func sent() throws -> Int? {
            text = try folder.run(command: [
                "/usr/bin/nsenter", "-t", "\(program.pid)", "-n", "curl", "-sS", "-m", "9",
                "http://10.77.0.1/metrics",
            ]).output
            return text.firstRange(of: name).flatMap {
                Int(text[$0.upperBound...].prefix { $0 != "\n" })
            }
        }
        var first: Int?
        try eventually(within: .seconds(9), "\(text)") {
            first = try sent()
            return first != nil
        }
        // Nothing changes from here on but the count.
        let more = try #require(first) + 5
        try eventually(within: .seconds(9), "\(text)") { try sent() ?? 0 > more }
        #expect(text.contains("\nlbctl_vrrp_state\(labels) 2\n"))
    }
}
#endif
