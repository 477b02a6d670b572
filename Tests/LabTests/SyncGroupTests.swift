import Glibc
import Testing

extension InTheLab {
    /// One address on each of the two interfaces of a node, which move together.
    @Suite struct `Two instances in a sync group` {
        let lab: Lab
        private let pair: MovingPair

        init() throws {
            lab = try Lab()
            pair = MovingPair(lab: lab)
        }

        private func text(_ node: Lab.Node) -> String {
            let priority = node == .lb1 ? 110 : 90
            return """
                global_defs {
                    router_id \(node)
                    vrrp_version 3
                    vrrp_notify_fifo /run/states
                }
                vrrp_sync_group G {
                    group {
                        OUTER
                        INNER
                    }
                }
                vrrp_instance OUTER {
                    state BACKUP
                    interface eth1
                    virtual_router_id 51
                    priority \(priority)
                    advert_int 0.2
                    virtual_ipaddress { 172.17.0.5 }
                }
                vrrp_instance INNER {
                    state BACKUP
                    interface eth0
                    virtual_router_id 52
                    priority \(priority)
                    advert_int 0.2
                    virtual_ipaddress { 10.0.0.5 }
                }

                """
        }

        @Test(arguments: [PairOfPrograms.ours, .keepalivedSecond, .keepalivedFirst])
        func `a link that goes down moves both`(programs: PairOfPrograms) throws {
            let captures = try ["eth0", "eth1"].map { try VRRPCapture(.lb2, on: $0, in: lab) }
            let nodes = try pair.start(programs) { text($0) }
            let addresses = ["172.17.0.5", "10.0.0.5"]
            try pair.awaitHolder(.lb1, of: addresses, within: .seconds(10), running: nodes)
            try lab.require(.lb1, "ip", "link", "set", "eth0", "down")
            try pair.awaitHolder(.lb2, of: addresses, within: .seconds(6), running: nodes)
            if programs != .keepalivedSecond {
                try nodes[1].awaitLog(
                    "VRRP_Group(G) Syncing instances to MASTER state", within: .seconds(1))
            }
            if programs != .keepalivedFirst {
                try nodes[0].awaitLog(
                    "(OUTER): entering FAULT state (INNER of its sync group is in FAULT state)",
                    within: .seconds(1))
                let status = try lab.require(.lb1, Lab.binary("lbctl"), "status")
                #expect(status.contains("sync group G: FAULT, OUTER INNER"), "\(status)")
            }
            try lab.require(.lb1, "ip", "link", "set", "eth0", "up")
            try pair.awaitHolder(.lb1, of: addresses, within: .seconds(6), running: nodes)
            for capture in captures {
                let seen = try capture.stop()
                #expect(seen.count > 3)
                #expect(seen.complaints == [])
            }
        }

        @Test func `the group's states are told after those of its members`() throws {
            let nodes = try pair.start(.ours) { text($0) }
            try pair.awaitHolder(
                .lb1, of: ["172.17.0.5", "10.0.0.5"], within: .seconds(10), running: nodes)
            let lines = try lab.run(.lb1, "timeout", "1", "cat", "/run/states").lines
            #expect(
                lines == [
                    "INSTANCE \"OUTER\" BACKUP 110", "INSTANCE \"INNER\" BACKUP 110",
                    "GROUP \"G\" BACKUP 0", "INSTANCE \"OUTER\" MASTER 110",
                    "INSTANCE \"INNER\" MASTER 110", "GROUP \"G\" MASTER 0",
                ])
        }

