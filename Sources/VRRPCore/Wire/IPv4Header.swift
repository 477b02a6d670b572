/// The fields of an IPv4 header that VRRP looks at.
///
/// Decoded from what a raw socket delivers, which begins with this header. The header's own
/// checksum is not looked at: the kernel has verified it.
public struct IPv4Header: Hashable, Sendable {
    /// The address of the sender, which decides ties of the election.
    public let source: IPv4Address
    /// The address that the datagram was sent to, normally ``IPv4Address/vrrpGroup``.
    public let destination: IPv4Address
    /// Routers that the datagram could still have passed, 255 for one that passed none.
    public let timeToLive: UInt8
    /// What the payload is; 112 is VRRP.
    public let protocolNumber: UInt8
    /// Where in the datagram the payload lies, in bytes.
    ///
    /// From the header's own lengths: on Ethernet, bytes that only pad a short frame may follow.
    public let payload: Range<Int>

    /// Makes a header from its fields, for a message that was not received as a datagram.
    ///
    /// - Parameters:
    ///   - source: The address of the sender.
    ///   - destination: The address that the message was sent to.
    ///   - timeToLive: 255, unless a router was passed.
    ///   - messageByteCount: Length of the VRRP message in bytes.
    public init(
        source: IPv4Address, destination: IPv4Address = .vrrpGroup, timeToLive: UInt8 = 255,
        messageByteCount: Int
    ) {
        self.source = source
        self.destination = destination
        self.timeToLive = timeToLive
        protocolNumber = IPHeader.vrrpProtocolNumber
        payload = 20..<(20 + messageByteCount)
    }

    /// Decodes the header at the start of a datagram.
    ///
    /// - Parameter datagram: An IPv4 header, its payload, and possibly padding.
    /// - Throws: `.truncatedHeader`, `.ipVersion`, `.headerLength` or `.totalLength` where the
    ///   lengths do not fit together. Protocol and TTL are not judged here.
    public init(decoding datagram: Span<UInt8>) throws(DecodeError) {
        guard datagram.count >= 20 else { throw .truncatedHeader(byteCount: datagram.count) }
        guard datagram[0] >> 4 == 4 else { throw .ipVersion(datagram[0] >> 4) }
        let headerByteCount = Int(datagram[0] & 0x0F) * 4
        let totalByteCount = Int(datagram.word(at: 2))
        guard headerByteCount >= 20, headerByteCount <= totalByteCount else {
            throw .headerLength(headerByteCount)
        }
        guard totalByteCount <= datagram.count else {
            throw .totalLength(totalByteCount, available: datagram.count)
        }
        timeToLive = datagram[8]
        protocolNumber = datagram[9]
        source = datagram.address(at: 12)
        destination = datagram.address(at: 16)
        payload = headerByteCount..<totalByteCount
    }
}

extension IPv4Address {
    /// The multicast group of VRRP over IPv4, 224.0.0.18 (RFC 9568 §5.1.1.2).
    public static let vrrpGroup = IPv4Address(224, 0, 0, 18)
}

extension Span<UInt8> {
    /// The 16 bits at `offset`, in network order.
    func word(at offset: Int) -> UInt16 {
        UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    /// The IPv4 address at `offset`.
    func address(at offset: Int) -> IPv4Address {
        IPv4Address(self[offset], self[offset + 1], self[offset + 2], self[offset + 3])
    }

    /// The IPv6 address at `offset`.
    func longAddress(at offset: Int) -> IPv6Address {
        IPv6Address(high: quadWord(at: offset), low: quadWord(at: offset + 8))
    }

    /// The address of `family` at `offset`.
    func address(at offset: Int, family: AddressFamily) -> IPAddress {
        switch family {
        case .ipv4: .v4(address(at: offset))
        case .ipv6: .v6(longAddress(at: offset))
        }
    }

    /// The 64 bits at `offset`, in network order.
    func quadWord(at offset: Int) -> UInt64 {
        (offset..<(offset + 8)).reduce(0) { $0 << 8 | UInt64(self[$1]) }
    }
}
