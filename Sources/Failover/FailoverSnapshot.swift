public import LinuxIO
public import VRRPCore

/// Everything that a status display shows of the node, at one moment.
public struct FailoverSnapshot: Hashable, Sendable {
    /// The virtual routers, in the order of the configuration.
    public var routers: [RouterSnapshot]
    /// The sync groups, in the order of the configuration.
    public var groups: [GroupSnapshot]
    /// The tracked scripts, in the order of the configuration.
    public var scripts: [ScriptSnapshot]
    /// The named pipes that states are written to, in the order of the configuration.
    public var notificationFIFOs: [NotificationFIFOSnapshot]
    /// Datagrams that belonged to none of the node's virtual routers.
    public var strays: StrayCounters
    /// How late the elections were woken so far.
    public var lag: SchedulingLag
    /// Mails that were not sent.
    public var lostMails: Int
    /// How long the node still waits before it takes part (`vrrp_startup_delay`); `nil`: it does not.
    public var startupCountdown: Duration?
}

/// Datagrams that belonged to none of a node's virtual routers, by cause.
public struct StrayCounters: Hashable, Sendable {
    private var counts: [StrayCause: Int] = [:]

    /// How many there were for this cause.
    public subscript(cause: StrayCause) -> Int { counts[cause, default: 0] }

    /// The causes of which there were some, in their fixed order, with how many.
    public var nonZero: [(cause: StrayCause, count: Int)] {
        StrayCause.allCases.compactMap { cause in counts[cause].map { (cause, $0) } }
    }

    mutating func count(_ cause: StrayCause) { counts[cause, default: 0] += 1 }
}

/// How late the elections of a node were woken: because of load, of a host that stood still, or of a
/// step that took long.
public struct SchedulingLag: Hashable, Sendable {
    /// From how late on it counts as a stall.
    public static let stallLimit = Duration.milliseconds(10)

    /// The longest so far.
    public private(set) var longest = Duration.zero
    /// How often it was ``stallLimit`` or more.
    public private(set) var stallCount = 0
    /// The last of those; `nil`: there was none.
    public private(set) var lastStall: Stall?

    /// One time that the elections were woken late.
    public struct Stall: Hashable, Sendable {
        /// How late.
        public let length: Duration
        /// When they were woken.
        public let at: MonotonicInstant
    }

    mutating func note(_ lateness: Duration) {
        longest = max(longest, lateness)
        guard lateness >= Self.stallLimit else { return }
        stallCount += 1
        lastStall = Stall(length: lateness, at: .now)
    }
}

/// A named pipe that states are written to, at one moment.
public struct NotificationFIFOSnapshot: Hashable, Sendable {
    /// Where it stands.
    public var path: String
    /// Lines written.
    public var written: Int
    /// Lines that found the pipe full, or no pipe.
    public var lost: Int
}

/// One sync group at one moment.
public struct GroupSnapshot: Hashable, Sendable {
    /// How it is configured.
    public var settings: SyncGroupSettings
    /// Where its members last stood together.
    public var state: RouterState
    /// When they came to stand there; `nil` before.
    public var since: MonotonicInstant?
    /// What the group itself tracks.
    public var trackers: [TrackerSnapshot]
}

/// One virtual router at one moment.
public struct RouterSnapshot: Hashable, Sendable {
    /// How it is configured.
    public var settings: RouterSettings
    /// Where it stands.
    public var state: RouterState
    /// When it came to stand there; `nil` before its first state.
    public var since: MonotonicInstant?
    /// Why it can't take part; empty unless it is in fault.
    public var faultCauses: [FaultCause]
    /// The priority that it takes part with; in fault, the one that it last took part with.
    public var effectivePriority: Priority
    /// Where its advertisements come from; `nil` while the interface has no address.
    public var sourceAddress: IPAddress?
    /// What it tracks, in the order of the configuration: scripts, files, programs, interfaces.
    public var trackers: [TrackerSnapshot]
    /// The last advertisement that it took in; `nil` if it heard none.
    public var lastHeard: HeardAdvertisement?
    /// Every station that was heard of late, taken or refused, the most recent last.
    public var peers: [PeerSnapshot]
    /// The addresses that it holds at this moment.
    public var heldAddresses: [HeldAddress]
    /// What it should hold while Active and the system refused when it last tried.
    public var refusedParts: [RefusedPart]
    /// How many of its addresses are not advertised, since the link carries no more.
    public var unadvertisedCount: Int
    /// The number of the last state that notification programs were told of; 0: none yet.
    public var epoch: Int64
    /// Notification programs left out because another state had come before their turn.
    public var obsoleteNotifications: Int
    /// Whether it leaves a working Active router of lower priority alone for now.
    public var isDeferring: Bool
    /// What a takeover added to the priority; 0: nothing.
    public var raise: Int
    /// How long it still leaves an Active router of lower priority alone (`preempt_delay`); `nil`:
    /// it does not.
    public var preemptionCountdown: Duration?
    /// Interfaces that it needs whose change does not count yet.
    public var settlingLinks: [SettlingLink]
    /// The sync group that it belongs to; `nil`: none.
    public var group: String?
    /// What was counted since the start.
    public var counters: RouterCounters
}

