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
    /// What the reactors share under the plan in force; its lock keeps handovers out meanwhile.
    private let current: Mutex<SharedState>
    private let accepts = Atomic(true)
    private let threads: Mutex<[RunningThread]>

    /// Prepares a balancer that does not accept yet.
    ///
    /// - Parameters:
    ///   - plan: What it is to do.
    ///   - listeners: The listening sockets of each frontend, non-blocking, as
    ///     `Socket.listening(on:options:)` of LinuxIO makes them. They
    ///     remain the caller's, who keeps them open until after ``stop()``; they may be shared with
    ///     another process, and outlive this one.
    ///   - observer: Told how connecting to a server ended: of each failure, and of the first
    ///     success after it. Called on the reactors' threads; must not wait for anything.
    /// - Throws: ``PlanError`` when the plan can't be carried out, or the process has no descriptor left.
    public init(
        plan: BalancerPlan, listeners: [[Int32]], observer: ConnectionObserver? = nil
    ) throws(PlanError) {
        let complete = try plan.complete(for: listeners)
        do throws(SystemError) {
            current = Mutex(
                try SharedState(complete, sockets: plan.sockets(listeners), observer: observer))
        } catch { throw .system(error) }
        threads = Mutex([])
    }

    /// What it does, with what stays behind for connections that are there already.
    public var plan: BalancerPlan { view.plan }

    /// Greatest number of concurrent connections: the plan's, as far as the descriptor limit allows.
    public var connectionLimit: Int { shared.connectionLimit }

    /// A look at it under the plan in force; stays what it is when another plan comes.
    public var view: BalancerView { BalancerView(shared) }

    private var shared: SharedState { current.withLock { $0 } }

    /// Where a reactor is asked; `nil`: there is none of that number.
    func inbox(of reactor: Int) -> Inbox? {
        let inboxes = shared.inboxes
        return inboxes.indices.contains(reactor) ? inboxes[reactor] : nil
    }

    /// Starts the reactors' threads.
    ///
    /// - Throws: `SystemError` when the system gives no thread, descriptor or address space; no
    ///   reactor runs then.
    public func start() throws(SystemError) {
        let shared = shared
        for socket in shared.sockets.joined() { StreamSocket.disableDelay(socket) }
        do {
            for number in 0..<shared.plan.reactorCount {
                let thread = try RunningThread(number: number, shared: shared)
                threads.withLock { $0.append(thread) }
            }
        } catch {
            stop()
            throw error
        }
    }

    /// Goes on by another plan, without ending a connection.
    ///
    /// Connections stay where they are, and time-outs and limits of the new plan hold for them too.
    /// Frontends, pools and servers of the same name go on with their counts, lines and turns; what
    /// the plan has no more takes no new connections and ends with its last one. The reactors stop
    /// for a moment between two turns.
    ///
    /// - Parameters:
    ///   - plan: What it is to do from now on.
    ///   - listeners: The listening sockets of each frontend; one that was there before goes on under
    ///     its number. The others may be closed when this returns.
    ///   - observer: As in ``init(plan:listeners:observer:)``, by the new plan's positions.
    ///   - beforehand: Called with what is returned, before anything is done under the new plan.
    /// - Returns: The look at it under the new plan.
    /// - Throws: ``PlanError`` when this balancer cannot; nothing has changed then.
    @discardableResult
    public func adopt(
        _ plan: BalancerPlan, listeners: [[Int32]], observer: ConnectionObserver? = nil,
        beforehand: (BalancerView) -> Void = { _ in }
    ) throws(PlanError) -> BalancerView {
        let former = shared
        let complete = try plan.complete(for: listeners)
        guard plan.reactorCount == former.plan.reactorCount else { throw .otherReactors }
        let succession = Succession(
            from: former.plan, former.sockets, inUse: former.use,
            to: complete, plan.sockets(listeners))
        if let fault = succession.plan.fault { throw .fault(fault) }
        let successor: SharedState
        do throws(SystemError) {
            successor = try SharedState(
                succeeding: former, by: succession, observer: observer)
        } catch { throw .system(error) }
        guard successor.paths.routes.count <= BalancerPlan.mostPlaces else {
            throw .fault("\(successor.paths.routes.count) paths")
        }
        for socket in successor.sockets.joined() where socket >= 0 {
            StreamSocket.disableDelay(socket)
        }
        let handover = Handover(
            to: successor, succession, routes: former.routes(in: successor, succession))
        let view = BalancerView(successor)
        beforehand(view)
        let reactors = threads.withLock { $0.count }
        current.withLock { shared in
            for inbox in former.inboxes { inbox.post(.handOver(handover)) }
            handover.gather(reactors)
            former.handOver(to: successor, succession, at: MonotonicInstant.now.milliseconds)
            handover.release(reactors)
            former.handOverCounters(to: successor, succession)
            shared = successor
        }
        return view
    }

    /// Asks the reactors whether they turn.
    ///
    /// - Parameter completion: Called once each of them has begun a turn since, on the thread of the last
    ///   one; must not wait for anything. Never called while one hangs, or after ``stop()``.
    public func callRoll(_ completion: @escaping @Sendable () -> Void) {
        let inboxes = shared.inboxes
        let call = RollCall(of: inboxes.count, completion)
        for inbox in inboxes { inbox.post(.answer(call)) }
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
        for inbox in shared.inboxes { inbox.end() }
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

    /// Connections that are open now.
    public var openConnectionCount: Int { shared.admission.withLock { max(0, $0.process.count) } }

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
        let servers = shared.plan.pools[pool].servers
        if !isUp, servers[server].shutsSessionsWhenDown { endSessions(pool: pool, server: server) }
        if isUp, servers[server].shutsBackupSessionsWhenUp {
            for backup in servers.indices where servers[backup].isBackup {
                endSessions(pool: pool, server: backup, because: .activeCameUp)
            }
        }
    }

    /// Takes note of whether first results of a pool's servers are still to come.
    ///
    /// While they are and no server is usable, clients wait as they do for a server with room: nobody
    /// is sent away by a balancer that has not looked yet.
    ///
    /// - Parameters:
    ///   - pool: The pool's position in the plan.
    ///   - isAwaited: Whether better news may come.
    public func setAwaited(pool: Int, _ isAwaited: Bool) {
        change(pool) { $0.setAwaited(isAwaited, at: $1) }
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
        current.withLock { shared in
            let number = shared.layout.firstServers[pool] + server
            for inbox in shared.inboxes { inbox.post(.endSessions(server: number, cause)) }
        }
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
    ///   - server: The server's position in the pool; not one that is a Unix socket.
    ///   - address: Where new connections go; not a Unix socket.
    public func setAddress(pool: Int, server: Int, _ address: StreamAddress) {
        current.withLock { shared in
            precondition(
                !shared.plan.pools[pool].servers[server].address.isLocal && !address.isLocal,
                "a Unix socket stays where it is")
            shared.addresses.set(address, of: shared.layout.firstServers[pool] + server)
        }
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
        current.withLock { shared in
            let (notices, isWarming) = shared.pools[pool].state.withLock {
                (body(&$0, now), $0.isWarming)
            }
            shared.deliver(notices, pool: pool)
            if isWarming { shared.inboxes[0].post(.warm) }
        }
    }

    private func setAccepting(_ value: Bool) {
        accepts.store(value, ordering: .relaxed)
        let reactors = threads.withLock { $0.count }
        current.withLock { shared in
            shared.admission.withLock { admission in
                if value { admission.isOpen = true } else { admission.close(reactors: reactors) }
            }
            for inbox in shared.inboxes { inbox.post(.setAccepting(value)) }
        }
    }

    /// Where the records of connections come out; `nil` where no frontend tells of any.
    public var records: ConnectionRecords? { shared.records }

    /// All that goes on in another balancer, by name, with what was taken over from others.
    public func ledger() -> CounterLedger { current.withLock { $0.ledger() } }

    /// Goes on from what another balancer has counted, as far as the names are the same.
    public func add(_ ledger: CounterLedger) { current.withLock { $0.add(ledger) } }

    /// The counters at this moment; no reactor waits for it.
    public func snapshot() -> BalancerSnapshot { view.snapshot() }
}

