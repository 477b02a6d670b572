extension VirtualRouter {
    /// Deviation: addresses come after the first advertisement, as in keepalived; RFC 9568 §6.4
    /// does not say when they are put onto the interface.
    func becomeActive(at now: Instant) -> (State, [Action]) {
        let schedule = configuration.announcements
        var tenure = Tenure(
            advertiseAt: now, mayAnswerAt: now, mayAnnounceAt: now,
            announcement: schedule.afterFirstBurst(at: now))
        var cause: [Action] = []
        if case .backup(let watch) = state {
            // It may come back, and would drop what this router says.
            if let former = watch.following {
                _ = tenure.heardForms.note(form(of: former), from: former.address)
            }
            // The one that is displaced will say one more word; no new conflict then.
            tenure.contestedAt = watch.displacingSince
            if now >= watch.activeDownAt { cause = [.report(.activeDownTimerExpired)] }
        }
        tenure.advertiseAt = now + pace(speaking: tenure.heardForms.forms)
        return (
            .active(tenure),
            cause + speech(priority, to: tenure.heardForms.forms) + [
                .report(.transition(from: role, to: .active)),
                .claimAddresses, .announceAddresses(repetitions: schedule.repetitions),
            ]
        )
    }

    /// Does what is due of the two things that an Active router does by the clock.
    func attend(_ tenure: Tenure, at now: Instant) -> (State, [Action]) {
        var next = tenure
        if let end = tenure.listeningUntil {
            guard now >= end else { return (.active(next), []) }
            next.listeningUntil = nil
        }
        var actions: [Action] = []
        if now >= tenure.advertiseAt {
            let forms = tenure.heardForms.forms
            let pace = pace(speaking: forms)
            actions += speech(priority, to: forms)
            // A hastened advertisement was an answer.
            if tenure.advertiseAt == tenure.mayAnswerAt { next.mayAnswerAt = now + answerSpacing }
            // Who wakes a little late, as drivers do that wake many routers together, keeps its rate.
            let isPunctual = now - tenure.advertiseAt < pace / 8
            next.advertiseAt = (isPunctual ? tenure.advertiseAt : now) + pace
        }
        if let due = tenure.announcement, now >= due.at {
            actions.append(.announceAddresses(repetitions: due.repetitions))
            next.announcement = configuration.announcements.refresh(after: now)
            // One that an answer left out.
            if due.at == tenure.mayAnnounceAt {
                next.mayAnnounceAt = now + Self.announcementSpacing
            }
        }
        return (.active(next), actions)
    }

    /// Judges what a router says that also believes to be Active, or that has just stopped.
    func hear(_ peer: Peer, during tenure: Tenure, at now: Instant) -> (State, [Action]) {
        let received = peer.advertisement.priority
        if received == .release {
            return answerRelease(from: peer.address, during: tenure, at: now)
        }
        if (received, peer.address) > (priority, configuration.primaryAddress) {
            return yield(to: peer, during: tenure, at: now)
        }
        guard tenure.listeningUntil != nil else { return answer(peer, during: tenure, at: now) }
        // It took over while this router stood still.
        guard preempts(at: now) else { return yield(to: peer, during: tenure, at: now) }
        var next = tenure
        next.listeningUntil = now
        next.announcement = PlannedAnnouncement(
            at: now, repetitions: configuration.announcements.repetitions)
        return (.active(next), [])
    }

    private func answerRelease(
        from sender: IPAddress, during tenure: Tenure, at now: Instant
    ) -> (State, [Action]) {
        let report = Action.report(.releaseReceived(from: sender))
        var next = tenure
        _ = next.heardForms.note(nil, from: sender)
        if tenure.listeningUntil != nil {
            next.listeningUntil = now
            return (.active(next), [report])
        }
        guard now >= tenure.mayAnswerAt else { return (.active(hastened(next, at: now)), [report]) }
        let forms = next.heardForms.forms
        next.advertiseAt = now + pace(speaking: forms)
        next.mayAnswerAt = now + answerSpacing
        return (.active(next), [report] + speech(priority, to: forms))
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
        var next = tenure
        next.contestedAt = now
        let hasNewForm = next.heardForms.note(form(of: peer), from: peer.address)
        // Who speaks more often expects others to.
        next.advertiseAt = min(
            tenure.advertiseAt, now + pace(speaking: next.heardForms.forms))
        let conflict = conflict(with: peer, during: tenure, at: now)
        let reports = (hasNewForm || !conflict.isEmpty ? differences(of: peer) : []) + [report]
        let announcement = announceAgain(&next, at: now)
        guard now >= tenure.mayAnswerAt else {
            return (
                .active(configuration.answersInferiors ? hastened(next, at: now) : next),
                reports + announcement + conflict
            )
        }
        next.mayAnswerAt = now + answerSpacing
        let answer =
            configuration.answersInferiors ? speech(priority, to: next.heardForms.forms) : []
        return (.active(next), reports + answer + announcement + conflict)
    }

    /// Announces against one that believes to be Active, too: at once, but no more than once a second
    /// however much it sends; what is left out is made up for at the end of that second.
    private func announceAgain(_ tenure: inout Tenure, at now: Instant) -> [Action] {
        let schedule = configuration.announcements.contested
        guard schedule.repetitions > 0 else { return [] }
        let repetitions = schedule.repetitions
        let isFree = now >= tenure.mayAnnounceAt
        let planned =
            isFree
            ? schedule.afterFirstBurst(at: now)
            : PlannedAnnouncement(at: tenure.mayAnnounceAt, repetitions: repetitions)
        if isFree { tenure.mayAnnounceAt = now + Self.announcementSpacing }
        tenure.announcement = [tenure.announcement, planned]
            .compactMap(\.self).min { $0.at < $1.at }
        return isFree ? [.announceAddresses(repetitions: repetitions)] : []
    }

    /// What is told once of a conflict, however long the other router goes on.
    private func conflict(
        with peer: Peer, during tenure: Tenure, at now: Instant
    ) -> [Action] {
        let quiet = activeDownInterval(following: peer)
        if let contestedAt = tenure.contestedAt, now - contestedAt <= quiet { return [] }
        let isOwner = peer.advertisement.priority == .owner
        return (isOwner ? [.report(.anotherOwner(peer.address))] : [])
            + [.report(.reaffirmed(against: peer.address))]
    }

    /// The same tenure, with the next advertisement as early as an answer may come, and counted as one.
    ///
    /// Never in the past: what is long overdue is a stall.
    func hastened(_ tenure: Tenure, at now: Instant) -> Tenure {
        let soonest = max(tenure.mayAnswerAt, now)
        guard soonest < tenure.advertiseAt else { return tenure }
        var next = tenure
        next.advertiseAt = soonest
        next.mayAnswerAt = soonest
        return next
    }

    /// The least time between two answers, however much a peer sends.
    ///
    /// The skew time of priority 240, so that a Backup of that or less that waits for an answer to
    /// priority 0 gets a delayed one in time.
    private var answerSpacing: Duration {
        configuration.interval.skewTime(for: Priority(rawValue: 240))
    }

    /// The least time between two announcements that answers cause.
    private static let announcementSpacing = Duration.seconds(1)

    /// Becomes Backup of a router that is ranked higher.
    ///
    /// Deviation: RFC 9568 §6.4.3 leaves silently. One last advertisement tells the winner that
    /// there was a conflict, so that it announces the addresses again at once: its hosts and
    /// switches may have heard this router's announcements.
    private func yield(
        to peer: Peer, during tenure: Tenure, at now: Instant
    ) -> (State, [Action]) {
        let received = peer.advertisement.priority
        let isOwner = received == .owner && priority == .owner
        return (
            watch(following: peer, at: now),
            differences(of: peer)
                + (isOwner ? [.report(.anotherOwner(peer.address))] : [])
                + [.report(.superiorReceived(received, from: peer.address, own: priority))]
                + (tenure.listeningUntil == nil
                    ? speech(priority, to: [form(of: peer)].compactMap(\.self)) : [])
                + [.report(.transition(from: .active, to: .backup)), .releaseAddresses]
        )
    }

    /// Gives the addresses to another router, and goes on as any Backup.
    func stepDown(from tenure: Tenure, at now: Instant) -> (State, [Action]) {
        (
            watch(following: nil, at: now),
            lastWords(in: tenure) + [
                .report(.transition(from: .active, to: .backup)), .releaseAddresses,
            ]
        )
    }

    /// What a router says that leaves the addresses.
    ///
    /// Deviation: RFC 9568 §6.4.3 has one advertisement of priority 0. Lost, it costs the peers three
    /// intervals, so two are sent, as keepalived does.
    private func lastWords(in tenure: Tenure) -> [Action] {
        let words = speech(.release, to: tenure.heardForms.forms)
        return words + words
    }

    func resign(from tenure: Tenure) -> (State, [Action]) {
        (
            .initialize,
            lastWords(in: tenure) + [
                .report(.transition(from: .active, to: .initialize)), .releaseAddresses,
            ]
        )
    }
}

