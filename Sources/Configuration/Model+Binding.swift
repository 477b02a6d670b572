/// How clients belong to servers (`stick-table`, `stick`).
public struct StickinessSettings: Hashable, Sendable, Codable {
    /// What clients are told apart by; haproxy's names.
    public enum Key: String, Hashable, Sendable, Codable, CaseIterable {
        /// Their addresses.
        case source = "src"
        /// The address that they connected to.
        case destination = "dst"
        /// The port that they connected to.
        case destinationPort = "dst_port"
    }

    /// What clients are told apart by.
    public var key = Key.source
    /// How many clients are remembered.
    public var size: Int
    /// How long (`expire`); `nil`: as long as there is room.
    public var lifetime: Duration?
    /// Whether new clients are not remembered while there is no room (`nopurge`).
    public var keepsAll = false
    /// Whether clients over IPv6 are not remembered (`type ip`).
    public var isIPv4 = false
    /// Whether a client goes to his server (`stick on`, `stick match`).
    public var matches = false
    /// Whether his server is remembered (`stick on`, `stick store-request`).
    public var stores = false

    /// Makes a table that nothing asks.
    public init(size: Int) { self.size = size }
}

/// A rule that sends connections of a pool to one server (`use-server`).
public struct ServerRule: Hashable, Sendable, Codable {
    /// The server's name.
    public var serverName: String
    /// When.
    public var condition: RuleCondition

    /// Makes a rule.
    public init(serverName: String, condition: RuleCondition) {
        self.serverName = serverName
        self.condition = condition
    }
}
