#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import LinuxIO
internal import NodeConfiguration

/// Relay, checks and page of one model, composed.
final class BalancerService {
    private let model: Model
    private let balancer: Balancer
    private let checker: HealthChecker
    private let source: StatusSource
    private let backends: BackendReporter
    private let pages: Task<Void, Never>

    /// Starts to serve.
    ///
    /// - Parameters:
    ///   - model: What to serve.
    ///   - descriptors: The listening sockets, in the order of the model's endpoints; owned from
    ///     here on.
    ///   - node: What the page shows of the failover process until that tells more.
    ///   - log: Where changes of servers are reported.
    ///   - onBackend: Called, on any thread, when a pool gets a usable server or loses its last.
    /// - Throws: `SystemError` when threads or descriptors are lacking; what preparing the page
    ///   throws.
    init(
        model: Model, descriptors: [Int32], node: NodeStatus, log: Log,
        onBackend: @escaping @Sendable (String, Bool) -> Void
    ) throws {
        let sockets = ListeningSockets(model: model, descriptors: descriptors)
        let balancer = try Balancer(plan: BalancerPlan(model), listeners: sockets.frontends)
        let targets = HealthTargets(model)
        let reporter = ServerReporter(model: model, balancer: balancer, log: log)
        let backends = BackendReporter(
            model: model, balancer: balancer, targets: targets, tell: onBackend)
        let checker = HealthChecker(targets: try targets.all()) { report in
            guard let place = targets.place(of: report.id) else { return }
            balancer.setHealth(pool: place.pool, server: place.server, isUp: report.isUp)
            backends.look(after: place)
            reporter.report(report, at: place)
        }
        let source = StatusSource(model: model, balancer: balancer, checker: checker, node: node)
        let server = try StatisticsServer(sites: sockets.sites) { source.status() }
        self.model = model
        self.balancer = balancer
        self.checker = checker
        self.source = source
        self.backends = backends
        // A checked server takes nothing before its first check says that it can.
        for place in targets.places {
            balancer.setHealth(pool: place.pool, server: place.server, isUp: false)
        }
        try balancer.start()
        checker.start()
        backends.look()
        pages = Task { await server.run() }
    }

    /// Connections that are open now.
    var sessionCount: Int { balancer.snapshot().currentSessions }

    /// The state of the proxies.
    func proxies() -> [ProxyStatus] { source.proxies() }

    /// Takes what the failover process tells about itself.
    func show(_ status: NodeStatus) { source.take(status) }

    /// Changes what a server takes; a name that is gone since the order was given is ignored.
    func administer(_ order: ServerOrder) {
        guard let pool = model.backends.firstIndex(where: { $0.name == order.backend }),
            let server = model.backends[pool].servers.firstIndex(where: { $0.name == order.server })
        else { return }
        switch order.change {
        case .ready: balancer.setAdministrativeState(pool: pool, server: server, .ready)
        case .drain: balancer.setAdministrativeState(pool: pool, server: server, .drain)
        case .maintenance:
            balancer.setAdministrativeState(pool: pool, server: server, .maintenance)
        case .weight(let weight):
            balancer.setWeight(pool: pool, server: server, weight)
        }
        backends.look()
    }

    /// Accepts no more; the connections that exist go on.
    func stopAccepting() {
        balancer.pauseAccepting()
        checker.stop()
        pages.cancel()
    }
}
#endif
