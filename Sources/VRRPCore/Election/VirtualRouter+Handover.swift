extension VirtualRouter {
    /// Whether a Backup leaves a working Active router of lower priority alone for now.
    public enum Deference: Hashable, Sendable {
        /// It does what ``Configuration/preempts`` says.
        case none
        /// It does until this instant.
        case until(Instant)
        /// It does until the Active router is gone, or until ``VirtualRouter/takeOver(at:)``.
        case untilNeeded

        func holds(at now: Instant) -> Bool {
            switch self {
            case .none: false
            case .until(let end): now < end
            case .untilNeeded: true
            }
        }
    }

    /// What planned moves change about the election, for a while.
    struct Handover: Hashable, Sendable {
        var deference = Deference.none
        /// What is added to the priority that the trackers give; only while Active.
        var raise = 0
        /// What the trackers gave; counts again once nothing is added.
        var unraised = Priority.default
        /// Whether it is Active although it had given way: no other router served.
        var isLastResort = false
    }

    /// Why a router can't take over.
    public enum TakeoverRefusal: Error, Hashable, Sendable {
        /// It takes no part: not started, or in fault.
        case takesNoPart
        /// The Active router can't be outranked: it owns the addresses, or has 254 and the higher
        /// address.
        case outranked(by: Priority, at: Peer)
    }

    /// Whether it leaves a working Active router of lower priority alone at this instant.
    public func isDeferring(at now: Instant) -> Bool { handover.deference.holds(at: now) }

    /// What ``takeOver(at:)`` added to the priority; 0: nothing.
    public var raise: Int { handover.raise }

    /// Gives way: resigns if it is Active, and does not preempt for a while.
    ///
    /// The other routers hear priority 0, so that one of them takes over within its skew time. If
    /// none has after a whole Active_Down_Interval, this router takes over again: an address that
    /// nobody holds serves no one. One that defers to nobody waits an interval and its skew time, by
    /// which whoever is there has taken over.
    ///
    /// - Parameters:
    ///   - deference: How long a working Active router of lower priority is left alone.
    ///   - now: The present.
    /// - Returns: What to do, in this order; nothing unless it was Active.
    public mutating func giveWay(deferring deference: Deference, at now: Instant) -> [Action] {
        handover.deference = deference
        guard case .active(let tenure) = state else { return [] }
        let (next, actions) = stepDown(from: tenure, at: now)
        state = next
        if deference == .none, case .backup(var watch) = next {
            let interval = activeInterval(following: nil)
            watch.activeDownAt = now + interval.duration + interval.skewTime(for: priority)
            state = .backup(watch)
        }
        return actions + settleHandover(at: now)
    }

    /// Whether it is Active although it had given way, since no other router served.
    public var isLastResort: Bool { handover.isLastResort }

    /// Becomes Active, by the protocol's own means: an advertisement that wins.
    ///
    /// If the Active router has the higher priority, this one's is raised above it for as long as
    /// it stays Active; trackers go on adding to it and subtracting from it. A router that gave way
    /// forgets so.
    ///
    /// - Parameter now: The present.
    /// - Returns: What to do, in this order; nothing if it is Active already.
    /// - Throws: `TakeoverRefusal`, with nothing changed.
    public mutating func takeOver(at now: Instant) throws(TakeoverRefusal) -> [Action] {
        switch state {
        case .initialize: throw .takesNoPart
        case .active: return []
        case .backup(let watch):
            let needed = try watch.following.map { peer throws(TakeoverRefusal) in
                try priority(over: peer)
            }
            handover.deference = .none
            var actions: [Action] = []
            if let needed, needed != priority {
                let previous = priority
                actions = handle(.priorityChanged(needed), at: now)
                handover.raise = Int(needed.rawValue) - Int(previous.rawValue)
                handover.unraised = previous
            }
            let (next, claim) = becomeActive(at: now)
            state = next
            // It did not wait for that timer.
            return actions + claim.filter { $0 != .report(.activeDownTimerExpired) }
        }
    }

    /// The least priority, own or above, that wins against a router.
    private func priority(over peer: Peer) throws(TakeoverRefusal) -> Priority {
        let theirs = peer.advertisement.priority
        let own = configuration.primaryAddress
        if (priority, own) > (theirs, peer.address) { return priority }
        let needed = Priority(rawValue: min(theirs.rawValue, 253) + 1)
        guard priority != .owner, (needed, own) > (theirs, peer.address) else {
            throw .outranked(by: theirs, at: peer)
        }
        return needed
    }

    /// The event as it counts while the priority is raised.
    mutating func raised(_ event: Event) -> Event {
        guard case .priorityChanged(let changed) = event, handover.raise != 0, changed != .release
        else { return event }
        handover.unraised = changed
        let sum = Int(changed.rawValue) + handover.raise
        return .priorityChanged(Priority(rawValue: UInt8(min(max(sum, 1), 254))))
    }

    /// Ends what has served its purpose: deference once Active, the raise once not Active.
    mutating func settleHandover(at now: Instant) -> [Action] {
        if role != .active { handover.isLastResort = false }
        if role == .active, isDeferring(at: now) { handover.isLastResort = true }
        if role == .active { handover.deference = .none }
        guard role != .active, handover.raise != 0 else { return [] }
        handover.raise = 0
        return handle(.priorityChanged(handover.unraised), at: now)
    }
}
