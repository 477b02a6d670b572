internal import Synchronization

/// Records on their way from one reactor to the thread that writes the log.
///
/// One thread writes and one reads. Whoever writes never waits: what finds the ring full is
/// counted and lost.
@safe final class RecordRing: @unchecked Sendable {
    // SAFETY: the writer touches only places from `written` on, the reader only those before it and
    // from `taken` on; each publishes its index after it is done with a place.
    private let places: UnsafeMutablePointer<ConnectionRecord>
    /// For each place what its client said by TLS; made when the first one is to be kept.
    private var names: UnsafeMutablePointer<ClientNames>?
    /// For each place what was kept of the connection; likewise.
    private var texts: UnsafeMutablePointer<KeptTexts>?
    private let written = Atomic<Int>(0)
    private let taken = Atomic<Int>(0)
    private let lost = Atomic<Int>(0)

    init() {
        unsafe places = .allocate(capacity: ringSize)
        unsafe places.initialize(repeating: ConnectionRecord(), count: ringSize)
    }

    deinit {
        unsafe places.deallocate()
        unsafe names?.deallocate()
        unsafe texts?.deallocate()
    }

    /// Records that found the ring full.
    var lostCount: Int { lost.load(ordering: .relaxed) }

    /// Whether nothing waits.
    var isEmpty: Bool {
        taken.load(ordering: .relaxed) == written.load(ordering: .sequentiallyConsistent)
    }

    /// Adds a record; the writer's.
    func append(_ record: ConnectionRecord, _ said: ClientNames?, _ kept: KeptTexts? = nil) {
        let end = written.load(ordering: .relaxed)
        guard end - taken.load(ordering: .acquiring) < ringSize else {
            lost.store(lost.load(ordering: .relaxed) + 1, ordering: .relaxed)
            return
        }
        unsafe places[end % ringSize] = record
        if let said {
            let names = unsafe names ?? .allocate(capacity: ringSize)
            unsafe self.names = names
            unsafe (names + end % ringSize).initialize(to: said)
            unsafe places[end % ringSize].hasNames = true
        }
        if let kept {
            let texts = unsafe texts ?? .allocate(capacity: ringSize)
            unsafe self.texts = texts
            unsafe (texts + end % ringSize).initialize(to: kept)
            unsafe places[end % ringSize].hasTexts = true
        }
        written.store(end + 1, ordering: .sequentiallyConsistent)
    }

    /// Takes the record that waits longest; the reader's.
    ///
    /// - Parameter body: Called with it and with what stands beside it.
    /// - Returns: Whether there was one.
    func take(_ body: (ConnectionRecord, LineTexts) -> Void) -> Bool {
        let start = taken.load(ordering: .relaxed)
        guard start < written.load(ordering: .acquiring) else { return false }
        let record = unsafe places[start % ringSize]
        var beside = LineTexts.none
        if record.hasNames, let names = unsafe names {
            unsafe beside.names = names[start % ringSize]
        }
        if record.hasTexts, let texts = unsafe texts {
            unsafe beside.kept = texts[start % ringSize]
        }
        body(record, beside)
        taken.store(start + 1, ordering: .releasing)
        return true
    }
}

private let ringSize = 4096
