/// What a VRRP packet says, field by field, and what is wrong with it.
///
/// Unlike a router, which stops at the first fault, this goes on as far as there are bytes.
public struct PacketExplanation: Hashable, Sendable {
    /// One field in words.
    public struct Field: Hashable, Sendable {
        /// The field's name in RFC 9568 or RFC 3768.
        public let name: String
        /// Its value, with the unit.
        public let value: String
    }

    /// The fields, in the order of the wire.
    public private(set) var fields: [Field] = []
    /// What makes a receiver refuse it, or the LAN lose it; empty: nothing.
    public private(set) var faults: [PacketFault] = []
    /// What a receiver takes and an operator may want to know.
    public private(set) var remarks: [PacketRemark] = []
    /// The advertisement, if a router without authentication would take it.
    public private(set) var advertisement: ReceivedAdvertisement?

    /// Explains a captured packet, or returns `nil` if it is not of VRRP.
    public init?(_ packet: CapturedPacket) {
        guard let network = NetworkPacket(packet) else { return nil }
        self.init(network)
    }

    /// Explains a packet without link-layer header, or returns `nil` if it is not of VRRP.
    public init?(_ packet: NetworkPacket) {
        let datagram = packet.payload
        let header: IPHeader
        let payload: [UInt8]
        switch packet.etherType {
        case 0x0800:
            guard let decoded = try? IPv4Header(decoding: datagram.span),
                decoded.protocolNumber == IPHeader.vrrpProtocolNumber
            else { return nil }
            (header, payload) = (IPHeader(decoded), Array(datagram[decoded.payload]))
        case 0x86DD:
            guard let decoded = try? IPv6Header(decoding: datagram.span),
                decoded.protocolNumber == IPHeader.vrrpProtocolNumber
            else { return nil }
            (header, payload) = (IPHeader(decoded), Array(datagram[decoded.payload]))
        default: return nil
        }
        explain(link: packet, header: header)
        explain(payload, header: header)
        judge(payload, header: header, packet: packet)
    }

    private mutating func explain(link: NetworkPacket, header: IPHeader) {
        if let source = link.linkSource { add("Ethernet source", "\(source)") }
        if let destination = link.linkDestination {
            add("Ethernet destination", "\(destination)")
        }
        for vlan in link.vlans { add("VLAN", "\(vlan)") }
        add("Source", "\(header.source)")
        add("Destination", "\(header.destination)")
        add(header.family == .ipv4 ? "TTL" : "Hop Limit", "\(header.hopLimit)")
    }

    private mutating func explain(_ message: [UInt8], header: IPHeader) {
        guard message.count >= 8 else { return }
        let span = message.span
        let version = message[0] >> 4
        add("Version", "\(version)")
        add("Type", message[0] & 0x0F == 1 ? "1, ADVERTISEMENT" : "\(message[0] & 0x0F)")
        add("Virtual Rtr ID", "\(message[1])")
        add("Priority", Self.words(priority: message[2]))
        add("Address Count", "\(message[3])")
        if version == 2 {
            add("Auth Type", Self.words(authenticationType: message[4]))
            add("Adver Int", "\(message[5]) s")
        } else {
            add("Max Advertise Interval", "\(Int(span.word(at: 4) & 0x0FFF) * 10) ms")
        }
        add("Checksum", "0x" + Self.hexadecimal(message[6..<8]))
        let size = header.family.addressByteCount
        var offset = 8
        for _ in 0..<Int(message[3]) where offset + size <= message.count {
            add("Address", "\(span.address(at: offset, family: header.family))")
            offset += size
        }
        if version == 2, offset + 8 <= message.count {
            // A password is not shown.
            let isEmpty = message[offset..<(offset + 8)].allSatisfy { $0 == 0 }
            add("Authentication Data", isEmpty ? "zeros" : "8 bytes")
            offset += 8
        }
        guard offset < message.count else { return }
        explainTrailer(Array(message[offset...]))
    }

    private mutating func explainTrailer(_ bytes: [UInt8]) {
        do {
            let trailer = try AuthenticationTrailer(decoding: bytes.span)
            add("Authentication", "HMAC-SHA-256, key \(trailer.keyID)")
            add("Authenticated at", "\(trailer.sequence.seconds) s after 1970")
            remarks.append(.authenticated(keyID: trailer.keyID))
        } catch {
            remarks.append(.trailingBytes(bytes.count))
        }
    }

    private mutating func judge(_ message: [UInt8], header: IPHeader, packet: NetworkPacket) {
        var lenient = ReceptionRules()
        lenient.hopLimits = 0...255
        let isUnicast = !header.destination.isMulticast
        if header.hopLimit != 255 {
            faults.append(.decoding(.timeToLive(header.hopLimit, expected: 255...255)))
        }
        if !isUnicast, header.destination != header.family.vrrpGroup {
            faults.append(.group(header.destination))
        }
        judgeLink(packet, header: header, message: message)
        do {
            let received = try ReceivedAdvertisement(
                decodingMessage: message.span, header: header, rules: lenient)
            if faults.isEmpty { advertisement = received }
            remark(on: received)
        } catch .authenticationType(1, _) {
            remarks.append(.password)
        } catch {
            faults.append(.decoding(error))
        }
    }

    private mutating func judgeLink(
        _ packet: NetworkPacket, header: IPHeader, message: [UInt8]
    ) {
        if let destination = packet.linkDestination, header.destination.isMulticast {
            let expected =
                header.destination.ipv6.map(MACAddress.multicast)
                ?? header.destination.ipv4.map(MACAddress.multicast)
            if let expected, destination != expected {
                faults.append(.linkDestination(destination, expected: expected))
            }
        }
        guard message.count > 1, let vrid = VRID(rawValue: message[1]),
            let source = packet.linkSource,
            source != .virtual(vrid, family: header.family)
        else { return }
        remarks.append(.physicalSource(source))
    }

    private mutating func remark(on received: ReceivedAdvertisement) {
        let message = received.advertisement
        if !message.addresses.beginsAsRequired {
            remarks.append(.firstAddress(message.addresses.addresses[0]))
        }
        if message.addresses.contains(received.header.source), message.priority != .owner {
            faults.append(.sourceIsVirtual(received.header.source))
            advertisement = nil
        }
        if message.version == .v3, received.header.family == .ipv4,
            received.coverage == .pseudoHeader
        {
            remarks.append(.legacyChecksum)
        }
        if message.priority == .release { remarks.append(.release) }
    }

    private mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    private static func words(priority: UInt8) -> String {
        switch priority {
        case 0: "0, stops taking part"
        case 255: "255, owns the addresses"
        default: "\(priority)"
        }
    }

    private static func words(authenticationType: UInt8) -> String {
        switch authenticationType {
        case 0: "0, none"
        case 1: "1, password"
        default: "\(authenticationType), unknown"
        }
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
