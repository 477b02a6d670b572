import Glibc
import Testing
import VRRPCore

/// Packets of a capture file: enough of the classic format for the files in Tests/Fixtures.
private struct Capture {
    /// Ethernet frames, in the order of the file.
    let frames: [[UInt8]]

    init(named name: String) throws {
        let bytes = try Self.contents(of: Self.path(of: name))
        try #require(bytes.prefix(4) == [0xD4, 0xC3, 0xB2, 0xA1], "little-endian, microseconds")
        var frames: [[UInt8]] = []
        var position = 24
        while position + 16 <= bytes.count {
            let length = bytes[(position + 8)..<(position + 12)].reversed()
                .reduce(0) { $0 << 8 | Int($1) }
            let frame = bytes.dropFirst(position + 16).prefix(length)
            try #require(frame.count == length, "a packet is cut off")
            frames.append(Array(frame))
            position += 16 + length
        }
        self.frames = frames
    }

    static func path(of name: String) -> String {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(folder)/Fixtures/" + (name.contains(".") ? name : "\(name).pcap")
    }

    static func contents(of path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"), "cannot open \(path)")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
        return bytes
    }

    private func payloads(_ etherType: [UInt8]) -> [[UInt8]] {
        frames.filter { Array($0[12..<14]) == etherType }.map { Array($0.dropFirst(14)) }
    }

    /// IPv4 datagrams, as a raw socket would deliver them.
    var datagrams: [[UInt8]] { payloads([0x08, 0x00]) }
    /// Whole frames with ARP in them.
    var announcements: [[UInt8]] { frames.filter { Array($0[12..<14]) == [0x08, 0x06] } }
}

@Suite struct `What keepalived sends` {
    private let one = VirtualAddressList(IPv4Address(192, 0, 2, 1))
    private let two = literal(
        VirtualAddressList([IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 3)]))

    private func check(
        _ name: String, interval: AdvertisementInterval, addresses: VirtualAddressList,
        coverage: ChecksumCoverage
    ) throws {
        let received = try Capture(named: name).datagrams.map(decode)
        try #require(received.count >= 3)
        #expect(received.last?.advertisement.priority == priority(0), "it was stopped at the end")
        #expect(received.dropLast().allSatisfy { $0.advertisement.priority == priority(100) })
        for packet in received {
            #expect(packet.coverage == coverage)
            #expect(packet.header.source == .v4(IPv4Address(192, 0, 2, 2)))
            #expect(packet.header.destination == .v4(IPv4Address(224, 0, 0, 18)))
            #expect(packet.advertisement.vrid == VRID(51))
            #expect(packet.advertisement.interval == interval)
            #expect(packet.advertisement.addresses == addresses)
        }
    }

    @Test func `version 2 decodes`() throws {
        try check("keepalived-v2", interval: version2(1), addresses: one, coverage: .message)
    }

    @Test func `version 2 with two addresses decodes`() throws {
        try check(
            "keepalived-v2-two-addresses", interval: version2(1), addresses: two,
            coverage: .message)
    }

    @Test func `version 3 decodes, with the legacy checksum`() throws {
        try check("keepalived-v3", interval: version3(100), addresses: one, coverage: .pseudoHeader)
    }

    @Test func `version 3 with two addresses and a tenth of a second decodes`() throws {
        try check(
            "keepalived-v3-two-addresses", interval: version3(10), addresses: two,
            coverage: .pseudoHeader)
    }

    @Test func `a password is accepted where it is expected`() throws {
        let datagrams = try Capture(named: "keepalived-v2-password").datagrams
        try #require(!datagrams.isEmpty)
        var rules = ReceptionRules()
        rules.password = Password("secret")
        for datagram in datagrams {
            _ = try ReceivedAdvertisement(decoding: datagram.span, rules: rules)
        }
    }

    @Test func `a password is refused where none is expected`() throws {
        let datagrams = try Capture(named: "keepalived-v2-password").datagrams
        try #require(!datagrams.isEmpty)
        for datagram in datagrams {
            #expect(throws: DecodeError.authenticationType(1, expected: 0)) { try decode(datagram) }
        }
    }

    @Test(
        arguments: [
            ("keepalived-v2", []), ("keepalived-v2-two-addresses", []),
            ("keepalived-v2-password", [.password]), ("keepalived-v3", [.legacyChecksum]),
            ("keepalived-v3-two-addresses", [.legacyChecksum]),
        ] as [(String, [PacketRemark])])
    func `it is explained without a fault`(name: String, remarks: [PacketRemark]) throws {
        let file = try Capture.contents(of: Capture.path(of: name))
        let packets = try VRRPCore.Capture(file: file).packets
        let explanations = packets.compactMap { PacketExplanation($0) }
        try #require(explanations.count >= 3)
        for explanation in explanations {
            #expect(explanation.faults == [])
            let expected =
                [.physicalSource(MACAddress(2, 0, 0, 0, 0, 2))] + remarks
            #expect(explanation.remarks.filter { $0 != .release } == expected)
        }
        #expect(explanations.last?.remarks.contains(.release) == true)
    }

    @Test(arguments: ["keepalived-v2", "keepalived-v3"])
    func `what is encoded here is what keepalived sent, byte for byte`(name: String) throws {
        for datagram in try Capture(named: name).datagrams {
            let received = try decode(datagram)
            let again = received.advertisement.encoded(
                coverage: received.coverage, source: received.header.source,
                destination: received.header.destination)
            let payload = try IPv4Header(decoding: datagram.span).payload
            #expect(again == Array(datagram[payload]))
        }
    }

    @Test func `its announcements are ours but for the target hardware address`() throws {
        let announcements = try Capture(named: "keepalived-v2").announcements
        #expect(announcements.count == 5)
        let ours = GratuitousARP(
            address: IPv4Address(192, 0, 2, 1), mac: MACAddress(0x02, 0, 0, 0, 0, 0x02)
        ).encoded()
        for frame in announcements {
            #expect(frame.count == 42)
            #expect(Array(frame[..<32]) == Array(ours[..<32]))
            #expect(Array(frame[38...]) == Array(ours[38...]))
        }
    }
}

