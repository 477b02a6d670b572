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
    let balancer: Balancer
    private let log: ConnectionLog?
    private let checker: HealthChecker
    private let standings: ServerStandings
    private let names: ServerNames
    private let source: StatusSource
    private let server: StatisticsServer
    private let places: [String: String]
    private let sockets: ListeningSockets
    private var pages: Task<Void, Never>?
    private var hasBegun = false

    /// Prepares to serve, and begins to check; nothing is accepted before ``begin()``.
    ///
    /// - Parameters:
    ///   - order: What to serve.
    ///   - sockets: What to accept on.
    ///   - icmp: Sockets for echo requests, where this process may open none.
    ///   - log: Where changes of servers are reported.
    ///   - onHealth: Called on a thread of the checks with what is worth remembering of a target,
    ///     whenever it changed.
    ///   - onNews: Called, on any thread, with what becomes known of pools; must not wait.
    /// - Throws: `SystemError` when threads or descriptors are lacking; what preparing the page
    ///   throws.
    init(
        _ order: ServiceOrder, sockets: ListeningSockets, icmp: ICMPSockets?, log: Log,
        onHealth: @escaping @Sendable (_ id: String, _ memory: CheckMemory) -> Void,
        onNews: @escaping @Sendable (ServerStandings.News) -> Void
    ) throws {
        let model = order.model
        let targets = HealthTargets(model)
        let reference = CheckerReference()
        let balancer = try Balancer(
            plan: BalancerPlan(model), listeners: sockets.frontends,
            observer: model.observer(reference))
        self.log = try ConnectionLog(balancer, model: model, log: log)
        let announcer = HealthAnnouncer(
            model: model, balancer: balancer, log: log, commands: HealthCommands(log: log))
        let standings = ServerStandings(
            order, balancer: balancer, targets: targets, announcer: announcer,
            setPaused: reference.setPaused, tell: onNews)
        let views = ServerViews(
            model: model, balancer: balancer, checker: reference, standings: standings)
        let checks = try targets.all(
            knowing: order.health, seenAs: views.forProbes, with: ProbeParts(model, icmp: icmp))
        let names = try ServerNames(
            order, balancer: balancer, checker: reference, standings: standings, log: log,
            remember: onHealth)
        let remembered = Mutex(order.health)
        let checker = HealthChecker(targets: checks) { report in
            standings.take(report)
            if report.transition == .down { names.suspect(report.id) }
            // Of a server that was never heard of there is nothing to remember.
            guard report.record.isKnown else { return }
            let isNews = remembered.withLock { remembered in
                let last = remembered.updateValue(report.memory, forKey: report.id)
                return report.transition != nil || !report.memory.says(theSameAs: last)
            }
            if isNews { onHealth(report.id, report.memory) }
        }
        reference.set(checker)
        let source = StatusSource(
            model: model, balancer: balancer, checker: checker, standings: standings,
            targets: targets, node: order.node)
        server = try StatisticsServer(sites: sockets.sites) { source.status() }
        self.model = model
        self.balancer = balancer
        self.checker = checker
        self.standings = standings
        self.names = names
        self.source = source
        self.sockets = sockets
        places = model.checkedPlaces
        names.start()
        checker.start()
    }

    /// Whether each checked server's state is known, from its first check or from before.
    var knowsAllServers: Bool { standings.knowsAllServers }

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

    /// Puts the state of the proxies together, on any thread.
    var proxies: @Sendable () -> [ProxyStatus] {
        let source = source
        return { source.proxies() }
    }

    /// Where a target asks.
    func place(of id: String) -> String? { places[id] }

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
        standings.administer(HealthTargets.Place(pool: pool, server: server), order.change)
    }

    /// Resets what a server still has when the deadline of an order is over.
    func endSessions(after order: ServerOrder) {
        guard let pool = model.backends.firstIndex(where: { $0.name == order.backend }),
            let server = model.backends[pool].servers.firstIndex(where: { $0.name == order.server })
        else { return }
        // It may have been made ready again meanwhile.
        guard balancer.view.glance(pool: pool, server: server).status != .up else { return }
        balancer.endSessions(pool: pool, server: server, because: .operatorsOrder)
    }

    /// Accepts no more; the connections that exist go on.
    func stopAccepting() {
        balancer.pauseAccepting()
        names.stop()
        checker.stop()
        pages?.cancel()
    }

    /// Frees the ports for others, where no failover process is left to hold them.
    func releasePorts() { sockets.endListening() }

    /// Resets what is open: a clean end would look like a complete answer.
    func stop() {
        stopAccepting()
        balancer.stop()
        log?.stop()
    }
}
#endif
