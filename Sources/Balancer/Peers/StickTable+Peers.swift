internal import Synchronization

// What the thread that exchanges tables wants of them. Each call holds the lock for at most some
// microseconds, however many entries there are.

extension StickTable {
    /// Orders the entries by their changes from now on, the first of which rings when it is armed.
    func share(by bell: PeerBell) {
        while entries.withLock({ $0.orderChanges(bell, atOnce: StickTable.settledAtOnce) }) {}
    }

    /// Has the next change ring.
    func armChanges() { entries.withLock { $0.changes?.arm() } }

    /// This node's last change.
    var lastChange: UInt64 { entries.withLock { $0.changes?.lastChange ?? 0 } }

    /// Makes a peer's mark, before all entries; `nil`: there are too many.
    func openMark() -> Int? { entries.withLock { $0.changes?.openMark() } }

    func closeMark(_ mark: Int) { entries.withLock { $0.changes?.closeMark(mark) } }

    func moveToStart(_ mark: Int) { entries.withLock { $0.changes?.moveToStart(mark) } }

    /// Moves a mark some way back towards a change.
    ///
    /// - Returns: Whether it stands there.
    func moveBack(_ mark: Int, to change: UInt64) -> Bool {
        entries.withLock { $0.changes?.moveBack(mark, to: change, steps: 256) ?? true }
    }

    /// Some of what stands behind a mark, which moves over it.
    ///
    /// - Returns: The entries, none when there are none up to `end`, and the last one's change.
    func changes(
        behind mark: Int, through end: UInt64, now: UInt64
    ) -> (entries: [PeerEntry], last: UInt64) {
        var told: [PeerEntry] = []
        told.reserveCapacity(StickTable.toldAtOnce)
        var last: UInt64 = 0
        entries.withLock { entries in
            while told.count < StickTable.toldAtOnce,
                let next = entries.changes?.advance(mark, through: end)
            {
                last = next.change
                told.append(entries.entry(at: next.place, change: next.change, now: now))
            }
        }
        return (told, last)
    }

    /// Whether nothing stands behind a mark.
    func isAtEnd(_ mark: Int) -> Bool { entries.withLock { $0.changes?.isAtEnd(mark) ?? true } }

    /// Takes over what a peer has of a key.
    func learn(_ entry: PeerEntry, now: UInt64) {
        entry.withKey(of: keys) { key in
            _ = keys.withStored(key) { key in
                entries.withLock { $0.learn(entry, of: key, now: now) }
            }
        }
    }

    private static let toldAtOnce = 16
}