@Suite struct `What tshark reads` {
    /// The columns of Tests/Fixtures/read-with-tshark, by the names of the explanation's fields;
    /// a field of one family or version shares its name with the other's.
    private static let columns = [
        "Ethernet source", "Ethernet destination", "Source", "Source", "Destination",
        "Destination", "TTL", "Hop Limit", "Version", "Type", "Virtual Rtr ID", "Priority",
        "Address Count", "Auth Type", "Adver Int", "Reserve", "Max Advertise Interval", "Checksum",
        "Address",
        "Address",
    ]

    /// A field of the explanation, as tshark writes it.
    private func plain(_ field: PacketExplanation.Field) -> String {
        switch field.name {
        case "Max Advertise Interval": "\((Int(field.value.dropLast(3)) ?? -1) / 10)"
        case "Adver Int": String(field.value.dropLast(2))
        default: String(field.value.prefix { $0 != "," })
        }
    }

    @Test(
        arguments: [
            "keepalived-v2", "keepalived-v2-password", "keepalived-v2-two-addresses",
            "keepalived-v3", "keepalived-v3-two-addresses", "keepalived-ipv6.pcapng", "lbctl-v2",
            "lbctl-v3", "lbctl-v3-message-only.pcapng", "vectors-ipv6",
            "lbctl-ipv6.pcapng", "lbctl-v2-password", "lbctl-unicast",
        ])
    func `every field is explained as tshark reads it`(name: String) throws {
        let path = Capture.path(of: name)
        let explanations = try VRRPCore.Capture(file: Capture.contents(of: path))
            .packets.compactMap { PacketExplanation($0) }
        let text = try String(
            decoding: Capture.contents(of: path.prefix { $0 != "." } + ".tshark"), as: UTF8.self)
        let lines = text.split(separator: "\n")
        try #require(!lines.isEmpty)
        try #require(lines.count == explanations.count)
        for (line, explanation) in zip(lines, explanations) {
            let values = line.split(separator: "\t", omittingEmptySubsequences: false)
            let expected = zip(Self.columns, values).filter { !$1.isEmpty }.flatMap { name, value in
                value.split(separator: ",").map { "\(name) \($0)" }
            }
            let found = explanation.fields.filter { $0.name != "Authentication Data" }
                .map { "\($0.name) \(plain($0))" }
            #expect(found == expected)
        }
    }
}
