public import LinuxIO

/// What a balancer is to do: a value that is complete and does not change while it runs.
public struct BalancerPlan: Hashable, Sendable {
    /// How many reactors serve, each a thread: 1 to ``mostReactors`` (`nbthread`).
    public var reactorCount: Int
    /// Greatest number of concurrent connections (`global maxconn`); `nil`: as many as the
    /// descriptor limit of the process allows, which also bounds a number given here.
    public var connectionLimit: Int?
    /// Most connections of all frontends within a second (`global maxconnrate`), 1 or more; `nil`: as
    /// many as come.
    ///
    /// What is beyond it waits in the kernel.
    public var connectionRateLimit: Int?
    /// Most connections of all frontends within a second that rules let pass (`global maxsessrate`), 1 or
    /// more; `nil`: as many as come.
    ///
    /// What is beyond it waits in the kernel. Whom rules of connections or sessions refuse does not count.
    public var sessionRateLimit: Int?
    /// Greatest number of concurrent connections whose TLS ends here (`global maxsslconn`), 1 or more; `nil`:
    /// as many as of any.
    ///
    /// What is beyond it waits in the kernel.
    public var securedLimit: Int?
    /// Most of them within a second (`global maxsslrate`), likewise.
    public var securedRateLimit: Int?
    /// Descriptors that the process needs beside those of connections and pipes.
    public var otherDescriptors = 128
    /// Where connections come in.
    public var frontends: [FrontendPlan]
    /// Where connections go.
    public var pools: [PoolPlan]
    /// What is remembered and counted of clients.
    public var tables: [StickTablePlan] = []
    /// What rules remember, ``VariablePlan/most`` at most, each under a name of its own.
    public var variables: [VariablePlan] = []
    /// Those with whom tables are kept in common, by a ``PeerExchange``.
    public var peers: [PeersPlan] = []

    /// Makes a plan.
    public init(
        reactorCount: Int = 1, connectionLimit: Int? = nil, frontends: [FrontendPlan] = [],
        pools: [PoolPlan] = []
    ) {
        self.reactorCount = reactorCount
        self.connectionLimit = connectionLimit
        self.frontends = frontends
        self.pools = pools
    }
}

extension BalancerPlan {
    /// The greatest ``reactorCount``: who waits for room is a bit of a number each.
    public static let mostReactors = 64
    /// The most servers of all pools together, and the most listeners and paths (a frontend and a
    /// pool that it leads to): a connection keeps the number of each in 16 bits.
    public static let mostPlaces = 65_534
}

/// Where connections come in (`frontend`).
public struct FrontendPlan: Hashable, Sendable {
    /// The name.
    public var name: String
    /// Which pool serves it: the position in ``BalancerPlan/pools``.
    public var poolIndex: Int
    /// Greatest number of concurrent connections (`maxconn`); `nil`: the process's.
    public var connectionLimit: Int?
    /// How long a client may neither send nor take bytes (`timeout client`); `nil`: for ever.
    public var clientTimeout: Duration?
    /// How long the handshake of a client may take whose TLS ends here (`timeout client-hs`); `nil`: as
    /// ``clientTimeout``, but 30 s at most.
    public var handshakeTimeout: Duration?
    /// What holds for each of its listening sockets, in their order; what is missing has defaults.
    public var listeners: [ListenerPlan] = []
    /// What is decided before a server is chosen.
    public var rules = RulePlan()
    /// The pool that is one section with it (`listen`); `nil`: none is.
    ///
    /// Its ``PoolPlan/contentRules`` are the frontend's own, and followed once.
    public var twinPoolIndex: Int?
    /// Whether its sockets take datagrams.
    ///
    /// All that one source sends within the time-outs goes to one server. Headers and rules are for
    /// streams alone.
    public var isDatagram = false
    /// The client's time-out once one direction has ended (`timeout client-fin`); `nil`: the others
    /// hold.
    public var clientFinTimeout: Duration?
    /// Most connections accepted within a second (`rate-limit sessions`); `nil`: no limit.
    ///
    /// The others stay in the kernel's queue until later.
    public var sessionRateLimit: Int?
    /// Most connections taken from one address within a second.
    ///
    /// The others are closed. `nil`: no limit.
    public var sessionRateLimitPerSource: Int?
    /// What it tells of its connections.
    ///
    /// `nil`: nothing.
    public var logging: ConnectionLogging?
    /// What tells a connection from all others, to servers and in log lines (`unique-id-format`).
    ///
    /// `nil`: what is told to servers is a number of ours.
    public var identifierFormat: IdentifierFormat?
    /// The most bytes that each of its captures keeps, ``KeptTexts/mostCapturedBytes`` in all.
    public var captureLengths: [Int] = []
    /// What lines of the log tell of clients' TLS that ended here (``LineFormat/samples``), where they tell
    /// names at all.
    public var securedSamples: [SecuredSample] = []
    /// Whether it is there for the connections that it has.
    var isLeaving = false

