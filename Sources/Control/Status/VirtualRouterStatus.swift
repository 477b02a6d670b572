/// One virtual router, as this node sees it.
public struct VirtualRouterStatus: Codable, Hashable, Sendable {
    /// The name in the configuration.
    public var name: String
    /// The interface that advertisements travel on.
    public var interface: String
    /// The identifier on the LAN, 1 to 255.
    public var vrid: Int
    /// The version of the protocol, 2 or 3.
    public var protocolVersion: Int
    /// What this node is in it.
    public var state: State
    /// The state in the words that log lines and scripts use: `MASTER`, `BACKUP`, `FAULT`, `INIT`.
    public var stateWord: String
    /// The priority in the configuration, 1 to 255.
    public var basePriority: Int
    /// The priority with what trackers add and subtract, 0 to 255.
    public var effectivePriority: Int
    /// Time between the Active router's advertisements, in milliseconds.
    public var advertisementInterval: Int
    /// The addresses that move, each as `ADDRESS/PREFIX`.
    public var addresses: [String] = []
    /// What the priority or the state depends on.
    public var trackers: [TrackerStatus] = []
    /// Every other router that was heard of late, the most recent last.
    public var peers: [PeerStatus] = []
    /// What is out of the ordinary at this moment, each a sentence for people.
    public var notes: [String] = []
    /// The sync group that it moves with; `nil`: it moves by itself.
    public var syncGroup: String?
    /// Milliseconds for which it still leaves an Active router of lower priority alone; `nil`: none.
    public var preemptionCountdown: Int?
    /// What happened since the start.
    public var counters = VirtualRouterCounters()
    /// The address of the node that is Active, when that is another one and known.
    public var activePeer: String?
    /// When the state last changed, in seconds since 1970; `nil` when it never did.
    public var lastTransition: Int?

    /// RFC 9568 §6.4's states, and the one in which a router must not take part.
    public enum State: String, Codable, Hashable, Sendable {
        /// Not started.
        case initialize
        /// Another node holds the addresses.
        case backup
        /// This node holds the addresses.
        case active
        /// Something that it needs is missing: its interface, or what it tracks.
        case fault
    }

    /// Makes the status of a virtual router in ``State/initialize``.
    ///
    /// - Parameters:
    ///   - name: The name in the configuration.
    ///   - interface: The interface that advertisements travel on.
    ///   - vrid: The identifier on the LAN, 1 to 255.
    ///   - protocolVersion: 2 or 3.
    ///   - basePriority: The priority in the configuration, 1 to 255.
    ///   - advertisementInterval: Time between advertisements, in milliseconds.
    public init(
        name: String, interface: String, vrid: Int, protocolVersion: Int, basePriority: Int,
        advertisementInterval: Int
    ) {
        self.name = name
        self.interface = interface
        self.vrid = vrid
        self.protocolVersion = protocolVersion
        self.state = .initialize
        self.stateWord = "INIT"
        self.basePriority = basePriority
        self.effectivePriority = basePriority
        self.advertisementInterval = advertisementInterval
    }

    private enum CodingKeys: String, CodingKey {
        case name, interface, vrid, state, addresses, trackers, peers, notes, counters
        case protocolVersion = "protocol_version"
        case stateWord = "state_word"
        case basePriority = "base_priority"
        case effectivePriority = "effective_priority"
        case advertisementInterval = "advertisement_interval"
        case syncGroup = "sync_group"
        case preemptionCountdown = "preemption_countdown"
        case activePeer = "active_peer"
        case lastTransition = "last_transition"
    }
}

/// Something that a virtual router's priority or state depends on.
public struct TrackerStatus: Codable, Hashable, Sendable {
    /// The name of the script or the interface.
    public var name: String
    /// Whether it is as it should be; `nil` before its first result.
    public var isGood: Bool?
    /// What it adds to the priority; 0: the router stops while it is bad.
    public var weight: Int
    /// What it last said, for people.
    public var detail: String
    /// The sync group or its other member that tracks it; `nil`: the virtual router itself.
    public var owner: String?
    /// Milliseconds that the last run of its script took; `nil`: it is no script, or has not run.
    public var runTime: Int?

    /// Makes the status of a tracker.
    ///
    /// - Parameters:
    ///   - name: The name of the script or the interface.
    ///   - isGood: Whether it is as it should be; `nil` before its first result.
    ///   - weight: What it adds to the priority.
    ///   - detail: What it last said.
    public init(name: String, isGood: Bool?, weight: Int, detail: String = "") {
        self.name = name
        self.isGood = isGood
        self.weight = weight
        self.detail = detail
    }

    private enum CodingKeys: String, CodingKey {
        case name, weight, detail, owner
        case isGood = "good"
        case runTime = "run_time"
    }
}
