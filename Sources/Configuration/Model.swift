public import VRRPCore

/// Everything that one node is configured to do, whichever language it was written in.
///
/// A value: two models can be compared, and one can be sent to another process (`Codable`).
public struct Model: Hashable, Sendable, Codable {
    /// Settings of the whole process.
    public var global = GlobalSettings()
    /// The virtual routers that this node takes part in, in the order of the files.
    public var virtualRouters: [VirtualRouterSettings] = []
    /// Virtual routers that are Active together or not at all.
    public var syncGroups: [VirtualRouterGroup] = []
    /// The scripts that virtual routers may track, by their name.
    public var scripts: [TrackScript] = []
    /// The files that virtual routers may track, by their name.
    public var trackFiles: [TrackFile] = []
    /// The programs that virtual routers may track, by their name.
    public var trackProcesses: [TrackProcess] = []
    /// Where connections are accepted; a `listen` section is one of these and one of `backends`.
    public var frontends: [Frontend] = []
    /// Pools of servers.
    public var backends: [Backend] = []
    /// What is remembered and counted of clients, by the sections' names.
    public var stickTables: [StickTableSettings] = []
    /// Pages that show the state of the node.
    public var statisticsPages: [StatisticsPage] = []
    /// The files of trusted authorities, as they were read: the process that checks and connects may not
    /// be allowed to.
    public var authorities: [String: [UInt8]] = [:]
    /// The files of certificates that are shown to servers and clients, with their private keys: not to be
    /// printed.
    public var certificates: [String: [UInt8]] = [:]
    /// The files of tickets' keys, each of 48 or 80 bytes, three at least: not to be printed.
    public var ticketKeys: [String: [[UInt8]]] = [:]
    /// The files of lists of revoked certificates.
    public var revocationLists: [String: [UInt8]] = [:]
    /// Whom servers ask for their addresses, by the sections' names.
    public var resolvers: [ResolverSection] = []
    /// With whom tables are kept in common, by the sections' names.
    public var peers: [PeersSection] = []
    /// What the files say for servers that are added while the program runs.
    public var serverSurroundings = ServerSurroundings()

    /// Makes an empty model.
    public init() {}

    /// The most servers that all pools together may have, and the most listeners and ways from a
    /// frontend to a pool.
    public static let mostPlaces = 65_534

    /// How many lines all lists and maps may have together, each as often as a rule names it: what is
    /// served goes from one process to the other within seconds.
    public static let mostListLines = 200_000

    /// What is said where there are more places.
    static func complaint(of count: Int, _ what: String) -> String {
        "with this section there are \(count) \(what); all sections together may have"
            + " \(mostPlaces)"
    }
}

