import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

private let addressOfA = IPAddress.v4(IPv4Address(10, 9, 0, 1))
private let addressOfB = IPAddress.v4(IPv4Address(10, 9, 0, 2))

extension TestNode {
    /// What `VI_1` has heard of the other node.
    fileprivate var peer: PeerSnapshot? { snapshot?.routers.first?.peers.first }
    fileprivate var state: RouterState? { snapshot?.routers.first?.state }
}

extension RouterSettings {
    fileprivate mutating func speak(
        to peer: IPAddress, hopLimits: ClosedRange<UInt8> = 0...255
    ) {
        transport = .unicast([UnicastPeer(address: peer, hopLimits: hopLimits)])
    }

    fileprivate mutating func authenticate(
        by key: [UInt8], mode: MessageAuthentication.Mode = .enforce
    ) {
        authentication = AuthenticationKeys([1: key]).map {
            RouterAuthentication(
                settings: MessageAuthentication(activeKeyID: 1, mode: mode, windowSeconds: 5),
                keys: $0)
        }
    }
}

extension `On a LAN` {
    @Suite struct `Unicast` {
        @Test func `two routers elect one without any multicast`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let first = try TestNode(
                router(priority: 101) {
                    $0.speak(to: addressOfB)
                    $0.unicastHopLimit = 64
                }, in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(
                router(priority: 100) { $0.speak(to: addressOfA) }, in: network.namespace("b"))
            usleep(500_000)
            #expect(second.state == .backup)
            #expect(second.peer?.address == addressOfA)
            #expect(second.peer?.acceptedCount ?? 0 >= 3)
            let adverts = wire.frames.filter { $0.advertisement != nil }.map(\.bytes)
            #expect(adverts.count >= 3)
            // TTL and destination of the IP header.
            #expect(adverts.allSatisfy { $0[22] == 64 && Array($0[30..<34]) == [10, 9, 0, 2] })
            first.shutDown()
            #expect(second.waitForState(.active, within: .seconds(1)) != nil)
            second.shutDown()
            wire.stop()
        }

        @Test func `routers without addresses elect one, and hold nothing`() throws {
            let network = try TestNetwork()
            let first = try TestNode(
                router(priority: 101) {
                    $0.addresses = []
                    $0.speak(to: addressOfB)
                }, in: network.namespace("a"))
            let second = try TestNode(
                router(priority: 100) {
                    $0.addresses = []
                    $0.speak(to: addressOfA)
                }, in: network.namespace("b"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            #expect(
                eventually(within: .seconds(2)) { second.peer?.acceptedCount ?? 0 >= 3 })
            #expect(second.state == .backup)
            #expect(second.peer?.refused.total == 0)
            #expect(try network.taggedAddresses("a") == [])
            first.shutDown()
            #expect(second.waitForState(.active, within: .seconds(1)) != nil)
            second.shutDown()
        }

        @Test func `a router follows its source address to the interface that has it`() throws {
            let network = try TestNetwork()
            let source = IPAddress.v4(IPv4Address(10, 9, 0, 77))
            let node = try TestNode(
                router(priority: 101) {
                    $0.interface = "that has 10.9.0.77"
                    $0.followsSource = true
                    $0.sourceAddress = source
                    $0.speak(to: addressOfB)
                }, in: network.namespace("a"))
            let line =
                "(VI_1): entering FAULT state (interface that has 10.9.0.77 does not exist)"
            #expect(node.waitForLine(line, within: .seconds(2)))
            try network.ip("a", "addr", "add", "10.9.0.77/24", "dev", "eth1")
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            #expect(node.snapshot?.routers.first?.settings.interface == "eth1")
            #expect(try network.addresses("a").contains("inet 10.9.0.100/32"))
            try network.ip("a", "addr", "del", "10.9.0.77/24", "dev", "eth1")
            #expect(
                eventually(within: .seconds(2)) {
                    node.snapshot?.routers.first?.settings.interface == "that has 10.9.0.77"
                })
            #expect(try !network.addresses("a").contains("10.9.0.100"))
            node.shutDown()
        }

