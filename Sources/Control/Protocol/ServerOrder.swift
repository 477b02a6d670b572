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
        /// It has at most so many connections; 0: any number.
        case connectionLimit(Int)
        /// New connections and checks go there.
        case address(Address)
        /// It is where the configuration has it, now and after a reload.
        case configuredAddress
    }

    /// Where a server is said to be.
    public struct Address: Codable, Hashable, Sendable {
        /// An address of IPv4 or IPv6, in digits.
        public var host: String
        /// 1 to 65535; `nil`: the port that it has.
        public var port: Int?

        /// Makes an address.
        ///
        /// - Parameters:
        ///   - host: An address of IPv4 or IPv6, in digits.
        ///   - port: 1 to 65535; `nil`: the port that the server has.
        public init(host: String, port: Int?) {
            self.host = host
            self.port = port
        }
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

    /// The connections that a server may be limited to.
    public static let connectionLimits = 0...Int(Int32.max)

    /// What is wrong with its numbers; `nil`: nothing.
    public var complaint: String? {
        if let deadline, !Self.deadlines.contains(deadline) {
            return "deadline \(deadline): must be 0 to 86400 seconds"
        }
        if case .weight(let weight) = change, !(0...256).contains(weight) {
            return "weight \(weight): must be 0 to 256"
        }
        if case .connectionLimit(let limit) = change, !Self.connectionLimits.contains(limit) {
            return "maxconn \(limit): must be 0 to \(Self.connectionLimits.upperBound)"
        }
        if case .address(let address) = change, let port = address.port,
            !(1...65_535).contains(port)
        {
            return "port \(port): must be 1 to 65535"
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

    /// Whether it is about what the server takes, and not about how much.
    public var setsState: Bool { change.matter == .state }

    /// Whether it is about where the server is.
    public var setsAddress: Bool { change.matter == .address }

    /// The server's whole name: `BACKEND/SERVER`.
    public var serverName: String { "\(backend)/\(server)" }

    /// Whether this order and `earlier` are about the same thing, so that this one replaces it.
    ///
    /// A weight, a limit, an address and a state stand beside each other.
    ///
    /// - Parameter earlier: An order given before.
    /// - Returns: True if both set the state, both the weight, both the limit, or both the address, of
    ///   one server.
    public func replaces(_ earlier: ServerOrder) -> Bool {
        backend == earlier.backend && server == earlier.server
            && change.matter == earlier.change.matter
    }
}

extension ServerOrder.Change: CustomStringConvertible {
    /// `ready`, `drain`, `maintenance`, `weight N`, `maxconn N`, `address ADDRESS:PORT` or `address as
    /// configured`.
    public var description: String {
        switch self {
        case .ready: "ready"
        case .drain: "drain"
        case .maintenance: "maintenance"
        case .weight(let weight): "weight \(weight)"
        case .connectionLimit(let limit): "maxconn \(limit)"
        case .address(let address): "address \(address)"
        case .configuredAddress: "address as configured"
        }
    }

    /// What it is about.
    fileprivate enum Matter {
        case state, weight, limit, address
    }

    fileprivate var matter: Matter {
        switch self {
        case .ready, .drain, .maintenance: .state
        case .weight: .weight
        case .connectionLimit: .limit
        case .address, .configuredAddress: .address
        }
    }
}

extension ServerOrder.Address: CustomStringConvertible {
    /// `ADDRESS:PORT`, or the address alone.
    public var description: String {
        guard let port else { return host }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
