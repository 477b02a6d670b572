internal import LinuxIO
internal import Synchronization

/// What all reactors of a balancer share under one plan.
final class SharedState: Sendable {
    /// A pool and what never changes about it.
    final class Pool: Sendable {
        let plan: PoolPlan
        /// How clients belong to its servers.
        let sticking: [StickStep]
        let state: Mutex<PoolState>
        /// Where its servers stand, by their names.
        private let places: [String: Int]

        init(_ plan: PoolPlan, sticking: [StickStep]) {
            self.plan = plan
            self.sticking = sticking
            places = plan.servers.map(\.name).places
            state = Mutex(PoolState(plan))
        }

        /// Whether a server is up, by its name.
        func isUp(_ name: String) -> Bool {
            guard let server = places[name] else { return false }
            return state.withLock { $0.servers[server].isReachable }
        }

        /// How much of something a server has, by its name, in milliseconds of the monotonic clock.
        func value(of quantity: ServerLoad, _ name: String, at now: UInt64) -> Int {
            guard let server = places[name] else { return 0 }
            return state.withLock { $0.servers[server].value(of: quantity, at: now) }
        }
    }

    let plan: BalancerPlan
    /// Where frontends stand, by their names.
    let frontendPlaces: [String: Int]
    /// The listeners' sockets; -1: nobody connects to it any more.
    let sockets: [[Int32]]
    /// Counts plans; records tell by it whose places they name.
    let generation: Int
    let admission: Mutex<Admission>
    /// For each frontend that limits the rate of one address.
    let sourceRates: [SourceRates?]
    let tables: [StickTable]
    /// For each table the servers that its keys belong to.
    let stickServers: [StickServers]
    let pools: [Pool]
    /// What rules remember of the process, by the positions of all variables.
    let variables: Mutex<[VariableValue]>
    let inboxes: [Inbox]
    let boards: [TallyBoard]
    let histograms: [HistogramBoard]
    /// Where records of connections go; `nil` where no frontend tells of any.
    let records: ConnectionRecords?
    /// What was counted before: by other balancers, and under other plans.
    let former: Mutex<FormerCounters>
    let ports: SourcePorts
    /// For each server the ports that its connections have one each of; `nil`: the kernel's.
    let portRanges: [PortRange?]
    let hasPortRanges: Bool
    let layout: TallyLayout
    /// Where connections can lead, and what is decided on the way.
    let paths: PathTable
    /// One for each frontend.
    let refusals: [RefusalTally]
    let connectionLimit: Int
    let watch: ConnectionWatch?
    let addresses: AddressBook
    /// Tells this balancer's `unique-id`s from those of others.
    let ownNumber: UInt64
    /// Counts connections, where lines or identifiers say which one it is.
    let requests: RequestCounter

    init(
        _ plan: BalancerPlan, sockets: [[Int32]] = [], observer: ConnectionObserver? = nil
    ) throws(SystemError) {
        self.plan = plan
        frontendPlaces = plan.frontends.map(\.name).places
        self.sockets = sockets
        generation = 0
        layout = TallyLayout(plan)
        paths = PathTable(plan, layout: layout)
        refusals = plan.frontends.map { _ in RefusalTally() }
        connectionLimit = SharedState.connectionLimit(of: plan)
        admission = Mutex(Admission(plan, limit: connectionLimit))
        sourceRates = plan.frontends.map { frontend in
            frontend.sessionRateLimitPerSource.map { SourceRates(limit: $0) }
        }
        let servers = StickServers.all(of: plan)
        stickServers = servers
        tables = zip(plan.tables, servers).map { StickTable($0, servers: $1) }
        pools = plan.pools.map { Pool($0, sticking: StickStep.all(of: $0, servers)) }
        variables = Mutex(plan.variables.map { _ in .none })
        var inboxes: [Inbox] = []
        for _ in 0..<plan.reactorCount { inboxes.append(try Inbox()) }
        self.inboxes = inboxes
        let count = layout.count
        boards = inboxes.map { _ in TallyBoard(count: count) }
        histograms = inboxes.map { _ in HistogramBoard(poolCount: plan.pools.count) }
        records = plan.isLogging ? try ConnectionRecords(reactorCount: plan.reactorCount) : nil
        former = Mutex(FormerCounters(plan, layout))
        ports = SourcePorts(serverCount: layout.serverCount)
        portRanges = plan.portRanges
        hasPortRanges = portRanges.contains { $0 != nil }
        let layout = layout
        watch = observer.map { ConnectionWatch(layout, observer: $0) }
        addresses = AddressBook(serverCount: layout.serverCount)
        ownNumber = .random(in: 0 ... .max)
        requests = RequestCounter()
    }