        @Test func `joining and leaving a group by a reload moves no address`() throws {
            let nodes = try pair.start(.ours) { text($0) }
            let addresses = ["172.17.0.5", "10.0.0.5"]
            try pair.awaitHolder(.lb1, of: addresses, within: .seconds(10), running: nodes)
            // lb2, which started a little earlier or later, may have been first.
            let count = nodes[1].log.ranges(of: "Entering MASTER STATE").count
            let loose = text(.lb1).replacing("    INNER\n", with: "")
            for (step, text) in [loose, text(.lb1)].enumerated() {
                _ = try lab.write(text, to: "moves-lb1.conf")
                try lab.require(.lb1, Lab.binary("lbctl"), "reload")
                // More than a down timer.
                usleep(1_000_000)
                #expect(try pair.holds(.lb1, addresses) == [true, true], "\(step)")
            }
            #expect(nodes[0].log.ranges(of: "Entering MASTER STATE").count == 2)
            #expect(nodes[1].log.ranges(of: "Entering MASTER STATE").count == count)
        }
    }

    @Suite struct `An instance that waits before it preempts` {
        let lab: Lab
        private let pair: MovingPair

        init() throws {
            lab = try Lab()
            pair = MovingPair(lab: lab)
        }

        private func text(_ node: Lab.Node, _ lines: String) -> String {
            """
            vrrp_instance VI_1 {
                state BACKUP
                interface eth1
                version 3
                virtual_router_id 51
                priority \(node == .lb1 ? 110 : 90)
                advert_int 0.1
                virtual_ipaddress { 172.17.0.5 }
                \(node == .lb1 ? lines : "")
            }

            """
        }

        @Test func `preempt_delay counts down from the moment that the node is healthy`() throws {
            let second = try pair.start(.keepalivedSecond, only: .lb2) { text($0, "") }
            try pair.awaitHolder(.lb2, of: ["172.17.0.5"], within: .seconds(6), running: second)
            let start = ContinuousClock.now
            let first = try pair.start(.keepalivedSecond, only: .lb1) {
                text($0, "preempt_delay 3.5")
            }
            try first[0].awaitLog("Entering BACKUP STATE (init)", within: .seconds(5))
            usleep(1_000_000)
            let words = try lab.require(.lb1, Lab.binary("lbctl"), "status")
            #expect(words.contains(/VI_1: preempts in [12]\.\d s/), "\(words)")
            let json = try lab.require(.lb1, Lab.binary("lbctl"), "status", "--json")
            #expect(json.contains(/"preemption_countdown" ?: ?[12]\d\d\d/), "\(json)")
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(8), running: first)
            #expect(ContinuousClock.now - start > .seconds(3.5))
        }

        @Test(arguments: [
            (PairOfPrograms.keepalivedSecond, false), (.keepalivedSecond, true),
            (.keepalivedFirst, false),
        ])
        func `nopreempt leaves the other program alone, also after a reboot`(
            programs: PairOfPrograms, isKilled: Bool
        ) throws {
            let capture = try VRRPCapture(.lb2, in: lab)
            var first = try pair.start(programs, only: .lb1) { text($0, "nopreempt") }
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(8), running: first)
            let second = try pair.start(programs, only: .lb2) { text($0, "") }
            try second[0].awaitLog("Entering BACKUP STATE", within: .seconds(5))
            usleep(200_000)
            first[0].signal(isKilled ? SIGKILL : SIGTERM)
            _ = try first[0].awaitExit(within: .seconds(5))
            if isKilled {
                try lab.require(.lb1, "ip", "address", "flush", "dev", "eth1", "to", "172.17.0.5")
            }
            try pair.awaitHolder(.lb2, of: ["172.17.0.5"], within: .seconds(5), running: second)
            first = try pair.start(programs, only: .lb1) { text($0, "nopreempt") }
            try first[0].awaitLog("Entering BACKUP STATE", count: 2, within: .seconds(5))
            // Four down timers.
            usleep(1_500_000)
            #expect(try pair.holds(.lb2, ["172.17.0.5"]) == [true])
            // Once, before it was stopped.
            #expect(first[0].log.ranges(of: "Entering MASTER STATE").count == 1)
            second[0].signal(SIGTERM)
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(5), running: first)
            #expect(try capture.stop().complaints == [])
        }

        @Test func `vrrp_startup_delay keeps the node out`() throws {
            let first = try pair.start(.ours, only: .lb1) {
                "global_defs {\nvrrp_startup_delay 3\n}\n" + text($0, "")
            }
            try first[0].awaitLog(
                "Waiting 3.0 seconds before taking part, as configured", within: .seconds(5))
            usleep(500_000)
            let words = try lab.require(.lb1, Lab.binary("lbctl"), "status")
            #expect(words.contains(/takes part in [12]\.\d s/), "\(words)")
            #expect(!first[0].log.contains("BACKUP STATE"))
            try first[0].awaitLog("Entering BACKUP STATE (init)", within: .seconds(4))
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(4), running: first)
        }
    }
}