// MARK: - Stalls

extension VirtualRouter {
    /// Acts on a tenure that is silent for a while if the router has just come back from a stall.
    func minding(
        _ tenure: Tenure, at now: Instant, _ act: (Tenure) -> (State, [Action])
    ) -> (State, [Action]) {
        let minded = listening(tenure, at: now)
        let (next, actions) = act(minded)
        let isNew = minded.listeningUntil != tenure.listeningUntil
        return (next, (isNew ? [.report(.stalled(now - tenure.advertiseAt))] : []) + actions)
    }

    /// The same tenure, silent for a while if the router stood still longer than its peers wait.
    ///
    /// Its peers have counted its advertisements from the last one that it sent, one ``pace`` before
    /// the one that is due. Whoever took over meanwhile advertises within that pace and its skew.
    func listening(_ tenure: Tenure, at now: Instant) -> Tenure {
        let forms = tenure.heardForms.forms
        let patience = pace(speaking: forms) * max(configuration.lostAdvertisementLimit - 1, 1)
        guard tenure.listeningUntil == nil, now - tenure.advertiseAt > patience else {
            return tenure
        }
        var next = tenure
        let interval = configuration.interval
        let longest = forms.map(\.interval.duration).reduce(interval.duration, max)
        next.listeningUntil = now + longest + interval.skewTime(for: Priority(rawValue: 1))
        return next
    }
}
