#if Probes
import NIOCore

/// The client's half of one protocol, as far as a check goes.
///
/// Decides only: it is told what happened and says what to do next. ``DialogueHandler`` owns the
/// connection, ``ProbeSession`` the time limit.
protocol Dialogue {
    /// What the server owes now, for the report of a time limit: `answer to PING`.
    var waitingFor: String { get }
    /// What silence up to the time limit means now; by default, that the answer is missing.
    var silence: ProbeOutcome { get }

    /// Takes the next step.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - input: What was received and not consumed; consume by moving its reader index.
    /// - Returns: What to do.
    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep
}

extension Dialogue {
    var silence: ProbeOutcome { .answerTimedOut(waitingFor: waitingFor) }
}

enum DialogueEvent: Sendable {
    /// The connection can be used; with TLS the handshake is over.
    case opened
    /// The bytes of ``DialogueStep/send(_:)`` are on their way.
    case sent
    /// There is more in the input.
    case received
    /// No more input will come.
    case ended(DialogueEnd)
    /// The work of ``DialogueStep/compute(_:)`` is done.
    case computed(Computation)
}

enum DialogueEnd: Sendable {
    /// The server closed or reset the connection; the reason in words.
    case closed(reason: String)
    /// As many bytes as an answer may have came since the last send, and decided nothing.
    case full

    /// That it came instead of what was waited for.
    func words(insteadOf waitingFor: String) -> String {
        switch self {
        case .closed(let reason): "\(reason) before the \(waitingFor)"
        case .full: "no \(waitingFor) in \(DialogueHandler.inputLimit) bytes"
        }
    }
}

enum DialogueStep: Sendable {
    /// Wait for more input.
    case read
    /// Send, and ask again at once.
    case send([UInt8])
    /// Work out a proof on another thread, because it takes longer than an event loop may.
    case compute(@Sendable () -> Computation)
    /// Look for something, on another thread.
    case search(Search.Work)
    /// End this connection and make another.
    case connect(ConnectionPlan)
    /// End the check, with last words to a server that logs those who leave without.
    case finish(ProbeOutcome, farewell: [UInt8])

    static func finish(_ outcome: ProbeOutcome) -> DialogueStep {
        .finish(outcome, farewell: [])
    }
}

enum Computation: Sendable {
    case found(Bool)
    case proof(message: [UInt8], serverSignature: [UInt8])
}

/// Where and how to connect.
struct ConnectionPlan: Sendable {
    var address: SocketAddress
    var connection: ProbeConnection
    /// Where in a script that is, for reports; empty: where everybody expects it.
    var place = ""
}
#endif
