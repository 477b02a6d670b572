extension VirtualRouter {
    /// What can happen to a router.
    public enum Event: Hashable, Sendable {
        /// It shall take part: configured, its interface up, nothing in fault.
        case startup
        /// It shall take no part: stopped, or something that it needs has failed.
        case shutdown
        /// It shall leave the addresses, since another member of its group lost them.
        ///
        /// An Active one resigns, and then takes part as any Backup.
        case yield
        /// It shall hold the addresses, now; a router that is ranked higher takes them back.
        case takeOver
        /// Time has passed; see ``VirtualRouter/nextWake``.
        case wake
        /// An advertisement arrived from the given address.
        case received(Advertisement, from: IPAddress)
        /// Trackers gave it another priority, 1 to 255; 0 is not one to take part with and ignored.
        ///
        /// An Active router says so with its next advertisement, which is due at once if the priority
        /// fell. A Backup's deadline moves by the
        /// difference of the two skew times, as in keepalived: what it has waited stays waited.
        case priorityChanged(Priority)
    }

    /// What the caller is to do; elementary, and in order.
    public enum Action: Hashable, Sendable {
        /// Send one advertisement with this priority; see ``VirtualRouter/advertisement(priority:)``.
        case advertise(Priority)
        /// Send one advertisement with this priority in the form of a router that would drop this
        /// one's; see ``VirtualRouter/advertisement(priority:in:)``.
        case echo(Priority, Form)
        /// Put the virtual addresses onto their interfaces.
        case claimAddresses
        /// Announce each address this many times, the whole list at each turn.
        case announceAddresses(repetitions: Int)
        /// Take the virtual addresses off their interfaces.
        case releaseAddresses
        /// Tell the operator; nothing depends on it.
        case report(Observation)
    }

    /// Something that an operator wants to know.
    public enum Observation: Hashable, Sendable {
        /// The router changed its state; notifications are due once all actions are performed.
        case transition(from: Role, to: Role)
        /// A Backup heard nothing for too long and takes over.
        case activeDownTimerExpired
        /// Somebody advertised priority 0: it stops taking part.
        case releaseReceived(from: IPAddress)
        /// A Backup discarded an advertisement of lower priority, and waits to take over.
        case inferiorDiscarded(Priority, from: IPAddress)
        /// An Active router heard one that loses against it, and answers.
        case inferiorAnswered(Priority, from: IPAddress, own: Priority)
        /// An Active router heard one that wins against it, and yields.
        ///
        /// With equal priorities, it was the sender's higher address that won.
        case superiorReceived(Priority, from: IPAddress, own: Priority)
        /// The sender advertises at another interval; it takes part all the same.
        case intervalDiffers(
            AdvertisementInterval, from: IPAddress, own: AdvertisementInterval)
        /// The sender lists other addresses; it takes part all the same.
        case addressesDiffer(VirtualAddressList, from: IPAddress, own: VirtualAddressList)
        /// The router's own priority changed.
        case priorityChanged(from: Priority, to: Priority)
        /// Another router, besides this one, says that it owns the addresses (RFC 9568 §8.3.2).
        case anotherOwner(IPAddress)
        /// Another router believed to be Active, too, and lost; this one has announced again.
        ///
        /// Told once for each conflict. Whoever was notified of the other one's transition has to be
        /// notified of this router's state again, with a greater ``NotificationEpoch``.
        case reaffirmed(against: IPAddress)
        /// The caller came back so late that another router may have taken over: it listens first.
        ///
        /// With how late it came back.
        case stalled(Duration)
        /// An advertisement was refused and had no effect.
        case rejected(RejectionReason)
    }
}

/// Why a virtual router refuses an advertisement that is well formed.
public enum RejectionReason: Hashable, Sendable {
    /// It is of another version than the router's (RFC 9568 §7.1).
    case version(VRRPVersion, expected: VRRPVersion)
    /// It is of another virtual router.
    case vrid(VRID, expected: VRID)
    /// It comes from the router's own address: a loop, or two routers with one address.
    ///
    /// Two such routers would answer each other without end.
    case ownAddress(IPAddress)
    /// It was sent to a group where unicast is configured, or not to the group.
    case destination(IPAddress)
    /// Its sender is not among the unicast peers.
    case unknownPeer(IPAddress)
    /// This router owns the addresses and is configured to listen to nobody.
    case ownerDeaf
    /// This router takes no part at this moment: not started, or in fault.
    case takesNoPart
}

extension RejectionReason: CustomStringConvertible {
    /// What was found, and what would be right.
    public var description: String {
        switch self {
        case .version(let found, let expected):
            "VRRP version \(found.rawValue), must be \(expected.rawValue)"
        case .vrid(let found, let expected):
            "VRID \(found.rawValue), must be \(expected.rawValue)"
        case .ownAddress(let address):
            "sent from this router's own address \(address), must be another's"
        case .destination(let address): "sent to \(address), where this router does not listen"
        case .unknownPeer(let address): "sent by \(address), which is not a unicast peer"
        case .takesNoPart: "this router takes no part at this moment"
        case .ownerDeaf: "this router owns the addresses and ignores others (owner_ignore_adverts)"
        }
    }
}
