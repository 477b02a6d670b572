/// The counters of a frontend, a pool or a server at one moment.
///
/// haproxy's name of each is given in its comment; what does not apply stands at 0 or is `nil`.
public struct SessionCounters: Hashable, Sendable {
    /// Counters that only grow.
    public var totals = CounterTotals()
    /// Connections that are open now, waiting ones included (`scur`).
    public var currentSessions = 0
    /// Most connections at once (`smax`).
    public var peakSessions = 0
    /// Greatest number of concurrent connections; `nil`: unlimited (`slim`).
    public var sessionLimit: Int?
    /// Connections in the last second (`rate`).
    public var rate = 0
    /// Most connections within one second (`rate_max`).
    public var peakRate = 0
    /// Greatest number of connections within a second; `nil`: unlimited (`rate_lim`).
    public var rateLimit: Int?
    /// Clients that wait, for one server or for any (`qcur`).
    public var currentQueue = 0
    /// Most clients that waited at once (`qmax`).
    public var peakQueue = 0
    /// How many may wait; `nil`: unlimited (`qlimit`).
    public var queueLimit: Int?
    /// Seconds since the last connection; `nil`: there was none (`lastsess`).
    public var secondsSinceLastSession: Int?
    /// Averages over the last 1,024 connections.
    public var times = AverageTimes()

    /// Makes counters that stand at zero.
    public init() {}

    /// Connections since the start (`stot`, of a server also `lbtot`).
    public var totalSessions: Int { totals.sessions }
    /// Bytes from clients (`bin`); counted as they pass, not at the end of the connection.
    public var bytesIn: UInt64 { totals.bytesIn }
    /// Bytes from servers (`bout`).
    public var bytesOut: UInt64 { totals.bytesOut }
    /// Connections given up because no server could be reached in time, or none was usable (`econ`).
    public var connectionErrors: Int { totals.connectionErrors }
    /// Attempts repeated at the same server (`wretr`).
    public var retries: Int { totals.retries }
    /// Attempts moved to another server (`wredis`).
    public var redispatches: Int { totals.redispatches }
    /// Connections that the client broke off (`cli_abrt`).
    public var clientAborts: Int { totals.clientAborts }
    /// Connections that the server broke off (`srv_abrt`).
    public var serverAborts: Int { totals.serverAborts }
    /// Connections closed at once because of a rule (`dcon`).
    public var refusals: Int { totals.refusals }
}

/// How long connections took on average, in milliseconds; haproxy's names.
public struct AverageTimes: Hashable, Sendable {
    /// Waiting for a server (`qtime`).
    public var queue = 0
    /// Waiting for the server's answer (`ctime`).
    public var connect = 0
    /// From accepting to the end (`ttime`).
    public var session = 0

    /// Makes times of 0.
    public init() {}
}
