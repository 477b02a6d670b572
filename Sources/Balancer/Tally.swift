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
