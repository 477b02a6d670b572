/// What the bytes of a captured packet begin with: the number that the capture formats give it.
public struct LinkType: RawRepresentable, Hashable, Sendable {
    /// The number, as `pcap-linktype(7)` lists it.
    public let rawValue: Int

    /// Makes a type from its number.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// An Ethernet header.
    public static let ethernet = LinkType(rawValue: 1)
    /// An IP header.
    public static let ip = LinkType(rawValue: 101)
    /// The header of Linux for the device `any`.
    public static let linuxCooked = LinkType(rawValue: 113)
    /// An IPv4 header.
    public static let ipv4 = LinkType(rawValue: 228)
    /// An IPv6 header.
    public static let ipv6 = LinkType(rawValue: 229)
    /// The newer header of Linux for the device `any`.
    public static let linuxCooked2 = LinkType(rawValue: 276)
}