/// Settings of the whole process.
public struct GlobalSettings: Hashable, Sendable, Codable {
    /// Number of reactors of the balancer, up to ``mostReactors``; `nil`: one per processor.
    public var reactorCount: Int?
    /// The most reactors that a balancer can have.
    public static let mostReactors = 64
    /// Greatest number of connections of the whole process; `nil`: from the descriptor limit.
    public var connectionLimit: Int?
    /// Most connections of the whole process within a second; `nil`: as many as come.
    public var connectionRate: Int?
    /// The same of those whom rules let pass (`maxsessrate`).
    public var sessionRate: Int?
    /// Greatest number of connections whose TLS ends here (`maxsslconn`); `nil`: as many as of any.
    public var securedConnectionLimit: Int?
    /// Most of them within a second (`maxsslrate`).
    public var securedConnectionRate: Int?
    /// How long clients may go on with sessions of TLS (`tune.ssl.lifetime`).
    public var securedSessionLife = Duration.seconds(300)
    /// How long connections of a replaced process may go on (`hard-stop-after`); `nil`: for ever.
    public var hardStopTime: Duration?
    /// Where log lines go: standard error, or syslog.
    public var logsToSyslog = false
    /// Where lines of connections go of frontends that say `log global`.
    public var logTargets: [LogTarget] = []
    /// What lines of connections call the program (`log-tag`); `nil`: `lbctl`.
    public var logTag: String?
    /// The host's name in heads of lines that have none otherwise (`log-send-hostname`); empty: the
    /// system's; `nil`: they have none.
    public var logHostName: String?
    /// The user that the balancer process becomes, by number; `nil`: stays the same.
    public var userID: UInt32?
    /// The group that the balancer process becomes, by number; `nil`: stays the same.
    public var groupID: UInt32?
    /// The node's name among its peers (`localpeer`); `nil`: the host's name.
    public var localPeer: String?
    /// `router_id`, the node's name in messages; `nil`: the host's name.
    public var routerID: String?
    /// Named pipes that get a line for each new state (`notify_fifo`, `vrrp_notify_fifo`).
    public var notificationFIFOs: [NotificationPipe] = []
    /// Whether they are told all states again on a reload (`fifo_write_vrrp_states_on_reload`).
    public var tellsStatesOnReload = false
    /// How the failover process runs.
    public var process = ProcessSettings()
    /// Where keepalived's signals leave what they ask for.
    public var dumps = DumpSettings()
    /// By how much intervals of checks are made longer or shorter by chance, in percent
    /// (`spread-checks`).
    public var checkSpread = 0
    /// Whether `option external-check` may start programs (`external-check`).
    public var allowsCommandChecks = false
    /// Whether advertisements of virtual routers that the node does not know are logged.
    public var logsUnknownVRIDs = false
    /// Where mail about new states goes; `nil`: none is sent.
    public var mail: MailConfiguration?
    /// How long no virtual router takes part after the start (`vrrp_startup_delay`).
    public var startupDelay = Duration.zero
    /// How long after the start of the host virtual routers take part, if that is later.
    public var delayAfterBoot = Duration.zero
    /// The least time between two gratuitous ARPs on one interface (`vrrp_garp_interval`).
    public var arpSpacing = Duration.zero
    /// The least time between two unsolicited Neighbor Advertisements (`vrrp_gna_interval`).
    public var neighborSpacing = Duration.zero
    /// How long changes of interfaces have to last before they count (`interface_up_down_delays`).
    public var interfaceDelays: [InterfaceDelays] = []

    /// Makes the defaults.
    public init() {}
}

/// One virtual router as configured: `vrrp_instance` in keepalived's language.
public struct VirtualRouterSettings: Hashable, Sendable, Codable {
    /// The name in log lines and script arguments.
    public var name: String
    /// The interface that advertisements travel on, `eth1` for example.
    public var interface: String
    /// Whether they travel on whichever interface has ``sourceAddress``, and ``interface`` is only
    /// what is shown while none has.
    public var followsSource = false
    /// The identifier on the LAN.
    public var vrid: VRID
    /// The priority before trackers add and subtract; 255 for the owner of the addresses.
    public var priority: Priority
    /// Whether the file says `state MASTER`; without effect on timing, as in keepalived.
    public var startsActive = false
    /// Time between the Active router's advertisements; its case decides the version.
    public var advertisementInterval = AdvertisementInterval(.oneSecond, version: .v2)
    /// Advertisements in a row that have to stay away before a Backup takes over, 1 to 100.
    public var lostAdvertisements = 3
    /// Whether a Backup waits all of Skew_Time after a release (`strict_mode`, `vrrp_strict`).
    public var waitsFullSkew = false
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
    public var tracksSource = false
    /// The password of version 2; `nil`: none.
    public var password: Password?
    /// The authentication trailer of keepalived 2.4.3; `nil`: none.
    public var authentication: AuthenticationTrailerSettings?
    /// Whether a higher priority displaces a working Active router.
    public var preempts = true
    /// How long it leaves a working Active router of lower priority alone (`preempt_delay`).
    public var preemptDelay = Duration.zero
    /// Whether the version 3 checksum over IPv4 is sent as RFC 9568 has it (message alone).
    public var sendsMessageOnlyChecksum = false
    /// The addresses that the virtual router holds and advertises, all of one family.
    public var addresses: [VirtualAddress] = []
    /// The family of the advertisements where ``addresses`` is empty (`no_virtual_ipaddress`).
    public var familyWithoutAddresses = AddressFamily.ipv4
    /// The hardware address that its addresses answer with; `nil`: the interface's own.
    public var virtualMAC: VirtualMACSettings?
    /// Whether packets to its addresses are taken though it does not own them (`accept`).
    public var acceptsTraffic = true
    /// Whether it stops while its own interface is down (`dont_track_primary`).
    public var tracksOwnInterface = true
    /// The routes that it adds while it is Active.
    public var routes: [VirtualRoute] = []
    /// The rules that it adds while it is Active.
    public var rules: [VirtualRule] = []
    /// Addresses that move with the others without being advertised, of either family.
    public var excludedAddresses: [VirtualAddress] = []
    /// The scripts whose results change the priority, or stop the router (weight 0).
    public var trackedScripts: [TrackedScript] = []
    /// The files whose numbers change the priority.
    public var trackedFiles: [TrackedObject] = []
    /// The programs whose processes change the priority, or stop the router (weight 0).
    public var trackedProcesses: [TrackedObject] = []
    /// The pools of this node's balancer that must have a usable server.
    public var trackedBackends: [TrackedObject] = []
    /// The named checks that must succeed.
    public var trackedChecks: [TrackedObject] = []
    /// Further interfaces that must be up.
    public var trackedInterfaces: [TrackedInterface] = []
    /// How often the addresses are announced.
    public var announcements = AnnouncementSettings()
    /// The programs to call when the state changes.
    public var notifications = NotificationSettings()
    /// Whether named pipes are told of another priority (`notify_priority_changes`).
    public var tellsPriorityChanges = false
    /// Whether mail is sent when the state changes (`smtp_alert`).
    public var sendsMail = false

