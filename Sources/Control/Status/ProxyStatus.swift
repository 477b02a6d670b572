/// A proxy: where connections are accepted, a pool of servers, or both under one name (`listen`).
public struct ProxyStatus: Codable, Hashable, Sendable {
    /// The section's name.
    public var name: String
    /// `tcp`, or `http` for statistics pages.
    public var mode: String
    /// Its number (`id`); `nil`: not known.
    public var number: Int?
    /// Its name among all sections and servers that have one (`guid`); `nil`: none.
    public var guid: String?
    /// What the configuration says that it is for; `nil`: nothing.
    public var description: String?
    /// Where connections are accepted; `nil` for a pool alone.
    public var frontend: FrontendStatus?
    /// The servers, in the order of the configuration.
    public var servers: [ServerStatus] = []
    /// The pool as a whole; `nil` for a frontend alone.
    public var backend: BackendStatus?
    /// What is remembered of clients (`stick-table`); `nil`: nothing.
    public var table: StickTableStatus?
    /// Those who have tables in common, of a section `peers`, which is nothing else; `nil`: it is none.
    public var peers: TablePeersStatus?

    /// Makes a proxy that has no part yet.
    ///
    /// - Parameters:
    ///   - name: The section's name.
    ///   - mode: `tcp`, or `http` for statistics pages.
    public init(name: String, mode: String = "tcp") {
        self.name = name
        self.mode = mode
    }

    private enum CodingKeys: String, CodingKey {
        case name, mode, guid, description, frontend, servers, backend, table, peers
        case number = "iid"
    }
}

/// A table of keys, such as the addresses of clients.
public struct StickTableStatus: Codable, Hashable, Sendable {
    /// haproxy's word for what is a key.
    public var type: String
    /// How many keys it has room for.
    public var size: Int
    /// How many it remembers.
    public var used: Int

    /// Makes the status of a table.
    public init(type: String, size: Int, used: Int) {
        self.type = type
        self.size = size
        self.used = used
    }
}

/// Where connections are accepted.
public struct FrontendStatus: Codable, Hashable, Sendable {
    /// `OPEN`, `FULL`, `STOP` or `PAUSED`.
    public var status: String
    /// What it listens on, each as `ADDRESS:PORT`.
    public var addresses: [String] = []
    /// Connections and bytes.
    public var traffic = TrafficCounters()
    /// Connections that were accepted, also those that a rule closed before they became a session, which
    /// ``TrafficCounters/sessionsTotal`` leaves out.
    public var connectionsTotal = 0
    /// Such connections in the last second.
    public var connectionRate = 0
    /// Most of them within a second.
    public var connectionRateMax = 0
    /// Connections that were not relayed because a rule said so.
    public var deniedConnections = 0
    /// Connections that were closed by a rule once their PROXY header was read.
    public var deniedSessions = 0
    /// Connections that were closed by a rule for what their client said first.
    public var deniedRequests = 0
    /// Connections that ended before a server was chosen.
    public var requestErrors = 0
    /// How often each cause kept a connection from being relayed or ended it before its time.
    public var refusals: [String: Int] = [:]
    /// What each place that it listens at counted.
    public var listeners: [ListenerStatus] = []
    /// Whether tables have a row for each of them (`option socket-stats`).
    public var showsListeners = false
    /// When the certificates end that clients are shown, in seconds since 1970, by their files; `nil`: none
    /// is.
    public var certificateEnds: [String: Int]?

    /// Makes a frontend without traffic.
    ///
    /// - Parameter status: haproxy's word for its state.
    public init(status: String = "OPEN") { self.status = status }

    private enum CodingKeys: String, CodingKey {
        case status, addresses, traffic, refusals, listeners
        case showsListeners = "shows_listeners"
        case certificateEnds = "certificate_ends"
        case connectionsTotal = "conn_tot"
        case connectionRate = "conn_rate"
        case connectionRateMax = "conn_rate_max"
        case deniedConnections = "dcon"
        case deniedSessions = "dses"
        case deniedRequests = "dreq"
        case requestErrors = "ereq"
    }
}

extension FrontendStatus {
    /// The listeners that tables have a row for.
    public var shownListeners: [ListenerStatus] { showsListeners ? listeners : [] }
}

