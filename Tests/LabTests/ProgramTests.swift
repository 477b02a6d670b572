import Foundation
import Testing

extension InTheLab {
    /// The program's two processes and its files, with real clients and a real election.
    @Suite struct `The program` {
        let lab: Lab

        init() throws { lab = try Lab() }

        private func balancer(of program: LabProgram) throws(LabError) -> pid_t {
            try eventually(within: .seconds(12), "\(program.pid) has a balancer process") {
                () -> pid_t? in
                program.children.last { name(of: $0) == "lbctl-balancer" }
            }
        }

        private func name(of process: pid_t) -> Substring {
            Lab.text(of: "/proc/\(process)/comm").prefix { $0 != "\n" }
        }

        private func isStopped(_ process: pid_t) -> Bool { kill(process, 0) != 0 }

        /// A proxy on lb1's own address, with nothing to elect.
        private func proxy(_ more: String = "", port: Int = 80) -> String {
            """
            defaults
                mode tcp
                timeout client 10s
                timeout server 10s
                timeout connect 1s
            listen web 10.0.0.6:\(port)
                server web01 10.0.0.6:8080 check
                server web02 10.0.0.7:8080 check
            \(more)

            """
        }

        private func startProxy(_ text: String, log: String = "lbctl") throws -> LabProgram {
            let file = try lab.write(text, to: "proxy.cfg")
            let program = try lab.start(.lb1, [Lab.binary("lbctl"), "run", file], log: log)
            try program.awaitLog("serves", within: .seconds(5))
            return program
        }

        private func lbctl(_ arguments: String...) throws(LabError) -> Lab.Output {
            try lab.run(.lb1, [Lab.binary("lbctl")] + arguments)
        }

        @Test func `a client that connects while the balancer is down is served after`() throws {
            let program = try startProxy(proxy())
            #expect(try lbctl("server", "drain", "web/web01").isSuccess)
            // Three ends in a row, so that the next start waits for 200 ms.
            for count in 2...3 {
                kill(try balancer(of: program), SIGKILL)
                try program.awaitLog("serves", count: count, within: .seconds(5))
            }
            let last = try balancer(of: program)
            kill(last, SIGKILL)
            try eventually(within: .seconds(1), "\(last) is gone") { isStopped(last) ? () : nil }
            let answers = try (0..<6).map { _ in
                try lab.require(.client, "curl", "-sS", "-m", "5", "http://10.0.0.6/")
            }
            #expect(
                answers == Array(repeating: "blog.ziirish.info through web02\n", count: 6))
            #expect(try lbctl("status").text.contains("DRAIN"))
        }

        @Test func `status goes on while the balancer is away, and says so`() throws {
            let program = try startProxy(proxy())
            #expect(try lbctl("status").text.contains("web02"))
            let killer = try ChildProcess(
                [Lab.repository + "/Lab/keep-balancer-down", String(program.pid)],
                outputPath: lab.scratch + "/killer.log")
            try program.awaitLog("was ended by signal 9", count: 4, within: .seconds(10))
            let text = try lbctl("status").text
            #expect(text.contains("balancer: restarting (proxies as last known), restarted "))
            #expect(text.contains("last ended: was ended by signal 9"))
            #expect(text.contains("web02"))
            kill(killer.pid, SIGTERM)
            _ = try killer.wait(within: .seconds(2))
        }

