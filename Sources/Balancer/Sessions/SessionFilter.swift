/// Which connections are meant: those for which all that is given holds.
public struct SessionFilter: Hashable, Sendable {
    /// The name of its frontend or of its pool; `nil`: any.
    public var proxy: String?
    /// Its server, or the one that it waits for; `nil`: any, or none.
    public var server: ServerName?
    /// The network of its client; `nil`: any.
    public var source: PrefixTable.Prefix?
    /// How long it is there at least, in whole milliseconds; `nil`: for any time.
    public var age: Duration?
    /// The one of this name alone; `nil`: any.
    public var identifier: SessionIdentifier?

    /// A server by its name.
    public struct ServerName: Hashable, Sendable {
        /// The pool's name.
        public var pool: String
        /// The server's name in it.
        public var server: String

        /// Makes a name.
        public init(pool: String, server: String) {
            self.pool = pool
            self.server = server
        }
    }

    /// Means all connections.
    public init() {}
}

/// A filter in the numbers of one plan, so that a connection that is not meant costs a few loads.
struct SessionMatch {
    /// For each of the plan's frontends and routes whether it is meant.
    let frontends: [Bool]?
    let routes: [Bool]?
    /// The servers' numbers: with one that goes, another one of its name may have come.
    let servers: [Int]?
    let source: PrefixTable.Prefix?
    /// Milliseconds.
    let age: UInt64
    let generation: UInt32?

    init(_ filter: SessionFilter, in shared: SharedState) {
        let plan = shared.plan
        frontends = filter.proxy.map { name in plan.frontends.map { $0.name == name } }
        routes = filter.proxy.map { name in
            shared.paths.routes.map { plan.pools[$0.pool].name == name }
        }
        servers = filter.server.map { name in
            plan.pools.enumerated().filter { $1.name == name.pool }.flatMap { index, pool in
                pool.servers.indices.filter { pool.servers[$0].name == name.server }
                    .map { shared.layout.firstServers[index] + $0 }
            }
        }
        source = filter.source
        age = UInt64(max(0, min((filter.age ?? .zero) / .milliseconds(1), 0x1p40)))
        generation = filter.identifier?.generation
    }
}

extension Worker {
    /// Whether a connection is there and meant.
    func isMeant(_ client: Int, by match: SessionMatch) -> Bool {
        let phase = slab[client].phase
        guard phase != .free else { return false }
        if let generation = match.generation, slab[client].generation != generation {
            return false
        }
        if let servers = match.servers, !servers.contains(Int(slab[client | 1].owner)) {
            return false
        }
        if let frontends = match.frontends, let routes = match.routes,
            !frontends[Int(slab[client].owner)]
        {
            // Who has not said who he is has no pool yet.
            guard phase != .introducing, routes[Int(slab[client | 1].path)] else { return false }
        }
        guard UInt64(lifetime(client)) >= match.age else { return false }
        return match.source?.contains(source(of: client)) ?? true
    }
}
