public import LinuxIO
internal import Synchronization

/// One thread's event loop for control work: descriptors, deadlines, and calls from other threads.
///
/// Each turn has fixed phases: wait, read the clock once, handle what is ready (what other threads
/// posted is among it), then what is due. However long the thread was held up, a descriptor that
/// was ready when the clock was read is handled before a deadline that had passed by then: a
/// deadline means that something did not come, and what came must count first. Handlers are
/// closures; a data path that counts allocations drives ``Epoll`` itself. Everything but
/// ``Poster`` belongs to the loop's own thread, which nothing may hold up: what may take any time is
/// done ``aside(_:then:)``.
public final class EventLoop {
    /// Names one watched descriptor.
    public struct Watch: Hashable, Sendable {
        let index: Int
        let generation: UInt32
        var token: UInt64 { UInt64(generation) << 32 | UInt64(index) }
    }

    /// Names one deadline.
    public struct Deadline: Hashable, Sendable {
        let entry: DeadlineQueue<Action>.Entry
    }

    /// A closure in a type of its own: by itself, as what a generic type holds, it is wrapped in
    /// another one, which is allocated each time.
    struct Action {
        let call: () -> Void
    }

    private struct Slot {
        var generation: UInt32 = 0
        var number: Int32 = -1
        var handler: ((Readiness) -> Void)?
    }

    /// The clock as read at the beginning of this turn.
    public private(set) var now = MonotonicInstant.now
    /// Runs calls from other threads on this loop.
    public let poster: Poster

    /// What other threads do for this loop.
    var errands = Errands()
    let helpers = HelperThreads()

    private let epoll: Epoll
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var deadlines = DeadlineQueue<Action>()
    private var isStopping = false

    /// Makes a loop that watches nothing.
    ///
    /// - Throws: `SystemError` when the process has no descriptor left.
    public init() throws(SystemError) {
        epoll = try Epoll(capacity: 64)
        poster = try Poster()
        let posted = poster
        try watch(posted.waker.descriptor.rawValue, for: .readable) { _ in posted.runAll() }
    }

    /// Begins to watch a descriptor, level-triggered.
    ///
    /// - Parameters:
    ///   - number: The descriptor; the caller keeps it open until ``unwatch(_:)``.
    ///   - readiness: What to watch for.
    ///   - handler: Called on this loop with what it is ready for.
    /// - Returns: The watch, to end it by.
    /// - Throws: `SystemError` if the descriptor is closed or of a kind that is always ready.
    @discardableResult
    public func watch(
        _ number: Int32, for readiness: Readiness, handler: @escaping (Readiness) -> Void
    ) throws(SystemError) -> Watch {
        let index = freeSlots.popLast() ?? slots.count
        if index == slots.count { slots.append(Slot()) }
        let watch = Watch(index: index, generation: slots[index].generation)
        let result = epoll.add(number, for: readiness, token: watch.token)
        guard result == 0 else {
            freeSlots.append(index)
            throw SystemError(call: "epoll_ctl", errno: Errno(result: result))
        }
        slots[index].number = number
        slots[index].handler = handler
        return watch
    }

    /// Changes what a descriptor is watched for.
    ///
    /// - Parameters:
    ///   - watch: The watch that ``watch(_:for:handler:)`` returned.
    ///   - readiness: What to watch for from now on.
    public func change(_ watch: Watch, to readiness: Readiness) {
        guard isCurrent(watch) else { return }
        _ = epoll.modify(slots[watch.index].number, for: readiness, token: watch.token)
    }

    /// Ends watching a descriptor; call it before closing the descriptor.
    ///
    /// - Parameter watch: The watch; one that ended already is ignored.
    public func unwatch(_ watch: Watch) {
        guard isCurrent(watch) else { return }
        _ = epoll.remove(slots[watch.index].number)
        slots[watch.index].generation &+= 1
        slots[watch.index].handler = nil
        freeSlots.append(watch.index)
    }

    /// Calls `action` on this loop at an instant, or soon after.
    ///
    /// - Parameters:
    ///   - due: When; one in the past is due in this turn.
    ///   - action: What to do.
    /// - Returns: The deadline, to cancel it by.
    @discardableResult
    public func schedule(at due: MonotonicInstant, _ action: @escaping () -> Void) -> Deadline {
        Deadline(entry: deadlines.insert(Action(call: action), at: due))
    }

    /// Calls `action` after an interval, counted from the present and not from the turn's start.
    ///
    /// - Parameters:
    ///   - interval: How long to wait.
    ///   - action: What to do.
    /// - Returns: The deadline, to cancel it by.
    @discardableResult
    public func schedule(after interval: Duration, _ action: @escaping () -> Void) -> Deadline {
        schedule(at: .now + interval, action)
    }

    /// Withdraws a deadline; one that has passed is ignored.
    ///
    /// - Parameter deadline: What ``schedule(at:_:)`` returned.
    public func cancel(_ deadline: Deadline) { deadlines.remove(deadline.entry) }

    /// Runs turns until ``stop()``.
    public func run() {
        isStopping = false
        while !isStopping { turn() }
    }

    /// Ends ``run()`` after the current turn.
    public func stop() { isStopping = true }

    /// Runs one turn: waits until something happens and handles it.
    ///
    /// - Parameter longestWait: The longest wait; `nil`: until the next deadline.
    public func turn(longestWait: Duration? = nil) {
        let start = MonotonicInstant.now
        var due = deadlines.earliest
        if let longestWait { due = min(due ?? start + longestWait, start + longestWait) }
        let wait = due.map { $0 <= start ? 0 : $0.nanoseconds - start.nanoseconds }
        let count = epoll.wait(nanoseconds: wait ?? -1)
        now = .now
        handleEvents(count)
        handleRestBeforeDeadlines()
        // What falls due while handling waits for the next turn, so that a deadline which sets
        // itself again cannot keep the loop from its descriptors.
        while let action = deadlines.popDue(at: now) { action.call() }
    }

    /// Handles what became ready between the wait and the reading of the clock, and what one call
    /// could not fetch.
    private func handleRestBeforeDeadlines() {
        // The kernel goes round its list, so that many calls report each descriptor that was ready;
        // one that is ready again and again gets no more of them.
        var handled = 0
        while handled < slots.count, let due = deadlines.earliest, due <= now {
            let count = epoll.wait(nanoseconds: 0)
            guard count > 0 else { return }
            handleEvents(count)
            guard count == epoll.capacity else { return }
            handled += count
        }
    }

    private func handleEvents(_ count: Int) {
        for index in 0..<count {
            let (token, readiness) = epoll.event(index)
            let slot = Int(token & 0xffff_ffff)
            // A handler earlier in this turn may have ended this watch.
            guard slots[slot].generation == UInt32(token >> 32) else { continue }
            slots[slot].handler?(readiness)
        }
    }

    private func isCurrent(_ watch: Watch) -> Bool {
        slots[watch.index].generation == watch.generation && slots[watch.index].handler != nil
    }
}

/// The part of an event loop that other threads may use.
public final class Poster: Sendable {
    let waker: Waker
    private let posted = Mutex<[@Sendable () -> Void]>([])

    init() throws(SystemError) { waker = try Waker() }

    /// Runs `action` on the loop's thread, in the order of posting.
    ///
    /// - Parameter action: What to do there.
    public func post(_ action: @escaping @Sendable () -> Void) {
        posted.withLock { $0.append(action) }
        waker.wake()
    }

    func runAll() {
        waker.reset()
        let actions = posted.withLock { pending in
            defer { pending = [] }
            return pending
        }
        for action in actions { action() }
    }
}
