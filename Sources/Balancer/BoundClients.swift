/// What of a connection is a key: in a table, or of a hash.
public enum ConnectionKey: Hashable, Sendable {
    /// The client's address (`src`).
    case source
    /// The client's port (`src_port`).
    case sourcePort
    /// The address that the client connected to (`dst`).
    case destination
    /// The port that the client connected to (`dst_port`).
    case destinationPort
    /// The name that the client asks for by TLS (`req.ssl_sni`).
    case serverName
    /// The first protocol that the client offers by TLS (`req.ssl_alpn`).
    case protocolName
    /// What of the client's bytes stands from an offset on, once all of it has come
    /// (`req.payload`), within the first ``ClientHello/longestByteCount``; the length is above 0.
    case payload(offset: Int, length: Int)
    /// The value of the cookie that a client of RDP begins with (`req.rdp_cookie`).
    case rdpCookie(RDPCookie.Name)

    /// Whether it lies in the client's first TLS message.
    var needsHello: Bool {
        switch self {
        case .serverName, .protocolName: true
        case .source, .sourcePort, .destination, .destinationPort, .payload, .rdpCookie: false
        }
    }

    /// Whether it lies in what the client says.
    var needsContent: Bool {
        switch self {
        case .payload, .rdpCookie: true
        default: needsHello
        }
    }
}

/// How clients belong to servers (`stick`).
public struct Stickiness: Hashable, Sendable {
    /// The position in ``BalancerPlan/tables`` of the table that says so; no other pool's.
    public var tableIndex: Int
    /// What clients are told apart by: all of one key belong to one server.
    public var key = ConnectionKey.source
    /// Whether a client goes to his server (`stick on`, `stick match`).
    public var matches = true
    /// Whether his server is remembered (`stick on`, `stick store-request`).
    public var stores = true

    /// Has each client go to his server, which a table remembers.
    public init(in tableIndex: Int) { self.tableIndex = tableIndex }
}

/// A rule that sends connections of a pool to one server, if that is up (`use-server`).
public struct ServerRule: Hashable, Sendable {
    /// The server's name.
    public var serverName: String
    /// When.
    public var condition: Condition

    /// Makes a rule.
    public init(_ serverName: String, if condition: Condition = .always) {
        self.serverName = serverName
        self.condition = condition
    }
}
