public import LinuxIO

/// Wakes a thread that waits on an epoll set; may be called from any thread.
///
/// `eventfd(2)`.
public struct Waker: ~Copyable, Sendable {
    /// The descriptor to wait on; readable after ``wake()``.
    public let descriptor: Descriptor

    /// Makes a waker that nobody has rung.
    ///
    /// - Throws: `SystemError` when the process has no descriptor left.
    public init() throws(SystemError) {
        descriptor = try EpollCalls.makeCounter()
    }

    /// Makes the descriptor readable.
    @inlinable
    public borrowing func wake() {
        EpollCalls.raise(descriptor.rawValue)
    }

    /// Makes the descriptor unreadable again; call it before looking at what was posted.
    @inlinable
    public borrowing func reset() {
        EpollCalls.clear(descriptor.rawValue)
    }
}
