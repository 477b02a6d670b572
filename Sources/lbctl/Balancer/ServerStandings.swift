#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import LinuxIO
internal import NIOCore
internal import NodeConfiguration
internal import Synchronization

/// The standing of every server, from what checks, agents and operators say, carried out in the
/// balancer and told to the election and to people.
///
/// May be called from any thread. What concerns one server is carried out in the order that it was
/// said in: all of it happens under one lock, which nothing below ever takes again. A change costs
/// the same however many servers and pools there are.
final class ServerStandings: Sendable {
    typealias Place = HealthTargets.Place

    /// What becomes known.
    enum News: Sendable {
        /// A server of this pool takes connections again, or none any more.
        case backend(String, isUsable: Bool)
        /// No server's first result is awaited any more.
        case allHeard
    }

    private struct State {
        var entries: [[ServerEntry]]
        var pools: [PoolStanding]
        /// What the election was last told of each pool; `nil`: nothing yet.
        var told: [Bool?]
        /// Whether each pool's clients wait for first results.
        var holds: [Bool]
        /// Servers that serve clients and whose first result is still to come.
        var awaitedCount = 0
        /// Whether nobody is told of anything.
        var isSilent = false

        subscript(place: Place) -> ServerEntry {
            get { entries[place.pool][place.server] }
            set { entries[place.pool][place.server] = newValue }
        }
    }

    private let model: Model
    private let balancer: Balancer
    private let targets: HealthTargets
    private let places: [String: String]
    private let announcer: HealthAnnouncer
    private let setPaused: @Sendable (String, Bool) -> Void
    private let setAddress: @Sendable (String, NIOCore.SocketAddress) -> Void
    private let tell: @Sendable (News) -> Void
    private let state: Mutex<State>

    /// Begins with what is configured and what was known before, and tells what that comes to.
    ///
    /// - Parameters:
    ///   - prepared: What is served, and who tracks whom.
    ///   - order: What was known of it; `nil`: nothing but what `former` knows.
    ///   - former: The standings under another model, which hear of nothing any more.
    ///   - balancer: Where the standings are carried out.
    ///   - announcer: Tells people and programs.
    ///   - setPaused: Has the checker leave a target alone.
    ///   - setAddress: Has the checker ask a target elsewhere.
    ///   - tell: Called under the lock, so that it hears of one pool in order; must not wait.
    init(
        _ prepared: PreparedModel, _ order: ServiceOrder?,
        goingOnFrom former: ServerStandings? = nil, balancer: Balancer,
        announcer: HealthAnnouncer, setPaused: @escaping @Sendable (String, Bool) -> Void,
        setAddress: @escaping @Sendable (String, NIOCore.SocketAddress) -> Void,
        tell: @escaping @Sendable (News) -> Void
    ) {
        (model, targets, places) = (prepared.model, prepared.targets, prepared.places)
        self.balancer = balancer
        self.announcer = announcer
        self.setPaused = setPaused
        self.setAddress = setAddress
        self.tell = tell
        let orders = Dictionary(grouping: order?.administration ?? [], by: \.order.serverName)
        let known = former?.known ?? (entries: [:], told: [:])
        let places = places
        func isSame(_ id: String) -> Bool { former?.places[id] == places[id] }
        let entries = model.backends.map { backend in
            backend.servers.map { server in
                let id = HealthTargets.id(backend, server)
                guard let entry = known.entries[id] else {
                    return ServerEntry(
                        server, of: backend, knowing: order?.health ?? [:],
                        orders: (orders[id] ?? []).filter { server.takes($0.order.change) })
                }
                return ServerEntry(
                    goingOnFrom: entry, server, checkedBy: backend.checks.method,
                    isSame: (
                        check: isSame(id), agent: isSame(HealthTargets.agentID(backend, server)),
                        name: isSame(HealthTargets.addressID(backend, server))
                    ))
            }
        }
        state = Mutex(
            State(
                entries: entries, pools: entries.map { _ in PoolStanding() },
                told: model.backends.map { known.told[$0.name] },
                holds: entries.map { _ in false }))
        state.withLock { begin(&$0) }
    }

    /// What was known and told, by the names of servers and pools.
    private var known: (entries: [String: ServerEntry], told: [String: Bool]) {
        state.withLock { state in
            var (entries, told): ([String: ServerEntry], [String: Bool]) = ([:], [:])
            for (pool, backend) in model.backends.enumerated() {
                told[backend.name] = state.told[pool]
                for (number, server) in backend.servers.enumerated() {
                    entries[HealthTargets.id(backend, server)] = state.entries[pool][number]
                }
            }
            return (entries, told)
        }
    }

