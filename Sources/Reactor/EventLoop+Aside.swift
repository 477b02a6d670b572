internal import LinuxIO
internal import Synchronization

extension EventLoop {
    /// Does on another thread what may take any time, and goes on here with what came of it.
    ///
    /// What hangs, a file system or the start of a program, keeps the thread that it has and delays
    /// nothing else: what is asked for next has another one. So whoever asks keeps to one thing at a time.
    /// Threads end when nothing is left to do; they begin in this thread's network namespace, on its
    /// processors and with the signals blocked that it blocks, but not with its real-time priority.
    /// While the system allows no further thread, the work waits.
    ///
    /// - Parameters:
    ///   - work: What to do there.
    ///   - completion: Called on this loop, in a later turn.
    public func aside<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value, then completion: @escaping (Value) -> Void
    ) {
        // By its number: what belongs to this loop's thread must not end on another one.
        let outcome = Outcome<Value>()
        let number = errands.add { outcome.value.withLock { $0 }.map(completion) }
        let (poster, loop) = (poster, OnLoop(self))
        helpers.add {
            let value = work()
            outcome.value.withLock { $0 = value }
            poster.post { loop.object?.errands.take(number)?() }
        }
        provideHelper()
    }

    private func provideHelper() {
        guard !helpers.provideThread() else { return }
        schedule(after: Self.threadRetryInterval) { [weak self] in self?.provideHelper() }
    }

    private static let threadRetryInterval = Duration.milliseconds(100)
}

/// Lets another thread name an object of a loop's, for what it posts to that loop.
public final class OnLoop<Object: AnyObject>: @unchecked Sendable {
    // SAFETY: set before it is shared, and read by what runs on the loop's thread alone, which is
    // also where the object ends.
    /// The object, for the loop's thread alone; `nil` once it has ended.
    public private(set) weak var object: Object?

    /// Names an object.
    ///
    /// - Parameter object: The object.
    public init(_ object: Object) { self.object = object }
}

/// What came of something that another thread did.
private final class Outcome<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}

/// What a loop waits for that other threads do.
struct Errands {
    private var completions: [Int: () -> Void] = [:]
    private var lastNumber = 0

    mutating func add(_ completion: @escaping () -> Void) -> Int {
        lastNumber += 1
        completions[lastNumber] = completion
        return lastNumber
    }

    mutating func take(_ number: Int) -> (() -> Void)? {
        completions.removeValue(forKey: number)
    }
}

/// Threads for work that may hang: none waits behind another's.
final class HelperThreads: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        /// Whether a thread is about to take the next job.
        var isStarting = false
    }

    private let state = Mutex(State())

    /// Adds a job; ``provideThread()`` is to follow.
    func add(_ job: @escaping @Sendable () -> Void) { state.withLock { $0.jobs.append(job) } }

    /// Sees to it that some thread will take the next job.
    ///
    /// - Returns: Whether one will; otherwise the system allows none.
    func provideThread() -> Bool {
        let isNeeded = state.withLock { state in
            guard !state.jobs.isEmpty, !state.isStarting else { return false }
            state.isStarting = true
            return true
        }
        guard isNeeded else { return true }
        do throws(SystemError) {
            try Thread(name: "aside") { [self] in work() }.detach()
            return true
        } catch {
            state.withLock { $0.isStarting = false }
            return false
        }
    }

    private func work() {
        var next = take(first: true)
        while let job = next {
            // Of many that are added at once, each thread starts the next one, not the loop all.
            _ = provideThread()
            job()
            next = take(first: false)
        }
    }

    private func take(first: Bool) -> (@Sendable () -> Void)? {
        state.withLock { state in
            if first { state.isStarting = false }
            return state.jobs.isEmpty ? nil : state.jobs.removeFirst()
        }
    }
}
