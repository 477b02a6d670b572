#if Program
internal import Control
internal import Failover
internal import Glibc
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// The failover process: the election, the listening sockets, the control socket, and the balancer
/// process that it keeps alive. One thread, one loop.
final class Node {
    private let options: RunOptions
    private let loop: EventLoop
    private let log: Log
    private let startedAt = MonotonicInstant.now
    private let signals: SignalDescriptor
    private var model: Model
    private var failover: FailoverNode?
    private var supervisor: BalancerSupervisor?
    private var control: ControlSocket?
    private var isStopping = false
    private var isStatusDue = false

    /// Prepares a node; nothing is touched before ``run()``.
    init(model: Model, options: RunOptions) throws(Failure) {
        do {
            loop = try EventLoop()
            signals = try SignalDescriptor([SIGTERM, SIGINT, SIGHUP, SIGPIPE])
        } catch { throw Failure(error) }
        self.model = model
        self.options = options
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
        try startBalancer()
        do { try startFailover() } catch {
            supervisor?.stop(drainTime: .zero) {}
            throw error
        }
        log(.notice, "lbctl \(Version.current) runs, process \(getpid())")
        loop.run()
    }

    // MARK: Starting

    private func startBalancer() throws(Failure) {
        guard model.hasBalancer else { return }
        let supervisor = BalancerSupervisor(
            model: model, loop: loop, log: log, arguments: options.balancerArguments,
            nodeStatus: { [unowned self] in ownStatus() })
        self.supervisor = supervisor
        supervisor.onServiceChange = { [unowned self] serves in
            failover?.setFact(name: FailoverConfiguration.ownBalancerFact, isGood: serves)
        }
        supervisor.onBackendChange = { [unowned self] name, isUsable in
            failover?.setFact(name: FailoverConfiguration.backendFact(name), isGood: isUsable)
        }
        try supervisor.start()
    }

    private func startFailover() throws(Failure) {
        guard !model.virtualRouters.isEmpty else { return }
        do {
            let node = try FailoverNode(configuration: FailoverConfiguration(model), loop: loop) {
                [unowned self] event in
                report(event)
            }
            failover = node
            try node.start()
        } catch { throw Failure(error) }
    }

    // MARK: Events

    private func handle(signal: Int32) {
        switch signal {
        case SIGTERM, SIGINT: stop()
        case SIGHUP: reload { _ in }
        default: break
        }
    }

    private func report(_ event: FailoverEvent) {
        if let line = event.logLine { log(Log.Severity(line), line.text) }
        // The event comes out of the middle of a step: what the page shows is taken after it.
        guard !isStatusDue else { return }
        isStatusDue = true
        loop.schedule(at: loop.now) { [unowned self] in
            isStatusDue = false
            supervisor?.showNode()
        }
    }

    private func handle(_ request: ControlRequest, answer: @escaping (ControlResponse) -> Void) {
        switch request {
        case .status:
            collectStatus { answer(.status($0)) }
        case .reload:
            reload { failure in
                guard let failure else { return answer(.done("configuration in force")) }
                answer(.failed(ControlFailure(failure)))
            }
        case .plan:
            answer(planReload())
        case .virtualRouter(let order):
            answer(move(order))
        case .stop:
            answer(.done("resigning and stopping"))
            stop()
        case .server(let order):
            answer(administer(order))
        }
    }

    // MARK: Stopping

    /// Resigns first, so that the other node takes over while connections end here.
    private func stop() {
        guard !isStopping else { return }
        isStopping = true
        log(.notice, "stopping")
        let stopBalancer = { [unowned self] in
            guard let supervisor else { return loop.stop() }
            supervisor.stop(drainTime: options.drainTime) { [unowned self] in loop.stop() }
        }
        guard let failover else { return stopBalancer() }
        failover.shutDown(then: stopBalancer)
    }

    // MARK: Reloading

    /// Reads the files again; an error anywhere leaves everything as it is.
    private func reload(completion: @escaping (Failure?) -> Void) {
        guard !isStopping else {
            return completion(Failure(.systemRefused, "the program is stopping"))
        }
        let next: Model
        do { next = try readAgain(logging: true) } catch {
            log(.error, "the configuration stays as it was: \(error.message)")
            return completion(error)
        }
        let settle = { [unowned self] (failure: Failure?) in
            if let failure {
                log(.error, "the configuration stays as it was: \(failure.message)")
            } else {
                adopt(next)
            }
            completion(failure)
        }
        guard let supervisor else { return settle(nil) }
        supervisor.replace(with: next, completion: settle)
    }

    /// Reads the files, and refuses what a reload cannot do.
    private func readAgain(logging: Bool) throws(Failure) -> Model {
        let loaded = options.load()
        if logging {
            for diagnostic in loaded.diagnostics { log(Log.Severity(diagnostic), "\(diagnostic)") }
        }
        guard let next = loaded.model else {
            let errors = loaded.diagnostics.filter { $0.severity == .error }
            throw Failure(.badInput, errors.map(\.description).joined(separator: "\n"))
        }
        guard next.hasBalancer == model.hasBalancer,
            next.virtualRouters.isEmpty == model.virtualRouters.isEmpty
        else {
            throw Failure(
                .systemRefused,
                "a reload cannot add or remove the whole balancer or the whole election")
        }
        return next
    }

    /// Says what a reload would change.
    private func planReload() -> ControlResponse {
        do {
            let plan = ReloadPlan(from: model, to: try readAgain(logging: false))
            return .done(plan.lines.joined(separator: "\n"))
        } catch { return .failed(ControlFailure(error)) }
    }

    private func adopt(_ next: Model) {
        model = next
        do {
            try failover?.reconfigure(FailoverConfiguration(next))
        } catch {
            log(.error, "the election stays as it was: \(error)")
        }
        if failover == nil { log(.notice, "Reload complete") }
        supervisor?.showNode()
    }

    // MARK: Administration and status

    private func administer(_ order: ServerOrder) -> ControlResponse {
        guard let backend = model.backends.first(where: { $0.name == order.backend }) else {
            return .failed(
                ControlFailure(
                    message: unknown("backend", order.backend, model.backends.map(\.name)),
                    exitCode: 1))
        }
        guard backend.servers.contains(where: { $0.name == order.server }) else {
            return .failed(
                ControlFailure(
                    message: unknown(
                        "server of \(order.backend)", order.server, backend.servers.map(\.name)),
                    exitCode: 1))
        }
        supervisor?.administer(order)
        log(.notice, "\(order.backend)/\(order.server): \(order.change) by the operator")
        return .done("")
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
            return .failed(ControlFailure(message: error.description, exitCode: 1))
        }
    }

    private func unknown(_ kind: String, _ name: String, _ known: [String]) -> String {
        "no \(kind) is named '\(name)'; there are: \(known.joined(separator: ", "))"
    }

    private func collectStatus(completion: @escaping (NodeStatus) -> Void) {
        guard let supervisor else { return completion(ownStatus()) }
        supervisor.requestProxies { [unowned self] proxies in
            var status = ownStatus()
            status.proxies = proxies ?? supervisor.lastProxies
            completion(status)
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
        }
        if let supervisor { status.balancer = BalancerStatus(supervisor) }
        return status
    }
}
#endif
