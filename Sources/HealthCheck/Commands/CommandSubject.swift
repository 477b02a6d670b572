/// Which server a command is run for: what haproxy tells an external check by its environment.
public struct CommandSubject: Sendable {
    /// The proxy's name.
    public var proxyName = ""
    /// The proxy's number.
    public var proxyID = 0
    /// An address that the proxy listens on; empty: none, which haproxy words as `NOT_USED`.
    public var proxyAddress = ""
    /// A port that the proxy listens on; `nil`: none.
    public var proxyPort: Int?
    /// The server's name.
    public var serverName = ""
    /// The server's number.
    public var serverID = 0
    /// The server's limit of connections; 0: none.
    public var maximumConnections = 0
    /// Says how many connections the server has when the command starts.
    public var currentConnections: @Sendable () -> Int = { 0 }
    /// Whether the server is spoken to by TLS.
    public var usesTLS = false

    /// Makes a subject without names.
    public init() {}
}
