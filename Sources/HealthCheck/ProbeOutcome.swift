/// How one check of one target ended; a failure is data, not an error.
@nonexhaustive public enum ProbeOutcome: Hashable, Sendable {
    /// A connection could be made, which is all that was asked (`L4OK`).
    case passed
    /// The target's host answered, and nothing listens there (`ECONNREFUSED`).
    case refused
    /// No connection, or no answer to a datagram, within the time limit.
    case timedOut
    /// The network says that the target cannot be reached; the reason in the system's words.
    case unreachable(reason: String)
    /// This host could not carry the check out (no descriptor, no source port, no memory, too
    /// busy). Says nothing about the target, so it does not count.
    ///
    /// Deviation: haproxy counts it as a failure (`SOCKERR`), so that a shortage on the balancer
    /// takes all servers down at once.
    case notRun(reason: String)
    /// The TLS handshake ended well, which is all that was asked (`L6OK`).
    case handshakeDone(ProbeFacts)
    /// The connection was made, and the TLS handshake did not end within the time limit.
    case handshakeTimedOut
    /// The TLS handshake failed: no TLS there, a certificate that is not trusted or has expired.
    case handshakeFailed(reason: String)
    /// The server answered as it should (`L7OK`).
    case answered(ProbeFacts)
    /// The server answers, and wishes no new clients (`L7OKC`, haproxy's `disable-on-404`).
    case answeredDraining(ProbeFacts)
    /// The connection was made, and the answer was not there within the time limit.
    case answerTimedOut(waitingFor: String)
    /// The answer is not one of the protocol's, or was cut short.
    case badAnswer(reason: String)
    /// The answer is well formed and says no: a wrong status, a wrong password, a wrong role.
    case wrongAnswer(ProbeFacts)
    /// So many connections of clients in a row failed that no check was waited for (`HANA`).
    case clientsFailed(count: Int)
    /// The command ended with success.
    case commandPassed(ProbeFacts)
    /// The command ended with a failure, or could not be started.
    case commandFailed(reason: String)
    /// The command was killed because it did not end within the time limit.
    case commandTimedOut

    /// Whether the target passed, or `nil` where the check says nothing about it.
    public var verdict: Bool? {
        switch self {
        case .passed, .handshakeDone, .answered, .answeredDraining, .commandPassed: true
        case .refused, .timedOut, .unreachable, .handshakeTimedOut, .handshakeFailed,
            .answerTimedOut, .badAnswer, .wrongAnswer, .clientsFailed, .commandFailed,
            .commandTimedOut:
            false
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
        case .handshakeDone: "L6OK"
        case .handshakeTimedOut: "L6TOUT"
        case .handshakeFailed: "L6RSP"
        case .answered: "L7OK"
        case .answeredDraining: "L7OKC"
        case .answerTimedOut: "L7TOUT"
        case .badAnswer: "L7RSP"
        case .wrongAnswer: "L7STS"
        case .clientsFailed: "HANA"
        case .commandPassed: "PROCOK"
        case .commandFailed: "PROCERR"
        case .commandTimedOut: "PROCTOUT"
        }
    }

    /// haproxy's words for ``code``, as its log and the column `check_desc` have them.
    public var meaning: String {
        switch self {
        case .passed: "Layer4 check passed"
        case .refused, .unreachable: "Layer4 connection problem"
        case .timedOut: "Layer4 timeout"
        case .notRun: "Socket error"
        case .handshakeDone: "Layer6 check passed"
        case .handshakeTimedOut: "Layer6 timeout"
        case .handshakeFailed: "Layer6 invalid response"
        case .answered: "Layer7 check passed"
        case .answeredDraining: "Layer7 check conditionally passed"
        case .answerTimedOut: "Layer7 timeout"
        case .badAnswer: "Layer7 invalid response"
        case .wrongAnswer: "Layer7 wrong status"
        case .clientsFailed: "Health analyze"
        case .commandPassed: "External check passed"
        case .commandFailed: "External check error"
        case .commandTimedOut: "External check timeout"
        }
    }

    /// What happened, for people; empty where ``code`` says it all.
    public var detail: String {
        switch self {
        case .passed, .timedOut, .handshakeTimedOut, .commandTimedOut: ""
        case .refused: "Connection refused"
        case .unreachable(let reason), .notRun(let reason), .handshakeFailed(let reason),
            .badAnswer(let reason), .commandFailed(let reason):
            reason
        case .clientsFailed(let count):
            "Detected \(count) consecutive errors, last one was: L4 unsuccessful connection"
        case .answerTimedOut(let waitingFor): "no \(waitingFor) within the time limit"
        case .handshakeDone(let facts), .answered(let facts), .answeredDraining(let facts),
            .wrongAnswer(let facts), .commandPassed(let facts):
            facts.detail
        }
    }

    /// What the check learned besides, or `nil` where it learned nothing.
    public var facts: ProbeFacts? {
        switch self {
        case .handshakeDone(let facts), .answered(let facts), .answeredDraining(let facts),
            .wrongAnswer(let facts), .commandPassed(let facts):
            facts
        case .passed, .refused, .timedOut, .unreachable, .notRun, .handshakeTimedOut,
            .handshakeFailed, .answerTimedOut, .badAnswer, .clientsFailed, .commandFailed,
            .commandTimedOut:
            nil
        }
    }

    /// Whether the time limit ended the check, which a busy host can bring about by itself.
    var isTimeout: Bool {
        switch self {
        case .timedOut, .handshakeTimedOut, .answerTimedOut, .commandTimedOut: true
        case .passed, .refused, .unreachable, .notRun, .handshakeDone, .handshakeFailed,
            .answered, .answeredDraining, .badAnswer, .wrongAnswer, .clientsFailed,
            .commandPassed, .commandFailed:
            false
        }
    }

    static func wrongAnswer(_ detail: String) -> ProbeOutcome {
        .wrongAnswer(ProbeFacts(detail: detail))
    }
}
