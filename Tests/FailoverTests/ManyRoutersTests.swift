import Glibc
import LinuxIO
import Netlink
import Synchronization
import Testing
import VRRPCore

@testable import Failover

/// What a node was told of its interfaces.
private final class Seen: Sendable {
    private let state = Mutex<[Bool]>([])
    var calls: [Bool] { state.withLock { $0 } }
    func note(_ concernsRouters: Bool) { state.withLock { $0.append(concernsRouters) } }
}

extension `On a LAN` {
    @Suite struct `Many virtual routers` {
        @Test func `255 that hear nobody any more become Active within a moment`() throws {
            let network = try TestNetwork()
            var configuration = FailoverConfiguration()
            for number in 1...255 as ClosedRange<UInt8> {
                let vrid = try #require(VRID(rawValue: number))
                configuration.routers += try router(priority: 100) {
                    ($0.name, $0.vrid) = ("VI_\(number)", vrid)
                    $0.addresses = [HeldAddress(address: IPv4Address(10, 9, 1, number))]
                    $0.interval = AdvertisementInterval(.oneSecond, version: .v3)
                }.routers
            }
            let node = try TestNode(configuration, in: network.namespace("a"))
            func times() -> [MonotonicInstant] {
                node.entries.compactMap { entry in
                    if case .router(_, .entered(.active, _)) = entry.event { entry.at } else { nil }
                }
            }
            #expect(eventually(within: .seconds(60)) { times().count == 255 })
            let (first, last) = (try #require(times().first), try #require(times().last))
            print("255 MASTER lines within \(last - first)")
            #expect(last - first < .seconds(2))
            #expect(try network.taggedAddresses("a").count == 255)
            node.shutDown()
        }

        @Test func `what nobody uses is not looked at, and what they hold is no news to them`()
            throws
        {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 100), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            // The link-local address has been checked by then.
            usleep(2_500_000)
            let seen = Seen()
            _ = node.perform { node in
                let former = node.host.onInterfaceChange
                node.host.onInterfaceChange = {
                    seen.note($0)
                    former($0)
                }
            }
            try network.ip("a", "link", "add", "eth2", "type", "veth", "peer", "name", "far2")
            for link in ["far2", "eth2"] { try network.ip("a", "link", "set", link, "up") }
            try network.ip("a", "addr", "add", "10.8.0.1/24", "dev", "eth2")
            usleep(100_000)
            #expect(seen.calls == [])
            try network.leaveBehind(InternetAddress(10, 9, 0, 77), at: "a")
            #expect(eventually(within: .seconds(1)) { seen.calls == [false] })
            try network.ip("a", "addr", "add", "10.9.0.200/32", "dev", "eth1")
            #expect(eventually(within: .seconds(1)) { seen.calls == [false, true] })
            node.shutDown()
        }
    }
}
