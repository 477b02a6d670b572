internal import Synchronization

/// Records on their way from one reactor to the thread that writes the log.
///
/// One thread writes and one reads. Whoever writes never waits: what finds the ring full is
/// counted and lost.
@safe final class RecordRing: @unchecked Sendable {
    // SAFETY: the writer touches only places from `written` on, the reader only those before it and
    // from `taken` on; each publishes its index after it is done with a place.
    private let places: UnsafeMutablePointer<ConnectionRecord>
    private let written = Atomic<Int>(0)
    private let taken = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)

    init() {
        unsafe places = .allocate(capacity: ringSize)
        unsafe places.initialize(repeating: ConnectionRecord(), count: ringSize)
    }

    deinit { unsafe places.deallocate() }

    /// Records that found the ring full.
    var lostCount: Int { lost.load(ordering: .relaxed) }

    /// Whether nothing waits.
    var isEmpty: Bool {
        taken.load(ordering: .relaxed) == written.load(ordering: .sequentiallyConsistent)
    }

    /// Adds a record; the writer's.
    func append(_ record: ConnectionRecord) {
        let end = written.load(ordering: .relaxed)
        guard end - taken.load(ordering: .acquiring) < ringSize else {
            lost.store(lost.load(ordering: .relaxed) + 1, ordering: .relaxed)
            return
        }
        unsafe places[end % ringSize] = record
        written.store(end + 1, ordering: .sequentiallyConsistent)
    }

    /// Takes the record that waits longest; the reader's.
    func take() -> ConnectionRecord? {
        let start = taken.load(ordering: .relaxed)
        guard start < written.load(ordering: .acquiring) else { return nil }
        let record = unsafe places[start % ringSize]
        taken.store(start + 1, ordering: .releasing)
        return record
    }
}

private let ringSize = 4096
