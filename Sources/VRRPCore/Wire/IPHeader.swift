/// What VRRP looks at in the header of an IP datagram, of either family.
///
/// A raw socket of IPv6 delivers no header: the caller makes this from the socket's source address
/// and from its control messages (`IPV6_RECVPKTINFO`, `IPV6_RECVHOPLIMIT`, `ipv6(7)`).
public struct IPHeader: Hashable, Sendable {
    /// The protocol number of VRRP, 112 (RFC 9568 §5.1.1.4, §5.1.2.4).
    public static let vrrpProtocolNumber: UInt8 = 112

    /// The address of the sender, which decides ties of the election.
    public let source: IPAddress
    /// The address that the datagram was sent to: the family's group, or this router's own.
    public let destination: IPAddress
    /// TTL or Hop Limit: 255 if the datagram has passed no router.
    public let hopLimit: UInt8

    /// Makes a header from its fields.
    ///
    /// - Parameters:
    ///   - source: The address of the sender; its family is the header's.
    ///   - destination: The address that the datagram was sent to; `nil`: the family's group.
    ///   - hopLimit: TTL or Hop Limit, 255 unless a router was passed.
    public init(source: IPAddress, destination: IPAddress? = nil, hopLimit: UInt8 = 255) {
        self.source = source
        self.destination = destination ?? source.family.vrrpGroup
        self.hopLimit = hopLimit
    }

    /// Takes the fields out of an IPv4 header.
    public init(_ header: IPv4Header) {
        source = .v4(header.source)
        destination = .v4(header.destination)
        hopLimit = header.timeToLive
    }

    /// Takes the fields out of an IPv6 header.
    public init(_ header: IPv6Header) {
        source = .v6(header.source)
        destination = .v6(header.destination)
        hopLimit = header.hopLimit
    }

    /// The family of the header, and so of all addresses in its message (RFC 9568 §5.2.9).
    public var family: AddressFamily { source.family }
}