    /// Makes a virtual router with the protocol's defaults.
    public init(name: String, interface: String, vrid: VRID, priority: Priority) {
        self.name = name
        self.interface = interface
        self.vrid = vrid
        self.priority = priority
    }
}

extension VirtualRouterSettings {
    /// The version of the protocol.
    public var version: VRRPVersion { advertisementInterval.version }

    /// The family of the advertisements: that of the addresses.
    public var family: AddressFamily { addresses.first?.address.family ?? familyWithoutAddresses }
}

/// How advertisements are authenticated by keepalived's HMAC trailer.
public struct AuthenticationTrailerSettings: Hashable, Sendable, Codable {
    /// What is sent and what is taken.
    public var settings: MessageAuthentication
    /// The keys by their numbers, 32 to 64 bytes each.
    public var keys: [UInt8: [UInt8]]
    /// Makes settings of their parts.
    public init(settings: MessageAuthentication, keys: [UInt8: [UInt8]]) {
        self.settings = settings
        self.keys = keys
    }
}

/// A script as one virtual router tracks it.
public struct TrackedScript: Hashable, Sendable, Codable {
    /// The name of a ``TrackScript``.
    public var name: String
    /// What the result adds to the priority, -253 to 253; `nil`: the script's own weight.
    public var weight: Int?
    /// Whether it counts the other way round (`reverse`); `nil`: as the script says.
    public var isReversed: Bool?
    /// Makes a reference to a script.
    public init(name: String, weight: Int? = nil) {
        self.name = name
        self.weight = weight
    }
}

/// A script that is run at an interval and whose result virtual routers follow.
public struct TrackScript: Hashable, Sendable, Codable {
    /// What the result comes from.
    public enum Source: Hashable, Sendable, Codable {
        /// A program and its arguments, run as written.
        case command([String])
        /// Whether this node's own balancer serves; `replacing` is the command as written.
        case ownBalancer(replacing: [String])
    }
    /// The name that `track_script` refers to.
    public var name: String
    /// What the result comes from.
    public var source: Source
    /// Time from one start to the next; keepalived's default is 1 s.
    public var interval = Duration.seconds(1)
    /// How long one run may take; `nil`: the interval.
    public var timeout: Duration?
    /// Successes in a row that make it good.
    public var rise = 1
    /// Failures in a row that make it bad.
    public var fall = 1
    /// What it adds to the priority: above 0 while good, below 0 while bad; 0: bad stops the router.
    public var weight = 0
    /// Whether it counts the other way round (`reverse`).
    public var isReversed = false
    /// Whether it counts as bad until the first results say otherwise (`init_fail`).
    public var startsFailed = false
    /// Who it runs as; `nil`: as this program does.
    public var user: ScriptUser?

    /// Makes a script with keepalived's defaults.
    public init(name: String, source: Source) {
        self.name = name
        self.source = source
    }
}

