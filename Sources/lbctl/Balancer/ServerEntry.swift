#if Program
internal import Control
internal import HealthCheck
internal import NodeConfiguration

/// What ``ServerStandings`` keeps of one server.
struct ServerEntry {
    var standing: ServerStanding
    /// Whether people were last told that it is up; `nil`: nothing yet.
    var announced: Bool?
    /// Whether its check is left out.
    private var isPaused = false
    /// Whether its agent is not asked.
    private var isAgentPaused = false
    /// Whether connections are to be led back to where it is configured.
    private(set) var isLedBack = false
    /// The share that name servers last named, and when they first did, in nanoseconds of the
    /// monotonic clock.
    private(set) var named: (weight: Int, at: UInt64)?

    /// Begins with what is configured and what was known before.
    ///
    /// - Parameters:
    ///   - server: The server.
    ///   - backend: Its pool.
    ///   - memories: What was known of targets when they were last heard of.
    ///   - orders: What the operator wants of this server.
    init(
        _ server: Server, of backend: Backend, knowing memories: [String: CheckMemory],
        orders: [GivenOrder]
    ) {
        standing = ServerStanding(
            weight: server.weight, limit: server.connectionLimit,
            operatorState: server.isDisabled ? .maintenance : .ready)
        if case .name = server.address { standing.whereabouts = .awaited }
        if let check = server.check {
            let memory = memories[HealthTargets.id(backend, server)]
            let record = HealthRecord(
                rise: check.rise, fall: check.fall,
                initialState: HealthRecord.InitialState(check.initialState))
            // A server that waits takes nothing before it is known that it can.
            standing.checkIsUp = memory?.isUp ?? record.isUp
            standing.hearing = memory != nil || record.isKnown ? .heard : .awaited
        }
        // Who spoke last of the share or the limit has it, also after a restart.
        var words: [(at: UInt64, take: (inout ServerEntry) -> Void)] = []
        if let memory = memories[HealthTargets.id(backend, server)], server.check != nil {
            let method = backend.checks.method
            standing.wishesNoClients = method.drains && memory.wishesNoClients && memory.isUp
            if method.weighs, let weight = memory.weight {
                words.append((memory.weightSaidAt, { $0.standing.take(checkWeight: weight) }))
            }
        }
        if let memory = memories[HealthTargets.agentID(backend, server)], let agent = memory.agent {
            let (limit, rest) = agent.parts
            words.append((memory.weightSaidAt, { $0.standing.take(rest) }))
            words.append((memory.limitSaidAt, { $0.standing.take(limit) }))
        }
        if let memory = memories[HealthTargets.addressID(backend, server)],
            let weight = memory.weight
        {
            let at = memory.weightSaidAt
            words.append((at, { $0.take(nameWeight: weight, at: at) }))
        }
        for order in orders { words.append((order.at, { $0.take(order.order.change, server) })) }
        for word in words.sorted(by: { $0.at < $1.at }) { word.take(&self) }
    }

    /// Goes on from what the server was under another model.
    ///
    /// - Parameters:
    ///   - former: What it was.
    ///   - server: What it is now.
    ///   - method: What its check asks now.
    ///   - isSame: Whether check, agent and name still ask where they did.
    init(
        goingOnFrom former: ServerEntry, _ server: Server, checkedBy method: CheckMethod,
        isSame: (check: Bool, agent: Bool, name: Bool)
    ) {
        self = former
        isLedBack = false
        standing.configure(
            weight: server.weight, limit: server.connectionLimit,
            state: server.isDisabled ? .maintenance : .ready)
        switch server.address {
        case .name: if !isSame.name { standing.whereabouts = .awaited }
        // Where the operator has moved it, it stays.
        case .internet:
            if isSame.name, case .found(let place) = standing.whereabouts,
                let place = server.place(goingOnAt: place)
            {
                standing.whereabouts = .found(place)
            } else {
                isLedBack = isSame.name && standing.whereabouts != .configured
                standing.whereabouts = .configured
            }
        case .path, .abstractName: standing.whereabouts = .configured
        }
        if !isSame.name {
            standing.forgetName()
            named = nil
        }
        if !isSame.agent {
            standing.forgetAgent()
            isAgentPaused = false
        }
        if !isSame.check {
            let record = server.check.map {
                HealthRecord(
                    rise: $0.rise, fall: $0.fall,
                    initialState: HealthRecord.InitialState($0.initialState))
            }
            standing.forgetCheck(
                isUp: record?.isUp, record?.isKnown ?? true ? .heard : .awaited)
            // The checks are others, which nobody has paused.
            isPaused = false
        }
        // What was said by another kind of check nobody would take back.
        if !method.drains { standing.wishesNoClients = false }
        if !method.weighs { standing.forgetCheckShare() }
        // Whom it tracks is told anew.
        standing.tracked = nil
        if !isSame.check || !isSame.agent { announced = nil }
    }