        @Test func `reloads under a stream of connections lose none`() throws {
            let program = try startProxy(proxy())
            // Every server is known to be up before the stream begins.
            try eventually(within: .seconds(5), "both are up") { () throws(LabError) -> Void? in
                let text = try lbctl("status").text
                return text.components(separatedBy: " UP ").count > 3 ? () : nil
            }
            let probe = try lab.probe("10.0.0.6:80")
            for number in 1...8 {
                let more = "frontend more\n bind 10.0.0.6:\(8100 + number)\n default_backend web\n"
                _ = try lab.write(
                    proxy(number.isMultiple(of: 2) ? "" : more).replacing(
                        "connect 1s", with: "connect \(number)s"), to: "proxy.cfg")
                let reload = try lbctl("reload")
                #expect(reload.isSuccess, "\(reload.text)")
            }
            let result = try probe.stop()
            #expect(program.exit == nil)
            #expect(result.failureCount == 0)
            #expect(result.answerCount > 50)
            #expect(
                !(try lab.require(.lb1, "ss", "-Hltn").contains("10.0.0.6:8107")),
                "a removed listener is closed")
        }

        @Test func `a broken reload changes nothing`() throws {
            let program = try startProxy(proxy())
            let first = try balancer(of: program)
            _ = try lab.write(proxy(" balance sorce\n"), to: "proxy.cfg")
            program.signal(SIGHUP)
            try program.awaitLog("the configuration stays as it was", within: .seconds(5))
            try program.awaitLog("unknown balance algorithm 'sorce'", within: .seconds(1))
            #expect(try balancer(of: program) == first)
            try lab.require(.client, "curl", "-sS", "-f", "-m", "5", "http://10.0.0.6/")
        }

        @Test func `an election comes and goes by reloads, and follows a pool from the start`()
            throws
        {
            let election = """
                vrrp_instance VI_1 {
                    interface eth1
                    version 3
                    virtual_router_id 51
                    priority 100
                    advert_int 0.1
                    virtual_ipaddress { 172.17.0.5 }
                    track_backend { web weight 10 }
                }

                """
            let proxy = try lab.write(proxy(), to: "proxy.cfg")
            let path = try lab.write("global_defs {\n}\n", to: "election.conf")
            let program = try lab.start(
                .lb1, [Lab.binary("lbctl"), "run", path, proxy], log: "lbctl")
            try program.awaitLog("serves", within: .seconds(5))
            // The pool's state is told before there is anybody to follow it.
            try eventually(within: .seconds(5), "web01 is up") { () throws(LabError) -> Void? in
                try lab.status(.lb1).contains(/web01 +UP/) ? () : nil
            }
            _ = try lab.write(election, to: "election.conf")
            let plan = try lbctl("reload", "--dry-run")
            #expect(plan.text.contains("virtual router VI_1: added"), "\(plan.text)")
            #expect(try lbctl("reload").isSuccess)
            try lab.await(["172.17.0.5"], at: .lb1, within: .seconds(3))
            #expect(try lab.status(.lb1).contains("110 (base 100)"))
            _ = try lab.write("global_defs {\n}\n", to: "election.conf")
            #expect(try lbctl("reload").isSuccess)
            #expect(try lab.held(["172.17.0.5"], by: .lb1).isEmpty)
            #expect(try !lab.status(.lb1).contains("VI_1"))
            _ = try lab.write(election, to: "election.conf")
            #expect(try lbctl("reload").isSuccess)
            try lab.await(["172.17.0.5"], at: .lb1, within: .seconds(3))
        }

        @Test func `a second program is refused and strips nothing from the first`() throws {
            let node = try SeedNode(.lb1, in: lab)
            try lab.awaitHolder(.lb1, within: .seconds(12), running: [node.program])
            let files = [SeedFiles.keepalived(.lb1), SeedFiles.haproxy(.lb1)]
            let same = try lbctl("run", files[0], files[1])
            #expect(same.exit == .status(5))
            #expect(same.text.contains("another lbctl runs here and listens at /run/lbctl.sock"))
            let ports = try lbctl("run", "--control", "/run/other.sock", files[0], files[1])
            #expect(ports.exit == .status(5))
            #expect(ports.text.contains("Address already in use"))
            let election = try lbctl("run", "--control", "/run/other.sock", files[0])
            #expect(election.exit == .status(5), "\(election.text)")
            #expect(try lab.holdsVirtualAddress(.lb1))
            _ = try lab.server(ofPlainRequest: "/")
        }

        @Test func `a program that is killed is resigned for at once`() throws {
            let nodes = try lab.startSeed()
            let probe = try lab.probe("172.17.0.5:80")
            nodes.lb1.program.signal(SIGKILL)
            try lab.awaitHolder(.lb2, within: .seconds(1), running: [nodes.lb2.program])
            try nodes.lb1.program.awaitLog("resigned as VI_1", within: .seconds(1))
            let gap = try probe.stop().gapsInMilliseconds.max() ?? 0
            #expect(gap < 1000, "3,602 ms is the down timer of lb2")
        }

        @Test func `a guardian that ends is replaced, and does nothing after a good end`() throws {
            let nodes = try lab.startSeed()
            let program = nodes.lb1.program
            let first = try #require(program.children.first { name(of: $0) == "lbctl-guard" })
            kill(first, SIGKILL)
            let second = try eventually(within: .seconds(2), "another guardian") {
                program.children.first { $0 != first && name(of: $0) == "lbctl-guard" }
            }
            program.signal(SIGTERM)
            #expect(try program.awaitExit(within: .seconds(20)) == .status(0))
            try eventually(within: .seconds(2), "the guardian ends") {
                isStopped(second) ? () : nil
            }
            #expect(!program.log.contains("resigned as"))
        }

        @Test func `what a killed program left behind is removed at the next start`() throws {
            let nodes = try lab.startSeed()
            _ = try balancer(of: nodes.lb1.program)
            nodes.lb1.program.killWhole()
            try eventually(within: .seconds(6), "lb2 takes over") { () throws(LabError) -> Void? in
                try lab.holdsVirtualAddress(.lb2) ? () : nil
            }
            #expect(try lab.holdsVirtualAddress(.lb1), "the kernel keeps what nobody removes")
            let again = try lab.start(
                .lb1,
                [Lab.binary("lbctl"), "run", SeedFiles.keepalived(.lb1), SeedFiles.haproxy(.lb1)],
                log: "again")
            // Before its own down timer is over.
            try again.awaitLog(
                "Removed 172.17.0.5 from eth1, left behind by an earlier run", within: .seconds(2))
            try lab.awaitHolder(.lb2, within: .seconds(1), running: [again, nodes.lb2.program])
        }

        @Test func `files with U+00A0 in place of spaces run`() throws {
            let paths = try [SeedFiles.keepalived(.lb1), SeedFiles.haproxy(.lb1)].enumerated().map {
                try lab.write(
                    Lab.text(of: $1).replacing(" ", with: "\u{a0}"), to: "pasted-\($0)")
            }
            let program = try lab.start(
                .lb1, [Lab.binary("lbctl"), "run"] + paths, log: "pasted")
            try lab.awaitHolder(.lb1, within: .seconds(12), running: [program])
            _ = try lab.server(ofPlainRequest: "/")
        }

        @Test func `notify scripts get keepalived's arguments`() throws {
            let calls = lab.scratch + "/calls"
            let script = try lab.write("#!/bin/sh\necho \"$@\" >>\(calls)\n", to: "notify")
            chmod(script, 0o755)
            let file = try lab.write(
                """
                vrrp_instance VI_1 {
                    interface eth1
                    virtual_router_id 51
                    priority 101
                    virtual_ipaddress {
                        172.17.0.5
                    }
                    notify \(script)
                    notify_master "\(script) own words"
                }

                """, to: "notify.conf")
            let program = try lab.start(.lb1, [Lab.binary("lbctl"), "run", file], log: "notify")
            try lab.awaitHolder(.lb1, within: .seconds(12), running: [program])
            program.signal(SIGTERM)
            #expect(try program.awaitExit(within: .seconds(10)) == .status(0))
            let lines = Lab.text(of: calls).split(separator: "\n").map(String.init)
            #expect(lines.filter { $0 == "own words" }.count == 1)
            #expect(
                lines.filter { $0 != "own words" } == [
                    "INSTANCE VI_1 BACKUP 101", "INSTANCE VI_1 MASTER 101",
                    "INSTANCE VI_1 STOP 101",
                ])
        }

        @Test func `a balancer that ends again and again never looks well in between`() throws {
            let nodes = try lab.startSeed()
            let program = nodes.lb1.program
            for _ in 0..<6 {
                kill(try balancer(of: program), SIGKILL)
                pass(.milliseconds(700))
            }
            try lab.awaitHolder(.lb2, within: .seconds(4))
            let count = program.log.components(separatedBy: "Entering MASTER STATE").count
            for _ in 0..<2 {
                kill(try balancer(of: program), SIGKILL)
                _ = try balancer(of: program)
                // Longer than a process has to serve after its first failure.
                pass(.milliseconds(2500))
                #expect(try lab.holdsVirtualAddress(.lb2))
            }
            #expect(program.log.components(separatedBy: "Entering MASTER STATE").count == count)
        }

        /// Lets the time pass in which something must not happen.
        private func pass(_ time: Duration) {
            let (seconds, attoseconds) = time.components
            var rest = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
            nanosleep(&rest, nil)
        }
    }
}
