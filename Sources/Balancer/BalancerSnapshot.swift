/// The counters of a balancer at one moment.
public struct BalancerSnapshot: Hashable, Sendable {
    /// Connections that are open now.
    public var currentSessions = 0
    /// Most connections that were open at once.
    public var peakSessions = 0
    /// Connections accepted since the start.
    public var totalSessions = 0
    /// Greatest number of concurrent connections.
    public var connectionLimit = 0
    /// Lines of the connection log lost because they came faster than they were taken.
    public var lostRecords = 0
    /// One for each frontend, in the order of the plan.
    public var frontends: [FrontendSnapshot] = []
    /// One for each pool, in the order of the plan.
    public var pools: [PoolSnapshot] = []
    /// How many keys each table remembers, in the order of the plan.
    public var tableCounts: [Int] = []
}

/// A frontend at one moment; its counters read as its own.
@dynamicMemberLookup
public struct FrontendSnapshot: Hashable, Sendable {
    /// The name (`pxname`).
    public var name = ""
    /// What it counted.
    public var counters = SessionCounters()
    /// Connections whose client failed before its first byte could be relayed (`ereq`).
    public var requestErrors = 0
    /// Connections that became a session (`stot`): no `connection` or `session` rule refused them, and
    /// their PROXY header came if there has to be one.
    public var admittedSessions = 0
    /// Connections in the last second, with those that such rules refused (`conn_rate`).
    public var connectionRate = 0
    /// Most of them within one second (`conn_rate_max`).
    public var peakConnectionRate = 0
    /// Whether it accepts now (`status`: OPEN, or PAUSED).
    public var isAccepting = false
    /// Connections that were not relayed, or ended before their time, by cause.
    public var refusalsByCause: [Refusal: Int] = [:]
    /// Connections whose first bytes were no TLS although a rule asked for it; they went on.
    public var unreadableHellos = 0
    /// Connections whose first bytes did not come within `inspect-delay`; they went on.
    public var lateHellos = 0
    /// What each of its listeners counted, in the order of the plan.
    public var listeners: [ListenerSnapshot] = []

    /// All that went wrong, by cause in one word.
    public var refusalsByWord: [String: Int] {
        var counts: [String: Int] = [:]
        for (cause, count) in refusalsByCause { counts[cause.word] = count }
        if unreadableHellos > 0 { counts[RefusalTally.unreadableHello] = unreadableHellos }
        if lateHellos > 0 { counts[RefusalTally.lateHello] = lateHellos }
        return counts
    }

    /// A counter.
    public subscript<Value>(dynamicMember path: KeyPath<SessionCounters, Value>) -> Value {
        counters[keyPath: path]
    }
}

/// A listener at one moment; its counters read as its own.
@dynamicMemberLookup
public struct ListenerSnapshot: Hashable, Sendable {
    /// The name (`svname`).
    public var name: String
    /// What it counted.
    public var counters = SessionCounters()

    /// Makes counters that stand at zero.
    public init(name: String) { self.name = name }

    /// A counter.
    public subscript<Value>(dynamicMember path: KeyPath<SessionCounters, Value>) -> Value {
        counters[keyPath: path]
    }
}

/// A pool at one moment; its counters read as its own.
@dynamicMemberLookup
public struct PoolSnapshot: Hashable, Sendable {
    /// The name (`pxname`).
    public var name = ""
    /// What it and its servers counted.
    public var counters = SessionCounters()
    /// Sum of the weights of the servers that connections go to now (`weight`).
    public var weight = 0
    /// How many servers of the first line can serve (`act`).
    public var activeServers = 0
    /// How many backup servers can serve (`bck`).
    public var backupServers = 0
    /// How many servers connections go to now: as haproxy's `nbsrv`, of backups only those that serve.
    public var usableServers = 0
    /// Whether any server can serve (`status`: UP or DOWN).
    public var isUp: Bool { activeServers + backupServers > 0 }
    /// How long connections waited for a server.
    public var queueTimes = TimeHistogram()
    /// How long servers took to answer.
    public var connectTimes = TimeHistogram()
    /// How long connections lasted.
    public var sessionTimes = TimeHistogram()
    /// One for each server, in the order of the plan.
    public var servers: [ServerSnapshot] = []

    /// A counter.
    public subscript<Value>(dynamicMember path: KeyPath<SessionCounters, Value>) -> Value {
        counters[keyPath: path]
    }
}

/// A short look at one server and its pool.
public struct ServerGlance: Hashable, Sendable {
    /// What the server can be used for now.
    public let status: ServerSnapshot.Status
    /// Connections that it has.
    public let sessions: Int
    /// Clients that wait for it alone.
    public let queued: Int
    /// Clients that wait for any server of the pool, or for one.
    public let poolQueued: Int
    /// How many servers of the first line can serve.
    public let activeServers: Int
    /// How many backup servers can serve.
    public let backupServers: Int
}

/// A server at one moment; its counters read as its own.
@dynamicMemberLookup
public struct ServerSnapshot: Hashable, Sendable {
    /// What the server can be used for now (`status`).
    public enum Status: Hashable, Sendable {
        /// It serves (`UP`).
        case up
        /// Its checks fail (`DOWN`).
        case down
        /// It keeps what it has (`DRAIN`).
        case drain
        /// The operator took it out (`MAINT`).
        case maintenance
    }

    /// The name (`svname`).
    public var name = ""
    /// What it counted.
    public var counters = SessionCounters()
    /// What it can be used for now (`status`).
    public var status = Status.up
    /// Its share (`weight`).
    public var weight = 0
    /// The percentage of its share that it has come to (`throttle`); `nil`: all of it.
    public var warmth: Int?
    /// Whether it serves only when no other can (`bck`).
    public var isBackup = false

    /// A counter.
    public subscript<Value>(dynamicMember path: KeyPath<SessionCounters, Value>) -> Value {
        counters[keyPath: path]
    }
}
