#if Program
import Foundation
import LinuxIO
import TestServers
import Testing

/// The balancer process as a user without any privilege, and the log in the host's own place.
@ProgramThread
@Suite(.tags(.needsRoot), .enabled("NOT RUN: becoming another user needs root") { geteuid() == 0 })
struct `As another user` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    /// More connections than such a user is granted pipes of 1 MiB, none of them read at first.
    @Test func `relay and page work, beyond the limit on pipes`() throws {
        let server = try PatternServer(byteCount: 3_000_000)
        let port = try freePort()
        let page = try freePort()
        let file = try folder.write(
            "global\n nbthread 1\n uid 65533\n gid 65532\n"
                + balancerFile(
                    port: port, server: server.port,
                    more: """
                        listen stats 127.0.0.1:\(page)
                            mode http
                            stats enable
                            stats uri /stats
                            stats auth someone:secret
                        """), to: "user.cfg")
        let program = try folder.start(file)
        try folder.awaitLog("serves")
        let status = try String(
            contentsOfFile: "/proc/\(try program.balancer())/status", encoding: .utf8)
        let lines = status.split(separator: "\n").map {
            $0.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        #expect(lines.contains("Uid: 65533 65533 65533 65533"))
        #expect(lines.contains("Gid: 65532 65532 65532 65532"))
        #expect(lines.contains("Groups:"))
        #expect(lines.contains("CapEff: 0000000000000000"))
        #expect(lines.contains("CapPrm: 0000000000000000"))
        #expect(lines.contains("NoNewPrivs: 1"))

        let clients = try (0..<90).map { _ in try ReadingClient(port: port) }
        try eventually(within: .seconds(20), "all connections are relayed") {
            server.connectionCount == 90
        }
        for client in clients { #expect(client.readAll() == server.digest) }

        let curl = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}"]
        let url = "http://127.0.0.1:\(page)/stats"
        #expect(try folder.run(command: curl + [url]).output == "401")
        #expect(try folder.run(command: curl + ["-u", "someone:secret", url]).output == "200")
    }

    @Test func `echo requests go out though only root may open their sockets`() throws {
        let program = try folder.start(
            try folder.write(
                """
                global
                    nbthread 1
                    uid 65533
                    gid 65532
                defaults
                    default-server inter 50ms rise 1 fall 1
                check here
                    target 127.0.0.1
                    option icmp-check
                check there
                    target 127.0.0.9
                    option icmp-check

                """, to: "icmp.cfg"))
        for name in ["here", "there"] {
            try folder.awaitLog("Check \(name) is UP, reason: Layer7 check passed")
        }
        let status = try folder.run("status", "--json", "--control", folder.control).output
        #expect(!status.contains("SOCKERR"), "\(status)")
        withExtendedLifetime(program) {}
    }

    @Test func `a user beside root is refused to others than root`() throws {
        chmod(folder.path, 0o777)
        let file = try folder.write(
            "global\n uid 65533\n" + balancerFile(port: try freePort(), server: 1),
            to: "user.cfg")
        let result = try folder.run(
            command: ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
                + [ProgramFolder.binary, "run", "--control", folder.control, file])
        #expect(result.status == 3)
        #expect(
            result.errors.hasSuffix(
                "lbctl: 'user' and 'group' in a global section: only root can become another\n"))
    }

    @Test func `syslog lines arrive at the host's socket`() throws {
        let daemon = try LogDaemon(at: folder.path + "/devlog")
        let file = try folder.write(balancerFile(port: try freePort(), server: 1), to: "a.cfg")
        // A mount namespace with a /dev of its own, so that the host's log is left alone.
        let script = """
            mount --make-rprivate /
            mount -t tmpfs none /dev && mknod /dev/null c 1 3 && touch /dev/log
            mount --bind \(folder.path)/devlog /dev/log
            exec \(ProgramFolder.binary) run --syslog --no-realtime --control \(folder.control) \
            \(file)
            """
        let program = try RunningProgram(
            ["unshare", "--mount", "sh", "-ec", script], in: folder, output: "log", errors: "log")
        var lines: [String] = []
        try eventually(within: .seconds(20), "the lines arrive: \(lines) \(folder.text(of: "log"))")
        {
            lines += daemon.takeLines()
            return lines.contains { $0.contains(" serves") }
        }
        // Facility daemon (3) and severity notice (5): 3 * 8 + 5.
        #expect(
            lines.contains("<29>lbctl[\(program.pid)]: lbctl 0.1.0 runs, process \(program.pid)"))
        let balancer = try program.balancer()
        #expect(
            lines.contains {
                $0.hasPrefix("<29>lbctl[\(program.pid)]: balancer process \(balancer) serves, ")
            })
        #expect(folder.text(of: "log").split(separator: "\n").allSatisfy { !$0.contains("notice") })
        program.signal(SIGTERM)
        _ = try program.awaitEnd(within: .seconds(10))
    }
}
#endif
