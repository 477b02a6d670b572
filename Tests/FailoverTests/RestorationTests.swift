import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

extension TestNetwork {
    /// Takes 10.9.0.100 off `eth1` of node a as somebody else would.
    ///
    /// - Returns: The time until it was there again; `nil`: not within a second.
    fileprivate func removeVirtualAddress() throws -> Duration? {
        try inside("a") {
            let manager = try AddressManager()
            let wanted = InternetAddress(10, 9, 0, 100)
            let present = try manager.list().first { $0.address == wanted }
            let start = MonotonicInstant.now
            _ = try manager.remove(try #require(present))
            while .now - start < .seconds(1) {
                if try manager.list().contains(where: { $0.address == wanted }) {
                    return .now - start
                }
                usleep(100)
            }
            return nil
        }
    }
}

extension `On a LAN` {
    @Suite struct `A virtual address that somebody takes off` {
        @Test func `is back within 10 ms, five times; then the node gives way`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            let other = try TestNode(router(priority: 90), in: network.namespace("b"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            var times: [Duration] = []
            for _ in 0..<5 { times.append(try #require(try network.removeVirtualAddress())) }
            print("restored after \(times)")
            // The median, for the sake of a machine that does other things.
            #expect(times.sorted()[2] < .milliseconds(10))
            #expect(node.snapshot?.routers.first?.counters.addressesRestored == 5)
            #expect(node.snapshot?.routers.first?.state == .active)

            let start = MonotonicInstant.now
            #expect(try network.removeVirtualAddress() == nil)
            #expect(other.waitForState(.active, since: start, within: .seconds(1)) != nil)
            #expect(
                node.lines.contains(
                    "(VI_1) giving way: 10.9.0.100 is removed from eth1 again and again"))
            #expect(node.lines.contains("(VI_1) sent 0 priority"))
            let snapshot = try #require(node.snapshot?.routers.first)
            #expect(snapshot.state == .backup)
            #expect(snapshot.isDeferring)
            #expect(snapshot.counters.gaveWay == 1)
            // More than the down interval of 0.36 s: it does not take the address back.
            usleep(800_000)
            #expect(node.snapshot?.routers.first?.state == .backup)
            node.shutDown()
            other.shutDown()
        }

        @Test func `counts each by itself: six that go once all come back`() throws {
            let network = try TestNetwork()
            let node = try TestNode(
                router(priority: 100) {
                    $0.addresses = (100..<106).map {
                        HeldAddress(address: IPv4Address(10, 9, 0, UInt8($0)))
                    }
                }, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            for host in 100..<106 {
                try network.ip("a", "addr", "del", "10.9.0.\(host)/32", "dev", "eth1")
            }
            #expect(
                eventually(within: .seconds(1)) {
                    node.snapshot?.routers.first?.counters.addressesRestored == 6
                })
            #expect(try network.taggedAddresses("a").count == 6)
            #expect(node.snapshot?.routers.first?.counters.gaveWay == 0)
            #expect(node.snapshot?.routers.first?.state == .active)
            node.shutDown()
        }

        @Test func `a route that the kernel drops comes back, and changes in numbers wait`() throws
        {
            let network = try TestNetwork()
            try network.ip("a", "link", "add", "eth2", "type", "veth", "peer", "name", "far2")
            for link in ["far2", "eth2"] { try network.ip("a", "link", "set", link, "up") }
            let destination = InternetPrefix(InternetAddress(10, 5, 0, 0), length: 16)
            let node = try TestNode(
                router(priority: 100) {
                    $0.routes = [HeldRoute(Route(to: destination), interface: "eth1")]
                    $0.trackedInterfaces = [TrackedName(name: "eth2", weight: 1)]
                }, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            // No message tells of this one, since another's tag is on it for a moment.
            try network.ip("a", "route", "replace", "10.5.0.0/16", "dev", "eth1", "proto", "99")
            try network.ip("a", "route", "del", "10.5.0.0/16", "dev", "eth1", "proto", "99")
            try network.ip("a", "link", "set", "eth2", "down")
            #expect(
                eventually(within: .seconds(1)) {
                    node.snapshot?.routers.first?.counters.routesRestored == 1
                })
            #expect(
                try network.ip("a", "route", "show", "proto", "108").contains("10.5.0.0/16"))
            node.shutDown()
        }

        @Test func `those that leave are told of, also excluded ones, also by a reload`() throws {
            let network = try TestNetwork()
            let excluded = HeldAddress(address: IPv4Address(10, 9, 0, 120))
            func settings(_ excluded: [HeldAddress]) throws -> FailoverConfiguration {
                try router(priority: 100) { $0.excludedAddresses = excluded }
            }
            let node = try TestNode(settings([excluded]), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            func lost() -> [[IPAddress]] {
                node.events.compactMap { event in
                    guard case .router(_, .loses(let addresses)) = event else { return nil }
                    return addresses
                }
            }
            let (fewer, more) = (try settings([]), try settings([excluded]))
            _ = node.perform { try? $0.reconfigure(fewer) }
            #expect(lost() == [[excluded.address]])
            _ = node.perform { try? $0.reconfigure(more) }
            // One that only moves to another link of the node does not leave it.
            var moved = more
            moved.routers[0].virtualMAC = HardwareAddress(octets: [0, 0, 0x5E, 0, 1, 51]).map {
                VirtualMAC(linkName: "vrrp.51", address: $0)
            }
            let next = moved
            _ = node.perform { try? $0.reconfigure(next) }
            #expect(lost().count == 1)
            node.shutDown()
            #expect(
                lost().last
                    == [.v4(IPv4Address(10, 9, 0, 100)), excluded.address])
        }

        @Test func `stops the router when the interface that it names goes`() throws {
            let network = try TestNetwork()
            let configuration = try router(priority: 100) {
                $0.addresses[0].interface = "eth2"
            }
            try network.ip("a", "link", "add", "eth2", "type", "veth", "peer", "name", "far2")
            try network.ip("a", "link", "set", "far2", "up")
            try network.ip("a", "link", "set", "eth2", "up")
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.ip("a", "link", "del", "eth2")
            #expect(
                node.waitForLine(
                    "(VI_1): entering FAULT state (interface eth2 down)", within: .seconds(1)))
            #expect(node.waitForState(.fault, within: .seconds(1)) != nil)
            node.shutDown()
        }

        @Test func `is not put back where the source address went too`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.ip("a", "addr", "flush", "dev", "eth1")
            #expect(node.waitForState(.fault, within: .seconds(1)) != nil)
            #expect(node.snapshot?.routers.first?.counters.addressesRestored == 0)
            #expect(node.snapshot?.routers.first?.counters.gaveWay == 0)
            #expect(try !network.addresses("a").contains("10.9.0.100"))
            node.shutDown()
        }
    }
}
