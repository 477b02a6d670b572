internal import LinuxIO

/// From one plan to the next: what stands where, for connections that go on.
///
/// Frontends and pools are the same where their names are, servers where name and address are,
/// listeners where the socket is. What the next plan has no more stays behind as long as connections
/// need it: it stands after the plan's own parts, and takes no new ones.
struct Succession: Sendable {
    /// For each place before, the place afterwards; `nil`: nothing was there any more.
    typealias Map = [Int?]

    /// What is in use, of the parts that stay behind already.
    struct Use {
        var frontends: [Bool]
        /// Counted over all frontends.
        var listeners: [Bool]
        var pools: [Bool]
        var servers: [[Bool]]
    }

    /// The next plan, with what stays behind.
    private(set) var plan: BalancerPlan
    /// The socket of each listener of the plan; -1: nobody connects to it any more.
    private(set) var sockets: [[Int32]]
    private(set) var frontends: Map = []
    /// Counted over all frontends.
    private(set) var listeners: Map = []
    private(set) var pools: Map = []
    /// Counted over all pools.
    private(set) var servers: Map = []
    /// Whether a pool has other rules that bind its clients.
    private(set) var changesStickRules = false
    /// Whether waiting clients are asked by other rules, so that what has its bit in ``EffectNumbers`` is
    /// another one.
    private(set) var changesWaitingRules = false
    /// Of tables whose entries stay.
    private(set) var tables: Map = []
    private(set) var variables: Map = []

    /// Compares two plans.
    ///
    /// - Parameters:
    ///   - old: The plan in force, with what stayed behind.
    ///   - oldSockets: Its listeners' sockets.
    ///   - use: What connections need of it.
    ///   - plan: The next plan.
    ///   - sockets: Its listeners' sockets; one of the same number is the same.
    init(
        from old: BalancerPlan, _ oldSockets: [[Int32]], inUse use: Use, to plan: BalancerPlan,
        _ sockets: [[Int32]]
    ) {
        self.plan = plan
        self.sockets = sockets
        matchFrontends(of: old, use)
        matchPools(of: old, use)
        matchServers(of: old, use)
        matchTables(of: old)
        matchVariables(of: old)
        leaveFrontends(of: old)
        matchListeners(of: old, oldSockets, use)
    }

    // MARK: Matching

    private mutating func matchFrontends(of old: BalancerPlan, _ use: Use) {
        let names = positions(plan.frontends.map(\.name))
        var count = plan.frontends.count
        frontends = old.frontends.enumerated().map { index, frontend in
            // One of datagrams and one of streams have nothing in common but the name.
            if let position = names[frontend.name], !frontend.isLeaving,
                plan.frontends[position].isDatagram == frontend.isDatagram
            {
                let (own, next) = (frontend.rules, plan.frontends[position].rules)
                if own.content != next.content || own.pools != next.pools {
                    changesWaitingRules = true
                }
                return position
            }
            guard !frontend.isLeaving || use.frontends[index] else { return nil }
            defer { count += 1 }
            return count
        }
    }

    private mutating func matchPools(of old: BalancerPlan, _ use: Use) {
        let names = positions(plan.pools.map(\.name))
        // A frontend that stays behind may still lead connections to its pools.
        var needed: Set<Int> = []
        for (index, frontend) in old.frontends.enumerated() {
            guard let next = frontends[index], next >= plan.frontends.count else { continue }
            needed.formUnion(frontend.allPoolIndices)
        }
        for (index, pool) in old.pools.enumerated() {
            if let position = names[pool.name], !pool.isLeaving {
                pools.append(position)
                let next = plan.pools[position]
                if pool.stickRules != next.stickRules { changesStickRules = true }
                if pool.contentRules != next.contentRules { changesWaitingRules = true }
            } else if !pool.isLeaving || use.pools[index] || needed.contains(index) {
                var pool = pool
                pool.isLeaving = true
                pool.servers = []
                pool.contentRules = []
                pool.serverRules = []
                pool.stickRules = []
                pool.forcingRules = []
                pools.append(plan.pools.count)
                plan.pools.append(pool)
            } else {
                pools.append(nil)
            }
        }
    }