/// An address, route or rule that the system refused.
public struct RefusedPart: Hashable, Sendable {
    /// What it is and where it was to go, for people.
    public var part: String
    /// Why it is not there.
    public var reason: HostError
}

/// The last advertisement that a virtual router took in.
public struct HeardAdvertisement: Hashable, Sendable {
    /// Who sent it.
    public var source: IPAddress
    /// The sender's priority.
    public var priority: Priority
    /// The sender's interval.
    public var interval: AdvertisementInterval
    /// When it arrived.
    public var at: MonotonicInstant
}

/// What one virtual router counted since it started.
public struct RouterCounters: Hashable, Sendable {
    /// Advertisements sent, those of priority 0 among them.
    public var sent = 0
    /// Advertisements sent in the form of routers that would drop this one's.
    public var echoed = 0
    /// Advertisements that the system did not take.
    public var sendFailures = 0
    /// Advertisements taken in, those of priority 0 among them.
    public var received = 0
    /// Priority 0 sent: it resigned while Active.
    public var releasesSent = 0
    /// Priority 0 received.
    public var releasesReceived = 0
    /// Advertisements of lower priority heard while Active.
    public var inferiorsHeard = 0
    /// Conflicts with another Active router that this one won.
    public var conflictsWon = 0
    /// Became Active.
    public var becameActive = 0
    /// Was Active and is no more.
    public var releasedActive = 0
    /// Addresses put back after somebody else took them off.
    public var addressesRestored = 0
    /// Routes and rules put back after somebody else removed them.
    public var routesRestored = 0
    /// Gave way though it could take part: asked to, or because addresses did not stay.
    public var gaveWay = 0
    /// Datagrams refused, by cause.
    public var refused = RefusalCounters()
}

/// A station that speaks for a virtual router, as this node has heard it.
public struct PeerSnapshot: Hashable, Sendable {
    /// Where its datagrams come from.
    public var address: IPAddress
    /// Its last advertisement that was taken; `nil`: none was.
    public var advertisement: Advertisement?
    /// When it was last heard, taken or not.
    public var lastHeardAt: MonotonicInstant
    /// Datagrams that were taken.
    public var acceptedCount: Int
    /// Datagrams that were refused, by cause.
    public var refused: RefusalCounters
    /// Why its last datagram was refused; `nil`: it was taken.
    public var refusal: AdvertisementRefusal?
    /// What it says that does not agree with this router's configuration.
    public var mismatches: [VirtualRouter.Mismatch]

    init(_ entry: PeerLedger.Entry, beside election: VirtualRouter?) {
        mismatches =
            entry.advertisement.flatMap { election?.mismatches(with: $0) } ?? []
        address = entry.address
        advertisement = entry.advertisement
        lastHeardAt = MonotonicInstant(nanoseconds: entry.lastHeardAt.nanoseconds)
        acceptedCount = entry.acceptedCount
        refused = entry.refusals
        refusal = entry.refusal
    }
}

/// Something that a virtual router tracks, at one moment.
public struct TrackerSnapshot: Hashable, Sendable {
    /// What is tracked.
    public enum Kind: Hashable, Sendable {
        /// A script; its results are in ``FailoverSnapshot/scripts``.
        case script
        /// A file that holds a number.
        case file
        /// A program of which processes must run.
        case process
        /// An interface.
        case interface
    }
    /// What is tracked.
    public var kind: Kind
    /// Its name.
    public var name: String
    /// What it adds to the priority; 0: bad stops the router.
    public var weight: Int
    /// What it says.
    public var verdict: TrackerRecord.Verdict
    /// What it does to the priority at this moment.
    public var effect: TrackerStanding.Effect
    /// The sync group or its other member that tracks it; `nil`: the router itself.
    public var owner: String?
    /// Whether it counts: what a member of a sync group tracks with a weight may not.
    public var counts = true
    /// The number in the file, or of the processes; `nil` for a script or an interface.
    public var number: Int?
    /// How the ends of processes are noticed; `nil`: it tracks none.
    public var method: ProcessTrackingMethod?

    init(
        kind: Kind, name: String, weight: Int, verdict: TrackerRecord.Verdict,
        effect: TrackerStanding.Effect, number: Int?, method: ProcessTrackingMethod?
    ) {
        self.kind = kind
        self.name = name
        self.weight = weight
        self.verdict = verdict
        self.effect = effect
        self.number = number
        self.method = method
    }
}

/// How the end of a tracked process is noticed.
public enum ProcessTrackingMethod: Hashable, Sendable {
    /// At once, by a descriptor of each process (`pidfd_open(2)`).
    case descriptors
    /// Within a second, by looking: the kernel gives no such descriptors to this program.
    case looking
}

/// A tracked script at one moment.
public struct ScriptSnapshot: Hashable, Sendable {
    /// How it is configured.
    public var settings: ScriptSettings
    /// What its results say together.
    public var verdict: TrackerRecord.Verdict
    /// How the last run came out; `nil` before the first.
    public var lastResult: ScriptResult?
    /// What the last run printed, 4 KiB at most.
    public var lastOutput: String
    /// How long the last run took.
    public var lastRunTime: Duration?
    /// Whether it runs at this moment.
    public var isRunning: Bool
}