    /// Leaves alone who is in maintenance, or where nobody knows an address to ask at; in maintenance an agent
    /// goes on, or it could never end it.
    ///
    /// - Parameter server: The server.
    /// - Returns: Whether its check and its agent are left alone now, each where that is news.
    mutating func pause(agentOf server: Server) -> (check: Bool?, agent: Bool?) {
        let isMissing = !standing.whereabouts.isKnown
        let former = (check: isPaused, agent: isAgentPaused)
        isPaused =
            standing.operatorState == .maintenance || standing.agentState == .maintenance
            || isMissing
        // One with an address of its own is there all the same.
        isAgentPaused = isMissing && server.health.agent.map { $0.address == nil } ?? false
        return (
            isPaused == former.check ? nil : isPaused,
            isAgentPaused == former.agent ? nil : isAgentPaused
        )
    }

    /// Takes in what another process remembers of the server's check or agent.
    mutating func take(_ memory: CheckMemory, of kind: HealthTargets.Source.Kind) {
        switch kind {
        case .check:
            (standing.checkIsUp, standing.hearing) = (memory.isUp, .heard)
            standing.wishesNoClients = memory.wishesNoClients && memory.isUp
            if let weight = memory.weight { standing.take(checkWeight: weight) }
        case .agent: if let agent = memory.agent { standing.take(agent) }
        }
    }

    /// Takes in what the server's check reports.
    mutating func take(_ report: CheckReport) {
        standing.checkIsUp = report.isUp
        if report.record.isKnown {
            standing.hearing = .heard
        } else if report.lastOutcome != nil {
            standing.hearing = .notRun
        }
        guard let outcome = report.lastOutcome, outcome.verdict == true else { return }
        if outcome.status == .answeredDraining {
            standing.wishesNoClients = report.isUp
        } else {
            standing.wishesNoClients = false
        }
        if let weight = outcome.facts.weight { standing.take(checkWeight: weight) }
    }

    /// Takes in the share that name servers name.
    mutating func take(nameWeight weight: Int, at time: UInt64) {
        if standing.take(nameWeight: weight) { named = (weight, time) }
    }

    /// Takes in what the operator says of the server, which must be one that it can be said of.
    mutating func take(_ change: ServerOrder.Change, _ server: Server) {
        switch change {
        case .ready: standing.operatorState = .ready
        case .drain: standing.operatorState = .drain
        case .maintenance: standing.operatorState = .maintenance
        case .weight(let weight): standing.setWeight(weight)
        case .connectionLimit(let limit): standing.setLimit(limit == 0 ? nil : limit)
        case .address(let address):
            guard let place = server.place(of: address) else { return }
            standing.whereabouts = .found(place)
        case .configuredAddress: standing.whereabouts = .configured
        }
    }

    /// Takes what is known for granted: nobody is told of it.
    ///
    /// What people were told before stays what they were told.
    mutating func settle() {
        announced = standing.outlook == .heard ? announced ?? standing.isUp : nil
    }
}
#endif
