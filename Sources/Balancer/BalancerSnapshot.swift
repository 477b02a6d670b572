/// The counters of a balancer at one moment.
///
/// haproxy's name of each is given in its comment.
public struct BalancerSnapshot: Hashable, Sendable {
    /// Connections that are open now.
    public var currentSessions = 0
    /// Most connections that were open at once.
    public var peakSessions = 0
    /// Connections accepted since the start.
    public var totalSessions = 0
    /// Greatest number of concurrent connections.
    public var connectionLimit = 0
    /// One for each frontend, in the order of the plan.
    public var frontends: [FrontendSnapshot] = []
    /// One for each pool, in the order of the plan.
    public var pools: [PoolSnapshot] = []
}

/// The counters of a frontend.
public struct FrontendSnapshot: Hashable, Sendable {
    /// The name (`pxname`).
    public var name = ""
    /// Connections that are open now (`scur`).
    public var currentSessions = 0
    /// Most connections that were open at once (`smax`).
    public var peakSessions = 0
    /// Greatest number of concurrent connections (`slim`).
    public var sessionLimit = 0
    /// Connections accepted since the start (`stot`).
    public var totalSessions = 0
    /// Bytes from clients (`bin`); counted as they pass, not at the end of the connection.
    public var bytesIn: UInt64 = 0
    /// Bytes from servers (`bout`).
    public var bytesOut: UInt64 = 0
    /// Connections accepted in the last second (`rate`).
    public var rate = 0
    /// Most connections accepted within one second (`rate_max`).
    public var peakRate = 0
    /// Connections refused by a rule (`dreq`).
    public var deniedRequests = 0
    /// Connections whose client failed before its first byte could be relayed (`ereq`).
    public var requestErrors = 0
    /// Whether it accepts now (`status`: OPEN, or PAUSED).
    public var isAccepting = false
    /// Connections that were not relayed, or ended before their time, by cause.
    public var refusals: [Refusal: Int] = [:]
    /// Connections whose first bytes were no TLS although a rule asked for it; they went on.
    public var unreadableHellos = 0
    /// Connections whose first bytes did not come within `inspect-delay`; they went on.
    public var lateHellos = 0
}

/// The counters of a pool.
public struct PoolSnapshot: Hashable, Sendable {
    /// The name (`pxname`).
    public var name = ""
    /// Clients that wait for a server with room, those that wait for one of its servers included
    /// (`qcur`).
    public var currentQueue = 0
    /// Most clients that waited at once (`qmax`).
    public var peakQueue = 0
    /// Connections that this pool serves now, waiting ones included (`scur`).
    public var currentSessions = 0
    /// Most connections at once (`smax`).
    public var peakSessions = 0
    /// Connections since the start (`stot`).
    public var totalSessions = 0
    /// Bytes from clients (`bin`).
    public var bytesIn: UInt64 = 0
    /// Bytes from servers (`bout`).
    public var bytesOut: UInt64 = 0
    /// Connections given up because no server could be reached in time, or none was usable (`econ`).
    public var connectionErrors = 0
    /// Attempts repeated at the same server (`wretr`).
    public var retries = 0
    /// Attempts moved to another server (`wredis`).
    public var redispatches = 0
    /// Connections that the client broke off (`cli_abrt`).
    public var clientAborts = 0
    /// Connections that the server broke off (`srv_abrt`).
    public var serverAborts = 0
    /// Connections in the last second (`rate`).
    public var rate = 0
    /// Most connections within one second (`rate_max`).
    public var peakRate = 0
    /// Seconds since the last connection (`lastsess`); `nil`: there was none.
    public var secondsSinceLastSession: Int?
    /// Sum of the weights of the servers that connections go to now (`weight`).
    public var weight = 0
    /// How many servers of the first line can serve (`act`).
    public var activeServers = 0
    /// How many backup servers can serve (`bck`).
    public var backupServers = 0
    /// Whether any server can serve (`status`: UP or DOWN).
    public var isUp: Bool { activeServers + backupServers > 0 }
    /// One for each server, in the order of the plan.
    public var servers: [ServerSnapshot] = []
}

/// The counters of a server.
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
    /// What it can be used for now (`status`).
    public var status = Status.up
    /// Its share (`weight`).
    public var weight = 0
    /// Whether it serves only when no other can (`bck`).
    public var isBackup = false
    /// Clients that wait for this server alone (`qcur`).
    public var currentQueue = 0
    /// Most clients that waited for it at once (`qmax`).
    public var peakQueue = 0
    /// Connections to it now (`scur`).
    public var currentSessions = 0
    /// Most connections at once (`smax`).
    public var peakSessions = 0
    /// Greatest number of concurrent connections (`slim`); `nil`: unlimited.
    public var sessionLimit: Int?
    /// Connections that it was chosen for (`stot`, `lbtot`).
    public var totalSessions = 0
    /// Bytes from clients (`bin`).
    public var bytesIn: UInt64 = 0
    /// Bytes from it (`bout`).
    public var bytesOut: UInt64 = 0
    /// Connections given up at it (`econ`).
    public var connectionErrors = 0
    /// Attempts repeated at it (`wretr`).
    public var retries = 0
    /// Attempts moved away from it (`wredis`).
    public var redispatches = 0
    /// Connections that the client broke off (`cli_abrt`).
    public var clientAborts = 0
    /// Connections that it broke off (`srv_abrt`).
    public var serverAborts = 0
    /// Connections in the last second (`rate`).
    public var rate = 0
    /// Most connections within one second (`rate_max`).
    public var peakRate = 0
    /// Seconds since the last connection (`lastsess`); `nil`: there was none.
    public var secondsSinceLastSession: Int?
}
