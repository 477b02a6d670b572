/// How clients belong to servers by their addresses (`stick-table`, `stick`).
public struct StickinessSettings: Hashable, Sendable, Codable {
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
