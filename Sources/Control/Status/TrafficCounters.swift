/// Connections and bytes of a frontend, a pool or a server, under haproxy's names.
public struct TrafficCounters: Codable, Hashable, Sendable {
    /// Connections now.
    public var sessions = 0
    /// The greatest number of connections at a time.
    public var sessionsMax = 0
    /// How many may be at a time; `nil`: no limit of its own.
    public var sessionLimit: Int?
    /// Connections since the start.
    public var sessionsTotal = 0
    /// Bytes from clients.
    public var bytesIn = 0
    /// Bytes to clients.
    public var bytesOut = 0
    /// Connections in the last second.
    public var rate = 0
    /// The greatest number of connections in a second.
    public var rateMax = 0
    /// How many connections a second may bring; `nil`: no limit.
    public var rateLimit: Int?

    /// Makes counters that stand at zero.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case sessions = "scur"
        case sessionsMax = "smax"
        case sessionLimit = "slim"
        case sessionsTotal = "stot"
        case bytesIn = "bin"
        case bytesOut = "bout"
        case rate
        case rateMax = "rate_max"
        case rateLimit = "rate_lim"
    }
}

/// What became of connections on the way to a server, under haproxy's names.
public struct ServiceCounters: Codable, Hashable, Sendable {
    /// Clients that wait now.
    public var queued = 0
    /// The greatest number of waiting clients at a time.
    public var queuedMax = 0
    /// How many may wait; `nil`: no limit.
    public var queueLimit: Int?
    /// Attempts to connect that failed.
    public var connectErrors = 0
    /// Further attempts at the same server.
    public var retries = 0
    /// Further attempts at another server.
    public var redispatches = 0
    /// Connections that were given to it.
    public var chosen = 0
    /// Connections that the client broke off.
    public var clientAborts = 0
    /// Connections that the server broke off.
    public var serverAborts = 0
    /// Times that it went down.
    public var downTransitions = 0
    /// Seconds since it last went up or down.
    public var sinceLastChange = 0
    /// Seconds spent down in all.
    public var downtime = 0
    /// Seconds since a connection was last given to it; `nil`: never.
    public var sinceLastSession: Int?
    /// Average time in the queue of the last connections, in milliseconds.
    public var queueTime = 0
    /// Average time to connect of the last connections, in milliseconds.
    public var connectTime = 0
    /// Average length of the last connections, in milliseconds.
    public var totalTime = 0

    /// Makes counters that stand at zero.
    public init() {}

    private enum CodingKeys: String, CodingKey {
        case queued = "qcur"
        case queuedMax = "qmax"
        case queueLimit = "qlimit"
        case connectErrors = "econ"
        case retries = "wretr"
        case redispatches = "wredis"
        case chosen = "lbtot"
        case clientAborts = "cli_abrt"
        case serverAborts = "srv_abrt"
        case downTransitions = "chkdown"
        case sinceLastChange = "lastchg"
        case downtime
        case sinceLastSession = "lastsess"
        case queueTime = "qtime"
        case connectTime = "ctime"
        case totalTime = "ttime"
    }
}

/// The checks of a server, under haproxy's names.
public struct CheckStatus: Codable, Hashable, Sendable {
    /// `L4OK`, `L4TOUT`, `L4CON` and so on; `INI` before the first result.
    public var code: String
    /// What the last check said beyond its code; empty where there is nothing to add.
    public var detail = ""
    /// What the code means, in words.
    public var meaning = ""
    /// The status of the answer, where its protocol has one.
    public var statusCode: Int?
    /// What the server is in a group that replicates, where the check asks: `primary` or `replica`.
    public var role: String?
    /// Whole days until the server's certificate expires, where the check sees one; below 0 once it
    /// has.
    public var certificateDaysLeft: Int?
    /// Whether a check is under way.
    public var isRunning = false
    /// How long the last check took, in milliseconds; `nil` before the first result.
    public var duration: Int?
    /// Checks that failed while the server was up.
    public var failures = 0
    /// Successes in a row that bring it up.
    public var rise: Int
    /// Failures in a row that take it down.
    public var fall: Int
    /// The counter, 0 to `rise + fall - 1`.
    public var health: Int

    /// Makes the status of a check.
    ///
    /// - Parameters:
    ///   - code: `L4OK` and so on; `INI` before the first result.
    ///   - rise: Successes in a row that bring the server up.
    ///   - fall: Failures in a row that take it down.
    ///   - health: The counter, 0 to `rise + fall - 1`.
    public init(code: String, rise: Int, fall: Int, health: Int) {
        self.code = code
        self.rise = rise
        self.fall = fall
        self.health = health
    }

    /// What the check learned besides, for people: `primary, certificate 12 d`; may be empty.
    public var findings: String {
        [role, certificateDaysLeft.map { "certificate \($0) d" }].compactMap(\.self)
            .joined(separator: ", ")
    }

    private enum CodingKeys: String, CodingKey {
        case code = "check_status"
        case detail = "last_chk"
        case meaning = "check_desc"
        case statusCode = "check_code"
        case role
        case certificateDaysLeft = "certificate_days"
        case isRunning = "running"
        case duration = "check_duration"
        case failures = "chkfail"
        case rise = "check_rise"
        case fall = "check_fall"
        case health = "check_health"
    }
}
