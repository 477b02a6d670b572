/// An IPv6 address.
public struct IPv6Address: Hashable, Comparable, Sendable, Codable {
    /// The first 64 bits as a number, the first octet highest.
    public let high: UInt64
    /// The last 64 bits as a number.
    public let low: UInt64

    /// Makes an address from its two halves, the first octet highest.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Makes an address from its 128 bits, the first octet highest.
    public init(rawValue: UInt128) {
        high = UInt64(truncatingIfNeeded: rawValue >> 64)
        low = UInt64(truncatingIfNeeded: rawValue)
    }

    /// Makes an address from its octets, or `nil` unless there are exactly 16.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 16 else { return nil }
        self.init(rawValue: octets.reduce(0) { $0 << 8 | UInt128($1) })
    }

    /// The 128 bits as a number, the first octet highest.
    public var rawValue: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// The sixteen octets, in the order in which they are sent.
    public var octets: [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(16)
        for half in [high, low] {
            for index in 0..<8 {
                octets.append(UInt8(truncatingIfNeeded: half >> (56 - 8 * index)))
            }
        }
        return octets
    }

    /// Whether it is valid on one link only: fe80::/10 (RFC 4291 §2.5.6).
    public var isLinkLocal: Bool { high >> 54 == 0xFE80 >> 6 }

    /// Whether it stands for a group: ff00::/8 (RFC 4291 §2.7).
    public var isMulticast: Bool { high >> 56 == 0xFF }

    /// The group in which a station hears Neighbor Solicitations for this address.
    ///
    /// ff02::1:ff and the last three octets (RFC 4291 §2.7.1). An Active router is a member for
    /// each of its virtual addresses (RFC 9568 §6.4.3).
    public var solicitedNodeGroup: IPv6Address {
        IPv6Address(high: 0xFF02 << 48, low: 0x1_FF00_0000 | low & 0xFF_FFFF)
    }

    /// Whether `lhs` is numerically smaller: unsigned, in network order (RFC 9568 §6.4.3).
    public static func < (lhs: IPv6Address, rhs: IPv6Address) -> Bool {
        (lhs.high, lhs.low) < (rhs.high, rhs.low)
    }

    /// The multicast group of VRRP over IPv6, ff02::12 (RFC 9568 §5.1.2.2).
    public static let vrrpGroup = IPv6Address(high: 0xFF02 << 48, low: 0x12)
    /// The group of all nodes on the link, ff02::1 (RFC 4291 §2.7.1).
    public static let allNodes = IPv6Address(high: 0xFF02 << 48, low: 1)
    /// The address that stands for none, `::`.
    public static let unspecified = IPv6Address(high: 0, low: 0)
}

extension IPv6Address: LosslessStringConvertible {
    /// Makes an address from its text, or `nil` for anything else.
    ///
    /// Eight groups of one to four hexadecimal digits; `::` stands for one or more groups of zeros,
    /// once; the last two groups may be written as an IPv4 address. No zone and no prefix length.
    /// RFC 4291 §2.2.
    public init?(_ description: String) {
        guard let gap = Self.gap(in: Array(description.utf8)) else {
            guard let groups = Self.groups(of: description[...]), groups.count == 8 else {
                return nil
            }
            self.init(groups: groups)
            return
        }
        let text = Array(description.utf8)
        guard let front = Self.groups(of: Substring(decoding: text[..<gap], as: UTF8.self)),
            let back = Self.groups(of: Substring(decoding: text[(gap + 2)...], as: UTF8.self)),
            front.count + back.count <= 7,
            // An IPv4 address may only end the text.
            !text[..<gap].contains(UInt8(ascii: "."))
        else { return nil }
        let zeros = Array(repeating: 0 as UInt16, count: 8 - front.count - back.count)
        self.init(groups: front + zeros + back)
    }

    /// The address as RFC 5952 wants it.
    ///
    /// Lower case, no leading zeros, the first of the longest runs of two or more zero groups as
    /// `::`, and an IPv4-mapped address with its last 32 bits in dotted decimal.
    public var description: String {
        if high == 0, low >> 32 == 0xFFFF {
            return "::ffff:\(IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)))"
        }
        let groups = self.groups
        guard let run = Self.longestRunOfZeros(in: groups) else { return Self.text(groups[...]) }
        return Self.text(groups[..<run.lowerBound]) + "::" + Self.text(groups[run.upperBound...])
    }

    private init(groups: [UInt16]) {
        self.init(
            high: groups.prefix(4).reduce(0) { $0 << 16 | UInt64($1) },
            low: groups.dropFirst(4).reduce(0) { $0 << 16 | UInt64($1) })
    }

    private var groups: [UInt16] {
        [high, low].flatMap { half in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> ($0 as UInt64)) }
        }
    }

    private static func text(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    private static func longestRunOfZeros(in groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start >= 2, end - start > best?.count ?? 0 { best = start..<end }
            start = end + 1
        }
        return best
    }

    /// The position of the first `::`.
    private static func gap(in text: [UInt8]) -> Int? {
        text.indices.dropLast().first { text[$0] == 0x3A && text[$0 + 1] == 0x3A }
    }

    /// The groups of a text without `::`; an empty text has none.
    private static func groups(of text: Substring) -> [UInt16]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, let address = IPv4Address(String(part)) {
                groups.append(UInt16(truncatingIfNeeded: address.rawValue >> 16))
                groups.append(UInt16(truncatingIfNeeded: address.rawValue))
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(\.isHexadecimalDigit),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }
}

extension UInt8 {
    fileprivate var isHexadecimalDigit: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
