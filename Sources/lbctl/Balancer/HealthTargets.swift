#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import NIOCore
internal import NodeConfiguration
internal import VRRPCore

/// The servers of a model that are checked or asked by an agent, and where each stands in the
/// balancer's plan.
struct HealthTargets: Sendable {
    /// A server's position.
    struct Place: Hashable, Sendable {
        let pool: Int
        let server: Int
    }

    /// Who reports under a name.
    struct Source: Hashable, Sendable {
        enum Kind: Hashable, Sendable { case check, agent }
        let place: Place
        let kind: Kind
    }

    /// What probes need to know about how their server is seen here.
    struct Views: Sendable {
        /// How many connections the server has.
        let sessionCount: @Sendable (Place) -> Int
        /// The server's state, for `http-check send-state`.
        let state: @Sendable (Place) -> String
        /// Whether the server is known to be down, for `http-check disable-on-404`.
        let isDown: @Sendable (Place) -> Bool

        /// Nobody has looked yet.
        static let none = Views(
            sessionCount: { _ in 0 }, state: { _ in "" }, isDown: { _ in false })
    }

    /// For each server that others track, those; chains are followed to their end.
    let followers: [Place: [Place]]
    /// For each server that tracks another, the one at the end of the chain.
    let roots: [Place: Place]
    let model: Model
    private let sources: [String: Source]
    private let poolIndices: [String: Int]
    /// The first address of each section that listens, by its name.
    private let endpoints: [String: Endpoint]
    /// The servers' numbers, by pool.
    private let serverNumbers: [[Int]]
    private let sectionNumbers: SectionNumbers

    init(_ model: Model) {
        self.model = model
        var sources: [String: Source] = [:]
        for (pool, backend) in model.backends.enumerated() {
            for (index, server) in backend.servers.enumerated() {
                let place = Place(pool: pool, server: index)
                if server.check != nil {
                    sources[HealthTargets.id(backend, server)] = Source(place: place, kind: .check)
                }
                if server.health.agent != nil {
                    sources[HealthTargets.agentID(backend, server)] =
                        Source(place: place, kind: .agent)
                }
            }
        }
        self.sources = sources
        poolIndices = model.backendIndices
        serverNumbers = model.backends.map { BalancerPlan.numbers(own: $0.servers.map(\.number)) }
        sectionNumbers = SectionNumbers(model)
        endpoints = Dictionary(
            model.frontends.compactMap { frontend in
                frontend.endpoints.first.map { (frontend.name, $0) }
            }, uniquingKeysWith: { first, _ in first })
        roots = model.roots
        followers = Dictionary(grouping: roots.keys) { [roots] in roots[$0] ?? $0 }
    }

    /// What a report of a server's check is called.
    static func id(_ backend: Backend, _ server: Server) -> String {
        "\(backend.name)/\(server.name)"
    }

    /// What a report of a server's agent is called; no server's name has a space in it.
    static func agentID(_ backend: Backend, _ server: Server) -> String {
        id(backend, server) + " agent"
    }

    /// What the memory of a server's address is called.
    static func addressID(_ backend: Backend, _ server: Server) -> String {
        id(backend, server) + " address"
    }

    /// Who reports under a name.
    func source(of id: String) -> Source? { sources[id] }

    /// Where a server that was named stands; `nil`: it is gone since.
    func place(of reference: ServerReference) -> Place? {
        guard let pool = poolIndices[reference.backend],
            let server = model.backends[pool].servers.firstIndex(where: {
                $0.name == reference.server
            })
        else { return nil }
        return Place(pool: pool, server: server)
    }

    /// What a report of the check at a place is called.
    func id(at place: Place) -> String {
        let backend = model.backends[place.pool]
        return HealthTargets.id(backend, backend.servers[place.server])
    }

    /// What the checker is to ask.
    ///
    /// - Parameters:
    ///   - memories: What was known of targets when they were last heard of.
    ///   - views: How servers are seen here.
    ///   - parts: What the probes have in common; `nil`: it is made here.
    /// - Returns: Checks and agents.
    /// - Throws: `Failure` that names the server, where TLS cannot be set up as configured.
    func all(
        knowing memories: [String: CheckMemory] = [:], seenAs views: Views,
        with parts: ProbeParts? = nil
    ) throws(Failure) -> [CheckTarget] {
        let parts = parts ?? ProbeParts(model, icmp: nil)
        var targets: [CheckTarget] = []
        for (pool, backend) in model.backends.enumerated() {
            for (index, server) in backend.servers.enumerated() {
                let place = Place(pool: pool, server: index)
                do {
                    if let check = server.check {
                        targets.append(try target(place, check, views, parts))
                    }
                    if let agent = server.health.agent {
                        targets.append(try target(place, agent))
                    }
                } catch {
                    throw Failure(
                        .badInput, "server \(HealthTargets.id(backend, server)): \(error)")
                }
            }
        }
        return targets.map { target in
            var target = target
            target.memory = memories[target.id]
            return target
        }
    }

