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
    /// What is shown of the proxies, under one model.
    struct Scene: Sendable {
        let model: Model
        let targets: HealthTargets
        let view: BalancerView
        let standings: ServerStandings
        /// When certificates end, in seconds since 1970, by their paths.
        let certificateEnds: [String: Int]
    }

    private let checker: HealthChecker
    private let peers: TablePeers
    private let scene: Mutex<Scene>
    private let node: NodeNews

    init(_ scene: Scene, checker: HealthChecker, peers: TablePeers, node: NodeNews) {
        self.peers = peers
        self.scene = Mutex(scene)
        self.checker = checker
        self.node = node
    }

    /// Shows another model from now on.
    func show(_ scene: Scene) { self.scene.withLock { $0 = scene } }

    /// What becomes of an order about a stick table.
    func answer(_ order: TableOrder) -> ControlResponse {
        let scene = scene.withLock { $0 }
        return TableDesk(model: scene.model, view: scene.view).answer(order)
    }

    /// The proxies, in the order of the files.
    func proxies() -> [ProxyStatus] {
        let scene = scene.withLock { $0 }
        let reports = checker.snapshot().map { ($0.id, $0) }
        return ProxyStatusBuilder(
            model: scene.model, snapshot: scene.view.snapshot(),
            checks: Dictionary(reports, uniquingKeysWith: { first, _ in first }),
            standings: scene.standings.all(), targets: scene.targets,
            certificateEnds: scene.certificateEnds
        ).build() + peers.status
    }

    /// Asks for the newest of the node.
    ///
    /// - Returns: What puts the status of all of it together.
    func status() async -> @Sendable () -> NodeStatus {
        let told = await node.latest()
        return { self.complete(told) }
    }

    private func complete(_ told: NodeStatus) -> NodeStatus {
        var status = told
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
