#if Program
import NIOPosix

/// The thread that pages are written on, one after the other.
///
/// The page of 10,000 servers takes a good while. However many ask at once, the threads of tasks are
/// left to what must go on meanwhile, such as health checks.
enum PageThread {
    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        return pool
    }()

    /// Does what takes long.
    ///
    /// - Throws: `CancellationError` where the task was cancelled before its turn.
    static func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await pool.runIfActive(work)
    }
}
#endif
