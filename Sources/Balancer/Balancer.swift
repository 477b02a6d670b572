public import LinuxIO
internal import Synchronization

/// Accepts TCP connections, chooses a server for each, and moves the bytes.
///
/// All methods may be called from any thread; ``start()`` begins and ``stop()`` ends it, once each.
///
///     let balancer = try Balancer(plan: plan, listeners: [[socket]])
///     try balancer.start()
///     …
///     balancer.drain(for: .seconds(30))
///     balancer.stop()
public final class Balancer: Sendable {
    private let shared: SharedState
    private let listeners: [[Int32]]
    private let accepts = Atomic(true)
    private let threads: Mutex<[RunningThread]>

    /// Prepares a balancer that does not accept yet.
    ///
    /// - Parameters:
    ///   - plan: What it is to do, without a ``BalancerPlan/fault``.
    ///   - listeners: The listening sockets of each frontend, non-blocking. They
    ///     remain the caller's, who keeps them open until after ``stop()``; they may be shared with
    ///     another process, and outlive this one.
    ///   - observer: Told how connecting to a server ended: of each failure, and of the first
    ///     success after it. Called on the reactors' threads; must not wait for anything.
    /// - Throws: `SystemError` when the process has no descriptor left.
    public init(
        plan: BalancerPlan, listeners: [[Int32]], observer: ConnectionObserver? = nil
    ) throws(SystemError) {
        precondition(listeners.count == plan.frontends.count, "a list of listeners per frontend")
        var plan = plan
        for (index, sockets) in listeners.enumerated() {
            let missing = max(0, sockets.count - plan.frontends[index].listeners.count)
            plan.frontends[index].listeners += Array(repeating: ListenerPlan(), count: missing)
        }
        if let fault = plan.fault { preconditionFailure(fault) }
        shared = try SharedState(plan, observer: observer)
        self.listeners = listeners
        threads = Mutex([])
    }

    /// What it was made to do.
    public var plan: BalancerPlan { shared.plan }

    /// Greatest number of concurrent connections, as the descriptor limit allows.
    public var connectionLimit: Int { shared.connectionLimit }

    /// Starts the reactors' threads.
    ///
    /// - Throws: `SystemError` when the system gives no thread, descriptor or address space; no
    ///   reactor runs then.
    public func start() throws(SystemError) {
        for socket in listeners.joined() { StreamSocket.disableDelay(socket) }
        do {
            for number in 0..<plan.reactorCount {
                let thread = try RunningThread(number: number, shared: shared, listeners: listeners)
                threads.withLock { $0.append(thread) }
            }
        } catch {
            stop()
            throw error
        }
    }

    /// Resets what is open, ends the reactors and waits for them.
    public func stop() {
        accepts.store(false, ordering: .relaxed)
        for inbox in shared.inboxes { inbox.post(.stop) }
        let ending = threads.withLock { running in
            defer { running = [] }
            return running
        }
        for thread in ending { thread.join() }
    }

    /// Whether new connections are accepted.
    public var isAccepting: Bool { accepts.load(ordering: .relaxed) }

    /// Leaves new connections in the kernel's queues; those that are open go on.
    public func pauseAccepting() { setAccepting(false) }

    /// Accepts again.
    public func resumeAccepting() { setAccepting(true) }

    /// Stops accepting and waits until the last connection has ended.
    ///
    /// - Parameter longest: How long to wait.
    /// - Returns: Whether all have ended.
    @discardableResult
    public func drain(for longest: Duration) -> Bool {
        pauseAccepting()
        let end = MonotonicInstant.now + longest
        while connectionCount > 0 {
            guard MonotonicInstant.now < end else { return false }
            Thread.sleep(for: .milliseconds(10))
        }
        return true
    }

    /// Connections that are open now, or just being accepted.
    ///
    /// After ``pauseAccepting()`` it only falls: 0 then means that none is left.
    public var connectionCount: Int {
        shared.admission.withLock { $0.process.taken + $0.sweepsLeft }
    }

    /// Takes note of a server's health; servers start up.
    ///
    /// - Parameters:
    ///   - pool: The pool's position in the plan.
    ///   - server: The server's position in the pool.
    ///   - isUp: Whether its checks succeed.
    ///   - warmsUp: Whether a server that comes up takes little at first (`slowstart`). One that is
    ///     merely found well for the first time has no reason to.
    public func setHealth(pool: Int, server: Int, isUp: Bool, warmsUp: Bool = true) {
        var hasChanged = false
        change(pool) {
            hasChanged = $0.servers[server].isUp != isUp
            return $0.setHealth(isUp, of: server, warmsUp: warmsUp, at: $1)
        }
        guard hasChanged else { return }
        let servers = plan.pools[pool].servers
        if !isUp, servers[server].shutsSessionsWhenDown { endSessions(pool: pool, server: server) }
        if isUp, servers[server].shutsBackupSessionsWhenUp {
            for backup in servers.indices where servers[backup].isBackup {
                endSessions(pool: pool, server: backup, because: .activeCameUp)
            }
        }
    }

    /// Resets the connections to a server, on both sides: a clean end would look like a complete
    /// answer.
    ///
    /// - Parameters:
    ///   - pool: The pool's position in the plan.
    ///   - server: The server's position in the pool.
    ///   - cause: What the log says.
    public func endSessions(
        pool: Int, server: Int, because cause: SessionEndCause = .serverDown
    ) {
        let number = shared.layout.firstServers[pool] + server
        for inbox in shared.inboxes { inbox.post(.endSessions(server: number, cause)) }
    }

