#if Program
import Foundation
import LinuxIO
import TestServers
import Testing

/// Servers that are spoken to by TLS, as configured: nginx with a good certificate and an expired one.
@ProgramThread @Suite(.serialized) struct `Servers by TLS` {
    private let folder: ProgramFolder
    private let nginx: Nginx
    private let ports: [UInt16]

    init() async throws {
        folder = try ProgramFolder()
        nginx = try await Nginx()
        ports = [try freePort(), try freePort()]
    }

    private func text(verify: String = "required", more: String = "") -> String {
        """
        global
            user nobody
        defaults
            timeout client 5s
            timeout server 5s
            timeout connect 1s
            retries 0
            default-server inter 100ms ca-file \(nginx.certificates.authority)
        listen good
            bind 127.0.0.1:\(ports[0])
            server s 127.0.0.1:\(nginx.securePort) ssl sni str(localhost) check
        listen expired
            bind 127.0.0.1:\(ports[1])
            server s 127.0.0.1:\(nginx.expiredPort) ssl sni str(localhost) verify \(verify)
        \(more)

        """
    }

    private func answer(_ place: Int) throws -> String {
        try folder.run(
            command: [
                "/usr/bin/curl", "-s", "--max-time", "5", "http://127.0.0.1:\(ports[place])/ok",
            ]
        ).output
    }

    @Test func `requests and checks go by TLS, and the log says why they do not`() throws {
        defer { nginx.server.stop() }
        // Only who starts the program may read it.
        chmod(nginx.certificates.authority, 0o600)
        let file = try folder.write(text(), to: "a.cfg")
        let program = try folder.start(file)
        try folder.awaitLog("serves")
        try eventually(within: .seconds(10), "good/s is UP") {
            let server = try folder.servers()["good/s"]
            return server?["status"] as? String == "UP"
                && (server?["check"] as? [String: Any])?["check_status"] as? String == "L6OK"
        }
        #expect(try answer(0) == "all is well\nsecond line")
        #expect(try answer(1) == "")
        #expect(try answer(1) == "")
        let line =
            "server expired/s: no connection by TLS: its certificate: certificate has expired"
        try folder.awaitLog(line)
        #expect(folder.text(of: "log").components(separatedBy: line).count == 2)
        try folder.write(text(verify: "none"), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try answer(1) == "all is well\nsecond line")
        try folder.awaitLog("server expired/s: connections by TLS are made again")
        // What cannot be set up changes nothing.
        let refused =
            "server other/s: TLS: ciphers 'none': OpenSSL knows none of them (openssl ciphers)"
        try folder.write(
            text(more: "backend other\n    server s 127.0.0.1:1 ssl verify none ciphers none"),
            to: "a.cfg")
        let check = try folder.run("check", file)
        #expect(check.status == 2 && check.errors.contains(refused), "\(check)")
        let reload = try folder.run("reload", "--control", folder.control)
        #expect(reload.status == 2 && reload.errors.contains(refused), "\(reload)")
        #expect(try answer(1) == "all is well\nsecond line")
        program.signal(SIGTERM)
        #expect(try program.awaitEnd(within: .seconds(20)) == .exited(status: 0))
    }

    @Test func `a server that wants to see a certificate sees it, from checks too`() throws {
        defer { nginx.server.stop() }
        let certificates = nginx.certificates
        let own = try [certificates.good, certificates.goodKey].map {
            try String(contentsOfFile: $0, encoding: .utf8)
        }
        let path = try folder.write(own.joined(), to: "own.pem")
        let line = "127.0.0.1:\(nginx.guardedPort) ssl sni str(localhost) check"
        _ = try folder.start(
            try folder.write(
                """
                defaults
                    timeout client 5s
                    timeout server 5s
                    timeout connect 1s
                    default-server inter 100ms ca-file \(certificates.authority)
                    option httpchk GET /ok
                listen shows
                    bind 127.0.0.1:\(ports[0])
                    server s \(line) crt \(path)
                backend shows-nothing
                    server s \(line)

                """, to: "a.cfg"))
        try folder.awaitLog("serves")
        var seen: [String?] = []
        try eventually(within: .seconds(10), "\(seen)") {
            let servers = try folder.servers()
            seen = ["shows/s", "shows-nothing/s"].map { servers[$0]?["status"] as? String }
            return seen == ["UP", "DOWN"]
        }
        #expect(try answer(0) == "all is well\nsecond line")
    }
}
#endif
