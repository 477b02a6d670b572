import Foundation
import Testing

extension InTheLab {
    /// Checks that decide about the address, with the files of Examples/health.
    @Suite struct `Health decides who holds the address` {
        let lab: Lab

        init() throws { lab = try Lab() }

        private static let folder = Lab.repository + "/Examples/health/"

        private func start(_ node: Lab.Node) throws -> LabProgram {
            try lab.start(
                node,
                [
                    Lab.binary("lbctl"), "run", Self.folder + "keepalived-\(node).conf",
                    Self.folder + "haproxy.cfg",
                ], log: "lbctl-\(node)")
        }

        private func startPair() throws -> (lb1: LabProgram, lb2: LabProgram) {
            let pair = (lb1: try start(.lb1), lb2: try start(.lb2))
            try lab.awaitHolder(.lb1, within: .seconds(12), running: [pair.lb1, pair.lb2])
            return pair
        }

        private func entries(of program: LabProgram) -> Int {
            program.log.components(separatedBy: "Entering MASTER STATE").count - 1
        }

        @Test func `all servers down on both nodes: the address stays, and nothing flaps`() throws {
            let pair = try startPair()
            let before = (entries(of: pair.lb1), entries(of: pair.lb2))
            try lab.require(.lb1, "killall", "nginx")
            try lab.require(.lb2, "killall", "nginx")
            for program in [pair.lb1, pair.lb2] {
                try program.awaitLog("backend http has no server available!", within: .seconds(5))
            }
            // Two down timers.
            for _ in 0..<8 {
                sleep(1)
                #expect(try lab.holdsVirtualAddress(.lb1))
                #expect(try !lab.holdsVirtualAddress(.lb2))
            }
            #expect(entries(of: pair.lb1) == before.0)
            #expect(entries(of: pair.lb2) == before.1)
            let status = try lab.run(.lb1, Lab.binary("lbctl"), "status").text
            #expect(status.contains("131 (base 101)"), "\(status)")
        }

        @Test func `a node that has lost its router gives the address away`() throws {
            let pair = try startPair()
            // The checks of lb1 alone are cut off; its advertisements still arrive.
            try lab.require(
                .lb1, "ip", "route", "add", "unreachable", "172.17.0.254/32", "table", "local")
            try pair.lb1.awaitLog("alert: Check gateway is DOWN", within: .seconds(5))
            try lab.awaitHolder(.lb2, within: .seconds(6), running: [pair.lb1, pair.lb2])
            try lab.require(
                .lb1, "ip", "route", "del", "unreachable", "172.17.0.254/32", "table", "local")
            try lab.awaitHolder(.lb1, within: .seconds(8), running: [pair.lb1, pair.lb2])
        }

        /// The kernel's own times of the two packets: the refusal of a probe, and the advertisement.
        ///
        /// Three times, of which the shortest counts: other programs want the processors of a test
        /// machine too.
        @Test func `from the failed probe to the advertisement it takes under 10 ms`() throws {
            let file = try lab.write(
                """
                check web
                    target 10.0.0.7:9090
                    default-server inter 50ms fall 1 rise 1

                """, to: "step.cfg")
            let election = try lab.write(
                """
                vrrp_instance VI_1 {
                    interface eth1
                    virtual_router_id 51
                    priority 101
                    virtual_ipaddress {
                        172.17.0.5
                    }
                    track_check {
                        web weight -20
                    }
                }

                """, to: "step.conf")
            let listening = ["socat", "-u", "TCP-LISTEN:9090,fork,reuseaddr", "OPEN:/dev/null"]
            var server = try lab.start(.lb2, listening, log: "server")
            let program = try lab.start(
                .lb1, [Lab.binary("lbctl"), "run", election, file], log: "step")
            try lab.awaitHolder(.lb1, within: .seconds(12), running: [program])
            let capture = try lab.start(
                .lb1,
                [
                    "tcpdump", "-i", "any", "-n", "-tt", "-l", "--immediate-mode",
                    "vrrp or (src host 10.0.0.7 and tcp[tcpflags] & tcp-rst != 0)",
                ], log: "capture")
            try capture.awaitLog("prio 101", within: .seconds(5))
            for _ in 0..<3 {
                let downs = capture.log.components(separatedBy: "prio 81").count - 1
                server.signal(SIGKILL)
                try capture.awaitLog("prio 81", count: downs + 1, within: .seconds(5))
                let ups = capture.log.components(separatedBy: "prio 101").count - 1
                server = try lab.start(.lb2, listening, log: "server")
                try capture.awaitLog("prio 101", count: ups + 1, within: .seconds(5))
            }
            let steps = Self.steps(in: capture.log)
            print("from the refused probe to the advertisement: \(steps) ms")
            #expect(steps.count == 3, "\(capture.log)")
            #expect(try #require(steps.min()) < 10)
            withExtendedLifetime(server) {}
        }

        /// Milliseconds from the last refusal before each fall of the priority to that.
        private static func steps(in log: String) -> [Double] {
            var (refusedAt, priority) = (0.0, "")
            var steps: [Double] = []
            for line in log.split(separator: "\n") {
                guard let time = line.split(separator: " ").first.flatMap({ Double($0) }) else {
                    continue
                }
                if line.contains("10.0.0.7.9090 >") { refusedAt = time }
                if line.contains("prio 81"), priority != "81" {
                    steps.append((time - refusedAt) * 1000)
                }
                if line.contains("prio 81") { priority = "81" }
                if line.contains("prio 101") { priority = "101" }
            }
            return steps
        }
    }
}
