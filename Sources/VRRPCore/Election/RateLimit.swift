/// Lets a few things happen at once, and then one in each span of time.
///
/// What others cause, by what they send, must be bounded: whoever forges senders makes each datagram
/// news.
public struct RateLimit: Hashable, Sendable {
    private let burst: Int
    private let spacing: Duration
    /// When those let through so far will all be paid for.
    private var paidAt: Instant?

    /// Makes a limit that has let nothing through.
    ///
    /// - Parameters:
    ///   - burst: How many are let through at once.
    ///   - spacing: The time in which one more may follow.
    public init(burst: Int = 8, spacing: Duration = .seconds(10)) {
        self.burst = burst
        self.spacing = spacing
    }

    /// Whether one more may happen at `now`; counts it if so.
    public mutating func admit(at now: Instant) -> Bool {
        let start = max(paidAt ?? now, now)
        guard start - now <= spacing * (burst - 1) else { return false }
        paidAt = start + spacing
        return true
    }
}
