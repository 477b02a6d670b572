#if Program
internal import Balancer
internal import Control
internal import Glibc
internal import HealthCheck
internal import NodeConfiguration
internal import Synchronization

/// The state of the node as the balancer process knows it, for the page and for the failover
/// process; may be asked from any thread.
final class StatusSource: Sendable {
    private let model: Model
    private let balancer: Balancer
    private let checker: HealthChecker
    private let standings: ServerStandings
    private let targets: HealthTargets
    /// What the failover process last told about itself and the virtual routers.
    private let node: Mutex<NodeStatus>

    init(
        model: Model, balancer: Balancer, checker: HealthChecker, standings: ServerStandings,
        targets: HealthTargets, node: NodeStatus
    ) {
        self.model = model
        self.balancer = balancer
        self.checker = checker
        self.standings = standings
        self.targets = targets
        self.node = Mutex(node)
    }

    /// Takes what the failover process tells.
    func take(_ status: NodeStatus) { node.withLock { $0 = status } }

    /// The proxies, in the order of the files.
    func proxies() -> [ProxyStatus] {
        let reports = checker.snapshot().map { ($0.id, $0) }
        return ProxyStatusBuilder(
            model: model, snapshot: balancer.snapshot(),
            checks: Dictionary(reports, uniquingKeysWith: { first, _ in first }),
            standings: standings.all(), targets: targets
        ).build()
    }

    /// The whole node.
    func status() -> NodeStatus {
        var status = node.withLock { $0 }
        // What was told goes on growing old.
        let age = Glibc.time(nil) - status.time
        status.time += age
        status.program.uptime += age
        status.balancer.uptime = status.balancer.uptime.map { $0 + age }
        status.balancer.state = .running
        status.proxies = proxies()
        return status
    }
}
#endif
