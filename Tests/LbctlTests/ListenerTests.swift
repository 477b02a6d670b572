#if Program
import Foundation
import LinuxIO
import Testing

/// `bind`, rules and headers of a haproxy file in the running program.
@ProgramThread
@Suite struct `Listeners of the program` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    private static let head = """
        defaults
            mode tcp
            timeout client 5s
            timeout server 5s
            timeout connect 1s

        """

    /// What a client gets that sends `text`; by a program of its own, so that any family will do.
    private func ask(_ address: String, _ text: String = "") throws -> String {
        let file = try folder.write(text, to: "request-\(UInt32.random(in: 0 ... .max))")
        return try folder.run(
            command: ["sh", "-c", "exec socat -t 3 STDIO '\(address)' <\(file)"]
        ).output
    }

    private func frontend(_ name: String) throws -> [String: Any] {
        try #require(try folder.proxy(name)["frontend"] as? [String: Any])
    }

    @Test func `every kind of address is listened on, and shown`() throws {
        let server = try PatternServer(byteCount: 5)
        let first = try freePort()
        let second = try freePort()
        let path = folder.path + "/in.sock"
        let name = "lbctl-tests-\(UInt64.random(in: 0 ... .max))"
        let file = try folder.write(
            Self.head + """
                listen web
                    bind 127.0.0.1:\(first),[::1]:\(first) backlog 10 tcp-ut 10s mss 1200
                    bind [::]:\(second) v4v6 name both
                    bind unix@\(path) mode 600
                    bind abns@\(name)
                    server s1 127.0.0.1:\(server.port)
                """, to: "a.cfg")
        let program = try folder.start(file)
        try folder.awaitLog("serves")
        let reference = try ask("TCP4:127.0.0.1:\(server.port)")
        #expect(!reference.isEmpty)
        for address in [
            "TCP4:127.0.0.1:\(first)", "TCP6:[::1]:\(first)", "TCP4:127.0.0.1:\(second)",
            "TCP6:[::1]:\(second)", "UNIX-CONNECT:\(path)",
            "ABSTRACT-CONNECT:\(name),unix-tightsocklen=0",
        ] {
            #expect(try ask(address) == reference, "\(address)")
        }
        #expect(
            try frontend("web")["addresses"] as? [String] == [
                "127.0.0.1:\(first)", "[::1]:\(first)", "[::]:\(second)", "unix@\(path)",
                "abns@\(name)",
            ])
        var information = stat()
        #expect(stat(path, &information) == 0 && information.st_mode & 0o777 == 0o600)
        program.signal(SIGTERM)
        _ = try program.awaitEnd(within: .seconds(10))
        #expect(stat(path, &information) != 0)
    }

    /// As systemd hands over the sockets of a unit: open descriptors from 3 on.
    @Test
    func `who asks for one address reaches its listener, and all others that of every address`()
        throws
    {
        let servers = try (1...3).map { _ in try PatternServer(byteCount: 5) }
        let port = try freePort()
        let places = ["[::]:\(port)", "*:\(port)", "127.0.0.2:\(port)"]
        func text(_ count: Int) -> String {
            zip(places, servers).prefix(count).enumerated().map { number, pair in
                "listen l\(number)\n bind \(pair.0)\n server s 127.0.0.1:\(pair.1.port)\n"
            }.joined()
        }
        /// Which server each is served by.
        func served() throws -> [Int?] {
            try ["TCP6:[::1]", "TCP4:127.0.0.1", "TCP4:127.0.0.2"].map { address in
                let before = servers.map(\.connectionCount)
                _ = try ask("\(address):\(port)")
                return servers.indices.first { servers[$0].connectionCount > before[$0] }
            }
        }
        let program = try folder.start(try folder.write(Self.head + text(2), to: "a.cfg"))
        try folder.awaitLog("serves")
        #expect(try served() == [0, 1, 1])
        _ = try folder.write(Self.head + text(3), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try served() == [0, 1, 2])
        _ = try folder.write(Self.head + text(1), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try served() == [0, 0, 0])
        program.kill()
    }

    @Test func `a socket that was open before is taken, and its clients with it`() throws {
        let server = try PatternServer(byteCount: 5)
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 16)
        let port = StreamSocket.localEndpoint(of: socket.rawValue).port
        let file = try folder.write(
            Self.head + "listen web\n bind fd@3\n server s1 127.0.0.1:\(server.port)\n",
            to: "a.cfg")
        // Waits in the backlog from before the program runs.
        let early = try ReadingClient(port: port)
        let program = try RunningProgram(
            [
                ProgramFolder.binary, "run", "--control", folder.control, "--no-realtime", file,
            ], in: folder, output: "log", errors: "log", inheriting: [(3, socket.rawValue)])
        defer { program.kill() }
        try folder.awaitLog("serves")
        #expect(early.readAll() == server.digest)
        #expect(
            try ask("TCP4:127.0.0.1:\(port)") == ask("TCP4:127.0.0.1:\(server.port)"))
        #expect(try frontend("web")["addresses"] as? [String] == ["fd@3"])
        program.signal(SIGTERM)
        _ = try program.awaitEnd(within: .seconds(10))
        // Whoever opened it still can have it served.
        _ = try ReadingClient(port: port)
    }

    @Test func `a descriptor that is no listening socket is refused by name`() throws {
        let file = try folder.write(
            Self.head + "listen web\n bind fd@9\n server s1 127.0.0.1:1\n", to: "a.cfg")
        let result = try folder.run("run", "--control", folder.control, "--no-realtime", file)
        #expect(result.status == 5)
        #expect(result.errors.contains("fd@9"))
        #expect(result.errors.contains("systemd"))
    }

    @Test func `headers are read, refusals are counted by cause, and servers are told`() throws {
        let port = try freePort()
        let sink = try freePort()
        let file = try folder.write(
            Self.head + """
                listen in
                    bind 127.0.0.1:\(port) accept-proxy
                    tcp-request session reject if { src 192.0.2.66 }
                    server s1 127.0.0.1:\(sink) send-proxy
                """, to: "a.cfg")
        let answering = try RunningProgram(
            ["socat", "TCP4-LISTEN:\(sink),reuseaddr,fork,bind=127.0.0.1", "EXEC:head -1"],
            in: folder, output: "sink", errors: "sink")
        defer { answering.kill() }
        _ = try folder.start(file)
        try folder.awaitLog("serves")
        try eventually(within: .seconds(5), "socat listens") {
            (try? ReadingClient(port: sink)) != nil
        }
        #expect(
            try ask("TCP4:127.0.0.1:\(port)", "PROXY TCP4 192.0.2.1 198.51.100.2 5 443\r\n")
                == "PROXY TCP4 192.0.2.1 198.51.100.2 5 443\r\n")
        #expect(try ask("TCP4:127.0.0.1:\(port)", "HELO there\r\n") == "")
        #expect(
            try ask("TCP4:127.0.0.1:\(port)", "PROXY TCP4 192.0.2.66 198.51.100.2 5 443\r\n") == "")
        let shown = try frontend("in")
        #expect(
            shown["refusals"] as? [String: Int] == ["header-malformed": 1, "denied-session": 1])
        #expect(shown["ereq"] as? Int == 1)
        #expect(shown["dses"] as? Int == 1)
        let text = try folder.run("status", "--control", folder.control).output
        #expect(text.contains("  in: denied-session 1, header-malformed 1\n"))
    }

    @Test func `a reload changes options of a socket that stays open`() throws {
        let server = try PatternServer(byteCount: 5)
        let port = try freePort()
        let rest = "\n server s1 127.0.0.1:\(server.port)\n"
        let bind = "listen web\n bind 127.0.0.1:\(port)"
        let file = try folder.write(Self.head + bind + rest, to: "a.cfg")
        _ = try folder.start(file)
        try folder.awaitLog("serves")
        func backlog() throws -> String {
            try folder.run(command: ["ss", "-ltnH", "sport", "=", ":\(port)"]).output
                .split(separator: " ", omittingEmptySubsequences: true).dropFirst(2).first
                .map(String.init) ?? ""
        }
        #expect(try backlog() == "4096")
        try folder.write(Self.head + bind + " backlog 17 defer-accept" + rest, to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        #expect(try backlog() == "17")
        try folder.write(Self.head + bind + " interface nowhere0" + rest, to: "a.cfg")
        let refused = try folder.run("reload", "--control", folder.control)
        #expect(refused.status == 5)
        #expect(refused.errors.contains("nowhere0"))
        #expect(
            try ask("TCP4:127.0.0.1:\(port)") == ask("TCP4:127.0.0.1:\(server.port)"))
    }
}

