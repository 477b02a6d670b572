#if Program
import Foundation
import LinuxIO
import Testing

/// Checks as a user configures them, in the running program.
@ProgramThread @Suite(.serialized) struct `Health checks` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    private func file(_ sections: String, global: String = "") throws -> String {
        try folder.write(
            """
            global
                nbthread 1
            \(global)
            defaults
                mode tcp
                timeout client 5s
                timeout server 5s
                timeout connect 1s
                default-server inter 100ms rise 1 fall 2
            \(sections)

            """, to: "a.cfg")
    }

    private func awaitStatus(_ wanted: String, of server: String) throws {
        var last: Any?
        try eventually(within: .seconds(10), "\(server) is \(wanted), not \(last ?? "there")") {
            last = try folder.servers()[server]?["status"]
            return last as? String == wanted
        }
    }

    @Test func `httpchk follows what the server answers, with reason and code in the log`() throws {
        let server = try TalkingServer(TalkingServer.http("200 OK", "well"))
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(try freePort())
                    option httpchk GET /health
                    http-check expect status 200
                    server s 127.0.0.1:\(server.port) check
                """))
        try folder.awaitLog("serves")
        try awaitStatus("UP", of: "web/s")
        server.set(TalkingServer.http("503 Service Unavailable"))
        try folder.awaitLog(
            "alert: Server web/s is DOWN, reason: Layer7 wrong status, code: 503,"
                + " info: \"expected status 200, got status 503\", check duration: ")
        try folder.awaitLog("emerg: backend web has no server available!")
        let check = try #require(try folder.servers()["web/s"]?["check"] as? [String: Any])
        #expect(check["check_status"] as? String == "L7STS")
        #expect(check["check_code"] as? Int == 503)
        #expect(check["check_desc"] as? String == "Layer7 wrong status")
        #expect(
            try folder.run("status", "--control", folder.control).output.contains("L7STS/503 "))
        server.set(TalkingServer.http("200 OK"))
        try folder.awaitLog("notice: Server web/s is UP, reason: Layer7 check passed, code: 200")
        #expect(server.questions.allSatisfy { $0.hasPrefix("GET /health HTTP/1.0\r\n") })
        withExtendedLifetime(program) {}
    }

    @Test func `a server waits for its first result, or is up with init-state`() throws {
        let silent = try TalkingServer(.silent)
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(try freePort())
                    option httpchk
                    server waits 127.0.0.1:\(silent.port) check inter 60s
                    server up 127.0.0.1:\(silent.port) check inter 60s init-state up
                    server full 127.0.0.1:\(silent.port) check inter 60s init-state fully-up
                    server down 127.0.0.1:\(silent.port) check inter 60s init-state fully-down
                """))
        try folder.awaitLog("serves")
        let found = try folder.servers().mapValues { $0["status"] as? String }
        #expect(
            found == [
                "web/waits": "INI", "web/up": "UP 1/2", "web/full": "UP", "web/down": "DOWN",
            ])
        withExtendedLifetime(program) {}
    }

    @Test func `a client waits for a first check that takes its time`() throws {
        let checked = try TalkingServer(.silent)
        let server = try PatternServer(byteCount: 1_000)
        let port = try freePort()
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(port)
                    option tcp-check
                    tcp-check expect string ok
                    server s 127.0.0.1:\(server.port) check inter 10s port \(checked.port)
                backend idle
                    server off 127.0.0.1:1 check disabled
                """))
        try folder.awaitLog("serves")
        let client = try ReadingClient(port: port)
        try eventually(within: .seconds(5), "the client waits") {
            let backend = try folder.proxies().first?["backend"] as? [String: Any]
            return (backend?["service"] as? [String: Any])?["qcur"] as? Int == 1
        }
        #expect(try folder.servers()["web/s"]?["status"] as? String == "INI")
        checked.sayToHeld("ok")
        #expect(client.readAll() == server.digest)
        withExtendedLifetime(program) {}
    }

    @Test func `a file's weight and an answer 404 outlast an end of the process`() throws {
        let server = try TalkingServer(TalkingServer.http("404 Not Found"))
        let number = try folder.write("40", to: "number")
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(try freePort())
                    option httpchk
                    http-check disable-on-404
                    timeout check 9s
                    server s 127.0.0.1:\(server.port) check init-state up inter 50ms
                backend weighed
                    option file-check \(number) weight
                    server s 127.0.0.1:1 check weight 100 inter 50ms
                """))
        try folder.awaitLog("Server web/s enters drain state (check)")
        try eventually(within: .seconds(5), "the file's weight") {
            try folder.servers()["weighed/s"]?["weight"] as? Int == 40
        }
        #expect(
            try folder.run("server", "weight", "weighed/s", "70", "--control", folder.control)
                .status == 0)
        // It is told again with each check, and was heard before the operator.
        try eventually(within: .seconds(5), "the operator's weight") {
            try folder.servers()["weighed/s"]?["weight"] as? Int == 70
        }
        let checks = server.questions.count
        try eventually(within: .seconds(5), "further checks") {
            server.questions.count > checks + 2
        }
        #expect(try folder.servers()["weighed/s"]?["weight"] as? Int == 70)
        server.set(.silent)
        kill(try program.balancer(), SIGKILL)
        try folder.awaitLog("serves", count: 2)
        #expect(try folder.servers()["weighed/s"]?["weight"] as? Int == 70)
        #expect(try folder.servers()["web/s"]?["status"] as? String == "NOLB")
    }

    @Test func `an agent sets weight, drain and maintenance, and takes them back`() throws {
        let server = try TalkingServer(.silent)
        let agent = try TalkingServer(.greets("up 50%\n"))
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(try freePort())
                    server s 127.0.0.1:\(server.port) check weight 100 agent-check agent-port \(agent.port) agent-inter 100ms
                """))
        try folder.awaitLog("serves")
        try eventually(within: .seconds(5), "half the weight") {
            try folder.servers()["web/s"]?["weight"] as? Int == 50
        }
        agent.set(.greets("drain\n"))
        try awaitStatus("DRAIN (agent)", of: "web/s")
        try folder.awaitLog("Server web/s enters drain state (agent)")
        agent.set(.greets("ready down # too hot\n"))
        try awaitStatus("DOWN (agent)", of: "web/s")
        try folder.awaitLog(
            "alert: Server web/s is DOWN (agent), reason: Layer7 wrong status, info: \"too hot\"")
        agent.set(.greets("up maint\n"))
        try awaitStatus("MAINT", of: "web/s")
        agent.set(.greets("ready 100%\n"))
        try awaitStatus("UP", of: "web/s")
        #expect(try folder.servers()["web/s"]?["weight"] as? Int == 100)
        let said = try #require(try folder.servers()["web/s"]?["agent"] as? [String: Any])
        #expect(said["check_status"] as? String == "L7OK")
        // What the operator asked for is not the agent's to take back.
        #expect(
            try folder.run("server", "drain", "web/s", "--control", folder.control).status == 0)
        agent.set(.greets("up ready\n"))
        try awaitStatus("DRAIN", of: "web/s")
        agent.stop()
        try awaitStatus("DRAIN", of: "web/s")
        withExtendedLifetime(program) {}
    }

    @Test func `an agent is not forgotten by a reload or a new process`() throws {
        let server = try TalkingServer(.silent)
        let agent = try TalkingServer(.greets("drain 30%\n"))
        let port = try freePort()
        let text = """
            listen web 127.0.0.1:\(port)
                server s 127.0.0.1:\(server.port) check weight 100 agent-check agent-port \(agent.port) agent-inter 100ms
            """
        let program = try folder.start(try file(text))
        try folder.awaitLog("serves")
        try awaitStatus("DRAIN (agent)", of: "web/s")
        agent.stop()
        kill(try program.balancer(), SIGKILL)
        try folder.awaitLog("serves", count: 2)
        try awaitStatus("DRAIN (agent)", of: "web/s")
        #expect(try folder.servers()["web/s"]?["weight"] as? Int == 30)
        _ = try file(text + "\n    timeout queue 7s")
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        try awaitStatus("DRAIN (agent)", of: "web/s")
    }

    @Test func `what is down stays down over a new process, and its counts go on`() throws {
        let server = try TalkingServer(.silent)
        // More than a socket between two processes takes at once.
        let many = (1...2000).map { "server m\($0) 127.0.0.1:1 disabled" }.joined(separator: "\n")
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(try freePort())
                    server s 127.0.0.1:\(server.port) check downinter 60s
                backend many
                \(many)
                """))
        try folder.awaitLog("serves")
        try awaitStatus("UP", of: "web/s")
        server.stop()
        try awaitStatus("DOWN", of: "web/s")
        kill(try program.balancer(), SIGKILL)
        try folder.awaitLog("serves", count: 2)
        let service = try #require(try folder.servers()["web/s"]?["service"] as? [String: Any])
        #expect(try folder.servers()["web/s"]?["status"] as? String == "DOWN")
        #expect(service["chkdown"] as? Int == 1)
        // It is known, and so it is not announced again.
        #expect(folder.text(of: "log").components(separatedBy: "web/s is DOWN").count == 2)
    }

    @Test func `observe layer4 takes a server out without a probe`() throws {
        let server = try TalkingServer(.greets("hello"))
        let port = try freePort()
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(port)
                    retries 0
                    server s 127.0.0.1:\(server.port) check inter 60s observe layer4 error-limit 3 on-error mark-down
                """))
        try folder.awaitLog("serves")
        try awaitStatus("UP", of: "web/s")
        server.stop()
        for _ in 0..<2 { close(try connect(to: port)) }
        try eventually(within: .seconds(5), "two errors") {
            let service = try folder.servers()["web/s"]?["service"] as? [String: Any]
            return service?["econ"] as? Int == 2
        }
        #expect(try folder.servers()["web/s"]?["status"] as? String == "UP")
        close(try connect(to: port))
        try folder.awaitLog(
            "alert: Server web/s is DOWN, reason: Health analyze, info: \"Detected 3 consecutive"
                + " errors, last one was: L4 unsuccessful connection\"")
        try awaitStatus("DOWN", of: "web/s")
        withExtendedLifetime(program) {}
    }

    @Test func `a server that goes down loses its connections, and its program is called`() throws {
        let server = try TalkingServer(.silent)
        let checked = try TalkingServer(.silent)
        let port = try freePort()
        let script = try folder.write(
            "#!/bin/sh\necho \"$* $LBCTL_BACKEND $LBCTL_SERVER $LBCTL_STATE ${LBCTL_REASON%%,*}\""
                + " >>\(folder.path)/calls\n",
            to: "notify")
        chmod(script, 0o755)
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(port)
                    notify_up \(script) well now
                    notify_down \(script) ill
                    server s 127.0.0.1:\(server.port) check port \(checked.port) on-marked-down shutdown-sessions
                """))
        try folder.awaitLog("serves")
        try awaitStatus("UP", of: "web/s")
        let client = try connect(to: port)
        defer { close(client) }
        try eventually(within: .seconds(5), "the server has the connection") {
            server.heldCount == 1
        }
        checked.stop()
        try folder.awaitLog("Server web/s is DOWN")
        try eventually(within: .seconds(5), "the server's side is reset") { server.isGone(0) }
        var byte: UInt8 = 0
        #expect(recv(client, &byte, 1, 0) < 0 && errno == ECONNRESET)
        try eventually(within: .seconds(5), "both calls: \(folder.text(of: "calls"))") {
            folder.text(of: "calls")
                == """
                well now web/s UP web s UP reason: Layer4 check passed
                ill web/s DOWN web s DOWN reason: Layer4 connection problem

                """
        }
        withExtendedLifetime(program) {}
    }

    @Test func `a server that tracks another is as that one is`() throws {
        let server = try TalkingServer(.silent)
        let port = try freePort()
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(port)
                    server s 127.0.0.1:\(server.port) check
                backend more
                    server a 127.0.0.1:1 track web/s
                    server b 127.0.0.1:1 track a
                """))
        try folder.awaitLog("serves")
        try awaitStatus("UP", of: "more/b")
        #expect(try folder.servers()["more/b"]?["tracked"] as? String == "more/a")
        #expect(
            try folder.run("server", "disable", "web/s", "--control", folder.control).status == 0)
        try awaitStatus("MAINT (via more/a)", of: "more/b")
        #expect(
            try folder.run("server", "enable", "web/s", "--control", folder.control).status == 0)
        try awaitStatus("UP", of: "more/b")
        server.stop()
        try awaitStatus("DOWN", of: "more/b")
        try folder.awaitLog("alert: Server more/b is DOWN via web/s.")
        // A reload can have it track nobody any more.
        _ = try file(
            """
            listen web 127.0.0.1:\(port)
                server s 127.0.0.1:\(server.port) check
            backend more
                server a 127.0.0.1:1 track web/s
                server b 127.0.0.1:1
            """)
        #expect(try folder.run("reload", "--control", folder.control).status == 0)
        try awaitStatus("no check", of: "more/b")
        try awaitStatus("DOWN", of: "more/a")
        withExtendedLifetime(program) {}
    }

    @Test func `a check section is shown, logged, and needs no proxy`() throws {
        let flag = folder.path + "/flag"
        try folder.write("well", to: "flag")
        let program = try folder.start(
            try file("check flag\n option file-check \(flag) contains well"))
        try folder.awaitLog("Check flag is UP, reason: Layer7 check passed, info: \"\(flag)\"")
        try awaitStatus("UP", of: "flag/target")
        unlink(flag)
        try folder.awaitLog(
            "alert: Check flag is DOWN, reason: Layer7 wrong status,"
                + " info: \"\(flag): No such file or directory\"")
        #expect(!folder.text(of: "log").contains("no server available"))
        withExtendedLifetime(program) {}
    }

    @Test func `an external check gets haproxy's arguments and environment`() throws {
        let server = try TalkingServer(.silent)
        let script = try folder.write(
            """
            #!/bin/sh
            echo "$@" >\(folder.path)/arguments
            env | grep ^HAPROXY | sort >\(folder.path)/environment
            exit 0

            """, to: "check")
        chmod(script, 0o755)
        let port = try freePort()
        let program = try folder.start(
            try file(
                """
                listen web 127.0.0.1:\(port)
                    option external-check
                    external-check command \(script)
                    server s 127.0.0.1:\(server.port) check maxconn 9
                """, global: "external-check"))
        try folder.awaitLog("Server web/s is UP, reason: External check passed")
        #expect(
            folder.text(of: "arguments") == "127.0.0.1 \(port) 127.0.0.1 \(server.port)\n")
        let environment = folder.text(of: "environment")
        for line in [
            "HAPROXY_PROXY_NAME=web", "HAPROXY_PROXY_ADDR=127.0.0.1", "HAPROXY_PROXY_PORT=\(port)",
            "HAPROXY_SERVER_NAME=s", "HAPROXY_SERVER_ID=1", "HAPROXY_SERVER_ADDR=127.0.0.1",
            "HAPROXY_SERVER_PORT=\(server.port)", "HAPROXY_SERVER_MAXCONN=9",
        ] {
            #expect(environment.contains(line + "\n"), "\(line) in \(environment)")
        }
        withExtendedLifetime(program) {}
    }
}
#endif
