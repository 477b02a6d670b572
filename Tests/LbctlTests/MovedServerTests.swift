#if Program
import Foundation
import LinuxIO
import Testing

/// Servers that the operator moves: `lbctl server address`.
@ProgramThread @Suite(.serialized) struct `Servers that are moved` {
    private let folder: ProgramFolder
    private let port: UInt16
    private let one: TalkingServer
    private let two: TalkingServer

    init() throws {
        folder = try ProgramFolder()
        port = try freePort()
        one = try TalkingServer(TalkingServer.http("200 OK", "one"))
        two = try TalkingServer(TalkingServer.http("200 OK", "two"), at: 0x7f00_0002)
    }

    private func text(interval: String = "100ms", more: String = "") -> String {
        """
        global
            nbthread 2
        defaults
            timeout client 5s
            timeout server 5s
            timeout connect 1s
            default-server inter \(interval) rise 2 fall 3
        resolvers lan
            nameserver nobody 127.0.0.1:9
        listen web
            bind 127.0.0.1:\(port)
            option httpchk GET /
            server s 127.0.0.1:\(one.port) check
            server name app.example:80 resolvers lan init-addr none disabled
            server local unix@/run/nobody disabled
            server port 127.0.0.1:+0 disabled
            server bound 127.0.0.1:9 source 127.0.0.3 disabled
        \(more)

        """
    }

    private func move(_ words: String...) throws -> CommandResult {
        try folder.run(
            command: [ProgramFolder.binary, "server", "address"] + words
                + ["--control", folder.control])
    }

    private func answer() throws -> String {
        try folder.run(
            command: ["/usr/bin/curl", "-sS", "--max-time", "5", "http://127.0.0.1:\(port)/"]
        ).output
    }

    private func awaitServer(_ status: String, at address: String) throws {
        var last: [String: Any]?
        try eventually(within: .seconds(15), "s is \(status) at \(address), not \(last ?? [:])") {
            last = try folder.servers()["web/s"]
            return last?["status"] as? String == status && last?["addr"] as? String == address
        }
    }

    @Test func `connections, checks and all that is shown follow, over a restart and a reload`()
        throws
    {
        let program = try folder.start(try folder.write(text(), to: "a.cfg"))
        try folder.awaitLog("serves")
        let (first, second) = ("127.0.0.1:\(one.port)", "127.0.0.2:\(two.port)")
        try awaitServer("UP", at: first)
        #expect(try answer() == "one")
        let held = Descriptor(owning: try connect(to: port))
        try eventually(within: .seconds(5), "the connection is relayed") {
            try folder.run("session", "list", "--control", folder.control).output
                .contains("addr=\(first)")
        }
        let order = try move("web/s", second)
        #expect(order.status == 0)
        #expect(order.output + order.errors == "web/s: address \(second)\n")
        try folder.awaitLog("web/s: address \(second) by the operator")
        try awaitServer("UP", at: second)
        #expect(Set(try (0..<8).map { _ in try answer() }) == ["two"])
        // What exists stays where it is.
        #expect(
            try folder.run("session", "list", "--control", folder.control).output
                .contains("addr=\(first)"))
        // Its checks ask there alone.
        one.set(.closes)
        let asked = two.questions.count
        try eventually(within: .seconds(5), "checks") { two.questions.count > asked + 6 }
        try awaitServer("UP", at: second)
        withExtendedLifetime(held) {}

        kill(try program.balancer(), SIGKILL)
        try folder.awaitLog("serves", count: 2)
        try awaitServer("UP", at: second)
        #expect(try answer() == "two")
        // Another interval makes the check another one, and neither asks where the file says.
        try folder.write(text(interval: "90ms"), to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        try awaitServer("UP", at: second)
        #expect(try answer() == "two")
        // An address alone leaves the port: nobody is at the first address with the second one's port.
        #expect(try move("web/s", "127.0.0.1").status == 0)
        try awaitServer("DOWN", at: "127.0.0.1:\(two.port)")
        one.set(TalkingServer.http("200 OK", "one"))
        #expect(try move("web/s", "--configured").status == 0)
        try awaitServer("UP", at: first)
        #expect(try answer() == "one")
        kill(try program.balancer(), SIGKILL)
        try folder.awaitLog("serves", count: 3)
        try awaitServer("UP", at: first)
    }

