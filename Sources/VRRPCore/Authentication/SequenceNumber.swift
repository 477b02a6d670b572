/// A point in real time as an authentication trailer carries it.
public struct Timestamp: Hashable, Sendable {
    /// Seconds since 1970, UTC, modulo 2³².
    public let seconds: UInt32
    /// Fraction of a second in 1/65536.
    public let fraction: UInt16

    /// Makes a point in time from its parts.
    public init(seconds: UInt32, fraction: UInt16) {
        self.seconds = seconds
        self.fraction = fraction
    }

    /// Makes a point in time, microseconds after 1970, UTC; earlier ones count as 1970.
    public init(microsecondsSince1970 microseconds: Int64) {
        let microseconds = max(microseconds, 0)
        seconds = UInt32(truncatingIfNeeded: microseconds / 1_000_000)
        fraction = UInt16(microseconds % 1_000_000 * 65_536 / 1_000_000)
    }
}

/// What orders the messages of one sender: seconds, fraction and a counter as one number.
public struct SequenceNumber: RawRepresentable, Hashable, Sendable {
    /// Seconds in the upper 32 bits, then fraction and counter with 16 each.
    public let rawValue: UInt64

    /// Makes a number from its 64 bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Makes the first number of a point in time.
    public init(_ time: Timestamp, counter: UInt16 = 0) {
        rawValue = UInt64(time.seconds) << 32 | UInt64(time.fraction) << 16 | UInt64(counter)
    }

    /// Seconds since 1970, UTC, modulo 2³².
    public var seconds: UInt32 { UInt32(truncatingIfNeeded: rawValue >> 32) }

    /// Whether this one is later, by serial arithmetic: the signed difference is positive.
    public func isAfter(_ other: SequenceNumber) -> Bool {
        Int64(bitPattern: rawValue &- other.rawValue) > 0
    }

    /// The next number, with a carry from the counter into the time.
    var successor: SequenceNumber { SequenceNumber(rawValue: rawValue &+ 1) }

    /// By how many seconds this one is ahead of a clock.
    func secondsAhead(of now: Timestamp) -> Int {
        Int(Int32(bitPattern: seconds &- now.seconds))
    }
}