/// How often a new Active router announces its addresses (gratuitous ARP).
public struct AnnouncementSettings: Hashable, Sendable, Codable {
    /// Announcements of each address at once (`garp_master_repeat`).
    public var count = 5
    /// Time to the second burst; zero: no second burst (`garp_master_delay`).
    public var repeatDelay = Duration.seconds(5)
    /// Time between later announcements; zero: none (`garp_master_refresh`).
    ///
    /// One a minute where the file says nothing; keepalived has none then.
    public var refreshInterval = Duration.seconds(60)
    /// Announcements of each address in one refresh (`garp_master_refresh_repeat`).
    public var refreshCount = 1
    /// Announcements of each address against a router of lower priority that claims it too; `nil`: as
    /// ``count`` (`garp_lower_prio_repeat`).
    public var contestCount: Int?
    /// Time from those to a second burst; `nil`: as ``repeatDelay`` (`garp_lower_prio_delay`).
    public var contestDelay: Duration?

    /// Makes keepalived's defaults, and announcements once a minute.
    public init() {}
}

/// Where clients are accepted.
public struct Frontend: Hashable, Sendable, Codable {
    /// The section's name.
    public var name: String
    /// What else tells it from others.
    public var identity = SectionIdentity()
    /// What people are told that it is for.
    public var description = ""
    /// What it listens on.
    public var listeners: [Listener] = []
    /// What is decided before a server is chosen.
    public var rules = ConnectionRules()
    /// The name of the pool that serves its connections.
    public var backendName: String
    /// Greatest number of concurrent connections; `nil`: the process's.
    public var connectionLimit: Int?
    /// How long a client may say nothing; `nil`: for ever.
    public var clientTimeout: Duration?
    /// Further limits.
    public var limits = FrontendLimits()
    /// What it tells of its connections.
    public var log = ConnectionLogSettings()
    /// `option dontlognull`.
    public var omitsEmptyConnectionsFromLog = false
    /// Whether tables have a row for each of its listeners (`option socket-stats`).
    public var showsListeners = false
    /// Whether the section says `disabled`.
    public var isDisabled = false
    /// Makes a frontend that listens nowhere yet.
    public init(name: String, backendName: String) {
        self.name = name
        self.backendName = backendName
    }
}

/// A pool of servers.
public struct Backend: Hashable, Sendable, Codable {
    /// The section's name.
    public var name: String
    /// What else tells it from others.
    public var identity = SectionIdentity()
    /// What people are told that it is for.
    public var description = ""
    /// Whether it serves datagrams instead of connections (`mode udp`).
    public var isDatagram = false
    /// How a server is chosen.
    public var algorithm = BalanceAlgorithm.roundrobin
    /// The servers, in the order of the file.
    public var servers: [Server] = []
    /// How long one attempt to connect may take; `nil`: for ever.
    public var connectTimeout: Duration?
    /// How long a server may say nothing; `nil`: for ever.
    public var serverTimeout: Duration?
    /// How long a client may wait for a free server; `nil`: the connect timeout.
    public var queueTimeout: Duration?
    /// Time limit of a check after it connected; `nil`: the check's interval.
    public var checkTimeout: Duration?
    /// Further attempts after a failed one, 0 to 100.
    public var retries = 3
    /// Whether a further attempt may go to another server (`option redispatch`).
    public var redispatches = false
    /// At which retries a hashed connection leaves its server: haproxy's `option redispatch P`.
    public var redispatchInterval = -1
    /// How its servers are checked.
    public var checks = PoolCheckSettings()
    /// What there is to say about choosing a server beside the algorithm.
    public var selection = SelectionSettings()
    /// Further limits.
    public var limits = PoolLimits()
    /// What is decided about a connection that was led to it (`tcp-request content`).
    public var contentRules: [ConnectionRule] = []
    /// How long these wait for what the client says (`tcp-request inspect-delay`).
    public var inspectDelay: Duration?
    /// Which server serves, before anything else is asked (`use-server`).
    public var serverRules: [ServerRule] = []
    /// How clients belong to servers, in order (`stick`), ``StickRuleSettings/most`` at most.
    public var stickRules: [StickRuleSettings] = []
    /// Whether clients get their own server while it is down (`force-persist`, `ignore-persist`).
    public var persistenceRules: [PersistenceRule] = []
    /// Whether all do, unless it can't be reached (`option persist`).
    public var keepsToServers = false
    /// Makes an empty pool.
    public init(name: String) { self.name = name }
}
