import Testing
import VRRPCore

/// What one router says, as it would be captured.
private struct Speaker {
    let host: UInt8
    var interval = version3(100)
    var priority: UInt8 = 100
    var addresses = virtualAddresses
    var coverage = ChecksumCoverage.message
    var password: String?
    var trailer: [UInt8] = []
    var vlan: UInt8?

    var address: IPAddress { .v4(IPv4Address(192, 0, 2, host)) }

    func says() throws -> PacketExplanation {
        let message = advert(priority, interval: interval, addresses: addresses).encoded(
            coverage: coverage, source: address, password: password.flatMap { Password($0) },
            trailer: trailer)
        var datagram = datagram(message)
        datagram[15] = host
        let ethernet =
            bytes("01005e00001200005e000133") + (vlan.map { [0x81, 0, 0, $0] } ?? []) + [8, 0]
        return try #require(
            PacketExplanation(
                CapturedPacket(
                    linkType: .ethernet, nanosecondsSince1970: 0, bytes: ethernet + datagram)))
    }
}

@Suite struct `A review of the traffic` {
    private func findings(
        _ statements: [(Double, Speaker)]
    ) throws -> [[TrafficFinding]] {
        var review = TrafficReview()
        return try statements.map { time, speaker in
            review.findings(about: try speaker.says(), at: Int64(time * 1_000_000_000))
        }
    }

    private let one = Speaker(host: 10)
    private let other = Speaker(host: 11)

