/// A link-layer address of Ethernet, 48 bits.
public struct MACAddress: Hashable, Sendable {
    /// The six octets, in the order in which they are sent.
    public let octets: [6 of UInt8]

    /// Makes an address from its six octets.
    public init(_ octets: [6 of UInt8]) { self.octets = octets }

    /// The address of every station on the link.
    public static let broadcast = MACAddress([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])

    /// The virtual router's own address over IPv4, 00-00-5E-00-01-{VRID}.
    ///
    /// RFC 9568 §7.3.
    public static func virtualIPv4(_ vrid: VRID) -> MACAddress {
        MACAddress([0x00, 0x00, 0x5E, 0x00, 0x01, vrid.rawValue])
    }

    /// Whether both are the same 48 bits.
    public static func == (lhs: MACAddress, rhs: MACAddress) -> Bool {
        lhs.octets.indices.allSatisfy { lhs.octets[$0] == rhs.octets[$0] }
    }

    /// Feeds the 48 bits into `hasher`.
    public func hash(into hasher: inout Hasher) {
        for index in octets.indices { hasher.combine(octets[index]) }
    }
}

extension MACAddress: CustomStringConvertible {
    /// Six pairs of lower-case hexadecimal digits with colons, as `ip link` prints them.
    public var description: String {
        octets.indices.map { index in
            let digits = String(octets[index], radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined(separator: ":")
    }
}
