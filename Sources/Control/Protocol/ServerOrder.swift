/// What the operator wants of one server, whatever its health.
public struct ServerOrder: Codable, Hashable, Sendable {
    /// What is to change.
    public enum Change: Codable, Hashable, Sendable {
        /// It takes connections.
        case ready
        /// It takes no new connections, and keeps those that it has.
        case drain
        /// It is out of service.
        case maintenance
        /// Its share becomes this, 0 to 256.
        case weight(Int)
    }

    /// The pool's name.
    public var backend: String
    /// The server's name.
    public var server: String
    /// What is to change.
    public var change: Change
    /// How many seconds the connections that it has may go on, when it takes no new ones; `nil`: as
    /// long as they want.
    public var deadline: Double?

    /// The seconds that a deadline may have.
    public static let deadlines: ClosedRange<Double> = 0...86_400

    /// What is wrong with its numbers; `nil`: nothing.
    public var complaint: String? {
        if let deadline, !Self.deadlines.contains(deadline) {
            return "deadline \(deadline): must be 0 to 86400 seconds"
        }
        if case .weight(let weight) = change, !(0...256).contains(weight) {
            return "weight \(weight): must be 0 to 256"
        }
        return nil
    }

    /// Makes an order.
    ///
    /// - Parameters:
    ///   - backend: The pool's name.
    ///   - server: The server's name.
    ///   - change: What is to change.
    public init(backend: String, server: String, change: Change) {
        self.backend = backend
        self.server = server
        self.change = change
    }

    /// Whether it is about what the server takes, and not about its share.
    public var setsState: Bool { !change.isWeight }

    /// The server's whole name: `BACKEND/SERVER`.
    public var serverName: String { "\(backend)/\(server)" }

    /// Whether this order and `earlier` are about the same thing, so that this one replaces it.
    ///
    /// A weight and a state stand beside each other.
    ///
    /// - Parameter earlier: An order given before.
    /// - Returns: True if both set the state, or both the weight, of one server.
    public func replaces(_ earlier: ServerOrder) -> Bool {
        backend == earlier.backend && server == earlier.server
            && change.isWeight == earlier.change.isWeight
    }
}

extension ServerOrder.Change: CustomStringConvertible {
    /// `ready`, `drain`, `maintenance` or `weight N`.
    public var description: String {
        switch self {
        case .ready: "ready"
        case .drain: "drain"
        case .maintenance: "maintenance"
        case .weight(let weight): "weight \(weight)"
        }
    }

    fileprivate var isWeight: Bool {
        if case .weight = self { true } else { false }
    }
}
