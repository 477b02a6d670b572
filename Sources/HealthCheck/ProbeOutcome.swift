/// How one check of one target ended; a failure is data, not an error.
public struct ProbeOutcome: Hashable, Sendable {
    /// The word for it.
    public var status: ProbeStatus
    /// What the check learned besides; its `detail` says what happened, where the word does not.
    public var facts: ProbeFacts

    /// Makes an outcome.
    ///
    /// - Parameters:
    ///   - status: The word for it.
    ///   - facts: What the check learned besides.
    public init(_ status: ProbeStatus, _ facts: ProbeFacts = ProbeFacts()) {
        self.status = status
        self.facts = facts
    }

    /// Makes an outcome that is known by its status and a reason.
    ///
    /// - Parameters:
    ///   - status: The word for it.
    ///   - detail: What happened, for people.
    public init(_ status: ProbeStatus, detail: String) {
        self.init(status, ProbeFacts(detail: detail))
    }

    /// Whether the target passed, or `nil` where the check says nothing about it.
    public var verdict: Bool? { status.verdict }
    /// haproxy's word in the column `check_status`.
    public var code: String { status.rawValue }
    /// haproxy's words for ``code``, as its log and the column `check_desc` have them.
    public var meaning: String { status.meaning }
    /// What happened, for people; empty where ``code`` says it all.
    public var detail: String { facts.detail }
}

extension ProbeOutcome {
    /// A connection could be made, which is all that was asked.
    public static let passed = ProbeOutcome(.connected)
    /// The target's host answered, and nothing listens there (`ECONNREFUSED`).
    public static let refused = ProbeOutcome(.connectFailed, detail: "Connection refused")
    /// No connection, or no answer to a datagram, within the time limit.
    public static let timedOut = ProbeOutcome(.connectTimedOut)
    /// The connection was made, and the TLS handshake did not end within the time limit.
    public static let handshakeTimedOut = ProbeOutcome(.handshakeTimedOut)
    /// The command was killed because it did not end within the time limit.
    public static let commandTimedOut = ProbeOutcome(.commandTimedOut)

    /// The network says that the target cannot be reached; the reason in the system's words.
    public static func unreachable(reason: String) -> ProbeOutcome {
        ProbeOutcome(.connectFailed, detail: reason)
    }

    /// This host could not carry the check out.
    public static func notRun(reason: String) -> ProbeOutcome {
        ProbeOutcome(.notRun, detail: reason)
    }

    /// The target answered, and what this host does with the answer was not done in time.
    static func hostWasBusy(with what: String) -> ProbeOutcome {
        notRun(reason: "this host was busy: the \(what) was not done within the time limit")
    }

    /// The TLS handshake ended well, which is all that was asked.
    public static func handshakeDone(_ facts: ProbeFacts) -> ProbeOutcome {
        ProbeOutcome(.handshakeDone, facts)
    }

    /// The TLS handshake failed: no TLS there, a certificate that is not trusted or has expired.
    public static func handshakeFailed(reason: String) -> ProbeOutcome {
        ProbeOutcome(.handshakeFailed, detail: reason)
    }

    /// The server answered as it should.
    public static func answered(_ facts: ProbeFacts) -> ProbeOutcome {
        ProbeOutcome(.answered, facts)
    }

    /// The connection was made, and the answer was not there within the time limit.
    public static func answerTimedOut(waitingFor: String) -> ProbeOutcome {
        ProbeOutcome(.answerTimedOut, detail: "no \(waitingFor) within the time limit")
    }

    /// The answer is not one of the protocol's, or was cut short.
    public static func badAnswer(reason: String) -> ProbeOutcome {
        ProbeOutcome(.badAnswer, detail: reason)
    }

    /// The answer is well formed and says no: a wrong status, a wrong password, a wrong role.
    public static func wrongAnswer(_ facts: ProbeFacts) -> ProbeOutcome {
        ProbeOutcome(.wrongAnswer, facts)
    }

    /// The answer is well formed and says no; the reason in the server's words.
    public static func wrongAnswer(_ reason: String) -> ProbeOutcome {
        ProbeOutcome(.wrongAnswer, detail: reason)
    }

    /// So many connections of clients in a row failed that no check was waited for.
    public static func clientsFailed(count: Int) -> ProbeOutcome {
        ProbeOutcome(
            .clientsFailed,
            detail:
                "Detected \(count) consecutive errors, last one was: L4 unsuccessful connection")
    }

    /// The command ended with success.
    public static func commandPassed(_ facts: ProbeFacts) -> ProbeOutcome {
        ProbeOutcome(.commandPassed, facts)
    }

    /// The command ended with a failure, or could not be started.
    public static func commandFailed(reason: String) -> ProbeOutcome {
        ProbeOutcome(.commandFailed, detail: reason)
    }
}
