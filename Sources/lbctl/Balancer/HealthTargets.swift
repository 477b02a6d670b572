#if Program
internal import HealthCheck
internal import NodeConfiguration
internal import VRRPCore

/// The servers of a model that are checked, and where each stands in the balancer's plan.
struct HealthTargets: Sendable {
    /// A server's position.
    struct Place: Hashable, Sendable {
        let pool: Int
        let server: Int
    }

    /// What reports call the checked servers.
    let ids: [String]
    /// The checked servers' positions, in the same order.
    let places: [Place]
    private let model: Model
    private let placesByID: [String: Place]

    init(_ model: Model) {
        self.model = model
        let checked = model.backends.enumerated().flatMap { pool, backend in
            backend.servers.enumerated().filter { $1.check != nil }.map { server, settings in
                (HealthTargets.id(backend, settings), Place(pool: pool, server: server))
            }
        }
        ids = checked.map(\.0)
        places = checked.map(\.1)
        placesByID = Dictionary(checked, uniquingKeysWith: { first, _ in first })
    }

    /// What a report calls a server.
    static func id(_ backend: Backend, _ server: Server) -> String {
        "\(backend.name)/\(server.name)"
    }

    /// Where the server of a report stands.
    func place(of id: String) -> Place? { placesByID[id] }

    /// What the checker is to check.
    ///
    /// - Parameter health: Which servers were up when they were last heard of; of others the first
    ///   check decides.
    /// - Returns: The checked servers, in the order of ``ids``.
    /// - Throws: `CheckTargetError`, for an address that is none; the readers let none pass.
    func all(knowing health: [String: Bool] = [:]) throws(CheckTargetError) -> [CheckTarget] {
        var targets: [CheckTarget] = []
        for place in places {
            let backend = model.backends[place.pool]
            let server = backend.servers[place.server]
            guard let check = server.check else { continue }
            var target = try CheckTarget(
                id: HealthTargets.id(backend, server),
                ipAddress: check.address?.description ?? server.address.description,
                port: Int(check.port ?? server.port))
            target.interval = check.interval
            target.fastInterval = check.fastInterval
            target.downInterval = check.downInterval
            if let wasUp = health[target.id] {
                target.initialState = wasUp ? .fullyUp : .fullyDown
            }
            target.rise = check.rise
            target.fall = check.fall
            target.timeout = timeout(of: check, in: backend)
            targets.append(target)
        }
        return targets
    }

    /// haproxy bounds connecting by min(connect, inter) where `timeout check` is set, else by inter.
    private func timeout(of check: CheckSettings, in backend: Backend) -> Duration {
        guard backend.checkTimeout != nil, let connect = backend.connectTimeout else {
            return check.interval
        }
        return min(connect, check.interval)
    }
}
#endif
