/// What a router's trackers make of its configured priority.
public enum EffectivePriority: Hashable, Sendable {
    /// The router takes part, with this priority.
    case priority(Priority)
    /// Something that the router cannot do without has failed, or is not yet known to work.
    case fault

    /// Adds up what the trackers say.
    ///
    /// A weight above 0 is added while its tracker is good, one below 0 while it has failed; an
    /// unknown result adds nothing. The sum is held within 1 to 254. The owner's priority never
    /// changes. A tracker of weight 0 faults the router, the owner too, unless it is good.
    ///
    /// - Parameters:
    ///   - base: The configured priority, 1 to 255.
    ///   - trackers: What each tracker says; the order does not matter.
    public init(base: Priority, trackers: some Sequence<TrackerStanding>) {
        var sum = Int(base.rawValue)
        var isFaulty = false
        for tracker in trackers {
            switch (tracker.weight.signum(), tracker.verdict) {
            case (0, .good): break
            case (0, .failed), (0, .unknown): isFaulty = true
            case (1, .good), (-1, .failed): sum += tracker.weight
            default: break
            }
        }
        guard !isFaulty else {
            self = .fault
            return
        }
        guard base != .owner else {
            self = .priority(.owner)
            return
        }
        self = .priority(Priority(rawValue: UInt8(min(max(sum, 1), 254))))
    }

    /// The events that carry a router from an earlier standing to this one, in order.
    ///
    /// A router begins in ``VirtualRouter/State/initialize``, which is where `.fault` leaves it.
    public func events(from earlier: EffectivePriority) -> [VirtualRouter.Event] {
        switch (earlier, self) {
        case (.fault, .fault): []
        case (.fault, .priority(let priority)): [.priorityChanged(priority), .startup]
        case (.priority, .fault): [.shutdown]
        case (.priority(let old), .priority(let new)): old == new ? [] : [.priorityChanged(new)]
        }
    }
}

/// What one tracker says, and how much it counts.
public struct TrackerStanding: Hashable, Sendable {
    /// What the result adds to the priority, -254 to 254; 0: a bad result faults the router.
    public let weight: Int
    /// The result so far.
    public let verdict: TrackerRecord.Verdict

    /// Makes a standing; a weight beyond -254 to 254 counts as that limit.
    public init(weight: Int, verdict: TrackerRecord.Verdict) {
        self.weight = min(max(weight, -254), 254)
        self.verdict = verdict
    }
}
