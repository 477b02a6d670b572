/// How one check of one target ended; a failure is data, not an error.
@nonexhaustive public enum ProbeOutcome: Hashable, Sendable {
    /// The target answered as it should.
    case passed
    /// The target's host answered, and nothing listens there (`ECONNREFUSED`).
    case refused
    /// No answer within the time limit.
    case timedOut
    /// The network says that the target cannot be reached; the reason in the system's words.
    case unreachable(reason: String)
    /// This host could not carry the check out (no descriptor, no source port, no memory). Says
    /// nothing about the target, so it does not count.
    ///
    /// Deviation: haproxy counts it as a failure (`SOCKERR`), so that a shortage on the balancer
    /// takes all servers down at once.
    case notRun(reason: String)

    /// Whether the target passed, or `nil` where the check says nothing about it.
    public var verdict: Bool? {
        switch self {
        case .passed: true
        case .refused, .timedOut, .unreachable: false
        case .notRun: nil
        }
    }

    /// haproxy's word in the column `check_status`.
    public var code: String {
        switch self {
        case .passed: "L4OK"
        case .refused, .unreachable: "L4CON"
        case .timedOut: "L4TOUT"
        case .notRun: "SOCKERR"
        }
    }

    /// What happened, for people; empty where ``code`` says it all.
    public var detail: String {
        switch self {
        case .passed, .timedOut: ""
        case .refused: "Connection refused"
        case .unreachable(let reason), .notRun(let reason): reason
        }
    }
}
