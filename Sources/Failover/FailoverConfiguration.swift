public import VRRPCore

/// What one node does for its virtual routers.
///
/// A value, so that two can be compared: a reload changes only what differs.
public struct FailoverConfiguration: Hashable, Sendable {
    /// The virtual routers that the node takes part in; names are unique, and so is each VRID in its
    /// group of an interface, and by unicast there.
    public var routers: [RouterSettings] = []
    /// Virtual routers that are Active together; names are unique.
    public var syncGroups: [SyncGroupSettings] = []
    /// How long the node only waits after its start (`vrrp_startup_delay`).
    public var startupDelay = Duration.zero
    /// How long after the start of the host the node begins, if that is later
    /// (`vrrp_delay_after_boot`).
    public var delayAfterBoot = Duration.zero
    /// How long changes of an interface have to last before they count, by its name
    /// (`interface_up_down_delays`).
    ///
    /// Going down counts before a peer would take over all the same.
    public var linkDelays: [String: LinkDelays] = [:]
    /// The least time between two announcements on one interface.
    public var announcementSpacing = AnnouncementSpacing()
    /// How mail is sent; `nil`: not at all.
    public var mail: MailSettings?
    /// The scripts that virtual routers may track; names are unique.
    public var scripts: [ScriptSettings] = []
    /// The files that virtual routers may track; names are unique.
    public var files: [TrackedFileSettings] = []
    /// The programs that virtual routers may track; names are unique.
    public var processes: [TrackedProcessSettings] = []
    /// Named pipes that get a line `INSTANCE "NAME" STATE PRIORITY` for each new state.
    public var notificationFIFOs: [NotificationFIFOSettings] = []
    /// Whether the states of all routers are written to them again on a reload
    /// (`fifo_write_vrrp_states_on_reload`).
    public var tellsStatesOnReload = false
    /// Whether advertisements of virtual routers that the node does not know are told of.
    public var tellsUnknownVRIDs = false

    /// Makes a configuration without virtual routers.
    public init() {}
}

/// One virtual router as configured.
public struct RouterSettings: Hashable, Sendable {
    /// The name in events, log lines and script arguments.
    public var name: String
    /// The interface that advertisements travel on, `eth1` for example.
    public var interface: String
    /// Whether advertisements travel on whichever interface has ``sourceAddress`` instead.
    ///
    /// ``interface`` is then only shown, and only while no interface has it.
    public var followsSource = false
    /// The identifier on the LAN.
    public var vrid: VRID
    /// The priority before trackers add and subtract; 255 for the owner of the addresses.
    public var priority: Priority
    /// Time between advertisements; its case decides the version of the protocol.
    public var interval = AdvertisementInterval(.oneSecond, version: .v2)
    /// Whether a higher priority displaces a working Active router.
    public var preempts = true
    /// Advertisements in a row that have to stay away before a Backup takes over, 1 to 100.
    public var lostAdvertisements = 3
    /// The most that Skew_Time counts as after the Active router has released; `nil`: no less, as
    /// RFC 9568 §6.4.2 has it.
    public var longestReleaseSkew: Duration? = .milliseconds(10)
    /// Whether an Active router says so at once when one of lower priority claims the same.
    public var answersInferiors = true
    /// Whether an owner of the addresses (priority 255) heeds no advertisement at all.
    public var ignoresOthersAsOwner = false
    /// How advertisements travel.
    public var transport = Transport.multicast()
    /// Whether unicast advertisements of others than the peers are taken too.
    public var admitsUnknownPeers = false
    /// The TTL or Hop Limit of unicast advertisements, 1 to 255.
    public var unicastHopLimit: UInt8 = 255
    /// The address that advertisements come from; `nil`: the interface's first.
    public var sourceAddress: IPAddress?
    /// Whether the router is in fault while the interface lacks ``sourceAddress``.
    public var needsSourceAddress = false
    /// The password of version 2; `nil`: none.
    public var password: Password?
    /// The authentication trailer; `nil`: none is sent, any is ignored.
    public var authentication: RouterAuthentication?
    /// How long a router that preempts leaves a working Active router of lower priority alone.
    ///
    /// Counted from the moment from which it is healthy and nothing has changed.
    public var preemptDelay = Duration.zero
    /// The form of the version 3 checksum that is sent until a peer was heard.
    public var checksumCoverage = ChecksumCoverage.pseudoHeader
    /// The addresses that the virtual router holds and advertises: 255 at most, all of one family,
    /// which is the virtual router's.
    public var addresses: [HeldAddress] = []
    /// The family of the advertisements where ``addresses`` is empty: a router that only elects and
    /// notifies, while something else moves an address (`no_virtual_ipaddress`).
    public var familyWithoutAddresses = AddressFamily.ipv4
    /// The hardware address that its addresses answer with; `nil`: the interface's own.
    public var virtualMAC: VirtualMAC?
    /// Whether packets to its addresses are taken though it does not own them.
    public var acceptsTraffic = true
    /// Whether it stops while its own interface is down.
    public var tracksOwnInterface = true
    /// The routes that it adds while it is Active, after the addresses.
    public var routes: [HeldRoute] = []
    /// The rules that it adds while it is Active, after the routes.
    public var rules: [HeldRule] = []
    /// Addresses that move with the others without being advertised, of either family.
    public var excludedAddresses: [HeldAddress] = []
    /// The scripts whose results change the priority, or stop the router (weight 0).
    public var trackedScripts: [TrackedName] = []
    /// The files whose numbers, times their weights, change the priority.
    public var trackedFiles: [TrackedName] = []
    /// The programs whose processes change the priority, or stop the router (weight 0).
    public var trackedProcesses: [TrackedName] = []
    /// Further interfaces whose state changes the priority, or stops the router (weight 0).
    public var trackedInterfaces: [TrackedName] = []
    /// How often the addresses are announced.
    public var announcements = AnnouncementSchedule()
    /// The programs to call when the state changes.
    public var notifications = NotificationPrograms()
    /// Whether named pipes are told of another priority (`notify_priority_changes`).
    public var tellsPriorityChanges = false
    /// Whether mail is sent when the state changes (`smtp_alert`).
    public var sendsMail = false

