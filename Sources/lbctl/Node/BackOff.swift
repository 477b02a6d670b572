#if Program
/// When a balancer process that ended is started again, and how long it must last to be trusted.
///
/// Pure: is told how long processes lived.
struct BackOff: Hashable {
    private var failureCount = 0
    private var lastDelay = Duration.zero

    /// Takes note of a process that ended by itself.
    ///
    /// - Parameter lifetime: From its start to its end.
    mutating func processEnded(after lifetime: Duration) {
        if lifetime > BackOff.stableTime { failureCount = 0 }
    }

    /// How long to wait before the next start: 0, 0.1, 0.2, 0.4 … 10 s.
    ///
    /// The first comes within the time that moves nothing.
    mutating func nextDelay() -> Duration {
        lastDelay =
            failureCount == 0
            ? .zero : min(.milliseconds(100 << min(failureCount - 1, 7)), .seconds(10))
        failureCount += 1
        return lastDelay
    }

    /// How long a process must serve after a failure that was told before it counts as well: as
    /// long as the wait for it, so that one which ends every few seconds stays away for good.
    var provingTime: Duration { max(.seconds(2), lastDelay) }

    /// How long a process must have lived for its end not to count as one of a row.
    private static let stableTime = Duration.seconds(60)
}
#endif
