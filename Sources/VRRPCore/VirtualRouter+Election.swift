extension VirtualRouter {
    /// Decides, without effect: which state follows, and what is to be done.
    func step(_ event: Event, at now: Instant) -> (State, [Action]) {
        if let rejection = rejection(of: event) { return (state, [.report(.rejected(rejection))]) }
        return switch (state, event) {
        case (_, .priorityChanged(let changed)): adopt(changed)

        // §6.4.1 Initialize
        case (.initialize, .startup) where priority == .owner && !handover.deference.holds(at: now):
            takeOver(from: .initialize, at: now)
        case (.initialize, .startup): watch(from: .initialize, following: nil, at: now)
        case (.initialize, _): (state, [])

        // §6.4.2 Backup
        case (.backup(let due, _), .wake) where now >= due: takeOver(from: .backup, at: now)
        case (.backup(_, let peer), .received(let message, let sender))
        where message.priority == .release:
            awaitSkew(following: peer, releasedBy: sender, at: now)
        case (.backup(_, let peer), .received(let message, let sender))
        where !preempts(at: now) || message.priority >= priority:
            follow(Peer(address: sender, advertisement: message), insteadOf: peer, at: now)
        case (.backup, .received(let message, let sender)):
            (state, [.report(.inferiorDiscarded(message.priority, from: sender))])
        case (.backup, .shutdown):
            (.initialize, [.report(.transition(from: .backup, to: .initialize))])
        case (.backup, .wake), (.backup, .startup): (state, [])

        // §6.4.3 Active
        case (.active(let tenure), .wake): attend(tenure, at: now)
        case (.active(let tenure), .received(let message, let sender))
        where message.priority == .release:
            answerRelease(from: sender, during: tenure, at: now)
        case (.active, .received(let message, let sender))
        where (message.priority, sender) > (priority, configuration.primaryAddress):
            yield(to: Peer(address: sender, advertisement: message), at: now)
        case (.active(let tenure), .received(let message, let sender)):
            answer(Peer(address: sender, advertisement: message), during: tenure, at: now)
        case (.active, .shutdown): resign()
        case (.active, .startup): (state, [])
        }
    }

    /// A router in Initialize looks at no packet at all.
    private func rejection(of event: Event) -> RejectionReason? {
        guard case .received(let message, let sender) = event, role != .initialize else {
            return nil
        }
        let own = configuration
        guard message.version == own.interval.version else {
            return .version(message.version, expected: own.interval.version)
        }
        guard message.vrid == own.vrid else { return .vrid(message.vrid, expected: own.vrid) }
        return sender == own.primaryAddress ? .ownAddress(sender) : nil
    }

    private func preempts(at now: Instant) -> Bool {
        !handover.deference.holds(at: now) && (configuration.preempts || priority == .owner)
    }
}

// MARK: - Backup

extension VirtualRouter {
    private func watch(
        from role: Role, following peer: Peer?, at now: Instant
    ) -> (State, [Action]) {
        (backup(following: peer, at: now), [.report(.transition(from: role, to: .backup))])
    }

    private func follow(
        _ peer: Peer, insteadOf previous: Peer?, at now: Instant
    ) -> (State, [Action]) {
        // A peer that differs would otherwise be reported with each of its advertisements.
        (backup(following: peer, at: now), peer == previous ? [] : differences(of: peer))
    }

    private func awaitSkew(
        following peer: Peer?, releasedBy sender: IPv4Address, at now: Instant
    ) -> (State, [Action]) {
        let skewTime = activeInterval(following: peer).skewTime(for: priority)
        return (
            .backup(activeDownAt: now + skewTime, following: peer),
            [.report(.releaseReceived(from: sender))]
        )
    }

    func backup(following peer: Peer?, at now: Instant) -> State {
        let downInterval = activeInterval(following: peer).activeDownInterval(for: priority)
        return .backup(activeDownAt: now + downInterval, following: peer)
    }

    /// Active_Adver_Interval, of RFC 9568 §6.1, which version 2 does not have.
    ///
    /// Deviation: RFC 3768 §7.1 drops a version 2 advertisement whose interval is not the own one,
    /// as keepalived does, and both routers end up Active. It is accepted here, and the longer of
    /// the two intervals is waited for, so that one election holds.
    private func activeInterval(following peer: Peer?) -> AdvertisementInterval {
        let own = configuration.interval
        guard let learned = peer?.advertisement.interval else { return own }
        return switch own.version {
        case .v2: learned.duration > own.duration ? learned : own
        case .v3: learned
        }
    }

    private func adopt(_ changed: Priority) -> (State, [Action]) {
        guard changed != priority, changed != .release else { return (state, []) }
        let report = Action.report(.priorityChanged(from: priority, to: changed))
        guard case .backup(let due, let peer) = state else { return (state, [report]) }
        let interval = activeInterval(following: peer)
        let shift = interval.skewTime(for: changed) - interval.skewTime(for: priority)
        return (.backup(activeDownAt: due + shift, following: peer), [report])
    }

