#if Program
import Foundation
import LinuxIO
import Testing

/// Servers that come and go while the program runs: `lbctl server add` and `del`.
@ProgramThread @Suite(.serialized) struct `Servers that come and go at run time` {
    let folder: ProgramFolder
    private let port: UInt16
    private let pagePort: UInt16

    init() throws {
        folder = try ProgramFolder()
        port = try freePort()
        pagePort = try freePort()
    }

    private func text(_ lines: String, bind: String = "") -> String {
        """
        global
            nbthread 2
        defaults
            mode tcp
            timeout client 20s
            timeout server 20s
            timeout connect 1s
            default-server weight 7
        listen web
            bind 127.0.0.1:\(port)
            \(lines)
        listen still
            bind unix@\(folder.path)/still
            balance static-rr
            server s 127.0.0.1:9
        listen page
            bind 127.0.0.1:\(pagePort)
            mode http
            stats enable
            stats uri /
            http-request use-service prometheus-exporter if { path /metrics }

        """
    }

    private func start(_ lines: String) throws -> RunningProgram {
        let program = try folder.start(try folder.write(text(lines), to: "a.cfg"))
        try folder.awaitLog(" serves, ")
        return program
    }

    private func server(_ words: String) throws -> CommandResult {
        try folder.run(
            command: [ProgramFolder.binary, "server"] + words.split(separator: " ").map(String.init)
                + ["--control", folder.control])
    }

    private func change(_ words: String) throws {
        let result = try server(words)
        try #require(result.status == 0, "\(words): \(result)")
    }

    private func reload() throws {
        let result = try folder.run("reload", "--control", folder.control)
        try #require(result.status == 0, "\(result)")
    }

    private func ask(_ path: String, at port: UInt16? = nil) throws -> String {
        try folder.run(command: [
            "/usr/bin/curl", "-sS", "--max-time", "5",
            "http://127.0.0.1:\(port ?? self.port)\(path)",
        ]).output
    }

    private func names() throws -> [String] {
        (try folder.proxy("web")["servers"] as? [[String: Any]] ?? []).compactMap {
            $0["name"] as? String
        }
    }

    private func awaitStatus(_ status: String, of name: String) throws {
        var last: String?
        try eventually(within: .seconds(10), "\(name) is \(status), not \(last ?? "there")") {
            last = try folder.servers()[name]?["status"] as? String
            return last == status
        }
    }

