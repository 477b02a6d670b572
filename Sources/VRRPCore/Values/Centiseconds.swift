/// A length of time in hundredths of a second, as VRRP version 3 carries it in 12 bits.
///
/// RFC 9568 §5.2.7 with erratum 8301: 1 to 4095.
public struct Centiseconds: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    /// Hundredths of a second, 1 to 4095.
    public let rawValue: UInt16

    /// Makes a length of time, or `nil` outside 1 to 4095 hundredths of a second.
    public init?(rawValue: UInt16) {
        guard (1...4095).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// The same length of time as a `Duration`, exactly.
    public var duration: Duration { .milliseconds(10 * Int(rawValue)) }

    /// Whether `lhs` is the shorter time.
    public static func < (lhs: Centiseconds, rhs: Centiseconds) -> Bool {
        lhs.rawValue < rhs.rawValue
    }

    /// One second, the protocol's default interval.
    public static let oneSecond = Centiseconds(unchecked: 100)

    /// 40.95 seconds, the longest interval that version 3 can say.
    public static let longest = Centiseconds(unchecked: 4095)

    private init(unchecked rawValue: UInt16) { self.rawValue = rawValue }
}
