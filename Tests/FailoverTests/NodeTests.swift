import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

extension `On a LAN` {
    @Suite struct `A node` {
        @Test func `a second program in the same namespace gets a clear error`() throws {
            let network = try TestNetwork()
            let first = try TestNode(router(priority: 100), in: network.namespace("a"))
            let failure = #expect(throws: CommandFailure.self) {
                _ = try TestNode(router(priority: 100), in: network.namespace("a"))
            }
            #expect(
                failure?.text
                    == "another lbctl already runs in this network namespace: stop it first")
            first.shutDown()
            let later = try TestNode(router(priority: 100), in: network.namespace("a"))
            later.shutDown()
        }

        @Test func `what an earlier run left behind is taken off at start`() throws {
            let network = try TestNetwork()
            try network.leaveBehind(InternetAddress(10, 9, 0, 77), at: "a")
            try network.ip("a", "addr", "add", "10.9.0.100/32", "dev", "eth1")
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            let addresses = try network.addresses("a")
            #expect(!addresses.contains("10.9.0.77"))
            #expect(!addresses.contains("10.9.0.100"))
            #expect(addresses.contains("10.9.0.1/24"))
            #expect(
                node.lines.prefix(2) == [
                    "Removed 10.9.0.77 from eth1, left behind by an earlier run",
                    "Removed 10.9.0.100 from eth1, left behind by an earlier run",
                ])
            node.shutDown()
        }

        @Test func `an interface that appears later ends the fault`() throws {
            let network = try TestNetwork()
            let configuration = try router(priority: 100) { $0.interface = "eth7" }
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(
                node.lines.contains("(VI_1): entering FAULT state (interface eth7 does not exist)"))
            #expect(node.lines.contains("(VI_1) Entering FAULT STATE (init)"))
            try network.ip("a", "link", "add", "eth7", "type", "veth", "peer", "name", "far7")
            try network.ip("a", "link", "set", "far7", "up")
            try network.ip("a", "link", "set", "eth7", "up")
            try network.ip("a", "addr", "add", "10.10.0.1/24", "dev", "eth7")
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.ip("a", "link", "del", "eth7")
            #expect(node.waitForLine("(VI_1) Entering FAULT STATE", within: .seconds(1)))
            node.shutDown()
        }

        @Test func `a virtual address that somebody takes off is put back`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.ip("a", "addr", "del", "10.9.0.100/32", "dev", "eth1")
            #expect(
                node.waitForLine(
                    "(VI_1) 10.9.0.100 was removed from eth1 by somebody, restored",
                    within: .seconds(1)
                ))
            #expect(try network.addresses("a").contains("10.9.0.100"))
            #expect(node.snapshot?.routers.first?.counters.addressesRestored == 1)
            #expect(node.snapshot?.routers.first?.state == .active)
            node.shutDown()
        }

        @Test func `prefix, label and broadcast reach the interface`() throws {
            let network = try TestNetwork()
            let configuration = try router(priority: 100) {
                $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 100), prefixLength: 24)]
                $0.addresses[0].label = "eth1:vip"
                $0.addresses[0].broadcast = IPv4Address(10, 9, 0, 255)
            }
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(
                eventually(within: .seconds(1)) {
                    (try? network.addresses("a"))?.contains(
                        "10.9.0.100/24 brd 10.9.0.255 scope global secondary eth1:vip") ?? false
                })
            node.shutDown()
        }

        @Test func `a tracked interface that is down lowers the priority`() throws {
            let network = try TestNetwork()
            try network.ip("a", "link", "add", "eth2", "type", "veth", "peer", "name", "far2")
            try network.ip("a", "link", "set", "far2", "up")
            try network.ip("a", "link", "set", "eth2", "up")
            let configuration = try router(priority: 100) {
                $0.trackedInterfaces = [TrackedName(name: "eth2", weight: -30)]
            }
            let node = try TestNode(configuration, in: network.namespace("a"))
            try network.ip("a", "link", "set", "eth2", "down")
            #expect(
                node.waitForLine(
                    "(VI_1) Changing effective priority from 100 to 70", within: .seconds(1)))
            #expect(node.lines.contains("Netlink reports eth2 down"))
            node.shutDown()
        }

        @Test func `an advertisement of another version is refused, counted and told of once`()
            throws
        {
            let network = try TestNetwork()
            let first = try TestNode(
                router(priority: 101) {
                    $0.interval = AdvertisementInterval(.oneSecond, version: .v2)
                },
                in: network.namespace("a"))
            let second = try TestNode(router(priority: 100), in: network.namespace("b"))
            #expect(first.waitForState(.active, within: .seconds(5)) != nil)
            let line = "(VI_1) Ignoring advert from 10.9.0.1: VRRP version 2, must be 3"
            #expect(second.waitForLine(line, within: .seconds(2)))
            usleep(1_200_000)
            #expect(second.lines.count { $0 == line } == 1)
            let refused = try #require(second.snapshot?.routers.first?.counters.refused)
            #expect(refused.nonZero.map(\.cause) == [.version])
            #expect(refused[.version] >= 2)
            let peer = try #require(second.snapshot?.routers.first?.peers.first)
            #expect(peer.address == .v4(IPv4Address(10, 9, 0, 1)))
            #expect(peer.refused[.version] >= 2)
            #expect(peer.refusal?.description == "VRRP version 2, must be 3")
            #expect(peer.acceptedCount == 0)
            first.shutDown()
            second.shutDown()
        }
    }
}

