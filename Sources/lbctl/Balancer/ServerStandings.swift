#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import NodeConfiguration
internal import Synchronization

/// The standing of every server, from what checks, agents and operators say, carried out in the
/// balancer and told to people.
///
/// May be called from any thread. What concerns one server is carried out in the order that it was
/// said in: all of it happens under one lock, which nothing below ever takes again.
final class ServerStandings: Sendable {
    typealias Place = HealthTargets.Place

    fileprivate struct Entry {
        var standing: ServerStanding
        /// What people were last told; `nil`: nothing yet.
        var announced: Bool?
        var isPaused = false
    }

    private let model: Model
    private let balancer: Balancer
    private let targets: HealthTargets
    private let announcer: HealthAnnouncer
    private let setPaused: @Sendable (String, Bool) -> Void
    private let state: Mutex<[[Entry]]>

    /// Begins with what is configured and what was known before.
    ///
    /// - Parameters:
    ///   - model: What is served.
    ///   - balancer: Where the standings are carried out.
    ///   - targets: Who is checked, and who tracks whom.
    ///   - memories: What was known of targets when they were last heard of.
    ///   - announcer: Tells people and programs.
    ///   - setPaused: Has the checker leave a target alone.
    init(
        model: Model, balancer: Balancer, targets: HealthTargets,
        knowing memories: [String: CheckMemory], announcer: HealthAnnouncer,
        setPaused: @escaping @Sendable (String, Bool) -> Void
    ) {
        self.model = model
        self.balancer = balancer
        self.targets = targets
        self.announcer = announcer
        self.setPaused = setPaused
        let entries = model.backends.map { backend in
            backend.servers.map { Entry($0, of: backend, knowing: memories) }
        }
        state = Mutex(entries)
        state.withLock { entries in
            for (pool, backend) in model.backends.enumerated() {
                for server in backend.servers.indices {
                    let place = Place(pool: pool, server: server)
                    apply(place, &entries)
                    spread(from: place, &entries)
                }
            }
        }
    }

    /// What was last said of a server, put together.
    func standing(at place: Place) -> ServerStanding {
        state.withLock { $0[place.pool][place.server].standing }
    }

    /// Whether a server's check is known to fail.
    func isDown(at place: Place) -> Bool {
        state.withLock { entries in
            let entry = entries[place.pool][place.server]
            return entry.announced != nil && entry.standing.checkIsUp == false
        }
    }

    /// What was last said of every server, by pool and server.
    func all() -> [[ServerStanding]] {
        state.withLock { $0.map { $0.map(\.standing) } }
    }

    /// Takes in what a check or an agent reports.
    func take(_ report: CheckReport) {
        guard let source = targets.source(of: report.id) else { return }
        let place = source.place
        state.withLock { entries in
            let before = entries[place.pool][place.server].standing
            switch source.kind {
            case .check: entries[place.pool][place.server].take(report)
            case .agent:
                guard let said = report.lastOutcome?.facts.agent else { break }
                entries[place.pool][place.server].standing.take(said)
            }
            announcer.result(
                report, of: source, logs: model.backends[place.pool].checks.logsResults)
            carryOut(place, after: before, because: report, source.kind, &entries)
        }
    }

    /// Takes in what the operator says of a server.
    func administer(_ place: Place, _ change: ServerOrder.Change) {
        state.withLock { entries in
            let before = entries[place.pool][place.server].standing
            entries[place.pool][place.server].standing.take(change)
            carryOut(place, after: before, because: nil, .check, &entries)
        }
    }

    /// Carries a change out at a server and at those that track it.
    private func carryOut(
        _ place: Place, after before: ServerStanding, because report: CheckReport?,
        _ kind: HealthTargets.Source.Kind, _ entries: inout [[Entry]]
    ) {
        let own = entries[place.pool][place.server]
        let isNews =
            report?.transition != nil || own.announced != nil && own.announced != own.standing.isUp
        guard own.standing != before || isNews else { return }
        var changed = [(place, before)]
        for follower in targets.followers[place] ?? [] {
            changed.append((follower, entries[follower.pool][follower.server].standing))
        }
        let queued = changed.map { announcer.waitingCount(at: $0.0) }
        apply(place, &entries)
        spread(from: place, &entries)
        for ((changedPlace, before), queued) in zip(changed, queued) {
            let via = changedPlace == place ? nil : targets.id(at: place)
            var cause = HealthAnnouncer.Cause(
                report: report, kind: kind, via: via, requeued: queued)
            let others = entries[changedPlace.pool].indices.filter { $0 != changedPlace.server }
            cause.isPoolKnown = others.allSatisfy {
                entries[changedPlace.pool][$0].announced != nil
            }
            tell(
                changedPlace, before, entry: &entries[changedPlace.pool][changedPlace.server],
                cause)
        }
    }

