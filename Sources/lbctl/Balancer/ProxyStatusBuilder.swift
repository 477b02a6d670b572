#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import NodeConfiguration

/// Puts together what the page and the command line show of the balancer.
struct ProxyStatusBuilder {
    let model: Model
    let snapshot: BalancerSnapshot
    let checks: [String: CheckReport]
    let standings: [[ServerStanding]]
    let targets: HealthTargets

    /// Every section that the user wrote: pages first, then frontends with their pools.
    func build() -> [ProxyStatus] {
        var proxies = model.statisticsPages.map { page in
            var proxy = ProxyStatus(name: page.name, mode: "http")
            proxy.frontend = FrontendStatus()
            proxy.frontend?.addresses = page.endpoints.map(\.description)
            return proxy
        }
        for (frontend, counters) in zip(model.activeFrontends, snapshot.frontends) {
            var proxy = ProxyStatus(
                name: frontend.name, mode: frontend.isDatagram ? "udp" : "tcp")
            proxy.frontend = FrontendStatus(frontend, counters)
            // A `listen` section is one proxy: its pool has its name.
            if frontend.backendName == frontend.name { addPool(named: frontend.name, to: &proxy) }
            proxies.append(proxy)
        }
        let listened = Set(model.activeFrontends.map(\.name))
        for backend in model.backends where !listened.contains(backend.name) {
            var proxy = ProxyStatus(
                name: backend.name, mode: backend.isDatagram ? "udp" : "tcp")
            addPool(named: backend.name, to: &proxy)
            proxies.append(proxy)
        }
        return proxies
    }

    private func addPool(named name: String, to proxy: inout ProxyStatus) {
        guard let index = model.backends.firstIndex(where: { $0.name == name }),
            snapshot.pools.indices.contains(index)
        else { return }
        let (backend, pool) = (model.backends[index], snapshot.pools[index])
        proxy.backend = BackendStatus(backend, pool)
        proxy.servers = zip(zip(backend.servers, pool.servers), standings[index]).map {
            let ((server, counters), standing) = $0
            return ServerStatus(server, counters, health(of: server, in: backend, index, standing))
        }
    }

    private func health(
        of server: Server, in backend: Backend, _ pool: Int, _ standing: ServerStanding
    ) -> ServerHealth {
        var health = ServerHealth(
            check: checks[HealthTargets.id(backend, server)],
            agent: checks[HealthTargets.agentID(backend, server)], standing: standing)
        let number = backend.servers.firstIndex { $0.name == server.name } ?? 0
        guard let root = targets.roots[HealthTargets.Place(pool: pool, server: number)] else {
            return health
        }
        let other = model.backends[root.pool]
        health.trackedWords = ServerHealth(
            check: checks[HealthTargets.id(other, other.servers[root.server])],
            agent: checks[HealthTargets.agentID(other, other.servers[root.server])],
            standing: standings[root.pool][root.server]
        ).words(tracking: nil)
        return health
    }
}

extension FrontendStatus {
    fileprivate init(_ frontend: Frontend, _ counters: FrontendSnapshot) {
        self.init(status: counters.isAccepting ? "OPEN" : "FULL")
        addresses = frontend.endpoints.map(\.description)
        traffic.sessions = counters.currentSessions
        traffic.sessionsMax = counters.peakSessions
        traffic.sessionLimit = counters.sessionLimit
        traffic.sessionsTotal = counters.totalSessions
        traffic.bytesIn = Int(counters.bytesIn)
        traffic.bytesOut = Int(counters.bytesOut)
        traffic.rate = counters.rate
        traffic.rateMax = counters.peakRate
        requestErrors = counters.requestErrors
        deniedConnections = counters.refusals[.deniedConnection, default: 0]
        deniedSessions = counters.refusals[.deniedSession, default: 0]
        deniedRequests = counters.deniedRequests
        refusals = Dictionary(
            uniqueKeysWithValues: counters.refusals.map { ($0.key.word, $0.value) })
        refusals["hello-unreadable"] =
            counters.unreadableHellos == 0 ? nil : counters.unreadableHellos
        refusals["hello-late"] = counters.lateHellos == 0 ? nil : counters.lateHellos
    }
}

extension BackendStatus {
    fileprivate init(_ backend: Backend, _ counters: PoolSnapshot) {
        self.init(status: counters.isUp ? "UP" : "DOWN", algorithm: backend.algorithm.description)
        traffic.sessions = counters.currentSessions
        traffic.sessionsMax = counters.peakSessions
        traffic.sessionsTotal = counters.totalSessions
        traffic.bytesIn = Int(counters.bytesIn)
        traffic.bytesOut = Int(counters.bytesOut)
        traffic.rate = counters.rate
        traffic.rateMax = counters.peakRate
        service.queued = counters.currentQueue
        service.queuedMax = counters.peakQueue
        service.connectErrors = counters.connectionErrors
        service.retries = counters.retries
        service.redispatches = counters.redispatches
        service.chosen = counters.totalSessions
        service.clientAborts = counters.clientAborts
        service.serverAborts = counters.serverAborts
        service.sinceLastSession = counters.secondsSinceLastSession
        weight = counters.weight
        activeServers = counters.activeServers
        backupServers = counters.backupServers
    }
}

extension ServerStatus {
    fileprivate init(_ server: Server, _ counters: ServerSnapshot, _ health: ServerHealth) {
        self.init(
            name: server.name,
            address: server.port == 0 ? server.address.description : server.endpointDescription,
            status: health.words(tracking: server.health.tracked), weight: counters.weight)
        isBackup = server.isBackup
        traffic.sessions = counters.currentSessions
        traffic.sessionsMax = counters.peakSessions
        traffic.sessionLimit = counters.sessionLimit
        traffic.sessionsTotal = counters.totalSessions
        traffic.bytesIn = Int(counters.bytesIn)
        traffic.bytesOut = Int(counters.bytesOut)
        traffic.rate = counters.rate
        traffic.rateMax = counters.peakRate
        service.queued = counters.currentQueue
        service.queuedMax = counters.peakQueue
        service.connectErrors = counters.connectionErrors
        service.retries = counters.retries
        service.redispatches = counters.redispatches
        service.chosen = counters.totalSessions
        service.clientAborts = counters.clientAborts
        service.serverAborts = counters.serverAborts
        service.sinceLastSession = counters.secondsSinceLastSession
        agent = health.agent.map(CheckStatus.init)
        tracked = server.health.tracked?.description
        guard let report = health.check else { return }
        if server.check != nil { check = CheckStatus(report) }
        service.downTransitions = report.downTransitions
        service.sinceLastChange = Int(report.timeSinceChange.components.seconds)
        service.downtime = Int(report.downtime.components.seconds)
    }
}

extension CheckStatus {
    fileprivate init(_ report: CheckReport) {
        self.init(
            code: report.code, rise: report.record.rise, fall: report.record.fall,
            health: report.record.health)
        detail = report.lastOutcome?.detail ?? ""
        meaning = report.lastOutcome?.meaning ?? "Initializing"
        statusCode = report.lastOutcome?.facts?.statusCode
        isRunning = report.isChecking
        duration = report.lastDuration.map { Int($0 / .milliseconds(1)) }
        failures = report.failedChecks
    }
}
#endif
