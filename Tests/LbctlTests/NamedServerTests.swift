#if Program
import Foundation
import LinuxIO
import TestServers
import Testing

/// Servers by name in the running program, with Unbound as the name server.
@ProgramThread @Suite(.serialized) struct `Servers by name` {
    private let folder: ProgramFolder
    private let port: UInt16
    private var unbound: RunningProgram?

    init() throws {
        folder = try ProgramFolder()
        port = try freePort()
    }

    /// Starts Unbound with a zone that ``set(_:_:)`` changes.
    private mutating func startNameServer() throws {
        try folder.write(
            Unbound.configuration(in: folder.path, port: Int(port)), to: "unbound.conf")
        unbound = try RunningProgram(
            ["/usr/sbin/unbound", "-d", "-c", folder.path + "/unbound.conf"], in: folder,
            output: "unbound-log", errors: "unbound-log")
        try eventually(within: .seconds(10), "unbound answers") {
            try control("status").status == 0
        }
    }

    private func control(_ words: String...) throws -> CommandResult {
        try folder.run(
            command: ["/usr/sbin/unbound-control", "-c", folder.path + "/unbound.conf"] + words)
    }

    private func set(_ name: String, _ addresses: String...) throws {
        _ = try control("local_data_remove", name)
        for address in addresses { _ = try control("local_data", name, "A", address) }
    }

    private func awaitServer(_ server: String, _ status: String, at address: String? = nil) throws {
        var last: [String: Any]?
        try eventually(within: .seconds(15), "\(server) is \(status), not \(last ?? [:])") {
            last = try folder.servers()[server]
            return last?["status"] as? String == status
                && (address == nil || last?["addr"] as? String == address)
        }
    }

    private func answer(at port: UInt16) throws -> String {
        try folder.run(
            command: ["/usr/bin/curl", "-sS", "--max-time", "5", "http://127.0.0.1:\(port)/"]
        ).output
    }

    @Test mutating func `an address is found, changes, is lost, and outlasts the process`() throws {
        try startNameServer()
        let server = try freePort()
        let one = try TalkingServer(TalkingServer.http("200 OK", "one"), port: server)
        let two = try TalkingServer(
            TalkingServer.http("200 OK", "two"), at: 0x7f00_0002, port: server)
        try set("web.example", "127.0.0.1")
        try set("pool.example", "127.0.0.1", "127.0.0.2")
        let (front, pool) = (try freePort(), try freePort())
        let program = try folder.start(
            try folder.write(
                """
                global
                    nbthread 2
                defaults
                    timeout client 5s
                    timeout server 5s
                    timeout connect 1s
                    default-server inter 100ms rise 1 fall 2 resolvers lan init-addr last,none
                resolvers lan
                    nameserver away 127.0.0.1:9
                    nameserver own 127.0.0.1:\(port)
                    timeout resolve 50ms
                    timeout retry 100ms
                    hold valid 50ms
                    hold nx 800ms
                    hold timeout 60s
                listen web
                    bind 127.0.0.1:\(front)
                    option httpchk GET /
                    server s web.example:\(server) check
                listen pool
                    bind 127.0.0.1:\(pool)
                    server-template t 3 pool.example:\(server)
                listen none
                    bind 127.0.0.1:\(try freePort())
                    server s gone.example:80 check

                """, to: "a.cfg"))
        defer { program.kill() }
        try folder.awaitLog("serves")
        try awaitServer("web/s", "UP", at: "127.0.0.1:\(server)")
        #expect(try answer(at: front) == "one")
        try awaitServer("none/s", "MAINT (resolution)", at: "gone.example:80")
        try folder.awaitLog(
            "Server none/s ('gone.example') is going DOWN for maintenance (DNS NX status).")
        // Two of the three servers of one name have its two addresses.
        let addresses = try ["pool/t1", "pool/t2", "pool/t3"].map { name in
            "\(try folder.servers()[name]?["addr"] ?? "") \(try folder.servers()[name]?["status"] ?? "")"
        }
        #expect(
            addresses.sorted() == [
                "127.0.0.1:\(server) no check", "127.0.0.2:\(server) no check",
                "pool.example:\(server) MAINT (resolution)",
            ])
        #expect(Set(try (0..<4).map { _ in try answer(at: pool) }) == ["one", "two"])

        // A connection that exists stays where it is.
        let held = Descriptor(owning: try connect(to: front))
        try eventually(within: .seconds(5), "the connection is relayed") {
            let traffic = try folder.servers()["web/s"]?["traffic"] as? [String: Any]
            return (traffic?["scur"] as? Int ?? 0) == 1
        }
        try set("web.example", "127.0.0.2")
        try awaitServer("web/s", "UP", at: "127.0.0.2:\(server)")
        try folder.awaitLog("web/s changed its IP from 127.0.0.1 to 127.0.0.2 by lan/own.")
        #expect(try answer(at: front) == "two")
        let request = Array("GET / HTTP/1.0\r\n\r\n".utf8)
        _ = send(held.rawValue, request, request.count, Int32(MSG_NOSIGNAL))
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(held.rawValue, &bytes, bytes.count, 0)
        #expect(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).hasSuffix("one"))

        try reload()
        #expect(try answer(at: front) == "two")
        try awaitServer("web/s", "UP", at: "127.0.0.2:\(server)")

        try set("web.example")
        try awaitServer("web/s", "MAINT (resolution)")
        try folder.awaitLog(
            "Server web/s ('web.example') is going DOWN for maintenance (DNS NX status).")
        try folder.awaitLog("backend web has no server available!")
        try set("web.example", "127.0.0.1")
        try awaitServer("web/s", "UP", at: "127.0.0.1:\(server)")

        // Without name servers and with another process, what was known is used at once.
        unbound?.kill()
        let former = try program.balancer()
        kill(former, SIGKILL)
        try eventually(within: .seconds(10), "another process serves") {
            guard try program.balancer() != former else { return false }
            return try answer(at: front) == "one"
        }
        try awaitServer("web/s", "UP", at: "127.0.0.1:\(server)")
        withExtendedLifetime((one, two)) {}
    }

    /// Has the pools go on at other places: what was found stays, and nothing is told of it.
    private func reload() throws {
        func changes() -> Int {
            folder.text(of: "log").components(separatedBy: "changed its IP").count
        }
        let before = changes()
        let text = folder.text(of: "a.cfg").replacing(
            "listen web", with: "listen first\n    bind 127.0.0.1:\(try freePort())\nlisten web")
        _ = try folder.write(text.replacing("check", with: "check weight 7"), to: "a.cfg")
        let result = try folder.run("reload", "--control", folder.control)
        #expect(result.status == 0, "\(result)")
        // Several answers of the name server later.
        LinuxIO.Thread.sleep(for: .milliseconds(200))
        #expect(changes() == before)
    }
}
#endif
