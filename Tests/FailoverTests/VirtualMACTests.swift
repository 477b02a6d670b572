import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

private let hardware: [UInt8] = [0, 0, 0x5E, 0, 1, 51]

/// A virtual router whose addresses answer with a hardware address of their own, on `link`.
private func router(on link: String?) throws -> FailoverConfiguration {
    try router(priority: 100) { router in
        router.virtualMAC = link.flatMap { name in
            HardwareAddress(octets: hardware).map { VirtualMAC(linkName: name, address: $0) }
        }
    }
}

extension TestNetwork {
    /// The interfaces of a node that hold 10.9.0.100.
    fileprivate func holders(_ node: String) throws -> [String] {
        try ip(node, "-4", "-o", "addr", "show").split(separator: "\n")
            .filter { $0.contains(" 10.9.0.100/") }
            .compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) }
    }
}

extension `On a LAN` {
    @Suite struct `A virtual hardware address` {
        @Test func `comes, is renamed and goes by reloads, while the router stays Active`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let first = try TestNode(router(on: nil), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(router(priority: 90), in: network.namespace("b"))
            #expect(second.waitForLine("(VI_1) master set to 10.9.0.1", within: .seconds(1)))
            for (link, holder) in [
                ("vrrp.51", "vrrp.51"), ("virtual", "virtual"), (nil, "eth1"),
            ] {
                let next = try router(on: link)
                let announced = wire.frames.count
                #expect(first.perform { (try? $0.reconfigure(next)) != nil } == true)
                #expect(try network.holders("a") == [holder])
                let router = try #require(first.snapshot?.routers.first)
                #expect(router.state == .active)
                #expect(router.counters.becameActive == 1)
                #expect(router.counters.releasesSent == 0)
                // All of eth1, or all of the link, says where the address is now.
                #expect(
                    eventually(within: .seconds(1)) {
                        let frames = wire.frames.dropFirst(announced)
                            .filter { $0.announced == [10, 9, 0, 100] }
                        let own = frames.filter { Array($0.bytes[6..<12]) == hardware }
                        return frames.count == 5 && own.count == (link == nil ? 0 : 5)
                    }, "\(holder)")
            }
            #expect(try !network.ip("a", "-o", "link").contains("00:00:5e:00:01:33"))
            #expect(second.snapshot?.routers.first?.counters.becameActive == 0)
            #expect(!first.lines.contains { $0.contains("FAULT") })
            first.shutDown()
            second.shutDown()
            wire.stop()
        }

        @Test func `that another link has is waited for`() throws {
            let network = try TestNetwork()
            try network.ip(
                "a", "link", "add", "other", "link", "eth1", "address", "00:00:5e:00:01:33", "type",
                "macvlan", "mode", "private")
            try network.ip("a", "link", "set", "other", "up")
            let node = try TestNode(router(on: "vrrp.51"), in: network.namespace("a"))
            let refusals = { node.lines.count { $0.hasPrefix("set up interface ") } }
            #expect(refusals() == 1)
            #expect(node.snapshot?.routers.first?.state == .fault)
            let start = MonotonicInstant.now
            try network.ip("a", "link", "del", "other")
            #expect(node.waitForState(.active, since: start, within: .seconds(2)) != nil)
            #expect(refusals() == 1)
            #expect(try network.holders("a") == ["vrrp.51"])
            node.shutDown()
        }

        @Test func `two at once are made once each, and go`() throws {
            let record = try WireRecord.shared.get()
            #expect(!record.lines.contains { $0.contains("FAULT") || $0.contains("File exists") })
        }

        @Test func `over IPv6, the first advertisement leaves before the link has an address`()
            throws
        {
            let record = try WireRecord.shared.get()
            #expect(!record.lines.contains { $0.contains("advert not sent") })
        }

