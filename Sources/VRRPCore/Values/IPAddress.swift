/// The two families of internet addresses.
public enum AddressFamily: Hashable, Sendable, Codable, CaseIterable {
    /// IPv4.
    case ipv4
    /// IPv6.
    case ipv6

    /// The group that advertisements of this family are sent to (RFC 9568 §5.1.1.2, §5.1.2.2).
    public var vrrpGroup: IPAddress {
        switch self {
        case .ipv4: .v4(.vrrpGroup)
        case .ipv6: .v6(.vrrpGroup)
        }
    }

    /// The length of an address in bytes, 4 or 16.
    public var addressByteCount: Int {
        switch self {
        case .ipv4: 4
        case .ipv6: 16
        }
    }
}

/// An address of either family.
public enum IPAddress: Hashable, Sendable {
    /// An IPv4 address.
    case v4(IPv4Address)
    /// An IPv6 address.
    case v6(IPv6Address)

    /// The family that the address belongs to.
    public var family: AddressFamily {
        switch self {
        case .v4: .ipv4
        case .v6: .ipv6
        }
    }

    /// The 4 or 16 octets, in the order in which they are sent.
    public var octets: [UInt8] {
        switch self {
        case .v4(let address): address.octets
        case .v6(let address): address.octets
        }
    }

    /// The address, if it is of IPv4.
    public var ipv4: IPv4Address? {
        guard case .v4(let address) = self else { return nil }
        return address
    }

    /// The address, if it is of IPv6.
    public var ipv6: IPv6Address? {
        guard case .v6(let address) = self else { return nil }
        return address
    }

    /// The address of nobody, 0.0.0.0 or `::`.
    public static func unspecified(_ family: AddressFamily) -> IPAddress {
        switch family {
        case .ipv4: .v4(IPv4Address(rawValue: 0))
        case .ipv6: .v6(.unspecified)
        }
    }

    /// Whether the address stands for a group of stations: 224.0.0.0/4 or ff00::/8.
    public var isMulticast: Bool {
        switch self {
        case .v4(let address): address.rawValue >> 28 == 0xE
        case .v6(let address): address.isMulticast
        }
    }
}

extension IPAddress: Comparable {
    /// Whether `lhs` is numerically smaller, as RFC 9568 §6.4.3 compares; IPv4 comes before IPv6.
    public static func < (lhs: IPAddress, rhs: IPAddress) -> Bool {
        switch (lhs, rhs) {
        case (.v4(let first), .v4(let second)): first < second
        case (.v6(let first), .v6(let second)): first < second
        case (.v4, .v6): true
        case (.v6, .v4): false
        }
    }
}

extension IPAddress: LosslessStringConvertible {
    /// Makes an address from dotted decimal or from the text of RFC 4291 §2.2, or `nil`.
    public init?(_ description: String) {
        if let address = IPv4Address(description) {
            self = .v4(address)
        } else if let address = IPv6Address(description) {
            self = .v6(address)
        } else {
            return nil
        }
    }

    /// The address in dotted decimal, or as RFC 5952 wants it.
    public var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}

extension IPAddress: Codable {
    /// Reads the address's text.
    ///
    /// - Throws: `DecodingError.dataCorrupted`: the text is no address.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let address = IPAddress(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is no IP address")
        }
        self = address
    }

    /// Writes the address as text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
