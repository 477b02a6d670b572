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
                var plan = FrontendPlan(
                    name: frontend.name,
                    poolIndex: model.backendIndex(of: frontend),
                    connectionLimit: frontend.connectionLimit,
                    clientTimeout: frontend.clientTimeout)
                plan.clientFinTimeout = frontend.limits.clientFinTimeout
                plan.sessionRateLimit = frontend.limits.sessionRate
                plan.logging = ConnectionLogging(frontend, model.global)
                plan.sessionRateLimitPerSource = frontend.limits.sessionRatePerSource
                return plan
            },
            pools: model.backends.map(PoolPlan.init))
    }
}

extension ConnectionLogging {
    /// `nil` where no line has anywhere to go.
    fileprivate init?(_ frontend: Frontend, _ global: GlobalSettings) {
        guard !frontend.logTargets(global).isEmpty else { return nil }
        switch frontend.log.form {
        case .accepting: self.init(moment: .accepting)
        case .tcplog, .json: self.init(moment: frontend.log.isEarly ? .connecting : .ending)
        }
        omitsEmpty = frontend.omitsEmptyConnectionsFromLog
        omitsNormal = frontend.log.omitsNormal
    }
}

extension Frontend {
    /// Where its lines go.
    func logTargets(_ global: GlobalSettings) -> [LogTarget] {
        log.targets + (log.usesGlobalTargets ? global.logTargets : [])
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
        hashType = HashType(backend.selection)
        balanceFactor = backend.selection.balanceFactor
        backupUse = BackupUse(backend.selection.backupUse)
        queueLimit = backend.limits.queueLimit
        tunnelTimeout = backend.limits.tunnelTimeout
        serverFinTimeout = backend.limits.serverFinTimeout
        noServerTimeout = backend.limits.noServerTimeout
    }
}

extension PoolPlan.Algorithm {
    fileprivate init(_ algorithm: BalanceAlgorithm) {
        self =
            switch algorithm {
            case .roundrobin: .roundrobin
            case .staticRoundrobin: .staticRoundrobin
            case .leastconn: .leastconn
            case .first: .first
            case .source: .source
            case .hash(.source): .hash(.source)
            case .hash(.sourcePort): .hash(.sourcePort)
            case .hash(.destination): .hash(.destination)
            case .hash(.destinationPort): .hash(.destinationPort)
            case .random(let draws): .random(draws: draws)
            case .maglev: .maglev
            }
    }
}

extension HashType {
    fileprivate init(_ settings: SelectionSettings) {
        let function: Function =
            switch settings.hashFunction {
            case .sdbm: .sdbm
            case .djb2: .djb2
            case .crc32: .crc32
            case .none: .none
            }
        self.init(
            isConsistent: settings.isConsistent, function: function,
            avalanches: settings.avalanches)
    }
}

extension BackupUse {
    fileprivate init(_ use: SelectionSettings.BackupUse) {
        self =
            switch use {
            case .first: .first
            case .all: .all
            case .onePerFailure: .onePerFailure
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
        queueLimit = server.queueLimit
        slowStart = server.slowStart
        shutsSessionsWhenDown = server.health.endsSessionsWhenDown
        shutsBackupSessionsWhenUp = server.health.endsBackupSessionsWhenUp && !server.isBackup
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
