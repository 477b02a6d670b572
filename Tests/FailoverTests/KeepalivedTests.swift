import Failover
import Glibc
import LinuxIO
import Testing
import VRRPCore

/// Whether keepalived is installed; says loudly when it is not.
private let hasKeepalived: Bool = {
    guard access("/usr/sbin/keepalived", X_OK) == 0 else {
        print("NOT RUN: the tests against keepalived, which is not installed")
        return false
    }
    return true
}()

/// keepalived from Debian, on one node.
private final class Keepalived {
    private let directory: String
    private let process: ChildProcess
    private var hasEnded = false

    init(
        in network: TestNetwork, at node: String, version: ProtocolVersion, priority: Int
    ) throws {
        directory = "/tmp/\(network.prefix)-\(node)"
        try run("mkdir", "-p", directory)
        let text = """
            global_defs {
                vrrp_version \(version.rawValue)
            }
            vrrp_instance VI_1 {
                interface eth1
                state BACKUP
                virtual_router_id 51
                priority \(priority)
                advert_int \(version.interval)
                virtual_ipaddress {
                    10.9.0.100
                }
            }

            """
        try run("sh", "-c", "printf '%s' \"$0\" > \(directory)/keepalived.conf", text)
        process = try ChildProcess(
            path: "ip",
            arguments: [
                "ip", "netns", "exec", network.namespace(node), "keepalived", "-n", "-D", "-P",
                "-l", "-f", "\(directory)/keepalived.conf", "-p", "\(directory)/k.pid", "-r",
                "\(directory)/v.pid", "-c", "\(directory)/c.pid", "-b", "\(directory)/b.pid",
            ], descriptors: [(1, 1), (2, 2)])
    }

    func stop(_ signal: Int32) {
        guard !hasEnded else { return }
        // The parent and its child are one process group.
        process.signalGroup(signal)
        _ = eventually(within: .seconds(5)) { process.reap() != nil }
        hasEnded = true
    }

    deinit {
        stop(SIGKILL)
        _ = try? run("rm", "-rf", directory)
    }
}

/// A version of the protocol, with the interval of these tests.
enum ProtocolVersion: Int, CaseIterable {
    case v2 = 2, v3 = 3

    /// As keepalived's file has it.
    var interval: String { self == .v2 ? "1" : "0.1" }
    var ownInterval: AdvertisementInterval {
        AdvertisementInterval(
            Centiseconds(rawValue: self == .v2 ? 100 : 10) ?? .oneSecond,
            version: self == .v2 ? .v2 : .v3)
    }
    /// Three intervals and a skew time of at most one, with room for a busy machine.
    var downLimit: Duration { self == .v2 ? .seconds(4.2) : .milliseconds(600) }
    /// The skew time of priority 90, with room.
    var skewLimit: Duration { self == .v2 ? .milliseconds(720) : .milliseconds(120) }
}

extension `On a LAN` {
    @Suite(.enabled(if: hasKeepalived)) struct `Together with keepalived` {
        /// The time from priority 0 to the first advertisement of a router that sends from an address.
        ///
        /// As one thread saw them both: who looks at the nodes meanwhile is late on a busy machine.
        private func takeover(by source: [UInt8], on wire: TestWire) throws -> Duration {
            var first: TestWire.Frame?
            _ = eventually(within: .seconds(4)) {
                first = wire.frames.first { $0.advertisement?.source == source }
                return first != nil
            }
            let resigned = try #require(wire.frames.first { $0.advertisement?.priority == 0 })
            return try #require(first).at - resigned.at
        }

        @Test(arguments: ProtocolVersion.allCases)
        func `keepalived is followed, and replaced after it resigned`(
            version: ProtocolVersion
        ) throws {
            let network = try TestNetwork()
            let other = try Keepalived(in: network, at: "a", version: version, priority: 110)
            #expect(
                try eventually(within: .seconds(6)) {
                    try network.addresses("a").contains("10.9.0.100")
                })
            let node = try TestNode(
                router(priority: 90) { $0.interval = version.ownInterval },
                in: network.namespace("b"))
            usleep(1_500_000)
            let before = try #require(node.snapshot?.routers.first)
            #expect(before.state == .backup)
            #expect(before.lastHeard?.priority.rawValue == 110)
            #expect(before.counters.refused.nonZero.isEmpty)
            let wire = try TestWire(network, at: "b")
            let start = MonotonicInstant.now
            other.stop(SIGTERM)
            #expect(node.waitForState(.active, since: start, within: .seconds(6)) != nil)
            // 166/256 · 10 ms, with room; keepalived's own end is not counted.
            #expect(try takeover(by: [10, 9, 0, 2], on: wire) < .milliseconds(40))
            #expect(try network.addresses("b").contains("10.9.0.100"))

            // It comes back and is preferred.
            let again = try Keepalived(in: network, at: "a", version: version, priority: 110)
            #expect(
                node.waitForLine(
                    "(VI_1) Master received advert from 10.9.0.1 with higher priority 110, ours 90",
                    within: .seconds(8)))
            #expect(
                try eventually(within: .seconds(1)) {
                    try !network.addresses("b").contains("10.9.0.100")
                })
            // It is killed: nobody says so, and the down interval passes.
            let killed = MonotonicInstant.now
            again.stop(SIGKILL)
            let second = try #require(
                node.waitForState(.active, since: killed, within: .seconds(6)))
            #expect(second - killed < version.downLimit)
            node.shutDown()
        }

        @Test(arguments: ProtocolVersion.allCases)
        func `keepalived follows, and takes over after this node resigned`(
            version: ProtocolVersion
        ) throws {
            let network = try TestNetwork()
            let node = try TestNode(
                router(priority: 110) { $0.interval = version.ownInterval },
                in: network.namespace("a"))
            #expect(node.waitForState(.active, within: .seconds(6)) != nil)
            let other = try Keepalived(in: network, at: "b", version: version, priority: 90)
            // Longer than its down interval: it would be Active by now if it did not follow.
            usleep(version == .v2 ? 5_000_000 : 1_500_000)
            #expect(try !network.addresses("b").contains("10.9.0.100"))
            #expect(node.snapshot?.routers.first?.state == .active)
            #expect(node.snapshot?.routers.first?.counters.received == 0)
            let wire = try TestWire(network, at: "b")
            node.shutDown()
            #expect(try takeover(by: [10, 9, 0, 2], on: wire) < version.skewLimit)
            #expect(
                try eventually(within: .seconds(1)) {
                    try network.addresses("b").contains("10.9.0.100")
                })
            #expect(try !network.addresses("a").contains("10.9.0.100"))
            other.stop(SIGTERM)
        }
    }
}