    @Test func `another check of a moved server begins where the server is`() throws {
        _ = try folder.start(try folder.write(text(), to: "a.cfg"))
        try folder.awaitLog("serves")
        #expect(try move("web/s", "127.0.0.2:\(two.port)").status == 0)
        try awaitServer("UP", at: "127.0.0.2:\(two.port)")
        // Both count who comes, and hold him.
        one.set(.silent)
        let other = try TalkingServer(.silent)
        // The file has the server at another port by now; the operator's word goes on to hold.
        let changed = text().replacing(":\(one.port) check", with: ":\(other.port) check")
        try folder.write(changed, to: "a.cfg")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        try awaitServer("UP", at: "127.0.0.2:\(two.port)")
        #expect(try answer() == "two")
        LinuxIO.Thread.sleep(for: .milliseconds(500))
        #expect(try folder.servers()["web/s"]?["status"] as? String == "UP")
        #expect(!folder.text(of: "log").contains("is DOWN"))
        #expect(one.heldCount == 0 && other.heldCount == 0)
    }

    @Test func `a reload after which a moved server cannot be there, or has a port, is heeded`()
        throws
    {
        let program = try folder.start(try folder.write(text(), to: "a.cfg"))
        try folder.awaitLog("serves")
        func awaitPlaces(_ s: String, _ port: String) throws {
            var last: [String?] = []
            try eventually(within: .seconds(10), "s is at \(s) and port at \(port), not \(last)") {
                let servers = try folder.servers()
                last = ["web/s", "web/port"].map { servers[$0]?["addr"] as? String }
                return last == [s, port]
            }
        }
        func reload(_ words: (String, String)...) throws {
            let changed = words.reduce(text()) { $0.replacing($1.0, with: $1.1) }
            try folder.write(changed, to: "a.cfg")
            #expect(try folder.run("reload", "--control", folder.control).status == 0)
        }
        #expect(try move("web/s", "::1").status == 0)
        #expect(try move("web/port", "127.0.0.2").status == 0)
        try awaitPlaces("[::1]:\(one.port)", "127.0.0.2:+0")
        // Nobody is there: it is up again once its check asks elsewhere.
        try awaitServer("DOWN", at: "[::1]:\(one.port)")
        try reload(
            ("\(one.port) check", "\(one.port) check source 127.0.0.3"),
            ("127.0.0.1:+0", "127.0.0.1:\(two.port)"))
        try awaitPlaces("127.0.0.1:\(one.port)", "127.0.0.2:\(two.port)")
        try awaitServer("UP", at: "127.0.0.1:\(one.port)")
        #expect(try answer() == "one")
        // What cannot be done any more is forgotten, however the file reads later.
        try reload(("127.0.0.1:+0", "127.0.0.1:\(two.port)"))
        kill(try program.balancer(), SIGKILL)
        try folder.awaitLog("serves", count: 2)
        try awaitPlaces("127.0.0.1:\(one.port)", "127.0.0.2:\(two.port)")
    }

