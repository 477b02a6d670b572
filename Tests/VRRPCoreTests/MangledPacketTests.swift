import Testing
import VRRPCore

/// A frame of VRRP whose parts can be spoilt one by one.
private struct Frame {
    var destination = "01005e000012"
    var source = "00005e000133"
    var type = "0800"
    var header = "45c0002000000000ff700000c0000202e0000012"
    var message: String

    /// VRID 51, priority 100, 192.0.2.1; 1 s.
    static let version3 = Frame(message: "313364010064a865c0000201")
    static let version2 = Frame(
        header: "45c0002800000000ff700000c0000202e0000012",
        message: "213364010001b8c8c00002010000000000000000")
    /// The same with fe80::1 and 2001:db8::1, from fe80::2.
    static let version6 = Frame(
        destination: "333300000012", source: "00005e000233", type: "86dd",
        header: "60000000002870fffe800000000000000000000000000002ff020000000000000000000000000012",
        message: "3133640200643ffafe80000000000000000000000000000120010db8000000000000000000000001")

    func with(
        header: String? = nil, message: String? = nil, destination: String? = nil
    ) -> Frame {
        var changed = self
        changed.header = header ?? self.header
        changed.message = message ?? self.message
        changed.destination = destination ?? self.destination
        return changed
    }

    var bytes: [UInt8] { VRRPCoreTests.bytes(destination + source + type + header + message) }

    func explained() throws -> PacketExplanation {
        try #require(
            PacketExplanation(
                CapturedPacket(linkType: .ethernet, nanosecondsSince1970: 0, bytes: bytes)))
    }
}

private let v4 = IPAddress.v4(IPv4Address(192, 0, 2, 2))

/// Each way in which a packet can be wrong, made by one change of a right one.
private let mangled: [(Frame, PacketFault)] = {
    let (three, two, six) = (Frame.version3, Frame.version2, Frame.version6)
    let wire = "000000ff700000c0000202e0000012"
    return [
        // IP
        (
            three.with(header: "45c00020000000" + "00fe700000c0000202e0000012"),
            .decoding(.timeToLive(254, expected: 255...255))
        ),
        (
            six.with(header: six.header.replacing("70ff", with: "7040")),
            .decoding(.timeToLive(64, expected: 255...255))
        ),
        (three.with(header: "45c0003000" + wire), .decoding(.totalLength(48, available: 32))),
        (three.with(header: "44c0002000" + wire), .decoding(.headerLength(16))),
        (three.with(header: "65c0002000" + wire), .decoding(.ipVersion(6))),
        (
            three.with(header: "45c0002000000000ff700000", message: ""),
            .decoding(.truncatedHeader(byteCount: 12))
        ),
        (
            six.with(header: six.header.replacing("0028", with: "0030")),
            .decoding(.totalLength(88, available: 80))
        ),
        (
            three.with(
                header: "45c0002000000000ff700000c0000202e0000013", destination: "01005e000013"),
            .group(.v4(IPv4Address(224, 0, 0, 19)))
        ),
        (
            three.with(destination: "ffffffffffff"),
            .linkDestination(.broadcast, expected: MACAddress(1, 0, 0x5E, 0, 0, 0x12))
        ),
        (
            six.with(destination: "333300000001"),
            .linkDestination(
                MACAddress(0x33, 0x33, 0, 0, 0, 1),
                expected: MACAddress(0x33, 0x33, 0, 0, 0, 0x12))
        ),
        // Both versions
        (
            three.with(header: "45c0001a00" + wire, message: "313364010064"),
            .decoding(.truncated(byteCount: 6, expected: 8))
        ),
        (
            three.with(header: "45c0001c00" + wire, message: "313364010064a865"),
            .decoding(.truncated(byteCount: 8, expected: 12))
        ),
        (
            two.with(header: "45c0002000" + wire, message: "213364010001b8c8c0000201"),
            .decoding(.truncated(byteCount: 12, expected: 20))
        ),
        (three.with(message: "413364010064a865c0000201"), .decoding(.version(4))),
        (six.with(message: "2" + six.message.dropFirst()), .decoding(.version(2))),
        (three.with(message: "323364010064a765c0000201"), .decoding(.type(2))),
        (
            three.with(message: "313364010064a866c0000201"),
            .decoding(.checksum(found: 0xA866, expected: 0xA865))
        ),
        (
            two.with(message: "213364010001b8c9c00002010000000000000000"),
            .decoding(.checksum(found: 0xB8C9, expected: 0xB8C8))
        ),
        (
            six.with(message: six.message.replacing("3ffa", with: "3ffb")),
            .decoding(.checksum(found: 0x3FFB, expected: 0x3FFA))
        ),
        // The form of version 3 with a pseudo-header is none of version 2.
        (
            two.with(message: "213364010001163cc00002010000000000000000"),
            .decoding(.checksum(found: 0x163C, expected: 0xB8C8))
        ),
        (three.with(message: "310064010064a898c0000201"), .decoding(.zeroVRID)),
        (
            three.with(header: "45c0001c00" + wire, message: "3133640000646a68"),
            .decoding(.noAddresses)
        ),
        (three.with(message: "313364010000a8c9c0000201"), .decoding(.zeroInterval)),
        (two.with(message: "213364010000b8c9c00002010000000000000000"), .decoding(.zeroInterval)),
        (
            two.with(message: "213364010201b6c8c00002010000000000000000"),
            .decoding(.authenticationType(2, expected: 0))
        ),
        (three.with(message: "313364015064" + "5865" + "c0000201"), .reservedBits(5)),
        (three.with(message: "313364010064a864c0000202"), .sourceIsVirtual(v4)),
    ]
}()

