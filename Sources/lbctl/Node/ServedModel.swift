#if Program
internal import Control
internal import NodeConfiguration

/// A model made ready for balancer processes.
///
/// Making it takes time that grows with the number of servers, so a reload has it made on a thread of
/// its own; what is done with it on the election's thread takes next to none.
struct ServedModel: Sendable {
    let model: Model
    /// The part that a balancer process works by, as it is sent.
    let bytes: [UInt8]
    /// The pools' names.
    let backendNames: [String]
    /// `BACKEND/SERVER`.
    let serverNames: Set<String>
    /// Where each of them stands in the model.
    private let serverPlaces: [String: HealthTargets.Place]
    /// The names of checks and agents in ``HealthTargets``.
    let targetNames: Set<String>

    /// - Parameters:
    ///   - model: The whole model.
    ///   - byteLimit: How long the part that is sent may be, which goes in one message.
    /// - Throws: `Failure` where the model has no form to be sent in or is too large, or what it says of
    ///   TLS cannot be set up.
    init(_ model: Model, byteLimit: Int = ServedModel.byteLimit) throws(Failure) {
        self.model = model
        // The balancer process would refuse it too, but as a fault of its own.
        _ = try model.serverSecurity()
        _ = try model.listenerSecurity()
        _ = try model.peerSecurity()
        _ = try model.pageSecurity()
        do { bytes = try model.balancing.encoded() } catch {
            throw Failure(.internalError, "\(error)")
        }
        guard bytes.count <= byteLimit else {
            throw Failure(
                .badInput,
                "what frontends and backends say takes \(bytes.count) bytes on the way to the balancer"
                    + " process, which takes \(byteLimit) at most; use shorter lists and maps, fewer"
                    + " servers, or fewer and shorter files of authorities and certificates (ca-file, crt)"
            )
        }
        backendNames = model.backends.map(\.name)
        var places: [String: HealthTargets.Place] = [:]
        for (pool, backend) in model.backends.enumerated() {
            for (number, server) in backend.servers.enumerated() {
                let place = HealthTargets.Place(pool: pool, server: number)
                places[HealthTargets.id(backend, server)] = place
            }
        }
        serverNames = Set(places.keys)
        serverPlaces = places
        targetNames = Set(model.checkedPlaces.keys)
    }

    /// Whether an order can be carried out: its server is there, and can do it.
    func takes(_ order: ServerOrder) -> Bool {
        guard let place = serverPlaces[order.serverName] else { return false }
        return model.backends[place.pool].servers[place.server].takes(order.change)
    }

    /// A message has a byte that says what it is.
    private static let byteLimit = FrameBuffer.payloadLimit - 1
}

extension Model {
    /// Whether a balancer process that serves another model can go on by this one: it cannot become
    /// another user, nor have another number of reactors.
    func canFollow(_ other: Model) -> Bool {
        global.reactorCount == other.global.reactorCount && global.userID == other.global.userID
            && global.groupID == other.global.groupID
    }
}
#endif
