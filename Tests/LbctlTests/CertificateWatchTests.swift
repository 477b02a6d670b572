#if Program
import Foundation
import LinuxIO
import Reactor
import Testing

@testable import lbctl

/// What is said of certificates while the program runs.
@ProgramThread @Suite(.serialized) struct `Ends of certificates` {
    @Test func `each is warned of again as long as it is in use`() throws {
        let loop = try EventLoop()
        var said: [String] = []
        let watch = CertificateWatch(loop, interval: .milliseconds(20)) { said.append($0) }
        let now = Int(Date().timeIntervalSince1970)
        func run(_ milliseconds: Int) {
            loop.schedule(after: .milliseconds(milliseconds)) { loop.stop() }
            loop.run()
        }
        watch.watch(["b": now + 3 * 86_400 + 9, "a": now - 9, "far": now + 15 * 86_400])
        let first = [
            "certificate 'a' has ended; renew it, and 'lbctl reload'",
            "certificate 'b' ends in 3 days; renew it, and 'lbctl reload'",
        ]
        #expect(said == first)
        run(50)
        #expect(said.count >= 4 && said.count % 2 == 0)
        #expect(Array(said.suffix(2)) == first)
        // What comes near is told of, though nobody spoke of it before.
        said = []
        watch.watch(["near": now + 14 * 86_400 + 1])
        #expect(said == [])
        run(2_100)
        #expect(said.first == "certificate 'near' ends in 13 days; renew it, and 'lbctl reload'")
        watch.watch([:])
        said = []
        run(50)
        #expect(said == [])
    }

    @Test func `log, status and metrics tell of what clients and servers are shown`() throws {
        let folder = try ProgramFolder()
        let (port, page) = (try freePort(), try freePort())
        func certificate(_ name: String, days: Int) throws -> (path: String, end: Int) {
            let command = """
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days \(days) \
                    -subj /CN=\(name) -keyout \(name).key -out \(name).crt 2>/dev/null &&
                cat \(name).crt \(name).key >\(name).pem &&
                date +%s -d "$(openssl x509 -in \(name).crt -noout -enddate | cut -d= -f2)"
                """
            let output = try folder.run(
                command: ["/bin/sh", "-c", "cd \(folder.path) && \(command)"]
            ).output
            let end = try #require(Int(output.trimmingCharacters(in: .whitespacesAndNewlines)))
            return ("\(folder.path)/\(name).pem", end)
        }
        let (near, far) = (try certificate("near", days: 3), try certificate("far", days: 30))
        let file = try folder.write(
            """
            defaults
                timeout client 5s
                timeout server 5s
                timeout connect 1s
            frontend web
                bind 127.0.0.1:\(port) ssl crt \(near.path) crt \(far.path)
                default_backend servers
            backend servers
                server s 127.0.0.1:9 ssl verify none crt \(far.path)
                server t 127.0.0.1:9
            frontend page
                mode http
                bind 127.0.0.1:\(page)
                http-request use-service prometheus-exporter if { path /metrics }

            """, to: "a.cfg")
        _ = try folder.start(file)
        try folder.awaitLog("serves")
        let warning = "certificate '\(near.path)' ends in "
        try folder.awaitLog(warning)
        #expect(!folder.text(of: "log").contains("certificate '\(far.path)'"))
        let frontend = try #require(try folder.proxy("web")["frontend"] as? [String: Any])
        #expect(
            frontend["certificate_ends"] as? [String: Int] == [
                near.path: near.end, far.path: far.end,
            ])
        let text = try folder.run(
            command: ["/usr/bin/curl", "-sS", "-m", "9", "http://127.0.0.1:\(page)/metrics"]
        ).output
        for line in [
            "lbctl_frontend_certificate_end_timestamp_seconds{proxy=\"web\",certificate=\"\(near.path)\"} \(near.end)",
            "lbctl_server_certificate_end_timestamp_seconds{proxy=\"servers\",server=\"s\",certificate=\"\(far.path)\"} \(far.end)",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        #expect(!text.contains("server=\"t\",certificate"))
        try folder.write(
            try String(contentsOfFile: file, encoding: .utf8)
                .replacing("defaults\n", with: "defaults\n    maxconn 99\n"), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        try eventually(within: .seconds(9), folder.text(of: "log")) {
            folder.text(of: "log").components(separatedBy: warning).count == 3
        }
    }
}
#endif
