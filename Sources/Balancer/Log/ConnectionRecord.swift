public import LinuxIO

/// What is to be told of one connection; of fixed size, and made without allocating.
public struct ConnectionRecord: Sendable {
    /// When the record was made.
    public enum Kind: UInt8, Sendable {
        /// The connection was accepted.
        case accepted
        /// Its server answered: the time and the bytes count so far.
        case connected
        /// It has ended.
        case ended
    }

    /// When the record was made.
    public var kind = Kind.ended
    /// Where the client is.
    public var client = IPEndpoint.none
    /// What the client connected to; of ``Kind/accepted``, and where it is wanted.
    public var local = IPEndpoint.none
    /// Where the server was, where that is wanted and is not where the plan has it.
    public var serverEnd = IPEndpoint.none
    /// Where the server saw the connection come from, where that is wanted; once its socket is gone,
    /// nothing.
    public var sourceEnd = IPEndpoint.none
    /// The plan whose positions these are: ``BalancerView/generation``.
    public var generation = 0
    /// The frontend's position in the plan.
    public var frontend = 0
    /// The pool's position in the plan.
    public var pool = 0
    /// The server's position in its pool; `nil`: it got none.
    public var server: Int?
    /// When it was accepted: milliseconds of the monotonic clock.
    public var acceptedAt: UInt64 = 0
    /// Milliseconds until its PROXY header was whole (`Th`), where that is wanted; 0: it needed none.
    public var headerTime = 0
    /// Milliseconds until a server was its own (`Tw`); `nil`: none was.
    public var queueTime: Int?
    /// Milliseconds from then until the server answered (`Tc`); `nil`: it did not.
    public var connectTime: Int?
    /// Milliseconds from accepting to this record (`Tt`).
    public var totalTime = 0
    /// Bytes from the client.
    public var bytesIn: UInt64 = 0
    /// Bytes from the server.
    public var bytesOut: UInt64 = 0
    /// How it ended.
    public var ending = Ending.normal
    /// Connections of the process, this one included.
    public var processConnections = 0
    /// Connections of the frontend, this one included.
    public var frontendConnections = 0
    /// Connections of the pool; once it has ended, without this one.
    public var poolConnections = 0
    /// Connections to the server; once it has ended, without this one.
    public var serverConnections = 0
    /// Further attempts to connect.
    public var retries = 0
    /// Whether an attempt was moved to another server.
    public var wasRedispatched = false
    /// Its place in the server's line, from 1; 0: it did not wait there.
    public var serverQueue = 0
    /// Its place in the pool's line, from 1; 0: it did not wait there.
    public var poolQueue = 0

    /// Whether its client's TLS ends here.
    public var isSecured = false
    /// Whether it ended because its PROXY header was none, or did not come.
    public var hasBrokenHeader = false
    /// Its number in the process, from 0, where that is wanted.
    public var requestNumber: UInt32 = 0
    /// syslog's severity of its line, where a rule says so.
    public var severity: Int?
    /// Whether a rule says that there is no line.
    var isSilent = false
    /// Whether its ring keeps names beside it.
    var hasNames = false
    /// Whether its ring keeps texts beside it.
    var hasTexts = false

    /// Makes an empty record.
    public init() {}
}
