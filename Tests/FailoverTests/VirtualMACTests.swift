import Failover
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
    }
}
