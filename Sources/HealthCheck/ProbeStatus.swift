/// haproxy's words for how a check ended, as its column `check_status` has them.
public enum ProbeStatus: String, Hashable, Sendable, Codable, CaseIterable {
    /// A connection could be made.
    case connected = "L4OK"
    /// The target is not there, or the network says that it cannot be reached.
    case connectFailed = "L4CON"
    /// No connection within the time limit.
    case connectTimedOut = "L4TOUT"
    /// The TLS handshake ended well.
    case handshakeDone = "L6OK"
    /// The TLS handshake failed.
    case handshakeFailed = "L6RSP"
    /// No end of the TLS handshake within the time limit.
    case handshakeTimedOut = "L6TOUT"
    /// The server answered as it should.
    case answered = "L7OK"
    /// The server answers, and wishes no new clients.
    case answeredDraining = "L7OKC"
    /// No answer within the time limit.
    case answerTimedOut = "L7TOUT"
    /// The answer is not one of the protocol's, or not what was asked for.
    case badAnswer = "L7RSP"
    /// The answer is well formed and says no.
    case wrongAnswer = "L7STS"
    /// Connections of clients failed.
    case clientsFailed = "HANA"
    /// The command ended with success.
    case commandPassed = "PROCOK"
    /// The command ended with a failure.
    case commandFailed = "PROCERR"
    /// The command did not end within the time limit.
    case commandTimedOut = "PROCTOUT"
    /// This host could not carry the check out (no descriptor, no source port, no memory, too
    /// busy). Says nothing about the target, so it does not count.
    ///
    /// Deviation: haproxy counts it as a failure, so that a shortage on the balancer takes all
    /// servers down at once.
    case notRun = "SOCKERR"

    /// Whether the target passed, or `nil` where the check says nothing about it.
    public var verdict: Bool? {
        switch self {
        case .connected, .handshakeDone, .answered, .answeredDraining, .commandPassed: true
        case .connectFailed, .connectTimedOut, .handshakeFailed, .handshakeTimedOut,
            .answerTimedOut, .badAnswer, .wrongAnswer, .clientsFailed, .commandFailed,
            .commandTimedOut:
            false
        case .notRun: nil
        }
    }

    /// haproxy's words for it, as its log and the column `check_desc` have them.
    public var meaning: String {
        switch self {
        case .connected: "Layer4 check passed"
        case .connectFailed: "Layer4 connection problem"
        case .connectTimedOut: "Layer4 timeout"
        case .handshakeDone: "Layer6 check passed"
        case .handshakeFailed: "Layer6 invalid response"
        case .handshakeTimedOut: "Layer6 timeout"
        case .answered: "Layer7 check passed"
        case .answeredDraining: "Layer7 check conditionally passed"
        case .answerTimedOut: "Layer7 timeout"
        case .badAnswer: "Layer7 invalid response"
        case .wrongAnswer: "Layer7 wrong status"
        case .clientsFailed: "Health analyze"
        case .commandPassed: "External check passed"
        case .commandFailed: "External check error"
        case .commandTimedOut: "External check timeout"
        case .notRun: "Socket error"
        }
    }

    /// Whether the time limit ended the check, which a busy host can bring about by itself.
    var isTimeout: Bool {
        switch self {
        case .connectTimedOut, .handshakeTimedOut, .answerTimedOut, .commandTimedOut: true
        case .connected, .connectFailed, .handshakeDone, .handshakeFailed, .answered,
            .answeredDraining, .badAnswer, .wrongAnswer, .clientsFailed, .commandPassed,
            .commandFailed, .notRun:
            false
        }
    }
}
