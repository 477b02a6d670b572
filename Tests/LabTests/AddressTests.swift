import Glibc
import Testing

extension InTheLab {
    /// What a file says about the addresses, as the kernel and the clients see it.
    @Suite struct `Virtual addresses` {
        let lab: Lab
        private let pair: MovingPair

        init() throws {
            lab = try Lab()
            pair = MovingPair(lab: lab)
        }

        private func text(
            _ node: Lab.Node, addresses: String = "172.17.0.5", _ lines: String = ""
        ) -> String {
            """
            vrrp_instance VI_1 {
                state BACKUP
                interface eth1
                version 3
                virtual_router_id 51
                priority \(node == .lb1 ? 110 : 90)
                advert_int 0.2
                virtual_ipaddress {
                    \(addresses)
                }
                \(lines)
            }

            """
        }

        /// The hardware address by which the client knows the virtual one.
        private func neighbour() throws(LabError) -> String {
            _ = try lab.run(.client, "ping", "-c", "1", "-W", "1", "172.17.0.5")
            let entry = try lab.require(.client, "ip", "neigh", "show", "172.17.0.5")
            return entry.split(separator: " ").drop { $0 != "lladdr" }.dropFirst().first
                .map(String.init) ?? "none: \(entry)"
        }

        private func ping() throws(LabError) -> Bool {
            try lab.run(.client, "ping", "-c", "1", "-W", "1", "172.17.0.5").isSuccess
        }

        @Test func `each option takes effect`() throws {
            let nodes = try pair.start(.ours, only: .lb1) {
                text(
                    $0,
                    addresses: """
                        172.17.0.5/24 brd + label eth1:vip noprefixroute
                                172.17.1.5/28 brd - scope link preferred_lft 600
                                10.0.0.9 dev eth0 peer 10.0.0.77/32 no_track
                        """,
                    """
                    virtual_ipaddress_excluded {
                            2001:db8::5/64 home -nodad
                            2001:db8::6 preferred_lft forever
                        }
                    """)
            }
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(8), running: nodes)
            let shown = try lab.require(.lb1, "ip", "-d", "address", "show").split(separator: "\n")
                .map { $0.trimmingPrefix(while: \.isWhitespace) }
            for wanted in [
                "inet 172.17.0.5/24 brd 172.17.0.255 scope global secondary noprefixroute eth1:vip",
                "inet 172.17.1.5/28 brd 172.17.1.0 scope link",
                "inet 10.0.0.9 peer 10.0.0.77/32 scope global eth0",
            ] {
                #expect(shown.contains { $0.hasPrefix(wanted) }, "\(wanted): \(shown)")
            }
            let six = shown.filter { $0.contains("2001:db8") }
            #expect(six.contains { $0.contains("2001:db8::5/64") && $0.contains("home") }, "\(six)")
            #expect(
                six.contains { $0.contains("2001:db8::6/128") && !$0.contains("deprecated") },
                "\(six)")
        }

        @Test(arguments: [PairOfPrograms.ours, .keepalivedSecond, .keepalivedFirst])
        func `use_vmac gives clients one hardware address for good`(
            programs: PairOfPrograms
        ) throws {
            let nodes = try pair.start(programs) { text($0, "use_vmac") }
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(10), running: nodes)
            // keepalived's own questions teach the neighbours the interface's address.
            if programs != .keepalivedFirst { #expect(try neighbour() == "00:00:5e:00:01:33") }
            nodes[0].signal(SIGTERM)
            try pair.awaitHolder(.lb2, of: ["172.17.0.5"], within: .seconds(5), running: [nodes[1]])
            guard programs != .keepalivedSecond else {
                #expect(try ping())
                return
            }
            // Unchanged, and what answers is the other node.
            if programs == .ours {
                let entry = try lab.require(.client, "ip", "neigh", "show", "172.17.0.5")
                #expect(entry.contains("lladdr 00:00:5e:00:01:33"))
            }
            #expect(try ping())
            #expect(try neighbour() == "00:00:5e:00:01:33")
        }

        @Test func `use_vmac is heard by a Backup that has it too, and leaves nothing behind`()
            throws
        {
            func settings() throws(LabError) -> String {
                try lab.require(
                    .lb1, "sh", "-c", "cd /proc/sys/net/ipv4/conf; cat eth1/arp_* */rp_filter")
            }
            let before = try settings()
            let nodes = try pair.startInTurn(["172.17.0.5"], within: .seconds(10)) {
                text($0, "use_vmac vip51")
            }
            // Two down timers of 0.73 s; one that is deaf is Active after the first.
            try pair.awaitAdvertisements(8, within: .seconds(10))
            #expect(!nodes[1].log.contains("MASTER STATE"))
            let sent = try lab.require(.lb1, "cat", "/sys/class/net/vip51/statistics/tx_packets")
            #expect((Int(sent.filter(\.isNumber)) ?? 0) > 5)
            #expect(try settings() != before)
            nodes[0].killWhole()
            _ = try nodes[0].awaitExit(within: .seconds(5))
            #expect(try lab.run(.lb1, "ip", "link", "show", "vip51").isSuccess)
            let file = try lab.write(text(.lb1), to: "without.conf")
            let late = try lab.start(.lb1, [Lab.binary("lbctl"), "run", file], log: "late")
            try late.awaitLog("Removed link vip51, left behind", within: .seconds(5))
            #expect(try !lab.run(.lb1, "ip", "link", "show", "vip51").isSuccess)
            #expect(try settings() == before)
        }

        @Test func `no_accept drops what comes in, and a reload to accept lets it in`() throws {
            let nodes = try pair.start(.ours, only: .lb1) { text($0, "no_accept") }
            try pair.awaitHolder(.lb1, of: ["172.17.0.5"], within: .seconds(8), running: nodes)
            #expect(try !ping())
            #expect(try lab.run(.client, "ping", "-c", "1", "-W", "1", "172.17.0.6").isSuccess)
            _ = try lab.write(text(.lb1, "accept"), to: "moves-lb1.conf")
            try lab.require(.lb1, Lab.binary("lbctl"), "reload")
            try eventually(within: .seconds(3), "an answer") { () throws(LabError) -> Void? in
                try ping() ? () : nil
            }
        }
    }
}
