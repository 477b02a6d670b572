import Testing
import VRRPCore

private let one = VirtualAddressList(IPv4Address(192, 0, 2, 1))
private let two = literal(
    VirtualAddressList([IPv4Address(192, 0, 2, 1), IPv4Address(192, 0, 2, 3)]))

private func encoded(_ advertisement: Advertisement, _ coverage: ChecksumCoverage) -> String {
    hexadecimal(advertisement.encoded(coverage: coverage, source: ownAddress))
}

@Suite(.tags(.rfc9568)) struct `RFC 9568 §5.2 Message` {
    @Test(
        arguments: [
            (100, one, ChecksumCoverage.message, "313364010064a865c0000201"),
            (100, one, .pseudoHeader, "31336401006405d4c0000201"),
            (0, one, .message, "3133000100640c66c0000201"),
            (0, one, .pseudoHeader, "31330001006469d4c0000201"),
            (100, two, .message, "313364020064e660c0000201c0000203"),
            (100, two, .pseudoHeader, "31336402006443cbc0000201c0000203"),
        ] as [(UInt8, VirtualAddressList, ChecksumCoverage, String)])
    func `an advertisement is encoded and decoded in both forms of the checksum`(
        number: UInt8, addresses: VirtualAddressList, coverage: ChecksumCoverage, wire: String
    ) throws {
        let advertisement = advert(number, addresses: addresses)
        #expect(encoded(advertisement, coverage) == wire)

        let received = try decodeMessage(wire)
        #expect(received.advertisement == advertisement)
        #expect(received.coverage == coverage)
        #expect(received.header.source == .v4(IPv4Address(192, 0, 2, 2)))
        #expect(received.header.destination == .v4(IPv4Address(224, 0, 0, 18)))
    }

    @Test func `the longest interval fills twelve bits`() {
        let advertisement = advert(100, interval: version3(4095), addresses: one)
        #expect(encoded(advertisement, .message).hasPrefix("313364010fff"))
    }

    @Test func `the longest list of addresses has 1028 bytes and decodes`() throws {
        let addresses = (1...255).map { IPv4Address(198, 51, 100, UInt8($0)) }
        let advertisement = advert(100, addresses: try #require(VirtualAddressList(addresses)))
        let message = advertisement.encoded(source: ownAddress)
        #expect(message.count == 1028)
        #expect(try decode(datagram(message)).advertisement == advertisement)
    }

    /// keepalived issues 1175 and 1490, on the wire.
    @Test func `captured unicast and multicast advertisements have the legacy checksum`() throws {
        let unicast = try ReceivedAdvertisement(
            decodingMessage: bytes("3158c60100649c190ac34ce3").span,
            header: IPv4Header(
                source: IPv4Address(10, 1, 0, 3), destination: IPv4Address(10, 1, 0, 1),
                messageByteCount: 12))
        #expect(unicast.coverage == .pseudoHeader)
        #expect(unicast.advertisement.priority == priority(198))

        let multicast = Advertisement(
            vrid: literal(VRID(2)), priority: priority(150), interval: version3(100),
            addresses: literal(
                VirtualAddressList([
                    IPv4Address(185, 203, 112, 1), IPv4Address(10, 0, 0, 1),
                    IPv4Address(10, 0, 8, 1),
                ])))
        let source = IPv4Address(10, 0, 0, 3)
        let legacy = multicast.encoded(coverage: .pseudoHeader, source: source)
        #expect(hexadecimal(Array(legacy[6..<8])) == "082d")
        let current = multicast.encoded(coverage: .message, source: source)
        #expect(hexadecimal(Array(current[6..<8])) == "f2c6")
    }
}

@Suite(.tags(.rfc3768)) struct `RFC 3768 §5.3 Message` {
    @Test func `an advertisement is encoded and decoded without authentication`() throws {
        let wire = "213364010001b8c8c00002010000000000000000"
        let advertisement = advert(100, interval: version2(1), addresses: one)
        #expect(encoded(advertisement, .message) == wire)
        #expect(try decodeMessage(wire).advertisement == advertisement)
        #expect(try decodeMessage(wire).coverage == .message)
    }

    @Test func `there is only one form of the checksum`() {
        let advertisement = advert(100, interval: version2(1), addresses: one)
        #expect(
            encoded(advertisement, .pseudoHeader) == "213364010001b8c8c00002010000000000000000")
    }
}

@Suite(.tags(.rfc9568)) struct `RFC 9568 §6.4 Gratuitous ARP` {
    @Test func `the frame is a broadcast request from and for the virtual address`() {
        let announcement = GratuitousARP(
            address: IPv4Address(192, 0, 2, 1), mac: .virtualIPv4(vrid51))
        #expect(
            hexadecimal(announcement.encoded())
                == "ffffffffffff00005e0001330806000108000604000100005e000133c000020100005e000133"
                + "c0000201")
    }
}
