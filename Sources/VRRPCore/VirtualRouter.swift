/// The election of one virtual router: one interface, one VRID, IPv4.
///
/// Pure: reads no clock and opens no socket. The caller delivers events with ``handle(_:at:)``,
/// performs the returned actions in order, and delivers ``Event/wake`` when ``nextWake`` has come.
/// After a pause of any length it should deliver what was received meanwhile before it wakes.
///
/// Implements RFC 9568 §6.4 and RFC 3768 §6.4; which of them, the configured interval decides.
public struct VirtualRouter: Hashable, Sendable {
    /// What the router was configured to be.
    public internal(set) var configuration: Configuration
    /// The priority that it now advertises and compares with; trackers change it.
    public private(set) var priority: Priority
    /// Where the router stands, with every deadline that it waits for.
    public internal(set) var state = State.initialize
    /// What planned moves change for a while.
    var handover = Handover()

    /// Makes a router that takes no part yet; ``Event/startup`` lets it begin.
    public init(configuration: Configuration) {
        self.configuration = configuration
        priority = configuration.priority
    }

    /// Takes in one event.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - now: When; never earlier than at the call before.
    /// - Returns: What to do, to be done in this order.
    public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
        let event = raised(event)
        let (next, actions) = step(event, at: now)
        state = next  // The only assignment to `state` but for a new configuration.
        if case .priorityChanged(let changed) = event, changed != .release { priority = changed }
        return actions + settleHandover(at: now)
    }

    /// When to deliver ``Event/wake``, or `nil` while no timer runs; an early wake changes nothing.
    public var nextWake: Instant? {
        switch state {
        case .initialize: nil
        case .backup(let activeDownAt, _): activeDownAt
        case .active(let tenure): tenure.nextWake
        }
    }

    /// The message for ``Action/advertise(_:)``.
    ///
    /// RFC 9568 §7.2.
    public func advertisement(priority: Priority) -> Advertisement {
        Advertisement(
            vrid: configuration.vrid, priority: priority, interval: configuration.interval,
            addresses: configuration.addresses)
    }
}

extension VirtualRouter {
    /// What one router of a virtual router is configured to be.
    public struct Configuration: Hashable, Sendable {
        /// The identifier on the LAN.
        public var vrid: VRID
        /// The priority before trackers add and subtract, 1 to 255; 255 owns the addresses.
        public var priority: Priority
        /// Time between this router's advertisements while it is Active; decides the version.
        public var interval: AdvertisementInterval
        /// Whether a Backup displaces an Active router of lower priority; an owner always does.
        public var preempts = true
        /// The address that this router's advertisements come from; decides ties.
        ///
        /// When the interface's address changes, the router is shut down and another is made.
        public var primaryAddress: IPv4Address
        /// The addresses that the virtual router holds.
        public var addresses: VirtualAddressList
        /// How often the addresses are announced.
        public var announcements = AnnouncementSchedule()

        /// Makes a configuration that preempts and announces as keepalived does by default.
        public init(
            vrid: VRID, priority: Priority, interval: AdvertisementInterval,
            primaryAddress: IPv4Address, addresses: VirtualAddressList
        ) {
            self.vrid = vrid
            self.priority = priority
            self.interval = interval
            self.primaryAddress = primaryAddress
            self.addresses = addresses
        }
    }

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
        /// Watches the Active router, `following`, and takes over at `activeDownAt`.
        ///
        /// `following` is `nil` until an advertisement was accepted.
        case backup(activeDownAt: Instant, following: Peer?)
        /// Holds the addresses.
        case active(Tenure)
    }

    /// The Active router that a Backup follows.
    public struct Peer: Hashable, Sendable {
        /// Where its advertisements come from.
        public let address: IPv4Address
        /// The last one that was accepted.
        public let advertisement: Advertisement
    }

    /// The deadlines of an Active router.
    public struct Tenure: Hashable, Sendable {
        /// When the next advertisement is due: Adver_Timer.
        public let advertiseAt: Instant
        /// Before this, nothing that a peer sends is answered at once.
        public let mayAnswerAt: Instant
        /// The next announcement of the addresses, if one is planned.
        public let announcement: PlannedAnnouncement?

        var nextWake: Instant { announcement.map { min($0.at, advertiseAt) } ?? advertiseAt }
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
