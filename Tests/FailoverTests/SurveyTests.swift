import Failover
import Glibc
import LinuxIO
import Netlink
import Reactor
import Testing
import VRRPCore

private let virtual = IPAddress.v4(IPv4Address(10, 9, 0, 100))
private let addressOfA = IPAddress.v4(IPv4Address(10, 9, 0, 1))
private let addressOfB = IPAddress.v4(IPv4Address(10, 9, 0, 2))

extension TestNetwork {
    fileprivate func survey(_ configuration: FailoverConfiguration) throws -> HostSurvey {
        try inside("a") { try HostSurvey(for: configuration) }
    }

    /// What `b` hears first, within 2 s.
    fileprivate func hearings(
        _ configuration: FailoverConfiguration
    ) throws -> [PeerListener.Hearing] {
        try inside("b") {
            let loop = try EventLoop()
            let listener = try PeerListener(configuration: configuration, loop: loop)
            let end = MonotonicInstant.now + .seconds(2)
            func look() {
                guard listener.hearings.isEmpty, .now < end else { return loop.stop() }
                loop.schedule(after: .milliseconds(5)) { look() }
            }
            look()
            loop.run()
            listener.stop()
            return listener.hearings
        }
    }
}

extension `On a LAN` {
    @Suite struct `Looking before a start` {
        @Test func `a survey tells what is there, what is left, and who runs`() throws {
            let network = try TestNetwork()
            let configuration = try router(priority: 100)
            let sound = try network.survey(configuration)
            #expect(
                sound.routers == [.init(name: "VI_1", interface: "eth1", source: addressOfA)])
            #expect(sound.interfaces.map(\.name) == ["lo", "eth1"])
            #expect(sound.interfaces[1].isRunning)
            #expect(sound.interfaces[1].carriesMulticast)
            #expect(sound.interfaces[1].addresses.contains(.init(addressOfA)))
            #expect(sound.movingRefusal == nil)
            #expect(sound.packetRefusal == nil)
            #expect(sound.lockHolders == nil)

            // An address that moves is no source; one of ours is known by its tag.
            try network.leaveBehind(InternetAddress(10, 9, 0, 100), at: "a")
            let left = try network.survey(configuration)
            #expect(left.interfaces[1].addresses.contains(.init(virtual, isOurs: true)))
            #expect(left.routers[0].source == addressOfA)
            try network.ip("a", "addr", "del", "10.9.0.1/24", "dev", "eth1")
            #expect(try network.survey(configuration).routers[0].source == nil)
            try network.ip("a", "addr", "add", "10.9.0.1/24", "dev", "eth1")

            let node = try TestNode(configuration, in: network.namespace("a"))
            #expect(try network.survey(configuration).lockHolders == [getpid()])
            node.shutDown()
            try network.ip("a", "link", "set", "eth1", "down")
            let down = try network.survey(configuration)
            #expect(!down.interfaces[1].isUp)
            #expect(!down.interfaces[1].isRunning)
            #expect(down.lockHolders == nil)
        }

        @Test func `a number that one socket of a namespace has is had by no other`() throws {
            let network = try TestNetwork()
            @Sendable func claim() throws(SystemError) -> Descriptor {
                try PacketSocket.claiming(group: 0x5445, etherType: 0x88B6)
            }
            let inside = network.namespace("b")
            let errors = try network.inside("a") {
                let first = try claim()
                var errors: [Errno?] = []
                func attempt() {
                    do throws(SystemError) {
                        _ = try claim()
                        errors.append(nil)
                    } catch { errors.append(error.errno) }
                }
                attempt()
                try NetworkNamespace.enter(path: "/run/netns/\(inside)")
                attempt()
                _ = consume first
                return errors
            }
            #expect(errors == [.noSpace, nil])
        }

        @Test func `a listener tells what would be taken, refused, and what a filter drops`() throws
        {
            let network = try TestNetwork()
            let node = try TestNode(router(priority: 90), in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(2)) != nil)

            func outcome(
                _ change: (inout RouterSettings) -> Void = { _ in }
            ) throws -> PeerListener.Outcome? {
                let hearings = try network.hearings(router(priority: 100, change))
                #expect(hearings.map(\.sender) == [addressOfA])
                #expect(hearings.map(\.router) == ["VI_1"])
                return hearings.first?.outcome
            }
            guard case .taken(let heard, differences: [])? = try outcome() else {
                Issue.record("not taken")
                return
            }
            #expect(heard.priority == Priority(rawValue: 90))
            #expect(heard.addresses.addresses == [virtual])
            let other = try outcome {
                $0.interval = .v3(.oneSecond)
                $0.addresses = [HeldAddress(address: addressOfB)]
            }
            guard case .taken(_, let differences)? = other else {
                Issue.record("not taken")
                return
            }
            #expect(
                differences == [
                    "its interval is 100 milli-sec, here 1000 milli-sec",
                    "its addresses are 10.9.0.100, here 10.9.0.2",
                ])
            guard
                case .refused(let refusal)? = try outcome({
                    $0.interval = AdvertisementInterval(.oneSecond, version: .v2)
                })
            else {
                Issue.record("not refused")
                return
            }
            #expect(refusal.cause == .version)

            let rules = """
                table inet drops {
                  chain input { type filter hook input priority 0; ip protocol 112 drop; }
                }
                """
            try run("ip", "netns", "exec", network.namespace("b"), "nft", rules)
            #expect(try outcome() == .lost(destination: .v4(.vrrpGroup)))
            node.shutDown()
        }
    }
}
