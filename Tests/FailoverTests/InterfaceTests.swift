import Failover
import LinuxIO
import Testing
import VRRPCore

extension `On a LAN` {
    @Suite struct `Interfaces that change` {
        @Test func `one that is renamed keeps no virtual address, and a priority 0 leaves`() throws
        {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            try network.ip("a", "link", "set", "eth1", "name", "eth9")
            #expect(node.waitForState(.fault, within: .seconds(1)) != nil)
            // It tells of the state first.
            #expect(
                try eventually(within: .seconds(1)) { try network.taggedAddresses("a").isEmpty })
            #expect(
                eventually(within: .seconds(1)) {
                    wire.frames.contains { $0.advertisement?.priority == 0 }
                })
            let start = MonotonicInstant.now
            try network.ip("a", "link", "set", "eth9", "name", "eth1")
            #expect(node.waitForState(.active, since: start, within: .seconds(2)) != nil)
            #expect(try network.taggedAddresses("a").count == 1)
            node.shutDown()
            wire.stop()
        }

        @Test func `one that is made anew gets the virtual address anew`() throws {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let start = MonotonicInstant.now
            try network.ip("a", "link", "del", "eth1")
            try network.ip(
                "a", "link", "add", "eth1", "type", "veth", "peer", "name", "port-a", "netns",
                network.switchboard)
            try run(
                "ip", "-n", network.switchboard, "link", "set", "port-a", "master", "br0", "up")
            try network.ip("a", "link", "set", "eth1", "up")
            try network.ip("a", "addr", "add", "10.9.0.1/24", "dev", "eth1")
            #expect(node.waitForState(.fault, since: start, within: .seconds(1)) != nil)
            #expect(node.waitForState(.active, since: start, within: .seconds(2)) != nil)
            #expect(try network.taggedAddresses("a").count == 1)
            node.shutDown()
            #expect(try network.taggedAddresses("a").isEmpty)
        }

        @Test func `the owner's address stays when the owner resigns`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let configuration = try router(priority: 255) {
                $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 1), prefixLength: 24)]
            }
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(1)) != nil)
            #expect(
                eventually(within: .seconds(1)) {
                    wire.frames.contains { $0.announced == [10, 9, 0, 1] }
                })
            node.shutDown()
            #expect(try network.addresses("a").contains("10.9.0.1/24"))
            #expect(
                eventually(within: .seconds(1)) {
                    wire.frames.contains {
                        $0.advertisement?.priority == 0
                            && $0.advertisement?.source == [10, 9, 0, 1]
                    }
                })
            wire.stop()
        }

        @Test func `one that bounces moves nothing, as far as its delays reach`() throws {
            let network = try TestNetwork()
            var configuration = try router(priority: 255) {
                $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 1), prefixLength: 24)]
                $0.interval = AdvertisementInterval(.oneSecond, version: .v3)
            }
            configuration.linkDelays["eth1"] = LinkDelays(
                down: .milliseconds(500), up: .milliseconds(300))
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(1)) != nil)
            func setPort(_ state: String) throws {
                try run("ip", "-n", network.switchboard, "link", "set", "port-a", state)
            }
            func settling() -> [SettlingLink] { node.snapshot?.routers[0].settlingLinks ?? [] }
            try setPort("down")
            #expect(eventually(within: .seconds(1)) { settling().map(\.isUp) == [false] })
            #expect(
                node.snapshot?.routers[0].notes == ["interface eth1 is down, which counts in 0.5 s"]
            )
            try setPort("up")
            #expect(eventually(within: .seconds(1)) { settling().isEmpty })
            #expect(node.snapshot?.routers[0].state == .active)
            let down = MonotonicInstant.now
            try setPort("down")
            let fault = try #require(node.waitForState(.fault, since: down, within: .seconds(2)))
            #expect(fault - down >= .milliseconds(500))
            let up = MonotonicInstant.now
            try setPort("up")
            #expect(eventually(within: .seconds(1)) { settling().map(\.isUp) == [true] })
            let active = try #require(node.waitForState(.active, since: up, within: .seconds(2)))
            #expect(active - up >= .milliseconds(300))
            #expect(node.snapshot?.routers[0].counters.becameActive == 2)
            node.shutDown()
        }

        @Test func `a virtual address in the interface's subnet leaves the own one alone`() throws {
            let network = try TestNetwork()
            let configuration = try router(priority: 100) {
                $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 50), prefixLength: 24)]
            }
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(try network.addresses("a").contains("10.9.0.50/24"))
            let start = MonotonicInstant.now
            // The kernel takes the secondary along; what is put back is the subnet's primary then.
            try network.ip("a", "addr", "del", "10.9.0.1/24", "dev", "eth1")
            #expect(node.waitForState(.fault, since: start, within: .seconds(1)) != nil)
            #expect(
                try eventually(within: .seconds(1)) { try network.taggedAddresses("a").isEmpty })
            try network.ip("a", "addr", "add", "10.9.0.1/24", "dev", "eth1")
            #expect(node.waitForState(.active, since: start, within: .seconds(2)) != nil)
            node.shutDown()
            #expect(try network.addresses("a").contains("10.9.0.1/24"))
            #expect(try network.taggedAddresses("a").isEmpty)
        }

        @Test func `one that no virtual router uses any more is resigned on`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            try network.ip("a", "link", "add", "eth2", "type", "veth", "peer", "name", "eth3")
            try network.ip("a", "link", "set", "eth2", "up")
            try network.ip("a", "link", "set", "eth3", "up")
            let configuration = try router(priority: 100) {
                var elsewhere = HeldAddress(address: IPv4Address(10, 9, 0, 51))
                elsewhere.interface = "eth2"
                $0.addresses.append(elsewhere)
            }
            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(try network.taggedAddresses("a").count == 2)
            let fewer = try router(priority: 100)
            #expect(node.perform { (try? $0.reconfigure(fewer)) != nil } == true)
            #expect(try network.taggedAddresses("a").count == 1)
            #expect(node.perform { (try? $0.reconfigure(FailoverConfiguration())) != nil } == true)
            #expect(try network.taggedAddresses("a").isEmpty)
            #expect(
                eventually(within: .seconds(1)) {
                    wire.frames.contains { $0.advertisement?.priority == 0 }
                })
            node.shutDown()
            wire.stop()
        }
    }
}