    private mutating func matchServers(of old: BalancerPlan, _ use: Use) {
        struct Identity: Hashable {
            let name: String
            let address: StreamAddress
            let isByName: Bool

            init(_ server: ServerPlan) {
                (name, address) = (server.name, server.address)
                isByName = server.isByName
            }
        }
        var places: [(pool: Int, server: Int)?] = []
        for (index, pool) in old.pools.enumerated() {
            guard let next = pools[index] else {
                places += pool.servers.map { _ in nil }
                continue
            }
            let staying = plan.pools[next].servers.enumerated().filter { !$0.element.isLeaving }
            let known = Dictionary(
                staying.map { (Identity($1), $0) },
                uniquingKeysWith: { first, _ in first })
            for (number, server) in pool.servers.enumerated() {
                if let position = known[Identity(server)], !server.isLeaving {
                    places.append((next, position))
                } else if !server.isLeaving || use.servers[index][number] {
                    var server = server
                    server.isLeaving = true
                    places.append((next, plan.pools[next].servers.count))
                    plan.pools[next].servers.append(server)
                } else {
                    places.append(nil)
                }
            }
        }
        let layout = TallyLayout(plan)
        servers = places.map { $0.map { layout.firstServers[$0.pool] + $0.server } }
    }

    private mutating func matchTables(of old: BalancerPlan) {
        let names = positions(plan.tables.map(\.name))
        // A frontend that stays behind may still follow its rules.
        var needed: Set<Int> = []
        for (index, frontend) in old.frontends.enumerated() {
            guard let next = frontends[index], next >= plan.frontends.count else { continue }
            needed.formUnion(frontend.rules.tableIndices)
        }
        for (index, table) in old.tables.enumerated() {
            if let place = names[table.name], !table.isLeaving,
                plan.tables[place].keepsEntries(of: table)
            {
                tables.append(place)
            } else if needed.contains(index) {
                var table = table
                table.isLeaving = true
                tables.append(plan.tables.count)
                plan.tables.append(table)
            } else {
                tables.append(nil)
            }
        }
    }

    /// A frontend that stays behind may still follow its rules, and a server that does be asked for a name.
    private mutating func matchVariables(of old: BalancerPlan) {
        let names = positions(plan.variables.map(\.name))
        let isNeeded =
            frontends.contains { $0 ?? 0 >= plan.frontends.count }
            || plan.pools.flatMap(\.servers).contains {
                $0.isLeaving && $0.connection.sources.contains { $0.variable != nil }
            }
        for var variable in old.variables {
            if let place = names[variable.name] {
                variables.append(place)
            } else if isNeeded {
                variable.isLeaving = true
                variables.append(plan.variables.count)
                plan.variables.append(variable)
            } else {
                variables.append(nil)
            }
        }
        for pool in plan.pools.indices {
            for server in plan.pools[pool].servers.indices
            where plan.pools[pool].servers[server].isLeaving {
                plan.pools[pool].servers[server].connection.move(variables)
            }
        }
    }

    private mutating func leaveFrontends(of old: BalancerPlan) {
        for (index, frontend) in old.frontends.enumerated() {
            guard let next = frontends[index], next == plan.frontends.count else { continue }
            plan.frontends.append(
                frontend.leaving(pools: pools, tables: tables, variables: variables))
            sockets.append([])
        }
    }

    private mutating func matchListeners(
        of old: BalancerPlan, _ oldSockets: [[Int32]], _ use: Use
    ) {
        var places: [(frontend: Int, listener: Int)?] = []
        for (index, frontend) in old.frontends.enumerated() {
            guard let next = frontends[index] else {
                places += frontend.listeners.map { _ in nil }
                continue
            }
            for (number, listener) in frontend.listeners.enumerated() {
                let socket = oldSockets[index][number]
                if socket >= 0, let position = sockets[next].firstIndex(of: socket) {
                    places.append((next, position))
                } else if socket >= 0 || use.listeners[places.count] {
                    var listener = listener
                    listener.isLeaving = true
                    places.append((next, plan.frontends[next].listeners.count))
                    plan.frontends[next].listeners.append(listener)
                    sockets[next].append(-1)
                } else {
                    places.append(nil)
                }
            }
        }
        let layout = TallyLayout(plan)
        listeners = places.map { $0.map { layout.listeners[$0.frontend].lowerBound + $0.listener } }
    }

    private func positions(_ names: [String]) -> [String: Int] {
        Dictionary(
            names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
