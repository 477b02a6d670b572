internal import CNetlink
internal import LinuxIO

/// An address of the Internet protocol, of either version.
public enum InternetAddress: Hashable, Sendable {
    /// The versions, by which the kernel keeps addresses apart.
    public enum Family: Hashable, Sendable {
        /// IPv4.
        case v4
        /// IPv6.
        case v6
    }

    /// 32 bits as a number, the first octet highest.
    case v4(UInt32)
    /// 128 bits as two numbers, the first octet highest.
    case v6(high: UInt64, low: UInt64)

    /// Makes an IPv4 address from its four octets.
    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        self = .v4(UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d))
    }

    /// Makes an address from its octets in network order; `nil` unless there are 4 or 16.
    public init?(octets: some Collection<UInt8>) {
        switch octets.count {
        case 4: self = .v4(octets.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self = .v6(
                high: octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: octets.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// The version.
    public var family: Family {
        switch self {
        case .v4: .v4
        case .v6: .v6
        }
    }

    /// The octets in network order, 4 or 16.
    public var octets: [UInt8] {
        switch self {
        case .v4(let bits): (0..<4).map { UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0)) }
        case .v6(let high, let low):
            [high, low].flatMap { half in
                (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) }
            }
        }
    }

    /// Whether it is valid on its link only: 169.254.0.0/16 (RFC 3927), fe80::/10 (RFC 4291 §2.5.6).
    public var isLinkLocal: Bool {
        switch self {
        case .v4(let bits): bits >> 16 == 0xa9fe
        case .v6(let high, _): high >> 54 == 0x3fa
        }
    }

    /// Whether the first bits of two addresses of one version are the same.
    ///
    /// - Parameters:
    ///   - other: The other address.
    ///   - prefixLength: How many bits, up to 32 or 128.
    /// - Returns: False also for addresses of different versions.
    public func matches(_ other: InternetAddress, prefixLength: UInt8) -> Bool {
        switch (self, other) {
        case (.v4(let mine), .v4(let theirs)):
            (mine ^ theirs) >> (32 - min(UInt32(prefixLength), 32)) == 0
        case (.v6(let high, let low), .v6(let otherHigh, let otherLow)):
            (high ^ otherHigh) >> (64 - min(UInt64(prefixLength), 64)) == 0
                && (low ^ otherLow) >> (128 - max(min(UInt64(prefixLength), 128), 64)) == 0
        case (.v4, .v6), (.v6, .v4): false
        }
    }
}

extension InternetAddress: LosslessStringConvertible {
    /// Makes an address from dotted decimal or from the text of RFC 4291 §2.2, or `nil`.
    public init?(_ description: String) {
        guard let end = IPEndpoint(description) else { return nil }
        // The text of IPv6 says which it is also where it ends with an address of IPv4.
        self =
            description.utf8.contains(UInt8(ascii: ":"))
            ? .v6(high: end.high, low: end.low) : .v4(end.ipv4)
    }

    /// `A.B.C.D`, or as RFC 5952 wants it.
    public var description: String {
        switch self {
        case .v4(let bits): IPEndpoint(ipv4: bits, port: 0).host
        case .v6(high: 0, let low) where low >> 32 == 0xffff:
            "::ffff:\(IPEndpoint(ipv4: UInt32(truncatingIfNeeded: low), port: 0).host)"
        case .v6(let high, let low): IPEndpoint(high: high, low: low, port: 0).host
        }
    }
}

extension InternetAddress.Family {
    /// The number of bits of an address.
    public var bitWidth: UInt8 {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// Takes the version of `AF_INET` or `AF_INET6`; `nil` for any other family.
    init?(rawFamily: Int32) {
        switch rawFamily {
        case AF_INET: self = .v4
        case AF_INET6: self = .v6
        default: return nil
        }
    }

    /// `AF_INET` or `AF_INET6`.
    var rawFamily: Int32 {
        switch self {
        case .v4: AF_INET
        case .v6: AF_INET6
        }
    }
}
