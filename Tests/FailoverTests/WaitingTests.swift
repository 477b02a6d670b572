import Failover
import LinuxIO
import Netlink
import Testing
import VRRPCore

extension TestNetwork {
    fileprivate func set(_ parameter: String, _ value: Int, at node: String) throws {
        let command = "echo \(value) > /proc/sys/net/ipv6/conf/eth1/\(parameter)"
        try run("ip", "netns", "exec", namespace(node), "sh", "-c", command)
    }
}

extension `On a LAN` {
    @Suite struct `What should come by itself` {
        @Test func `an IPv6 address that never comes is a fault after 5 s, with its cause`() throws
        {
            let network = try TestNetwork()
            let held = HeldAddress(address: try #require(IPAddress("2001:db8::100")))
            let settings = try router(priority: 100) { $0.addresses = [held] }
            // On a there is no IPv6 any more; on b the link-local address is another one's.
            let started = MonotonicInstant.now
            try network.set("disable_ipv6", 1, at: "a")
            try network.set("addr_gen_mode", 1, at: "b")
            try network.ip("b", "link", "set", "eth1", "down")
            try network.ip("b", "link", "set", "eth1", "up")
            try run(
                "ip", "-n", network.switchboard, "addr", "add", "fe80::77/64", "dev", "br0", "nodad"
            )
            try network.ip("b", "addr", "add", "fe80::77/64", "dev", "eth1")
            let a = try TestNode(settings, in: network.namespace("a"))
            let b = try TestNode(settings, in: network.namespace("b"))
            let causes = [
                (a, "IPv6 is switched off there (disable_ipv6)"),
                (b, "another station has fe80::77 (duplicate address detection)"),
            ]
            for (node, _) in causes { #expect(!node.lines.contains { $0.contains("FAULT") }) }
            for (node, cause) in causes {
                let line =
                    "(VI_1): entering FAULT state (no IPv6 address for interface eth1: \(cause))"
                #expect(node.waitForLine(line, within: .seconds(7)), "\(node.lines)")
                #expect(.now - started > .seconds(5))
                #expect(node.lines.contains("(VI_1) Entering FAULT STATE (init)"))
                #expect(node.snapshot?.routers.first?.state == .fault)
                #expect(
                    node.snapshot?.routers.first?.notes == [
                        "in fault: no IPv6 address for interface eth1: \(cause)"
                    ])
            }
            // It takes part as soon as there is one.
            try network.set("disable_ipv6", 0, at: "a")
            #expect(a.waitForState(.active, within: .seconds(5)) != nil)
            a.shutDown()
            b.shutDown()
        }

        @Test func `the link of a virtual hardware address is set up again`() throws {
            let network = try TestNetwork()
            let mac = HardwareAddress(octets: [0, 0, 0x5E, 0, 1, 51])
            let node = try TestNode(
                router(priority: 100) { router in
                    router.virtualMAC = mac.map { VirtualMAC(linkName: "vrrp.51", address: $0) }
                }, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let start = MonotonicInstant.now
            try network.ip("a", "link", "set", "vrrp.51", "down")
            #expect(
                try eventually(within: .seconds(1)) {
                    try network.ip("a", "-o", "link", "show", "vrrp.51").contains(",UP")
                })
            #expect(node.waitForState(.active, since: start, within: .seconds(2)) != nil)
            node.shutDown()
        }
    }
}
