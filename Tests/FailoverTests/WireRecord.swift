import Failover
import Glibc
import LinuxIO
import Netlink
import Testing
import VRRPCore

/// What two virtual routers with hardware addresses of their own, one of each version of IP, were
/// seen to do on one LAN: as Backup, as Active, and as Active without Accept_Mode.
///
/// Recorded once for all tests that look at it. The node has 10.9.0.1 and the addresses 10.9.0.100,
/// fe80::51 and 2001:db8::100; who asks has 10.9.0.2 and 2001:db8::2.
struct WireRecord: Sendable {
    /// What came by while the routers stood in one state, and what a neighbour got answered.
    struct Phase: Sendable {
        var frames: [WireFrame] = []
        /// Whether a ping of the virtual address was answered, by address.
        var answers: [String: Bool] = [:]
        /// Packets for others that came to the hardware addresses and were sent on.
        var forwardedCounts: [String: Int] = [:]
        /// The groups and the addresses of the links with the hardware addresses.
        var groups = ""
        var addresses = ""
        /// The node's ways into the two networks.
        var routes = ""
    }

    static let hardware4: [UInt8] = [0, 0, 0x5E, 0, 1, 51]
    static let hardware6: [UInt8] = [0, 0, 0x5E, 0, 2, 52]
    static let virtual4: [UInt8] = [10, 9, 0, 100]
    static let virtual6: [UInt8] = [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    private static let (text4, text6) = ("10.9.0.100", "2001:db8::100")

    private(set) var backup = Phase()
    private(set) var active = Phase()
    private(set) var withoutAcceptance = Phase()
    /// What the node told from its start to its end.
    private(set) var lines: [String] = []
    /// The node's own hardware address.
    private(set) var physical: [UInt8] = []

    /// The record, made when it is first looked at.
    static let shared = Result { try WireRecord() }

    private static func settings(_ acceptsTraffic: Bool) throws -> FailoverConfiguration {
        var configuration = try router(priority: 100)
        func virtualRouter(
            _ name: String, _ vrid: UInt8, _ link: String, _ hardware: [UInt8],
            _ addresses: [HeldAddress]
        ) throws -> RouterSettings {
            var router = RouterSettings(
                name: name, interface: "eth1", vrid: try #require(VRID(rawValue: vrid)),
                priority: .default)
            // Long enough a Backup to be looked at.
            router.interval = AdvertisementInterval(.longest, version: .v3)
            // For peers; what goes to the group has 255.
            router.unicastHopLimit = 64
            router.addresses = addresses
            router.acceptsTraffic = acceptsTraffic
            router.virtualMAC = HardwareAddress(octets: hardware).map {
                VirtualMAC(linkName: link, address: $0)
            }
            return router
        }
        configuration.routers = [
            try virtualRouter(
                "VI_1", 51, "vrrp.51", hardware4,
                [HeldAddress(address: IPv4Address(10, 9, 0, 100), prefixLength: 24)]),
            try virtualRouter(
                "VI_2", 52, "vrrp6.52", hardware6,
                [
                    HeldAddress(address: try #require(IPAddress("fe80::51"))),
                    HeldAddress(
                        address: try #require(IPAddress("2001:db8::100")), prefixLength: 64),
                ]),
        ]
        return configuration
    }

    private init() throws {
        let network = try TestNetwork()
        try Self.prepare(network)
        physical = try Self.hardwareAddress(of: network)
        let wire = try TestWire(network, at: "b")
        let node = try TestNode(Self.settings(true), in: network.namespace("a"))
        #expect(node.waitForState(.backup, within: .seconds(1)) != nil)
        // Else this would discard it too, as long as the link has no address.
        let accept = "for i in all vrrp.51; do echo 0 > /proc/sys/net/ipv4/conf/$i/rp_filter; done"
        try run("ip", "netns", "exec", network.namespace("a"), "sh", "-c", accept)
        backup = try Self.observe(network, wire, from: 0)
        #expect(node.snapshot?.routers.map(\.state) == [.backup, .backup])
        var count = wire.frames.count
        for name in ["VI_1", "VI_2"] { _ = node.perform { try? $0.takeOver(router: name) } }
        #expect(node.snapshot?.routers.map(\.state) == [.active, .active])
        active = try Self.observe(network, wire, from: count)
        let deaf = try Self.settings(false)
        #expect(node.perform { (try? $0.reconfigure(deaf)) != nil } == true)
        // The filter is another program's work.
        #expect(
            try eventually(within: .seconds(3)) {
                try !Self.answers(network, Self.text4) && !Self.answers(network, Self.text6)
            })
        count = wire.frames.count
        withoutAcceptance = try Self.observe(network, wire, from: count)
        node.shutDown()
        wire.stop()
        lines = node.lines
        let left = try network.ip("a", "-o", "link")
        #expect(!left.contains("vrrp"), "\(left)")
    }

    /// IPv6 at once, a network behind the node, and ways through the virtual addresses.
    private static func prepare(_ network: TestNetwork) throws {
        for node in ["a", "b"] {
            let off = "echo 0 > /proc/sys/net/ipv6/conf/eth1/accept_dad"
            try run("ip", "netns", "exec", network.namespace(node), "sh", "-c", off)
            try network.ip(node, "link", "set", "eth1", "down")
            try network.ip(node, "link", "set", "eth1", "up")
        }
        try network.ip("a", "addr", "add", "2001:db8::1/64", "dev", "eth1", "nodad")
        try network.ip("b", "addr", "add", "2001:db8::2/64", "dev", "eth1", "nodad")
        let forward =
            "echo 1 | tee /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding"
        try run("ip", "netns", "exec", network.namespace("a"), "sh", "-c", forward)
        try network.ip("a", "link", "add", "lan", "type", "veth", "peer", "name", "beyond")
        for link in ["beyond", "lan"] { try network.ip("a", "link", "set", link, "up") }
        try network.ip("a", "addr", "add", "10.8.0.1/24", "dev", "lan")
        try network.ip("a", "addr", "add", "2001:db8:8::1/64", "dev", "lan", "nodad")
        for host in ["10.8.0.9", "2001:db8:8::9"] {
            try network.ip("a", "neigh", "add", host, "lladdr", "02:00:00:00:00:09", "dev", "lan")
        }
        try network.ip("b", "route", "add", "10.8.0.0/24", "via", text4)
        try network.ip("b", "route", "add", "2001:db8:8::/64", "via", text6)
    }

    private static func hardwareAddress(of network: TestNetwork) throws -> [UInt8] {
        let words = try network.ip("a", "-o", "link", "show", "eth1").split(separator: " ")
        let text = try #require(words.drop { $0 != "link/ether" }.dropFirst().first)
        return text.split(separator: ":").compactMap { UInt8($0, radix: 16) }
    }

    private static func answers(_ network: TestNetwork, _ address: String) throws -> Bool {
        let ping = ["ip", "netns", "exec", network.namespace("b"), "ping", "-c", "1", "-W", "0.3"]
        return (try? run(ping + [address])) != nil
    }

    /// How many packets the node has sent on for others, as the kernel counts them.
    private static func forwardedCounts(_ network: TestNetwork) throws -> [String: Int] {
        let text = try run(
            "ip", "netns", "exec", network.namespace("a"), "cat", "/proc/net/snmp",
            "/proc/net/snmp6")
        let lines = text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
        // A line of names, and one of numbers; then a line each.
        let ip4 = lines.filter { $0.first == "Ip:" }
        let column = try #require(ip4.first?.firstIndex(of: "ForwDatagrams"))
        let count4 = try #require(ip4.last?[column])
        let count6 = try #require(lines.first { $0.first == "Ip6OutForwDatagrams" }?.last)
        return ["IPv4": try #require(Int(count4)), "IPv6": try #require(Int(count6))]
    }

    /// Asks for the addresses, sends to the hardware address what is for others, and lets the node ask.
    private static func observe(
        _ network: TestNetwork, _ wire: TestWire, from first: Int
    ) throws -> Phase {
        var phase = Phase()
        for address in [text4, text6] {
            try network.ip("b", "neigh", "flush", "dev", "eth1")
            phase.answers[address] = try answers(network, address)
        }
        // As a switch that floods would bring it, whoever holds the address.
        let before = try forwardedCounts(network)
        for (router, hardware, host) in [
            (text4, "00:00:5e:00:01:33", "10.8.0.9"), (text6, "00:00:5e:00:02:34", "2001:db8:8::9"),
        ] {
            try network.ip("b", "neigh", "replace", router, "lladdr", hardware, "dev", "eth1")
            _ = try answers(network, host)
        }
        phase.forwardedCounts = try forwardedCounts(network)
            .merging(before) { after, before in after - before }
        phase.answers["by its hardware address"] = try answers(network, text4)
        for router in [text4, text6] {
            try network.ip("b", "neigh", "del", router, "dev", "eth1")
        }
        // A neighbour that knows the hardware address asks it alone whether it is still there.
        try network.ip(
            "b", "neigh", "replace", text6, "lladdr", "00:00:5e:00:02:34", "nud", "probe", "dev",
            "eth1")
        // The node asks in the virtual address' name.
        try network.ip("a", "neigh", "flush", "dev", "eth1")
        let ping = ["ip", "netns", "exec", network.namespace("a"), "ping", "-c", "1", "-W", "0.3"]
        _ = try? run(ping + ["-I", text6, "2001:db8::77"])
        phase.groups = try network.ip("a", "-6", "maddr", "show", "dev", "vrrp6.52")
        phase.addresses = try network.ip("a", "-6", "-o", "addr", "show", "dev", "vrrp6.52")
        phase.routes =
            try network.ip("a", "route", "show", "10.9.0.0/24")
            + network.ip("a", "-6", "route", "show", "2001:db8::/64")
        phase.frames = wire.frames.dropFirst(first).map { WireFrame(bytes: $0.bytes) }
        return phase
    }
}

/// An Ethernet frame, taken apart as far as tests look at it.
struct WireFrame: Sendable {
    let bytes: [UInt8]

    var source: [UInt8] { Array(bytes[6..<12]) }
    private var type: [UInt8] { Array(bytes[12..<14]) }

    private func slice(_ range: Range<Int>) -> [UInt8] {
        bytes.count >= range.upperBound ? Array(bytes[range]) : []
    }

    /// The operation, the sender's hardware and Internet address of ARP.
    var arp: (operation: UInt8, hardware: [UInt8], sender: [UInt8])? {
        guard type == [0x08, 0x06], bytes.count >= 42 else { return nil }
        return (bytes[21], slice(22..<28), slice(28..<32))
    }

    /// The TTL or Hop Limit and the source of a VRRP advertisement.
    var advertisement: (hopLimit: UInt8, source: [UInt8])? {
        if type == [0x08, 0x00], bytes.count >= 42, bytes[23] == 112 {
            return (bytes[22], slice(26..<30))
        }
        guard type == [0x86, 0xDD], bytes.count >= 62, bytes[20] == 112 else { return nil }
        return (bytes[21], slice(22..<38))
    }

    /// The type, the IP source, the target and the option's hardware address of a Neighbor
    /// Solicitation (135) or Advertisement (136); no hardware address without an option.
    var neighbor: (type: UInt8, source: [UInt8], target: [UInt8], hardware: [UInt8])? {
        guard type == [0x86, 0xDD], bytes.count >= 78, bytes[20] == 58,
            bytes[54] == 135 || bytes[54] == 136
        else { return nil }
        return (bytes[54], slice(22..<38), slice(62..<78), slice(80..<86))
    }
}
