/// What holds for connections of one listening socket (`bind` options that the socket itself does
/// not know).
public struct ListenerPlan: Hashable, Sendable {
    /// The name in counters (`name`); `nil`: `sock-1` and so on.
    public var name: String?
    /// Whether each connection begins with a PROXY header (`accept-proxy`).
    public var acceptsProxyHeader: Bool
    /// The number that a NetScaler's headers begin with, which are then what ``acceptsProxyHeader`` waits
    /// for (`accept-netscaler-cip`); `nil`: they are those of the PROXY protocol.
    public var insertionMagic: UInt32?
    /// Greatest number of concurrent connections (`maxconn`); `nil`: the frontend's.
    public var connectionLimit: Int?
    /// What rules know it by, above 0 (`id`); `nil`: its position, from 1.
    public var number: Int?

    /// Whether nobody connects to it any more.
    var isLeaving = false

    private var securityReference: ClientSecurityReference?

    /// What ends the TLS of its clients, streams alone (`ssl`); `nil`: they speak none, or it is not ended
    /// here.
    public var security: (any ClientSecurity)? {
        get { securityReference?.security }
        set { securityReference = newValue.map(ClientSecurityReference.init) }
    }

    /// Makes a listener.
    public init(
        name: String? = nil, acceptsProxyHeader: Bool = false, connectionLimit: Int? = nil,
        number: Int? = nil
    ) {
        self.name = name
        self.acceptsProxyHeader = acceptsProxyHeader
        self.connectionLimit = connectionLimit
        self.number = number
    }
}
