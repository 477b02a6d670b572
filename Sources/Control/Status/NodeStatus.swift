/// Everything that one node says about itself: what the page, the command line and the control
/// socket show.
///
/// A document with a version, so that a reader of another release can tell what it has got. Fields
/// may be added within a version; a reader leaves alone what it does not know.
public struct NodeStatus: Codable, Hashable, Sendable {
    /// The version of the document's shape.
    public static let currentFormat = 1

    /// The version of the document's shape; ``currentFormat`` in what this release writes.
    public var format = NodeStatus.currentFormat
    /// The node's name.
    public var node: String
    /// When the document was made, in seconds since 1970.
    public var time: Int
    /// The program that answers.
    public var program: ProgramStatus
    /// The virtual routers that the node takes part in, in the order of the configuration.
    public var virtualRouters: [VirtualRouterStatus] = []
    /// Virtual routers that move together, in the order of the configuration.
    public var syncGroups: [SyncGroupStatus] = []
    /// Named pipes that states are written to.
    public var notificationPipes: [NotificationPipeStatus] = []
    /// Milliseconds for which no virtual router takes part yet; `nil`: they do.
    public var startupCountdown: Int?
    /// What the virtual routers share; `nil`: there are none.
    public var election: ElectionStatus?
    /// The process that relays connections.
    public var balancer = BalancerStatus()
    /// The proxies, in the order of the configuration.
    public var proxies: [ProxyStatus] = []

    /// Makes the status of a node that does nothing yet.
    ///
    /// - Parameters:
    ///   - node: The node's name.
    ///   - program: The program that answers.
    ///   - time: The present time, in seconds since 1970.
    public init(node: String, program: ProgramStatus, time: Int) {
        self.node = node
        self.time = time
        self.program = program
    }

    private enum CodingKeys: String, CodingKey {
        case format = "version"
        case node, time, program, election, balancer, proxies
        case virtualRouters = "virtual_routers"
        case syncGroups = "sync_groups"
        case notificationPipes = "notification_pipes"
        case startupCountdown = "startup_countdown"
    }

    /// Reads a document, also of a release that had fewer fields.
    ///
    /// - Throws: `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        format = try fields.decode(Int.self, forKey: .format)
        node = try fields.decode(String.self, forKey: .node)
        time = try fields.decode(Int.self, forKey: .time)
        program = try fields.decode(ProgramStatus.self, forKey: .program)
        virtualRouters = try fields.decode([VirtualRouterStatus].self, forKey: .virtualRouters)
        syncGroups = try fields.decodeIfPresent([SyncGroupStatus].self, forKey: .syncGroups) ?? []
        notificationPipes =
            try fields.decodeIfPresent([NotificationPipeStatus].self, forKey: .notificationPipes)
            ?? []
        startupCountdown = try fields.decodeIfPresent(Int.self, forKey: .startupCountdown)
        election = try fields.decodeIfPresent(ElectionStatus.self, forKey: .election)
        balancer = try fields.decode(BalancerStatus.self, forKey: .balancer)
        proxies = try fields.decode([ProxyStatus].self, forKey: .proxies)
    }
}

/// The program that answers.
public struct ProgramStatus: Codable, Hashable, Sendable {
    /// The release, `1.0.0` for example.
    public var version: String
    /// The process that holds the virtual routers and the listening sockets.
    public var processID: Int
    /// Seconds since the program started.
    public var uptime: Int

    /// Makes the description of a program.
    ///
    /// - Parameters:
    ///   - version: The release.
    ///   - processID: The process that holds the virtual routers.
    ///   - uptime: Seconds since the program started.
    public init(version: String, processID: Int, uptime: Int) {
        self.version = version
        self.processID = processID
        self.uptime = uptime
    }

    private enum CodingKeys: String, CodingKey {
        case version, uptime
        case processID = "process_id"
    }
}

/// The process that relays connections and checks servers.
public struct BalancerStatus: Codable, Hashable, Sendable {
    /// Whether it serves.
    public enum State: String, Codable, Hashable, Sendable {
        /// Nothing is configured to be relayed.
        case none
        /// Started, and not serving yet.
        case starting
        /// Serving.
        case running
        /// Started, and not answering: what is shown of the proxies is what was last known.
        case unresponsive
        /// It ended, and is about to be started again.
        case restarting
        /// Serving the connections that it has, and taking no new ones.
        case stopping

        /// For people: what comes after "balancer".
        var words: String {
            switch self {
            case .unresponsive: "does not answer (proxies as last known)"
            case .restarting: "restarting (proxies as last known)"
            case .none, .starting, .running, .stopping: rawValue
            }
        }
    }

    /// Whether it serves.
    public var state = State.none
    /// The process; `nil` while there is none.
    public var processID: Int?
    /// Times that it was started again because it ended by itself.
    public var restarts = 0
    /// Seconds since it started; `nil` while there is none.
    public var uptime: Int?
    /// How it last ended, in words; `nil` when it never did.
    public var lastExit: String?
    /// How many connections it accepts at once; `nil` while it does not serve.
    public var connectionLimit: Int?
    /// How many processes that were replaced end with the connections that they have; `nil`: none.
    public var ending: Int?

    /// Makes the status of a balancer that is not configured.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case state, restarts, uptime, ending
        case processID = "process_id"
        case lastExit = "last_exit"
        case connectionLimit = "connection_limit"
    }
}
