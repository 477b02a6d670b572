#if Program
import Control
import Foundation
import LinuxIO
import Testing

/// What a user meets: the built program, its texts and its exit statuses.
@ProgramThread @Suite(.tags(.needsRoot)) struct `The command line` {
    let folder: ProgramFolder

    init() throws { folder = try ProgramFolder() }

    @Test func `0: a good file`() throws {
        let file = try folder.write(balancerFile(port: 8080, server: 8081), to: "good.cfg")
        let result = try folder.run("check", file)
        #expect(result.status == 0)
        #expect(
            result.output == "ok: 0 virtual routers, 1 frontend, 1 server, 0 statistics pages\n")
        #expect(result.errors == "")
    }

    @Test func `check counts warnings, and --strict ends with 2`() throws {
        let text = balancerFile(port: 8080, server: 8081) + "    option http-proxy\n"
        let file = try folder.write(text, to: "doubtful.cfg")
        let result = try folder.run("check", file)
        #expect(result.status == 0)
        #expect(
            result.output
                == "ok, with 1 warning: 0 virtual routers, 1 frontend, 1 server, 0 statistics pages\n"
        )
        let strict = try folder.run("check", "--strict", file)
        #expect(strict.status == 2)
        #expect(strict.output == "")
        #expect(strict.errors == result.errors + "lbctl: --strict: 1 warning\n")
        let good = try folder.write(balancerFile(port: 8080, server: 8081), to: "fine.cfg")
        #expect(try folder.run("check", "--strict", good).status == 0)
        let router = try folder.write(
            "vrrp_instance VI_1 {\ninterface eth1\nvirtual_router_id 51\npriority 110\n"
                + "virtual_ipaddress { 172.17.0.5 }\ntrack_script { chk weight -5 }\n}\n"
                + "vrrp_script chk {\nscript /bin/true\n}\n", to: "weak.conf")
        let peer = try folder.write(
            "vrrp_instance VI_1 {\ninterface eth1\nvirtual_router_id 51\npriority 100\n"
                + "virtual_ipaddress { 172.17.0.5 }\n}\n", to: "peer.conf")
        let simulated = try folder.run("check", "--strict", router, "--peer", peer)
        #expect(simulated.status == 2)
        #expect(simulated.errors.contains("lbctl: --strict: "))
        #expect(
            try folder.run("check", router, "--peer", peer).output.hasPrefix(
                "ok, with 1 warning: 1 v"))
    }

    @Test func `check says what becomes of each router when one thing fails`() throws {
        func text(_ priority: Int, _ weight: Int) -> String {
            """
            vrrp_script chk {
                script /bin/true
            }
            vrrp_instance VI_1 {
                interface eth1
                virtual_router_id 51
                priority \(priority)
                virtual_ipaddress { 172.17.0.5 }
                track_script { chk weight -\(weight) }
            }

            """
        }
        let first = try folder.write(text(101, 30), to: "first.conf")
        let second = try folder.write(text(100, 1), to: "second.conf")
        let result = try folder.run("check", first, "--peer", second)
        #expect(result.status == 0)
        #expect(
            result.output == """
                ok: 1 virtual router, 0 frontends, 0 servers, 0 statistics pages
                VI_1: if interface eth1 goes down, it stops, and another node takes over
                VI_1: if script chk fails, its priority is 71, and the peer's 100 takes over
                the peer's VI_1: if interface eth1 goes down, it stops, and another node takes over
                the peer's VI_1: if script chk fails, no node takes over: its priority is 99, and \
                the peer, with 101, is Active anyway

                """)
        let unicast = text(100, 1).replacing(
            "priority", with: "unicast_peer { 172.17.0.2 }\npriority")
        let hinted = try folder.run("check", folder.write(unicast, to: "unicast.conf")).output
        #expect(hinted.contains("\nhint: VI_1: unicast without auth_hmac: "))
        #expect(hinted.contains("a node of 100 or more takes over (not compared without --peer"))
        let weak = try folder.write(text(110, 5), to: "weak.conf")
        #expect(
            try folder.run("check", weak, "--peer", second).errors == """
                warning: VI_1: if script chk fails, no node takes over: its priority is 105, and \
                the peer's is 100; a greater weight would make a difference, or 0, which stops it

                """)
    }

    @Test func `check says what has no user to run as on this host`() throws {
        func warnings(_ user: String, _ group: String = "") throws -> [Substring] {
            let text = """
                global_defs {
                    script_user \(user) \(group)
                    vrrp_notify_fifo /run/lbctl-states.fifo
                    vrrp_notify_fifo_script /bin/cat
                }
                vrrp_script chk {
                    script /bin/true
                }
                vrrp_instance VI_1 {
                    interface eth1
                    virtual_router_id 51
                    virtual_ipaddress { 172.17.0.5 }
                    track_script { chk }
                    notify_master /bin/true
                    notify_backup /bin/true
                }

                """
            let result = try folder.run("check", folder.write(text, to: "user.conf"))
            #expect(result.status == 0)
            let lines = result.errors.split(separator: "\n")
            let isCounted = result.output.hasPrefix("ok, with \(lines.count) warnings: ")
            #expect(isCounted == !lines.isEmpty, "\(result.output)")
            return lines
        }
        let missing = "user 'nobody-at-all', which this host does not have"
        #expect(
            try warnings("nobody-at-all") == [
                "warning: vrrp_script 'chk' is to run as \(missing): it fails each time, where keepalived leaves it out; its host must have that name before it runs there",
                "warning: programs that vrrp_instance 'VI_1' notifies are to run as \(missing): none of these is run",
                "warning: the pipe '/run/lbctl-states.fifo' is to belong to \(missing)",
            ])
        #expect(
            try warnings("root", "nobody-at-all").first?.contains("group 'nobody-at-all'") == true)
        #expect(try warnings("root", "root").isEmpty)
        #expect(try warnings("65534", "65534").isEmpty)
    }

    @Test func `convert prints one file of YAML, which others read, and check and run take`() throws
    {
        let balancer = try folder.write(
            balancerFile(
                port: try freePort(), server: 1, more: "    bind *:\(try freePort()) id 7"),
            to: "lb.cfg")
        let script = try folder.write(
            "vrrp_script c {\nscript \"/bin/true 1\"\nweight 2 x\n}\n", to: "k.conf")
        let result = try folder.run("convert", script, balancer)
        #expect(result.status == 0)
        #expect(
            result.errors
                == "\(script):3:10: warning: 'x' is more than 'weight' takes: it is ignored\n")
        let yaml = try folder.write(result.output, to: "both.yaml")
        let parsed = try folder.run(command: [
            "/usr/bin/python3", "-c",
            "import sys, yaml; d = yaml.safe_load(open(sys.argv[1])); print(list(d), d['vrrp_script c'])",
            yaml,
        ])
        #expect(parsed.errors == "")
        #expect(parsed.output.hasPrefix("['vrrp_script c', 'defaults', 'listen web 127.0.0.1:"))
        #expect(parsed.output.hasSuffix("] {'script': '/bin/true 1', 'weight': '2 x'}\n"))
        let check = try folder.run("check", yaml)
        #expect(check.status == 0)
        #expect(
            check.output
                == "ok, with 1 warning: 0 virtual routers, 1 frontend, 1 server, 0 statistics pages\n"
        )
        let program = try folder.start(yaml)
        try folder.awaitLog("serves")
        #expect(try folder.proxy("web")["name"] as? String == "web")
        program.kill()
    }

    @Test func `convert prints nothing of files with errors, or that YAML cannot hold`() throws {
        let wrong = try folder.write("listen a :80\n balance sorce\n", to: "wrong.cfg")
        let refused = try folder.run("convert", wrong)
        #expect(refused.status == 2)
        #expect(refused.output == "")
        #expect(refused.errors.contains(":2:10: error: unknown balance algorithm 'sorce'"))
        let odd = try folder.write("vrrp_script c {\nscript \"/bin/a \u{1}\" root\n}\n", to: "odd")
        let unwritable = try folder.run("convert", odd)
        #expect(unwritable.status == 2)
        #expect(unwritable.output == "")
        #expect(unwritable.errors.contains("\(odd):2:1: error: 'script': native YAML has no way"))
    }

    @Test func `0: help and version`() throws {
        #expect(try folder.run("--help").status == 0)
        #expect(try folder.run("--version").output == "0.1.0\n")
    }

    @Test(arguments: [
        ["frobnicate"], ["run"], ["check", "--format", "xml", "f"], ["status", "--bogus"],
        ["run", "f", "--drain-timeout", "-1"], ["server", "weight", "a/b", "257"],
        ["server", "drain", "web01"],
    ])
    func `2: bad usage`(arguments: [String]) throws {
        let result = try folder.run(command: [ProgramFolder.binary] + arguments)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(!result.errors.isEmpty)
    }

    @Test(arguments: [
        (
            "listen a 127.0.0.1:80\n mode tcp\n balance sorce\n server s 127.0.0.1:1\n",
            ":3:10: error: unknown balance algorithm 'sorce'; did you mean 'source'?"
        ),
        (
            "vrrp_instance V {\n interface eth0\n virtual_router_id 1\n priority 301\n"
                + " virtual_ipaddress {\n 192.0.2.1\n }\n}\n",
            ":4:11: error: priority 301: must be 1 to 255"
        ),
        (
            "vrrp_instance V {\n interface eth0\n",
            ":1:17: error: the block of 'vrrp_instance' is never closed; a '}' is missing"
        ),
    ])
    func `2: a wrong file names the place, the value and what would be right`(
        text: String, complaint: String
    ) throws {
        let file = try folder.write(text, to: "wrong.conf")
        let result = try folder.run("check", file)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(
            result.errors.split(separator: "\n").contains("\(file)\(complaint)"), "\(result.errors)"
        )
        let run = try folder.run("run", "--control", folder.control, file)
        #expect(run.status == 2)
        #expect(run.errors.hasSuffix("lbctl: not started: the configuration has errors\n"))
    }

    @Test func `2: a missing file`() throws {
        let result = try folder.run("check", "/nonexistent/haproxy.cfg")
        #expect(result.status == 2)
        #expect(result.errors == "/nonexistent/haproxy.cfg:1:1: error: no such file\n")
    }

    @Test func `2: a user that this host does not have`() throws {
        let file = try folder.write(
            "global\n user nobody-of-this-name\n"
                + balancerFile(port: 8080, server: 8081), to: "user.cfg")
        let result = try folder.run("check", file)
        #expect(result.status == 2)
        #expect(
            result.errors
                == "\(file):2:7: error: user 'nobody-of-this-name': this host has no such user\n")
    }

    @Test func `4: nobody runs`() throws {
        let result = try folder.run("status", "--control", folder.control)
        #expect(result.status == 4)
        #expect(
            result.errors == """
                lbctl: no running program answers at \(folder.control): No such file or directory \
                (errno 2); start one with 'lbctl run', or name its socket by --control

                """)
    }

    @Test func `4: a program that closes, and one whose socket is stale`() throws {
        _ = try UnixSocket.listening(at: folder.control, mode: 0o600)
        #expect(try folder.run("reload", "--control", folder.control).status == 4)
    }

    @Test func `3: another user's program`() throws {
        guard geteuid() == 0 else { return print("NOT RUN: becoming another user needs root") }
        chmod(folder.path, 0o755)
        let listener = try UnixSocket.listening(at: folder.control, mode: 0o600)
        var information = stat()
        #expect(stat(folder.control, &information) == 0)
        #expect(information.st_mode & 0o777 == 0o600)
        let result = try asNobody("status", "--control", folder.control)
        #expect(result.status == 3)
        #expect(
            result.errors
                == "lbctl: the control socket \(folder.control) is not open to this user: Permission"
                + " denied (errno 13); ask as the user that the program runs as\n")
        _ = listener.rawValue
    }

    @Test func `3: a low port without the right to it`() throws {
        guard geteuid() == 0 else { return print("NOT RUN: becoming another user needs root") }
        chmod(folder.path, 0o777)
        let file = try folder.write(
            balancerFile(port: 81, server: 8081), to: "low.cfg")
        let result = try asNobody("run", "--control", folder.control, file)
        // Where ports from 0 up are everybody's, there is nothing to refuse.
        let first = try String(
            contentsOfFile: "/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding: .utf8)
        guard first == "1024\n" else { return print("low ports are everybody's here") }
        #expect(result.status == 3)
        #expect(
            result.errors.hasSuffix(
                "lbctl: bind 127.0.0.1:81: Permission denied (errno 13); ports below 1024 want"
                    + " root or CAP_NET_BIND_SERVICE\n"), "\(result.errors)")
    }

    @Test func `3: virtual routers without the right to them`() throws {
        guard geteuid() == 0 else { return print("NOT RUN: becoming another user needs root") }
        chmod(folder.path, 0o777)
        let file = try folder.write(
            "vrrp_instance V { interface nope\nvirtual_router_id 1\nvirtual_ipaddress { 192.0.2.1 } }",
            to: "routers.conf")
        let result = try asNobody("run", "--control", folder.control, file)
        #expect(result.status == 3)
        // The last line: the guardian comes after the end, and is silent.
        #expect(
            result.errors.hasSuffix(
                "Operation not permitted (errno 1); virtual routers want root, or CAP_NET_ADMIN and"
                    + " CAP_NET_RAW\n"), "\(result.errors)")
    }

    @Test func `5: a port in use`() throws {
        let taken = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 1)
        let port = try Socket.localAddress(of: taken.rawValue).port
        let file = try folder.write(balancerFile(port: port, server: 8081), to: "taken.cfg")
        let result = try folder.run("run", "--no-realtime", "--control", folder.control, file)
        #expect(result.status == 5)
        #expect(
            result.errors == """
                lbctl: bind 127.0.0.1:\(port): Address already in use (errno 98); another program \
                listens there; 'ss -ltnp sport = :\(port)' names it

                """)
        #expect(!FileManager.default.fileExists(atPath: folder.control))
    }

    @Test func `5: a control path that is a file is left alone`() throws {
        let file = try folder.write(balancerFile(port: try freePort(), server: 1), to: "a.cfg")
        let precious = try folder.write("precious", to: "precious")
        let result = try folder.run("run", "--control", precious, file)
        #expect(result.status == 5)
        #expect(
            result.errors == """
                lbctl: control socket \(precious): a file of that name exists; '--control' \
                chooses another path

                """)
        #expect(folder.text(of: "precious") == "precious")
        #expect(try folder.run("run", "--control", "/nonexistent/s", file).status == 5)
        let long = String(repeating: "x", count: 200)
        #expect(try folder.run("run", "--control", "/tmp/\(long)", file).status == 5)
    }

    @Test func `1 and 0: orders to a running program; a second one is refused`() throws {
        let port = try freePort()
        let file = try folder.write(balancerFile(port: port, server: 1), to: "a.cfg")
        let program = try folder.start(file)
        try folder.awaitLog("serves")
        let control = folder.control

        let wrong = try folder.run("server", "drain", "web/s2", "--control", control)
        #expect(wrong.status == 1)
        #expect(
            wrong.errors
                == "lbctl: no server of web is named 's2'; there are: s1; did you mean 's1'?\n")
        #expect(try folder.run("server", "drain", "web/s1", "--control", control).status == 0)

        let second = try folder.run("run", "--no-realtime", "--control", control, file)
        #expect(second.status == 5)
        #expect(
            second.errors == """
                lbctl: another lbctl runs here and listens at \(control); '--control' chooses \
                another path

                """)

        let status = try folder.status()
        #expect(status["version"] as? Int == 1)
        #expect(try folder.balancerStatus()["state"] as? String == "running")
        let proxies = try #require(status["proxies"] as? [[String: Any]])
        let servers = try #require(proxies.first?["servers"] as? [[String: Any]])
        #expect(servers.first?["status"] as? String == "DRAIN")

        program.signal(SIGTERM)
        program.signal(SIGTERM)
        #expect(try program.awaitEnd(within: .seconds(10)) == .exited(status: 0))
        #expect(!FileManager.default.fileExists(atPath: control))
    }

    @Test func `5: what is printed does not fit; a reader who has left is told nothing`() throws {
        let file = try folder.write(balancerFile(port: 8080, server: 8081), to: "a.cfg")
        let commands = ["convert \(file)", "check \(file)", "--help", "help check", "--version"]
        for (number, command) in commands.enumerated() {
            let words = "\(ProgramFolder.binary) \(command)"
            let full = try folder.run(command: ["/bin/sh", "-c", "\(words) > /dev/full"])
            #expect(full.status == 5)
            #expect(
                full.errors
                    == "lbctl: write standard output: No space left on device (errno 28)\n")
            let pipe = "\(folder.path)/pipe\(number)"
            let gone = try folder.run(command: [
                "/bin/sh", "-ec",
                "mkfifo \(pipe); exec 3<>\(pipe) 4>\(pipe) 3<&-; trap '' PIPE; \(words) >&4",
            ])
            #expect(gone.status == 5)
            #expect(gone.errors == "")
        }
    }

    @Test func `an order counts though its client leaves at once, unless it makes no sense`() throws
    {
        let file = try folder.write(balancerFile(port: try freePort(), server: 1), to: "a.cfg")
        let program = try folder.start(file)
        try folder.awaitLog("serves")
        func order(_ change: ServerOrder.Change, deadline: Double? = nil) -> [UInt8] {
            var order = ServerOrder(backend: "web", server: "s1", change: change)
            order.deadline = deadline
            return ControlCodec.encode(.server(order))
        }
        // Stopped, it finds request and end together.
        program.signal(SIGSTOP)
        do {
            let socket = try UnixSocket.connected(to: folder.control)
            let orders = order(.drain) + order(.weight(7)) + order(.connectionLimit(3))
            #expect(DescriptorPassing.send(orders, to: socket.rawValue) == .moved(orders.count))
        }
        program.signal(SIGCONT)
        try folder.awaitLog("web/s1: drain by the operator")
        try folder.awaitLog("web/s1: weight 7 by the operator")
        try folder.awaitLog("web/s1: maxconn 3 by the operator")
        for (bad, complaint) in [
            (order(.drain, deadline: 1e300), "deadline 1e+300: must be 0 to 86400 seconds"),
            (order(.maintenance, deadline: -1), "deadline -1.0: must be 0 to 86400 seconds"),
            (order(.weight(257)), "weight 257: must be 0 to 256"),
            (order(.connectionLimit(-1)), "maxconn -1: must be 0 to 2147483647"),
            (
                order(.address(.init(host: "127.0.0.2", port: 65_536))),
                "port 65536: must be 1 to 65535"
            ),
            (
                order(.address(.init(host: "a.example", port: nil))),
                "'a.example': must be an IP address"
            ),
        ] {
            let socket = try UnixSocket.connected(to: folder.control)
            #expect(DescriptorPassing.send(bad, to: socket.rawValue) == .moved(bad.count))
            var answer: [UInt8] = []
            try eventually(within: .seconds(10), "an answer") {
                if case .moved = UnixSocket.read(from: socket.rawValue, into: &answer) {
                    return true
                }
                return false
            }
            #expect(String(decoding: answer, as: UTF8.self).contains(complaint))
        }
        #expect(try folder.servers()["web/s1"]?["status"] as? String == "DRAIN")
    }

    @Test func `whoever asks a thousand things at once gets his answers, and no thread for each`()
        throws
    {
        let file = try folder.write(balancerFile(port: try freePort(), server: 1), to: "a.cfg")
        let program = try folder.start(file)
        try folder.awaitLog("serves")
        let socket = try UnixSocket.connected(to: folder.control)
        let request = ControlCodec.encode(ControlRequest.plan)
        let all = (0..<1000).flatMap { _ in request }
        #expect(DescriptorPassing.send(all, to: socket.rawValue) == .moved(all.count))
        var (answers, most) = (0, 0)
        try eventually(within: .seconds(30), "1,000 answers") {
            var bytes: [UInt8] = []
            while case .moved(1...) = UnixSocket.read(from: socket.rawValue, into: &bytes) {
                answers += bytes.count { $0 == UInt8(ascii: "\n") }
                bytes = []
            }
            let tasks = try FileManager.default.contentsOfDirectory(
                atPath: "/proc/\(program.pid)/task")
            most = max(most, tasks.count)
            return answers == 1000
        }
        #expect(most < 8)
    }

    private func asNobody(_ arguments: String...) throws -> CommandResult {
        try folder.run(
            command: ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]
                + [ProgramFolder.binary] + arguments)
    }
}
#endif
