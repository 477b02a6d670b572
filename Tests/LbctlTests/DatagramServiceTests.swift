#if Program
import Foundation
import LinuxIO
import Testing

/// `mode udp` with a real name server behind it.
@ProgramThread
@Suite struct `Datagrams through the program` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// A question for the address of www.example: an identifier, flags, one question.
    private static let question =
        "\u{12}\u{34}\u{1}\u{0}\u{0}\u{1}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}"
        + "\u{3}www\u{7}example\u{0}\u{0}\u{1}\u{0}\u{1}"

    private func ask(_ port: UInt16) throws -> String {
        let file = try folder.write(Self.question, to: "question")
        return try folder.run(
            command: ["sh", "-c", "exec socat -t 1 STDIO UDP4:127.0.0.1:\(port) <\(file)"]
        ).output
    }

    @Test func `a name server answers through the balancer`() throws {
        let upstream = try freePort()
        let port = try freePort()
        let configuration = try folder.write(
            """
            server:
                interface: 127.0.0.1@\(upstream)
                do-daemonize: no
                username: ""
                chroot: ""
                directory: "\(folder.path)"
                pidfile: ""
                use-syslog: no
                local-zone: "example." static
                local-data: "www.example. 60 IN A 7.7.7.7"
            remote-control:
                control-enable: no
            """, to: "unbound.conf")
        let server = try RunningProgram(
            ["/usr/sbin/unbound", "-d", "-c", configuration], in: folder, output: "unbound",
            errors: "unbound")
        defer { server.kill() }
        try eventually(within: .seconds(10), "unbound answers: \(folder.text(of: "unbound"))") {
            try ask(upstream).contains("\u{7}\u{7}\u{7}\u{7}")
        }
        let file = try folder.write(
            """
            listen dns
                mode udp
                bind 127.0.0.1:\(port)
                timeout client 5s
                timeout server 5s
                timeout connect 1s
                server ns1 127.0.0.1:\(upstream)
            """, to: "dns.cfg")
        let program = try folder.start(file)
        try folder.awaitLog("serves")
        #expect(try ask(port).contains("\u{7}\u{7}\u{7}\u{7}"))
        let proxies = try folder.proxies()
        #expect(proxies.first?["mode"] as? String == "udp")
        let frontend = try #require(proxies.first?["frontend"] as? [String: Any])
        #expect((frontend["traffic"] as? [String: Any])?["stot"] as? Int == 1)
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try ask(port).contains("\u{7}\u{7}\u{7}\u{7}"))
        program.signal(SIGTERM)
        _ = try program.awaitEnd(within: .seconds(20))
    }
}
#endif
