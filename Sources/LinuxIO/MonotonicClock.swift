internal import Glibc

/// A point on the clock that the kernel never sets back, in nanoseconds since the host started.
///
/// `clock_gettime(2)`, CLOCK_MONOTONIC.
public struct MonotonicInstant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the host started.
    public let nanoseconds: Int64

    /// Makes a point in time.
    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The present.
    public static var now: MonotonicInstant {
        var time = timespec()
        // SAFETY: the kernel writes one timespec; the clock exists on every Linux, so no failure.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicInstant(
            nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Whether `lhs` is earlier.
    @inlinable
    public static func < (lhs: MonotonicInstant, rhs: MonotonicInstant) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }

    /// The instant that lies `interval` after `instant`; the end of the clock, 292 years after the
    /// host's start, where it lies beyond that.
    public static func + (instant: MonotonicInstant, interval: Duration) -> MonotonicInstant {
        let (seconds, attoseconds) = interval.components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isBeyond) = instant.nanoseconds.addingReportingOverflow(whole)
        let (nanoseconds, isJustBeyond) = sum.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !isTooLong, !isBeyond, !isJustBeyond else {
            return MonotonicInstant(nanoseconds: interval < .zero ? .min : .max)
        }
        return MonotonicInstant(nanoseconds: nanoseconds)
    }

    /// The time that passed from `earlier` to `later`.
    public static func - (later: MonotonicInstant, earlier: MonotonicInstant) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}