    /// Makes what the reactors go on with; nothing of it counts before the handover.
    init(
        succeeding former: SharedState, by succession: Succession, observer: ConnectionObserver?
    ) throws(SystemError) {
        plan = succession.plan
        frontendPlaces = plan.frontends.map(\.name).places
        sockets = succession.sockets
        generation = former.generation + 1
        layout = TallyLayout(plan)
        paths = PathTable(plan, layout: layout, further: former.ways(in: succession))
        var refusals = plan.frontends.map { _ in RefusalTally() }
        var rates = plan.frontends.map { frontend in
            frontend.sessionRateLimitPerSource.map { SourceRates(limit: $0) }
        }
        for case (let index, let place?) in succession.frontends.enumerated() {
            refusals[place] = former.refusals[index]
            if let limit = plan.frontends[place].sessionRateLimitPerSource {
                rates[place] = SourceRates(limit: limit, goingOnFrom: former.sourceRates[index])
            }
        }
        self.refusals = refusals
        sourceRates = rates
        connectionLimit = SharedState.connectionLimit(of: plan)
        admission = Mutex(Admission(plan, limit: connectionLimit))
        let servers = former.stickServers(in: succession)
        stickServers = servers
        tables = former.tables(in: succession, servers)
        pools = former.pools(in: succession, servers)
        variables = Mutex(succession.plan.variables.map { _ in .none })
        inboxes = former.inboxes
        let count = layout.count
        let poolCount = plan.pools.count
        boards = inboxes.map { _ in TallyBoard(count: count) }
        histograms = inboxes.map { _ in HistogramBoard(poolCount: poolCount) }
        records =
            if let records = former.records {
                records
            } else if plan.isLogging {
                try ConnectionRecords(reactorCount: plan.reactorCount)
            } else { nil }
        self.former = Mutex(FormerCounters(plan, layout))
        ports = SourcePorts(
            serverCount: layout.serverCount, goingOnFrom: former.ports, places: succession.servers)
        var ranges = plan.portRanges
        for case (let index, let place?) in succession.servers.enumerated()
        where former.portRanges[index]?.ports == ranges[place]?.ports {
            ranges[place] = former.portRanges[index]
        }
        portRanges = ranges
        hasPortRanges = ranges.contains { $0 != nil }
        let layout = layout
        watch = observer.map { ConnectionWatch(layout, observer: $0) }
        addresses = AddressBook(serverCount: layout.serverCount)
        ownNumber = former.ownNumber
        requests = former.requests
    }

    /// Pipes of each reactor.
    static func pipeCount(of plan: BalancerPlan) -> Int { max(4, 48 / plan.reactorCount) }

    /// Delivers what a change in a pool means for waiting connections.
    func deliver(_ notices: [PoolState.Notice], pool: Int) {
        for notice in notices {
            inboxes[notice.waiter.reactor].post(.notice(pool: pool, notice))
        }
    }

    /// How many places for connections a reactor reserves: as many as there may be under any plan.
    static var placeCount: Int { min(max(1, KernelSettings.openFileLimit / 2), mostConnections) }

    private static func connectionLimit(of plan: BalancerPlan) -> Int {
        min(
            plan.connectionLimit ?? .max,
            plan.possibleConnections(with: KernelSettings.openFileLimit))
    }
}

extension BalancerPlan {
    /// How many connections there can be.
    ///
    /// A connection takes two descriptors; the rest is for pipes, for sockets that are kept, and for what
    /// the process does beside relaying.
    ///
    /// - Parameter openFiles: The limit on descriptors of the process.
    /// - Returns: The number, at least 1.
    public func possibleConnections(with openFiles: Int) -> Int {
        let own = (2 * SharedState.pipeCount(of: self) + mostSpareSockets) * reactorCount
        return min(max(1, (openFiles - own - otherDescriptors) / 2), mostConnections)
    }
}

extension BalancerPlan {
    fileprivate var isLogging: Bool { frontends.contains { $0.logging != nil } }
}

extension Admission {
    fileprivate init(_ plan: BalancerPlan, limit: Int) {
        self.init(
            processLimit: limit, processRateLimit: plan.connectionRateLimit ?? .max,
            processSessionRateLimit: plan.sessionRateLimit ?? .max,
            frontendLimits: plan.frontends.map { min($0.connectionLimit ?? limit, limit) },
            rateLimits: plan.frontends.map { $0.sessionRateLimit ?? .max },
            listenerLimits: plan.frontends.flatMap { $0.listeners }.map {
                $0.connectionLimit ?? .max
            }, takesFlows: plan.frontends.map(\.isDatagram),
            securedLimit: plan.securedLimit ?? .max,
            securedRateLimit: plan.securedRateLimit ?? .max,
            securedListeners: plan.frontends.flatMap(\.listeners).map { $0.security != nil })
    }
}

extension PoolState.Notice {
    var waiter: Waiter {
        switch self {
        case .serve(let waiter, _), .chooseAgain(let waiter): waiter
        }
    }
}

/// Where each listener's, pool's and server's counters stand on a board; a frontend's are the sum of
/// its listeners'.
struct TallyLayout: Hashable {
    /// The number of each frontend's listeners, counted over all frontends.
    let listeners: [Range<Int>]
    let listenerCount: Int
    let poolCount: Int
    /// The number of each pool's first server, counted over all pools.
    let firstServers: [Int]
    let serverCount: Int

    init(_ plan: BalancerPlan) {
        var listenerSum = 0
        listeners = plan.frontends.map { frontend in
            let first = listenerSum
            listenerSum += frontend.listeners.count
            return first..<listenerSum
        }
        listenerCount = listenerSum
        poolCount = plan.pools.count
        var sum = 0
        firstServers = plan.pools.map { pool in
            defer { sum += pool.servers.count }
            return sum
        }
        serverCount = sum
    }

    var count: Int { listenerCount + poolCount + serverCount }
    func pool(_ index: Int) -> Int { listenerCount + index }
    func server(_ number: Int) -> Int { listenerCount + poolCount + number }
}

/// Half indices are 32 bits with a sign in the slab's links.
private let mostConnections = 1 << 24

extension [String] {
    /// Where each stands; of equal ones the first.
    fileprivate var places: [String: Int] {
        Dictionary(zip(self, indices), uniquingKeysWith: { first, _ in first })
    }
}
