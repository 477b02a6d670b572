/// The Ethernet frame that tells a LAN which station now has an IPv6 address.
///
/// An unsolicited Neighbor Advertisement to all nodes with the flags Router and Override set and
/// Solicited clear. RFC 9568 §6.4.1, §6.4.2; RFC 4861 §7.2.6.
public struct NeighborAdvertisement: Hashable, Sendable {
    /// The virtual address that is announced; also the source of the datagram.
    public var address: IPv6Address
    /// The station that has it now.
    public var mac: MACAddress
    /// Whether the sender says that it forwards: the R flag, which RFC 9568 sets.
    public var isRouter: Bool

    /// Makes an announcement.
    ///
    /// - Parameters:
    ///   - address: The virtual address.
    ///   - mac: The station that has it now; ``MACAddress/virtualIPv6(_:)`` if the interface has it.
    ///   - isRouter: Whether the R flag is set; hosts that hold an address for a service and do not
    ///     forward may clear it, as keepalived does.
    public init(address: IPv6Address, mac: MACAddress, isRouter: Bool = true) {
        self.address = address
        self.mac = mac
        self.isRouter = isRouter
    }

    /// Encodes the frame from its Ethernet header on.
    ///
    /// - Returns: 86 bytes.
    public func encoded() -> [UInt8] {
        // Type 136, code 0, checksum; flags and 29 reserved bits.
        var message: [UInt8] = [136, 0, 0, 0, isRouter ? 0xA0 : 0x20, 0, 0, 0]
        message += address.octets
        // Option: target link-layer address, one unit of 8 bytes.
        message += [2, 1] + mac.octets
        var checksum = InternetChecksum()
        checksum.add(.v6(address))
        checksum.add(.v6(.allNodes))
        checksum.add(UInt16(message.count))
        checksum.add(UInt16(Self.icmpProtocolNumber))
        checksum.add(message.span)
        message[2] = UInt8(checksum.value >> 8)
        message[3] = UInt8(truncatingIfNeeded: checksum.value)

        var frame = MACAddress.multicast(for: .allNodes).octets + mac.octets + [0x86, 0xDD]
        frame += [0x60, 0, 0, 0, 0, UInt8(message.count), Self.icmpProtocolNumber, 255]
        frame += address.octets + IPv6Address.allNodes.octets
        return frame + message
    }

    private static let icmpProtocolNumber: UInt8 = 58
}

extension IPAddress {
    /// The Ethernet frame that announces this address: gratuitous ARP, or Neighbor Advertisement.
    ///
    /// - Parameter mac: The station that has the address now.
    /// - Returns: 42 bytes for IPv4, 86 for IPv6.
    public func announcementFrame(from mac: MACAddress) -> [UInt8] {
        switch self {
        case .v4(let address): GratuitousARP(address: address, mac: mac).encoded()
        case .v6(let address): NeighborAdvertisement(address: address, mac: mac).encoded()
        }
    }

    /// The other form of the frame, for hosts that heed no request; `nil`: there is one form only.
    ///
    /// - Parameter mac: The station that has the address now.
    /// - Returns: 42 bytes for IPv4.
    public func announcementReply(from mac: MACAddress) -> [UInt8]? {
        ipv4.map { GratuitousARP(address: $0, mac: mac).encoded(isReply: true) }
    }
}
