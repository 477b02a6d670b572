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
    /// Reset what is open and end.
    case stop
}

/// The messages to one reactor, and the bell that wakes it.
final class Inbox: Sendable {
    let waker: Waker
    private let messages = Mutex<[Message]>([])

    init() throws(SystemError) { waker = try Waker() }

    func post(_ message: Message) {
        messages.withLock { $0.append(message) }
        waker.wake()
    }

    func takeAll() -> [Message] {
        waker.reset()
        return messages.withLock { pending in
            defer { pending = [] }
            return pending
        }
    }
}
