import LinuxIO
import Synchronization

/// A value that one thread sets and another reads.
final class Box<Value: Sendable>: Sendable {
    private let storage = Mutex<Value?>(nil)

    var value: Value? {
        get { storage.withLock { $0 } }
        set { storage.withLock { $0 = newValue } }
    }
}

/// A thread that is waited for.
final class TestThread {
    private var thread: Thread?

    init(_ body: @escaping @Sendable () -> Void) throws {
        thread = try Thread(name: "test", body)
    }

    func join() {
        guard let thread = thread.take() else { return }
        thread.join()
    }
}

/// Runs two things at once and waits for both.
func concurrently<First: Sendable>(
    _ first: @escaping @Sendable () -> First, with second: () -> Void
) throws -> First? {
    let box = Box<First>()
    let thread = try TestThread { box.value = first() }
    second()
    thread.join()
    return box.value
}
