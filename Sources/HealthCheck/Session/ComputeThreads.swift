#if Program
import NIOCore
import NIOPosix

/// The threads for what takes longer than an event loop may: expressions, key derivation, files.
///
/// Not NIO's own pool, so that an expression without end cannot stop what else waits there.
enum ComputeThreads {
    static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        return pool
    }()

    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Value> {
        pool.runIfActive(eventLoop: eventLoop, work)
    }
}
#endif
