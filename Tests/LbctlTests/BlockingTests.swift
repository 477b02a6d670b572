#if Program
import Dispatch
import Testing

extension Tag {
    /// Becomes another user, or makes namespaces.
    @Tag static var needsRoot: Self
}

/// Where tests run that wait for programs: on a thread of their own, one after the other.
///
/// On the threads of the tasks they would hold up the tests of others, which have time limits.
@globalActor actor ProgramThread {
    static let shared = ProgramThread()
    private static let executor = Executor()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        Self.executor.asUnownedSerialExecutor()
    }

    private final class Executor: SerialExecutor {
        private let queue = DispatchQueue(label: "programs")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
        }
    }
}
#endif