    @Test func `what cannot be is said by name`() throws {
        _ = try folder.start(try folder.write(text(), to: "a.cfg"))
        try folder.awaitLog("serves")
        for (words, status, complaint) in [
            (["web/x", "127.0.0.2"], 1, "no server of web is named 'x'"),
            (["x/s", "127.0.0.2"], 1, "no backend is named 'x'"),
            (["s", "127.0.0.2"], 2, "'s': must be BACKEND/SERVER"),
            (["web/s", "app.example:80"], 2, "'app.example': must be an IP address, such as"),
            (["web/s", "127.0.0.2:0"], 2, "'127.0.0.2:0': the port must be 1 to 65535"),
            (["web/s", "127.0.0.2:65536"], 2, "the port must be 1 to 65535"),
            (["web/s", "127.0.0.2:"], 2, "'127.0.0.2:': the port must be 1 to 65535"),
            (["web/s", "[::1]x"], 2, "the port must be 1 to 65535"),
            (["web/s", "224.0.0.18:80"], 2, "224.0.0.18 is no address of a server"),
            (["web/s", "0.0.0.0:80"], 2, "0.0.0.0 is no address of a server"),
            (["web/s"], 2, "give either an address or --configured"),
            (["web/s", "127.0.0.2", "--configured"], 2, "give either an address or --configured"),
            (
                ["web/name", "127.0.0.2"], 2,
                "web/name: its address is what name servers say of app.example"
            ),
            (["web/local", "127.0.0.2"], 2, "web/local: it is a Unix socket (unix@/run/nobody)"),
            (["web/local", "--configured"], 2, "web/local: it is a Unix socket"),
            (["web/port", "127.0.0.2:80"], 2, "web/port: its port follows the client's (+0)"),
            (
                ["web/bound", "[::1]:80"], 2,
                "web/bound: its connections come from 127.0.0.3 ('source'): the address must be one of"
                    + " IPv4"
            ),
        ] {
            let result = try folder.run(
                command: [ProgramFolder.binary, "server", "address"] + words
                    + ["--control", folder.control])
            #expect(
                result.status == status && result.errors.contains(complaint), "\(words): \(result)")
        }
        // The others can be moved.
        #expect(try move("web/port", "127.0.0.2").status == 0)
        #expect(try move("web/bound", "127.0.0.2:80").status == 0)
        #expect(try move("web/s", "::1").status == 0)
        try awaitServer("DOWN", at: "[::1]:\(one.port)")
        #expect(try folder.servers()["web/port"]?["addr"] as? String == "127.0.0.2:+0")
    }

    @Test func `what is known of a server goes on when it is moved, as in haproxy`() throws {
        let nobody = try freePort()
        // Checks come seldom: the next one only counts one of three failures.
        let file = """
            defaults
                mode tcp
                timeout client 5s
                timeout server 5s
                timeout connect 1s
            listen web
                bind 127.0.0.1:PORT
                server s 127.0.0.1:\(one.port) check inter 1500ms fastinter 400ms rise 2 fall 3

            """
        let (own, other) = (try freePort(), try freePort())
        _ = try folder.start(
            try folder.write(file.replacing("PORT", with: "\(own)"), to: "a.cfg"))
        try folder.awaitLog("serves")
        let socket = folder.path + "/haproxy"
        let haproxy = try RunningProgram(
            [
                "/usr/sbin/haproxy", "-db", "-f",
                try folder.write(
                    "global\n stats socket \(socket) level admin\n"
                        + file.replacing("PORT", with: "\(other)"), to: "b.cfg"),
            ], in: folder, output: "haproxy-log", errors: "haproxy-log")
        defer { haproxy.kill() }
        func say(_ words: String) throws -> String {
            try folder.run(command: [
                "/bin/sh", "-c", "echo '\(words)' | /usr/bin/socat - UNIX-CONNECT:\(socket)",
            ]).output
        }
        func theirs() throws -> String {
            let line = try say("show stat").split(separator: "\n").first { $0.hasPrefix("web,s,") }
            return String(line?.split(separator: ",", omittingEmptySubsequences: false)[17] ?? "")
        }
        func ours() throws -> String { try folder.servers()["web/s"]?["status"] as? String ?? "" }
        func expect(_ status: String) throws {
            try eventually(within: .seconds(20), "both are \(status)") {
                try (ours(), theirs()) == (status, status)
            }
        }
        try expect("UP")
        #expect(try move("web/s", "127.0.0.1:\(nobody)").status == 0)
        #expect(
            try say("set server web/s addr 127.0.0.1 port \(nobody)")
                .contains("port changed from '\(one.port)' to '\(nobody)'"))
        // Neither forgets what it knew.
        #expect(try ours().hasPrefix("UP") && theirs().hasPrefix("UP"))
        var seen: (ours: Set<String>, theirs: Set<String>) = ([], [])
        try eventually(within: .seconds(20), "both are down, not \(seen)") {
            let now = (ours: try ours(), theirs: try theirs())
            seen.ours.insert(now.ours)
            seen.theirs.insert(now.theirs)
            return now == ("DOWN", "DOWN")
        }
        // One failure after the other.
        for statuses in [seen.ours, seen.theirs] {
            #expect(statuses.contains { $0.hasPrefix("UP ") }, "\(statuses)")
        }
        // Each is asked at once: a few checks later it is up again.
        #expect(try move("web/s", "--configured").status == 0)
        #expect(try ours().hasPrefix("DOWN"))
        _ = try say("set server web/s addr 127.0.0.1 port \(one.port)")
        #expect(try theirs().hasPrefix("DOWN"))
        try expect("UP")
    }
}
#endif
