/// Counts events per second over a window that slides.
///
/// The last second is estimated from this second's count and the share of the one before that
/// still lies within it, as haproxy does. Of two reactors' clocks, each read once a turn, the later one
/// holds.
struct RateMeter: Hashable {
    private(set) var peak = 0
    /// The latest instant at which something was counted, in milliseconds.
    private var latest: UInt64 = 0
    private var current = 0
    private var previous = 0

    /// Counts events.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - now: Milliseconds of the monotonic clock.
    mutating func note(_ count: Int, at now: UInt64) {
        let now = max(now, latest)
        if now / 1000 != second {
            previous = now / 1000 == second + 1 ? current : 0
            current = 0
        }
        latest = now
        current += count
        peak = max(peak, rate(at: now))
    }

    /// Events in the last second.
    ///
    /// - Parameter now: Milliseconds of the monotonic clock.
    /// - Returns: How many.
    func rate(at now: UInt64) -> Int {
        let now = max(now, latest)
        let remaining = Int(1000 - now % 1000)
        switch now / 1000 {
        case second: return current + previous * remaining / 1000
        case second + 1: return current * remaining / 1000
        default: return 0
        }
    }

    /// The one that ``current`` is of.
    private var second: UInt64 { latest / 1000 }
}
