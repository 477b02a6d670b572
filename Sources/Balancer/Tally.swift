internal import Synchronization

/// What one reactor counts about one frontend, pool or server.
///
/// One thread writes, others read at any time: a relaxed load and a relaxed store cost what plain
/// ones do, and are no data race.
struct Tally: ~Copyable {
    let bytesIn = Atomic<UInt64>(0)
    let bytesOut = Atomic<UInt64>(0)
    let connectionErrors = Atomic<UInt64>(0)
    let retries = Atomic<UInt64>(0)
    let redispatches = Atomic<UInt64>(0)
    let clientAborts = Atomic<UInt64>(0)
    let serverAborts = Atomic<UInt64>(0)
    /// Connections closed at once because of a rule.
    let refusals = Atomic<UInt64>(0)
    /// Connections whose times were counted.
    let timedCount = Atomic<UInt64>(0)
    /// Milliseconds, as ``average(_:)`` reads them.
    let queueTime = Atomic<UInt64>(0)
    let connectTime = Atomic<UInt64>(0)
    let sessionTime = Atomic<UInt64>(0)
    /// Fills two cache lines of 64 bytes.
    private let padding: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// How many connections an average looks back on.
    static let window = 1024

    /// Adds what was counted to a sum.
    borrowing func add(to sum: inout CounterTotals) {
        sum.bytesIn += bytesIn.load(ordering: .relaxed)
        sum.bytesOut += bytesOut.load(ordering: .relaxed)
        sum.connectionErrors += Int(connectionErrors.load(ordering: .relaxed))
        sum.retries += Int(retries.load(ordering: .relaxed))
        sum.redispatches += Int(redispatches.load(ordering: .relaxed))
        sum.clientAborts += Int(clientAborts.load(ordering: .relaxed))
        sum.serverAborts += Int(serverAborts.load(ordering: .relaxed))
        sum.refusals += Int(refusals.load(ordering: .relaxed))
    }

    /// Counts how long a connection took, in milliseconds; for the one thread that writes.
    borrowing func noteTimes(queue: Int, connect: Int, session: Int) {
        timedCount.increase()
        let count = min(Int(timedCount.load(ordering: .relaxed)), Tally.window)
        Tally.note(queue, in: queueTime, count)
        Tally.note(connect, in: connectTime, count)
        Tally.note(session, in: sessionTime, count)
    }

    /// Milliseconds on average, rounded.
    static func average(_ sum: borrowing Atomic<UInt64>) -> Int {
        Int((sum.load(ordering: .relaxed) + 1 << 19) >> 20)
    }

    /// Moves an average, kept in millionths of a millisecond, by a part of the difference: the mean of the first
    /// connections, and from the 1,024th on one that forgets older ones.
    private static func note(_ time: Int, in sum: borrowing Atomic<UInt64>, _ count: Int) {
        let average = Int(sum.load(ordering: .relaxed))
        sum.store(UInt64(max(0, average + (time << 20 - average) / count)), ordering: .relaxed)
    }
}

extension Atomic where Value == UInt64 {
    /// Adds, for the one thread that writes.
    @inline(__always)
    borrowing func increase(by amount: Int = 1) {
        store(load(ordering: .relaxed) &+ UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }
}

/// The tallies of one reactor: those of the frontends, then of the pools, then of the servers.
@safe final class TallyBoard: @unchecked Sendable {
    // SAFETY: the pointer never changes, and what it leads to is atomic.
    let base: UnsafeMutablePointer<Tally>
    private let count: Int

    init(count: Int) {
        // Rounded up to two lines on both sides: reactors must not share one.
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: (count + 1) * MemoryLayout<Tally>.stride, alignment: 128)
        unsafe base = memory.bindMemory(to: Tally.self, capacity: count)
        self.count = count
        for index in 0..<count { unsafe (base + index).initialize(to: Tally()) }
    }

    /// Adds one counter of this reactor to a sum.
    func read(_ index: Int, into body: (borrowing Tally) -> Void) {
        precondition(index >= 0 && index < count, "no such tally")
        unsafe body(base[index])
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe UnsafeMutableRawPointer(base).deallocate()
    }
}
