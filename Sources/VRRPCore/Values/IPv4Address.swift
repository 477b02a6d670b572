/// An IPv4 address.
public struct IPv4Address: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    /// The 32 bits as a number, the first octet highest.
    public let rawValue: UInt32

    /// Makes an address from its 32 bits, the first octet highest.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Makes an address from its four octets.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// The four octets, in the order in which they are sent.
    public var octets: [UInt8] {
        [
            UInt8(truncatingIfNeeded: rawValue >> 24), UInt8(truncatingIfNeeded: rawValue >> 16),
            UInt8(truncatingIfNeeded: rawValue >> 8), UInt8(truncatingIfNeeded: rawValue),
        ]
    }

    /// Whether `lhs` is numerically smaller: unsigned, in network order (RFC 9568 §6.4.3).
    public static func < (lhs: IPv4Address, rhs: IPv4Address) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}

extension IPv4Address: LosslessStringConvertible {
    /// Makes an address from dotted decimal; `nil` unless it is exactly four numbers, 0 to 255.
    public init?(_ description: String) {
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count),
                part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let octet = UInt8(part)
            else { return nil }
            bits = bits << 8 | UInt32(octet)
        }
        self.init(rawValue: bits)
    }

    /// The address in dotted decimal.
    public var description: String {
        "\(rawValue >> 24).\(rawValue >> 16 & 255).\(rawValue >> 8 & 255).\(rawValue & 255)"
    }
}
