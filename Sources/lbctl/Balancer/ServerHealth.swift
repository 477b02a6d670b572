#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import LinuxIO
internal import NodeConfiguration
internal import Synchronization

/// What is known of one server, for people.
struct ServerHealth {
    /// Its check, or that of the server that it tracks; `nil`: none.
    let check: CheckReport?
    /// Its agent; `nil`: none.
    let agent: CheckReport?
    /// What follows from both and from the operator.
    let standing: ServerStanding
    /// The words for the server that this one tracks; `nil`: it tracks none.
    var trackedWords: String?

    /// haproxy's words for the server's state.
    func words(tracking tracked: ServerReference?) -> String {
        if standing.operatorState == .maintenance || standing.agentState == .maintenance {
            return "MAINT"
        }
        if !standing.whereabouts.isKnown { return "MAINT (resolution)" }
        if standing.tracked?.administration == .maintenance, let tracked {
            return "MAINT (via \(tracked))"
        }
        if let trackedWords, standing.operatorState == .ready { return trackedWords }
        let record = check?.record.description
        if !standing.agentIsUp { return "DOWN (agent)" }
        guard standing.isUp else { return record ?? "DOWN" }
        // How far a server is on its way stands behind the word for what it may take.
        let progress = record.map { $0.drop { $0 != " " } } ?? ""
        if standing.operatorState == .drain { return "DRAIN\(progress)" }
        if standing.agentState == .drain { return "DRAIN (agent)" }
        if standing.administration == .drain { return "NOLB\(progress)" }
        if standing.weight == 0 { return "DRAIN\(progress)" }
        return record ?? (agent == nil ? "no check" : "UP")
    }
}

/// How servers are seen here, for the probes that tell or need it.
final class ServerViews: Sendable {
    private let model: Model
    private let checker: CheckerReference
    /// Where to look, once the model is in force.
    private let scene = Mutex<(balancer: BalancerView, standings: ServerStandings)?>(nil)

    init(model: Model, checker: CheckerReference) {
        self.model = model
        self.checker = checker
    }

    /// Looks at servers from now on.
    func look(_ balancer: BalancerView, _ standings: ServerStandings) {
        scene.withLock { $0 = (balancer, standings) }
    }

    /// What probes ask for.
    var forProbes: HealthTargets.Views {
        HealthTargets.Views(
            sessionCount: { [self] place in
                let balancer = scene.withLock(\.?.balancer)
                return balancer?.glance(pool: place.pool, server: place.server).sessions ?? 0
            }, state: { [self] in state(at: $0) },
            isDown: { [self] in scene.withLock(\.?.standings)?.isDown(at: $0) ?? false })
    }

    /// The value of the header `X-Haproxy-Server-State`.
    ///
    /// haproxy's configuration manual, `http-check send-state`.
    private func state(at place: HealthTargets.Place) -> String {
        let backend = model.backends[place.pool]
        let server = backend.servers[place.server]
        guard let (balancer, standings) = scene.withLock({ $0 }) else { return "" }
        let pool = balancer.snapshot(ofPool: place.pool)
        let counters = pool.servers[place.server]
        let name = HealthTargets.id(backend, server)
        let standing = standings.standing(at: place)
        let health = ServerHealth(
            check: checker.checker?.report(of: name), agent: nil, standing: standing)
        let weight = pool.servers.reduce(0) { $0 + $1.weight }
        let (address, port) = server.presentEnd(standing.whereabouts)
        return "\(health.words(tracking: nil)); address=\(address); port=\(port);"
            + " name=\(name); node=\(model.global.routerID ?? HostName.current);"
            + " weight=\(counters.weight)/\(weight);"
            + " scur=\(counters.currentSessions)/\(pool.currentSessions);"
            + " qcur=\(pool.currentQueue)"
    }
}

extension Server {
    /// Where it is now; of one by name, what was found.
    func presentEnd(_ whereabouts: ServerStanding.Whereabouts) -> (address: String, port: UInt16) {
        guard case .found(let found) = whereabouts else { return (address.description, port) }
        return (found.description, found.port)
    }

    /// The same as `ADDRESS:PORT`, `NAME:PORT` or the name of a Unix socket.
    func presentEndpoint(_ whereabouts: ServerStanding.Whereabouts) -> String {
        guard case .found(let found) = whereabouts else {
            return port == 0 && portOffset == nil ? address.description : endpointDescription
        }
        let port = portOffset == nil ? "\(found.port)" : portDescription
        return found.isIPv6 ? "[\(found)]:\(port)" : "\(found):\(port)"
    }
}

extension Model {
    /// What hears of connections to servers that are observed or spoken to by TLS; `nil` where none is.
    func observer(
        _ reference: CheckerReference, _ complaints: SecurityComplaints
    ) -> ConnectionObserver? {
        let known = backends.map { backend in
            backend.servers.map { server in
                (HealthTargets.id(backend, server), isObserved: server.health.observesTraffic)
            }
        }
        let servers = backends.lazy.flatMap(\.servers)
        guard servers.contains(where: { $0.health.observesTraffic || $0.tls != nil }) else {
            return nil
        }
        return { pool, server, outcome in
            // Servers that are gone stand behind those of the model.
            guard known.indices.contains(pool), known[pool].indices.contains(server) else { return }
            let (id, isObserved) = known[pool][server]
            complaints.take(outcome, of: id)
            guard isObserved else { return }
            reference.checker?.noteConnection(to: id, succeeded: outcome == .made)
        }
    }
}
#endif