    /// Makes a frontend.
    public init(
        name: String, poolIndex: Int, connectionLimit: Int? = nil, clientTimeout: Duration? = nil
    ) {
        self.name = name
        self.poolIndex = poolIndex
        self.connectionLimit = connectionLimit
        self.clientTimeout = clientTimeout
    }
}

extension FrontendPlan {
    /// The pools that it leads to, its own first, each once.
    var poolIndices: [Int] {
        var known: Set = [poolIndex]
        return [poolIndex]
            + rules.pools.flatMap { $0.poolIndices.sorted() }.filter { known.insert($0).inserted }
    }
}

/// A set of servers that can stand for each other (`backend`).
public struct PoolPlan: Hashable, Sendable {
    /// How a server is chosen; haproxy's names, but for `maglev`.
    public enum Algorithm: Hashable, Sendable {
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
        /// By a hash; who has not what it is made of gets a server by turns.
        case hash(ConnectionKey)
        /// The least loaded of so many that are drawn by lot.
        case random(draws: Int)
        /// By the client's address, in a table that is the same on every node whose pool has
        /// servers of the same names.
        case maglev
    }

    /// The name.
    public var name: String
    /// How a server is chosen.
    public var algorithm: Algorithm
    /// The servers.
    public var servers: [ServerPlan]
    /// How long one attempt to connect may take (`timeout connect`); `nil`: for ever.
    public var connectTimeout: Duration?
    /// How long a server may neither send nor take bytes (`timeout server`); `nil`: for ever.
    public var serverTimeout: Duration?
    /// How long a client may wait for a server that has room (`timeout queue`); `nil`: as long as
    /// ``connectTimeout``.
    public var queueTimeout: Duration?
    /// Further attempts to connect after a failed one (`retries`), 0 to 100.
    public var retries: Int
    /// Whether a further attempt may go to another server (`option redispatch`).
    public var redispatches: Bool
    /// At which retries a connection leaves the server that its key leads to: every so many; below 0,
    /// so many before the end, -1 being the last (`option redispatch P`).
    public var redispatchInterval = -1
    /// How a hash leads to a server (`hash-type`).
    public var hashType = HashType()
    /// The percentage of its share of the connections that a server on a circle may hold, above
    /// 100 (`hash-balance-factor`); `nil`: as many as come.
    public var balanceFactor: Int?
    /// Until when a client on a circle goes to its own server (`hash-preserve-affinity`).
    public var affinity = Affinity.always
    /// When backup servers serve.
    public var backupUse = BackupUse.first
    /// How many clients may wait for a server of the pool; `nil`: as many as come.
    public var queueLimit: Int?
    /// How long neither side of an established connection may send or take bytes, instead of both
    /// sides' own time-outs (`timeout tunnel`); `nil`: those hold.
    public var tunnelTimeout: Duration?
    /// The server's time-out once one direction has ended (`timeout server-fin`); `nil`: the others
    /// hold.
    public var serverFinTimeout: Duration?
    /// How long a client may wait while no server is usable; `nil`: it is sent away at once.
    public var noServerTimeout: Duration?
    /// Connections of the pool from which on its servers take as many as they may (`fullconn`); `nil`:
    /// they always do.
    public var fullConnections: Int?
    /// Whether a connection ends for its server, by a reset, with the client's end (`option nolinger`).
    public var resetsServers = false
    /// Whether a client that ends his stream before a server answered is gone (`option abortonclose`).
    public var dropsLeavers = false
    /// Whether a server's answer to connecting is acknowledged with the first bytes for it, where there
    /// are some: a packet less for two calls more (`option tcp-smart-connect`).
    public var savesAcknowledgement = false
    /// What is decided about a connection that was led to the pool (`tcp-request content` of a backend).
    public var contentRules: [Rule] = []
    /// How long these rules wait for what the client says, from then on (`tcp-request inspect-delay`).
    public var inspectDelay = Duration.zero
    /// Which server serves, before ``stickRules`` and ``algorithm`` are asked (`use-server`).
    public var serverRules: [ServerRule] = []
    /// The cookie in which clients of RDP say at which server their session is, which they go to unless a
    /// rule of ``serverRules`` holds (`persist rdp-cookie`); `nil`: that is not looked at.
    public var tokenCookie: RDPCookie.Name?
    /// How clients belong to servers, in order, ``StickRule/most`` at most.
    public var stickRules: [StickRule] = []
    /// Whether a client goes to the server that ``serverRules`` or ``stickRules`` say is his, while it is down
    /// or in maintenance; of those that hold the first counts (`force-persist`, `ignore-persist`).
    public var forcingRules: [ForcingRule] = []
    /// Whether every client does, and goes to another one where that can't be reached (`option persist`).
    public var keepsToServers = false
    /// Whether it is there for the connections that it has.
    var isLeaving = false

