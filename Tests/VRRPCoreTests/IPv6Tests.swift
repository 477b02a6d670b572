import Testing
import VRRPCore

private func address(_ text: String) -> IPAddress { literal(IPAddress(text)) }
private func v6(_ text: String) -> IPv6Address { literal(IPv6Address(text)) }

private let list = literal(VirtualAddressList([address("fe80::1"), address("2001:db8::1")]))
private let header = IPHeader(source: address("fe80::2"))
/// VRID 51, priority 100, 1 s, fe80::1 and 2001:db8::1, from fe80::2 to ff02::12.
private let good =
    "3133640200643ffafe80000000000000000000000000000120010db8000000000000000000000001"
private let ipv6Header =
    "600000000028" + "70ff" + "fe800000000000000000000000000002"
    + "ff020000000000000000000000000012"

private func decode6(
    _ message: String, header: IPHeader = header
) throws -> ReceivedAdvertisement {
    let message = bytes(message)
    return try ReceivedAdvertisement(decodingMessage: message.span, header: header)
}

@Suite(.tags(.rfc9568)) struct `RFC 9568 §5.2 Message over IPv6` {
    @Test func `an advertisement is encoded with the pseudo-header, whatever form is asked for`() {
        let advertisement = advert(100, addresses: list)
        for coverage in [ChecksumCoverage.message, .pseudoHeader] {
            #expect(
                hexadecimal(advertisement.encoded(coverage: coverage, source: address("fe80::2")))
                    == good)
        }
        #expect(advertisement.byteCount == 40)
    }

    @Test func `it is decoded with its addresses`() throws {
        let received = try decode6(good)
        #expect(received.advertisement == advert(100, addresses: list))
        #expect(received.coverage == .pseudoHeader)
        #expect(received.messageByteCount == 40)
        #expect(received.header.destination.description == "ff02::12")
    }

    @Test func `a whole datagram is decoded, extension headers stepped over`() throws {
        #expect(try decode(bytes(ipv6Header + good)).advertisement.addresses == list)
        let extended =
            "60000000003000ff" + "fe800000000000000000000000000002"
            + "ff020000000000000000000000000012" + "7000050200000100" + good
        #expect(try decode(bytes(extended)).advertisement.addresses == list)
        #expect(try IPv6Header(decoding: bytes(extended).span).payload == 48..<88)
    }

    @Test func `the message alone as checksum is refused with the right one`() {
        let message = good.prefix(12) + "3e2a" + good.dropFirst(16)
        #expect(throws: DecodeError.checksum(found: 0x3E2A, expected: 0x3FFA)) {
            try decode6(String(message))
        }
    }

    @Test func `another destination than the header's is refused`() {
        #expect(throws: DecodeError.checksum(found: 0x3FFA, expected: 0x3FFB)) {
            try decode6(
                good, header: IPHeader(source: address("fe80::2"), destination: address("ff02::11"))
            )
        }
    }

    @Test func `the count asks for sixteen bytes each`() {
        #expect(throws: DecodeError.truncated(byteCount: 39, expected: 40)) {
            try decode6(String(good.dropLast(2)))
        }
    }

    @Test func `version 2 does not exist over IPv6`() {
        #expect(throws: DecodeError.version(2)) { try decode6("21" + good.dropFirst(2)) }
        let advertisement = advert(100, interval: version2(2), addresses: list)
        #expect(advertisement.interval == version3(200))
        #expect(version2(60).carried(over: .ipv6) == version3(4095))
        #expect(version2(60).carried(over: .ipv4) == version2(60))
    }

    @Test func `a router over IPv6 takes its interval as one of version 3`() {
        let configuration = VirtualRouter.Configuration(
            vrid: vrid51, priority: priority(100), interval: version2(1),
            primaryAddress: address("fe80::2"), addresses: list)
        #expect(VirtualRouter(configuration: configuration).configuration.interval == version3(100))
    }

    @Test(arguments: [0, 254] as [UInt8])
    func `a Hop Limit other than 255 is refused`(hopLimit: UInt8) {
        #expect(throws: DecodeError.timeToLive(hopLimit, expected: 255...255)) {
            try decode6(good, header: IPHeader(source: address("fe80::2"), hopLimit: hopLimit))
        }
    }
}

@Suite struct `RFC 8200 Header` {
    private let whole = bytes(ipv6Header + good)

    @Test func `fewer bytes than a header are refused`() {
        #expect(throws: DecodeError.truncatedHeader(byteCount: 39)) {
            try decode(Array(whole.prefix(39)))
        }
    }

    @Test func `a payload beyond what arrived is refused`() {
        #expect(throws: DecodeError.totalLength(80, available: 79)) {
            try decode(Array(whole.dropLast()))
        }
    }

    @Test func `an extension header beyond the payload is refused`() {
        var changed = whole
        changed[6] = 60
        changed[41] = 255
        #expect(throws: DecodeError.headerLength(2088)) { try decode(changed) }
        changed[5] = 1
        #expect(throws: DecodeError.headerLength(40)) { try decode(changed) }
    }

    @Test func `another protocol is refused`() {
        var changed = whole
        changed[6] = 58
        #expect(throws: DecodeError.protocolNumber(58)) { try decode(changed) }
    }

    @Test func `no prefix and no mutation traps`() {
        for count in 0...whole.count { _ = try? decode(Array(whole.prefix(count))) }
        for position in whole.indices {
            for value in [0, 1, 43, 60, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = whole
                changed[position] = value
                _ = try? decode(changed)
            }
        }
    }
}

@Suite(.tags(.rfc9568)) struct `RFC 9568 §6.4 Neighbor Advertisement` {
    private let frame =
        "33330000000100005e00023386dd6000000000203afffe800000000000000000000000000001"
        + "ff02000000000000000000000000000188007968a0000000fe80000000000000000000000000000102010"
        + "0005e000233"

    @Test func `the frame tells all nodes, Router and Override set`() {
        let announcement = NeighborAdvertisement(
            address: v6("fe80::1"), mac: .virtualIPv6(vrid51))
        #expect(hexadecimal(announcement.encoded()) == frame)
        #expect(
            hexadecimal(address("fe80::1").announcementFrame(from: .virtualIPv6(vrid51))) == frame)
    }

    @Test func `a host that does not forward clears the Router flag`() {
        let announcement = NeighborAdvertisement(
            address: v6("fe80::1"), mac: .virtualIPv6(vrid51), isRouter: false)
        let cleared = announcement.encoded()
        #expect(hexadecimal(Array(cleared[54..<62])) == "8800f96820000000")
    }

    @Test func `an IPv4 address is announced by ARP`() {
        #expect(
            address("192.0.2.1").announcementFrame(from: .virtualIPv4(vrid51)).prefix(14)
                == bytes("ffffffffffff00005e0001330806")[...])
    }
}

@Suite struct `Election over IPv6` {
    @Test func `an equal priority yields to the higher address`() {
        let configuration = VirtualRouter.Configuration(
            vrid: vrid51, priority: priority(100), interval: version3(100),
            primaryAddress: address("fe80::2"), addresses: list)
        for (sender, role) in [("fe80::1", VirtualRouter.Role.active), ("fe80::3", .backup)] {
            var router = VirtualRouter(configuration: configuration).promoted()
            let event = VirtualRouter.Event.received(
                advert(100, addresses: list), from: address(sender))
            _ = router.handle(event, at: second(10.5))
            #expect(router.role == role, "\(sender)")
        }
    }
}
