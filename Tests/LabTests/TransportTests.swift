import Glibc
import Testing

extension InTheLab {
    /// lbctl and Debian's keepalived speak VRRP in every way that both know.
    @Suite struct `On the wire beside keepalived` {
        let lab: Lab
        init() throws { lab = try Lab() }

        private static let addresses = [
            "172.17.0.51", "2001:db8::52", "172.17.0.53", "2001:db8::54", "172.17.0.55",
        ]

        /// Five virtual routers: version 3, IPv6, unicast of both families, a password.
        private func file(_ node: Lab.Node, priority: Int) throws -> String {
            let other: Lab.Node = node == .lb1 ? .lb2 : .lb1
            let own = node == .lb1 ? "172.17.0.6" : "172.17.0.7"
            let peer = node == .lb1 ? "172.17.0.7" : "172.17.0.6"
            let globals = """
                global_defs {
                    state_dump_file \(lab.scratch)/data
                    stats_dump_file \(lab.scratch)/stats
                    json_dump_file \(lab.scratch)/json
                }

                """
            return globals
                + vrrpInstance(
                    "V3", vrid: 51, priority: priority, ["172.17.0.51"], "version 3",
                    "advert_int 0.1")
                + vrrpInstance(
                    "V6", vrid: 52, priority: priority, ["fe80::52", "2001:db8::52/64"],
                    "version 3", "advert_int 0.1")
                + vrrpInstance(
                    "UNI4", vrid: 53, priority: priority, ["172.17.0.53"], "version 3",
                    "advert_int 0.1", "unicast_src_ip \(own)", "unicast_peer { \(peer) }")
                + vrrpInstance(
                    "UNI6", vrid: 54, priority: priority, ["2001:db8::54"], "version 3",
                    "advert_int 0.1", "unicast_src_ip \(try lab.linkLocalAddress(node))",
                    "unicast_peer { \(try lab.linkLocalAddress(other)) }")
                + vrrpInstance(
                    "PASS", vrid: 55, priority: priority, ["172.17.0.55"], "advert_int 1",
                    "authentication {", "auth_type PASS", "auth_pass 1111", "}")
        }

