/// The servers that a table's keys belong to, as this node's peers name them.
struct StickServers {
    private var servers: [(name: String, number: UInt32)] = []
    private var positions: [String: Int] = [:]
    private var numbered: [UInt32: Int] = [:]

    /// None: the table remembers no servers.
    init() {}

    init(_ pool: PoolPlan) {
        servers = zip(pool.servers, pool.serverNumbers).map {
            ($0.name, UInt32(truncatingIfNeeded: $1))
        }
        for (position, server) in servers.enumerated() where !pool.servers[position].isLeaving {
            positions[server.name] = position
            numbered[server.number] = position
        }
    }

    /// What a server is called; `nil`: there is none.
    func server(at position: Int) -> PeerEntry.Server? {
        guard servers.indices.contains(position) else { return nil }
        return PeerEntry.Server(number: servers[position].number, name: servers[position].name)
    }

    /// Where a server stands, by its name or else its number, as in haproxy; -1: it is not known.
    func position(of server: PeerEntry.Server) -> Int {
        if let name = server.name, let position = positions[name] { return position }
        return numbered[server.number] ?? -1
    }
}
