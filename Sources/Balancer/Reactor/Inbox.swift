internal import LinuxIO
internal import Reactor
internal import Synchronization

/// What other threads tell a reactor.
enum Message {
    /// A waiting connection of this reactor got a server, or has to choose again.
    case notice(pool: Int, PoolState.Notice)
    /// A limit that this reactor met has room again.
    case roomToAccept(Admission.Place)
    /// Connections through this address of the node are dead.
    case addressLeft(IPEndpoint)
    /// Whether to listen at all.
    case setAccepting(Bool)
    /// A server began to warm up.
    case warm
    /// Reset the connections to a server, counted over all pools.
    case endSessions(server: Int, SessionEndCause)
    /// Look at connections, and tell of them or end them.
    case look(SessionLook)
    /// Meet the other reactors, and go on with what they share from then on.
    case handOver(Handover)
    /// Say that this reactor turns.
    case answer(RollCall)
    /// Reset what is open and end.
    case stop
}

/// The messages to one reactor, and the bell that wakes it.
final class Inbox: Sendable {
    let waker: Waker
    private let messages = Mutex<[Message]>([])
    private let isOver = Atomic(false)

    init() throws(SystemError) { waker = try Waker() }

    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        waker.wake()
    }

    /// Puts messages into the words of another plan; for when no reactor runs.
    func translate(_ body: (Message) -> Message?) {
        messages.withLock { $0 = $0.compactMap(body) }
    }

    /// Takes what was posted.
    ///
    /// - Parameter taken: An empty array, whose room the next messages get.
    func takeAll(into taken: inout [Message]) {
        waker.reset()
        messages.withLock { swap(&$0, &taken) }
    }

    /// Asks about connections; once the reactor has ended there are none.
    func ask(_ look: SessionLook) {
        post(.look(look))
        if isOver.load(ordering: .sequentiallyConsistent) { answerRest() }
    }

    /// Answers who asked a reactor that has ended, and who will.
    func end() {
        isOver.store(true, ordering: .sequentiallyConsistent)
        answerRest()
    }

    private func answerRest() {
        let rest = messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
        for case .look(let look) in rest { look.answer(SessionSlice()) }
    }
}
