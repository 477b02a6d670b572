/// When the checks of one target among many begin, so that they don't all come at once.
struct CheckSpread {
    let position: Int
    let count: Int
    let interval: Duration

    /// Where the target's turn is in each interval.
    var phase: Duration { interval * (Double(position) / Double(count)) }

    /// From the start to the first check.
    var first: Duration {
        let window = max(Self.shortestRound, Self.distance * Double(count))
        return min(window, interval) * (Double(position) / Double(count))
    }

    /// From the first check to the second, which has its turn in the interval.
    ///
    /// Backwards, so that who is checked last in the first round does not wait longest.
    var second: Duration { interval - phase }

    /// A pool of a few servers is known at once.
    private static let shortestRound = Duration.milliseconds(50)
    /// The first round of 2,000 targets, and the second that begins under it, stay under 100
    /// checks in any 20 ms.
    private static let distance = Duration.microseconds(300)
}
