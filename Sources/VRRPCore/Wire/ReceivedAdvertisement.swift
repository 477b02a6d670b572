/// An advertisement as it arrived: with who sent it, and the form of its checksum.
public struct ReceivedAdvertisement: Hashable, Sendable {
    /// The fields of the IP header.
    public let header: IPHeader
    /// The message.
    public let advertisement: Advertisement
    /// The form in which its checksum was right.
    public let coverage: ChecksumCoverage
    /// The length of the message in bytes; what follows it in the datagram is a trailer or nothing.
    public let messageByteCount: Int

    /// Decodes an IP datagram with its header, as a raw socket of IPv4 or a capture delivers it.
    ///
    /// Over IPv4, bytes after the last address (in version 2: after the authentication data) are
    /// ignored; over IPv6 the checksum covers them.
    ///
    /// - Parameters:
    ///   - datagram: An IP header, a VRRP message and possibly padding.
    ///   - rules: What a message has to bring along to be taken.
    /// - Throws: The first check that failed, in the order of ``DecodeError``'s cases.
    ///
    /// RFC 9568 §7.1, RFC 3768 §7.1.
    public init(
        decoding datagram: Span<UInt8>, rules: ReceptionRules = ReceptionRules()
    ) throws(DecodeError) {
        let isIPv6 = datagram.count > 0 && datagram[0] >> 4 == 6
        if isIPv6 {
            let header = try IPv6Header(decoding: datagram)
            try Self.check(protocolNumber: header.protocolNumber)
            try self.init(
                decodingMessage: datagram.extracting(header.payload), header: IPHeader(header),
                rules: rules)
        } else {
            let header = try IPv4Header(decoding: datagram)
            try Self.check(protocolNumber: header.protocolNumber)
            try self.init(
                decodingMessage: datagram.extracting(header.payload), header: IPHeader(header),
                rules: rules)
        }
    }

    /// Decodes a message whose IPv4 header was decoded before.
    ///
    /// - Parameters:
    ///   - message: A VRRP message of 8 + 4n bytes (version 2: 16 + 4n), and possibly a trailer.
    ///   - header: The fields of the IP header that the message came with.
    /// - Throws: The first check that failed, beginning with the TTL.
    public init(
        decodingMessage message: Span<UInt8>, header: IPv4Header
    ) throws(DecodeError) {
        try self.init(decodingMessage: message, header: IPHeader(header))
    }

    /// Decodes a message whose IP header is known.
    ///
    /// - Parameters:
    ///   - message: A VRRP message of 8 + 4n bytes (IPv6: 8 + 16n; version 2: 16 + 4n), and possibly
    ///     a trailer: the whole payload of the datagram.
    ///   - header: The fields of the IP header that the message came with.
    ///   - rules: What a message has to bring along to be taken.
    /// - Throws: The first check that failed, beginning with the hop limit.
    ///
    /// RFC 9568 §7.1, RFC 3768 §7.1.
    public init(
        decodingMessage message: Span<UInt8>, header: IPHeader,
        rules: ReceptionRules = ReceptionRules()
    ) throws(DecodeError) {
        guard rules.hopLimits.contains(header.hopLimit) else {
            throw .timeToLive(header.hopLimit, expected: rules.hopLimits)
        }
        guard message.count >= 8 else { throw .truncated(byteCount: message.count, expected: 8) }
        let version = try Self.version(of: message, family: header.family)
        let type = message[0] & 0x0F
        guard type == Advertisement.typeNumber else { throw .type(type) }
        let addressCount = Int(message[3])
        let byteCount = Advertisement.byteCount(
            version: version, family: header.family, addressCount: addressCount)
        guard message.count >= byteCount else {
            throw .truncated(byteCount: message.count, expected: byteCount)
        }
        // The kernel writes and verifies the checksum over IPv6, for the whole payload.
        let covered = header.family == .ipv6 ? message.count : byteCount
        let coverage = try Self.coverage(
            of: message.extracting(0..<covered), version: version, header: header, rules: rules)
        guard let vrid = VRID(rawValue: message[1]) else { throw .zeroVRID }
        let addresses = (0..<addressCount).map {
            message.address(
                at: 8 + header.family.addressByteCount * $0, family: header.family)
        }
        let none = rules.admitsNoAddresses ? VirtualAddressList(none: header.family) : nil
        guard let addresses = VirtualAddressList(addresses) ?? none else { throw .noAddresses }
        if version == .v2 {
            try Self.authenticate(message.extracting(0..<byteCount), password: rules.password)
        }
        let interval = try Self.interval(of: message, version: version)

        self.header = header
        self.coverage = coverage
        messageByteCount = byteCount
        advertisement = Advertisement(
            vrid: vrid, priority: Priority(rawValue: message[2]), interval: interval,
            addresses: addresses)
    }

