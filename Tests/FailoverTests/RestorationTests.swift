import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

extension TestNetwork {
    /// Takes 10.9.0.100 off `eth1` of node a as somebody else would, once it is there.
    ///
    /// - Returns: The time until it was there again; `nil`: not within a second.
    fileprivate func removeVirtualAddress() throws -> Duration? {
        try inside("a") {
            let manager = try AddressManager()
            let wanted = InternetAddress(10, 9, 0, 100)
            func awaited(since start: MonotonicInstant) throws -> InterfaceAddress? {
                while .now - start < .seconds(1) {
                    let listed = try manager.list(family: .v4)
                    if let found = listed.first(where: { $0.address == wanted }) { return found }
                    usleep(100)
                }
                return nil
            }
            guard let present = try awaited(since: .now) else {
                throw CommandFailure(text: "10.9.0.100 is not there to be taken off")
            }
            let start = MonotonicInstant.now
            _ = try manager.remove(present)
            return try awaited(since: start).map { _ in .now - start }
        }
    }

    /// Has the kernel refuse IPv6 addresses on `eth1` of a node, and take off those that are there.
    fileprivate func setIPv6(_ isOn: Bool, at node: String) throws {
        let command = "echo \(isOn ? 0 : 1) > /proc/sys/net/ipv6/conf/eth1/disable_ipv6"
        try run("ip", "netns", "exec", namespace(node), "sh", "-c", command)
    }
}

