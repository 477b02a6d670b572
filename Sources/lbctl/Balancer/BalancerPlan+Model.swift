#if Program
internal import Balancer
internal import LinuxIO
internal import NodeConfiguration
internal import VRRPCore

extension BalancerPlan {
    /// What the balancer is to do, as the model has it.
    init(_ model: Model) {
        self.init(
            reactorCount: model.global.reactorCount ?? SystemLimits.usableProcessors,
            connectionLimit: model.global.connectionLimit,
            frontends: model.activeFrontends.map { frontend in
                FrontendPlan(frontend, in: model)
            },
            pools: model.backends.map(PoolPlan.init))
    }
}

extension FrontendPlan {
    fileprivate init(_ frontend: Frontend, in model: Model) {
        self.init(
            name: frontend.name, poolIndex: model.backendIndex(frontend.backendName),
            connectionLimit: frontend.connectionLimit, clientTimeout: frontend.clientTimeout)
        listeners = frontend.listeners.map {
            ListenerPlan(
                acceptsProxyHeader: $0.acceptsProxyHeader, connectionLimit: $0.connectionLimit)
        }
        rules = RulePlan(frontend.rules, poolIndex: model.backendIndex)
    }
}

extension PoolPlan {
    fileprivate init(_ backend: Backend) {
        self.init(
            name: backend.name, algorithm: Algorithm(backend.algorithm),
            servers: backend.servers.map(ServerPlan.init),
            connectTimeout: backend.connectTimeout, serverTimeout: backend.serverTimeout,
            queueTimeout: backend.queueTimeout, retries: backend.retries,
            redispatches: backend.redispatches)
    }
}

extension PoolPlan.Algorithm {
    fileprivate init(_ algorithm: BalanceAlgorithm) {
        self =
            switch algorithm {
            case .roundrobin: .roundrobin
            case .leastconn: .leastconn
            case .source: .source
            }
    }
}

extension ServerPlan {
    fileprivate init(_ server: Server) {
        self.init(
            name: server.name, at: StreamAddress(server), weight: server.weight,
            connectionLimit: server.connectionLimit, isBackup: server.isBackup,
            administrativeState: server.isDisabled ? .maintenance : .ready)
        connection = ConnectionPlan(server.connection)
    }
}

extension Model {
    /// The frontends that accept connections.
    var activeFrontends: [Frontend] { frontends.filter { !$0.isDisabled } }

    /// The position of a pool; the readers let no name without one pass.
    fileprivate func backendIndex(_ name: String) -> Int {
        guard let index = backends.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("no backend is named \(name)")
        }
        return index
    }
}
#endif
