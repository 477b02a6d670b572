import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

@testable import Failover

/// The sockets by which a node asks the kernel for something, out of order for a while.
private struct BrokenRequests {
    private let sockets: [(number: Int32, whole: Int32)]

    /// The blocking netlink sockets of this process.
    static var candidates: Set<Int32> {
        Set(
            (3..<1024).map(Int32.init).filter { number in
                var address = sockaddr()
                var length = socklen_t(MemoryLayout<sockaddr>.size)
                return getsockname(number, &address, &length) == 0 && address.sa_family == 16
                    && fcntl(number, F_GETFL) & O_NONBLOCK == 0
            })
    }

    init(_ numbers: Set<Int32>) {
        let other = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        sockets = numbers.map { number in
            let whole = dup(number)
            #expect(dup2(other, number) == number)
            return (number, whole)
        }
        close(other)
    }

    func mend() {
        for (number, whole) in sockets {
            #expect(dup2(whole, number) == number)
            close(whole)
        }
    }
}

/// A virtual router that hears nobody for 3.6 s before it becomes Active by itself.
private func patientRouter(
    _ change: (inout RouterSettings) -> Void = { _ in }
) throws -> FailoverConfiguration {
    try router(priority: 100) { router in
        router.interval = AdvertisementInterval(.oneSecond, version: .v3)
        change(&router)
    }
}

extension TestNetwork {
    fileprivate func holdsVirtualAddress(_ node: String) throws -> Bool {
        try addresses(node).contains("10.9.0.100")
    }
}

extension `On a LAN` {
    @Suite struct `Addresses and the kernel's own ways` {
        @Test func `one that the kernel removes along with another router's is no loss`() throws {
            let network = try TestNetwork()
            for name in ["all", "eth1"] {
                let off = "echo 0 > /proc/sys/net/ipv4/conf/\(name)/promote_secondaries"
                try run("ip", "netns", "exec", network.namespace("a"), "sh", "-c", off)
            }
            func held(_ host: UInt8) -> [HeldAddress] {
                [HeldAddress(address: IPv4Address(10, 1, 0, host), prefixLength: 24)]
            }
            var configuration = try router(priority: 100) { $0.addresses = held(100) }
            let vrid = try #require(VRID(52))
            configuration.routers += try router(priority: 100) {
                ($0.name, $0.vrid, $0.addresses) = ("VI_2", vrid, held(101))
            }.routers
            let node = try TestNode(configuration, in: network.namespace("a"))
            let active: [RouterState] = [.active, .active]
            #expect(
                eventually(within: .seconds(2)) {
                    node.snapshot?.routers.map(\.state) == active
                })
            for _ in 0..<6 {
                for name in ["VI_1", "VI_2"] {
                    #expect(node.perform { try? $0.release(router: name) } == true)
                    #expect(node.perform { try? $0.takeOver(router: name) } == true)
                }
            }
            usleep(50_000)
            let routers = try #require(node.snapshot?.routers)
            #expect(routers.map(\.state) == active)
            #expect(routers.map(\.counters.addressesRestored) == [0, 0])
            #expect(
                !node.lines.contains { $0.contains("by somebody") || $0.contains("giving way: 10") }
            )
            #expect(try network.addresses("a").contains("10.1.0.100/24"))
            #expect(try network.addresses("a").contains("10.1.0.101/24"))
            node.shutDown()
            #expect(try network.taggedAddresses("a").isEmpty)
        }

        @Test func `one that came and went while the kernel dropped its news comes back`() throws {
            let network = try TestNetwork()
            let node = try TestNode(patientRouter(), in: network.namespace("a"))
            #expect(node.waitForState(.backup, within: .seconds(2)) != nil)
            // All of it in one turn, so that nothing of it has been read.
            let isDone = node.perform { node in
                guard let manager = try? AddressManager(),
                    let eth1 = try? Links().link(named: "eth1")
                else { return false }
                let flood = (0..<2000).map {
                    InterfaceAddress(
                        .v4(0x0a01_0000 + UInt32($0)), prefixLength: 32, interfaceIndex: eth1.index)
                }
                let own = InterfaceAddress(
                    InternetAddress(10, 9, 0, 100), prefixLength: 32, interfaceIndex: eth1.index)
                for _ in 0..<2 {
                    guard (try? manager.add(flood)) != nil, (try? manager.remove(flood)) != nil
                    else { return false }
                }
                return (try? node.takeOver(router: "VI_1")) == true
                    && (try? manager.remove(own)) == .removed
            }
            #expect(isDone == true)
            #expect(
                eventually(within: .seconds(1)) {
                    node.snapshot?.routers.first?.counters.addressesRestored == 1
                })
            #expect(try network.holdsVirtualAddress("a"))
            node.shutDown()
        }

        @Test func `one that could not be taken off is taken off later`() throws {
            let network = try TestNetwork()
            let others = BrokenRequests.candidates
            let node = try TestNode(patientRouter(), in: network.namespace("a"))
            let requests = BrokenRequests.candidates.subtracting(others)
            #expect(node.waitForState(.backup, within: .seconds(2)) != nil)
            #expect(node.perform { try? $0.takeOver(router: "VI_1") } == true)
            #expect(try network.holdsVirtualAddress("a"))

            func failToRelease() throws {
                let broken = BrokenRequests(requests)
                #expect(node.perform { try? $0.release(router: "VI_1") } == true)
                broken.mend()
                #expect(
                    node.events.contains { event in
                        if case .router(_, .failed) = event { true } else { false }
                    })
                #expect(try network.holdsVirtualAddress("a"))
            }
            try failToRelease()
            #expect(
                node.waitForLine(
                    "Removed 10.9.0.100 from eth1, which had failed before", within: .seconds(2)))
            #expect(try !network.holdsVirtualAddress("a"))

            // Not if it is held again meanwhile.
            #expect(node.perform { try? $0.takeOver(router: "VI_1") } == true)
            try failToRelease()
            #expect(node.perform { try? $0.takeOver(router: "VI_1") } == true)
            usleep(1_500_000)
            #expect(try network.holdsVirtualAddress("a"))
            #expect(node.snapshot?.routers.first?.counters.addressesRestored == 0)
            node.shutDown()
            #expect(try !network.holdsVirtualAddress("a"))
        }
    }

    @Suite struct `Routes and the kernel's own ways` {
        @Test func `all are looked for ten times a second at most, whatever was missed`() throws {
            let network = try TestNetwork()
            let destination = InternetPrefix(InternetAddress(10, 5, 0, 0), length: 16)
            let node = try TestNode(
                router(priority: 100) {
                    $0.routes = [HeldRoute(Route(to: destination), interface: "eth1")]
                }, in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)
            // Longer than the news of what it has done itself takes.
            usleep(300_000)
            func restorations() -> [MonotonicInstant] {
                node.entries.compactMap { entry in
                    if case .router(_, .partRestored) = entry.event { entry.at } else { nil }
                }
            }
            for count in 1...2 {
                // No message tells of it, since another's tag is on it for a moment.
                try network.ip("a", "route", "replace", "10.5.0.0/16", "dev", "eth1", "proto", "99")
                try network.ip("a", "route", "del", "10.5.0.0/16", "dev", "eth1", "proto", "99")
                _ = node.perform { $0.host.onRouteRemoval(.missedSome) }
                #expect(eventually(within: .seconds(1)) { restorations().count == count })
            }
            let times = restorations()
            try #require(times.count == 2)
            print("restored again after \(times[1] - times[0])")
            #expect(times[1] - times[0] > .milliseconds(80))
            node.shutDown()
        }
    }
}
