#if Program
import Glibc
import LinuxIO
import Testing

/// `monitor-uri` and `monitor fail` in Debian's haproxy and here.
@ProgramThread @Suite(.serialized) struct `Monitors beside haproxy` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// A path without a condition, as in files for Kubernetes, and one that asks about two pools.
    private func file(
        _ plain: UInt16, _ asking: UInt16, _ entry: UInt16, server: UInt16, closed: UInt16
    ) -> String {
        """
        global
            nbthread 1
        defaults
            mode http
            timeout client 9s
            timeout server 9s
            timeout connect 9s
        frontend healthz
            bind 127.0.0.1:\(plain)
            monitor-uri /healthz
        frontend asking
            bind 127.0.0.1:\(asking)
            monitor-uri /up
            acl web_is_down nbsrv(web) lt 1
            monitor fail if web_is_down
            monitor fail unless { nbsrv(spare) ge 1 }
            monitor fail if { nbsrv(spare) gt 1 } or { nbsrv(twins) gt 1 }
            monitor fail if { nbsrv(all) lt 2 }
            monitor fail if !{ srv_is_up(web/a) } or { always_false }
            monitor fail if { srv_is_up(spare/c) }
            monitor fail if { queue(web) gt 0 } or { avg_queue(web) gt 0 }
            monitor fail if { srv_queue(web/a) gt 0 }
            monitor fail if { be_conn(web) gt 1 } or { srv_conn(web/a) gt 1 } or { fe_conn(in) gt 1 }
        frontend in
            mode tcp
            bind 127.0.0.1:\(entry)
            default_backend web
        backend web
            mode tcp
            server a 127.0.0.1:\(server) check inter 100ms fall 1 rise 1
        backend spare
            mode tcp
            server a 127.0.0.1:\(closed)
            server b 127.0.0.1:\(closed) backup
            server c 127.0.0.1:\(closed) disabled
        backend twins
            mode tcp
            server a 127.0.0.1:\(closed) backup
            server b 127.0.0.1:\(closed) backup
        backend all
            mode tcp
            option allbackups
            server a 127.0.0.1:\(closed) backup
            server b 127.0.0.1:\(closed) backup

        """
    }

    private func answer(_ port: UInt16, _ path: String) throws -> String {
        let result = try folder.run(command: [
            "/usr/bin/curl", "-sS", "-m", "9", "-w", "%{http_code}",
            "http://127.0.0.1:\(port)\(path)",
        ])
        return result.output
    }

    @Test func `the same verdict in the same words`() throws {
        let server = try freePort()
        let closed = try freePort()
        let theirs = (plain: try freePort(), asking: try freePort(), entry: try freePort())
        let ours = (plain: try freePort(), asking: try freePort(), entry: try freePort())
        let haproxy = try RunningProgram(
            [
                "/usr/sbin/haproxy", "-db", "-f",
                try folder.write(
                    file(
                        theirs.plain, theirs.asking, theirs.entry, server: server, closed: closed),
                    to: "haproxy.cfg"),
            ], in: folder, output: "haproxy", errors: "haproxy")
        defer { haproxy.kill() }
        let program = try folder.start(
            try folder.write(
                file(ours.plain, ours.asking, ours.entry, server: server, closed: closed),
                to: "ours.cfg"))
        defer { program.kill() }
        try folder.awaitLog(" serves, ")
        let ready = "<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n200"
        for port in [theirs.plain, ours.plain] {
            try eventually(within: .seconds(9), "port \(port)") {
                try answer(port, "/healthz") == ready
            }
            #expect(try answer(port, "/healthzx").hasSuffix("\(port == ours.plain ? 404 : 503)"))
        }
        // The server is down, until it listens.
        for port in [theirs.asking, ours.asking] {
            try eventually(within: .seconds(9), "port \(port)") {
                try answer(port, "/up")
                    == "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle"
                    + " this request.\n</body></html>\n503"
            }
        }
        let listening = try TalkingServer(.answers("answer"), port: server)
        for port in [theirs.asking, ours.asking] {
            try eventually(within: .seconds(9), "port \(port)") { try answer(port, "/up") == ready }
        }
        // Two clients are one too many.
        for (entry, port) in [(theirs.entry, theirs.asking), (ours.entry, ours.asking)] {
            let clients = try (0..<2).map { _ in try connect(to: entry) }
            try eventually(within: .seconds(9), "port \(port)") {
                try answer(port, "/up").hasSuffix("503")
            }
            for client in clients { close(client) }
            try eventually(within: .seconds(9), "port \(port)") { try answer(port, "/up") == ready }
        }
        _ = listening
    }
}
#endif