        @Test(arguments: [Speaker.Kind.lbctl, .keepalived])
        func `version 3, IPv6, unicast of both families and a password, with a preferred`(
            first kind: Speaker.Kind
        ) throws {
            let capture = try VRRPCapture(.lb2, in: lab)
            let first = try Speaker(kind, .lb1, in: lab, file(.lb1, priority: 101))
            let second = try Speaker(kind.other, .lb2, in: lab, file(.lb2, priority: 100))
            try lab.await(Self.addresses, at: .lb1, within: .seconds(8))
            // More than a down timer of version 3, and two intervals of version 2.
            usleep(2_200_000)
            #expect(try lab.held(Self.addresses, by: .lb2).isEmpty)
            #expect(try lab.held(Self.addresses, by: .lb1).count == 5)
            let node = kind == .lbctl ? Lab.Node.lb1 : .lb2
            let status = try lab.status(node)
            #expect(!status.contains("refused:"), "\(status)")
            if kind == .keepalived {
                #expect(
                    status.contains("V3: peer 172.17.0.6 priority 101, version 3, every 100 ms"))
                #expect(
                    status.contains(
                        "PASS: peer 172.17.0.6 priority 101, version 2, every 1000 ms"))
            }
            try KeepalivedDumps(of: kind == .lbctl ? first : second, in: lab)
                .check(isActive: kind == .lbctl)
            try first.stop()
            try lab.await(Self.addresses, at: .lb2, within: .seconds(2))
            try second.stop()
            let seen = try capture.stop()
            #expect(seen.count > 60)
            #expect(seen.complaints == [])
        }

        @Test(arguments: [Speaker.Kind.lbctl, .keepalived])
        func `of equal priorities the higher address wins`(lower kind: Speaker.Kind) throws {
            func file() -> String {
                vrrpInstance(
                    "EQUAL", vrid: 51, priority: 100, ["172.17.0.51"], "version 3",
                    "advert_int 0.1")
            }
            func deaf(_ isDeaf: Bool) throws {
                for node in [Lab.Node.lb1, .lb2] {
                    try lab.require(
                        node, "sh", "-c",
                        isDeaf
                            ? """
                            nft add table inet deaf
                            nft 'add chain inet deaf in { type filter hook input priority 0; }'
                            nft add rule inet deaf in meta l4proto 112 drop
                            """ : "nft delete table inet deaf")
                }
            }
            let capture = try VRRPCapture(.lb2, in: lab)
            try deaf(true)
            let first = try Speaker(kind, .lb1, in: lab, file())
            let second = try Speaker(kind.other, .lb2, in: lab, file())
            try eventually(within: .seconds(5), "both are Active") {
                () throws(LabError) -> Void? in
                let (first, second) = (
                    try lab.held(["172.17.0.51"], by: .lb1), try lab.held(["172.17.0.51"], by: .lb2)
                )
                return first.isEmpty || second.isEmpty ? nil : ()
            }
            try deaf(false)
            try lab.await(["172.17.0.51"], at: .lb2, within: .seconds(1))
            usleep(500_000)
            #expect(try lab.held(["172.17.0.51"], by: .lb1).isEmpty)
            try first.stop()
            try second.stop()
            #expect(try capture.stop().complaints == [])
        }

        @Test(arguments: [Speaker.Kind.lbctl, .keepalived])
        func `another interval of version 2 leaves one Active router`(
            first kind: Speaker.Kind
        )
            throws
        {
            func file(_ priority: Int, _ interval: Int) -> String {
                vrrpInstance(
                    "SLOW", vrid: 51, priority: priority, ["172.17.0.51"], "advert_int \(interval)")
            }
            // keepalived drops what has another interval than its own: by itself it would become
            // Active beside the other one.
            let isFirst = kind == .lbctl
            let capture = try VRRPCapture(.lb2, in: lab)
            let first = try Speaker(kind, .lb1, in: lab, file(101, isFirst ? 1 : 2))
            let second = try Speaker(kind.other, .lb2, in: lab, file(100, isFirst ? 2 : 1))
            let holder: Lab.Node = .lb1
            try lab.await(["172.17.0.51"], at: holder, within: .seconds(12))
            // Until the down timer of the other one has passed, 6.6 s after the start.
            sleep(4)
            try lab.await(["172.17.0.51"], at: holder, within: .seconds(1))
            let own = kind == .lbctl ? first : second
            #expect(own.program.log.contains("advertisement interval mismatch"))
            try first.stop()
            try second.stop()
            #expect(try capture.stop().complaints == [])
        }
    }

    @Suite struct `Beside a keepalived that drops what it hears` {
        @Test func `another list of addresses leaves one Active router, the preferred lbctl`()
            throws
        {
            let lab = try Lab()
            let (common, extra) = (["172.17.0.51", "172.17.0.61"], ["172.17.0.52", "172.17.0.62"])
            // Version 3 and version 2 at once, to wait for both together.
            func file(_ priority: Int, isLonger: Bool) -> String {
                let lists = zip(common, extra).map { isLonger ? [$0, $1] : [$0] }
                return vrrpInstance(
                    "THREE", vrid: 51, priority: priority, lists[0], "version 3", "advert_int 0.1")
                    + vrrpInstance("TWO", vrid: 52, priority: priority, lists[1], "advert_int 1")
            }
            let first = try Speaker(.lbctl, .lb1, in: lab, file(101, isLonger: false))
            try lab.await(common, at: .lb1, within: .seconds(6))
            let second = try Speaker(.keepalived, .lb2, in: lab, file(100, isLonger: true))
            // It becomes Active, having dropped all that lbctl said so far, and is told its own list.
            for name in ["THREE", "TWO"] {
                try second.program.awaitLog("(\(name)) Entering MASTER STATE", within: .seconds(6))
            }
            try lab.await(common, at: .lb1, within: .seconds(2))
            // Longer than it waits for an Active router.
            sleep(5)
            try lab.await(common, at: .lb1, within: .milliseconds(500))
            #expect(try lab.held(extra, by: .lb2).isEmpty)
            let log = second.program.log
            #expect(log.ranges(of: "Entering MASTER STATE").count == 2, "\(log)")
            let status = try lab.status(.lb1)
            #expect(
                status.contains("lists 172.17.0.51 172.17.0.52, this router 172.17.0.51"),
                "\(status)")
            #expect(
                status.contains("lists 172.17.0.61 172.17.0.62, this router 172.17.0.61"),
                "\(status)")
            #expect(status.contains("echoed"))
            try first.stop()
            try lab.await(common + extra, at: .lb2, within: .seconds(2))
            try second.stop()
        }
    }

    /// Two nodes with lbctl.
    @Suite struct `On the wire between two lbctl` {
        let lab: Lab
        init() throws { lab = try Lab() }

        @Test func `another list of addresses leaves one Active router, also beside keepalived`()
            throws
        {
            func file(_ priority: Int, _ addresses: [String]) -> String {
                vrrpInstance(
                    "LIST", vrid: 51, priority: priority, addresses, "version 3", "advert_int 0.1")
            }
            let (common, extra) = ("172.17.0.51", "172.17.0.52")
            for kind in [Speaker.Kind.lbctl, .keepalived] {
                let first = try Speaker(kind, .lb1, in: lab, file(101, [common]))
                try lab.await([common], at: .lb1, within: .seconds(5))
                let second = try Speaker(.lbctl, .lb2, in: lab, file(100, [common, extra]))
                sleep(1)
                try lab.await([common], at: .lb1, within: .seconds(1))
                #expect(try lab.held([extra], by: .lb2).isEmpty)
                #expect(second.program.log.contains("(LIST) expected 2 VIPs but received 1"))
                try first.stop()
                try lab.await([common, extra], at: .lb2, within: .seconds(1))
                try second.stop()
            }
        }

        @Test func `a trailer is believed with the right key only, and the refusal is shown`()
            throws
        {
            let (right, wrong) = (
                String(repeating: "0a", count: 32), String(repeating: "0b", count: 32)
            )
            func file(_ priority: Int, _ key: String) -> String {
                vrrpInstance(
                    "HMAC", vrid: 51, priority: priority, ["172.17.0.51"], "version 3",
                    "advert_int 0.1", "auth_hmac {", "key 1 hex:\(key)", "}")
                    + vrrpInstance(
                        "HMAC6", vrid: 52, priority: priority, ["2001:db8::52"],
                        "advert_int 0.1", "auth_hmac {", "key 1 hex:\(key)", "}")
            }
            let addresses = ["172.17.0.51", "2001:db8::52"]
            let capture = try VRRPCapture(.lb1, in: lab)
            let first = try Speaker(.lbctl, .lb1, in: lab, file(101, right))
            try lab.await(addresses, at: .lb1, within: .seconds(5))
            let second = try Speaker(.lbctl, .lb2, in: lab, file(100, right))
            sleep(1)
            try lab.await(addresses, at: .lb1, within: .seconds(1))
            let heard = try lab.status(.lb2)
            // Its link-local address may still be checked for a duplicate when the first ones come.
            #expect(
                !heard.contains(
                    /refused: (?!takes-no-part \d+$)/.anchorsMatchLineEndings()), "\(heard)")
            try second.stop()

            let third = try Speaker(.lbctl, .lb2, in: lab, file(100, wrong))
            try third.program.awaitLog(
                "(HMAC) Ignoring advert from 172.17.0.6: wrong authentication code, the keys must be the same",
                within: .seconds(3))
            let shown = try lab.status(.lb2)
            #expect(
                shown.contains(
                    "HMAC: peer 172.17.0.6 heard, refused: wrong authentication code, the keys must be the same"
                ), "\(shown)")
            #expect(shown.contains("wrong-code"))
            let json = try lab.require(.lb2, Lab.binary("lbctl"), "status", "--json")
                .filter { !$0.isWhitespace }
            #expect(json.contains("\"wrong-code\":"))
            try third.stop()
            try first.stop()
            // tshark knows no trailer. Over IPv4, whose checksum covers the message alone as in
            // keepalived, it takes the trailer for a part of it, and finds another sum.
            let seen = try capture.stop()
            #expect(seen.count > 20)
            #expect(seen.complaints.filter { !$0.contains("224.0.0.18") } == [])
        }

        @Test func `a signed router that is killed is resigned for by a message that is taken`()
            throws
        {
            func file(_ priority: Int) -> String {
                vrrpInstance(
                    "HMAC", vrid: 51, priority: priority, ["172.17.0.51"], "version 3",
                    "advert_int 0.3", "auth_hmac {",
                    "key 1 hex:\(String(repeating: "0a", count: 32))", "}")
            }
            let first = try Speaker(.lbctl, .lb1, in: lab, file(101))
            try lab.await(["172.17.0.51"], at: .lb1, within: .seconds(5))
            let second = try Speaker(.lbctl, .lb2, in: lab, file(100))
            // What was signed when it became Active counts as a replay from the next second on.
            sleep(2)
            first.program.signal(SIGKILL)
            // Silence would make it Active 780 ms from here at the earliest.
            try lab.await(["172.17.0.51"], at: .lb2, within: .milliseconds(600))
            #expect(!second.program.log.contains("Ignoring advert"))
            try second.stop()
        }
    }
}
