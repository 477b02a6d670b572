#if Program
internal import Control
internal import Failover
internal import Glibc
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// The failover process, with one thread and one loop.
///
/// It has the election, the listening sockets, the control socket, and the balancer process, which
/// it keeps alive.
final class Node {
    let options: RunOptions
    let loop: EventLoop
    let reader: ConfigurationReader
    let log: Log
    private let startedAt = MonotonicInstant.now
    /// The processors that the balancer process is to run on, where this one is to run on others.
    private let affinityArguments: [String]
    private let signals: SignalDescriptor
    var model: Model
    private(set) var failover: FailoverNode?
    private(set) var supervisor: BalancerSupervisor?
    private var guardian: Guardian?
    private(set) var serviceManager: ServiceManager?
    private var control: ControlSocket?
    private(set) var isStopping = false
    /// What is becoming of the model, and what waits for that.
    var changing: ModelChange?
    var changes: [ModelChange] = []
    /// Servers that came or went since the files were read, and whether the files have one of their name.
    var runTimeServers: [String: Bool] = [:]
    /// Whether the files are read for who asked what a reload would change, and who asked since then.
    var isPlanning = false
    var askingForPlan: [(ControlResponse) -> Void] = []
    /// What is known of this node itself, by the names that the election tracks it by.
    private var facts: [String: Bool] = [:]
    /// What is being written because of a signal, and whether that came again meanwhile.
    var dumping: [KeepalivedSignal: Bool] = [:]
    private var isStatusDue = false
    private var isWillDue = false
    /// The routers that signed something anew for the guardian.
    private var signers: Set<String> = []
    private var drainTime: Duration

    /// Prepares a node; nothing is touched before ``run()``.
    init(model: Model, options: RunOptions) throws(Failure) {
        do {
            loop = try EventLoop()
            signals = try SignalDescriptor(
                [SIGTERM, SIGINT, SIGHUP, SIGPIPE] + KeepalivedSignal.all.map(\.number))
        } catch { throw Failure(error) }
        self.model = model
        self.options = options
        reader = ConfigurationReader(options: options, loop: loop)
        affinityArguments =
            model.global.process.processors.isEmpty
            ? [] : BalancerCommand.arguments(processors: .current)
        drainTime = options.drainTime
        log = Log(
            destination: options.usesSyslog || model.global.logsToSyslog ? .syslog : .standardError,
            threshold: options.logsDetail ? .detail : .information)
    }

    /// Runs until SIGTERM, SIGINT or a request to stop; then everything is given back.
    ///
    /// - Throws: `Failure` when the node could not begin.
    func run() throws(Failure) {
        do {
            try loop.watch(signals.descriptor.rawValue, for: .readable) { [unowned self] _ in
                while let signal = signals.next() { handle(signal: signal) }
            }
        } catch { throw Failure(error) }
        control = try ControlSocket(path: options.controlPath, loop: loop) {
            [unowned self] request, answer in
            handle(request, answer: answer)
        }
        try model.checkPrivileges()
        serviceManager = ServiceManager(loop: loop)
        // What takes its time comes before nobody else gets any.
        let served = model.hasBalancer ? try ServedModel(model) : nil
        actInTime()
        // Before the addresses: whatever is held is guarded.
        if !model.virtualRouters.isEmpty { startGuardian() }
        if let served { try startBalancer(served) }
        do throws(Failure) { try startFailover(model) } catch {
            if let supervisor {
                supervisor.stop(drainTime: .zero) { [weak self] in self?.loop.stop() }
                if supervisor.hasProcesses { loop.run() }
            }
            throw error
        }
        log(.notice, "lbctl \(Version.current) runs, process \(getpid())")
        serviceManager?.ready()
        loop.run()
        guardian?.dismiss()
    }

    // MARK: Starting

    private func startBalancer(_ served: ServedModel) throws(Failure) {
        let supervisor = BalancerSupervisor(
            model: served, loop: loop, log: log,
            arguments: options.balancerArguments + affinityArguments,
            nodeStatus: { [unowned self] in ownStatus() })
        self.supervisor = supervisor
        supervisor.onFact = { [unowned self] fact in
            switch fact {
            case .service(let serves):
                setFact(FailoverConfiguration.ownBalancerFact, isGood: serves)
            case .pool(let name, let isUsable):
                setFact(FailoverConfiguration.backendFact(name), isGood: isUsable)
                setFact(FailoverConfiguration.checkFact(name), isGood: isUsable)
            }
        }
        try supervisor.start()
    }

