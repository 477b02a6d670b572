extension VirtualRouter {
    /// Begins to take part: hears out the group first.
    func join(at now: Instant) -> (State, [Action]) {
        let down = activeDownInterval(following: nil)
        let listening = configuration.joinListening ?? (preempts(at: now) ? down : down * 2)
        let watch = Watch(activeDownAt: now + max(down, listening), stableSince: now)
        return (.backup(watch), [.report(.transition(from: .initialize, to: .backup))])
    }

    /// Whether the router is about to displace an Active one that says this: it does not follow.
    func displaces(_ message: Advertisement, watch: Watch, at now: Instant) -> Bool {
        guard message.priority < priority, preempts(at: now) else { return false }
        return priority == .owner || now >= watch.stableSince + configuration.preemptDelay
    }

    func follow(_ peer: Peer, watch: Watch, at now: Instant) -> (State, [Action]) {
        let isInferior = peer.advertisement.priority < priority
        var next = Watch(
            activeDownAt: now + activeDownInterval(following: peer), following: peer,
            stableSince: isInferior ? watch.stableSince : now)
        let differences = differences(of: peer)
        guard !differences.isEmpty else { return (.backup(next), []) }
        let count = peer.address == watch.following?.address ? watch.differingCount : 0
        next.differingCount = min(count + 1, Self.differingLimit + 1)
        return (.backup(next), next.differingCount == Self.differingLimit ? differences : [])
    }

    /// Advertisements in a row that must differ before that is told, once: who echoes the forms of
    /// others says its own after them.
    private static let differingLimit = HeardForms.limit + 1

    func discard(
        _ message: Advertisement, from sender: IPAddress, watch: Watch, at now: Instant
    ) -> (State, [Action]) {
        var next = watch
        next.displacingSince = now
        return (.backup(next), [.report(.inferiorDiscarded(message.priority, from: sender))])
    }

    /// Waits for those of higher priority after somebody has released.
    ///
    /// Only the word of the Active router itself shortens the wait: one that comes late, from a router
    /// that others have replaced since, would have this one displace them.
    func awaitSkew(
        _ watch: Watch, releasedBy sender: IPAddress, at now: Instant
    ) -> (State, [Action]) {
        var next = watch
        var skew = activeInterval(following: watch.following).skewTime(for: priority)
        if let longest = configuration.longestReleaseSkew, sender == watch.following?.address {
            skew = min(skew, longest * (256 - Int(priority.rawValue)) / 256)
        }
        next.activeDownAt = now + skew
        return (.backup(next), [.report(.releaseReceived(from: sender))])
    }

    /// Takes over, unless the deadline passed so long ago that another router may have done so.
    func end(_ watch: Watch, at now: Instant) -> (State, [Action]) {
        let lateness = now - watch.activeDownAt
        let down = activeDownInterval(following: watch.following)
        guard lateness > down, !watch.hasListened else { return becomeActive(at: now) }
        var next = watch
        next.activeDownAt = now + down
        next.hasListened = true
        return (.backup(next), [.report(.stalled(lateness))])
    }

    /// Follows whoever is Active, from now on.
    func watch(following peer: Peer?, at now: Instant) -> State {
        var watch = Watch(
            activeDownAt: now + activeDownInterval(following: peer), following: peer,
            stableSince: now)
        // Whoever yields to one that differs has told so.
        watch.differingCount = Self.differingLimit + 1
        return .backup(watch)
    }

    func adopt(_ changed: Priority, at now: Instant) -> (State, [Action]) {
        guard changed != priority, changed != .release else { return (state, []) }
        let report = Action.report(.priorityChanged(from: priority, to: changed))
        if case .active(let tenure) = state {
            // Who might take over should know at once, not an interval later.
            return (changed < priority ? .active(hastened(tenure, at: now)) : state, [report])
        }
        guard case .backup(var watch) = state else { return (state, [report]) }
        let interval = activeInterval(following: watch.following)
        let shift = interval.skewTime(for: changed) - interval.skewTime(for: priority)
        watch.activeDownAt = watch.activeDownAt + shift
        watch.stableSince = now
        return (.backup(watch), [report])
    }
}