/// A virtual router that holds an IPv6 address as well.
private func dualRouter(
    priority: UInt8, _ change: (inout RouterSettings) -> Void = { _ in }
) throws -> FailoverConfiguration {
    let excluded = HeldAddress(address: try #require(IPAddress("2001:db8::100")))
    return try router(priority: priority) { router in
        router.excludedAddresses = [excluded]
        change(&router)
    }
}

extension `On a LAN` {
    @Suite struct `A virtual address that a reload gives to another router` {
        @Test func `stays where it is, and connections through it too`() throws {
            let network = try TestNetwork()
            func settings(_ first: [UInt8], _ second: [UInt8]) throws -> FailoverConfiguration {
                func held(_ hosts: [UInt8]) -> [HeldAddress] {
                    hosts.map { host in
                        var held = HeldAddress(address: IPv4Address(10, 9, 0, host))
                        // Nobody would put it back.
                        held.isTracked = false
                        return held
                    }
                }
                var configuration = try router(priority: 100) { $0.addresses = held(first) }
                if !second.isEmpty {
                    let vrid = try #require(VRID(52))
                    configuration.routers += try router(priority: 100) {
                        ($0.name, $0.vrid, $0.addresses) = ("VI_2", vrid, held(second))
                    }.routers
                }
                return configuration
            }
            let node = try TestNode(settings([100, 101], [102]), in: network.namespace("a"))
            let active: [RouterState] = [.active, .active]
            #expect(
                eventually(within: .seconds(2)) {
                    node.snapshot?.routers.map(\.state) == active
                })
            func present() throws -> [String] {
                (100...102).map { "10.9.0.\($0)" }.filter(try network.addresses("a").contains)
            }
            let all = ["10.9.0.100", "10.9.0.101", "10.9.0.102"]
            for next in [
                try settings([100], [101, 102]), try settings([100, 101], [102]),
                try settings([100, 101, 102], []),
            ] {
                #expect(node.perform { (try? $0.reconfigure(next)) != nil } == true)
                #expect(try present() == all)
                #expect(
                    node.snapshot?.routers.map { $0.heldAddresses.count }
                        == next.routers.map(\.addresses.count))
            }
            #expect(
                !node.events.contains { event in
                    if case .router(_, .loses) = event { true } else { false }
                })
            let fewer = try settings([100], [])
            #expect(node.perform { (try? $0.reconfigure(fewer)) != nil } == true)
            #expect(try present() == ["10.9.0.100"])
            let last = node.events.compactMap { event -> [IPAddress]? in
                if case .router(_, .loses(let addresses)) = event { addresses } else { nil }
            }
            #expect(last.flatMap(\.self).map { "\($0)" } == ["10.9.0.101", "10.9.0.102"])
            node.shutDown()
            #expect(try present() == [])
        }
    }

    @Suite struct `A virtual address that somebody takes off` {
        @Test func `is back within 10 ms, five times; then the node gives way`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            let other = try TestNode(router(priority: 90), in: network.namespace("b"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            var times: [Duration] = []
            for _ in 0..<5 { times.append(try #require(try network.removeVirtualAddress())) }
            print("restored after \(times)")
            // All but one, for the sake of a machine that does other things.
            #expect(times.sorted()[3] < .milliseconds(10))
            #expect(node.snapshot?.routers.first?.counters.addressesRestored == 5)
            #expect(node.snapshot?.routers.first?.state == .active)

            let start = MonotonicInstant.now
            _ = try network.removeVirtualAddress()
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
            #expect(node.snapshot?.routers.first?.counters.addressesRestored == 5)
            #expect(try !network.addresses("a").contains("10.9.0.100"))
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

        @Test func `a route that is there stays when the way to its gateway goes`() throws {
            let network = try TestNetwork()
            try network.ip("a", "route", "add", "10.7.0.0/24", "dev", "eth1")
            var through = Route(to: InternetPrefix(InternetAddress(10, 5, 0, 0), length: 16))
            through.gateway = InternetAddress(10, 7, 0, 1)
            let other = Route(to: InternetPrefix(InternetAddress(10, 6, 0, 0), length: 16))
            let routes = [through, other].map { HeldRoute($0, interface: "eth1") }
            let node = try TestNode(
                router(priority: 100) { $0.routes = routes }, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.ip("a", "route", "del", "10.7.0.0/24", "dev", "eth1")
            // Nobody tells of this one: it comes back once all that are held have been looked for.
            try network.ip("a", "route", "replace", "10.6.0.0/16", "dev", "eth1", "proto", "99")
            try network.ip("a", "route", "del", "10.6.0.0/16", "dev", "eth1", "proto", "99")
            try network.ip("a", "addr", "add", "10.9.0.200/32", "dev", "eth1")
            #expect(
                eventually(within: .seconds(1)) {
                    node.snapshot?.routers.first?.counters.routesRestored == 1
                })
            #expect(node.snapshot?.routers.first?.state == .active)
            #expect(node.snapshot?.routers.first?.counters.gaveWay == 0)
            let held = try network.ip("a", "route", "show", "proto", "108")
            #expect(held.contains("10.5.0.0/16 via 10.7.0.1") && held.contains("10.6.0.0/16"))
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

        @Test func `one that a reload moves to where it can't be is told of`() throws {
            let network = try TestNetwork()
            func settings(_ interface: String?) throws -> FailoverConfiguration {
                try router(priority: 100) {
                    $0.addresses[0].interface = interface
                    $0.addresses[0].isTracked = false
                }
            }
            let node = try TestNode(settings(nil), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let next = try settings("eth9")
            #expect(node.perform { (try? $0.reconfigure(next)) != nil } == true)
            let lost = node.events.compactMap { event -> [IPAddress]? in
                if case .router(_, .loses(let addresses)) = event { addresses } else { nil }
            }
            #expect(lost == [[.v4(IPv4Address(10, 9, 0, 100))]])
            #expect(try !network.addresses("a").contains("10.9.0.100"))
            node.shutDown()
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
            // Before that it may be down, or have lost the address: as the kernel's news come.
            #expect(
                node.waitForLine(
                    "(VI_1): entering FAULT state (interface eth2 does not exist)",
                    within: .seconds(1)))
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

extension `On a LAN` {
    @Suite struct `An address that the system refuses` {
        @Test func `goes with all others to a node that can hold it`() throws {
            let network = try TestNetwork()
            try network.setIPv6(false, at: "a")
            let other = try TestNode(dualRouter(priority: 90), in: network.namespace("b"))
            let node = try TestNode(dualRouter(priority: 100), in: network.namespace("a"))
            #expect(
                node.waitForLine(
                    "(VI_1) giving way: it can't have 2001:db8::100 on eth1", within: .seconds(2)))
            let start = MonotonicInstant.now
            #expect(other.waitForState(.active, since: start, within: .seconds(1)) != nil)
            let router = try #require(node.snapshot?.routers.first)
            #expect(router.state == .backup)
            #expect(router.heldAddresses == [])
            #expect(router.refusedParts.map(\.part) == ["2001:db8::100 on eth1"])
            #expect(router.notes.first?.hasPrefix("could not hold 2001:db8::100 on eth1: ") == true)
            #expect(router.notes.first?.contains("ermission denied") == true)
            // Only what it held was announced.
            let announced = node.events.compactMap { event -> IPAddress? in
                if case .announced(let address, _) = event { address } else { nil }
            }
            #expect(Set(announced) == [.v4(IPv4Address(10, 9, 0, 100))])
            // Longer than its down interval of 0.36 s: the other one keeps them.
            usleep(500_000)
            #expect(node.snapshot?.routers.first?.state == .backup)
            #expect(try #require(other.snapshot?.routers.first).heldAddresses.count == 2)
            node.shutDown()
            other.shutDown()
        }

        @Test func `is left out where no node can hold it, and tried again`() throws {
            let network = try TestNetwork()
            for name in ["a", "b"] { try network.setIPv6(false, at: name) }
            func settings(_ priority: UInt8) throws -> FailoverConfiguration {
                try dualRouter(priority: priority) {
                    $0.announcements.refreshInterval = .milliseconds(100)
                    $0.announcements.secondBurstDelay = .zero
                }
            }
            let nodes = [
                ("a", try TestNode(settings(100), in: network.namespace("a"))),
                ("b", try TestNode(settings(90), in: network.namespace("b"))),
            ]
            func moves() -> [Int] {
                nodes.map { _, node in
                    node.events.count { event in
                        if case .router(_, .entered(.active, _)) = event { true } else { false }
                    }
                }
            }
            // Both tried; the one that is asked again keeps what it can hold.
            #expect(eventually(within: .seconds(3)) { moves().reduce(0, +) == 3 })
            // Longer than any of them would wait.
            usleep(1_000_000)
            #expect(moves().sorted() == [1, 2])
            let (name, holder) = nodes[moves()[0] == 2 ? 0 : 1]
            let router = try #require(holder.snapshot?.routers.first)
            #expect(router.state == .active)
            #expect(router.heldAddresses.map(\.address) == [.v4(IPv4Address(10, 9, 0, 100))])
            #expect(
                router.notes.first?.hasPrefix("is Active without 2001:db8::100 on eth1: ") == true)

            try network.setIPv6(true, at: name)
            #expect(
                eventually(within: .seconds(1)) {
                    holder.snapshot?.routers.first?.heldAddresses.count == 2
                })
            #expect(holder.snapshot?.routers.first?.notes == [])
            #expect(moves().reduce(0, +) == 3)
            for (_, node) in nodes { node.shutDown() }
        }

        @Test func `by a reload, makes the router give way as well`() throws {
            let network = try TestNetwork()
            try network.setIPv6(false, at: "a")
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            let other = try TestNode(router(priority: 90), in: network.namespace("b"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let more = try dualRouter(priority: 100)
            let start = MonotonicInstant.now
            _ = node.perform { try? $0.reconfigure(more) }
            #expect(other.waitForState(.active, since: start, within: .seconds(1)) != nil)
            // What it is not to hold any more is no news.
            let fewer = try router(priority: 100)
            _ = node.perform { try? $0.reconfigure(fewer) }
            #expect(node.snapshot?.routers.first?.refusedParts == [])
            node.shutDown()
            other.shutDown()
        }

        @Test func `when it is to be put back, makes the router give way`() throws {
            let network = try TestNetwork()
            let node = try TestNode(dualRouter(priority: 100), in: network.namespace("a"))
            let other = try TestNode(dualRouter(priority: 90), in: network.namespace("b"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let start = MonotonicInstant.now
            try network.setIPv6(false, at: "a")
            #expect(
                node.waitForLine(
                    "(VI_1) giving way: 2001:db8::100 was removed from eth1 and can't be put back",
                    within: .seconds(1)))
            #expect(other.waitForState(.active, since: start, within: .seconds(1)) != nil)
            node.shutDown()
            other.shutDown()
        }

        @Test func `so does a route whose gateway has gone`() throws {
            let network = try TestNetwork()
            try network.ip("a", "route", "add", "10.7.0.0/24", "dev", "eth1")
            let destination = InternetPrefix(InternetAddress(10, 5, 0, 0), length: 16)
            let node = try TestNode(
                router(priority: 100) {
                    var route = Route(to: destination)
                    route.gateway = InternetAddress(10, 7, 0, 1)
                    $0.routes = [HeldRoute(route, interface: "eth1")]
                }, in: network.namespace("a"))
            let other = try TestNode(router(priority: 90), in: network.namespace("b"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let start = MonotonicInstant.now
            try network.ip("a", "route", "del", "10.7.0.0/24", "dev", "eth1")
            try network.ip("a", "route", "del", "10.5.0.0/16")
            let what = "route to 10.5.0.0/16 via 10.7.0.1 on eth1 in table 254"
            #expect(
                node.waitForLine(
                    "(VI_1) giving way: \(what) was removed and can't be put back",
                    within: .seconds(1)))
            #expect(other.waitForState(.active, since: start, within: .seconds(1)) != nil)
            node.shutDown()
            other.shutDown()
        }
    }
}