    /// Makes a pool.
    public init(
        name: String, algorithm: Algorithm = .roundrobin, servers: [ServerPlan] = [],
        connectTimeout: Duration? = nil, serverTimeout: Duration? = nil,
        queueTimeout: Duration? = nil, retries: Int = 3, redispatches: Bool = false
    ) {
        self.name = name
        self.algorithm = algorithm
        self.servers = servers
        self.connectTimeout = connectTimeout
        self.serverTimeout = serverTimeout
        self.queueTimeout = queueTimeout
        self.retries = retries
        self.redispatches = redispatches
    }
}

extension PoolPlan {
    /// Whether the limits of its servers follow its connections (`minconn`).
    var followsCrowd: Bool {
        fullConnections != nil && servers.contains { $0.leastConnectionLimit != nil }
    }

    /// Whether something about a connection is looked at before it gets a server.
    var decidesByRules: Bool {
        !contentRules.isEmpty || !serverRules.isEmpty || tokenCookie != nil
            || !forcingRules.isEmpty
            || keys.contains(where: \.needsContent)
            || stickRules.contains { $0.condition != .always }
    }

    /// The conditions of rules that say which server a connection gets.
    var serverConditions: [Condition] {
        serverRules.map(\.condition) + stickRules.map(\.condition)
            + forcingRules.map(\.condition)
    }

    /// What of a connection decides which server it gets, what that one is asked for, and what it is told.
    var keys: [ConnectionKey] {
        var keys = stickRules.map(\.key) + nameKeys
        keys += servers.flatMap(\.connection.headerTexts).compactMap(\.source.key)
        if case .hash(let key) = algorithm { keys.append(key) }
        return keys
    }

    /// What names those that servers are asked for, each once.
    var nameKeys: [ConnectionKey] { Array(Set(servers.compactMap(\.connection.nameSource?.key))) }
}

