/// How clients belong to servers (`stick-table`, `stick`).
public struct Stickiness: Hashable, Sendable {
    /// What clients are told apart by.
    public enum Key: Hashable, Sendable, CaseIterable {
        /// Their addresses (`stick on src`).
        case source
        /// The address that they connected to (`stick on dst`): all of one address belong to one server.
        case destination
        /// The port that they connected to (`stick on dst_port`).
        case destinationPort
    }

    /// What clients are told apart by.
    public var key = Key.source
    /// How many clients are remembered, above 0.
    public var size: Int
    /// How long a client is remembered after a connection of his began (`expire`); `nil`: as long as
    /// there is room.
    public var lifetime: Duration?
    /// Whether new clients are not remembered while there is no room, instead of forgetting the one that
    /// was not here for the longest time (`nopurge`).
    public var keepsAll = false
    /// Whether clients over IPv6 are not remembered (`type ip`).
    public var isIPv4 = false
    /// Whether a client goes to his server (`stick on`, `stick match`).
    public var matches = true
    /// Whether his server is remembered (`stick on`, `stick store-request`).
    public var stores = true

    /// Makes a table.
    public init(size: Int, lifetime: Duration? = nil) {
        self.size = size
        self.lifetime = lifetime
    }
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
