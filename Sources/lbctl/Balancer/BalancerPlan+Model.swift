#if Program
internal import Balancer
internal import LinuxIO
internal import NodeConfiguration
internal import VRRPCore

extension BalancerPlan {
    /// What the balancer is to do, as the model has it.
    init(_ model: Model) {
        let variables = model.variableNames
        let places = RulePlaces(
            pools: model.backendIndices, tables: model.tableIndices,
            variables: Dictionary(
                variables.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first }))
        self.init(
            reactorCount: model.global.reactorCount
                ?? BalancerPlan.reactorCount(ofProcessors: SystemLimits.usableProcessors),
            connectionLimit: model.global.connectionLimit,
            frontends: model.activeFrontends.map { FrontendPlan($0, model, places) },
            pools: model.backends.map { PoolPlan($0, places) })
        let usual = model.usualFullConnections
        for (index, backend) in model.backends.enumerated() where backend.followsCrowd {
            pools[index].fullConnections =
                backend.limits.fullConnections ?? max(1, usual[backend.name] ?? 0)
        }
        connectionRateLimit = model.global.connectionRate
        sessionRateLimit = model.global.sessionRate
        securedLimit = model.global.securedConnectionLimit
        securedRateLimit = model.global.securedConnectionRate
        tables = model.stickTables.map(StickTablePlan.init)
        self.variables = variables.map {
            VariablePlan(name: $0.text, isOfProcess: $0.scope == .process)
        }
        peers = model.peers.map(PeersPlan.init)
        otherDescriptors = model.otherDescriptors
    }

    /// One reactor per processor, as far as that is possible.
    static func reactorCount(ofProcessors count: Int) -> Int { min(count, mostReactors) }
}

extension Model {
    /// What a balancer process may have open at once beside connections and pipes.
    ///
    /// Each listener, each check and agent under way, each sink of log lines and each client of a page
    /// has one.
    fileprivate var otherDescriptors: Int {
        let asked = backends.reduce(0) { sum, backend in
            backend.servers.reduce(sum) {
                $0 + ($1.check == nil ? 0 : 1) + ($1.health.agent == nil ? 0 : 1)
            }
        }
        let sinks = Set(activeFrontends.flatMap { $0.logTargets(global).map(\.destination) }).count
        // Strangers are up to 16 at once; each peer may be connecting and connected.
        let exchanged = peers.reduce(0) { $0 + 16 + 2 * $1.peers.count }
        return 128 + listeners.count + asked + sinks + exchanged + 64 * statisticsPages.count
    }

    /// Compares the number of connections that the configuration wants with what can be had.
    ///
    /// - Parameter openFiles: The limit on open files.
    /// - Returns: How many it is enough for; `nil`: for all.
    func possibleConnections(with openFiles: Int) -> Int? {
        guard hasBalancer, let wanted = global.connectionLimit else { return nil }
        let possible = BalancerPlan(self).possibleConnections(with: openFiles)
        return possible < wanted ? possible : nil
    }
}

extension PeersPlan {
    fileprivate init(_ section: PeersSection) {
        self.init(
            name: section.name, localName: section.localName,
            peers: section.peers.map {
                Peer(name: $0.name, address: StreamAddress($0.address, port: $0.port))
            })
    }
}

extension FrontendPlan {
    fileprivate init(_ frontend: Frontend, _ model: Model, _ places: RulePlaces) {
        self.init(
            name: frontend.name, poolIndex: places.pool(frontend.backendName),
            connectionLimit: frontend.connectionLimit, clientTimeout: frontend.clientTimeout)
        listeners = zip(frontend.listeners, frontend.listenerNumbers).map { listener, number in
            var plan = ListenerPlan(
                name: listener.name ?? "sock-\(number)",
                acceptsProxyHeader: listener.headerWord != nil,
                connectionLimit: listener.connectionLimit, number: listener.number)
            plan.insertionMagic = listener.insertionMagic
            return plan
        }
        clientFinTimeout = frontend.limits.clientFinTimeout
        handshakeTimeout = frontend.limits.handshakeTimeout
        sessionRateLimit = frontend.limits.sessionRate
        sessionRateLimitPerSource = frontend.limits.sessionRatePerSource
        logging = ConnectionLogging(frontend, model.global)
        identifierFormat = IdentifierFormat(ofModel: frontend)
        captureLengths = frontend.rules.captureLengths
        let log = frontend.log
        securedSamples =
            LineFormat((log.form == .written ? log.format : []) + log.structuredData).samples
        isDatagram = frontend.isDatagram
        rules = RulePlan(frontend.rules, places)
        // `listen` is one section with two sides.
        twinPoolIndex = places.pools[frontend.name].flatMap { index in
            let position = model.backends[index].identity.position
            return position > 0 && position == frontend.identity.position ? index : nil
        }
    }
}

extension Frontend {
    /// Where its lines go.
    func logTargets(_ global: GlobalSettings) -> [LogTarget] {
        log.targets + (log.usesGlobalTargets ? global.logTargets : [])
    }
}