/// A server of a pool.
public struct ServerPlan: Hashable, Sendable {
    /// The name.
    public var name: String
    /// Where it listens; of one that is configured by name, where it listened when last heard of.
    public var address: StreamAddress
    /// What is added to the port that a client connected to, for the port that the client is led to
    /// (`ADDRESS:+N`); `nil`: the address has the port.
    public var portOffset: Int?
    /// Whether it has a name, whose address is found while the balancer runs:
    /// ``Balancer/setAddress(pool:server:_:)``.
    public var isByName = false
    /// What `first` and a circle of hashes know it by, above 0 (`id`); `nil`: its position, from 1.
    public var number: Int?
    /// Its name among all that have one (`guid`); `nil`: none.
    public var guid: String?
    /// What its places on a circle of hashes follow from (`hash-key`).
    public var hashKey = ServerHashKey.number
    /// How connections to it are made.
    public var connection = ConnectionPlan()
    /// Its share, 0 to 256; 0 takes no new connections.
    public var weight: Int
    /// Greatest number of concurrent connections to it (`maxconn`); `nil`: unlimited.
    public var connectionLimit: Int?
    /// How many connections it takes while its pool has few (`minconn`), below ``connectionLimit``;
    /// `nil`: as many as ever.
    public var leastConnectionLimit: Int?
    /// Whether no table remembers that a client was there (`non-stick`).
    public var isForgettable = false
    /// Whether it serves only when no other can.
    public var isBackup: Bool
    /// The administrative state that it starts in.
    public var administrativeState: AdministrativeState
    /// How many clients may wait for this server alone (`maxqueue`); `nil`: as many as come.
    ///
    /// Further ones wait for any server.
    public var queueLimit: Int?
    /// How long it takes from coming up to its full share (`slowstart`).
    ///
    /// `nil`: no time.
    public var slowStart: Duration?
    /// Whether its connections are reset when it goes down (`on-marked-down shutdown-sessions`).
    public var shutsSessionsWhenDown = false
    /// Whether connections to backup servers are reset when it comes up (`on-marked-up
    /// shutdown-backup-sessions`).
    public var shutsBackupSessionsWhenUp = false
    /// Whether it takes connections before anything is known of it; otherwise clients wait as after
    /// ``Balancer/setAwaited(pool:_:)``.
    public var isUp = true
    /// Whether it is there for the connections that it has.
    var isLeaving = false

    /// Makes a server at an address of IPv4.
    public init(
        name: String, address: SocketAddress, weight: Int = 1, connectionLimit: Int? = nil,
        isBackup: Bool = false, administrativeState: AdministrativeState = .ready
    ) {
        self.init(
            name: name, at: .ipv4(address), weight: weight, connectionLimit: connectionLimit,
            isBackup: isBackup, administrativeState: administrativeState)
    }

    /// Makes a server.
    public init(
        name: String, at address: StreamAddress, weight: Int = 1, connectionLimit: Int? = nil,
        isBackup: Bool = false, administrativeState: AdministrativeState = .ready
    ) {
        self.name = name
        self.address = address
        self.weight = weight
        self.connectionLimit = connectionLimit
        self.isBackup = isBackup
        self.administrativeState = administrativeState
    }
}

extension ServerPlan {
    /// Where it is for a client that connected to an end.
    ///
    /// - Parameters:
    ///   - end: The end.
    ///   - present: Where it is now; `nil`: where the plan has it.
    /// - Returns: Its address, with what follows from the client's where something does.
    func address(forClientsOf end: IPEndpoint, now present: StreamAddress? = nil) -> StreamAddress {
        var address = present ?? address
        if address.isUnspecified, !isByName, end.isPresent { address = address.moved(to: end) }
        guard let portOffset else { return address }
        let port = UInt16(truncatingIfNeeded: Int(end.port) &+ portOffset)
        switch address {
        case .ipv4(let end): return .ipv4(SocketAddress(address: end.address, port: port))
        case .ipv6(let end):
            return .ipv6(IPEndpoint(high: end.high, low: end.low, port: port))
        case .path, .abstractName: return address
        }
    }
}

/// What the operator wants of a server, whatever its health.
public enum AdministrativeState: Hashable, Sendable, CaseIterable {
    /// It serves.
    case ready
    /// It takes no new connections, and keeps those that it has.
    case drain
    /// It takes no new connections and is not checked; it keeps those that it has.
    case maintenance
}
