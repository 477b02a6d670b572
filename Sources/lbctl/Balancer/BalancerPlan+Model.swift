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
                FrontendPlan(
                    name: frontend.name,
                    poolIndex: model.backendIndex(of: frontend),
                    connectionLimit: frontend.connectionLimit,
                    clientTimeout: frontend.clientTimeout)
            },
            pools: model.backends.map(PoolPlan.init))
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
            name: server.name,
            address: SocketAddress(address: server.address.rawValue, port: server.port),
            weight: server.weight, connectionLimit: server.connectionLimit,
            isBackup: server.isBackup,
            administrativeState: server.isDisabled ? .maintenance : .ready)
    }
}

extension Model {
    /// The frontends that accept connections.
    var activeFrontends: [Frontend] { frontends.filter { !$0.isDisabled } }

    /// The position of a frontend's pool; the readers let no frontend without one pass.
    fileprivate func backendIndex(of frontend: Frontend) -> Int {
        guard let index = backends.firstIndex(where: { $0.name == frontend.backendName }) else {
            preconditionFailure("frontend \(frontend.name) has no backend \(frontend.backendName)")
        }
        return index
    }
}
#endif
