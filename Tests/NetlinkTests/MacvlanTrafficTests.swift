import Glibc
import LinuxIO
import Netlink
import Testing

/// An ARP question of 10.1.0.9 at 02:00:00:00:00:09 for 10.1.0.`last`.
private func question(_ last: UInt8) -> [UInt8] {
    [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 9, 0x08, 0x06,
        0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,
        0x02, 0, 0, 0, 0, 9, 10, 1, 0, 9, 0, 0, 0, 0, 0, 0, 10, 1, 0, last,
    ]
}

/// An echo request of 10.1.0.9 for 10.1.0.5 at 00:00:5e:00:01:0a.
private let echoRequest: [UInt8] = [
    0x00, 0x00, 0x5e, 0x00, 0x01, 0x0a, 0x02, 0, 0, 0, 0, 9, 0x08, 0x00,
    0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0x66, 0xd2, 10, 1, 0, 9, 10, 1, 0, 5,
    8, 0, 0xf7, 0xfd, 0, 1, 0, 1,
]

/// A solicitation of 2001:db8::9 for 2001:db8::5, to its group ff02::1:ff00:5.
private let solicitation: [UInt8] = [
    0x33, 0x33, 0xff, 0x00, 0x00, 0x05, 0x02, 0, 0, 0, 0, 9, 0x86, 0xdd,
    0x60, 0, 0, 0, 0, 32, 58, 255,
    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
    0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 5,
    135, 0, 0x1c, 0x11, 0, 0, 0, 0,
    0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
    1, 1, 0x02, 0, 0, 0, 0, 9,
]

/// A router's advertisement, from fe80::9 to ff02::1, of the prefix 2001:db8:5::/64.
private let routerAdvertisement: [UInt8] = [
    0x33, 0x33, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 9, 0x86, 0xdd,
    0x60, 0, 0, 0, 0, 48, 58, 255,
    0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9,
    0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
    134, 0, 0x39, 0xbb, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0,
    3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0,
    0x20, 0x01, 0x0d, 0xb8, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]

/// Asks from `b` until there is an answer: a link that has just come up may lose frames.
private func answers(
    to frame: [UInt8], _ protocolNumber: UInt16, isAnswer: ([UInt8]) -> Bool
) throws -> [[UInt8]] {
    let announcer = try ARPAnnouncer()
    let listener = Listener(protocol: protocolNumber)
    for _ in 0..<10 {
        let sent = announcer.sendFrame(
            frame.span, interfaceIndex: Laboratory.interfaceIndex("b"))
        #expect(sent == .moved(frame.count))
        let answers = listener.frames().filter(isAnswer)
        if !answers.isEmpty { return answers }
    }
    return []
}

@Suite(.tags(.needsRoot), .enabled(if: isRoot, "NOT RUN: needs root"))
struct `A virtual hardware address on the wire` {
    /// `a` speaks from 10.1.0.6, a macvlan on it from 10.1.0.5.
    private static func prepare() throws {
        try Laboratory.set("net/ipv4/conf/all/rp_filter", "1")
        try Laboratory.ip("address add 10.1.0.6/24 dev a")
        let made = try Macvlans().create(
            name: "v10", hardwareAddress: HardwareAddress(rawValue: 0x5e_00_01_0a),
            parentIndex: Laboratory.interfaceIndex("a"))
        try Links().set(index: made.index, isUp: true)
        try Laboratory.wait { try Links().link(named: "v10")?.isRunning == true }
        var address = InterfaceAddress(
            InternetAddress(10, 1, 0, 5), prefixLength: 24, interfaceIndex: made.index)
        address.flags = .noPrefixRoute
        #expect(try AddressManager().add(address) == .added)
    }

    /// `v10` on `a`, as of a router over IPv6 that is Active.
    @discardableResult
    private static func openLink() throws -> Macvlan {
        let macvlans = try Macvlans()
        let made = try macvlans.create(
            name: "v10", hardwareAddress: HardwareAddress(rawValue: 0x5e_00_02_0a),
            parentIndex: Laboratory.interfaceIndex("a"))
        try Links().set(index: made.index, isUp: true)
        try macvlans.open(made)
        try Laboratory.wait { try Links().link(named: "v10")?.isRunning == true }
        return made
    }

    private static func flap() throws {
        try Laboratory.ip("link set dev a down")
        try Laboratory.ip("link set dev a up")
        try Laboratory.wait { try Links().link(named: "v10")?.isRunning == true }
    }

    @Test func `each address is answered for by its own hardware address alone`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Self.prepare()
                for isFlapped in [false, true] {
                    if isFlapped { try Self.flap() }
                    for (last, hardware) in [
                        (5, [0x00, 0x00, 0x5e, 0x00, 0x01, 0x0a]), (6, [0x02, 0, 0, 0, 0, 0x0a]),
                    ] as [(UInt8, [UInt8])] {
                        // Operation 2, the reply; then the sender's hardware and Internet address.
                        let replies = try answers(to: question(last), 0x0806) { $0[21] == 2 }
                        #expect(
                            Set(replies.map { Array($0[22..<32]) })
                                == [hardware + [10, 1, 0, last]])
                    }
                }
            }
        }
    }

    @Test func `an IPv6 address is answered for by its own hardware address alone`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                let made = try Self.openLink()
                var address = InterfaceAddress(
                    .v6(high: 0x2001_0db8_0000_0000, low: 5), prefixLength: 64,
                    interfaceIndex: made.index)
                address.flags.insert(.noPrefixRoute)
                #expect(try AddressManager().add(address) == .added)
                // Neighbour advertisements; their last six bytes are the target's hardware address.
                let replies = try answers(to: solicitation, 0x86dd) { $0[54] == 136 }
                let own: [UInt8] = [0x00, 0x00, 0x5e, 0x00, 0x02, 0x0a]
                #expect(Set(replies.map { Array($0[6..<12]) }) == [own])
                #expect(Set(replies.map { Array($0[80..<86]) }) == [own])
            }
        }
    }

    @Test func `it derives no address from what a router advertises`() async {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Self.openLink()
                let announcer = try ARPAnnouncer()
                // The interface below derives one, at the same time.
                try Laboratory.wait {
                    _ = announcer.sendFrame(
                        routerAdvertisement.span, interfaceIndex: Laboratory.interfaceIndex("b"))
                    return try !Laboratory.addresses(of: "a", version: 6).isEmpty
                }
                usleep(20_000)
                #expect(try Laboratory.addresses(of: "v10", version: 6) == [])
            }
        }
    }

    @Test func `packets to it are taken, and the way back is asked for in the host's own name`()
        async
    {
        await #expect(processExitsWith: .success) {
            Laboratory.run {
                try Self.prepare()
                // The host wants to answer and does not know 10.1.0.9 yet.
                let questions = try answers(to: echoRequest, 0x0806) {
                    $0[21] == 1 && Array($0[38..<42]) == [10, 1, 0, 9]
                }
                #expect(!questions.isEmpty)
                for question in questions {
                    #expect(Array(question[22..<28]) == [0x02, 0, 0, 0, 0, 0x0a])
                    #expect(Array(question[28..<32]) == [10, 1, 0, 6])
                }
            }
        }
    }
}
