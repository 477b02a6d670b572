public import LinuxIO

/// What a descriptor is waited for, and what it became ready for.
///
/// `epoll_ctl(2)`.
public struct Readiness: OptionSet, Hashable, Sendable {
    /// The kernel's bits.
    public let rawValue: UInt32
    /// Makes a set from the kernel's bits.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes or a connection can be taken (`EPOLLIN`).
    @inlinable public static var readable: Readiness { Readiness(rawValue: 0x001) }
    /// Urgent data is marked in the stream (`EPOLLPRI`).
    @inlinable public static var urgent: Readiness { Readiness(rawValue: 0x002) }
    /// Bytes can be given (`EPOLLOUT`).
    @inlinable public static var writable: Readiness { Readiness(rawValue: 0x004) }
    /// An error is waiting; reported without being asked for (`EPOLLERR`).
    @inlinable public static var failed: Readiness { Readiness(rawValue: 0x008) }
    /// Both directions are shut; reported without being asked for (`EPOLLHUP`).
    @inlinable public static var hungUp: Readiness { Readiness(rawValue: 0x010) }
    /// The peer will send no more, once what is unread is read (`EPOLLRDHUP`).
    @inlinable public static var peerClosed: Readiness { Readiness(rawValue: 0x2000) }
    /// Wake one of the waiters instead of all (`EPOLLEXCLUSIVE`).
    @inlinable public static var exclusive: Readiness { Readiness(rawValue: 1 << 28) }
    /// Report changes, not states (`EPOLLET`).
    @inlinable public static var edgeTriggered: Readiness { Readiness(rawValue: 1 << 31) }
}

/// A set of descriptors that are waited for together.
///
/// The token comes back with each event; a generation inside it tells a stale event from one of a
/// descriptor that was closed and made anew. `epoll(7)`.
@safe public struct Epoll: ~Copyable {
    /// Events fetched per call at most.
    public let capacity: Int
    @usableFromInline let set: Descriptor
    @usableFromInline let events: UnsafeMutableRawPointer

    /// Makes an empty set.
    ///
    /// - Parameter capacity: Events fetched per call at most, 1 or more.
    /// - Throws: `SystemError` when the process has no descriptor left, or when the kernel, or a
    ///   filter on its calls, has no `epoll_pwait2` (Linux 5.11).
    public init(capacity: Int = 256) throws(SystemError) {
        precondition(capacity > 0, "an epoll set fetches at least one event")
        set = try EpollCalls.makeSet()
        self.capacity = capacity
        unsafe events = .allocate(
            byteCount: capacity * EpollCalls.eventByteCount, alignment: 8)
    }

    /// Begins to wait for a descriptor.
    ///
    /// - Parameters:
    ///   - number: The descriptor.
    ///   - readiness: What to wait for.
    ///   - token: Comes back with its events.
    /// - Returns: 0, or a negative error number.
    @inlinable
    public borrowing func add(_ number: Int32, for readiness: Readiness, token: UInt64) -> Int {
        EpollCalls.control(
            set.rawValue, .add, number, events: readiness.rawValue, token: token)
    }

    /// Changes what a descriptor is waited for.
    ///
    /// - Parameters:
    ///   - number: The descriptor.
    ///   - readiness: What to wait for from now on.
    ///   - token: Comes back with its events.
    /// - Returns: 0, or a negative error number.
    @inlinable
    public borrowing func modify(_ number: Int32, for readiness: Readiness, token: UInt64) -> Int {
        EpollCalls.control(
            set.rawValue, .modify, number, events: readiness.rawValue, token: token)
    }

    /// Ends waiting for a descriptor.
    ///
    /// - Parameter number: The descriptor.
    /// - Returns: 0, or a negative error number.
    @inlinable
    public borrowing func remove(_ number: Int32) -> Int {
        EpollCalls.control(set.rawValue, .remove, number, events: 0, token: 0)
    }

    /// Waits until something is ready.
    ///
    /// - Parameter nanoseconds: The longest wait; 0 only looks, below 0 waits for ever.
    /// - Returns: The number of events to read by ``event(_:)``; 0 after a time-out or a signal.
    @inlinable
    public borrowing func wait(nanoseconds: Int64) -> Int {
        // EINTR is the only failure of a valid set; the caller's next turn waits again.
        max(
            0,
            unsafe EpollCalls.wait(
                set.rawValue, into: events, capacity: capacity, nanoseconds: nanoseconds))
    }

    /// One of the events that the last wait fetched.
    ///
    /// - Parameter index: 0 up to the number that ``wait(nanoseconds:)`` returned.
    /// - Returns: The descriptor's token and what it is ready for.
    @inlinable
    public borrowing func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
        precondition(index >= 0 && index < capacity, "no such event")
        let (token, bits) = unsafe EpollCalls.event(index, of: events)
        return (token, Readiness(rawValue: bits))
    }

    deinit { unsafe events.deallocate() }
}
