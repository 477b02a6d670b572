internal import Synchronization

/// One reactor's histograms: for each pool, how long connections waited, connected and lasted.
@safe final class HistogramBoard: @unchecked Sendable {
    // SAFETY: the pointer never changes, and what it leads to is atomic.
    private let base: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    /// What is measured.
    enum Span: Int, CaseIterable { case queue, connect, session }

    init(poolCount: Int) {
        count = poolCount * Span.allCases.count * TimeHistogram.placeCount
        unsafe base = .allocate(capacity: max(1, count))
        for index in 0..<count { unsafe (base + index).initialize(to: Atomic(0)) }
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }

    /// Counts a time; for the one thread that writes.
    func note(_ milliseconds: Int, _ span: Span, pool: Int) {
        let place = start(of: span, pool: pool) + TimeHistogram.place(of: milliseconds)
        precondition(place < count, "no such pool")
        unsafe base[place].increase()
    }

    /// Adds one histogram to a sum.
    func read(_ span: Span, pool: Int, into sum: inout TimeHistogram) {
        let start = start(of: span, pool: pool)
        precondition(start < count, "no such pool")
        for place in 0..<TimeHistogram.placeCount {
            sum.add(Int(unsafe base[start + place].load(ordering: .relaxed)), at: place)
        }
    }

    private func start(of span: Span, pool: Int) -> Int {
        (pool * Span.allCases.count + span.rawValue) * TimeHistogram.placeCount
    }
}
