internal import LinuxIO
internal import Synchronization

/// What all reactors of a balancer share.
final class SharedState: Sendable {
    /// A pool and what never changes about it.
    final class Pool: Sendable {
        let state: Mutex<PoolState>
        init(_ plan: PoolPlan) { state = Mutex(PoolState(plan)) }
    }

    let plan: BalancerPlan
    let admission: Mutex<Admission>
    /// For each frontend that limits the rate of one address.
    let sourceRates: [SourceRates?]
    let pools: [Pool]
    let inboxes: [Inbox]
    let boards: [TallyBoard]
    let histograms: [HistogramBoard]
    /// Where records of connections go; `nil` where no frontend tells of any.
    let records: ConnectionRecords?
    /// What balancers before this one have counted.
    let former: Mutex<FormerCounters>
    let ports: SourcePorts
    let layout: TallyLayout
    /// Where connections can lead, and what is decided on the way.
    let paths: PathTable
    /// One for each frontend.
    let refusals: [RefusalTally]
    let connectionLimit: Int
    let watch: ConnectionWatch?
    let addresses: AddressBook
    /// Tells this balancer's `unique-id`s from those of others.
    let ownNumber = UInt64.random(in: 0 ... .max)

    init(_ plan: BalancerPlan, observer: ConnectionObserver? = nil) throws(SystemError) {
        self.plan = plan
        layout = TallyLayout(plan)
        paths = PathTable(plan, layout: layout)
        refusals = plan.frontends.map { _ in RefusalTally() }
        connectionLimit = SharedState.connectionLimit(of: plan)
        let limit = connectionLimit
        admission = Mutex(
            Admission(
                processLimit: limit,
                frontendLimits: plan.frontends.map { min($0.connectionLimit ?? limit, limit) },
                rateLimits: plan.frontends.map { $0.sessionRateLimit ?? .max },
                listenerLimits: paths.entries.map { $0.connectionLimit ?? .max }))
        sourceRates = plan.frontends.map { frontend in
            frontend.sessionRateLimitPerSource.map { SourceRates(limit: $0) }
        }
        pools = plan.pools.map(Pool.init)
        var inboxes: [Inbox] = []
        for _ in 0..<plan.reactorCount { inboxes.append(try Inbox()) }
        self.inboxes = inboxes
        let count = layout.count
        boards = inboxes.map { _ in TallyBoard(count: count) }
        histograms = inboxes.map { _ in HistogramBoard(poolCount: plan.pools.count) }
        let isLogging = plan.frontends.contains { $0.logging != nil }
        records = isLogging ? try ConnectionRecords(reactorCount: plan.reactorCount) : nil
        former = Mutex(FormerCounters(vectors: Array(repeating: CounterVector(), count: count)))
        ports = SourcePorts(serverCount: layout.serverCount)
        let layout = layout
        watch = observer.map { ConnectionWatch(layout, observer: $0) }
        addresses = AddressBook(serverCount: layout.serverCount)
    }

    /// Pipes of each reactor.
    static func pipeCount(of plan: BalancerPlan) -> Int { max(4, 48 / plan.reactorCount) }

    /// Delivers what a change in a pool means for waiting connections.
    func deliver(_ notices: [PoolState.Notice], pool: Int) {
        for notice in notices {
            inboxes[notice.waiter.reactor].post(.notice(pool: pool, notice))
        }
    }

    /// A connection takes two descriptors; the rest is for pipes, listeners, and what the process
    /// does beside relaying.
    private static func connectionLimit(of plan: BalancerPlan) -> Int {
        let pipes = 2 * pipeCount(of: plan) * plan.reactorCount
        let possible = max(1, (KernelSettings.openFileLimit - pipes - reservedDescriptors) / 2)
        return min(plan.connectionLimit ?? .max, possible, mostConnections)
    }
}

extension PoolState.Notice {
    var waiter: Waiter {
        switch self {
        case .serve(let waiter, _), .chooseAgain(let waiter): waiter
        }
    }
}

/// Where each frontend's, pool's and server's counters stand on a board.
struct TallyLayout: Hashable {
    let frontendCount: Int
    let poolCount: Int
    /// The number of each pool's first server, counted over all pools.
    let firstServers: [Int]
    let serverCount: Int

    init(_ plan: BalancerPlan) {
        frontendCount = plan.frontends.count
        poolCount = plan.pools.count
        var sum = 0
        firstServers = plan.pools.map { pool in
            defer { sum += pool.servers.count }
            return sum
        }
        serverCount = sum
    }

    var count: Int { frontendCount + poolCount + serverCount }
    func pool(_ index: Int) -> Int { frontendCount + index }
    func server(_ number: Int) -> Int { frontendCount + poolCount + number }
}

private let reservedDescriptors = 128
/// Half indices are 32 bits with a sign in the slab's links.
private let mostConnections = 1 << 24
