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
        /// As ``ListenerPlan/insertionMagic``.
        let insertionMagic: UInt32?
        /// Whether a connection may begin with a PROXY header, so that its source is known later.
        let mayHaveHeader: Bool
        /// How long the PROXY header may take, in milliseconds.
        let headerTimeout: UInt64
        /// What ends the TLS of clients; `nil`: nothing does.
        let security: (any ClientSecurity)?
        /// What lines of the log tell of it.
        let securedSamples: [SecuredSample]
        /// How long a handshake may take, in milliseconds.
        let handshakeTimeout: UInt64
        let connectionLimit: Int?
        let isDatagram: Bool
        /// Whether log lines or identifiers say which connection of the process one is.
        let numbersConnections: Bool
        /// What rules know it by (`so_id`).
        let number: Int
        /// What is decided before a server is chosen; `nil`: nothing.
        let program: RuleProgram?

        /// Whether a connection goes straight to its pool.
        var isPlain: Bool { !acceptsProxyHeader && program == nil && security == nil }
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
        let asked = plan.askedPools
        func route(_ frontend: Int, _ pool: Int) -> Worker.Route {
            Worker.Route(
                frontend, to: pool, in: plan, layout: layout,
                countsArrivals: asked.contains(pool))
        }
        for (index, frontend) in plan.frontends.enumerated() {
            let first = routes.count
            let pools = frontend.poolIndices
            let places = Dictionary(
                uniqueKeysWithValues: pools.enumerated().map { ($1, first + $0) })
            routes += pools.map { route(index, $0) }
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
            let numbers = BalancerPlan.numbers(own: frontend.listeners.map(\.number))
            entries += zip(frontend.listeners, numbers).map { listener, number in
                Entry(
                    frontend: index, route: first,
                    acceptsProxyHeader: listener.acceptsProxyHeader,
                    insertionMagic: listener.insertionMagic,
                    mayHaveHeader: listener.acceptsProxyHeader || expectsHeader,
                    headerTimeout: limit == 0 ? mostHeaderTime : min(limit, mostHeaderTime),
                    security: listener.security, securedSamples: frontend.securedSamples,
                    handshakeTimeout: frontend.handshakeTimeout.map(milliseconds)
                        ?? (limit == 0 ? mostHandshakeTime : min(limit, mostHandshakeTime)),
                    connectionLimit: listener.connectionLimit, isDatagram: frontend.isDatagram,
                    numbersConnections: frontend.tellsRequestNumbers,
                    number: number, program: program)
            }
        }
        ownRouteCount = routes.count
        var known = Set(routes.map { Way(frontend: $0.frontend, pool: $0.pool) })
        for (frontend, pool) in further
        where known.insert(Way(frontend: frontend, pool: pool)).inserted {
            routes.append(route(frontend, pool))
        }
    }

    /// What tells one route from another.
    struct Way: Hashable {
        let frontend: Int
        let pool: Int
    }
}

extension FrontendPlan {
    fileprivate var tellsRequestNumbers: Bool {
        identifierFormat?.tellsRequestNumber == true || logging?.tellsRequestNumber == true
    }
}

extension BalancerPlan {
    /// The pools whose newcomers rules ask about: those alone are counted.
    fileprivate var askedPools: Set<Int> {
        let conditions =
            frontends.flatMap { $0.rules.conditions }
            + pools.flatMap { $0.contentRules.map(\.condition) + $0.serverConditions }
        return Set(
            conditions.flatMap(\.questions).compactMap { question in
                switch question {
                case .pool(.sessionRate, let pool, _), .pool(.connections, let pool, _): pool
                default: nil
                }
            })
    }
}

/// Milliseconds that a PROXY header may take, whatever the client's time-out: it comes from a
/// machine, and at once.
private let mostHeaderTime: UInt64 = 10_000
/// Milliseconds that a handshake may take unless the plan says so: whoever waits longer holds a place
/// without having said who he is.
private let mostHandshakeTime: UInt64 = 30_000
