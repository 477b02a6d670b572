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
    /// When certificates end, in seconds since 1970, by their paths.
    let certificateEnds: [String: Int]
    private let poolIndices: [String: Int]
    private let numbers: SectionNumbers

    /// - Parameters:
    ///   - model: What is served.
    ///   - snapshot: What was counted.
    ///   - checks: What checks and agents report, by their names in ``HealthTargets``.
    ///   - standings: What follows for each server, by pool and server.
    ///   - targets: Who tracks whom.
    ///   - certificateEnds: When certificates end, in seconds since 1970, by their paths.
    init(
        model: Model, snapshot: BalancerSnapshot, checks: [String: CheckReport],
        standings: [[ServerStanding]], targets: HealthTargets, certificateEnds: [String: Int]
    ) {
        self.certificateEnds = certificateEnds
        self.model = model
        self.snapshot = snapshot
        self.checks = checks
        self.standings = standings
        self.targets = targets
        poolIndices = model.backendIndices
        numbers = SectionNumbers(model)
    }

    /// Every section that the user wrote: pages first, then frontends with their pools.
    func build() -> [ProxyStatus] {
        var proxies = model.statisticsPages.map { page in
            var proxy = ProxyStatus(name: page.name, mode: "http")
            proxy.frontend = FrontendStatus()
            proxy.frontend?.addresses = page.endpoints.map(\.description)
            identify(&proxy, by: page.identity)
            return proxy
        }
        for (frontend, counters) in zip(model.activeFrontends, snapshot.frontends) {
            var proxy = ProxyStatus(
                name: frontend.name, mode: frontend.isDatagram ? "udp" : "tcp")
            if !frontend.description.isEmpty { proxy.description = frontend.description }
            identify(&proxy, by: frontend.identity)
            proxy.frontend = FrontendStatus(frontend, counters)
            proxy.frontend?.certificateEnds = ends(
                of: frontend.listeners.flatMap { $0.tls?.certificates ?? [] }.map(\.path))
            // A `listen` section is one proxy: its pool has its name.
            if frontend.backendName == frontend.name { addPool(named: frontend.name, to: &proxy) }
            proxies.append(proxy)
        }
        let listened = Set(model.activeFrontends.map(\.name))
        for backend in model.backends where !listened.contains(backend.name) {
            var proxy = ProxyStatus(
                name: backend.name, mode: backend.isDatagram ? "udp" : "tcp")
            if !backend.description.isEmpty { proxy.description = backend.description }
            identify(&proxy, by: backend.identity)
            addPool(named: backend.name, to: &proxy)
            proxies.append(proxy)
        }
        for (table, used) in zip(model.stickTables, snapshot.tableCounts) {
            guard let place = proxies.firstIndex(where: { $0.name == table.name }) else { continue }
            proxies[place].table = StickTableStatus(
                type: table.kind.rawValue, size: table.size, used: used)
        }
        return proxies
    }

    private func identify(_ proxy: inout ProxyStatus, by identity: SectionIdentity) {
        proxy.number = numbers[identity]
        proxy.guid = identity.guid
    }

    private func addPool(named name: String, to proxy: inout ProxyStatus) {
        guard let index = poolIndices[name], snapshot.pools.indices.contains(index) else { return }
        let (backend, pool) = (model.backends[index], snapshot.pools[index])
        proxy.backend = BackendStatus(backend, pool)
        let numbers = BalancerPlan.numbers(own: backend.servers.map(\.number))
        proxy.servers = zip(backend.servers, pool.servers).enumerated().map { position, pair in
            let place = HealthTargets.Place(pool: index, server: position)
            var server = ServerStatus(pair.0, pair.1, health(at: place))
            server.certificateEnds = ends(of: [pair.0.tls?.certificatePath].compactMap(\.self))
            server.number = numbers[position] == position + 1 ? nil : numbers[position]
            return server
        }
    }

    /// `nil`: there are none of these.
    private func ends(of paths: [String]) -> [String: Int]? {
        var ends: [String: Int] = [:]
        for path in paths { ends[path] = certificateEnds[path] }
        return ends.isEmpty ? nil : ends
    }

    private func health(at place: HealthTargets.Place) -> ServerHealth {
        let backend = model.backends[place.pool]
        let server = backend.servers[place.server]
        var health = ServerHealth(
            check: checks[HealthTargets.id(backend, server)],
            agent: checks[HealthTargets.agentID(backend, server)],
            standing: standings[place.pool][place.server])
        guard let root = targets.roots[place] else { return health }
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
    fileprivate init(_ frontend: Frontend, _ snapshot: FrontendSnapshot) {
        self.init(status: snapshot.isAccepting ? "OPEN" : "FULL")
        addresses = frontend.endpoints.map(\.description)
        traffic = TrafficCounters(snapshot.counters)
        traffic.sessionsTotal = snapshot.admittedSessions
        connectionsTotal = snapshot.totalSessions + snapshot.refusals
        connectionRate = snapshot.connectionRate
        connectionRateMax = snapshot.peakConnectionRate
        let causes = snapshot.refusalsByCause
        deniedConnections = snapshot.refusals + causes[.deniedConnection, default: 0]
        deniedSessions = causes[.deniedSession, default: 0]
        deniedRequests = causes[.deniedContent, default: 0]
        requestErrors = snapshot.requestErrors
        refusals = snapshot.refusalsByWord
        showsListeners = frontend.showsListeners
        let numbers = frontend.listenerNumbers
        listeners = zip(frontend.listeners, snapshot.listeners).enumerated().map { index, pair in
            let (listener, counters) = pair
            var status = ListenerStatus(
                name: counters.name, address: listener.endpoint.description, status: self.status)
            status.number = numbers[index] == index + 1 ? nil : numbers[index]
            status.traffic = TrafficCounters(counters.counters)
            if let limit = counters.sessionLimit, counters.currentSessions >= limit {
                status.status = "FULL"
            }
            return status
        }
    }
}

