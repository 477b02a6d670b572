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
        case (.active(let tenure), .shutdown): resign(from: tenure)
        case (.active(let tenure), .yield): stepDown(from: tenure, at: now)
        case (.active, .startup), (.active, .takeOver): (state, [])
        }
    }

    func rejection(of event: Event) -> RejectionReason? {
        guard case .received(let message, let sender) = event else { return nil }
        guard role != .initialize else { return .takesNoPart }
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
        mismatches(with: peer.advertisement).map { mismatch in
            switch mismatch {
            case .interval(let theirs, let own):
                .report(.intervalDiffers(theirs, from: peer.address, own: own))
            case .addresses(let theirs, let own):
                .report(.addressesDiffer(theirs, from: peer.address, own: own))
            }
        }
    }

    /// Something that routers of one virtual router have to agree about, and do not.
    public enum Mismatch: Hashable, Sendable {
        /// How often the Active one advertises.
        case interval(AdvertisementInterval, own: AdvertisementInterval)
        /// Which addresses it has.
        case addresses(VirtualAddressList, own: VirtualAddressList)
    }

    /// What another router says that does not agree with this one's configuration.
    ///
    /// - Parameter advertisement: Its advertisement.
    /// - Returns: All of it, for operators; the election holds all the same.
    public func mismatches(with advertisement: Advertisement) -> [Mismatch] {
        let own = configuration
        var mismatches: [Mismatch] = []
        if advertisement.interval != own.interval {
            mismatches.append(.interval(advertisement.interval, own: own.interval))
        }
        if !advertisement.addresses.namesSameAddresses(as: own.addresses) {
            mismatches.append(.addresses(advertisement.addresses, own: own.addresses))
        }
        return mismatches
    }
}
