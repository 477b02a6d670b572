/// What a VRRP packet says, field by field, and what is wrong with it.
///
/// Unlike a router, which stops at the first fault, this goes on as far as there are bytes.
public struct PacketExplanation: Hashable, Sendable {
    /// The fields as they stand on the wire; `nil` if the IP header is not to be read.
    public private(set) var packet: PacketFields?
    /// What makes a receiver refuse it, the LAN lose it, or what its sender must not do; empty:
    /// nothing.
    public private(set) var faults: [PacketFault] = []
    /// What a receiver takes and an operator may want to know.
    public private(set) var remarks: [PacketRemark] = []
    /// The form in which the checksum is right; `nil` if it is in none, or unknown.
    public private(set) var checksumForm: ChecksumCoverage?
    /// The advertisement, if a router of its version that has its password would take it.
    public private(set) var advertisement: ReceivedAdvertisement?

    /// Explains a captured packet, or returns `nil` if it is not of VRRP.
    ///
    /// A packet of which the capture kept only a part is explained as far as that goes, and the rest
    /// of it is not held against its sender.
    public init?(_ packet: CapturedPacket) {
        guard let network = NetworkPacket(packet) else { return nil }
        self.init(network, missingByteCount: packet.originalByteCount - packet.bytes.count)
    }

    /// Explains a packet without link-layer header, or returns `nil` if it is not of VRRP.
    public init?(_ packet: NetworkPacket) { self.init(packet, missingByteCount: 0) }

    private init?(_ packet: NetworkPacket, missingByteCount: Int) {
        guard let datagram = IPDatagram(packet) else { return nil }
        let isCutOff = missingByteCount > 0 && datagram.isIncomplete
        if isCutOff { remarks.append(.captureCutOff(missingByteCount)) }
        if let fault = datagram.fault, !isCutOff { faults.append(.decoding(fault)) }
        guard let header = datagram.header else { return }
        let fields = PacketFields(link: packet, header: header, payload: datagram.payload)
        self.packet = fields
        judge(fields)
        if !datagram.isIncomplete {
            judge(datagram.payload, of: fields)
            remark(on: fields)
        }
    }

    /// What is wrong with the way it came.
    private mutating func judge(_ fields: PacketFields) {
        let header = fields.header
        if header.hopLimit != 255 {
            faults.append(.decoding(.timeToLive(header.hopLimit, expected: 255...255)))
        }
        if let source = fields.linkSource,
            let vrid = fields.message.flatMap({ VRID(rawValue: $0.vrid) }),
            source != .virtual(vrid, family: header.family)
        {
            remarks.append(.physicalSource(source))
        }
        guard header.destination.isMulticast else { return }
        if header.destination != header.family.vrrpGroup {
            faults.append(.group(header.destination))
        }
        let expected =
            header.destination.ipv6.map(MACAddress.multicast)
            ?? header.destination.ipv4.map(MACAddress.multicast)
        if let destination = fields.linkDestination, let expected, destination != expected {
            faults.append(.linkDestination(destination, expected: expected))
        }
    }

    /// What is wrong with the message itself.
    private mutating func judge(_ payload: [UInt8], of fields: PacketFields) {
        let header = fields.header
        guard let message = fields.message else {
            return faults.append(.decoding(.truncated(byteCount: payload.count, expected: 8)))
        }
        guard let version = VRRPVersion(rawValue: Int(message.version)),
            version == .v3 || header.family == .ipv4
        else { return faults.append(.decoding(.version(message.version))) }
        if message.type != Advertisement.typeNumber {
            faults.append(.decoding(.type(message.type)))
        }
        let byteCount = Advertisement.byteCount(
            version: version, family: header.family, addressCount: Int(message.addressCount))
        guard payload.count >= byteCount else {
            return faults.append(
                .decoding(.truncated(byteCount: payload.count, expected: byteCount)))
        }
        judgeFields(of: message, header: header)
        let covered = header.family == .ipv6 ? payload.count : byteCount
        judgeChecksum(
            of: payload.span.extracting(0..<covered), version: version, header: header)
        advertisement = received(payload, of: fields)
    }

    private mutating func judgeChecksum(
        of message: Span<UInt8>, version: VRRPVersion, header: IPHeader
    ) {
        var rules = ReceptionRules()
        do throws(DecodeError) {
            checksumForm = try ReceivedAdvertisement.coverage(
                of: message, version: version, header: header, rules: rules)
            if version == .v3, header.family == .ipv4, checksumForm == .pseudoHeader {
                remarks.append(.legacyChecksum)
            }
        } catch {
            faults.append(.decoding(error))
            rules.admitsGroupChecksum = true
            let isOld = try? ReceivedAdvertisement.coverage(
                of: message, version: version, header: header, rules: rules)
            if isOld != nil { remarks.append(.groupChecksum) }
        }
    }

    private mutating func judgeFields(of message: PacketFields.Message, header: IPHeader) {
        if message.vrid == 0 { faults.append(.decoding(.zeroVRID)) }
        if message.addressCount == 0 { faults.append(.decoding(.noAddresses)) }
        if message.interval == 0 { faults.append(.decoding(.zeroInterval)) }
        if let reserved = message.reserved, reserved != 0 {
            faults.append(.reservedBits(reserved))
        }
        switch message.authenticationType {
        case 0?:
            if message.authenticationData != Password.absent {
                remarks.append(.authenticationData)
            }
        case Password.typeNumber?: remarks.append(.password)
        case let type?: faults.append(.decoding(.authenticationType(type, expected: 0)))
        case nil: break
        }
        if message.addresses.contains(header.source), message.priority != 255 {
            faults.append(.sourceIsVirtual(header.source))
        }
    }

    /// What a router makes of it that has the password and asks for nothing that has no effect.
    private func received(_ payload: [UInt8], of fields: PacketFields) -> ReceivedAdvertisement? {
        let harmless = faults.allSatisfy { if case .reservedBits = $0 { true } else { false } }
        guard harmless else { return nil }
        var rules = ReceptionRules()
        if fields.message?.authenticationType == Password.typeNumber {
            rules.password = fields.message?.authenticationData.map(Password.init(octets:))
        }
        return try? ReceivedAdvertisement(
            decodingMessage: payload.span, header: fields.header, rules: rules)
    }

    private mutating func remark(on fields: PacketFields) {
        guard let message = fields.message else { return }
        if let first = message.addresses.first?.ipv6, !first.isLinkLocal {
            remarks.append(.firstAddress(.v6(first)))
        }
        if let trailer = fields.trailer {
            remarks.append(.authenticated(keyID: trailer.keyID))
        } else if fields.trailingByteCount > 0 {
            remarks.append(.trailingBytes(fields.trailingByteCount))
        }
        if message.priority == 0 { remarks.append(.release) }
    }
}