    private func target(
        _ place: Place, _ check: CheckSettings, _ views: Views, _ parts: ProbeParts
    ) throws -> CheckTarget {
        let backend = model.backends[place.pool]
        let server = backend.servers[place.server]
        let address = try SocketAddress(
            check.address.map(ServerAddress.internet) ?? server.address,
            port: check.port ?? server.port)
        var target = CheckTarget(id: HealthTargets.id(backend, server), address: address)
        let builder = ProbeBuilder(
            backend: backend, server: server, check: check, parts: parts, target: address,
            subject: subject(of: place, views), state: { views.state(place) },
            isDown: { views.isDown(place) })
        target.probe = try builder.probe()
        target.interval = check.interval
        target.fastInterval = check.fastInterval
        target.downInterval = check.downInterval
        target.jitter = Double(model.global.checkSpread) / 100
        target.rise = check.rise
        target.fall = check.fall
        target.initialState = HealthRecord.InitialState(check.initialState)
        target.timeout = CheckLimits(interval: check.interval, in: backend)
            .whole(of: backend.checks.method)
        target.reportsEveryResult = backend.checks.saysMoreThanUpOrDown
        if server.health.observesTraffic {
            target.observation = TrafficObservation(
                errorLimit: server.health.errorLimit,
                reaction: TrafficObservation.Reaction(server.health.errorReaction))
        }
        return target
    }

    private func target(_ place: Place, _ agent: AgentSettings) throws -> CheckTarget {
        let backend = model.backends[place.pool]
        let server = backend.servers[place.server]
        var target = CheckTarget(
            id: HealthTargets.agentID(backend, server),
            address: try SocketAddress(
                agent.address.map(ServerAddress.internet) ?? server.address, port: agent.port))
        let limits = CheckLimits(interval: agent.interval, in: backend)
        var probe = AgentProbe(request: agent.request)
        probe.connection.timeout = TimeAmount(limits.connecting)
        probe.connection.answerTimeout = limits.answering.map(TimeAmount.init)
        target.probe = probe
        target.interval = agent.interval
        target.timeout = limits.whole(connections: 1)
        (target.rise, target.fall) = (1, 1)
        // Until it has spoken, it says nothing against the server.
        target.initialState = .fullyUp
        target.reportsEveryResult = true
        return target
    }

    private func subject(of place: Place, _ views: Views) -> CommandSubject {
        let backend = model.backends[place.pool]
        let server = backend.servers[place.server]
        var subject = CommandSubject()
        subject.proxyName = backend.name
        subject.proxyID = sectionNumbers[backend.identity]
        let endpoint = endpoints[backend.name]
        subject.proxyAddress = endpoint.map { $0.address?.description ?? "0.0.0.0" } ?? ""
        subject.proxyPort = endpoint.map { Int($0.port) }
        subject.serverName = server.name
        subject.serverID = serverNumbers[place.pool][place.server]
        subject.maximumConnections = server.connectionLimit ?? 0
        subject.currentConnections = { views.sessionCount(place) }
        subject.usesTLS = server.tls != nil
        return subject
    }
}

extension CheckMethod {
    /// Whether a result can be a wish for no new clients.
    var drains: Bool {
        if case .http(let settings) = self { settings.drainsOn404 } else { false }
    }

    /// Whether a result can ask for a share.
    var weighs: Bool {
        if case .file(_, .weight) = self { true } else { false }
    }
}

extension PoolCheckSettings {
    /// Whether a result can change more than up to down: a wish for no new clients, a weight, a log
    /// line.
    fileprivate var saysMoreThanUpOrDown: Bool { logsResults || method.drains || method.weighs }
}

extension Model {
    fileprivate var roots: [HealthTargets.Place: HealthTargets.Place] {
        var places: [ServerReference: HealthTargets.Place] = [:]
        var tracked: [ServerReference: ServerReference] = [:]
        for (pool, backend) in backends.enumerated() {
            for (index, server) in backend.servers.enumerated() {
                let own = ServerReference(backend: backend.name, server: server.name)
                places[own] = HealthTargets.Place(pool: pool, server: index)
                tracked[own] = server.health.tracked
            }
        }
        var roots: [HealthTargets.Place: HealthTargets.Place] = [:]
        for (own, first) in tracked {
            // The readers let no circle pass.
            var root = first
            while let next = tracked[root] { root = next }
            guard let place = places[own], let rootPlace = places[root] else { continue }
            roots[place] = rootPlace
        }
        return roots
    }
}
#endif
