/// What a frontend tells of its connections.
public struct ConnectionLogging: Hashable, Sendable {
    /// When a connection is told of.
    public enum Moment: Hashable, Sendable {
        /// When it is accepted: haproxy's default.
        case accepting
        /// When it has ended (`option tcplog`).
        case ending
        /// When its server has answered (`option logasap`), or when it ended before.
        case connecting
    }

    /// When a connection is told of.
    public var moment: Moment
    /// Whether connections on which nothing was said are left out, unless they failed (`option
    /// dontlognull`): a server that was waited for in vain is told of, a look at the port is not.
    public var omitsEmpty = false
    /// Whether connections that went well at the first attempt are left out (`option
    /// dontlog-normal`).
    public var omitsNormal = false

    /// Whether it is told where the client connected to, also once that is over: a call more for each
    /// connection.
    public var tellsDestination = false

    /// Whether it is told where the server was, also where that is not where the plan has it.
    public var tellsServerEnd = false

    /// Whether it is told where the server saw the connection come from: a call more for each
    /// connection.
    public var tellsSourceEnd = false

    /// Whether it is told how long the PROXY header took.
    public var tellsHeaderTime = false

    /// Whether it is told what the client's first TLS message says, where a rule waits for it.
    public var tellsNames = false
    /// Whether connections whose PROXY header is none are told of whatever ``moment`` says, as
    /// ``ConnectionRecord/hasBrokenHeader``.
    public var tellsBrokenHeaders = false
    /// Whether it is told what its identifier is.
    public var tellsIdentifier = false
    /// Whether it is told which connection of the process it is.
    public var tellsRequestNumber = false
    /// Whether it is told what rules have captured.
    public var tellsCaptures = false

    /// What of its PROXY header is told, by types of extensions; ``KeptTexts/mostHeaderTexts`` at most.
    public var headerTextTypes: [UInt8] = []

    /// Whether ``KeptTexts`` stand beside its records.
    var tellsTexts: Bool { tellsIdentifier || tellsCaptures || !headerTextTypes.isEmpty }

    /// Makes settings that leave nothing out.
    public init(moment: Moment) { self.moment = moment }
}
