/// What holds for connections of one listening socket (`bind` options that the socket itself does
/// not know).
public struct ListenerPlan: Hashable, Sendable {
    /// Whether each connection begins with a PROXY header (`accept-proxy`).
    public var acceptsProxyHeader: Bool
    /// Greatest number of concurrent connections (`maxconn`); `nil`: the frontend's.
    public var connectionLimit: Int?

    /// Makes a listener.
    public init(acceptsProxyHeader: Bool = false, connectionLimit: Int? = nil) {
        self.acceptsProxyHeader = acceptsProxyHeader
        self.connectionLimit = connectionLimit
    }
}
