/// A link-layer address of Ethernet, 48 bits.
public struct MACAddress: Hashable, Sendable {
    /// The 48 bits as a number, the first octet highest.
    private let bits: UInt64

    /// Makes an address from its six octets.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8) {
        bits = [a, b, c, d, e, f].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Makes an address from its octets, or `nil` unless there are exactly six.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 6 else { return nil }
        bits = octets.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The six octets, in the order in which they are sent.
    public var octets: [UInt8] {
        [40, 32, 24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bits >> ($0 as UInt64)) }
    }

    /// The address of every station on the link.
    public static let broadcast = MACAddress(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF)

    /// The virtual router's own address over IPv4, 00-00-5E-00-01-{VRID}.
    ///
    /// RFC 9568 §7.3.
    public static func virtualIPv4(_ vrid: VRID) -> MACAddress {
        MACAddress(0x00, 0x00, 0x5E, 0x00, 0x01, vrid.rawValue)
    }

    /// The virtual router's own address over IPv6, 00-00-5E-00-02-{VRID}.
    ///
    /// RFC 9568 §7.3.
    public static func virtualIPv6(_ vrid: VRID) -> MACAddress {
        MACAddress(0x00, 0x00, 0x5E, 0x00, 0x02, vrid.rawValue)
    }

    /// The virtual router's own address over `family` (RFC 9568 §7.3).
    public static func virtual(_ vrid: VRID, family: AddressFamily) -> MACAddress {
        switch family {
        case .ipv4: virtualIPv4(vrid)
        case .ipv6: virtualIPv6(vrid)
        }
    }

    /// The address that carries an IPv4 group: 01-00-5E and its last 23 bits (RFC 1112 §6.4).
    public static func multicast(for group: IPv4Address) -> MACAddress {
        let octets = group.octets
        return MACAddress(0x01, 0x00, 0x5E, octets[1] & 0x7F, octets[2], octets[3])
    }

    /// The address that carries an IPv6 group: 33-33 and its last four octets (RFC 2464 §7).
    public static func multicast(for group: IPv6Address) -> MACAddress {
        let octets = group.octets
        return MACAddress(0x33, 0x33, octets[12], octets[13], octets[14], octets[15])
    }
}

extension MACAddress: CustomStringConvertible {
    /// Six pairs of lower-case hexadecimal digits with colons, as `ip link` prints them.
    public var description: String {
        octets.map { octet in
            let digits = String(octet, radix: 16)
            return octet < 0x10 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}
