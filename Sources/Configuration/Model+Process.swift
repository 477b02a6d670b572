/// How the failover process runs, where the file says more than "before all others".
public struct ProcessSettings: Hashable, Sendable, Codable {
    /// Its nice value, -20 to 19; `nil`: as it is started (`vrrp_priority`).
    public var niceness: Int?
    /// Its real-time priority, 1 to 99; `nil`: the lowest (`vrrp_rt_priority`).
    public var realTimePriority: Int?
    /// The processors that it runs on, by number; empty: any (`vrrp_cpu_affinity`).
    public var processors: [Int] = []

    /// Makes the defaults.
    public init() {}
}

/// Where keepalived's signals leave what they ask for.
public struct DumpSettings: Hashable, Sendable, Codable {
    /// What SIGUSR1 writes: the state (`state_dump_file`).
    public var statePath = "/tmp/keepalived.data"
    /// What SIGUSR2 writes: the counters (`stats_dump_file`).
    public var countersPath = "/tmp/keepalived.stats"
    /// What SIGRTMIN+2 writes: both as JSON (`json_dump_file`).
    public var jsonPath = "/tmp/keepalived.json"
    /// The form of the JSON, 1 or 2 (`json_version`).
    public var jsonVersion = 1

    /// Makes keepalived's defaults.
    public init() {}
}