extension BackendStatus {
    fileprivate init(_ backend: Backend, _ snapshot: PoolSnapshot) {
        self.init(
            // As haproxy: one without servers is there for its table, and lacks none.
            status: snapshot.isUp || backend.servers.isEmpty ? "UP" : "DOWN",
            algorithm: backend.algorithm.description)
        traffic = TrafficCounters(snapshot.counters)
        service = ServiceCounters(snapshot.counters)
        weight = snapshot.weight
        activeServers = snapshot.activeServers
        backupServers = snapshot.backupServers
        usableServers = snapshot.usableServers
        queueTimes = TimeDistribution(snapshot.queueTimes)
        connectTimes = TimeDistribution(snapshot.connectTimes)
        sessionTimes = TimeDistribution(snapshot.sessionTimes)
    }
}

extension TimeDistribution {
    fileprivate init(_ histogram: TimeHistogram) {
        self.init(counts: histogram.counts)
        sum = histogram.sum
        median = histogram.quantile(0.5)
        ninetyNinth = histogram.quantile(0.99)
    }
}

extension TrafficCounters {
    fileprivate init(_ counters: SessionCounters) {
        self.init()
        sessions = counters.currentSessions
        sessionsMax = counters.peakSessions
        sessionLimit = counters.sessionLimit
        sessionsTotal = counters.totalSessions
        bytesIn = Int(truncatingIfNeeded: counters.bytesIn)
        bytesOut = Int(truncatingIfNeeded: counters.bytesOut)
        rate = counters.rate
        rateMax = counters.peakRate
        rateLimit = counters.rateLimit
    }
}

extension ServiceCounters {
    fileprivate init(_ counters: SessionCounters) {
        self.init()
        queued = counters.currentQueue
        queuedMax = counters.peakQueue
        queueLimit = counters.queueLimit
        connectErrors = counters.connectionErrors
        retries = counters.retries
        redispatches = counters.redispatches
        chosen = counters.totalSessions
        clientAborts = counters.clientAborts
        serverAborts = counters.serverAborts
        sinceLastSession = counters.secondsSinceLastSession
        queueTime = counters.times.queue
        connectTime = counters.times.connect
        totalTime = counters.times.session
    }
}

extension ServerStatus {
    fileprivate init(_ server: Server, _ snapshot: ServerSnapshot, _ health: ServerHealth) {
        self.init(
            name: server.name,
            address: server.presentEndpoint(health.standing.whereabouts),
            status: health.words(tracking: server.health.tracked), weight: snapshot.weight)
        guid = server.guid
        isBackup = server.isBackup
        warmth = snapshot.warmth
        traffic = TrafficCounters(snapshot.counters)
        service = ServiceCounters(snapshot.counters)
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
        statusCode = report.lastOutcome?.facts.statusCode
        role = report.lastOutcome?.facts.role?.rawValue
        certificateDaysLeft = report.lastOutcome?.facts.certificateDaysLeft
        isRunning = report.isChecking
        duration = report.lastDuration.map { Int($0 / .milliseconds(1)) }
        failures = report.failedChecks
    }
}
#endif
