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
    var isPaused = false

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
        // Who spoke last of the share has it, also after a restart.
        var words: [(at: UInt64, take: (inout ServerEntry) -> Void)] = []
        if let memory = memories[HealthTargets.id(backend, server)], server.check != nil {
            standing.wishesNoClients = memory.wishesNoClients && memory.isUp
            if let weight = memory.weight {
                words.append((memory.weightSaidAt, { $0.standing.take(checkWeight: weight) }))
            }
        }
        if let memory = memories[HealthTargets.agentID(backend, server)], let agent = memory.agent {
            words.append((memory.weightSaidAt, { $0.standing.take(agent) }))
        }
        for order in orders { words.append((order.at, { $0.take(order.order.change) })) }
        for word in words.sorted(by: { $0.at < $1.at }) { word.take(&self) }
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

    /// Takes in what the operator says.
    mutating func take(_ change: ServerOrder.Change) {
        switch change {
        case .ready: standing.operatorState = .ready
        case .drain: standing.operatorState = .drain
        case .maintenance: standing.operatorState = .maintenance
        case .weight(let weight): standing.setWeight(weight)
        }
    }

    /// Takes what is known for granted: nobody is told of it.
    mutating func settle() { announced = standing.outlook == .heard ? standing.isUp : nil }
}
#endif