    /// Takes note of what the operator wants of a server.
    ///
    /// - Parameters:
    ///   - pool: The pool's position in the plan.
    ///   - server: The server's position in the pool.
    ///   - state: What it is to do.
    public func setAdministrativeState(pool: Int, server: Int, _ state: AdministrativeState) {
        change(pool) { $0.setAdministrativeState(state, of: server, at: $1) }
    }

    /// Changes where a server is; connections that exist stay where they are.
    ///
    /// - Parameters:
    ///   - pool: The pool's position in the plan.
    ///   - server: The server's position in the pool; one that the plan says is known by name.
    ///   - address: Where new connections go; not a Unix socket.
    public func setAddress(pool: Int, server: Int, _ address: StreamAddress) {
        precondition(plan.pools[pool].servers[server].isByName && !address.isLocal, "by name")
        shared.addresses.set(address, of: shared.layout.firstServers[pool] + server)
    }

    /// Changes a server's share of new connections.
    ///
    /// - Parameters:
    ///   - pool: The pool's position in the plan.
    ///   - server: The server's position in the pool.
    ///   - weight: 0 to 256; 0 takes no new connections.
    public func setWeight(pool: Int, server: Int, _ weight: Int) {
        change(pool) { $0.setWeight(weight, of: server, at: $1) }
    }

    /// Resets the connections through an address that is not this node's any more.
    ///
    /// Whoever has the address now answers their packets with a reset, if at all: until a time-out
    /// the server's side would hold its place. Both sides are reset at once, and counted as
    /// ``Refusal/addressLeft``.
    ///
    /// - Parameter address: The address; its port does not matter.
    public func closeConnections(throughLocalAddress address: IPEndpoint) {
        for inbox in shared.inboxes { inbox.post(.addressLeft(address)) }
    }

    /// Changes how many connections a server may have.
    ///
    /// - Parameters:
    ///   - pool: The pool's position in the plan.
    ///   - server: The server's position in the pool.
    ///   - limit: At least 1; `nil`: any number.
    public func setConnectionLimit(pool: Int, server: Int, _ limit: Int?) {
        change(pool) { $0.setConnectionLimit(limit, of: server, at: $1) }
    }

    private func change(
        _ pool: Int, _ body: (inout PoolState, UInt64) -> [PoolState.Notice]
    ) {
        let now = MonotonicInstant.now.milliseconds
        let (notices, isWarming) = shared.pools[pool].state.withLock {
            (body(&$0, now), $0.isWarming)
        }
        shared.deliver(notices, pool: pool)
        if isWarming { shared.inboxes[0].post(.warm) }
    }

    private func setAccepting(_ value: Bool) {
        accepts.store(value, ordering: .relaxed)
        let reactors = threads.withLock { $0.count }
        shared.admission.withLock { admission in
            if value { admission.isOpen = true } else { admission.close(reactors: reactors) }
        }
        for inbox in shared.inboxes { inbox.post(.setAccepting(value)) }
    }

    /// Where the records of connections come out; `nil` where no frontend tells of any.
    public var records: ConnectionRecords? { shared.records }

    /// All counters that only grow, by name, with those taken over from others.
    public func ledger() -> CounterLedger { shared.ledger() }

    /// Goes on from what another balancer has counted, as far as the names are the same.
    public func add(_ ledger: CounterLedger) { shared.add(ledger) }

    /// The counters at this moment; no reactor waits for it.
    public func snapshot() -> BalancerSnapshot {
        shared.snapshot(isAccepting: isAccepting, at: MonotonicInstant.now.milliseconds)
    }

    /// The counters of one pool at this moment.
    ///
    /// - Parameter pool: The pool's position in the plan.
    /// - Returns: The same as in ``snapshot()``.
    public func snapshot(ofPool pool: Int) -> PoolSnapshot {
        shared.snapshot(ofPool: pool, at: MonotonicInstant.now.milliseconds)
    }

    /// What one server has to do at this moment, without what others have counted.
    ///
    /// - Parameters:
    ///   - pool: The pool's position in the plan.
    ///   - server: The server's position in the pool.
    /// - Returns: The look.
    public func glance(pool: Int, server: Int) -> ServerGlance {
        shared.pools[pool].state.withLock { $0.glance(at: server) }
    }
}

/// A reactor's thread.
private final class RunningThread: Sendable {
    private let thread: Mutex<Thread?>

    init(number: Int, shared: SharedState, listeners: [[Int32]]) throws(SystemError) {
        // Made here, so that what it lacks is the caller's to know; run by its own thread.
        let worker = WorkerBox(
            try Worker(number: number, shared: shared, listeners: listeners))
        let thread = try Thread(name: "relay-\(number)") { worker.run() }
        self.thread = Mutex(thread)
    }

    func join() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        thread.join()
    }
}

/// Carries a worker to the thread that runs it.
private final class WorkerBox: @unchecked Sendable {
    // SAFETY: the thread takes the worker out before it runs it, and nobody else looks in.
    private var worker: Worker?

    init(_ worker: consuming Worker) { self.worker = consume worker }

    func run() {
        guard var local = worker.take() else { return }
        local.run()
    }
}
