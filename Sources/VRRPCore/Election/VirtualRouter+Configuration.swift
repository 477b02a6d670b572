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
        /// How long a Backup that preempts waits before it does; zero: not at all.
        ///
        /// Counted from the moment from which it is healthy and nothing has changed: it took part,
        /// its priority stayed, and no router that is ranked as high was heard. Meanwhile it
        /// follows a lower priority as if it did not preempt; a dead router is replaced at once.
        public var preemptDelay = Duration.zero
        /// How long a router that begins to take part only listens; `nil`: see below.
        ///
        /// At least one Active_Down_Interval, as in RFC 9568 §6.4.1. By default one that does not
        /// preempt waits two, so that it cannot displace an Active router whose advertisements
        /// were lost, or came too rarely, just while it joined.
        public var joinListening: Duration?
        /// Advertisements in a row that have to stay away before a Backup takes over, 1 to 100.
        ///
        /// 3 in RFC 9568 §6.1; keepalived's `down_timer_adverts`.
        public var lostAdvertisements = 3
        /// The most that Skew_Time counts as after the Active router has released; `nil`: no less.
        ///
        /// RFC 9568 §6.4.2 has a Backup wait Skew_Time, at 1 s up to a second in which nobody serves,
        /// so that of several Backups only the first takes over. A hundredth of that keeps their
        /// order: this router waits (256 - priority) / 256 of what stands here. Of two that take
        /// over at once the lower one yields to the first advertisement of the other.
        public var longestReleaseSkew: Duration?
        /// Accept_Mode of RFC 9568 §6.1; see ``takesTraffic``.
        ///
        /// Deviation: on by default, as in keepalived, since services behind the addresses are what
        /// the program is for.
        public var acceptsTraffic = true
        /// Whether an Active router says so at once when one of lower priority claims the same.
        ///
        /// RFC 9568 §6.4.3 asks for it; RFC 3768 and keepalived's `lower_prio_no_advert` do not.
        public var answersInferiors = true
        /// Whether an owner of the addresses heeds no advertisement at all.
        ///
        /// keepalived's `owner_ignore_adverts`. RFC 9568 §7.1 (erratum 8298) has two owners settle it
        /// by address instead.
        public var ignoresOthersAsOwner = false
        /// The address that this router's advertisements come from; decides ties.
        ///
        /// When the interface's address changes, the router is shut down and another is made.
        public var primaryAddress: IPAddress
        /// The addresses that the virtual router holds and advertises, all of one family.
        public var addresses: VirtualAddressList
        /// Addresses that move with the others without being advertised, of either family.
        ///
        /// With the other family's addresses here, one election moves both.
        public var companions: [IPAddress] = []
        /// How often the addresses are announced.
        public var announcements = AnnouncementSchedule()

        /// Makes a configuration that preempts and announces as keepalived does by default.
        public init(
            vrid: VRID, priority: Priority, interval: AdvertisementInterval,
            primaryAddress: IPAddress, addresses: VirtualAddressList
        ) {
            self.vrid = vrid
            self.priority = priority
            self.interval = interval
            self.primaryAddress = primaryAddress
            self.addresses = addresses
        }

        /// Makes a configuration of a router that sends from an IPv4 address.
        public init(
            vrid: VRID, priority: Priority, interval: AdvertisementInterval,
            primaryAddress: IPv4Address, addresses: VirtualAddressList
        ) {
            self.init(
                vrid: vrid, priority: priority, interval: interval,
                primaryAddress: .v4(primaryAddress), addresses: addresses)
        }

        /// Whether packets to the virtual addresses are to be taken while the router is Active.
        ///
        /// An owner takes them whatever Accept_Mode is. Where they are not taken, the caller drops
        /// them, but never Neighbor Solicitations and Advertisements (RFC 9568 §6.1, §6.4.3).
        public var takesTraffic: Bool { priority == .owner || acceptsTraffic }

        /// Everything that is claimed, announced and released together, advertised ones first.
        public var heldAddresses: [IPAddress] { addresses.addresses + companions }

        /// Advertisements in a row that have to stay away, held within 1 to 100.
        var lostAdvertisementLimit: Int { min(max(lostAdvertisements, 1), 100) }
    }
}
