extension VirtualRouter {
    /// Decides, without effect: which state follows, and what is to be done.
    func step(_ event: Event, at now: Instant) -> (State, [Action]) {
        if let rejection = rejection(of: event) { return (state, [.report(.rejected(rejection))]) }
        return switch (state, event) {
        case (_, .priorityChanged(let changed)): adopt(changed, at: now)

        // §6.4.1 Initialize
        case (.initialize, .startup) where priority == .owner && !isDeferring(at: now):
            becomeActive(at: now)
        case (.initialize, .startup): join(at: now)
        case (.initialize, _): (state, [])

        // §6.4.2 Backup
        case (.backup(let watch), .wake) where now >= watch.activeDownAt:
            end(watch, at: now)
        case (.backup(let watch), .received(let message, let sender))
        where message.priority == .release:
            awaitSkew(watch, releasedBy: sender, at: now)
        case (.backup(let watch), .received(let message, let sender))
        where !displaces(message, watch: watch, at: now):
            follow(Peer(address: sender, advertisement: message), watch: watch, at: now)
        case (.backup(let watch), .received(let message, let sender)):
            discard(message, from: sender, watch: watch, at: now)
        case (.backup, .takeOver): becomeActive(at: now)
        case (.backup, .shutdown):
            (.initialize, [.report(.transition(from: .backup, to: .initialize))])
        case (.backup, .wake), (.backup, .startup), (.backup, .yield):
            (state, [])

        // §6.4.3 Active
        case (.active(let tenure), .wake):
            minding(tenure, at: now) { attend($0, at: now) }
        case (.active(let tenure), .received(let message, let sender)):
            minding(tenure, at: now) {
                hear(Peer(address: sender, advertisement: message), during: $0, at: now)
            }
        case (.active, .shutdown): resign()
        case (.active, .yield): stepDown(at: now)
        case (.active, .startup), (.active, .takeOver): (state, [])
        }
    }

    /// A router in Initialize looks at no packet at all.
    func rejection(of event: Event) -> RejectionReason? {
        guard case .received(let message, let sender) = event, role != .initialize else {
            return nil
        }
        let own = configuration
        guard message.version == own.interval.version else {
            return .version(message.version, expected: own.interval.version)
        }
        guard message.vrid == own.vrid else { return .vrid(message.vrid, expected: own.vrid) }
        if sender == own.primaryAddress { return .ownAddress(sender) }
        return own.ignoresOthersAsOwner && priority == .owner ? .ownerDeaf : nil
    }

    func preempts(at now: Instant) -> Bool {
        !isDeferring(at: now) && (configuration.preempts || priority == .owner)
    }

    /// Time between this router's own advertisements: often enough for the interval that it speaks.
    var pace: Duration {
        min(configuration.interval.duration, (heardInterval ?? configuration.interval).duration)
    }

    /// Active_Down_Interval of a router of `priority` that follows `peer`.
    func activeDownInterval(following peer: Peer?) -> Duration {
        activeInterval(following: peer).activeDownInterval(
            for: priority, lostAdvertisements: configuration.lostAdvertisementLimit)
    }

    /// Active_Adver_Interval, of RFC 9568 §6.1, which version 2 does not have.
    ///
    /// Deviation: RFC 3768 §7.1 drops a version 2 advertisement whose interval is not the own one,
    /// as keepalived does, and both routers end up Active. It is accepted here, and the longer of
    /// the two intervals is waited for, so that one election holds.
    func activeInterval(following peer: Peer?) -> AdvertisementInterval {
        let own = configuration.interval
        guard let learned = peer?.advertisement.interval else { return own }
        return switch own.version {
        case .v2: learned.duration > own.duration ? learned : own
        case .v3: learned
        }
    }

    /// What is told about a peer that differs from this router's configuration.
    func differences(of peer: Peer) -> [Action] {
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