/// Servers that see the client's own address.
@ProgramThread
@Suite(.tags(.needsRoot), .enabled("NOT RUN: foreign addresses need root") { geteuid() == 0 })
struct `Transparent sources` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    private func file(
        _ port: UInt16, _ sink: UInt16, _ source: String, _ head: String = ""
    )
        throws -> String
    {
        try folder.write(
            head + """
                defaults
                    mode tcp
                    retries 0
                    timeout client 5s
                    timeout server 5s
                    timeout connect 1s
                listen web
                    bind 127.0.0.1:\(port)
                    server s1 127.0.0.1:\(sink) source 0.0.0.0 usesrc \(source)
                """, to: "a.cfg")
    }

    @Test func `a server sees the client's address, and its port where that is asked for`() throws {
        let sink = try freePort()
        let server = try RunningProgram(
            [
                "/usr/bin/socat", "TCP4-LISTEN:\(sink),bind=127.0.0.1,fork,reuseaddr",
                "SYSTEM:echo $SOCAT_PEERADDR $SOCAT_PEERPORT",
            ], in: folder, output: "sink", errors: "sink")
        defer { server.kill() }
        let port = try freePort()
        _ = try folder.start(try file(port, sink, "clientip"))
        try folder.awaitLog("serves")
        try eventually(within: .seconds(5), "socat listens") {
            (try? ReadingClient(port: sink)) != nil
        }
        func ask(_ sourcePort: UInt16) throws -> String {
            try folder.run(
                command: [
                    "sh", "-c",
                    "exec socat -t 3 STDIO TCP4:127.0.0.1:\(port),bind=127.0.0.77:\(sourcePort),reuseaddr"
                        + " </dev/null",
                ]
            ).output
        }
        let first = try ask(try freePort())
        #expect(first.hasPrefix("127.0.0.77 "))
        _ = try file(port, sink, "client")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        // The process before may take one more client until it hears that it is to end.
        try eventually(within: .seconds(5), "the server sees the client's port") {
            let own = try freePort()
            return try ask(own) == "127.0.0.77 \(own)\n"
        }
    }

    @Test func `a balancer that gives up root is told that it cannot`() throws {
        let path = try file(try freePort(), 1, "clientip", "global\n uid 65533\n")
        let result = try folder.run("run", "--control", folder.control, "--no-realtime", path)
        #expect(result.status == 3)
        #expect(
            result.errors.contains(
                "server web/s1: 'usesrc' wants CAP_NET_ADMIN, which the balancer"))
    }
}
#endif
