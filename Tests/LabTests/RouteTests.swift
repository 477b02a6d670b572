import Glibc
import Testing

extension InTheLab {
    /// Routes and rules that move with the addresses.
    @Suite struct `virtual_routes and virtual_rules` {
        let lab: Lab
        private let pair: MovingPair

        init() throws {
            lab = try Lab()
            pair = MovingPair(lab: lab)
        }

        private func text(_ node: Lab.Node) -> String {
            """
            vrrp_instance VI_1 {
                state BACKUP
                interface eth1
                version 3
                virtual_router_id 51
                priority \(node == .lb1 ? 110 : 90)
                advert_int 0.2
                virtual_ipaddress { 172.17.0.5 }
                virtual_routes {
                    192.0.2.0/24 via 172.17.0.254 dev eth1 src 172.17.0.5 metric 20
                    blackhole 198.51.100.0/24 table 77
                }
                virtual_rules {
                    from 10.9.0.0/16 table 77 priority 500
                }
            }

            """
        }

        /// What of the three is there, in the order of the file.
        private func present(_ node: Lab.Node) throws(LabError) -> [Bool] {
            let main = try lab.require(node, "ip", "route", "show")
            let other = try lab.run(node, "ip", "route", "show", "table", "77").text
            let rules = try lab.require(node, "ip", "rule", "show")
            return [
                main.contains(
                    "192.0.2.0/24 via 172.17.0.254 dev eth1 proto 108 src 172.17.0.5 metric 20"),
                other.contains("blackhole 198.51.100.0/24"),
                rules.contains("500:\tfrom 10.9.0.0/16 lookup 77"),
            ]
        }

        private func awaitAll(_ node: Lab.Node, _ areThere: Bool) throws {
            try eventually(within: .seconds(6), "routes of \(node): \(areThere)") {
                () throws(LabError) -> Void? in
                try present(node) == [areThere, areThere, areThere] ? () : nil
            }
        }

        @Test func `they come with the addresses, and leave before them`() throws {
            var nodes = try pair.start(.ours) { text($0) }
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(8), running: nodes)
            try awaitAll(.lb1, true)
            #expect(try present(.lb2) == [false, false, false])
            nodes[0].signal(SIGTERM)
            _ = try nodes[0].awaitExit(within: .seconds(5))
            #expect(try present(.lb1) == [false, false, false])
            try awaitAll(.lb2, true)

            // What a crash leaves behind is removed by the next run.
            nodes[1].killWhole()
            _ = try nodes[1].awaitExit(within: .seconds(5))
            #expect(try present(.lb2) == [true, true, true])
            let file = try lab.write(text(.lb2).replacing("eth1", with: "eth9"), to: "late.conf")
            nodes[1] = try lab.start(.lb2, [Lab.binary("lbctl"), "run", file], log: "late")
            try nodes[1].awaitLog("left behind by an earlier run", count: 4, within: .seconds(5))
            #expect(try present(.lb2) == [false, false, false])
        }

        @Test func `what somebody removes comes back, five times`() throws {
            let nodes = try pair.startInTurn(["172.17.0.5"], within: .seconds(8)) { text($0) }
            try awaitAll(.lb1, true)
            let removals = [
                ["ip", "route", "del", "192.0.2.0/24"],
                ["ip", "route", "del", "blackhole", "198.51.100.0/24", "table", "77"],
                ["ip", "rule", "del", "priority", "500"],
            ]
            for removal in removals {
                #expect(try lab.run(.lb1, removal).isSuccess)
                try awaitAll(.lb1, true)
            }
            let status = try lab.require(.lb1, Lab.binary("lbctl"), "status")
            #expect(status.contains("3 routes and rules put back after removal by others"))
            #expect(!nodes[1].log.contains("Entering MASTER STATE"))
            // Each of them has five times of its own; this one had one.
            for count in 2...6 {
                #expect(try lab.run(.lb1, removals[0]).isSuccess)
                if count <= 5 { try awaitAll(.lb1, true) }
            }
            try pair.awaitHolder(.lb2, of: ["172.17.0.5"], within: .seconds(3), running: nodes)
            #expect(nodes[0].log.contains("in table 254 is removed again and again"))
        }

        @Test func `a reload changes them in place`() throws {
            let nodes = try pair.start(.ours) { text($0) }
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(8), running: nodes)
            _ = try lab.write(
                text(.lb1).replacing("metric 20", with: "metric 30"), to: "moves-lb1.conf")
            let plan = try lab.require(.lb1, Lab.binary("lbctl"), "reload", "--dry-run")
            #expect(plan.contains("route to 192.0.2.0/24 via 172.17.0.254 on eth1"), "\(plan)")
            try lab.require(.lb1, Lab.binary("lbctl"), "reload")
            let routes = try lab.require(.lb1, "ip", "route", "show")
            #expect(routes.contains("metric 30"))
            #expect(!routes.contains("metric 20"))
        }
    }
}