    private func differences(of peer: Peer) -> [Action] {
        let own = configuration
        var actions: [Action] = []
        if peer.advertisement.interval != own.interval {
            actions.append(
                .report(
                    .intervalDiffers(
                        peer.advertisement.interval, from: peer.address, own: own.interval)))
        }
        if !peer.advertisement.addresses.namesSameAddresses(as: own.addresses) {
            actions.append(
                .report(
                    .addressesDiffer(
                        peer.advertisement.addresses, from: peer.address, own: own.addresses)))
        }
        return actions
    }
}

// MARK: - Active

extension VirtualRouter {
    /// Deviation: addresses come after the first advertisement, as in keepalived; RFC 9568 §6.4
    /// does not say when they are put onto the interface.
    func takeOver(from role: Role, at now: Instant) -> (State, [Action]) {
        let schedule = configuration.announcements
        let tenure = Tenure(
            advertiseAt: now + configuration.interval.duration, mayAnswerAt: now,
            announcement: schedule.afterFirstBurst(at: now))
        let cause: [Action] = role == .backup ? [.report(.activeDownTimerExpired)] : []
        return (
            .active(tenure),
            cause + [
                .advertise(priority), .report(.transition(from: role, to: .active)),
                .claimAddresses, .announceAddresses(repetitions: schedule.repetitions),
            ]
        )
    }

    /// Does what is due of the two things that an Active router does by the clock.
    private func attend(_ tenure: Tenure, at now: Instant) -> (State, [Action]) {
        var (advertiseAt, mayAnswerAt) = (tenure.advertiseAt, tenure.mayAnswerAt)
        var planned = tenure.announcement
        var actions: [Action] = []
        if now >= advertiseAt {
            actions.append(.advertise(priority))
            // A hastened advertisement was an answer.
            if advertiseAt == mayAnswerAt { mayAnswerAt = now + answerSpacing }
            advertiseAt = now + configuration.interval.duration
        }
        if let due = planned, now >= due.at {
            actions.append(.announceAddresses(repetitions: due.repetitions))
            planned = configuration.announcements.refresh(after: now)
        }
        let next = Tenure(
            advertiseAt: advertiseAt, mayAnswerAt: mayAnswerAt, announcement: planned)
        return (.active(next), actions)
    }

    private func answerRelease(
        from sender: IPv4Address, during tenure: Tenure, at now: Instant
    ) -> (State, [Action]) {
        let report = Action.report(.releaseReceived(from: sender))
        guard now >= tenure.mayAnswerAt else { return (.active(hastened(tenure)), [report]) }
        let next = Tenure(
            advertiseAt: now + configuration.interval.duration,
            mayAnswerAt: now + answerSpacing, announcement: tenure.announcement)
        return (.active(next), [report, .advertise(priority)])
    }

    /// Asserts that this router is Active, against one that believes the same of itself.
    ///
    /// RFC 9568 §6.4.3 asks for the advertisement. The announcements heal the caches that the other
    /// router's announcements have spoilt.
    ///
    /// Deviation: RFC 3768 stays silent in version 2; keepalived answers there too, which ends
    /// the conflict one interval earlier.
    private func answer(
        _ peer: Peer, during tenure: Tenure, at now: Instant
    ) -> (State, [Action]) {
        let received = peer.advertisement.priority
        let report = Action.report(
            .inferiorAnswered(received, from: peer.address, own: priority))
        guard now >= tenure.mayAnswerAt else { return (.active(hastened(tenure)), [report]) }
        let schedule = configuration.announcements
        let planned = [tenure.announcement, schedule.afterFirstBurst(at: now)]
            .compactMap(\.self).min { $0.at < $1.at }
        let next = Tenure(
            advertiseAt: tenure.advertiseAt, mayAnswerAt: now + answerSpacing,
            announcement: planned)
        return (
            .active(next),
            differences(of: peer) + [
                report, .advertise(priority),
                .announceAddresses(repetitions: schedule.repetitions),
            ]
        )
    }

    /// The same tenure, with the next advertisement as early as an answer may come.
    private func hastened(_ tenure: Tenure) -> Tenure {
        Tenure(
            advertiseAt: min(tenure.advertiseAt, tenure.mayAnswerAt),
            mayAnswerAt: tenure.mayAnswerAt, announcement: tenure.announcement)
    }

    /// The least time between two answers, however much a peer sends.
    ///
    /// The skew time of priority 240, so that a Backup of that or less that waits for an answer to
    /// priority 0 gets a delayed one in time.
    private var answerSpacing: Duration {
        configuration.interval.skewTime(for: Priority(rawValue: 240))
    }

    private func yield(to peer: Peer, at now: Instant) -> (State, [Action]) {
        let received = peer.advertisement.priority
        let (next, transition) = watch(from: .active, following: peer, at: now)
        return (
            next,
            differences(of: peer)
                + [.report(.superiorReceived(received, from: peer.address, own: priority))]
                + transition + [.releaseAddresses]
        )
    }

    private func resign() -> (State, [Action]) {
        (
            .initialize,
            [
                .advertise(.release), .report(.transition(from: .active, to: .initialize)),
                .releaseAddresses,
            ]
        )
    }
}