    @Test func `two that both go on advertising are two Active routers`() throws {
        let found = try findings([
            (0, one), (0.4, other), (1, one), (1.4, other), (2, one), (2.4, other),
        ])
        #expect(
            found == [
                [], [], [], [], [.twoActive(other.address)], [.twoActive(one.address)],
            ])
    }

    @Test func `also at different intervals`() throws {
        var slow = other
        slow.interval = version3(300)
        let times = (0..<9).map { (Double($0), one) } + [0.5, 3.5, 6.5].map { ($0, slow) }
        let found = try findings(times.sorted { $0.0 < $1.0 })
        #expect(found.joined().contains(.twoActive(one.address)))
    }

    @Test func `a preemption with a last word and an answer is none`() throws {
        var winner = other
        winner.priority = 200
        let found = try findings([
            (0, one), (1, one), (2, one), (2.9, winner), (2.901, one), (2.902, winner),
            (3.9, winner),
            (4.9, winner), (5.9, winner),
        ])
        #expect(found.joined().isEmpty)
    }

    @Test func `a take-over after silence or resignation is none`() throws {
        var released = one
        released.priority = 0
        let found = try findings([
            (0, one), (1, one), (1.5, released), (2.1, other), (3.1, other), (4.1, other), (5, one),
            (5.1, other), (60, one), (61, one), (62, one),
        ])
        #expect(found.joined().isEmpty)
    }

    @Test func `once one of them yields it is over`() throws {
        let split = [(0, one), (0.4, other), (1, one), (1.4, other), (2, one)]
        let found = try findings(split + [(3, one), (4, one), (5, one)])
        #expect(found.map(\.count) == [0, 0, 0, 0, 1, 0, 0, 0])
    }

    @Test func `what does not agree is named once with each packet`() throws {
        func difference(
            _ change: (inout Speaker) -> Void, _ start: Speaker? = nil
        ) throws
            -> [TrafficFinding]
        {
            var changed = start ?? other
            changed = Speaker(host: 11, interval: changed.interval)
            change(&changed)
            return try findings([(0, start ?? one), (0.1, changed)])[1]
        }
        let second = Speaker(host: 10, interval: version2(1))
        #expect(
            try difference { $0.interval = version3(200) } == [
                .interval(version3(100), of: one.address)
            ])
        #expect(
            try difference({ $0.interval = version2(2) }, second)
                == [.interval(version2(1), of: one.address)])
        #expect(try difference { $0.interval = version2(1) } == [.version(.v3, of: one.address)])
        let list = literal(
            VirtualAddressList([IPv4Address(192, 0, 2, 100), IPv4Address(192, 0, 2, 101)]))
        #expect(
            try difference { $0.addresses = list } == [
                .addresses(virtualAddresses, of: one.address)
            ])
        #expect(try difference { $0.coverage = .pseudoHeader } == [.checksumForm(of: one.address)])
        #expect(
            try difference({ $0.password = "secret" }, second) == [.authentication(of: one.address)]
        )
        var owner = one
        owner.priority = 255
        #expect(try difference({ $0.priority = 255 }, owner) == [.twoOwners(one.address)])
    }

    @Test
    func `one that goes on alone is compared with who has gone once, until it says something else`()
        throws
    {
        var (odd, changed) = (other, one)
        odd.interval = version3(200)
        changed.interval = version3(300)
        let found = try findings([
            (0, one), (0.1, odd), (1, one), (2, one), (3, one), (4, changed), (5, changed),
        ])
        #expect(
            found == [
                [], [.interval(version3(100), of: one.address)],
                [.interval(version3(200), of: odd.address)], [], [],
                [.interval(version3(200), of: odd.address)], [],
            ])
    }

    @Test func `an order of addresses and a password that agree are nothing`() throws {
        let (a, b) = (IPv4Address(192, 0, 2, 100), IPv4Address(192, 0, 2, 101))
        var (first, second) = (
            Speaker(host: 10, interval: version2(1), password: "a"),
            Speaker(host: 11, interval: version2(1), password: "a")
        )
        first.addresses = literal(VirtualAddressList([a, b]))
        second.addresses = literal(VirtualAddressList([b, a]))
        #expect(try findings([(0, first), (0.1, second)]).joined().isEmpty)
        second.password = "b"
        let found = try findings([(0, first), (0.1, second)])
        #expect(found == [[], [.authentication(of: first.address)]])
    }

    @Test func `a trailer that is not later was sent before`() throws {
        func signed(_ counter: UInt8) -> Speaker {
            var speaker = one
            speaker.trailer =
                bytes("010100006a18a5008000") + [0, counter] + Array(repeating: 7, count: 16)
            return speaker
        }
        let found = try findings([(0, signed(1)), (1, signed(2)), (2, signed(2)), (3, signed(1))])
        #expect(found == [[], [], [.replayed], [.replayed]])
    }

    @Test func `VLANs are LANs of their own`() throws {
        var elsewhere = other
        elsewhere.vlan = 7
        elsewhere.interval = version3(300)
        #expect(try findings([(0, one), (0.1, elsewhere)]).joined().isEmpty)
    }

    @Test func `what no router takes is left out of account`() throws {
        var wrong = other
        wrong.addresses = VirtualAddressList(IPv4Address(192, 0, 2, 11))
        #expect(try findings([(0, one), (0.1, wrong)]).joined().isEmpty)
    }

    @Test func `sentences, words for programs, and which are faults`() {
        let findings: [TrafficFinding] = [
            .twoActive(ownAddress), .twoOwners(ownAddress), .version(.v2, of: ownAddress),
            .interval(version2(1), of: ownAddress), .interval(version3(1), of: ownAddress),
            .addresses(virtualAddresses, of: ownAddress), .checksumForm(of: ownAddress),
            .authentication(of: ownAddress), .replayed,
        ]
        #expect(findings.filter { !$0.isFault } == [.interval(version3(1), of: ownAddress)])
        #expect(
            findings.map(\.name) == [
                "two-active", "two-owners", "version-mismatch", "interval-mismatch",
                "interval-mismatch", "address-mismatch", "checksum-form-mismatch",
                "authentication-mismatch", "replayed",
            ])
        #expect(findings[0].description == "192.0.2.2 is Active as well: both hold the addresses")
        #expect(findings[4].description == "192.0.2.2 advertises every 10 ms")
        #expect(findings[5].description == "192.0.2.2 lists 192.0.2.100")
    }
}
