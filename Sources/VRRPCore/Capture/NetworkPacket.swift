/// A packet without its link-layer header.
public struct NetworkPacket: Hashable, Sendable {
    /// The protocol as in an Ethernet header, 0x0800 for IPv4.
    public let etherType: UInt16
    /// Where it was sent to on the link, if the header tells.
    public let linkDestination: MACAddress?
    /// Where it was sent from on the link, if the header tells.
    public let linkSource: MACAddress?
    /// The VLANs that it was tagged with, the outermost first, 0 to 4095.
    public let vlans: [UInt16]
    /// All that follows, padding included.
    public let payload: [UInt8]

    /// Takes the link-layer header off, or returns `nil` if it is of another kind or cut off.
    public init?(_ packet: CapturedPacket) {
        let bytes = packet.bytes
        switch packet.linkType {
        case .ethernet:
            guard bytes.count >= 14 else { return nil }
            self.init(
                tagged: bytes, typeOffset: 12, destination: MACAddress(octets: bytes[0..<6]),
                source: MACAddress(octets: bytes[6..<12]))
        case .linuxCooked:
            guard bytes.count >= 16 else { return nil }
            let source = bytes[5] == 6 ? MACAddress(octets: bytes[6..<12]) : nil
            self.init(tagged: bytes, typeOffset: 14, destination: nil, source: source)
        case .linuxCooked2:
            guard bytes.count >= 20 else { return nil }
            let source = bytes[11] == 6 ? MACAddress(octets: bytes[12..<18]) : nil
            self.init(
                tagged: Array(bytes[..<2] + bytes[20...]), typeOffset: 0, destination: nil,
                source: source)
        case .ip, .ipv4, .ipv6, LinkType(rawValue: 12):
            guard let first = bytes.first else { return nil }
            self.init(
                tagged: (first >> 4 == 6 ? [0x86, 0xDD] : [0x08, 0x00]) + bytes, typeOffset: 0,
                destination: nil, source: nil)
        default: return nil
        }
    }

    /// Steps over VLAN tags from the type on.
    private init?(
        tagged bytes: [UInt8], typeOffset: Int, destination: MACAddress?, source: MACAddress?
    ) {
        var offset = typeOffset
        var vlans: [UInt16] = []
        while bytes.count >= offset + 2 {
            let type = bytes.span.word(at: offset)
            guard type == 0x8100 || type == 0x88A8 else {
                etherType = type
                (linkDestination, linkSource, self.vlans) = (destination, source, vlans)
                payload = Array(bytes[(offset + 2)...])
                return
            }
            guard bytes.count >= offset + 4 else { return nil }
            vlans.append(bytes.span.word(at: offset + 2) & 0x0FFF)
            offset += 4
        }
        return nil
    }
}
