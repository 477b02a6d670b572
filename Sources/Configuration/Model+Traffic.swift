/// How a pool chooses a server; haproxy's names, but for `maglev`.
public enum BalanceAlgorithm: Hashable, Sendable, Codable {
    /// By turns, in proportion to the weights.
    case roundrobin
    /// By turns that are fixed while the weights are (`static-rr`).
    case staticRoundrobin
    /// The server with the fewest connections for its weight.
    case leastconn
    /// The first one with room.
    case first
    /// By the client's address.
    case source
    /// By a hash.
    case hash(ConnectionKeyName)
    /// The least loaded of so many that are drawn by lot.
    case random(draws: Int)
    /// By the client's address, in a table that is the same on every node.
    case maglev
}

extension BalanceAlgorithm: CustomStringConvertible {
    /// As haproxy's files have it.
    public var description: String {
        switch self {
        case .roundrobin: "roundrobin"
        case .staticRoundrobin: "static-rr"
        case .leastconn: "leastconn"
        case .first: "first"
        case .source: "source"
        case .hash(let key): "hash \(key.name)"
        case .random(let draws): "random(\(draws))"
        case .maglev: "maglev"
        }
    }
}

/// What there is to say about choosing a server beside the algorithm.
public struct SelectionSettings: Hashable, Sendable, Codable {
    /// A hash function; haproxy's names.
    public enum HashFunction: String, Hashable, Sendable, Codable, CaseIterable {
        /// haproxy's functions.
        case sdbm, djb2, wt6, crc32, none
    }

    /// When backup servers serve.
    public enum BackupUse: String, Hashable, Sendable, Codable {
        /// The first usable one, once no other server is.
        case first
        /// All usable ones, once no other server is (`option allbackups`).
        case all
        /// As many as there are other servers that can't serve (`option one-backup-per-failure`).
        case onePerFailure
    }

    /// Until when a client on a circle goes to its own server, and not to the next one
    /// (`hash-preserve-affinity`); haproxy's words.
    public enum Affinity: String, Hashable, Sendable, Codable, CaseIterable {
        /// In any case.
        case always
        /// As long as that has less than its `maxconn`.
        case whileRoom = "maxconn"
        /// As long as that has room, or a place in its line (`maxqueue`).
        case whilePlace = "maxqueue"
    }

    /// `hash-type consistent`: a change of the servers moves few keys.
    public var isConsistent = false
    /// The hash function.
    public var hashFunction = HashFunction.sdbm
    /// Whether the hash is spread over all bits.
    public var avalanches = false
    /// Percent of its share of the connections that a server may hold; `nil`: as many as come.
    public var balanceFactor: Int?
    /// Until when a client on a circle goes to its own server.
    public var affinity = Affinity.always
    /// When backup servers serve.
    public var backupUse = BackupUse.first
    /// The name of the cookie in which clients of RDP say at which server they were (`persist
    /// rdp-cookie`), at most 32 bytes; `nil`: that is not looked at.
    public var tokenCookie: String?

    /// Makes haproxy's defaults.
    public init() {}
}

/// Limits of a pool beside the common ones.
public struct PoolLimits: Hashable, Sendable, Codable {
    /// How many clients may wait (`maxqueue` in a section); `nil`: as many as come.
    public var queueLimit: Int?
    /// `timeout tunnel`; `nil`: the time-outs of the two sides hold.
    public var tunnelTimeout: Duration?
    /// `timeout server-fin`; `nil`: the other time-outs hold.
    public var serverFinTimeout: Duration?
    /// How long a client may wait while no server is usable (`timeout no-server`); `nil`: it is
    /// sent away at once.
    public var noServerTimeout: Duration?
    /// Connections of the pool at which its servers take their whole `maxconn` (`fullconn`); `nil`: a
    /// tenth of what the frontends that lead to it may have.
    public var fullConnections: Int?
    /// Whether a connection ends for its server, by a reset, with the client's end (`option nolinger`).
    public var resetsServers = false
    /// Whether a client that ends his stream before a server answered is gone (`option abortonclose`).
    public var dropsLeavers = false
    /// Whether a server's answer to connecting is acknowledged with the client's first bytes, where he has
    /// said some (`option tcp-smart-connect`).
    public var savesAcknowledgement = false

    /// Makes haproxy's defaults.
    public init() {}
}

/// Limits of a frontend beside the common ones.
public struct FrontendLimits: Hashable, Sendable, Codable {
    /// `timeout client-fin`; `nil`: the other time-outs hold.
    public var clientFinTimeout: Duration?
    /// `timeout client-hs`: how long a TLS handshake may take that ends here; `nil`: as long as a client may
    /// say nothing, but 30 s at most.
    public var handshakeTimeout: Duration?
    /// Connections per second (`rate-limit sessions`); `nil`: as many as come.
    public var sessionRate: Int?
    /// Connections per second from one address (`rate-limit sessions-per-source`); `nil`: as many
    /// as come.
    public var sessionRatePerSource: Int?

    /// Makes haproxy's defaults.
    public init() {}
}