    private func startGuardian() {
        guardian = Guardian(loop: loop, log: log, arguments: options.guardArguments) {
            [unowned self] in failover?.lastWill ?? LastWill()
        }
    }

    /// Tells the election what is known of this node; one that begins later is told too.
    private func setFact(_ name: String, isGood: Bool) {
        facts[name] = isGood
        failover?.setFact(name: name, isGood: isGood)
    }

    /// Begins the election, at the start or by the first reload that asks for one.
    ///
    /// A reload that takes all virtual routers away leaves it without any: it keeps its lock.
    func startFailover(_ model: Model) throws(Failure) {
        guard !model.virtualRouters.isEmpty else { return }
        do {
            let node = try FailoverNode(configuration: FailoverConfiguration(model), loop: loop) {
                [unowned self] event in
                report(event)
            }
            if guardian == nil { startGuardian() }
            for (name, isGood) in facts { node.setFact(name: name, isGood: isGood) }
            try node.start()
            failover = node
        } catch { throw Failure(error) }
    }

    // MARK: Events

    private func handle(signal: Int32) {
        switch signal {
        case SIGTERM, SIGINT: stop()
        case SIGHUP: reload { _ in }
        default: KeepalivedSignal(number: signal).map(answer)
        }
    }

    private func report(_ event: FailoverEvent) {
        if let line = event.logLine { log(Log.Severity(line), line.text) }
        // Connections through addresses that leave are dead: the next owner does not know them.
        if case .router(_, .loses(let addresses)) = event {
            supervisor?.closeConnections(through: addresses)
        }
        switch event {
        case .router(_, .entered): keepWill()
        case .router(let name, .lastWordsChanged): return keepWill(of: name)
        default: break
        }
        // Of many routers it takes a while to put together: not before they have done what they do
        // now, and not for each of many events.
        guard !isStatusDue else { return }
        isStatusDue = true
        loop.schedule(after: Node.showingDelay) { [unowned self] in
            isStatusDue = false
            supervisor?.showNode()
            serviceManager?.show(standing)
        }
    }

    /// Where the virtual routers stand, in one line.
    private var standing: String {
        (failover?.snapshot.routers ?? []).map { "\($0.settings.name) \($0.state.word)" }
            .joined(separator: ", ")
    }

    /// Has the guardian know, after this turn, what it would have to do: all, or for one router.
    func keepWill(of router: String? = nil) {
        let isScheduled = isWillDue || !signers.isEmpty
        if let router { signers.insert(router) } else { isWillDue = true }
        guard !isScheduled else { return }
        loop.schedule(at: loop.now) { [unowned self] in
            let names = isWillDue ? nil : signers
            (isWillDue, signers) = (false, [])
            guard let failover else { return }
            let will = failover.lastWill(of: names)
            if names == nil { guardian?.remember(will) } else { guardian?.amend(by: will) }
        }
    }

    private func handle(_ request: ControlRequest, answer: @escaping ControlSocket.Answer) {
        let say = { (response: ControlResponse) in answer([ControlCodec.encode(response)]) }
        switch request {
        case .status:
            collectStatus(answer)
        case .reload:
            reload { result in
                switch result {
                case .success(let summary): say(.done(summary.description))
                case .failure(let failure): say(.failed(ControlFailure(failure)))
                }
            }
        case .plan:
            planReload(completion: say)
        case .virtualRouter(let order):
            say(move(order))
        case .stop:
            say(.done("resigning and stopping"))
            if !isStopping { stop() }
        case .server(let order):
            say(administer(order))
        case .pool(let order):
            carryOut(order, say)
        case .table(let order):
            carryOut(order, answer)
        case .session(let order):
            carryOut(order, answer)
        }
    }

    // MARK: Stopping

    /// Resigns first, so that the other node takes over while connections end here.
    ///
    /// Asked a second time, it waits for connections no longer.
    private func stop() {
        guard !isStopping else {
            log(.notice, "stopping at once")
            drainTime = .zero
            supervisor?.endAll(because: "was told to end at once")
            return
        }
        isStopping = true
        log(.notice, "stopping")
        serviceManager?.stopping()
        let stopBalancer = { [unowned self] in
            guard let supervisor else { return loop.stop() }
            supervisor.stop(drainTime: drainTime) { [unowned self] in loop.stop() }
        }
        guard let failover else { return stopBalancer() }
        failover.shutDown(then: stopBalancer)
    }