        @Test func `with vmac_xmit_base, advertisements come from the interface below`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            var settings = try router(on: "vrrp.51")
            settings.routers[0].virtualMAC?.advertisesFromBase = true
            let below = try network.ip("a", "-o", "link", "show", "eth1")
            let own = try #require(
                below.split(separator: " ").drop { $0 != "link/ether" }.dropFirst().first)
            let node = try TestNode(settings, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            func senders(_ isAdvertisement: Bool) -> Set<String> {
                Set(
                    wire.frames.filter {
                        isAdvertisement
                            ? $0.advertisement != nil : $0.announced == [10, 9, 0, 100]
                    }.compactMap { HardwareAddress(octets: $0.bytes[6..<12])?.description })
            }
            #expect(eventually(within: .seconds(1)) { senders(false).count == 1 })
            #expect(senders(true) == [String(own)])
            #expect(senders(false) == ["00:00:5e:00:01:33"])
            // And by the link without it.
            let next = try router(on: "vrrp.51")
            _ = node.perform { try? $0.reconfigure(next) }
            #expect(
                eventually(within: .seconds(1)) { senders(true).contains("00:00:5e:00:01:33") })
            #expect(node.snapshot?.routers.first?.counters.becameActive == 1)
            node.shutDown()
            wire.stop()
        }

        @Test func `over IPv6, the addresses are on the link and answer with it`() throws {
            let network = try TestNetwork()
            for node in ["a", "b"] {
                let off = "echo 0 > /proc/sys/net/ipv6/conf/eth1/accept_dad"
                try run("ip", "netns", "exec", network.namespace(node), "sh", "-c", off)
                try network.ip(node, "link", "set", "eth1", "down")
                try network.ip(node, "link", "set", "eth1", "up")
            }
            let addresses = [
                HeldAddress(address: try #require(IPAddress("fe80::51"))),
                HeldAddress(address: try #require(IPAddress("2001:db8::100")), prefixLength: 64),
            ]
            let mac = HardwareAddress(octets: [0, 0, 0x5E, 0, 2, 51])
            func settings(_ priority: UInt8) throws -> FailoverConfiguration {
                try router(priority: priority) { router in
                    router.addresses = addresses
                    router.virtualMAC = mac.map { VirtualMAC(linkName: "vrrp6.51", address: $0) }
                }
            }
            let first = try TestNode(settings(101), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(3)) != nil)
            let second = try TestNode(settings(100), in: network.namespace("b"))
            usleep(500_000)
            let peer = try #require(second.snapshot?.routers.first)
            #expect(peer.state == .backup)
            #expect(peer.counters.received >= 3)
            let held = try network.ip("a", "-6", "-o", "addr", "show", "dev", "vrrp6.51")
            #expect(held.contains("2001:db8::100/64"))
            #expect(held.contains("fe80::51/128"))
            #expect(!held.contains("tentative"))
            try network.ip("b", "addr", "add", "2001:db8::2/64", "dev", "eth1", "nodad")
            try run(
                "ip", "netns", "exec", network.namespace("b"), "ping", "-6", "-c", "1", "-W", "2",
                "2001:db8::100")
            #expect(
                try network.ip("b", "-6", "neigh", "show", "2001:db8::100")
                    .contains("00:00:5e:00:02:33"))
            first.shutDown()
            #expect(second.waitForState(.active, within: .seconds(1)) != nil)
            second.shutDown()
            #expect(try !network.ip("a", "-o", "link").contains("vrrp6.51"))
        }

        @Test func `sends on what comes in for others while Active, and only then`() throws {
            let network = try TestNetwork()
            let script = "echo 1 > /proc/sys/net/ipv4/ip_forward"
            try run("ip", "netns", "exec", network.namespace("a"), "sh", "-c", script)
            func forwards() throws -> String {
                try run(
                    "ip", "netns", "exec", network.namespace("a"), "cat",
                    "/proc/sys/net/ipv4/conf/vrrp.51/forwarding")
            }
            let node = try TestNode(router(on: "vrrp.51"), in: network.namespace("a"))
            #expect(node.waitForState(.backup, within: .seconds(1)) != nil)
            #expect(try forwards() == "0\n")
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(try eventually(within: .seconds(1)) { try forwards() == "1\n" })
            _ = node.perform { try? $0.release(router: "VI_1") }
            #expect(try forwards() == "0\n")
            // A first IPv6 address by a reload finds IPv6 switched on.
            var next = try router(on: "vrrp.51")
            next.routers[0].excludedAddresses = [
                HeldAddress(address: try #require(IPAddress("2001:db8::100")))
            ]
            let wanted = next
            _ = node.perform { try? $0.reconfigure(wanted) }
            _ = node.perform { try? $0.takeOver(router: "VI_1") }
            #expect(
                try network.ip("a", "-6", "addr", "show", "dev", "vrrp.51")
                    .contains("2001:db8::100"))
            #expect(try forwards() == "1\n")
            // An Active router that loses its last one, and gets one anew, switches IPv6 likewise.
            for settings in [try router(on: "vrrp.51"), wanted] {
                #expect(node.perform { (try? $0.reconfigure(settings)) != nil } == true)
                #expect(
                    try network.ip("a", "-6", "addr", "show", "dev", "vrrp.51")
                        .contains("2001:db8::100") == !settings.routers[0].excludedAddresses.isEmpty
                )
            }
            node.shutDown()
        }
    }
}
