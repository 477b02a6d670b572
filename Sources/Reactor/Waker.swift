public import CLinux
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
        let flags: Int32 = 0o2000000 | 0o4000  // EFD_CLOEXEC, EFD_NONBLOCK
        descriptor = Descriptor(owning: Int32(try check("eventfd", nil, clinux_eventfd(0, flags))))
    }

    /// Makes the descriptor readable.
    @inlinable
    public borrowing func wake() {
        var one: UInt64 = 1
        // EAGAIN means that the count is full: it is readable already.
        _ = unsafe clinux_write(descriptor.rawValue, &one, 8)
    }

    /// Makes the descriptor unreadable again; call it before looking at what was posted.
    @inlinable
    public borrowing func reset() {
        var count: UInt64 = 0
        _ = unsafe clinux_read(descriptor.rawValue, &count, 8)
    }
}
