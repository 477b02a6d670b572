/// The fields of an IPv6 header that VRRP looks at, for datagrams that were captured whole.
public struct IPv6Header: Hashable, Sendable {
    /// The address of the sender.
    public let source: IPv6Address
    /// The address that the datagram was sent to, normally ``IPv6Address/vrrpGroup``.
    public let destination: IPv6Address
    /// Routers that the datagram could still have passed, 255 for one that passed none.
    public let hopLimit: UInt8
    /// What the payload is, extension headers stepped over; 112 is VRRP.
    public let protocolNumber: UInt8
    /// Where in the datagram the payload lies, in bytes.
    public let payload: Range<Int>

    /// Decodes the header at the start of a datagram.
    ///
    /// Hop-by-hop options, routing and destination options are stepped over (RFC 8200 §4).
    ///
    /// - Parameter datagram: An IPv6 header, its payload, and possibly padding.
    /// - Throws: `.truncatedHeader`, `.ipVersion`, `.headerLength` or `.totalLength` where the
    ///   lengths do not fit together. Protocol and Hop Limit are not judged here.
    public init(decoding datagram: Span<UInt8>) throws(DecodeError) {
        guard datagram.count >= 1 else { throw .truncatedHeader(byteCount: 0) }
        guard datagram[0] >> 4 == 6 else { throw .ipVersion(datagram[0] >> 4) }
        guard datagram.count >= 40 else { throw .truncatedHeader(byteCount: datagram.count) }
        let end = 40 + Int(datagram.word(at: 4))
        guard end <= datagram.count else { throw .totalLength(end, available: datagram.count) }
        var (next, start) = (datagram[6], 40)
        while [0, 43, 60].contains(next) {
            guard start + 2 <= end else { throw .headerLength(start) }
            let byteCount = 8 * (Int(datagram[start + 1]) + 1)
            guard start + byteCount <= end else { throw .headerLength(start + byteCount) }
            next = datagram[start]
            start += byteCount
        }
        source = datagram.longAddress(at: 8)
        destination = datagram.longAddress(at: 24)
        hopLimit = datagram[7]
        protocolNumber = next
        payload = start..<end
    }
}