    /// Where the operator has moved servers, by their names.
    var movedServers: [String: ResolvedAddress] {
        state.withLock { state in
            var moved: [String: ResolvedAddress] = [:]
            for (pool, backend) in model.backends.enumerated() {
                for (number, server) in backend.servers.enumerated()
                where server.address.internet != nil {
                    guard case .found(let place) = state.entries[pool][number].standing.whereabouts
                    else { continue }
                    moved[HealthTargets.id(backend, server)] = place
                }
            }
            return moved
        }
    }

    /// Tells people and programs nothing from now on: another process does.
    func fallSilent() { state.withLock { $0.isSilent = true } }

    /// Takes in what another process has heard of a target.
    func learn(_ id: String, _ memory: CheckMemory) {
        guard let source = targets.source(of: id) else { return }
        state.withLock { state in
            carryOut(at: source.place, because: nil, source.kind, &state) {
                $0.take(memory, of: source.kind)
            }
        }
    }

    /// What was last said of a server, put together.
    func standing(at place: Place) -> ServerStanding { state.withLock { $0[place].standing } }

    /// Whether a server's check is known to fail.
    func isDown(at place: Place) -> Bool {
        let standing = standing(at: place)
        return standing.hearing == .heard && standing.checkIsUp == false
    }

    /// What was last said of every server, by pool and server.
    func all() -> [[ServerStanding]] {
        state.withLock { $0.entries.map { $0.map(\.standing) } }
    }

    /// Whether no server's first result is awaited.
    var knowsAllServers: Bool { state.withLock { $0.awaitedCount == 0 } }

    /// Takes in what a check or an agent reports.
    func take(_ report: CheckReport) {
        guard let source = targets.source(of: report.id) else { return }
        let place = source.place
        state.withLock { state in
            announcer.result(
                report, of: source, logs: model.backends[place.pool].checks.logsResults)
            carryOut(at: place, because: report, source.kind, &state) { entry in
                switch source.kind {
                case .check: entry.take(report)
                case .agent:
                    guard let said = report.lastOutcome?.facts.agent else { return }
                    entry.standing.take(said)
                }
            }
        }
    }

    /// Takes in what the operator says of a server; what cannot be said of it any more is ignored.
    func administer(_ place: Place, _ change: ServerOrder.Change) {
        let server = model.backends[place.pool].servers[place.server]
        guard server.takes(change) else { return }
        state.withLock { state in
            let former = state[place].standing.whereabouts
            carryOut(at: place, because: nil, .check, &state) { $0.take(change, server) }
            guard state[place].standing.whereabouts != former else { return }
            lead(to: place, state[place].standing)
            for (id, address) in targets.askedAddresses(at: place, state[place].standing) {
                setAddress(id, address)
            }
        }
    }

    /// Takes in where a server is, and the share that its name servers name.
    ///
    /// - Returns: The share that they last named, and when they first did.
    @discardableResult
    func locate(
        _ place: Place, _ whereabouts: ServerStanding.Whereabouts, weight: Int? = nil
    ) -> (weight: Int, at: UInt64)? {
        state.withLock { state in
            carryOut(at: place, because: nil, .check, &state) { entry in
                entry.standing.whereabouts = whereabouts
                if let weight {
                    entry.take(nameWeight: weight, at: NIODeadline.now().uptimeNanoseconds)
                }
            }
            return state[place].named
        }
    }

    private func begin(_ state: inout State) {
        for pool in state.entries.indices {
            for server in state.entries[pool].indices {
                let place = Place(pool: pool, server: server)
                spread(from: place, &state)
            }
        }
        for pool in state.entries.indices {
            for server in state.entries[pool].indices {
                let place = Place(pool: pool, server: server)
                state[place].settle()
                if state[place].standing.whereabouts != .configured || state[place].isLedBack {
                    lead(to: place, state[place].standing)
                }
                apply(place, &state)
                let prospect = state[place].standing.prospect
                state.pools[pool].add(prospect)
                if isAwaited(prospect, in: pool) { state.awaitedCount += 1 }
            }
            _ = tellElection(of: pool, &state)
            state.holds[pool] = state.pools[pool][.awaited] > 0
            balancer.setAwaited(pool: pool, state.holds[pool])
        }
    }

    /// Carries a change out at a server and at those that track it.
    private func carryOut(
        at place: Place, because report: CheckReport?, _ kind: HealthTargets.Source.Kind,
        _ state: inout State, _ change: (inout ServerEntry) -> Void
    ) {
        let former = state[place].standing
        change(&state[place])
        let own = state[place]
        let isNews =
            report?.transition != nil || own.announced != nil && own.announced != own.standing.isUp
        guard own.standing != former || isNews else { return }
        let followers = targets.followers[place] ?? []
        let changed = [(place, former)] + followers.map { ($0, state[$0].standing) }
        let queued = changed.map {
            balancer.view.glance(pool: $0.0.pool, server: $0.0.server).queued
        }
        spread(from: place, &state)
        for (place, former) in changed {
            apply(place, &state)
            endSessions(at: place, former, state[place].standing)
        }
        let lost = settle(changed, &state)
        for ((changedPlace, before), queued) in zip(changed, queued) {
            let via = changedPlace == place ? nil : targets.id(at: place)
            announce(
                changedPlace, before, entry: &state[changedPlace], isSilent: state.isSilent,
                HealthAnnouncer.Cause(report: report, kind: kind, via: via, requeued: queued))
        }
        for pool in lost where !state.isSilent { announcer.lost(pool) }
    }

