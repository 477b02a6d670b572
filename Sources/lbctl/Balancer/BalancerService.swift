#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import LinuxIO
internal import NodeConfiguration
internal import Synchronization
internal import VRRPCore

/// Relay, checks and page of one model, composed.
final class BalancerService {
    private let model: Model
    private let balancer: Balancer
    private let checker: HealthChecker
    private let source: StatusSource
    private let backends: BackendReporter
    private let server: StatisticsServer
    private let sockets: ListeningSockets
    /// Checked servers of which nothing is known yet.
    private let unknown: Mutex<Set<String>>
    private var pages: Task<Void, Never>?
    private var hasBegun = false

    /// Prepares to serve, and begins to check; nothing is accepted before ``begin()``.
    ///
    /// - Parameters:
    ///   - order: What to serve.
    ///   - sockets: What to accept on.
    ///   - log: Where changes of servers are reported.
    ///   - onHealth: Called on a thread of the checks when a server goes up or down.
    ///   - onBackend: Called, on any thread, when a pool gets a usable server or loses its last.
    /// - Throws: `SystemError` when threads or descriptors are lacking; what preparing the page
    ///   throws.
    init(
        _ order: ServiceOrder, sockets: ListeningSockets, log: Log,
        onHealth: @escaping @Sendable (_ id: String, _ isUp: Bool) -> Void,
        onBackend: @escaping @Sendable (_ name: String, _ isUsable: Bool) -> Void
    ) throws {
        let model = order.model
        let balancer = try Balancer(plan: BalancerPlan(model), listeners: sockets.frontends)
        let targets = HealthTargets(model)
        let reporter = ServerReporter(model: model, balancer: balancer, log: log)
        let backends = BackendReporter(
            model: model, balancer: balancer, targets: targets, knowing: order.health,
            tell: onBackend)
        let checker = HealthChecker(targets: try targets.all(knowing: order.health)) { report in
            guard let place = targets.place(of: report.id) else { return }
            balancer.setHealth(pool: place.pool, server: place.server, isUp: report.isUp)
            backends.look(after: place)
            reporter.report(report, at: place)
            onHealth(report.id, report.isUp)
        }
        let source = StatusSource(
            model: model, balancer: balancer, checker: checker, node: order.node)
        server = try StatisticsServer(sites: sockets.sites) { source.status() }
        self.model = model
        self.balancer = balancer
        self.checker = checker
        self.source = source
        self.backends = backends
        self.sockets = sockets
        unknown = Mutex(Set(targets.ids).subtracting(order.health.keys))
        // A checked server takes nothing before it is known that it can.
        for (id, place) in zip(targets.ids, targets.places) {
            balancer.setHealth(
                pool: place.pool, server: place.server, isUp: order.health[id] ?? false)
        }
        for order in order.administration { administer(order) }
        checker.start()
        backends.look()
    }

    /// Whether each checked server's state is known, from its first check or from before.
    var knowsAllServers: Bool { unknown.withLock(\.isEmpty) }

    /// Takes note of a server whose state became known.
    func heard(of id: String) { unknown.withLock { _ = $0.remove(id) } }

    /// Begins to accept.
    ///
    /// - Throws: `SystemError` when threads or descriptors are lacking.
    func begin() throws(SystemError) {
        guard !hasBegun else { return }
        hasBegun = true
        try balancer.start()
        pages = Task { [server] in await server.run() }
    }

    /// Connections that are open now.
    var sessionCount: Int { balancer.connectionCount }

    /// The state of the proxies.
    func proxies() -> [ProxyStatus] { source.proxies() }

    /// Takes what the failover process tells about itself.
    func show(_ status: NodeStatus) { source.take(status) }

    /// Resets the connections through addresses that leave the node.
    func closeConnections(through addresses: [IPAddress]) {
        for address in addresses {
            balancer.closeConnections(throughLocalAddress: IPEndpoint(address, port: 0))
        }
    }

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
        pages?.cancel()
    }

    /// Frees the ports for others, where no failover process is left to hold them.
    func releasePorts() { sockets.endListening() }

    /// Resets what is open: a clean end would look like a complete answer.
    func stop() {
        stopAccepting()
        balancer.stop()
    }
}
#endif
