#if Program
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
    /// Those of them that have no IP address of their own: names and Unix sockets.
    let unmovableNames: Set<String>
    /// The names of checks and agents in ``HealthTargets``.
    let targetNames: Set<String>

    /// - Parameters:
    ///   - model: The whole model.
    ///   - byteLimit: How long the part that is sent may be, which goes in one message.
    /// - Throws: `Failure` where the model has no form to be sent in, or is too large.
    init(_ model: Model, byteLimit: Int = ServedModel.byteLimit) throws(Failure) {
        self.model = model
        do { bytes = try model.balancing.encoded() } catch {
            throw Failure(.internalError, "\(error)")
        }
        guard bytes.count <= byteLimit else {
            throw Failure(
                .badInput,
                "what frontends and backends say takes \(bytes.count) bytes on the way to the balancer"
                    + " process, which takes \(byteLimit) at most; use shorter lists and maps, fewer"
                    + " servers, or fewer and shorter files of authorities (ca-file)")
        }
        backendNames = model.backends.map(\.name)
        serverNames = Set(
            model.backends.flatMap { backend in
                backend.servers.map { HealthTargets.id(backend, $0) }
            })
        unmovableNames = Set(
            model.backends.flatMap { backend in
                backend.servers.filter { $0.address.internet == nil }
                    .map { HealthTargets.id(backend, $0) }
            })
        targetNames = Set(model.checkedPlaces.keys)
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