        @Test func `over IPv6 too, from link-local to link-local`() throws {
            let network = try TestNetwork()
            func linkLocal(_ node: String) throws -> IPAddress? {
                let text = try network.ip(node, "-6", "-o", "addr", "show", "dev", "eth1")
                guard !text.contains("tentative"), let range = text.firstRange(of: "fe80::") else {
                    return nil
                }
                return IPAddress(String(text[range.lowerBound...].prefix { $0 != "/" }))
            }
            #expect(
                try eventually(within: .seconds(4)) {
                    try linkLocal("a") != nil && linkLocal("b") != nil
                })
            let (a, b) = (try #require(try linkLocal("a")), try #require(try linkLocal("b")))
            let virtual = HeldAddress(address: try #require(IPAddress("2001:db8::100")))
            let first = try TestNode(
                router(priority: 101) {
                    $0.addresses = [virtual]
                    $0.speak(to: b)
                }, in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(
                router(priority: 100) {
                    $0.addresses = [virtual]
                    $0.speak(to: a, hopLimits: 255...255)
                }, in: network.namespace("b"))
            usleep(500_000)
            #expect(second.state == .backup)
            #expect(second.peer?.address == a)
            #expect(second.peer?.refused.total == 0)
            first.shutDown()
            second.shutDown()
        }

        @Test func `a TTL below min_ttl is refused, and shown`() throws {
            let network = try TestNetwork()
            let first = try TestNode(
                router(priority: 101) {
                    $0.speak(to: addressOfB)
                    $0.unicastHopLimit = 64
                }, in: network.namespace("a"))
            let second = try TestNode(
                router(priority: 100) { $0.speak(to: addressOfA, hopLimits: 254...255) },
                in: network.namespace("b"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let line = "(VI_1) Ignoring advert from 10.9.0.1: TTL 64, must be 254 to 255"
            #expect(second.waitForLine(line, within: .seconds(2)))
            #expect(second.peer?.refused[.hopLimit] ?? 0 >= 1)
            #expect(second.peer?.acceptedCount == 0)
            first.shutDown()
            second.shutDown()
        }

        @Test(arguments: [true, false])
        func `a stranger is heard or refused, as configured`(isAdmitted: Bool) throws {
            let network = try TestNetwork()
            let stranger = IPAddress.v4(IPv4Address(10, 9, 0, 9))
            let first = try TestNode(
                router(priority: 101) { $0.speak(to: addressOfB) }, in: network.namespace("a"))
            let second = try TestNode(
                router(priority: 100) {
                    $0.speak(to: stranger)
                    $0.admitsUnknownPeers = isAdmitted
                }, in: network.namespace("b"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            usleep(600_000)
            #expect(second.state == (isAdmitted ? .backup : .active))
            #expect((second.peer?.acceptedCount ?? 0 > 0) == isAdmitted)
            #expect((second.peer?.refused[.unknownPeer] ?? 0 > 0) == !isAdmitted)
            first.shutDown()
            second.shutDown()
        }

        @Test func `without a peer that is a fault`() throws {
            let network = try TestNetwork()
            let node = try TestNode(
                router(priority: 101) { $0.transport = .unicast([]) }, in: network.namespace("a"))
            #expect(node.waitForState(.fault, within: .seconds(1)) != nil)
            #expect(
                node.lines.contains(
                    "(VI_1): entering FAULT state (no unicast peer is configured)"))
            node.shutDown()
        }

        @Test func `from one transport to the other without a change of state`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let node = try TestNode(router(priority: 101), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let next = try router(priority: 101) { $0.speak(to: addressOfB) }
            let steps = node.perform { try? $0.plan(for: next).steps.map(\.description) }
            #expect(
                steps == ["virtual router VI_1: changed in place: how advertisements travel"])
            _ = node.perform { try? $0.reconfigure(next) }
            #expect(
                eventually(within: .seconds(1)) {
                    wire.frames.contains {
                        $0.advertisement != nil && Array($0.bytes[30..<34]) == [10, 9, 0, 2]
                    }
                })
            #expect(node.snapshot?.routers.first?.counters.becameActive == 1)
            node.shutDown()
            wire.stop()
        }
    }

    @Suite struct `Sources and groups` {
        @Test func `another group and another source are spoken to and from`() throws {
            let network = try TestNetwork()
            try network.ip("a", "addr", "add", "10.9.0.11/24", "dev", "eth1")
            let wire = try TestWire(network, at: "b")
            let group = IPAddress.v4(IPv4Address(224, 0, 0, 99))
            let first = try TestNode(
                router(priority: 101) {
                    $0.transport = .multicast(group: group)
                    $0.sourceAddress = .v4(IPv4Address(10, 9, 0, 11))
                }, in: network.namespace("a"))
            let second = try TestNode(
                router(priority: 100) { $0.transport = .multicast(group: group) },
                in: network.namespace("b"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            usleep(400_000)
            #expect(second.state == .backup)
            #expect(second.peer?.address == .v4(IPv4Address(10, 9, 0, 11)))
            let adverts = wire.frames.filter { $0.advertisement != nil }.map(\.bytes)
            #expect(
                adverts.allSatisfy {
                    Array($0[26..<34]) == [10, 9, 0, 11, 224, 0, 0, 99]
                })
            first.shutDown()
            second.shutDown()
            wire.stop()
        }

        @Test func `a configured source that goes is a fault if it is tracked`() throws {
            let network = try TestNetwork()
            try network.ip("a", "addr", "add", "10.9.0.11/24", "dev", "eth1")
            let node = try TestNode(
                router(priority: 101) {
                    $0.sourceAddress = .v4(IPv4Address(10, 9, 0, 11))
                    $0.needsSourceAddress = true
                }, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            let start = MonotonicInstant.now
            try network.ip("a", "addr", "del", "10.9.0.11/24", "dev", "eth1")
            #expect(node.waitForState(.fault, since: start, within: .seconds(1)) != nil)
            #expect(
                node.lines.contains(
                    "(VI_1): entering FAULT state (source address 10.9.0.11 is not on interface eth1)"
                ))
            try network.ip("a", "addr", "add", "10.9.0.11/24", "dev", "eth1")
            #expect(node.waitForState(.active, since: start, within: .seconds(2)) != nil)
            node.shutDown()
        }

        @Test func `an unknown VRID is told of once, if that is wanted`() throws {
            let network = try TestNetwork()
            let first = try TestNode(router(priority: 101), in: network.namespace("a"))
            var configuration = try router(priority: 100) {
                $0.vrid = VRID(52) ?? $0.vrid
                $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 200))]
            }
            configuration.tellsUnknownVRIDs = true
            let second = try TestNode(configuration, in: network.namespace("b"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let line = "Received VRRP packet from unknown VRID 51 of 10.9.0.1 on eth1"
            #expect(second.waitForLine(line, within: .seconds(2)))
            usleep(300_000)
            #expect(second.lines.count { $0 == line } == 1)
            first.shutDown()
            second.shutDown()
        }
    }

    @Suite struct `Authentication` {
        @Test func `the same key elects one, and a killed node's last will is believed`() throws {
            let network = try TestNetwork()
            let key = [UInt8](0...31)
            let first = try TestNode(
                router(priority: 101) { $0.authenticate(by: key) }, in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(
                router(priority: 100) { $0.authenticate(by: key) }, in: network.namespace("b"))
            usleep(500_000)
            #expect(second.state == .backup)
            #expect(second.peer?.acceptedCount ?? 0 >= 3)
            // A last will is signed ahead and believed; so is what the node's next process says.
            #expect(first.bequeath(in: network.namespace("a")) == [])
            #expect(second.waitForState(.active, within: .seconds(1)) != nil)
            #expect(second.snapshot?.routers.first?.counters.releasesReceived == 2)
            let third = try TestNode(
                router(priority: 101) { $0.authenticate(by: key) }, in: network.namespace("a"))
            #expect(third.waitForState(.active, within: .seconds(2)) != nil)
            #expect(eventually(within: .seconds(1)) { second.state == .backup })
            #expect(second.peer?.refused.total == 0)
            third.shutDown()
            second.shutDown()
        }

        @Test func `another key, and none, are refused and shown`() throws {
            let network = try TestNetwork()
            let first = try TestNode(
                router(priority: 101) { $0.authenticate(by: [UInt8](0...31)) },
                in: network.namespace("a"))
            let second = try TestNode(
                router(priority: 100) { $0.authenticate(by: [UInt8](1...32)) },
                in: network.namespace("b"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            #expect(
                second.waitForLine(
                    "(VI_1) Ignoring advert from 10.9.0.1: wrong authentication code, the keys must be the same",
                    within: .seconds(2)))
            #expect(second.peer?.refused[.wrongCode] ?? 0 >= 1)
            #expect(second.peer?.acceptedCount == 0)
            let open = try router(priority: 101)
            _ = first.perform { try? $0.reconfigure(open) }
            #expect(
                eventually(within: .seconds(1)) {
                    second.peer?.refused[.trailerMissing] ?? 0 >= 1
                })
            first.shutDown()
            second.shutDown()
        }

        @Test func `a password has to be the same`() throws {
            let network = try TestNetwork()
            func settings(
                _ priority: UInt8, _ password: String
            ) throws -> FailoverConfiguration {
                try router(priority: priority) {
                    $0.interval = AdvertisementInterval(.oneSecond, version: .v2)
                    $0.password = Password(password)
                }
            }
            let first = try TestNode(settings(101, "1111"), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(5)) != nil)
            let second = try TestNode(settings(100, "1111"), in: network.namespace("b"))
            #expect(
                eventually(within: .seconds(3)) { second.peer?.acceptedCount ?? 0 >= 1 })
            let other = try settings(100, "2222")
            _ = second.perform { try? $0.reconfigure(other) }
            #expect(
                second.waitForLine(
                    "(VI_1) Ignoring advert from 10.9.0.1: wrong password", within: .seconds(3)))
            first.shutDown()
            second.shutDown()
        }
    }
}
