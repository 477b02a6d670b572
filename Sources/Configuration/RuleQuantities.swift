/// What a rule can ask of a pool; haproxy's names.
public enum BackendQuantity: String, Hashable, Sendable, Codable, CaseIterable {
    /// Servers that can serve.
    case usableServers = "nbsrv"
    /// Connections.
    case connections = "be_conn"
    /// Connections that servers still have room for.
    case freePlaces = "connslots"
    /// Connections that the servers in use still have room for.
    case freeConnections = "be_conn_free"
    /// Clients that wait.
    case waiting = "queue"
    /// Clients that wait for each server.
    case waitingPerServer = "avg_queue"
    /// Connections that were led there within a second.
    case sessionRate = "be_sess_rate"
}

/// What a rule can ask of a server; haproxy's names.
public enum ServerQuantity: String, Hashable, Sendable, Codable, CaseIterable {
    /// Connections.
    case connections = "srv_conn"
    /// Attempts to connect to it within a second.
    case sessionRate = "srv_sess_rate"
    /// Clients that wait for it alone.
    case waiting = "srv_queue"
}
