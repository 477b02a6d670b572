/// Where connections come in, and where they can lead.
///
/// A connection knows its entry (the listening socket) and its route (a frontend and one of the
/// pools that it can lead to) by a number each.
struct PathTable: Sendable {
    /// A listening socket, counted over all frontends.
    struct Entry: Sendable {
        let frontend: Int
        /// The route to the frontend's own pool.
        let route: Int
        let acceptsProxyHeader: Bool
        /// Whether a connection may begin with a PROXY header, so that its source is known later.
        let mayHaveHeader: Bool
        /// How long the PROXY header may take, in milliseconds.
        let headerTimeout: UInt64
        let connectionLimit: Int?
        let isDatagram: Bool
        /// What is decided before a server is chosen; `nil`: nothing.
        let program: RuleProgram?

        /// Whether a connection goes straight to its pool.
        var isPlain: Bool { !acceptsProxyHeader && program == nil }
    }

    private(set) var entries: [Entry] = []
    private(set) var routes: [Worker.Route] = []
    /// How many of the routes, the first ones, new connections take.
    private(set) var ownRouteCount = 0

    /// - Parameters:
    ///   - plan: What is to be done.
    ///   - layout: Where the servers stand.
    ///   - further: Ways that only connections take which have it already.
    init(
        _ plan: BalancerPlan, layout: TallyLayout, further: [(frontend: Int, pool: Int)] = []
    ) {
        for (index, frontend) in plan.frontends.enumerated() {
            let first = routes.count
            let pools = frontend.poolIndices
            let places = Dictionary(
                uniqueKeysWithValues: pools.enumerated().map { ($1, first + $0) })
            routes += pools.map { Worker.Route(index, to: $0, in: plan, layout: layout) }
            let hasRules =
                !frontend.rules.isEmpty || pools.contains { plan.pools[$0].decidesByRules }
            let program =
                !hasRules || frontend.isDatagram
                ? nil
                : RuleProgram(
                    frontend.rules,
                    ways: frontend.rules.pools.map { $0.target.mapped { places[$0] ?? first } },
                    firstRoute: first, pools: pools.map { plan.pools[$0] },
                    twin: frontend.twinPoolIndex.flatMap(pools.firstIndex))
            let limit = milliseconds(frontend.clientTimeout)
            let expectsHeader = frontend.rules.connection.contains {
                $0.action == .expectProxyHeader
            }
            entries += frontend.listeners.map { listener in
                Entry(
                    frontend: index, route: first,
                    acceptsProxyHeader: listener.acceptsProxyHeader,
                    mayHaveHeader: listener.acceptsProxyHeader || expectsHeader,
                    headerTimeout: limit == 0 ? mostHeaderTime : min(limit, mostHeaderTime),
                    connectionLimit: listener.connectionLimit, isDatagram: frontend.isDatagram,
                    program: program)
            }
        }
        ownRouteCount = routes.count
        var known = Set(routes.map { Way(frontend: $0.frontend, pool: $0.pool) })
        for (frontend, pool) in further
        where known.insert(Way(frontend: frontend, pool: pool)).inserted {
            routes.append(Worker.Route(frontend, to: pool, in: plan, layout: layout))
        }
    }

    /// What tells one route from another.
    struct Way: Hashable {
        let frontend: Int
        let pool: Int
    }
}

/// Milliseconds that a PROXY header may take, whatever the client's time-out: it comes from a
/// machine, and at once.
private let mostHeaderTime: UInt64 = 10_000
