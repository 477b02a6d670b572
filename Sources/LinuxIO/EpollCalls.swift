public import CLinux

/// The calls of `epoll(7)` and `eventfd(2)`, by number; the reactor gives them their meaning.
public enum EpollCalls {
    /// Bytes of one event as the kernel writes it; it packs the structure on x86_64 alone.
    @inlinable public static var eventByteCount: Int { Int(CLINUX_EPOLL_EVENT_BYTES) }

    /// Makes an epoll set, close-on-exec, that can be waited for.
    ///
    /// - Throws: `SystemError` when the process has no descriptor left, or when the kernel, or a
    ///   filter on its calls, has no `epoll_pwait2(2)`.
    public static func makeSet() throws(SystemError) -> Descriptor {
        let closeOnExec: Int32 = 0o2000000  // EPOLL_CLOEXEC
        let set = Descriptor(
            owning: Int32(try check("epoll_create1", nil, clinux_epoll_create(closeOnExec))))
        // A wait that always fails would look like one that ends at once, again and again.
        var event = InlineArray<16, UInt8>(repeating: 0)
        try check("epoll_pwait2", nil, unsafe clinux_epoll_wait(set.rawValue, &event, 1, 0))
        return set
    }

    /// Makes a counter that is readable while it is not zero, non-blocking and close-on-exec.
    ///
    /// - Throws: `SystemError` when the process has no descriptor left.
    public static func makeCounter() throws(SystemError) -> Descriptor {
        let flags: Int32 = 0o2000000 | 0o4000  // EFD_CLOEXEC, EFD_NONBLOCK
        return Descriptor(owning: Int32(try check("eventfd", nil, clinux_eventfd(0, flags))))
    }

    /// What `epoll_ctl(2)` is to do.
    public enum Operation: Int32, Sendable {
        /// EPOLL_CTL_ADD.
        case add = 1
        /// EPOLL_CTL_DEL.
        case remove = 2
        /// EPOLL_CTL_MOD.
        case modify = 3
    }

    /// Changes a set.
    ///
    /// - Parameters:
    ///   - set: The epoll set.
    ///   - operation: What to do.
    ///   - number: The descriptor that it is about.
    ///   - events: The kernel's bits.
    ///   - token: Comes back with the descriptor's events.
    /// - Returns: 0, or a negative error number.
    @inlinable
    public static func control(
        _ set: Int32, _ operation: Operation, _ number: Int32, events: UInt32, token: UInt64
    ) -> Int {
        clinux_epoll_ctl(set, operation.rawValue, number, events, token)
    }

    /// Waits for events.
    ///
    /// - Parameters:
    ///   - set: The epoll set.
    ///   - events: Where they are written, ``eventByteCount`` bytes each.
    ///   - capacity: How many fit there.
    ///   - nanoseconds: The longest wait; below 0 waits for ever. `epoll_pwait2(2)`, Linux 5.11.
    /// - Returns: How many were written, or a negative error number.
    @unsafe @inlinable
    public static func wait(
        _ set: Int32, into events: UnsafeMutableRawPointer, capacity: Int, nanoseconds: Int64
    ) -> Int {
        unsafe clinux_epoll_wait(set, events, Int32(capacity), nanoseconds)
    }

    /// Reads one event.
    ///
    /// - Parameters:
    ///   - index: Which one.
    ///   - events: Where ``wait(_:into:capacity:nanoseconds:)`` wrote them.
    /// - Returns: Its token and the kernel's bits.
    @unsafe @inlinable
    public static func event(
        _ index: Int, of events: UnsafeMutableRawPointer
    ) -> (token: UInt64, events: UInt32) {
        unsafe (
            clinux_epoll_token(events, Int32(index)), clinux_epoll_events(events, Int32(index))
        )
    }

    /// Adds one to a counter.
    ///
    /// - Parameter counter: From ``makeCounter()``; one that is full stays so.
    @inlinable
    public static func raise(_ counter: Int32) {
        var one: UInt64 = 1
        _ = unsafe clinux_write(counter, &one, 8)
    }

    /// Sets a counter to zero.
    ///
    /// - Parameter counter: From ``makeCounter()``.
    @inlinable
    public static func clear(_ counter: Int32) {
        var count: UInt64 = 0
        _ = unsafe clinux_read(counter, &count, 8)
    }
}