    @Test func `one comes in maintenance, is checked, serves, is shown everywhere, and goes`()
        throws
    {
        let one = try TalkingServer(TalkingServer.http("200 OK", "one"))
        let two = try TalkingServer(.silent)
        let program = try start("server a 127.0.0.1:\(one.port)")
        let balancer = try program.balancer()
        let added = try server(
            "add web/b 127.0.0.1:\(two.port) check inter 100ms rise 1 fall 20 weight 21")
        #expect(added.status == 0)
        #expect(
            added.output
                == "web/b: added, in maintenance: 'lbctl server ready web/b' lets clients in\n"
                + "web/b: lasts until the next reload or restart: add its line to the configuration"
                + " to keep it\n")
        try folder.awaitLog("web/b: added by the operator: 127.0.0.1:\(two.port) check inter")
        try awaitStatus("MAINT", of: "web/b")
        // Nobody is sent to it, nor does its check ask.
        #expect(Set(try (0..<4).map { _ in try ask("/") }) == ["one"])
        #expect(two.heldCount == 0)
        try change("ready web/b")
        try awaitStatus("UP", of: "web/b")
        let shown = try folder.servers()["web/b"]
        #expect(shown?["addr"] as? String == "127.0.0.1:\(two.port)")
        #expect(shown?["weight"] as? Int == 21 && shown?["backup"] as? Bool != true)
        #expect(
            try folder.run("status", "--control", folder.control).output.contains("web    b  "))
        #expect(try ask("/;csv", at: pagePort).contains("\nweb,b,"))
        #expect(try ask("/", at: pagePort).contains(">b<"))
        #expect(try ask("/metrics", at: pagePort).contains("proxy=\"web\",server=\"b\""))

        // It takes its share: three of four.
        two.set(TalkingServer.http("200 OK", "two"))
        #expect((5...7).contains(try (0..<8).map { _ in try ask("/") }.count { $0 == "two" }))
        // Who comes now has nobody else; one late check of a busy host must not send him away.
        try change("disable web/a")
        two.set(.silent)
        let held = Descriptor(owning: try connect(to: port))
        try eventually(within: .seconds(5), "the connection is relayed") {
            try folder.run("session", "list", "--control", folder.control).output.contains("srv=b")
        }
        let early = try server("del web/b")
        #expect(early.status == 1)
        #expect(early.errors.contains("web/b: only a server in maintenance can be taken away"))
        try change("disable web/b")
        let busy = try server("del web/b")
        #expect(busy.status == 1)
        #expect(busy.errors.contains("web/b: still has 1 connection; '--wait SECONDS' waits"))
        let begin = ContinuousClock.now
        #expect(try server("del web/b --wait 0.5").status == 1)
        #expect(ContinuousClock.now - begin > .milliseconds(450))
        // Whoever waits for the end of its connections gets it.
        let waiting = try RunningProgram(
            [
                ProgramFolder.binary, "server", "del", "web/b", "--wait", "20", "--control",
                folder.control,
            ], in: folder, output: "waiting", errors: "waiting")
        LinuxIO.Thread.sleep(for: .milliseconds(300))
        #expect(waiting.poll() == nil)
        shutdown(held.rawValue, Int32(SHUT_RDWR))
        try #require(
            try folder.run("session", "kill", "--server", "web/b", "--control", folder.control)
                .status == 0)
        #expect(try waiting.awaitEnd(within: .seconds(10)) == .exited(status: 0))
        #expect(folder.text(of: "waiting") == "web/b: taken away\n")
        #expect(try names() == ["a"])
        try change("ready web/a")
        #expect(try ask("/") == "one")
        #expect(try program.balancer() == balancer)
        #expect(!folder.text(of: "log").contains("serves the new configuration"))
    }

    @Test func `it outlives the balancer process, with its state and the others' numbers`() throws {
        let one = try TalkingServer(TalkingServer.http("200 OK", "one"))
        let two = try TalkingServer(TalkingServer.http("200 OK", "two"))
        let program = try start(
            """
            server a 127.0.0.1:\(one.port) disabled
                server b 127.0.0.1:\(one.port) disabled
                server c 127.0.0.1:\(one.port) disabled
            """)
        func numbers() throws -> [String: Int] {
            let csv = try ask("/;csv", at: pagePort).split(separator: "\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            }
            let column = try #require(csv[0].firstIndex(of: "sid"))
            let servers = csv.filter { $0[0] == "web" && !$0[1].hasSuffix("END") }
            return Dictionary(uniqueKeysWithValues: servers.map { ($0[1], Int($0[column]) ?? 0) })
        }
        try change("del web/a")
        try change("add web/d 127.0.0.1:\(two.port)")
        try change("ready web/d")
        #expect(try numbers() == ["b": 2, "c": 3, "d": 1])
        #expect(try ask("/") == "two")
        kill(try program.balancer(), SIGKILL)
        // What comes while no process serves is served by the next one.
        try change("add web/e 127.0.0.1:\(two.port)")
        try awaitStatus("MAINT", of: "web/e")
        #expect(try numbers() == ["b": 2, "c": 3, "d": 1, "e": 4])
        #expect(try ask("/") == "two")
        kill(try program.balancer(), SIGKILL)
        try eventually(within: .seconds(10), "another process answers") {
            try names() == ["b", "c", "d", "e"]
        }
        try eventually(within: .seconds(10), "it serves") { try ask("/") == "two" }
        #expect(try numbers() == ["b": 2, "c": 3, "d": 1, "e": 4])
    }

    @Test func `a reload has the files' servers, and says which are lost and which are back`()
        throws
    {
        let echo = try EchoServer()
        let lines = "server a 127.0.0.1:9 disabled\n server b 127.0.0.1:9 disabled\n"
        _ = try start(lines)
        for name in ["kept", "lost"] {
            try change("add web/\(name) 127.0.0.1:\(echo.port) enabled")
        }
        let clients = try (0..<2).map { _ in try BlockingClient(port) }
        for client in clients { #expect(try client.exchange("one")) }
        // What the files say of a name is known as often as it comes and goes.
        for _ in 0..<2 {
            try change("add web/brief 127.0.0.1:9")
            #expect(try server("del web/brief").output == "web/brief: taken away\n")
        }
        try change("del web/a")
        try change("add web/a 127.0.0.1:9")
        #expect(try server("del web/a").output.contains("since the configuration still has it"))
        let plan = try folder.run("reload", "--dry-run", "--control", folder.control).output
        for line in ["web/kept: removed", "web/lost: removed", "web/a: added", "web/b: changed"] {
            #expect(plan.contains("server \(line)\n"), "\(plan)")
        }
        // As the operator was told: what is written down stays, with all that it has.
        try folder.write(text(lines + " server kept 127.0.0.1:\(echo.port)\n"), to: "a.cfg")
        try reload()
        #expect(try names() == ["a", "b", "kept"])
        for client in clients { #expect(try client.exchange("two")) }
        let kept = try folder.servers()["web/kept"]?["traffic"] as? [String: Any]
        #expect(kept?["scur"] as? Int == 1)
        let log = folder.text(of: "log")
        #expect(
            log.contains(
                "warning: web/lost was added at run time and is not in the configuration: it takes"
                    + " nobody any more, and its connections go on to their end"))
        #expect(
            log.contains(
                "warning: web/a was taken away at run time and is in the configuration: it is back")
        )
        #expect(
            log.contains("web/kept was added at run time: it is as the configuration has it now"))
        #expect(try BlockingClient(port).exchange("three"))
        // Nothing of it is said once more, nor of what goes by the files later.
        try reload()
        try folder.write(text(lines), to: "a.cfg")
        try reload()
        #expect(try names() == ["a", "b"])
        #expect(folder.text(of: "log").components(separatedBy: "at run time").count == 4)
    }

    @Test func `many at once, and a reload among them, are made one after the other`() throws {
        _ = try start("server a 127.0.0.1:9")
        func begin(_ words: [String], _ name: String) throws -> RunningProgram {
            try RunningProgram(
                [ProgramFolder.binary] + words + ["--control", folder.control], in: folder,
                output: name, errors: name)
        }
        var orders = try (1...4).map {
            try begin(["server", "add", "web/x\($0)", "127.0.0.1:9"], "add\($0)")
        }
        orders.append(try begin(["reload"], "reload"))
        orders += try (1...4).map {
            try begin(["server", "add", "web/y\($0)", "127.0.0.1:9"], "more\($0)")
        }
        for order in orders {
            #expect(try order.awaitEnd(within: .seconds(20)) == .exited(status: 0))
        }
        // Of two of one name the first is there.
        let two = try (1...2).map { try begin(["server", "add", "web/z", "127.0.0.1:\($0)"], "z") }
        let endings = try two.map { "\(try $0.awaitEnd(within: .seconds(20)))" }
        #expect(Set(endings) == ["exited(status: 0)", "exited(status: 2)"])
        #expect(folder.text(of: "z").contains("web/z: a server of web has this name already"))
        // Whoever was added before the reload is lost, as it says; all others are there.
        let log = folder.text(of: "log")
        var expected: Set<String> = ["a"]
        for name in (1...4).flatMap({ ["x\($0)", "y\($0)"] }) + ["z"]
        where !log.contains("web/\(name) was added at run time and is not in") {
            expected.insert(name)
        }
        #expect(Set(try names()) == expected)
        #expect(log.components(separatedBy: "added by the operator").count == 10)
    }

    @Test func `what cannot be is said, and changes nothing`() throws {
        let one = try TalkingServer(TalkingServer.http("200 OK", "one"))
        _ = try start("server a 127.0.0.1:\(one.port)\n use-server a if { src 192.0.2.1 }")
        for (words, status, complaint) in [
            ("add nobody/b 127.0.0.1:9", 1, "no backend is named 'nobody'; there are: web, still"),
            ("add web 127.0.0.1:9", 2, "'web': must be BACKEND/SERVER"),
            ("add web/a 127.0.0.1:9", 2, "web/a: a server of web has this name already"),
            ("add web/b", 2, "Missing expected argument '<words> ...'"),
            ("add web/b 127.0.0.1:9 wieght 3", 2, "'wieght'; did you mean 'weight'?"),
            ("add web/b 127.0.0.1:9 cookie x", 2, "'cookie' is known but not implemented"),
            ("add web/b 127.0.0.1:9 id 1", 2, "the id 1 is that of 'a'"),
            ("add web/b 127.0.0.1:9 cc none", 2, "'cc none'"),
            ("add still/b 127.0.0.1:9", 2, "still is balanced by static-rr, which takes no server"),
            ("del nobody/b", 1, "no backend is named 'nobody'"),
            ("del web/b", 1, "no server of web is named 'b'; there are: a"),
            ("del web/b --wait 3", 1, "no server of web is named 'b'"),
            ("del web/a", 1, "'lbctl server disable web/a' puts it there"),
            ("del web/a --wait 3", 1, "'lbctl server disable web/a' puts it there"),
            ("del web/a --wait -1", 2, "wait"),
        ] {
            let result = try server(words)
            #expect(
                result.status == status && result.errors.contains(complaint), "\(words): \(result)")
        }
        try change("disable web/a")
        let named = try server("del web/a")
        #expect(named.status == 2)
        #expect(named.errors.contains("web/a: 'use-server' of web names it, and has to go first"))
        try change("ready web/a")
        #expect(try names() == ["a"])
        #expect(try ask("/") == "one")
        #expect(!folder.text(of: "log").contains("added"))
    }

    @Test func `a process that hangs keeps other orders waiting for seconds alone`() throws {
        let program = try start("server a 127.0.0.1:9 disabled\n server b 127.0.0.1:9 disabled")
        let balancer = try program.balancer()
        kill(balancer, SIGSTOP)
        defer { kill(balancer, SIGCONT) }
        let began = ContinuousClock.now
        let orders = try ["a", "b"].map { name in
            try RunningProgram(
                [
                    ProgramFolder.binary, "server", "del", "web/\(name)", "--control",
                    folder.control,
                ], in: folder, output: name, errors: name)
        }
        for (order, name) in zip(orders, ["a", "b"]) {
            #expect(try order.awaitEnd(within: .seconds(20)) != .exited(status: 0))
            #expect(folder.text(of: name).contains("the balancer process does not answer"))
        }
        // Two seconds each, and not ten.
        #expect(ContinuousClock.now - began < .seconds(9))
        kill(balancer, SIGCONT)
        #expect(try names() == ["a", "b"])
    }

    @Test func `nobody lets clients in where it is being found out that nobody is there`() throws {
        let program = try start("server a 127.0.0.1:9 disabled\n server b 127.0.0.1:9")
        let balancer = try program.balancer()
        kill(balancer, SIGSTOP)
        defer { kill(balancer, SIGCONT) }
        let order = try RunningProgram(
            [ProgramFolder.binary, "server", "del", "web/a", "--control", folder.control],
            in: folder, output: "del", errors: "del")
        LinuxIO.Thread.sleep(for: .milliseconds(500))
        let early = try server("ready web/a")
        let other = try server("weight web/b 3")
        kill(balancer, SIGCONT)
        #expect(try order.awaitEnd(within: .seconds(20)) == .exited(status: 0))
        #expect(early.status == 1)
        #expect(early.errors.contains("web/a: is being taken away"))
        #expect(other.status == 0)
        #expect(try names() == ["b"])
    }

    @Test func `clients that come meanwhile are served, all of them`() throws {
        let servers = try (0..<2).map { _ in try EchoServer() }
        let program = try start("server a 127.0.0.1:\(servers[0].port)")
        let balancer = try program.balancer()
        let load = try ConnectingLoad(to: port, threads: 4)
        for round in 0..<6 {
            let words = round.isMultiple(of: 2) ? "" : " check inter 50ms"
            try change("add web/b 127.0.0.1:\(servers[1].port)\(words)")
            let former = load.served
            try change("ready web/b")
            try eventually(within: .seconds(10), "it has clients") {
                let traffic = try folder.servers()["web/b"]?["traffic"] as? [String: Any]
                return traffic?["stot"] as? Int ?? 0 > 20
            }
            #expect(load.served > former)
            try change("disable web/b")
            try change("del web/b --wait 10")
        }
        load.end()
        #expect(load.failures == [:])
        #expect(load.served > 300)
        #expect(try names() == ["a"])
        #expect(try program.balancer() == balancer)
    }
}
#endif
