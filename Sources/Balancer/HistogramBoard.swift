internal import Synchronization

/// One reactor's histograms: for each pool, how long connections waited, connected and lasted.
@safe final class HistogramBoard: @unchecked Sendable {
    // SAFETY: the pointer never changes, and what it leads to is atomic.
    private let base: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    /// What is measured.
    enum Span: Int, CaseIterable { case queue, connect, session }

    init(poolCount: Int) {
        count = poolCount * Span.allCases.count * TimeHistogram.numberCount
        unsafe base = .allocate(capacity: max(1, count))
        for index in 0..<count { unsafe (base + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }

    /// Counts a time; for the one thread that writes.
    func note(_ milliseconds: Int, _ span: Span, pool: Int) {
        let start = start(of: span, pool: pool)
        precondition(start < count, "no such pool")
        unsafe base[start + TimeHistogram.place(of: milliseconds)].increase()
        unsafe base[start + TimeHistogram.placeCount].increase(by: max(0, milliseconds))
    }

    /// Adds one histogram to a sum.
    func read(_ span: Span, pool: Int, into sum: inout TimeHistogram) {
        let start = start(of: span, pool: pool)
        precondition(start < count, "no such pool")
        for place in 0..<TimeHistogram.numberCount {
            let number = unsafe base[start + place].load(ordering: .relaxed)
            sum.add(Int(truncatingIfNeeded: number), atNumber: place)
        }
    }

    private func start(of span: Span, pool: Int) -> Int {
        (pool * Span.allCases.count + span.rawValue) * TimeHistogram.numberCount
    }
}