    private static func check(protocolNumber: UInt8) throws(DecodeError) {
        guard protocolNumber == IPHeader.vrrpProtocolNumber else {
            throw .protocolNumber(protocolNumber)
        }
    }

    /// Version 2 exists over IPv4 only.
    private static func version(
        of message: Span<UInt8>, family: AddressFamily
    ) throws(DecodeError) -> VRRPVersion {
        let number = message[0] >> 4
        guard let version = VRRPVersion(rawValue: Int(number)),
            version == .v3 || family == .ipv4
        else { throw .version(number) }
        return version
    }

    /// Finds the form in which the checksum is right: with its own field added, the sum is all ones.
    static func coverage(
        of message: Span<UInt8>, version: VRRPVersion, header: IPHeader, rules: ReceptionRules
    ) throws(DecodeError) -> ChecksumCoverage {
        let forms: [ChecksumCoverage] =
            switch (version, header.family) {
            case (_, .ipv6): [.pseudoHeader]
            case (.v2, .ipv4): [.message]
            case (.v3, .ipv4) where rules.admitsGroupChecksum:
                [.message, .pseudoHeader, .groupPseudoHeader]
            case (.v3, .ipv4): [.message, .pseudoHeader]
            }
        for form in forms {
            var checksum = form.seed(
                source: header.source, destination: header.destination, byteCount: message.count)
            checksum.add(message)
            if checksum.sum == 0xFFFF { return form }
        }
        let found = message.word(at: 6)
        var expected = forms[0].seed(
            source: header.source, destination: header.destination, byteCount: message.count)
        expected.add(message)
        // Adding the complement takes the field itself out of the sum again.
        expected.add(~found)
        throw .checksum(found: found, expected: expected.value)
    }

    /// RFC 3768 §7.1 and RFC 2338 §5.3.6: the type as configured, and with it the password.
    private static func authenticate(
        _ message: Span<UInt8>, password: Password?
    ) throws(DecodeError) {
        let expected = password == nil ? 0 : Password.typeNumber
        guard message[4] == expected else {
            throw .authenticationType(message[4], expected: expected)
        }
        guard let password else { return }
        let data = message.extracting((message.count - 8)..<message.count)
        guard password.matches(data) else { throw .wrongPassword }
    }

    private static func interval(
        of message: Span<UInt8>, version: VRRPVersion
    ) throws(DecodeError) -> AdvertisementInterval {
        switch version {
        case .v2:
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

/// What a message has to bring along to be taken, beyond being well formed.
public struct ReceptionRules: Hashable, Sendable {
    /// TTLs or Hop Limits that are taken; 255 alone keeps senders beyond a router out.
    public var hopLimits: ClosedRange<UInt8> = 255...255
    /// The password of version 2; `nil`: authentication type 0 alone is taken.
    public var password: Password?
    /// Whether ``ChecksumCoverage/groupPseudoHeader`` is taken too.
    public var admitsGroupChecksum = false
    /// Whether a message without addresses is taken; see ``VirtualAddressList/init(none:)``.
    public var admitsNoAddresses = false

    /// Makes the rules of RFC 9568 §7.1 without authentication.
    public init() {}
}