    private func spread(from place: Place, _ entries: inout [[Entry]]) {
        for follower in targets.followers[place] ?? [] {
            entries[follower.pool][follower.server].standing.tracked =
                entries[place.pool][place.server].standing.forFollowers
            if entries[place.pool][place.server].announced == nil {
                entries[follower.pool][follower.server].announced = nil
            }
            apply(follower, &entries)
        }
    }

    private func apply(_ place: Place, _ entries: inout [[Entry]]) {
        let standing = entries[place.pool][place.server].standing
        let (pool, server) = (place.pool, place.server)
        balancer.setWeight(pool: pool, server: server, standing.weight)
        balancer.setConnectionLimit(pool: pool, server: server, standing.limit)
        balancer.setAdministrativeState(
            pool: pool, server: server, AdministrativeState(standing.administration))
        balancer.setHealth(
            pool: pool, server: server, isUp: standing.isUp,
            warmsUp: entries[pool][server].announced != nil)
        // What is in maintenance is left alone; an agent goes on, or it could never end it.
        let isPaused =
            standing.operatorState == .maintenance || standing.agentState == .maintenance
        if isPaused != entries[pool][server].isPaused {
            entries[pool][server].isPaused = isPaused
            setPaused(targets.id(at: place), isPaused)
        }
    }

    private func tell(
        _ place: Place, _ before: ServerStanding, entry: inout Entry,
        _ cause: HealthAnnouncer.Cause
    ) {
        let server = model.backends[place.pool].servers[place.server]
        let now = entry.standing
        let isKnown = entry.announced != nil || cause.report?.transition != nil
        let changes = isKnown && entry.announced != now.isUp
        // The balancer sees to those of a server that goes down.
        let stops = now.administration == .maintenance && before.administration != .maintenance
        if stops, server.health.endsSessionsWhenDown {
            balancer.endSessions(pool: place.pool, server: place.server)
        }
        if now.administration != before.administration, cause.report != nil {
            announcer.administration(now.administration, at: place, cause)
        }
        guard changes else { return }
        entry.announced = now.isUp
        announcer.transition(isUp: now.isUp, at: place, cause)
    }
}

extension ServerStandings.Entry {
    fileprivate init(_ server: Server, of backend: Backend, knowing memories: [String: CheckMemory])
    {
        standing = ServerStanding(
            weight: server.weight, limit: server.connectionLimit,
            operatorState: server.isDisabled ? .maintenance : .ready)
        if let agent = memories[HealthTargets.agentID(backend, server)]?.agent {
            standing.take(agent)
        }
        guard let check = server.check else {
            // A server that tracks another is as that one is, once that is known.
            announced = true
            return
        }
        let memory = memories[HealthTargets.id(backend, server)]
        let record = HealthRecord(
            rise: check.rise, fall: check.fall,
            initialState: HealthRecord.InitialState(check.initialState))
        // A server that waits takes nothing before it is known that it can.
        standing.checkIsUp = memory?.isUp ?? record.isUp
        announced = memory?.isUp ?? (record.isKnown ? record.isUp : nil)
    }

    fileprivate mutating func take(_ report: CheckReport) {
        standing.checkIsUp = report.isUp
        guard let outcome = report.lastOutcome, outcome.verdict == true else { return }
        if outcome.status == .answeredDraining {
            standing.wishesNoClients = report.isUp
        } else {
            standing.wishesNoClients = false
        }
        if let weight = outcome.facts.weight { standing.setWeight(weight) }
    }
}

extension ServerStanding {
    fileprivate mutating func take(_ change: ServerOrder.Change) {
        switch change {
        case .ready: operatorState = .ready
        case .drain: operatorState = .drain
        case .maintenance: operatorState = .maintenance
        case .weight(let weight): setWeight(weight)
        }
    }
}

extension AdministrativeState {
    fileprivate init(_ state: AgentReport.Administration) {
        self =
            switch state {
            case .ready: .ready
            case .drain: .drain
            case .maintenance: .maintenance
            }
    }
}
#endif
