/// When the checks of one target among many begin, so that they don't all come at once.
struct CheckSpread {
    let position: Int
    let count: Int
    let interval: Duration

    /// Where the target's turn is in each interval; the last one's, or one's alone, at its end.
    private var phase: Duration { interval * (Double(position + 1) / Double(count)) }

    /// From the start to the first check.
    var first: Duration { window * (Double(position) / Double(count)) }

    /// From the first check to the second, which has its turn in an interval after the first round;
    /// never more than an interval.
    var second: Duration { min(window + phase - first, interval) }

    /// How long the first round takes.
    private var window: Duration {
        min(max(Self.shortestRound, Self.distance * Double(count)), interval)
    }

    /// A pool of a few servers is known at once.
    private static let shortestRound = Duration.milliseconds(50)
    /// The first round has 50 checks in any 20 ms, and twice as many where this host paused for as long.
    private static let distance = Duration.microseconds(400)
}