    /// Hands a server's standing on to those that track it.
    private func spread(from place: Place, _ state: inout State) {
        for follower in targets.followers[place] ?? [] {
            state[follower].standing.tracked = state[place].standing.forFollowers
        }
    }

    /// Has connections go where the operator says that a server is, or back where the plan has it.
    private func lead(to place: Place, _ standing: ServerStanding) {
        guard
            let present = model.backends[place.pool].servers[place.server].presentPlace(
                standing.whereabouts)
        else { return }
        balancer.setAddress(
            pool: place.pool, server: place.server, StreamAddress(present))
    }

    /// Has the balancer do what follows from a standing.
    private func apply(_ place: Place, _ state: inout State) {
        let standing = state[place].standing
        let (pool, server) = (place.pool, place.server)
        balancer.setWeight(pool: pool, server: server, standing.weight)
        balancer.setConnectionLimit(pool: pool, server: server, standing.limit)
        balancer.setAdministrativeState(
            pool: pool, server: server, AdministrativeState(standing.administration))
        balancer.setHealth(
            pool: pool, server: server, isUp: standing.isUp,
            warmsUp: state[place].announced != nil)
        let backend = model.backends[place.pool]
        let news = state[place].pause(agentOf: backend.servers[server])
        if let isPaused = news.check { setPaused(targets.id(at: place), isPaused) }
        if let isPaused = news.agent {
            setPaused(HealthTargets.agentID(backend, backend.servers[server]), isPaused)
        }
    }

    /// Ends the sessions of a server that has gone into maintenance, where that is asked for; the balancer
    /// sees to those of one that goes down.
    private func endSessions(at place: Place, _ former: ServerStanding, _ now: ServerStanding) {
        let stops = now.administration == .maintenance && former.administration != .maintenance
        let server = model.backends[place.pool].servers[place.server]
        guard stops, server.health.endsSessionsWhenDown else { return }
        balancer.endSessions(pool: place.pool, server: place.server)
    }

    /// Counts what has become of servers, and tells the election of the pools that it changed.
    ///
    /// - Returns: The pools that have just lost their last server.
    private func settle(_ changed: [(Place, ServerStanding)], _ state: inout State) -> [Int] {
        var lost: [Int] = []
        let wereAwaited = state.awaitedCount
        for (place, former) in changed {
            let (before, now) = (former.prospect, state[place].standing.prospect)
            guard before != now else { continue }
            state.pools[place.pool].move(from: before, to: now)
            if isAwaited(before, in: place.pool) { state.awaitedCount -= 1 }
            if isAwaited(now, in: place.pool) { state.awaitedCount += 1 }
            if tellElection(of: place.pool, &state) == false { lost.append(place.pool) }
            hold(place.pool, &state)
        }
        if wereAwaited > 0, state.awaitedCount == 0 { tell(.allHeard) }
        return lost
    }

    /// - Returns: What it was told; `nil`: nothing.
    private func tellElection(of pool: Int, _ state: inout State) -> Bool? {
        guard let isUsable = state.pools[pool].isUsable, state.told[pool] != isUsable else {
            return nil
        }
        state.told[pool] = isUsable
        tell(.backend(model.backends[pool].name, isUsable: isUsable))
        return isUsable
    }

    /// Has the clients of a pool wait while nobody knows whether it has a server for them.
    private func hold(_ pool: Int, _ state: inout State) {
        let holds = state.pools[pool][.awaited] > 0
        guard state.holds[pool] != holds else { return }
        state.holds[pool] = holds
        balancer.setAwaited(pool: pool, holds)
    }

    /// A named check keeps no client waiting.
    private func isAwaited(_ prospect: PoolStanding.Prospect, in pool: Int) -> Bool {
        prospect == .awaited && !model.backends[pool].checks.isOnlyCheck
    }

    /// Tells people and programs what has become of a server.
    private func announce(
        _ place: Place, _ before: ServerStanding, entry: inout ServerEntry, isSilent: Bool,
        _ cause: HealthAnnouncer.Cause
    ) {
        guard !isSilent else { return }
        let now = entry.standing
        let isKnown = entry.announced != nil || cause.report?.transition != nil
        let changes = isKnown && entry.announced != now.isUp
        if now.administration != before.administration, cause.report != nil {
            announcer.administration(now.administration, at: place, cause)
        }
        guard changes else { return }
        entry.announced = now.isUp
        announcer.transition(isUp: now.isUp, at: place, cause)
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
