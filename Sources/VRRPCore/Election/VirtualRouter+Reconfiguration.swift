extension VirtualRouter {
    /// Follows another configuration without leaving its state.
    ///
    /// The effective priority stays: ``Event/priorityChanged(_:)`` changes it. A Backup waits anew,
    /// by the new interval; an Active router says at once what it now stands for, and claims and
    /// announces its addresses if they are others. Those that it no longer has are the caller's to
    /// remove.
    ///
    /// - Parameters:
    ///   - next: The configuration to follow from now on.
    ///   - now: The present.
    /// - Returns: What to do, in this order; `nil`, with nothing changed, if it would be another
    ///   router to its peers: by its VRID, its version or its primary address.
    public mutating func reconfigure(_ next: Configuration, at now: Instant) -> [Action]? {
        let own = configuration
        var next = next
        next.interval = next.interval.carried(over: next.addresses.family)
        guard next.vrid == own.vrid, next.interval.version == own.interval.version,
            next.primaryAddress == own.primaryAddress
        else { return nil }
        guard next != own else { return [] }
        // By what its peers knew of it: a reload that comes with the end of a stall is no reason to
        // speak before listening.
        var reports: [Action] = []
        if case .active(let tenure) = state {
            let minded = listening(tenure, at: now)
            if minded.listeningUntil != tenure.listeningUntil {
                reports = [.report(.stalled(now - tenure.advertiseAt))]
            }
            state = .active(minded)
        }
        configuration = next
        let (followed, actions) = adopt(previous: own, at: now)
        state = followed
        return reports + actions
    }

    private func adopt(previous: Configuration, at now: Instant) -> (State, [Action]) {
        switch state {
        case .initialize: return (state, [])
        case .backup(var watch):
            guard configuration.interval != previous.interval else { return (state, []) }
            watch.activeDownAt = now + activeDownInterval(following: watch.following)
            return (.backup(watch), [])
        case .active(let tenure):
            let hasOtherAddresses = configuration.heldAddresses != previous.heldAddresses
            let schedule = configuration.announcements
            var next = tenure
            next.heardForms.forget(form)
            let forms = next.heardForms.forms
            next.advertiseAt = now + pace(speaking: forms)
            if hasOtherAddresses { next.announcement = schedule.afterFirstBurst(at: now) }
            let claim: [Action] = [
                .claimAddresses, .announceAddresses(repetitions: schedule.repetitions),
            ]
            let words = tenure.listeningUntil == nil ? speech(priority, to: forms) : []
            return (.active(next), words + (hasOtherAddresses ? claim : []))
        }
    }
}