extension BalancerPlan {
    /// The plan with a listener for each socket, and nothing that cannot be.
    fileprivate func complete(for listeners: [[Int32]]) throws(PlanError) -> BalancerPlan {
        guard listeners.count == frontends.count else {
            throw .fault("sockets of \(listeners.count) frontends, and \(frontends.count) of these")
        }
        var plan = self
        for (index, sockets) in listeners.enumerated() {
            let missing = max(0, sockets.count - frontends[index].listeners.count)
            plan.frontends[index].listeners += Array(repeating: ListenerPlan(), count: missing)
        }
        if let fault = plan.fault { throw .fault(fault) }
        return plan
    }

    /// A socket for each listener; -1 where there is none.
    fileprivate func sockets(_ listeners: [[Int32]]) -> [[Int32]] {
        zip(frontends, listeners).map { frontend, sockets in
            sockets
                + Array(repeating: -1, count: max(0, frontend.listeners.count - sockets.count))
        }
    }
}

/// A reactor's thread.
private final class RunningThread: Sendable {
    private let thread: Mutex<Thread?>

    init(number: Int, shared: SharedState) throws(SystemError) {
        // Made here, so that what it lacks is the caller's to know; run by its own thread.
        let worker = WorkerBox(try Worker(number: number, shared: shared))
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
