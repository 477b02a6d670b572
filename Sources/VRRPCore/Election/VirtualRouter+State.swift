extension VirtualRouter {
    /// The three states of RFC 9568 §6.4 by name.
    public enum Role: Hashable, Sendable {
        /// Takes no part.
        case initialize
        /// Watches the Active router.
        case backup
        /// Holds the addresses.
        case active
    }

    /// Where a router stands; each deadline is the payload of the state that waits for it.
    public enum State: Hashable, Sendable {
        /// Takes no part: not started, stopped or in fault.
        case initialize
        /// Watches the Active router, if there is one, and takes over when it is silent.
        case backup(Watch)
        /// Holds the addresses.
        case active(Tenure)
    }

    /// The Active router that a Backup follows.
    public struct Peer: Hashable, Sendable {
        /// Where its advertisements come from.
        public let address: IPAddress
        /// The last one that was accepted.
        public let advertisement: Advertisement
    }

    /// What a Backup waits for.
    public struct Watch: Hashable, Sendable {
        /// When it takes over: Active_Down_Timer.
        public internal(set) var activeDownAt: Instant
        /// The Active router; `nil` until an advertisement was accepted.
        public internal(set) var following: Peer?
        /// Since when it is healthy, and no router that is ranked as high was heard.
        public internal(set) var stableSince: Instant
        /// Whether it has been late, and already waits once more for what it may have missed.
        public internal(set) var hasListened = false
        /// Advertisements in a row of the Active router that differ from this router's configuration.
        var differingCount = 0
        /// When it last heard an Active router that it is about to displace.
        var displacingSince: Instant?
    }

    /// The deadlines of an Active router.
    public struct Tenure: Hashable, Sendable {
        /// When the next advertisement is due: Adver_Timer.
        public internal(set) var advertiseAt: Instant
        /// Before this, nothing that a peer sends is answered at once.
        public internal(set) var mayAnswerAt: Instant
        /// Before this, no answer announces the addresses at once.
        var mayAnnounceAt: Instant
        /// The next announcement of the addresses, if one is planned.
        public internal(set) var announcement: PlannedAnnouncement?
        /// Until when it sends nothing, because it stood still for longer than its peers wait.
        public internal(set) var listeningUntil: Instant?
        /// When another router last claimed to be Active, too.
        var contestedAt: Instant?
        /// How those speak that would drop what this router says.
        var heardForms = HeardForms()

        var nextWake: Instant {
            if let listeningUntil { return listeningUntil }
            return announcement.map { min($0.at, advertiseAt) } ?? advertiseAt
        }
    }

    /// The router's state by name.
    public var role: Role {
        switch state {
        case .initialize: .initialize
        case .backup: .backup
        case .active: .active
        }
    }
}