    /// Makes a virtual router with the protocol's defaults.
    ///
    /// - Parameters:
    ///   - name: The name in events, log lines and script arguments.
    ///   - interface: The interface that advertisements travel on.
    ///   - vrid: The identifier on the LAN.
    ///   - priority: The priority before trackers, 1 to 255.
    public init(name: String, interface: String, vrid: VRID, priority: Priority) {
        self.name = name
        self.interface = interface
        self.vrid = vrid
        self.priority = priority
    }
}

/// Something as one virtual router tracks it.
public struct TrackedName: Hashable, Sendable {
    /// The name of a script, a file, a program or an interface.
    public var name: String
    /// What it adds to the priority, -254 to 254; 0: the router stops while it is bad.
    public var weight: Int
    /// Whether it counts the other way round (`reverse`).
    public var isReversed = false

    /// Makes a reference.
    ///
    /// - Parameters:
    ///   - name: The name of a script, a file, a program or an interface.
    ///   - weight: -254 to 254.
    public init(name: String, weight: Int) {
        self.name = name
        self.weight = weight
    }
}

/// Something whose result virtual routers follow.
public struct ScriptSettings: Hashable, Sendable {
    /// What the result comes from.
    public enum Source: Hashable, Sendable {
        /// A program and its arguments; exit status 0 is good.
        case command([String])
        /// What ``FailoverNode/setFact(name:isGood:)`` was last told under this name.
        case fact(String)
    }

    /// The name that ``TrackedName`` refers to.
    public var name: String
    /// What the result comes from.
    public var source: Source
    /// Time from one start to the next.
    public var interval = Duration.seconds(1)
    /// How long one run may take; `nil`: the interval.
    public var timeout: Duration?
    /// Successes in a row that make it good.
    public var rise = 1
    /// Failures in a row that make it bad.
    public var fall = 1
    /// Whether it counts as bad until `rise` successes in a row (`init_fail`).
    public var startsFailed = false
    /// Whether a router whose priority it lowers gives way at once, for another node to take over by a
    /// priority 0, and not three intervals later.
    ///
    /// For what only this node can lack, such as its own balancer. What fails on all nodes at about the
    /// same time would move the addresses to and fro.
    public var givesWay = false

    /// Whether it only stands for a fact, whose name it has: there is no script of this name.
    var isFactItself: Bool { source == .fact(name) }

    /// Makes a script with keepalived's defaults.
    ///
    /// - Parameters:
    ///   - name: The name that ``TrackedName`` refers to.
    ///   - source: What the result comes from.
    public init(name: String, source: Source) {
        self.name = name
        self.source = source
    }
}

/// The programs to call when a virtual router's state changes, each with its arguments.
public struct NotificationPrograms: Hashable, Sendable {
    /// Called on becoming Active (`notify_master`).
    public var active: [String]?
    /// Called on becoming Backup (`notify_backup`).
    public var backup: [String]?
    /// Called when the router can't take part any more (`notify_fault`).
    public var fault: [String]?
    /// Called when the program stops, or no longer has the router (`notify_stop`).
    public var stop: [String]?
    /// Called in place of `stop` when a reload leaves the router out (`notify_deleted`).
    public var deleted: [String]?
    /// Called when it hears a router that loses against it while Active
    /// (`notify_master_rx_lower_pri`).
    public var heardInferior: [String]?
    /// Called after each of these, with `INSTANCE NAME STATE PRIORITY` appended (`notify`).
    public var any: [String]?

    /// Makes a set that calls nothing.
    public init() {}
}
