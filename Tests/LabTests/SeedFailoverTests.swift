import Glibc
import Testing

extension InTheLab {
    /// How the virtual address moves, with the post's files and lbctl on both nodes.
    ///
    /// With one advertisement a second, lb1 at 103 and lb2 at 102 (both with the script's 2), the
    /// down timer of lb2 is 3.602 s, its skew 0.602 s, and the down timer of lb1 3.598 s.
    @Suite struct `The seed fails over` {
        let lab: Lab
        let nodes: (lb1: SeedNode, lb2: SeedNode)

        init() throws {
            lab = try Lab()
            nodes = try lab.startSeed()
            // The script counts from its first result on, at most one interval after the start.
            for node in [nodes.lb1, nodes.lb2] {
                try node.program.awaitLog("effective priority", within: .seconds(4))
            }
        }

        @Test func `a link that goes down moves the address, and up returns it`() throws {
            let probe = try lab.probe("172.17.0.5:80")
            try lab.require(.lb1, "ip", "link", "set", "eth1", "down")
            try lab.awaitHolder(.lb2, within: .seconds(3.8))
            try nodes.lb1.program.awaitLog("(VI_1) Entering FAULT STATE", within: .seconds(1))
            try nodes.lb2.program.awaitLog("(VI_1) Entering MASTER STATE", within: .seconds(1))
            _ = try lab.server(ofPlainRequest: "/")

            let backupCount = occurrences(of: "(VI_1) Entering BACKUP STATE", of: nodes.lb1)
            try lab.require(.lb1, "ip", "link", "set", "eth1", "up")
            try nodes.lb1.program.awaitLog(
                "(VI_1) Entering BACKUP STATE", count: backupCount + 1, within: .seconds(2))
            try lab.awaitHolder(.lb1, within: .seconds(5))
            try nodes.lb1.program.awaitLog(
                "(VI_1) Entering MASTER STATE", count: 2, within: .seconds(1))
            _ = try lab.server(ofPlainRequest: "/")
            #expect(try #require(probe.stop().gapsInMilliseconds.max()) < 3900)
        }

        @Test func `ifdown, addresses first and the link after, moves it too`() throws {
            try lab.require(
                .lb1, "sh", "-c", "ip address flush dev eth1 && ip link set eth1 down")
            try lab.awaitHolder(.lb2, within: .seconds(3.8))
            try nodes.lb1.program.awaitLog("(VI_1) Entering FAULT STATE", within: .seconds(1))
            try lab.require(
                .lb1, "sh", "-c",
                "ip link set eth1 up && ip address add 172.17.0.6/24 dev eth1")
            try lab.awaitHolder(.lb1, within: .seconds(6))
            #expect(
                try lab.require(.lb1, "ip", "-4", "-o", "address", "show", "dev", "eth1")
                    .contains(" 172.17.0.6/24 "))
            _ = try lab.server(ofPlainRequest: "/")
        }

        @Test func `a lost source address alone resigns within the skew time`() throws {
            try lab.require(.lb1, "ip", "address", "del", "172.17.0.6/24", "dev", "eth1")
            try lab.awaitHolder(.lb2, within: .seconds(1))
        }

        @Test func `SIGTERM moves it within the skew time and leaves nothing`() throws {
            let probe = try lab.probe("172.17.0.5:80")
            nodes.lb1.program.signal(SIGTERM)
            try lab.awaitHolder(.lb2, within: .seconds(1))
            try nodes.lb2.program.awaitLog("(VI_1) Entering MASTER STATE", within: .seconds(1))
            #expect(try nodes.lb1.program.awaitExit(within: .seconds(20)) == .status(0))
            #expect(try !lab.holdsVirtualAddress(.lb1))
            #expect(try lab.require(.lb1, "ss", "-Hltn").contains("172.17.0.5:") == false)
            _ = try lab.server(ofPlainRequest: "/")
            let gap = try probe.stop().gapsInMilliseconds.max() ?? 0
            #expect(gap < 500, "602 ms is the skew time of lb2")
        }

        @Test func `a balancer that is killed and kept down costs lb1 the address`() throws {
            let killer = try nodes.lb1.keepBalancerDown()
            // 0.2 s for a restart; then lb1 gives way, though its weight of 2 would have lb2 wait 3.6 s.
            try lab.awaitHolder(.lb2, within: .seconds(1))
            try nodes.lb1.program.awaitLog(
                "(VI_1) Entering BACKUP STATE", count: 2, within: .seconds(1))
            let status = try lab.run(.lb1, Lab.binary("lbctl"), "status")
            #expect(status.isSuccess, "the failover process goes on answering: \(status.text)")
            _ = try lab.server(ofPlainRequest: "/")

            kill(killer.pid, SIGTERM)
            _ = try killer.wait(within: .seconds(2))
            try lab.awaitHolder(.lb1, within: .seconds(30))
            #expect(nodes.lb1.program.exit == nil)
            _ = try lab.server(ofPlainRequest: "/")
        }

        private func occurrences(of text: String, of node: SeedNode) -> Int {
            node.program.log.split(separator: "\n").count { $0.contains(text) }
        }
    }
}