    /// From an event to what the page shows of it.
    private static let showingDelay = Duration.milliseconds(100)

    // MARK: Administration and status

    private func administer(_ order: ServerOrder) -> ControlResponse {
        let place: HealthTargets.Place
        do throws(Failure) {
            place = try model.place(backend: order.backend, server: order.server)
        } catch { return .failed(ControlFailure(error)) }
        guard !isTakingAway(order.reference) else {
            return .failed(
                ControlFailure(Failure(.notSo, "\(order.serverName): is being taken away")))
        }
        let server = model.backends[place.pool].servers[place.server]
        if let complaint = order.complaint ?? server.complaint(about: order.change) {
            return .failed(
                ControlFailure(Failure(.badInput, "\(order.serverName): \(complaint)")))
        }
        var order = order
        order.complete(by: supervisor?.administration ?? [], server)
        supervisor?.administer(order)
        log(.notice, "\(order.serverName): \(order.change) by the operator")
        let isServed = supervisor?.current?.phase == .serving
        return .done(
            order.outcome(for: server)
                + (isServed ? "" : "; no balancer process serves now, the next one begins with it"))
    }

    private func carryOut(_ order: TableOrder, _ answer: @escaping ControlSocket.Answer) {
        func fail(_ failure: Failure) {
            answer([ControlCodec.encode(.failed(ControlFailure(failure)))])
        }
        guard let supervisor, model.stickTables.contains(where: { $0.name == order.table }) else {
            return fail(model.unknownTable(order.table))
        }
        switch order.action {
        case .show: break
        case .clear, .set:
            log(.notice, "table \(order.table): the operator wants \(order.words)")
        }
        supervisor.ask(order) { pieces in
            guard let pieces else {
                return fail(Failure(.systemRefused, "the balancer process does not answer"))
            }
            answer(pieces)
        }
    }

    private func move(_ order: VirtualRouterOrder) -> ControlResponse {
        guard let failover else {
            return .failed(
                ControlFailure(message: "this node has no virtual router", exitCode: 1))
        }
        do throws(HandoverError) {
            switch order.change {
            case .release:
                let wasActive = try failover.release(router: order.name)
                return .done(
                    wasActive
                        ? "\(order.name): released; another node takes over"
                        : "\(order.name): was not held here; will not preempt")
            case .takeover:
                let isNew = try failover.takeOver(router: order.name)
                return .done("\(order.name): \(isNew ? "taken over" : "was held here already")")
            }
        } catch {
            guard case .unknownRouter(let name, let known) = error else {
                return .failed(ControlFailure(message: error.description, exitCode: 1))
            }
            return .failed(ControlFailure(.unknown("virtual router", name, known)))
        }
    }

    func collectStatus(_ answer: @escaping ControlSocket.Answer) {
        guard let supervisor else { return answer([ControlCodec.encode(.status(ownStatus()))]) }
        supervisor.requestProxies { [unowned self] proxies in
            answer(
                ControlCodec.encode(ownStatus(), proxies: proxies ?? supervisor.lastProxies))
        }
    }

    private func ownStatus() -> NodeStatus {
        let uptime = (MonotonicInstant.now - startedAt).components.seconds
        var status = NodeStatus(
            node: model.global.routerID ?? HostName.current,
            program: ProgramStatus(
                version: Version.current, processID: Int(getpid()), uptime: Int(uptime)),
            time: time(nil))
        if let snapshot = failover?.snapshot {
            status.virtualRouters = snapshot.routers.map {
                VirtualRouterStatus($0, scripts: snapshot.scripts)
            }
            status.syncGroups = snapshot.groups.map {
                SyncGroupStatus($0, scripts: snapshot.scripts)
            }
            status.notificationPipes = snapshot.notificationFIFOs.map(NotificationPipeStatus.init)
            status.startupCountdown = snapshot.startupCountdown.map { Int($0 / .milliseconds(1)) }
            status.election = ElectionStatus(snapshot)
        }
        if let supervisor { status.balancer = BalancerStatus(supervisor) }
        return status
    }
}

extension TableOrder {
    /// What is to be done, for the log.
    fileprivate var words: String {
        let key = key.map { "key \(String(reflecting: $0))" } ?? "all keys"
        guard case .set(let values) = action else { return "\(key) forgotten" }
        let changes = values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "\(key) set to \(changes.joined(separator: " "))"
    }
}
#endif
