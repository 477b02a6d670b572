internal import CLinux
internal import Glibc

/// A thread of the operating system: Swift concurrency stays off the reactors.
///
/// A thread whose owner lets go of it without ``join()`` goes on, and leaves nothing behind when it
/// ends. `pthread_create(3)`, `pthread_detach(3)`.
public struct Thread: ~Copyable, Sendable {
    private let handle: pthread_t

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: Shown by `top -H`; the kernel keeps 15 bytes.
    ///   - body: What it does; the thread ends when it returns.
    /// - Throws: `SystemError` when the system allows no further thread.
    public init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = unsafe Unmanaged.passRetained(Body(name: name, run: body))
        var handle = pthread_t()
        let code = unsafe pthread_create(
            &handle, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                // SAFETY: the pointer is the body that was retained for this one call.
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                setThreadName(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw SystemError(call: "pthread_create", errno: Errno(rawValue: code), subject: name)
        }
        self.handle = handle
    }

    /// Waits until the thread has ended.
    public consuming func join() {
        let handle = handle
        discard self
        pthread_join(handle, nil)
    }

    /// Lets the thread end without being waited for.
    public consuming func detach() {}

    deinit { pthread_detach(handle) }

    /// Lets the calling thread rest.
    ///
    /// - Parameter interval: How long, 0 or above. `nanosleep(2)`.
    public static func sleep(for interval: Duration) {
        let (seconds, attoseconds) = interval.components
        var rest = timespec(
            tv_sec: Int(max(0, seconds)), tv_nsec: Int(max(0, attoseconds) / 1_000_000_000))
        var request = rest
        while unsafe nanosleep(&request, &rest) != 0, errno == EINTR { request = rest }
    }

    /// Blocks `SIGPIPE` in the calling thread: `splice(2)` to a socket that is shut raises it, and
    /// has no flag against it as `send(2)` has.
    public static func blockBrokenPipeSignal() {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, SIGPIPE)
        _ = unsafe pthread_sigmask(SIG_BLOCK, &mask, nil)
    }
}

private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

/// Names the calling thread, and with the main thread the process, as `ps` and `top -H` show it.
///
/// - Parameter name: The kernel keeps 15 bytes of it. `prctl(2)`, PR_SET_NAME.
public func setThreadName(_ name: String) {
    let setName: Int32 = 15  // PR_SET_NAME
    _ = unsafe name.withCString { clinux_prctl(setName, UInt(bitPattern: $0)) }
}
