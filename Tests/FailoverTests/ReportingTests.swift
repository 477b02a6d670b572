import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

private let addressOfB = IPv4Address(10, 9, 0, 2)

extension `On a LAN` {
    @Suite struct `What is not taken or not sent` {
        @Test func `counts under its cause, whatever it is, and is told of once`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.backup, within: .seconds(1)) != nil)
            try network.inside("b") {
                let wrapped = try Forger(
                    source: addressOfB, protocolNumber: AuthenticationHeader.protocolNumber)
                // Next header, length in words of 4 bytes without the first two, sequence, 12 of ICV.
                let header: [UInt8] = [112, 4, 0, 0] + [UInt8](repeating: 0, count: 20)
                let message: [UInt8] = [0x21, 51, 90, 1, 2, 1, 0, 0, 10, 9, 0, 100]
                for _ in 0..<3 { wrapped.send(header + message) }
                var other = message
                other[1] = 77
                wrapped.send(header + other)
                // IPsec that is no VRRP.
                wrapped.send([6] + header.dropFirst() + message)
                try Forger(source: addressOfB).send([0x31])
            }
            #expect(
                eventually(within: .seconds(1)) {
                    node.snapshot?.strays.nonZero.count == 2
                        && node.snapshot?.routers.first?.counters.refused[.authenticationHeader]
                            == 3
                })
            let snapshot = try #require(node.snapshot)
            #expect(snapshot.strays[.authenticationHeader] == 1)
            #expect(snapshot.strays[.malformed] == 1)
            #expect(snapshot.routers[0].peers.first?.refused[.authenticationHeader] == 3)
            let line =
                "(VI_1) Ignoring advert from 10.9.0.2: inside an IPsec authentication header, which is"
                + " not spoken here"
            #expect(node.lines.count { $0 == line } == 1)
            #expect(
                node.lines.contains(
                    "Ignoring a VRRP packet on eth1 from 10.9.0.2: its header contradicts itself, or"
                        + " nothing follows it"))
            node.shutDown()
        }

        @Test func `before the router takes part, too`() throws {
            let network = try TestNetwork()
            var settings = try router(priority: 100)
            settings.startupDelay = .seconds(60)
            let node = try TestNode(settings, in: network.namespace("a"))
            try network.inside("b") {
                let forger = try Forger(source: addressOfB)
                forger.advertise(90, VirtualAddressList(IPv4Address(10, 9, 0, 100)))
                forger.send([0x31, 51, 90, 1])
            }
            #expect(
                eventually(within: .seconds(1)) {
                    node.snapshot?.routers.first?.counters.refused.total == 2
                })
            let refused = try #require(node.snapshot?.routers.first?.counters.refused)
            #expect(refused[.takesNoPart] == 1)
            #expect(refused[.truncated] == 1)
            node.shutDown()
        }

        @Test func `an advertisement that does not leave is counted and told of`() throws {
            let network = try TestNetwork()
            let rules =
                "add table ip t; add chain ip t o { type filter hook output priority 0; };"
                + " add rule ip t o meta l4proto 112 drop"
            try run("ip", "netns", "exec", network.namespace("a"), "nft", rules)
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            usleep(500_000)
            #expect(node.snapshot?.routers.first?.counters.sendFailures ?? 0 > 3)
            let lines = node.lines.filter { $0.hasPrefix("(VI_1) advert not sent: ") }
            #expect((1...9).contains(lines.count))
            #expect(
                lines.first
                    == "(VI_1) advert not sent: Operation not permitted (errno 1), to 224.0.0.18")
            node.shutDown()
        }

        @Test func `more addresses than the link carries are held, and not advertised`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            try network.ip("a", "link", "set", "eth1", "mtu", "576")
            let node = try TestNode(
                router(priority: 100) {
                    $0.addresses = (0..<200).map {
                        HeldAddress(address: IPv4Address(10, 20, 0, UInt8($0)))
                    }
                }, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(
                try eventually(within: .seconds(1)) {
                    try network.taggedAddresses("a").count == 200
                })
            // (576 - 20 - 8) / 4
            func listed() -> UInt8? {
                wire.frames.last { $0.advertisement?.source == [10, 9, 0, 1] }?.bytes[37]
            }
            #expect(eventually(within: .seconds(1)) { listed() == 137 })
            #expect(
                node.lines.contains(
                    "(VI_1) 63 VIPs are held but not advertised: eth1 carries no longer packets"))
            #expect(node.snapshot?.routers.first?.unadvertisedCount == 63)
            #expect(node.snapshot?.routers.first?.counters.sendFailures == 0)
            try network.ip("a", "link", "set", "eth1", "mtu", "1500")
            #expect(eventually(within: .seconds(1)) { listed() == 200 })
            #expect(
                node.lines.contains("(VI_1) advertises all of its VIPs again on eth1"))
            let router = try #require(node.snapshot?.routers.first)
            #expect(router.counters.becameActive == 1)
            #expect(router.unadvertisedCount == 0)
            node.shutDown()
            wire.stop()
        }

        @Test func `a late wake is kept, the longest and the last`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            _ = node.perform { _ in usleep(250_000) }
            usleep(150_000)
            let lag = try #require(node.snapshot?.lag)
            #expect(lag.stallCount >= 1)
            #expect(lag.longest >= .milliseconds(150))
            #expect(lag.longest < .milliseconds(400))
            #expect(try #require(lag.lastStall).length <= lag.longest)
            node.shutDown()
        }
    }

    @Suite struct `One VRID on one interface` {
        @Test func `serves two groups and unicast side by side`() throws {
            let network = try TestNetwork()
            func node(_ priority: UInt8, peer: UInt8) throws -> FailoverConfiguration {
                let transports: [Transport] = [
                    .multicast(), .multicast(group: .v4(IPv4Address(224, 0, 0, 99))),
                    .unicast([UnicastPeer(address: .v4(IPv4Address(10, 9, 0, peer)))]),
                ]
                var configuration = FailoverConfiguration()
                for (number, transport) in transports.enumerated() {
                    configuration.routers += try router(priority: priority) {
                        $0.name = "VI_\(number + 1)"
                        $0.transport = transport
                        $0.addresses = [
                            HeldAddress(address: IPv4Address(10, 9, 0, 100 + UInt8(number)))
                        ]
                    }.routers
                }
                return configuration
            }
            let first = try TestNode(node(101, peer: 2), in: network.namespace("a"))
            #expect(
                eventually(within: .seconds(2)) {
                    first.snapshot?.routers.map(\.state) == [.active, .active, .active]
                })
            let second = try TestNode(node(100, peer: 1), in: network.namespace("b"))
            usleep(500_000)
            let routers = try #require(second.snapshot?.routers)
            #expect(routers.map(\.state) == [.backup, .backup, .backup])
            #expect(routers.allSatisfy { $0.counters.received >= 3 })
            #expect(routers.allSatisfy { $0.counters.refused.total == 0 })
            first.shutDown()
            second.shutDown()
        }
    }

    @Suite struct `How the priority adds up` {
        private func group(weighs: Bool) throws -> FailoverConfiguration {
            var group = try router(priority: 100) {
                $0.trackedInterfaces = [TrackedName(name: "lo", weight: 10)]
            }
            group.routers += try router(priority: 100) {
                $0.name = "VI_2"
                $0.vrid = VRID(52) ?? $0.vrid
                $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 101))]
                $0.trackedInterfaces = [TrackedName(name: "eth1", weight: 5)]
            }.routers
            group.syncGroups = [SyncGroupSettings(name: "G", members: ["VI_1", "VI_2"])]
            group.syncGroups[0].weighsMembers = weighs
            group.syncGroups[0].tracked.interfaces = [TrackedName(name: "eth1", weight: 3)]
            return group
        }

        @Test(arguments: [false, true])
        func `in a sync group, as what counts says`(weighs: Bool) throws {
            let network = try TestNetwork()
            let node = try TestNode(group(weighs: weighs), in: network.namespace("a"))
            let router = try #require(node.snapshot?.routers.first)
            #expect(router.effectivePriority.rawValue == (weighs ? 118 : 103))
            let shares = router.trackers.filter(\.counts).map { tracker -> Int in
                if case .adds(let share) = tracker.effect { share } else { 0 }
            }
            #expect(100 + shares.reduce(0, +) == Int(router.effectivePriority.rawValue))
            #expect(
                router.trackers.map(\.owner) == (weighs ? [nil, "VI_2", "G"] : [nil, "G"]))
            #expect(
                router.trackers.map(\.counts) == (weighs ? [true, true, true] : [false, true]))
            node.shutDown()
        }

        @Test func `reverse keeps its sign through reloads`() throws {
            let network = try TestNetwork()
            func settings(_ words: String) throws -> FailoverConfiguration {
                var settings = try router(priority: 100) {
                    var tracked = TrackedName(name: "chk", weight: 20)
                    tracked.isReversed = true
                    $0.trackedScripts = [tracked]
                    $0.notifications.fault = ["echo", words]
                }
                settings.scripts = [ScriptSettings(name: "chk", source: .command(["true"]))]
                return settings
            }
            let node = try TestNode(settings("one"), in: network.namespace("a"))
            let line = "(VI_1) Changing effective priority from 100 to 80"
            #expect(node.waitForLine(line, within: .seconds(1)))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            var other = try settings("two")
            other.scripts[0].interval = .milliseconds(500)
            for next in [try settings("one"), try settings("two"), other, try settings("one")] {
                _ = node.perform { try? $0.reconfigure(next) }
                #expect(node.snapshot?.routers.first?.effectivePriority.rawValue == 80)
            }
            usleep(600_000)
            #expect(node.snapshot?.routers.first?.effectivePriority.rawValue == 80)
            #expect(node.lines.count { $0.contains("Changing effective priority") } == 1)
            node.shutDown()
        }
    }
}
