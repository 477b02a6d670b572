#if Program
import Foundation
import LinuxIO
import TestServers
import Testing

/// Clients whose TLS ends at the balancer, as configured: curl in front of it, nginx behind it.
@ProgramThread @Suite(.serialized) struct `Clients by TLS` {
    private let folder: ProgramFolder
    private let nginx: Nginx
    private let port: UInt16
    private let certificate: String

    init() async throws {
        folder = try ProgramFolder()
        nginx = try await Nginx()
        port = try freePort()
        let own = try [nginx.certificates.good, nginx.certificates.goodKey].map {
            try String(contentsOfFile: $0, encoding: .utf8)
        }
        certificate = try folder.write(own.joined(), to: "own.pem")
        // Only who starts the program may read it.
        chmod(certificate, 0o600)
    }

    private func text(_ words: String = "", lines: String = "") -> String {
        """
        global
            user nobody
            log stdout format raw local0
        defaults
            timeout client 5s
            timeout server 5s
            timeout connect 1s
            log global
        frontend web
            bind 127.0.0.1:\(port) ssl crt \(certificate) alpn http/1.1 \(words)
            log-format "line %ft %s %sslv sni=%[ssl_fc_sni] alpn=%[ssl_fc_alpn] %ts"
            \(lines)
            default_backend servers
        backend servers
            server s 127.0.0.1:\(nginx.port)

        """
    }

    private func curl(_ words: [String] = [], scheme: String = "https") throws -> String {
        try folder.run(
            command: [
                "/usr/bin/curl", "-s", "--max-time", "5", "--cacert",
                nginx.certificates.authority,
            ] + words + ["\(scheme)://localhost:\(port)/ok"]
        ).output
    }

    @Test func `a server without TLS is served by it, and the log says what was agreed on`() throws
    {
        defer { nginx.server.stop() }
        let file = try folder.write(text(), to: "a.cfg")
        let program = try folder.start(file)
        try folder.awaitLog("serves")
        #expect(try curl() == "all is well\nsecond line")
        try folder.awaitLog("line web~ s TLSv1.3 sni=localhost alpn=http/1.1 --")
        // Who speaks none is told of, once.
        for _ in 0..<3 { #expect(try curl(scheme: "http") == "") }
        try folder.awaitLog("frontend web: no TLS with 127.0.0.1:")
        #expect(folder.text(of: "log").components(separatedBy: ": http request").count == 2)
        // Another way of doing handshakes comes by a reload.
        try folder.write(
            text("verify required ca-file \(nginx.certificates.authority)"), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try curl() == "")
        try folder.awaitLog("peer did not return a certificate")
        let shown = ["--cert", certificate]
        #expect(try curl(shown) == "all is well\nsecond line")
        try folder.write(
            text(
                "verify required ca-file \(nginx.certificates.authority)",
                lines: "tcp-request session reject if { ssl_c_s_dn(cn) -m found }"), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try curl(shown) == "")
        // What cannot be set up changes nothing.
        try folder.write(text("ciphers none"), to: "a.cfg")
        let refused =
            "web, bind 127.0.0.1:\(port): TLS: ciphers 'none': OpenSSL knows none of them (openssl ciphers)"
        let check = try folder.run("check", file)
        #expect(check.status == 2 && check.errors.contains(refused), "\(check)")
        let reload = try folder.run("reload", "--control", folder.control)
        #expect(reload.status == 2 && reload.errors.contains(refused), "\(reload)")
        #expect(try curl(shown) == "")
        program.signal(SIGTERM)
        #expect(try program.awaitEnd(within: .seconds(20)) == .exited(status: 0))
    }

    @Test func `what a client asked for by TLS that ended here is captured`() throws {
        defer { nginx.server.stop() }
        let lines = """
            tcp-request content capture ssl_fc_sni len 5
            log-format "kept %hr %{+Q}[capture.req.hdr(0)]"
            """
        _ = try folder.start(try folder.write(text(lines: lines), to: "a.cfg"))
        try folder.awaitLog("serves")
        #expect(try curl() == "all is well\nsecond line")
        try folder.awaitLog("kept {local} \"local\"")
    }

    @Test func `a session goes on by its ticket over a reload that leaves its listener alone`()
        throws
    {
        defer { nginx.server.stop() }
        let file = try folder.write(text(), to: "a.cfg")
        _ = try folder.start(file)
        try folder.awaitLog("serves")
        let session = folder.path + "/session"
        func isResumed(_ words: String) throws -> Bool {
            let command =
                "printf 'GET /ok HTTP/1.0\\r\\n\\r\\n' | timeout 5 openssl s_client -ign_eof -connect"
                + " 127.0.0.1:\(port) -servername localhost -tls1_2 \(words) \(session)"
            let output = try folder.run(command: ["/bin/sh", "-c", command + " 2>&1"]).output
            #expect(output.contains("all is well"))
            return output.contains("Reused, TLSv1.2")
        }
        #expect(try !isResumed("-sess_out"))
        #expect(try isResumed("-sess_in"))
        try folder.write(text(lines: "maxconn 99"), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try isResumed("-sess_in"))
        try folder.write(text("no-tls-tickets"), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try !isResumed("-sess_in"))
    }
}
#endif
