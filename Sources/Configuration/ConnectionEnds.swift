public import VRRPCore

/// An end of a client's connection; haproxy's names.
public enum ConnectionEnd: String, Hashable, Sendable, Codable {
    /// The client's.
    case source = "src"
    /// The one that he connected to.
    case destination = "dst"
}

/// What an end's address becomes.
public enum AddressExpression: Hashable, Sendable, Codable {
    /// `ipv4(ADDRESS)`, `ipv6(ADDRESS)` or `str(ADDRESS)`.
    case literal(IPAddress)
    /// `src` or `dst`.
    case end(ConnectionEnd)
    /// `src,ipmask(…)` or `dst,ipmask(…)`: a mask of IPv4, and one of IPv6 if such addresses change.
    case network(of: ConnectionEnd, IPv4Address, IPv6Address?)
}

/// What an end's port becomes.
public enum PortExpression: Hashable, Sendable, Codable {
    /// `int(PORT)`.
    case literal(UInt16)
    /// `src_port` or `dst_port`.
    case end(ConnectionEnd)
}
