/// What one tracker says, and how much it counts.
public struct TrackerStanding: Hashable, Sendable {
    /// What the result adds to the priority, -254 to 254; 0: a bad result faults the router.
    public let weight: Int
    /// The result so far.
    public let verdict: TrackerRecord.Verdict
    /// Whether the weight counts with the other sign, or a weight of 0 for a good result.
    public let isReversed: Bool

    /// Makes a standing; a weight beyond -254 to 254 counts as that limit.
    ///
    /// - Parameters:
    ///   - weight: What the result adds to the priority.
    ///   - verdict: The result so far.
    ///   - isReversed: Whether it counts the other way round (`reverse`).
    public init(weight: Int, verdict: TrackerRecord.Verdict, isReversed: Bool = false) {
        self.weight = min(max(weight, -254), 254)
        self.verdict = verdict
        self.isReversed = isReversed
    }

    /// Makes the standing of a number that somebody wrote (`track_file`).
    ///
    /// The number times the weight is added to the priority; -254 or less faults the router. With a
    /// weight of 0 any number but 0 does.
    ///
    /// - Parameters:
    ///   - number: The number.
    ///   - weight: What it is multiplied by.
    ///   - isReversed: Whether the product counts with the other sign.
    public init(number: Int, weight: Int, isReversed: Bool = false) {
        guard weight != 0 else {
            self.init(weight: 0, verdict: number == 0 ? .good : .failed, isReversed: isReversed)
            return
        }
        let bounded = min(max(number, -254), 254)
        let product = bounded * min(max(weight, -254), 254) * (isReversed ? -1 : 1)
        guard product > -254 else {
            self.init(weight: 0, verdict: .failed)
            return
        }
        self.init(weight: product, verdict: product < 0 ? .failed : .good)
    }

    /// What a tracker does to the priority.
    public enum Effect: Hashable, Sendable {
        /// This is added to it; 0: nothing.
        case adds(Int)
        /// The router can't take part.
        case faults
    }

    /// What it does to the priority at this moment.
    ///
    /// A weight above 0 is added while the tracker is good, one below 0 while it has failed; an
    /// unknown result adds nothing. A tracker of weight 0 faults the router unless it is good.
    /// Reversed, the sign of what is added changes, and a weight of 0 faults unless it has failed.
    public var effect: Effect {
        switch (weight.signum(), verdict) {
        case (0, .unknown): .faults
        case (0, .good): isReversed ? .faults : .adds(0)
        case (0, .failed): isReversed ? .adds(0) : .faults
        case (1, .good), (-1, .failed): .adds(isReversed ? -weight : weight)
        case (_, .good), (_, .failed), (_, .unknown): .adds(0)
        }
    }
}
