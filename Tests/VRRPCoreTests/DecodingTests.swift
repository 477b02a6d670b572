import Testing
import VRRPCore

/// Version 3, VRID 51, priority 100, 1 s, 192.0.2.1; accepted as it stands.
private let good = "313364010064a865c0000201"

@Suite(.tags(.rfc9568)) struct `RFC 9568 §7.1 Receiving` {
    @Test func `a datagram without fault is accepted`() throws {
        let received = try decodeMessage(good)
        #expect(received.advertisement.vrid == VRID(51))
        #expect(received.advertisement.priority == priority(100))
        #expect(received.advertisement.interval == version3(100))
        #expect(received.advertisement.addresses.addresses == [.v4(IPv4Address(192, 0, 2, 1))])
    }

    @Test(arguments: [0, 1, 64, 254] as [UInt8])
    func `a TTL other than 255 is refused`(timeToLive: UInt8) {
        #expect(throws: DecodeError.timeToLive(timeToLive, expected: 255...255)) {
            try decode(datagram(bytes(good), timeToLive: timeToLive))
        }
    }

    @Test func `a protocol other than 112 is refused`() {
        #expect(throws: DecodeError.protocolNumber(51)) {
            try decode(datagram(bytes(good), protocolNumber: 51))
        }
    }

    @Test(arguments: [0, 1, 4, 15] as [UInt8])
    func `a version other than 2 and 3 is refused`(version: UInt8) {
        var message = bytes(good)
        message[0] = version << 4 | 1
        #expect(throws: DecodeError.version(version)) { try decode(datagram(message)) }
    }

    @Test(arguments: [0, 2, 15] as [UInt8])
    func `a type other than 1 is refused`(type: UInt8) {
        var message = bytes(good)
        message[0] = 0x30 | type
        #expect(throws: DecodeError.type(type)) { try decode(datagram(message)) }
    }

    @Test(arguments: [(0, 8), (7, 8), (8, 12), (11, 12)])
    func `a message that ends too early is refused`(byteCount: Int, expected: Int) {
        let message = Array(bytes(good).prefix(byteCount))
        #expect(throws: DecodeError.truncated(byteCount: byteCount, expected: expected)) {
            try decode(datagram(message))
        }
    }

    @Test(arguments: 0..<12)
    func `one flipped bit anywhere is refused`(position: Int) {
        var message = bytes(good)
        message[position] ^= 0x80
        #expect(throws: DecodeError.self) { try decode(datagram(message)) }
    }

    @Test func `a checksum that is right in neither form is refused with both values`() {
        #expect(throws: DecodeError.checksum(found: 0xA864, expected: 0xA865)) {
            try decodeMessage("313364010064a864c0000201")
        }
    }

    @Test func `the legacy checksum is refused for another destination than the header's`() {
        var changed = datagram(bytes("31336401006405d4c0000201"))
        changed[19] = 17
        #expect(throws: DecodeError.checksum(found: 0x05D4, expected: 0xA865)) {
            try decode(changed)
        }
    }

    @Test func `VRID 0 is refused`() {
        #expect(throws: DecodeError.zeroVRID) { try decodeMessage("310064010064a898c0000201") }
    }

    @Test func `an advertisement of no addresses is refused`() {
        #expect(throws: DecodeError.noAddresses) { try decodeMessage("3133640000646a68") }
    }

    @Test func `an interval of 0 is refused`() {
        #expect(throws: DecodeError.zeroInterval) { try decodeMessage("313364010000a8c9c0000201") }
    }

    @Test func `the reserved bits before the interval are ignored`() throws {
        let received = try decodeMessage("31336401f064b864c0000201")
        #expect(received.advertisement.interval == version3(100))
    }

    @Test func `bytes after the last address are ignored`() throws {
        for message in [good, "31336401006405d4c0000201"] {
            let received = try decodeMessage(message + "deadbeef")
            #expect(received.advertisement.addresses.addresses == [.v4(IPv4Address(192, 0, 2, 1))])
        }
    }

    @Test func `the length is the IP header's, not the frame's`() throws {
        let padded = datagram(bytes(good)) + Array(repeating: 0xFF, count: 14)
        #expect(try decode(padded).messageByteCount == 12)
        #expect(try IPv4Header(decoding: padded.span).payload == 20..<32)
    }
}

