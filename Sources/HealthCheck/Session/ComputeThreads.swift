#if Probes
import NIOCore
import NIOPosix
import Synchronization

/// The threads for what takes longer than an event loop may.
///
/// Searches and the keys of logins have some each, so that neither waits for the other. What waits
/// when its check ends is dropped, so that nothing piles up.
enum ComputeThreads {
    private static let searches = makePool(threads: 2)
    private static let keys = makePool(threads: 2)

    /// Looks for something; the future fails where nobody wants to know any more.
    static func search(
        _ work: @escaping Search.Work, unless isUnwanted: WorkTicket, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        searches.runIfActive(eventLoop: eventLoop) {
            guard !isUnwanted.isVoid, let found = work({ isUnwanted.isVoid }) else {
                throw CancellationError()
            }
            return found
        }
    }

    /// Works out a proof of a password.
    static func derive<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value, unless isUnwanted: WorkTicket,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<Value> {
        keys.runIfActive(eventLoop: eventLoop) {
            guard !isUnwanted.isVoid else { throw CancellationError() }
            return work()
        }
    }

    private static func makePool(threads: Int) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        return pool
    }
}

/// Whether a check still waits for work that it has given away.
final class WorkTicket: Sendable {
    private let state = Atomic(false)

    var isVoid: Bool { state.load(ordering: .relaxed) }

    func makeVoid() { state.store(true, ordering: .relaxed) }
}
#endif
