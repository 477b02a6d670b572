import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

private let virtual = IPv4Address(10, 9, 0, 100)
private let virtualOctets: [UInt8] = [10, 9, 0, 100]
private let a: [UInt8] = [10, 9, 0, 1]

/// A virtual router `VI_1` on `eth1`, version 3 with an interval of 0.1 s unless changed.
func router(
    priority: UInt8, _ change: (inout RouterSettings) -> Void = { _ in }
) throws -> FailoverConfiguration {
    var router = RouterSettings(
        name: "VI_1", interface: "eth1", vrid: try #require(VRID(51)),
        priority: Priority(rawValue: priority))
    router.interval = .v3(try #require(Centiseconds(rawValue: 10)))
    router.addresses = [HeldAddress(address: virtual)]
    change(&router)
    var configuration = FailoverConfiguration()
    configuration.routers = [router]
    return configuration
}

extension `On a LAN` {
    @Suite struct `Two nodes on a LAN` {
        @Test func `the higher priority becomes Active, holds the address and announces it`() throws
        {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let first = try TestNode(router(priority: 101), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(router(priority: 100), in: network.namespace("b"))
            #expect(
                eventually(within: .seconds(1)) { wire.frames.count { $0.announced != nil } >= 5 })
            usleep(300_000)
            #expect(second.snapshot?.routers.first?.state == .backup)
            #expect(second.snapshot?.routers.first?.lastHeard?.priority.rawValue == 101)
            #expect(try network.addresses("a").contains("inet 10.9.0.100/32"))
            #expect(try network.taggedAddresses("a") == [InternetAddress(10, 9, 0, 100)])
            #expect(try !network.addresses("b").contains("10.9.0.100"))
            #expect(wire.frames.count { $0.announced == virtualOctets } == 5)
            #expect(
                wire.frames.compactMap(\.advertisement).allSatisfy {
                    $0.source == a && $0.priority == 101
                })
            let datagrams = wire.frames.filter { $0.advertisement != nil }.map(\.bytes)
            // TOS and TTL of the IP header.
            #expect(datagrams.allSatisfy { $0[15] == 0xC0 && $0[22] == 255 })
            #expect(first.snapshot?.routers.first?.counters.refused.nonZero.isEmpty == true)
            #expect(second.snapshot?.routers.first?.counters.refused.nonZero.isEmpty == true)
            #expect(
                Array(first.lines.prefix(5)) == [
                    "Startup complete", "(VI_1) Entering BACKUP STATE (init)",
                    "(VI_1) Receive advertisement timeout", "(VI_1) Entering MASTER STATE",
                    "(VI_1) setting VIPs.",
                ])
            wire.stop()
            first.shutDown()
            second.shutDown()
        }

        @Test func `announcements take turns where they have a pace, and end with the address`()
            throws
        {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            var configuration = try router(priority: 100) {
                $0.addresses = (100...102).map {
                    HeldAddress(address: IPv4Address(10, 9, 0, UInt8($0)))
                }
                $0.announcements.repetitions = 100
            }
            configuration.announcementSpacing.ipv4 = .milliseconds(20)
            let node = try TestNode(configuration, in: network.namespace("a"))
            var announced: [TestWire.Frame] { wire.frames.filter { $0.announced != nil } }
            #expect(eventually(within: .seconds(3)) { announced.count >= 6 })
            #expect(
                announced.prefix(6).map { $0.announced?[3] } == [100, 101, 102, 100, 101, 102])
            #expect(announced[5].at - announced[0].at >= .milliseconds(99))
            _ = node.perform { try? $0.release(router: "VI_1") }
            let count = announced.count
            usleep(60_000)
            #expect(announced.count == count)
            node.shutDown()
            wire.stop()
        }

        @Test func `announcements on one interface wait for no turn of another's`() throws {
            let network = try TestNetwork()
            try network.ip("a", "link", "add", "eth2", "type", "veth", "peer", "name", "end2")
            for link in ["eth2", "end2"] { try network.ip("a", "link", "set", link, "up") }
            try network.ip("a", "addr", "add", "10.10.0.1/24", "dev", "eth2")
            var configuration = try router(priority: 100)
            var later = try router(priority: 100) {
                $0.name = "VI_2"
                $0.interface = "eth2"
                $0.addresses = [HeldAddress(address: IPv4Address(10, 10, 0, 100))]
            }.routers[0]
            later.interval = .v3(try #require(Centiseconds(rawValue: 20)))
            configuration.routers.append(later)
            configuration.announcementSpacing.ipv4 = .seconds(60)
            let node = try TestNode(configuration, in: network.namespace("a"))
            let address = IPAddress.v4(IPv4Address(10, 10, 0, 100))
            #expect(
                eventually(within: .seconds(3)) {
                    node.events.contains(.announced(address, interface: "eth2"))
                })
            node.shutDown()
        }

        @Test func `a node that is killed is replaced within the down interval`() throws {
            let network = try TestNetwork()
            let first = try TestNode(router(priority: 101), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(router(priority: 100), in: network.namespace("b"))
            usleep(300_000)
            let start = MonotonicInstant.now
            first.kill()
            let takeover = try #require(
                second.waitForState(.active, since: start, within: .seconds(2)))
            // 3 · 100 ms + 156/256 · 100 ms after the last advertisement, which is 0 to 100 ms old.
            #expect(takeover - start > .milliseconds(255))
            #expect(takeover - start < .milliseconds(400))
            second.shutDown()
        }

        @Test func `a Backup that stalls past its deadline reads before it acts`() throws {
            let network = try TestNetwork()
            let first = try TestNode(router(priority: 101), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(router(priority: 100), in: network.namespace("b"))
            usleep(200_000)
            _ = second.perform { _ in usleep(1_000_000) }
            usleep(200_000)
            #expect(second.snapshot?.routers.first?.state == .backup)
            #expect(!second.lines.contains("(VI_1) Entering MASTER STATE"))
            first.shutDown()
            second.shutDown()
        }

        @Test func `version 3 is sent with the form of checksum that the peer uses`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let first = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let configuration = try router(priority: 110) { $0.checksumCoverage = .message }
            let second = try TestNode(configuration, in: network.namespace("b"))
            #expect(second.waitForState(.active, within: .seconds(2)) != nil)
            usleep(200_000)
            let sent = try wire.frames.filter { $0.advertisement?.source == [10, 9, 0, 2] }
                .map { try ReceivedAdvertisement(decoding: Array($0.bytes[14...]).span).coverage }
            #expect(sent.count >= 2)
            #expect(sent.allSatisfy { $0 == .pseudoHeader })
            wire.stop()
            first.shutDown()
            second.shutDown()
        }

        @Test func `several virtual routers share an interface`() throws {
            let network = try TestNetwork()
            var configuration = try router(priority: 101)
            var other = configuration.routers[0]
            other.name = "VI_2"
            other.vrid = try #require(VRID(52))
            other.addresses = [HeldAddress(address: IPv4Address(10, 9, 0, 200))]
            configuration.routers.append(other)
            let first = try TestNode(configuration, in: network.namespace("a"))
            #expect(first.waitForLine("(VI_2) Entering MASTER STATE", within: .seconds(2)))
            let second = try TestNode(router(priority: 100), in: network.namespace("b"))
            usleep(500_000)
            #expect(
                try network.taggedAddresses("a") == [
                    InternetAddress(10, 9, 0, 100), InternetAddress(10, 9, 0, 200),
                ])
            let snapshot = try #require(second.snapshot)
            #expect(snapshot.routers[0].state == .backup)
            // VI_2's, which this node knows nothing of.
            #expect(snapshot.strays[.unknownVRID] > 3)
            first.shutDown()
            second.shutDown()
        }

        @Test(
            arguments: [
                // 156/256 of 100 ms, and of 10 ms.
                (nil, .milliseconds(60), .milliseconds(90)),
                (.milliseconds(10), .milliseconds(6), .milliseconds(36)),
            ] as [(Duration?, Duration, Duration)])
        func `a node that resigns is replaced within the skew time and keeps no address`(
            longest: Duration?, least: Duration, most: Duration
        ) throws {
            let network = try TestNetwork()
            let first = try TestNode(router(priority: 101), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(
                router(priority: 100) { $0.longestReleaseSkew = longest },
                in: network.namespace("b"))
            usleep(300_000)
            let start = MonotonicInstant.now
            first.shutDown()
            let takeover = try #require(
                second.waitForState(.active, since: start, within: .seconds(2)))
            #expect(takeover - start >= least)
            #expect(takeover - start < most)
            #expect(try !network.addresses("a").contains("10.9.0.100"))
            #expect(
                first.lines.suffix(4) == [
                    "Stopping", "(VI_1) sent 0 priority", "(VI_1) sent 0 priority",
                    "(VI_1) removing VIPs.",
                ])
            // It is said twice.
            #expect(second.snapshot?.routers.first?.counters.releasesReceived == 2)
            second.shutDown()
        }

        @Test func `a link that goes down is a fault, and the node returns with the link`() throws {
            let network = try TestNetwork()
            let first = try TestNode(router(priority: 101), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(router(priority: 100), in: network.namespace("b"))
            usleep(200_000)
            let start = MonotonicInstant.now
            try network.ip("a", "link", "set", "eth1", "down")
            #expect(first.waitForState(.fault, since: start, within: .seconds(1)) != nil)
            #expect(try !network.addresses("a").contains("10.9.0.100"))
            #expect(first.waitForLine("Netlink reports eth1 down", within: .seconds(1)))
            #expect(first.snapshot?.routers.first?.faultCauses == [.interfaceDown("eth1")])
            #expect(second.waitForState(.active, since: start, within: .seconds(1)) != nil)

            let back = MonotonicInstant.now
            try network.ip("a", "link", "set", "eth1", "up")
            #expect(first.waitForState(.backup, since: back, within: .seconds(1)) != nil)
            #expect(first.waitForState(.active, since: back, within: .seconds(1)) != nil)
            #expect(second.waitForState(.backup, since: back, within: .seconds(1)) != nil)
            first.shutDown()
            second.shutDown()
        }

        @Test func `addresses flushed before the link goes down let a priority 0 leave`() throws {
            let network = try TestNetwork()
            let wire = try TestWire(network, at: "b")
            let first = try TestNode(router(priority: 101), in: network.namespace("a"))
            #expect(first.waitForState(.active, within: .seconds(2)) != nil)
            let second = try TestNode(router(priority: 100), in: network.namespace("b"))
            usleep(500_000)
            #expect(second.snapshot?.routers.first?.state == .backup)
            let start = MonotonicInstant.now
            try network.ip("a", "addr", "flush", "dev", "eth1")
            try network.ip("a", "link", "set", "eth1", "down")
            let takeover = try #require(
                second.waitForState(.active, since: start, within: .seconds(1)))
            #expect(takeover - start < .milliseconds(200))
            #expect(
                wire.frames.compactMap(\.advertisement).contains {
                    $0.source == a && $0.priority == 0
                })
            #expect(first.waitForState(.fault, since: start, within: .seconds(1)) != nil)

            let back = MonotonicInstant.now
            try network.ip("a", "link", "set", "eth1", "up")
            usleep(100_000)
            #expect(
                first.snapshot?.routers.first?.faultCauses == [.addressMissing(interface: "eth1")])
            try network.ip("a", "addr", "add", "10.9.0.1/24", "dev", "eth1")
            #expect(first.waitForState(.active, since: back, within: .seconds(1)) != nil)
            wire.stop()
            first.shutDown()
            second.shutDown()
        }
    }
}
