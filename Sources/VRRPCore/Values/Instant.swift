/// A point on a clock that never goes back, in nanoseconds since an origin that the caller chose.
///
/// The protocol only subtracts and compares; whoever drives it decides which clock that is.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the origin.
    public let nanoseconds: Int64

    /// Makes a point in time, nanoseconds after the origin.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Whether `lhs` is earlier.
    public static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.nanoseconds < rhs.nanoseconds }

    /// The instant that lies `interval` after `instant`; fractions of a nanosecond are cut off.
    public static func + (instant: Instant, interval: Duration) -> Instant {
        let (seconds, attoseconds) = interval.components
        return Instant(
            nanoseconds: instant.nanoseconds + seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        )
    }

    /// The time that passed from `earlier` to `later`.
    public static func - (later: Instant, earlier: Instant) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}
