/// The servers that a table's keys belong to; entries hold positions in this list.
///
/// As in haproxy a key does not belong to a pool's server, but to a name and a number. So several pools may
/// have a table in common: each has the server whose name it is or else, with a name that it does not know,
/// the one with the number, or none. What a node calls its servers is what its peers know them by, too.
struct StickServers: Hashable, Sendable {
    /// What tells servers apart.
    struct Server: Hashable, Sendable {
        let name: String
        let number: UInt32
    }

    /// By their positions; `nil`: the one that stood there is gone.
    private(set) var servers: [Server?] = []
    private var positions: [Server: Int32] = [:]
    /// The first server of each name, and of each number.
    private var named: [String: Int32] = [:]
    private var numbered: [UInt32: Int32] = [:]

    /// Whether a key has a number also where there are none.
    private let hasNumbers: Bool

    /// None: nobody binds clients by the table.
    init(hasNumbers: Bool = false) { self.hasNumbers = hasNumbers }

    /// The servers of each table of a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - former: For each table whose entries stay, its servers before.
    /// - Returns: As many as there are tables.
    static func all(
        of plan: BalancerPlan, goingOnFrom former: [StickServers?]? = nil
    )
        -> [StickServers]
    {
        var all = plan.tables.map { StickServers(hasNumbers: $0.hasServerNumbers) }
        for pool in plan.pools {
            for table in Set(pool.stickRules.map(\.tableIndex)) { all[table].add(pool) }
        }
        guard let former else { return all }
        return zip(all, former).map { next, former in former.map(next.goingOn) ?? next }
    }

    private mutating func add(_ pool: PoolPlan) {
        for case let server? in pool.stickServers where positions[server] == nil {
            place(server, at: servers.count)
        }
    }

    private mutating func place(_ server: Server, at index: Int) {
        if index < servers.count { servers[index] = server } else { servers.append(server) }
        let position = Int32(index)
        positions[server] = position
        if named[server.name] == nil { named[server.name] = position }
        if numbered[server.number] == nil { numbered[server.number] = position }
    }

    /// The same servers, where each that was there before keeps its position, so that entries go on as they
    /// are.
    ///
    /// `former`'s entries are settled: what is free in it, others may have.
    private func goingOn(from former: StickServers) -> StickServers {
        var next = StickServers(hasNumbers: hasNumbers)
        let places = former.places(in: self).enumerated().map { position, place in
            former.isFree(position) ? -1 : Int(place)
        }
        next.servers = places.map { $0 < 0 ? nil : servers[$0] }
        var kept: [Int?] = servers.map { _ in nil }
        for (position, place) in places.enumerated().reversed() where place >= 0 {
            kept[place] = position
        }
        var free = places.indices.filter { former.isFree($0) }[...]
        for case (let place, let server?) in servers.enumerated() {
            next.place(server, at: kept[place] ?? free.popFirst() ?? next.servers.count)
        }
        return next
    }

    /// Whether no settled entry has a position: its server is gone, or is found at another one.
    private func isFree(_ position: Int) -> Bool {
        guard let server = servers[position] else { return true }
        return positions[server].map(Int.init) != position
    }

    /// Where entries of each position belong; -1: to none; `nil`: all are where they belong.
    var settlement: [Int32]? {
        guard servers.indices.contains(where: isFree) else { return nil }
        return servers.map { server in server.flatMap { positions[$0] } ?? -1 }
    }

    /// What a server is called; `nil`: there is none.
    func server(at position: Int) -> Server? {
        servers.indices.contains(position) ? servers[position] : nil
    }

    /// A server's number; 0: there is none; `nil`: there are none at all.
    func number(at position: Int) -> Int? {
        guard !positions.isEmpty || hasNumbers else { return nil }
        return server(at: position).map { Int($0.number) } ?? 0
    }

    /// Where a server stands that a peer tells of; -1: it is not known.
    func position(of told: PeerEntry.Server) -> Int32 {
        guard let name = told.name else { return numbered[told.number] ?? -1 }
        return positions[Server(name: name, number: told.number)] ?? named[name]
            ?? numbered[told.number] ?? -1
    }

    /// Where each server stands in another list, by its name; -1: it is gone.
    private func places(in other: StickServers) -> [Int32] {
        servers.map { server in
            server.flatMap { other.positions[$0] ?? other.named[$0.name] } ?? -1
        }
    }

    /// Where each server stands in a pool, by its name or else its number; -1: it has none.
    fileprivate func places(in pool: PoolPlan) -> [Int32] {
        let own = pool.stickServers.enumerated().compactMap { position, server in
            server.map { ($0, Int32(position)) }
        }
        let named = Dictionary(own.map { ($0.name, $1) }, uniquingKeysWith: { first, _ in first })
        let numbered = Dictionary(
            own.map { ($0.number, $1) }, uniquingKeysWith: { first, _ in first })
        return servers.map { server in
            server.flatMap { named[$0.name] ?? numbered[$0.number] } ?? -1
        }
    }

    /// Where each server of a pool stands here; -1: nobody is remembered to belong to it.
    fileprivate func places(of pool: PoolPlan) -> [Int32] {
        zip(pool.servers, pool.stickServers).map { plan, server in
            plan.isForgettable ? -1 : server.flatMap { positions[$0] } ?? -1
        }
    }
}

extension PoolPlan {
    /// What tells its servers apart; `nil`: one is leaving.
    fileprivate var stickServers: [StickServers.Server?] {
        zip(servers, serverNumbers).map { server, number in
            server.isLeaving
                ? nil
                : StickServers.Server(
                    name: server.name, number: UInt32(truncatingIfNeeded: number))
        }
    }
}

extension PeerEntry.Server {
    /// A server of this node as its peers are told of it.
    init(_ server: StickServers.Server) { self.init(number: server.number, name: server.name) }
}

/// A pool's rule of those that bind its clients, with what stands where.
struct StickStep: Hashable, Sendable {
    let tableIndex: Int
    let key: ConnectionKey
    let matches: Bool
    let stores: Bool
    /// Whether it holds for some clients alone.
    let isConditional: Bool
    /// The rules before it that store in the same table, a bit for each, if it does.
    let rivals: UInt16
    /// Whether there is one of these behind it.
    let hasLaterRival: Bool
    /// Whether it is the last one that asks for a server.
    let isLastToMatch: Bool
    /// For each of the table's servers, its position in the pool; -1: it is none of the pool's.
    let positions: [Int32]
    /// For each of the pool's servers, its position among the table's; -1: nobody is remembered to belong
    /// to it, or it is leaving.
    let servers: [Int32]

    /// The rules of a pool.
    ///
    /// - Parameters:
    ///   - pool: The pool.
    ///   - servers: Those of each table.
    /// - Returns: As many, in their order.
    static func all(of pool: PoolPlan, _ servers: [StickServers]) -> [StickStep] {
        let rules = pool.stickRules
        return rules.indices.map { index in
            let rule = rules[index]
            let rivals = rules.indices.filter {
                rule.stores && rules[$0].stores && rules[$0].tableIndex == rule.tableIndex
            }
            return StickStep(
                tableIndex: rule.tableIndex, key: rule.key, matches: rule.matches,
                stores: rule.stores, isConditional: rule.condition != .always,
                rivals: rivals.prefix { $0 < index }.reduce(0) { $0 | 1 << UInt16($1) },
                hasLaterRival: rivals.contains { $0 > index },
                isLastToMatch: index == rules.lastIndex(where: \.matches),
                positions: servers[rule.tableIndex].places(in: pool),
                servers: servers[rule.tableIndex].places(of: pool))
        }
    }
}
