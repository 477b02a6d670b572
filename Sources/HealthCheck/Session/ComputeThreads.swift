#if Program
import NIOCore
import NIOPosix

/// The threads for what takes longer than an event loop may: expressions, key derivation, files.
///
/// Not NIO's own pool, so that an expression without end cannot stop what else waits there.
enum ComputeThreads {
    static let pool = makePool(threads: 4)
    /// A file system that hangs takes no other thread than these.
    static let filePool = makePool(threads: 2)

    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Value> {
        pool.runIfActive(eventLoop: eventLoop, work)
    }

    private static func makePool(threads: Int) -> NIOThreadPool {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        return pool
    }
}
#endif