@Suite struct `RFC 791 Header` {
    @Test func `options before the message are stepped over`() throws {
        var long = datagram(bytes("0101010101010101313364010064a865c0000201"))
        long[0] = 0x47
        let received = try decode(long)
        #expect(try IPv4Header(decoding: long.span).payload == 28..<40)
        #expect(received.advertisement.priority == priority(100))
    }

    @Test func `fewer bytes than a header are refused`() {
        #expect(throws: DecodeError.truncatedHeader(byteCount: 19)) {
            try decode(Array(datagram([]).prefix(19)))
        }
        #expect(throws: DecodeError.truncatedHeader(byteCount: 0)) { try decode([]) }
    }

    @Test func `another IP version is refused`() {
        var changed = datagram(bytes(good))
        changed[0] = 0x55
        #expect(throws: DecodeError.ipVersion(5)) { try decode(changed) }
    }

    @Test(arguments: [(0x44, 16), (0x4F, 60)] as [(UInt8, Int)])
    func `a header length that cannot be is refused`(first: UInt8, length: Int) {
        var changed = datagram(bytes(good))
        changed[0] = first
        #expect(throws: DecodeError.headerLength(length)) { try decode(changed) }
    }

    @Test func `a total length beyond what arrived is refused`() {
        let cut = Array(datagram(bytes(good)).dropLast())
        #expect(throws: DecodeError.totalLength(32, available: 31)) { try decode(cut) }
    }
}

@Suite(.tags(.rfc3768)) struct `RFC 3768 §7.1 Receiving` {
    @Test func `a datagram without fault is accepted`() throws {
        let received = try decodeMessage("213364010001b8c8c00002010000000000000000")
        #expect(received.advertisement.interval == version2(1))
        #expect(received.advertisement.priority == priority(100))
    }

    @Test func `a message without its authentication data is refused`() {
        #expect(throws: DecodeError.truncated(byteCount: 12, expected: 20)) {
            try decodeMessage("213364010001b8c8c0000201")
        }
    }

    @Test func `the pseudo-header form of the checksum is refused`() {
        #expect(throws: DecodeError.checksum(found: 0x162F, expected: 0xB8C8)) {
            try decodeMessage("213364010001162fc00002010000000000000000")
        }
    }

    @Test func `authentication by password is refused with its type`() {
        #expect(throws: DecodeError.authenticationType(1, expected: 0)) {
            try decodeMessage("2133640101017b7cc00002017365637265740000")
        }
    }

    @Test func `authentication data is ignored without authentication`() throws {
        let received = try decodeMessage("2133640100017c7cc00002017365637265740000")
        #expect(received.advertisement.priority == priority(100))
    }

    @Test func `an interval of 0 is refused`() {
        #expect(throws: DecodeError.zeroInterval) {
            try decodeMessage("213364010000b8c9c00002010000000000000000")
        }
    }
}

@Suite struct `Messages of errors` {
    @Test func `an error says what was found and what would be right`() {
        #expect(
            DecodeError.timeToLive(64, expected: 255...255).description == "TTL 64, must be 255")
        #expect(
            DecodeError.checksum(found: 0x0001, expected: 0xA865).description
                == "VRRP checksum 0x0001, must be 0xa865")
        #expect(
            RejectionReason.version(.v2, expected: .v3).description == "VRRP version 2, must be 3")
    }
}

@Suite struct `Hostile bytes` {
    @Test func `no prefix and no mutation of a datagram traps`() {
        let whole = datagram(bytes("213364010001b8c8c00002010000000000000000"))
        for count in 0...whole.count { _ = try? decode(Array(whole.prefix(count))) }
        for position in whole.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = whole
                changed[position] = value
                _ = try? decode(changed)
            }
        }
    }
}