extension `On a LAN` {
    @Suite struct `A new configuration` {
        @Test func `a virtual router that it leaves as it is stays Active`() throws {
            let network = try TestNetwork()
            let configuration = try router(priority: 100)
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            // The turn that it became Active in goes on to announce; a question waits for its end.
            _ = node.snapshot
            let counted = node.events.count
            _ = node.perform { node -> Bool in (try? node.reconfigure(configuration)) != nil }
            #expect(node.events.dropFirst(counted) == [.reloaded])
            node.shutDown()
        }

        @Test func `another priority, another script and another program apply in place`() throws {
            let network = try TestNetwork()
            let configuration = try router(priority: 100)
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            var next = try router(priority: 120) {
                $0.trackedScripts = [TrackedName(name: "chk", weight: 5)]
            }
            next.scripts = [ScriptSettings(name: "chk", source: .command(["true"]))]
            let wanted = next
            _ = node.perform { node -> Bool in (try? node.reconfigure(wanted)) != nil }
            #expect(
                node.waitForLine(
                    "(VI_1) Changing effective priority from 100 to 125", within: .seconds(1)))
            #expect(node.snapshot?.routers.first?.counters.releasesSent == 0)
            node.shutDown()
        }

        @Test func `other addresses replace the old ones without a change of state`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let next = try router(priority: 100) {
                $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 200))]
            }
            _ = node.perform { node -> Bool in (try? node.reconfigure(next)) != nil }
            #expect(
                try network.taggedAddresses("a") == [InternetAddress(10, 9, 0, 200)])
            #expect(
                eventually(within: .seconds(1)) {
                    wire.frames.count { $0.announced == [10, 9, 0, 200] } == 5
                })
            #expect(node.snapshot?.routers.first?.counters.becameActive == 1)
            #expect(node.snapshot?.routers.first?.counters.releasesSent == 0)
            wire.stop()
            node.shutDown()
        }

        @Test func `another version of the protocol resigns and starts anew`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let next = try router(priority: 100) {
                $0.interval = AdvertisementInterval(.oneSecond, version: .v2)
            }
            _ = node.perform { node -> Bool in (try? node.reconfigure(next)) != nil }
            #expect(node.lines.contains("(VI_1) sent 0 priority"))
            #expect(node.snapshot?.routers.first?.state == .backup)
            #expect(try network.taggedAddresses("a").isEmpty)
            node.shutDown()
        }

        @Test func `a virtual router that is gone resigns, and one that is new starts`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let next = try router(priority: 100) {
                $0.name = "VI_2"
                $0.vrid = VRID(52) ?? $0.vrid
                $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 200))]
            }
            _ = node.perform { node -> Bool in (try? node.reconfigure(next)) != nil }
            #expect(node.lines.contains("(VI_1) sent 0 priority"))
            #expect(node.waitForLine("(VI_2) Entering MASTER STATE", within: .seconds(2)))
            let addresses = try network.addresses("a")
            #expect(!addresses.contains("10.9.0.100"))
            #expect(addresses.contains("10.9.0.200"))
            node.shutDown()
        }

        @Test func `one that does not fit together leaves the old one in force`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            var wrong = try router(priority: 100)
            wrong.routers[0].addresses = (0..<256).map {
                HeldAddress(address: IPv4Address(10, 9, 1, UInt8($0)))
            }
            let next = wrong
            let error = node.perform { node -> FailoverError? in
                do throws(FailoverError) {
                    try node.reconfigure(next)
                    return nil
                } catch { return error }
            }
            #expect(error == .addressCount(256, router: "VI_1"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            node.shutDown()
        }
    }
}
