/// An advertisement as it arrived: with who sent it, and the form of its checksum.
public struct ReceivedAdvertisement: Hashable, Sendable {
    /// The fields of the IP header.
    public let header: IPv4Header
    /// The message.
    public let advertisement: Advertisement
    /// The form in which its checksum was right.
    public let coverage: ChecksumCoverage

    /// Decodes what a raw socket delivered.
    ///
    /// Bytes after the last address (in version 2: after the authentication data) are ignored.
    ///
    /// - Parameter datagram: An IPv4 header of 20 to 60 bytes, a VRRP message of 8 + 4n bytes
    ///   (version 2: 16 + 4n), and possibly padding.
    /// - Throws: The first check that failed, in the order of ``DecodeError``'s cases.
    ///
    /// RFC 9568 §7.1, RFC 3768 §7.1.
    public init(decoding datagram: Span<UInt8>) throws(DecodeError) {
        let header = try IPv4Header(decoding: datagram)
        guard header.protocolNumber == IPv4Header.vrrpProtocolNumber else {
            throw .protocolNumber(header.protocolNumber)
        }
        try self.init(decodingMessage: datagram.extracting(header.payload), header: header)
    }

    /// Decodes a message whose IP header was decoded before.
    ///
    /// - Parameters:
    ///   - message: A VRRP message of 8 + 4n bytes (version 2: 16 + 4n), and possibly a trailer.
    ///   - header: The fields of the IP header that the message came with.
    /// - Throws: The first check that failed, beginning with the TTL.
    ///
    /// RFC 9568 §7.1, RFC 3768 §7.1.
    public init(
        decodingMessage message: Span<UInt8>, header: IPv4Header
    ) throws(DecodeError) {
        guard header.timeToLive == 255 else { throw .timeToLive(header.timeToLive) }
        guard message.count >= 8 else { throw .truncated(byteCount: message.count, expected: 8) }
        guard let version = VRRPVersion(rawValue: Int(message[0] >> 4)) else {
            throw .version(message[0] >> 4)
        }
        let type = message[0] & 0x0F
        guard type == Advertisement.typeNumber else { throw .type(type) }
        let addressCount = Int(message[3])
        let byteCount = Advertisement.byteCount(version: version, addressCount: addressCount)
        guard message.count >= byteCount else {
            throw .truncated(byteCount: message.count, expected: byteCount)
        }
        let coverage = try Self.coverage(
            of: message.extracting(0..<byteCount), version: version, header: header)
        guard let vrid = VRID(rawValue: message[1]) else { throw .zeroVRID }
        let addresses = (0..<addressCount).map { message.address(at: 8 + 4 * $0) }
        guard let addresses = VirtualAddressList(addresses) else { throw .noAddresses }
        let interval = try Self.interval(of: message, version: version)

        self.header = header
        self.coverage = coverage
        advertisement = Advertisement(
            vrid: vrid, priority: Priority(rawValue: message[2]), interval: interval,
            addresses: addresses)
    }

    /// Finds the form in which the checksum is right: with its own field added, the sum is all ones.
    private static func coverage(
        of message: Span<UInt8>, version: VRRPVersion, header: IPv4Header
    ) throws(DecodeError) -> ChecksumCoverage {
        let forms: [ChecksumCoverage] = version == .v2 ? [.message] : [.message, .pseudoHeader]
        for form in forms {
            var checksum = form.seed(
                source: header.source, destination: header.destination, byteCount: message.count)
            checksum.add(message)
            if checksum.sum == 0xFFFF { return form }
        }
        let found = message.word(at: 6)
        var expected = InternetChecksum()
        expected.add(message)
        // Adding the complement takes the field itself out of the sum again.
        expected.add(~found)
        throw .checksum(found: found, expected: expected.value)
    }

    private static func interval(
        of message: Span<UInt8>, version: VRRPVersion
    ) throws(DecodeError) -> AdvertisementInterval {
        switch version {
        case .v2:
            guard message[4] == 0 else { throw .authenticationType(message[4]) }
            guard let seconds = WholeSeconds(rawValue: message[5]) else { throw .zeroInterval }
            return .v2(seconds)
        case .v3:
            // The upper four bits are reserved and ignored (RFC 9568 §5.2.6).
            guard let centiseconds = Centiseconds(rawValue: message.word(at: 4) & 0x0FFF) else {
                throw .zeroInterval
            }
            return .v3(centiseconds)
        }
    }
}