extension PoolPlan {
    fileprivate init(_ backend: Backend, _ places: RulePlaces) {
        self.init(
            name: backend.name, algorithm: Algorithm(backend.algorithm),
            servers: backend.servers.map { ServerPlan($0, places) },
            connectTimeout: backend.connectTimeout, serverTimeout: backend.serverTimeout,
            queueTimeout: backend.queueTimeout, retries: backend.retries,
            redispatches: backend.redispatches)
        redispatchInterval = backend.redispatchInterval
        hashType = HashType(backend.selection)
        balanceFactor = backend.selection.balanceFactor
        affinity =
            switch backend.selection.affinity {
            case .always: .always
            case .whileRoom: .whileRoom
            case .whilePlace: .whilePlace
            }
        backupUse = BackupUse(backend.selection.backupUse)
        queueLimit = backend.limits.queueLimit
        tunnelTimeout = backend.limits.tunnelTimeout
        serverFinTimeout = backend.limits.serverFinTimeout
        noServerTimeout = backend.limits.noServerTimeout
        fullConnections = backend.limits.fullConnections
        resetsServers = backend.limits.resetsServers
        dropsLeavers = backend.limits.dropsLeavers
        savesAcknowledgement = backend.limits.savesAcknowledgement
        contentRules = backend.contentRules.filter { rule in
            // What a 'listen' section captures is for the lines of its own clients.
            if case .capture = rule.action { false } else { true }
        }.map { Rule($0, places) }
        inspectDelay = backend.inspectDelay ?? .zero
        serverRules = backend.serverRules.map { rule in
            ServerRule(rule.serverName, if: Condition(rule.condition, places))
        }
        tokenCookie = backend.selection.tokenCookie.map { RDPCookie.Name(ofModel: $0) }
        stickRules = backend.stickRules.map { StickRule($0, places) }
        forcingRules = backend.persistenceRules.map { rule in
            ForcingRule(isForced: rule.isForced, if: Condition(rule.condition, places))
        }
        keepsToServers = backend.keepsToServers
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
            case .hash(let key): .hash(ConnectionKey(key))
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
            case .wt6: .wt6
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
    fileprivate init(_ server: Server, _ places: RulePlaces) {
        self.init(
            name: server.name, at: StreamAddress(server), weight: server.weight,
            connectionLimit: server.connectionLimit, isBackup: server.isBackup,
            administrativeState: server.isDisabled ? .maintenance : .ready)
        if case .name = server.address { isByName = true }
        portOffset = server.portOffset
        // What is known of it is said at once; until then it takes nobody.
        isUp = server.check == nil && !isByName && server.health.tracked == nil
        number = server.number
        isForgettable = server.isNonStick
        guid = server.guid
        hashKey =
            switch server.hashKey {
            case .number: .number
            case .wholeNumber: .wholeNumber
            case .guid: .guid
            case .address: .address
            case .addressAndPort: .addressAndPort
            }
        connection = ConnectionPlan(server.connection)
        connection.nameSource = server.tls?.serverNameSource.map { VariableSource($0, places) }
        connection.headerTexts = server.connection.headerExtensions.map {
            .init(type: $0.type, source: VariableSource($0.value, places))
        }
        leastConnectionLimit = server.leastConnectionLimit
        queueLimit = server.queueLimit
        slowStart = server.slowStart
        shutsSessionsWhenDown = server.health.endsSessionsWhenDown
        shutsBackupSessionsWhenUp = server.health.endsBackupSessionsWhenUp && !server.isBackup
    }
}

extension Backend {
    /// Whether a server's limit follows from how many connections there are (`minconn`).
    fileprivate var followsCrowd: Bool { servers.contains { $0.leastConnectionLimit != nil } }
}

extension Model {
    /// haproxy's `fullconn` where none is said: for each pool by its name a tenth of what the frontends that
    /// lead to it may have.
    ///
    /// Empty: no pool asks.
    fileprivate var usualFullConnections: [String: Int] {
        guard backends.contains(where: \.followsCrowd) else { return [:] }
        let most = global.connectionLimit ?? KernelSettings.openFileLimit / 2
        var sums: [String: Int] = [:]
        for frontend in activeFrontends {
            for name in Set([frontend.backendName] + frontend.rules.backendNames) {
                sums[name, default: 0] += min(frontend.connectionLimit ?? most, most)
            }
        }
        return sums.mapValues { $0 / 10 }
    }

    /// The frontends that accept connections.
    var activeFrontends: [Frontend] { frontends.filter { !$0.isDisabled } }

    /// The positions of the pools.
    var backendIndices: [String: Int] {
        Dictionary(
            backends.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The positions of the tables.
    var tableIndices: [String: Int] {
        Dictionary(
            stickTables.enumerated().map { ($1.name, $0) },
            uniquingKeysWith: { first, _ in first })
    }
}
#endif