/// A place that a section listens at.
public struct ListenerStatus: Codable, Hashable, Sendable {
    /// The name.
    public var name: String
    /// Its number (`id`); `nil`: its position, from 1.
    public var number: Int?
    /// The address and port, or as the file has it.
    public var address: String
    /// haproxy's word: `OPEN`, or `FULL`.
    public var status: String
    /// What it counted.
    public var traffic = TrafficCounters()

    /// Makes a listener that counted nothing.
    public init(name: String, address: String, status: String = "OPEN") {
        self.name = name
        self.address = address
        self.status = status
    }

    private enum CodingKeys: String, CodingKey {
        case name, status, traffic
        case number = "sid"
        case address = "addr"
    }
}

/// A pool of servers as a whole.
public struct BackendStatus: Codable, Hashable, Sendable {
    /// `UP` while it has a usable server, else `DOWN`.
    public var status: String
    /// haproxy's word for how a server is chosen.
    public var algorithm: String
    /// Connections and bytes.
    public var traffic = TrafficCounters()
    /// Clients that wait for a server, and what became of attempts to reach one.
    public var service = ServiceCounters()
    /// The weight of its usable servers in all.
    public var weight = 0
    /// Usable servers that are not backups.
    public var activeServers = 0
    /// Usable backups.
    public var backupServers = 0
    /// How many servers connections go to now, as haproxy's `nbsrv`.
    public var usableServers = 0
    /// How long connections waited for a server.
    public var queueTimes = TimeDistribution()
    /// How long servers took to answer.
    public var connectTimes = TimeDistribution()
    /// How long connections lasted.
    public var sessionTimes = TimeDistribution()

    /// Makes a pool without traffic.
    ///
    /// - Parameters:
    ///   - status: `UP` or `DOWN`.
    ///   - algorithm: haproxy's word for how a server is chosen.
    public init(status: String, algorithm: String) {
        self.status = status
        self.algorithm = algorithm
    }

    private enum CodingKeys: String, CodingKey {
        case status, traffic, service, weight
        case algorithm = "algo"
        case activeServers = "act"
        case backupServers = "bck"
        case usableServers = "usable"
        case queueTimes = "queue_times"
        case connectTimes = "connect_times"
        case sessionTimes = "session_times"
    }
}

/// A server of a pool.
public struct ServerStatus: Codable, Hashable, Sendable {
    /// The name, unique in its pool.
    public var name: String
    /// Where it listens, as `ADDRESS:PORT`.
    public var address: String
    /// haproxy's words for its state: `UP`, `UP 2/3`, `DOWN`, `DOWN 1/2`, `NOLB`, `DRAIN`, `MAINT`,
    /// `no check`; `INI` while it waits for its first check.
    public var status: String
    /// Its share, 0 to 256.
    public var weight: Int
    /// Its number (`id`); `nil`: its position, from 1.
    public var number: Int?
    /// Its name among all sections and servers that have one (`guid`); `nil`: none.
    public var guid: String?
    /// Whether it serves only when no other does.
    public var isBackup = false
    /// The percentage of its share that it has come to (`slowstart`); `nil`: all of it.
    public var warmth: Int?
    /// Connections and bytes.
    public var traffic = TrafficCounters()
    /// Clients that wait for it, and what became of attempts to reach it.
    public var service = ServiceCounters()
    /// Its checks; `nil` where it is not checked.
    public var check: CheckStatus?
    /// What its agent says; `nil` where it has none.
    public var agent: CheckStatus?
    /// The server whose state it has, as `BACKEND/SERVER`; `nil`: its own.
    public var tracked: String?
    /// When the certificate ends that it is shown, in seconds since 1970, by its file; `nil`: none is.
    public var certificateEnds: [String: Int]?

    /// Makes a server without traffic.
    ///
    /// - Parameters:
    ///   - name: The name, unique in its pool.
    ///   - address: Where it listens, as `ADDRESS:PORT`.
    ///   - status: haproxy's words for its state.
    ///   - weight: Its share, 0 to 256.
    public init(name: String, address: String, status: String, weight: Int = 1) {
        self.name = name
        self.address = address
        self.status = status
        self.weight = weight
    }

    private enum CodingKeys: String, CodingKey {
        case name, status, weight, guid, traffic, service, check, agent, tracked
        case address = "addr"
        case isBackup = "backup"
        case certificateEnds = "certificate_ends"
        case warmth = "throttle"
        case number = "sid"
    }
}
