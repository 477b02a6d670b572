#if Program
internal import Balancer
internal import Control
internal import NodeConfiguration

extension Model {
    /// The position of a pool.
    ///
    /// - Throws: `Failure` that names those that there are.
    private func position(ofBackend name: String) throws(Failure) -> Int {
        if let pool = backends.firstIndex(where: { $0.name == name }) { return pool }
        throw .unknown("backend", name, backends.map(\.name))
    }

    /// Where a server stands.
    ///
    /// - Throws: `Failure` that names those that there are.
    func place(backend: String, server: String) throws(Failure) -> HealthTargets.Place {
        let pool = try position(ofBackend: backend)
        let servers = backends[pool].servers.map(\.name)
        if let server = servers.firstIndex(of: server) {
            return HealthTargets.Place(pool: pool, server: server)
        }
        throw .unknown("server of \(backend)", server, servers)
    }

    /// Where the server of an order stands.
    ///
    /// - Throws: `Failure` that names those that there are.
    func place(of order: PoolOrder) throws(Failure) -> HealthTargets.Place {
        try place(backend: order.backend, server: order.server)
    }

    /// The server of a whole name: `BACKEND/SERVER`.
    func server(named name: String) -> Server? {
        for backend in backends {
            for server in backend.servers where HealthTargets.id(backend, server) == name {
                return server
            }
        }
        return nil
    }

    /// The model with a server more or less.
    ///
    /// - Parameter order: What comes or goes.
    /// - Returns: The model, and warnings.
    /// - Throws: `Failure`: what is named is not there, or cannot come or go.
    func changed(
        by order: PoolOrder
    ) throws(Failure) -> (model: Model, warnings: [Diagnostic]) {
        var (model, warnings) = (self, [Diagnostic]())
        let pool = try position(ofBackend: order.backend)
        let numbers = { (own: [Int?]) in BalancerPlan.numbers(own: own) }
        do {
            switch order.change {
            case .add(let words):
                warnings = try model.addServer(
                    order.server, words, toBackendAt: pool, numberedBy: numbers)
            case .remove:
                let place = try place(of: order)
                try model.removeServer(
                    at: place.server, ofBackendAt: pool, numberedBy: numbers)
            case .askRemovable: break
            }
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(.badInput, "\(order.serverName): \(error)")
        }
        return (model, warnings)
    }
}

extension ServerOrder {
    /// The server that it is about.
    var reference: ServerReference { ServerReference(backend: backend, server: server) }
}

extension PoolOrder {
    /// The server that it is about.
    var reference: ServerReference { ServerReference(backend: backend, server: server) }
}
#endif
