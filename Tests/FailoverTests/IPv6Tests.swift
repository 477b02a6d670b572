@testable import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

private func ip(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

/// A virtual router over IPv6, otherwise as ``router(priority:_:)`` makes it.
private func router6(
    priority: UInt8, _ change: (inout RouterSettings) -> Void = { _ in }
) throws -> FailoverConfiguration {
    let addresses = [
        HeldAddress(address: try ip("fe80::51")),
        HeldAddress(address: try ip("2001:db8::100"), prefixLength: 64),
    ]
    return try router(priority: priority) { router in
        router.addresses = addresses
        change(&router)
    }
}

extension TestNetwork {
    /// The IPv6 addresses of `eth1` in a node, as `ip` prints them.
    fileprivate func addresses6(_ node: String) throws -> String {
        try ip(node, "-6", "-d", "addr", "show", "dev", "eth1")
    }

    /// Sets a link up without duplicate detection, so that its link-local address works at once.
    fileprivate func skipDetection() throws {
        for node in ["a", "b"] {
            let off = "echo 0 > /proc/sys/net/ipv6/conf/eth1/accept_dad"
            try run("ip", "netns", "exec", namespace(node), "sh", "-c", off)
            try ip(node, "link", "set", "eth1", "down")
            try ip(node, "link", "set", "eth1", "up")
        }
    }
}

extension TestWire.Frame {
    /// Source, destination, Hop Limit and VRRP message of an advertisement over IPv6.
    fileprivate var advertisement6:
        (source: [UInt8], destination: [UInt8], hopLimit: UInt8, message: [UInt8])?
    {
        guard bytes.count > 62, bytes[12] == 0x86, bytes[13] == 0xDD, bytes[20] == 112 else {
            return nil
        }
        let length = Int(bytes[18]) << 8 | Int(bytes[19])
        guard bytes.count >= 54 + length else { return nil }
        return (
            Array(bytes[22..<38]), Array(bytes[38..<54]), bytes[21],
            Array(bytes[54..<(54 + length)])
        )
    }

    /// The address that an unsolicited neighbour advertisement announces.
    fileprivate var neighbour: [UInt8]? {
        guard bytes.count >= 86, bytes[12] == 0x86, bytes[13] == 0xDD, bytes[20] == 58,
            bytes[54] == 136
        else { return nil }
        return Array(bytes[62..<78])
    }
}

extension `On a LAN` {
    @Suite struct `Over IPv6` {
        @Test func `the higher priority holds the addresses, announces them and advertises`() throws
        {
            let network = try TestNetwork()
            try network.skipDetection()
            let wire = try TestWire(network, at: "b")
            let first = try TestNode(router6(priority: 101), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(router6(priority: 100), in: network.namespace("b"))
            usleep(400_000)
            #expect(second.snapshot?.routers.first?.state == .backup)
            let source = try #require(first.snapshot?.routers.first?.sourceAddress)
            #expect(source.ipv6?.isLinkLocal == true)
            let heard = try #require(second.snapshot?.routers.first?.peers.first)
            #expect(heard.address == source)
            #expect(heard.advertisement?.priority.rawValue == 101)
            #expect(heard.advertisement?.version == .v3)
            #expect(heard.acceptedCount >= 3)
            #expect(heard.refused.total == 0)
            let held = try network.addresses6("a")
            #expect(held.contains("inet6 fe80::51/128"))
            #expect(held.contains("inet6 2001:db8::100/64"))
            #expect(!held.contains("tentative"))
            #expect(try !network.addresses6("b").contains("2001:db8::100"))

            let adverts = wire.frames.compactMap(\.advertisement6)
            #expect(adverts.count >= 3)
            let virtual = try ip("2001:db8::100").octets
            for advert in adverts {
                #expect(advert.source == source.octets)
                #expect(advert.destination == (try ip("ff02::12").octets))
                #expect(advert.hopLimit == 255)
                #expect(advert.message.prefix(6) == [0x31, 51, 101, 2, 0, 10])
                #expect(advert.message.count == 40)
                #expect(Array(advert.message[24..<40]) == virtual)
            }
            let announced = wire.frames.compactMap(\.neighbour)
            #expect(announced.count { $0 == virtual } == 5)
            first.shutDown()
            #expect(second.waitForState(.active, within: .seconds(1)) != nil)
            #expect(try !network.addresses6("a").contains("2001:db8::100"))
            #expect(try network.addresses6("b").contains("inet6 2001:db8::100/64"))
            second.shutDown()
            wire.stop()
        }

        @Test func `a link-local address that is still being checked is waited for`() throws {
            let network = try TestNetwork()
            try network.ip("a", "link", "set", "eth1", "down")
            try network.ip("a", "link", "set", "eth1", "up")
            let node = try TestNode(router6(priority: 101), in: network.namespace("a"))
            let waiting = try #require(node.snapshot?.routers.first)
            #expect(waiting.faultCauses == [.addressAwaited(interface: "eth1")])
            #expect(waiting.state == .stopped)
            #expect(
                waiting.notes == [
                    "does not take part yet: waiting for a link-local IPv6 address of interface eth1"
                ])
            #expect(node.waitForState(.active, within: .seconds(5)) != nil)
            #expect(!node.lines.contains { $0.contains("FAULT") })
            node.shutDown()
        }

        @Test func `a virtual address that somebody takes off comes back`() throws {
            let network = try TestNetwork()
            try network.skipDetection()
            let node = try TestNode(router6(priority: 101), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.ip("a", "addr", "del", "2001:db8::100/64", "dev", "eth1")
            #expect(
                try eventually(within: .milliseconds(500)) {
                    try network.addresses6("a").contains("2001:db8::100")
                })
            #expect(node.snapshot?.routers.first?.counters.addressesRestored == 1)
            #expect(node.snapshot?.routers.first?.state == .active)
            node.shutDown()
        }

        @Test func `one that is there with another prefix gets its own, and goes with it`() throws {
            let network = try TestNetwork()
            func settings(_ priority: UInt8) throws -> FailoverConfiguration {
                let held = HeldAddress(address: try ip("2001:db8::100"))
                return try router(priority: priority) { $0.excludedAddresses = [held] }
            }
            let other = try TestNode(settings(101), in: network.namespace("b"))
            #expect(other.waitForState(.active, within: .seconds(2)) != nil)
            let node = try TestNode(settings(100), in: network.namespace("a"))
            #expect(node.waitForLine("(VI_1) master set to 10.9.0.2", within: .seconds(1)))
            try network.ip("a", "addr", "add", "2001:db8::100/64", "dev", "eth1", "nodad")
            other.shutDown()
            #expect(node.waitForState(.active, within: .seconds(1)) != nil)
            #expect(
                try eventually(within: .seconds(1)) {
                    try network.addresses6("a").contains("2001:db8::100/128")
                })
            #expect(try !network.addresses6("a").contains("2001:db8::100/64"))
            node.shutDown()
            #expect(try !network.addresses6("a").contains("2001:db8::100"))
        }

        @Test func `version 2, which there is none of, is version 3 from the start`() throws {
            let settings = try router6(priority: 100) {
                $0.interval = .v2(.init(rounding: .oneSecond))
            }
            let configuration = VirtualRouter.Configuration(
                settings.routers[0], primaryAddress: try ip("fe80::1"), advertisedCount: 2)
            #expect(configuration.interval == .v3(.oneSecond))
            #expect(VirtualRouter(configuration: configuration).configuration == configuration)
        }

        @Test func `a link that goes down takes the addresses along, and gets them back`() throws {
            let network = try TestNetwork()
            try network.skipDetection()
            let node = try TestNode(router6(priority: 101), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let start = MonotonicInstant.now
            try network.ip("a", "link", "set", "eth1", "down")
            #expect(node.waitForState(.fault, since: start, within: .seconds(1)) != nil)
            try network.ip("a", "link", "set", "eth1", "up")
            #expect(node.waitForState(.active, since: start, within: .seconds(5)) != nil)
            #expect(node.snapshot?.routers.first?.counters.addressesRestored == 0)
            #expect(try network.addresses6("a").contains("2001:db8::100"))
            node.shutDown()
        }

        @Test func `an interface that had no IPv6 for a moment is heard on again`() throws {
            let network = try TestNetwork()
            try network.skipDetection()
            let first = try TestNode(router6(priority: 101), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(router6(priority: 100), in: network.namespace("b"))
            let source = try #require(first.snapshot?.routers.first?.sourceAddress)
            #expect(second.waitForLine("(VI_1) master set to \(source)", within: .seconds(1)))
            let start = MonotonicInstant.now
            // Below 1280 bytes there is no IPv6: the kernel forgets who listens to which group.
            let isDone = second.perform { _ in
                (try? run("ip", "link", "set", "eth1", "mtu", "1200")) != nil
                    && (try? run("ip", "link", "set", "eth1", "mtu", "1500")) != nil
            }
            #expect(isDone == true)
            #expect(second.waitForState(.backup, since: start, within: .seconds(5)) != nil)
            // More than the down interval of 0.36 s.
            usleep(800_000)
            let router = try #require(second.snapshot?.routers.first)
            #expect(router.state == .backup)
            #expect(try #require(router.lastHeard).at > start + .seconds(1))
            first.shutDown()
            second.shutDown()
        }

        @Test func `one election moves both families`() throws {
            let network = try TestNetwork()
            let companion = HeldAddress(address: try ip("2001:db8::100"), prefixLength: 64)
            let node = try TestNode(
                router(priority: 101) { $0.excludedAddresses = [companion] },
                in: network.namespace("a"))
            let wire = try TestWire(network, at: "b")
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(try network.addresses("a").contains("10.9.0.100"))
            #expect(try network.addresses6("a").contains("2001:db8::100"))
            let octets = try ip("2001:db8::100").octets
            #expect(
                eventually(within: .seconds(1)) {
                    wire.frames.compactMap(\.neighbour).contains(octets)
                })
            #expect(wire.frames.compactMap(\.advertisement).count >= 1)
            #expect(wire.frames.compactMap(\.advertisement6).isEmpty)
            try network.ip("a", "addr", "del", "2001:db8::100/64", "dev", "eth1")
            #expect(
                try eventually(within: .milliseconds(500)) {
                    try network.addresses6("a").contains("2001:db8::100")
                })
            node.shutDown()
            #expect(try !network.addresses6("a").contains("2001:db8::100"))
            wire.stop()
        }

        @Test func `one VRID serves both families side by side`() throws {
            let network = try TestNetwork()
            try network.skipDetection()
            var configuration = try router(priority: 101)
            configuration.routers += try router6(priority: 101) { $0.name = "VI_6" }.routers
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(
                eventually(within: .seconds(3)) {
                    node.snapshot?.routers.map(\.state) == [.active, .active]
                })
            node.shutDown()
        }
    }
}
