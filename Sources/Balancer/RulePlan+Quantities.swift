/// What a rule can ask of a pool; haproxy's words.
public enum PoolQuantity: String, Hashable, Sendable, CaseIterable {
    /// Servers that can serve, backups included.
    case usableServers = "nbsrv"
    /// Connections that were led to it, those that wait included; once one is, it is among them.
    case connections = "be_conn"
    /// Connections that servers still have room for, in their lines too; -1: one has no bound.
    case freePlaces = "connslots"
    /// Connections that the servers in use still have room for; -1: one has no bound.
    case freeConnections = "be_conn_free"
    /// Clients that wait.
    case waiting = "queue"
    /// Clients that wait for each server that connections go to.
    case waitingPerServer = "avg_queue"
    /// Connections that were led to it within a second; once one is, it is among them.
    case sessionRate = "be_sess_rate"
}

/// What a rule can ask of a server; haproxy's words.
public enum ServerLoad: String, Hashable, Sendable, CaseIterable {
    /// Connections.
    case connections = "srv_conn"
    /// Attempts to connect to it within a second.
    case sessionRate = "srv_sess_rate"
    /// Clients that wait for it alone.
    case waiting = "srv_queue"
}
