/// The fields of a VRRP packet as they stand on the wire, as far as there are bytes.
///
/// Nothing is judged here, so that a packet which no router takes can be shown as well.
public struct PacketFields: Hashable, Sendable {
    /// A VRRP message, of version 3 unless it says 2.
    public struct Message: Hashable, Sendable {
        /// The version, 0 to 15.
        public let version: UInt8
        /// The type, 0 to 15; 1 is ADVERTISEMENT.
        public let type: UInt8
        /// The identifier of the virtual router.
        public let vrid: UInt8
        /// The priority.
        public let priority: UInt8
        /// How many addresses the message says that it has.
        public let addressCount: UInt8
        /// Four bits that are to be 0; of version 3 only.
        public let reserved: UInt8?
        /// 0 none, 1 a password; of version 2 only.
        public let authenticationType: UInt8?
        /// Time between advertisements: seconds in version 2, centiseconds in version 3.
        public let interval: UInt16
        /// The checksum as sent.
        public let checksum: UInt16
        /// The addresses that are there, in their order.
        public let addresses: [IPAddress]
        /// Eight bytes after the addresses, of version 2 only; `nil` if they are missing.
        public let authenticationData: [UInt8]?
        /// The length in bytes, cut off or not.
        public let byteCount: Int
    }

    /// Where it was sent from on the link, if the header tells.
    public let linkSource: MACAddress?
    /// Where it was sent to on the link, if the header tells.
    public let linkDestination: MACAddress?
    /// The VLANs that it was tagged with, the outermost first.
    public let vlans: [UInt16]
    /// What VRRP looks at in the IP header.
    public let header: IPHeader
    /// The message; `nil` if there are fewer than 8 bytes of it.
    public let message: Message?
    /// The authentication trailer after the message, if one is there.
    public let trailer: AuthenticationTrailer?
    /// Bytes of the payload after the message, a trailer included.
    public let trailingByteCount: Int

    init(link: NetworkPacket, header: IPHeader, payload: [UInt8]) {
        linkSource = link.linkSource
        linkDestination = link.linkDestination
        vlans = link.vlans
        self.header = header
        let message = Message(payload, family: header.family)
        self.message = message
        let rest = message.map { payload[$0.byteCount...] } ?? []
        trailingByteCount = rest.count
        trailer = try? AuthenticationTrailer(decoding: Array(rest).span)
    }
}

extension PacketFields.Message {
    /// Reads a message; `nil` if its fixed part is not there.
    fileprivate init?(_ payload: [UInt8], family: AddressFamily) {
        guard payload.count >= 8 else { return nil }
        let span = payload.span
        version = payload[0] >> 4
        type = payload[0] & 0x0F
        vrid = payload[1]
        priority = payload[2]
        addressCount = payload[3]
        let isVersion2 = version == 2
        reserved = isVersion2 ? nil : payload[4] >> 4
        authenticationType = isVersion2 ? payload[4] : nil
        interval = isVersion2 ? UInt16(payload[5]) : span.word(at: 4) & 0x0FFF
        checksum = span.word(at: 6)
        let size = family.addressByteCount
        let present = min(Int(addressCount), (payload.count - 8) / size)
        addresses = (0..<present).map { span.address(at: 8 + size * $0, family: family) }
        let end = 8 + size * present
        let hasData = isVersion2 && present == addressCount && payload.count >= end + 8
        authenticationData = hasData ? Array(payload[end..<(end + 8)]) : nil
        byteCount = hasData ? end + 8 : present < addressCount ? payload.count : end
    }
}