@Suite struct `A mangled packet` {
    @Test(arguments: mangled.indices)
    func `each is found, and nothing else with it`(index: Int) throws {
        let (frame, fault) = mangled[index]
        #expect(try frame.explained().faults == [fault])
    }

    @Test(arguments: mangled.indices)
    func `a router takes it only where nobody refuses it`(index: Int) throws {
        let (frame, fault) = mangled[index]
        let explanation = try frame.explained()
        switch fault {
        case .reservedBits: #expect(explanation.advertisement != nil)
        case .decoding, .group, .linkDestination, .sourceIsVirtual:
            #expect(explanation.advertisement == nil)
        }
    }

    @Test func `right ones have no fault`() throws {
        for frame in [Frame.version2, .version3, .version6] {
            #expect(try frame.explained().faults == [])
            #expect(try frame.explained().advertisement != nil)
        }
        #expect(try Frame.version3.explained().checksumForm == .message)
        #expect(try Frame.version6.explained().checksumForm == .pseudoHeader)
    }

    @Test func `faults add up, each once`() throws {
        let frame = Frame.version3.with(message: "3200640150000000" + "c0000201")
        #expect(
            try frame.explained().faults == [
                .decoding(.type(2)), .decoding(.zeroVRID), .decoding(.zeroInterval),
                .reservedBits(5), .decoding(.checksum(found: 0, expected: 0x57FC)),
            ])
    }

    @Test func `authentication data without authentication is remarked`() throws {
        let frame = Frame.version2.with(message: "213364010001b7c8c00002010100000000000000")
        #expect(try frame.explained().faults == [])
        #expect(try frame.explained().remarks == [.authenticationData])
    }

    @Test func `the checksum of an old keepalived is told from a wrong one`() throws {
        // To 192.0.2.3, with the sum of the pseudo-header to 224.0.0.18.
        let frame = Frame.version3.with(
            header: "45c0002000000000ff700000c0000202c0000203", message: "31336401006405d4c0000201")
        #expect(
            try frame.explained().faults == [
                .decoding(.checksum(found: 0x05D4, expected: 0xA865))
            ])
        #expect(try frame.explained().remarks == [.groupChecksum])
    }

    @Test func `a message that is cut off is explained as far as it goes`() throws {
        let frame = Frame.version3.with(
            header: "45c0001a00000000ff700000c0000202e0000012", message: "313364010064")
        #expect(try frame.explained().fields.last?.name == "TTL")
        let short = Frame.version6.with(
            header: Frame.version6.header.replacing("0028", with: "0018"),
            message: String(Frame.version6.message.prefix(48)))
        #expect(try short.explained().packet?.message?.addresses.count == 1)
    }

    @Test func `what the capture left out is not held against the sender`() throws {
        let whole = Frame.version3.bytes
        for count in 24..<whole.count {
            let explanation = try #require(
                PacketExplanation(
                    CapturedPacket(
                        linkType: .ethernet, nanosecondsSince1970: 0,
                        bytes: Array(whole.prefix(count)), originalByteCount: whole.count)))
            #expect(explanation.faults == [])
            #expect(explanation.remarks.first == .captureCutOff(whole.count - count))
            #expect(explanation.advertisement == nil)
        }
    }

    @Test func `padding that the capture left out is nothing`() throws {
        let whole = Frame.version3.bytes
        let packet = CapturedPacket(
            linkType: .ethernet, nanosecondsSince1970: 0, bytes: whole, originalByteCount: 60)
        #expect(PacketExplanation(packet)?.remarks == [])
        #expect(PacketExplanation(packet)?.advertisement != nil)
    }

    @Test func `sentences and words for programs`() {
        #expect(PacketFault.reservedBits(5).description == "reserved bits 5, must be 0")
        #expect(
            PacketFault.decoding(.authenticationType(2, expected: 0)).description
                == "authentication type 2, must be 0 or 1")
        let names = mangled.map(\.1.name)
        #expect(
            Set(names) == [
                "hop-limit", "ip-header", "group", "link-destination", "truncated", "version",
                "type",
                "checksum", "vrid", "no-addresses", "interval", "authentication-type",
                "reserved-bits", "virtual-source",
            ])
    }
}
