/// Counters that only grow, of a frontend, a pool or a server.
public struct CounterTotals: Hashable, Sendable {
    /// Connections.
    public var sessions = 0
    /// Bytes from clients.
    public var bytesIn: UInt64 = 0
    /// Bytes from servers.
    public var bytesOut: UInt64 = 0
    /// Connections given up because no server could be reached in time, or none was usable.
    public var connectionErrors = 0
    /// Attempts repeated at the same server.
    public var retries = 0
    /// Attempts moved to another server.
    public var redispatches = 0
    /// Connections that the client broke off.
    public var clientAborts = 0
    /// Connections that the server broke off.
    public var serverAborts = 0
    /// Connections closed at once because of a rule.
    public var refusals = 0

    /// Makes counters that stand at zero.
    public init() {}

    /// Adds what another has counted.
    public static func += (left: inout CounterTotals, right: CounterTotals) {
        left.sessions += right.sessions
        left.bytesIn &+= right.bytesIn
        left.bytesOut &+= right.bytesOut
        left.connectionErrors += right.connectionErrors
        left.retries += right.retries
        left.redispatches += right.redispatches
        left.clientAborts += right.clientAborts
        left.serverAborts += right.serverAborts
        left.refusals += right.refusals
    }
}
