/// What a router's trackers make of its configured priority.
public enum EffectivePriority: Hashable, Sendable {
    /// The router takes part, with this priority.
    case priority(Priority)
    /// Something that the router cannot do without has failed, or is not yet known to work.
    case fault

    /// Adds up what the trackers say.
    ///
    /// Each tracker has its ``TrackerStanding/effect-swift.property``. The sum is held within 1 to 254. The owner's priority never
    /// changes. What faults a router faults the owner too.
    ///
    /// - Parameters:
    ///   - base: The configured priority, 1 to 255.
    ///   - trackers: What each tracker says; the order does not matter.
    public init(base: Priority, trackers: some Sequence<TrackerStanding>) {
        var sum = Int(base.rawValue)
        var isFaulty = false
        for tracker in trackers {
            switch tracker.effect {
            case .adds(let share): sum += share
            case .faults: isFaulty = true
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
