/// A length of time in whole seconds, as VRRP version 2 carries it in 8 bits.
///
/// RFC 3768 §5.3.7; 0 is refused, since it would fire every Backup at once.
public struct WholeSeconds: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    /// Seconds, 1 to 255.
    public let rawValue: UInt8

    /// Makes a length of time, or `nil` for 0 seconds.
    public init?(rawValue: UInt8) {
        guard rawValue != 0 else { return nil }
        self.rawValue = rawValue
    }

    /// Makes the nearest whole number of seconds, halves upwards, and at least one.
    ///
    /// As keepalived does with an `advert_int` that version 2 cannot carry.
    public init(rounding interval: Centiseconds) {
        rawValue = UInt8(max(1, (interval.rawValue + 50) / 100))
    }

    /// The same length of time as a `Duration`, exactly.
    public var duration: Duration { .seconds(Int64(rawValue)) }

    /// Whether `lhs` is the shorter time.
    public static func < (lhs: WholeSeconds, rhs: WholeSeconds) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}
