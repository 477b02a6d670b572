internal import Reactor

/// The entries of a table in the order in which they last changed, with a mark for each peer: what
/// stands behind a peer's mark, the peer was not told yet.
///
/// A change costs the same however many entries and peers there are, and nothing as long as no peer
/// was told of the one before. What was learned from a peer, and what is new, stands in front.
@safe struct ChangeOrder: ~Copyable {
    private struct Link {
        /// Which change it was; 0: none of this node's.
        var change: UInt64 = 0
        var before: Int32 = -1
        var after: Int32 = -1
    }

    /// By the entries' places; those of the marks follow.
    private let links: UnsafeMutablePointer<Link>
    private let size: Int
    private let bell: PeerBell
    /// The places of entries that were there before, and are still to be taken in.
    private(set) var pending: Range<Int32>
    /// Whether a change is to ring.
    private var isArmed = false
    private var first: Int32 = -1
    private var last: Int32 = -1
    /// Whether each mark is in use.
    private var marks: UInt64 = 0
    /// Counts this node's changes.
    private(set) var lastChange: UInt64 = 0
    /// The last one that any peer was told.
    private var lastTold: UInt64 = 0

    /// The most peers that a table can have.
    static let mostMarks = 64

    /// - Parameters:
    ///   - size: How many entries there can be.
    ///   - former: How many places were ever taken; ``takeIn(_:)`` is for each of them, before the first mark.
    ///   - bell: What changes ring.
    init(size: Int, former: Int = 0, bell: PeerBell) {
        self.size = size
        self.bell = bell
        pending = 0..<Int32(former)
        // Pages that nothing was written to cost nothing.
        unsafe links = .allocate(capacity: size + ChangeOrder.mostMarks)
    }

    deinit { unsafe links.deallocate() }

    // MARK: Entries

    /// Takes in what is at the first of the ``pending`` places: an entry or none.
    ///
    /// What became of it until then was none of the changes.
    mutating func takeIn(_ isEntry: Bool) {
        let place = pending.lowerBound
        pending = place + 1..<pending.upperBound
        if isEntry { add(place) }
    }

    /// Takes a new entry in.
    mutating func add(_ place: Int32) {
        guard !pending.contains(place) else { return }
        unsafe (links + Int(place)).initialize(to: Link())
        insert(place, after: -1)
    }

    /// Lets go of an entry.
    mutating func remove(_ place: Int32) {
        if !pending.contains(place) { unlink(place) }
    }

    /// Takes note of a change of this node's.
    mutating func note(_ place: Int32) {
        guard !pending.contains(place) else { return }
        // Behind all marks it is told as it is by then.
        guard unsafe links[Int(place)].change <= lastTold else { return }
        lastChange += 1
        unsafe links[Int(place)].change = lastChange
        if place != last {
            unlink(place)
            insert(place, after: last)
        }
        guard isArmed else { return }
        isArmed = false
        bell.ring()
    }

    /// Has the next change ring.
    mutating func arm() { isArmed = true }

    // MARK: Marks

    /// Makes a mark before all entries; `nil`: there are too many.
    mutating func openMark() -> Int? {
        let mark = (~marks).trailingZeroBitCount
        guard mark < ChangeOrder.mostMarks else { return nil }
        marks |= 1 << UInt64(mark)
        add(node(mark))
        return mark
    }

    mutating func closeMark(_ mark: Int) {
        marks &= ~(1 << UInt64(mark))
        unlink(node(mark))
    }

    /// Puts a mark before all entries.
    mutating func moveToStart(_ mark: Int) {
        unlink(node(mark))
        insert(node(mark), after: -1)
    }

    /// Moves a mark back to before what changed later than some change.
    ///
    /// - Parameters:
    ///   - mark: The mark.
    ///   - change: The last change that stays before it.
    ///   - steps: The most entries to pass.
    /// - Returns: Whether it stands there.
    mutating func moveBack(_ mark: Int, to change: UInt64, steps: Int) -> Bool {
        let mark = node(mark)
        var place = unsafe links[Int(mark)].before
        var step = 0
        while place >= 0, unsafe isMark(place) || links[Int(place)].change > change {
            guard step < steps else { break }
            place = unsafe links[Int(place)].before
            step += 1
        }
        if step > 0 {
            unlink(mark)
            insert(mark, after: place)
        }
        return step < steps
    }

    /// Whether no entry stands behind a mark.
    func isAtEnd(_ mark: Int) -> Bool {
        var place = unsafe links[Int(node(mark))].after
        while place >= 0, isMark(place) { place = unsafe links[Int(place)].after }
        return place < 0
    }

    /// Moves a mark over the next entry.
    ///
    /// - Parameters:
    ///   - mark: The mark.
    ///   - end: The last change that is asked for.
    /// - Returns: The entry's place and its change; `nil`: there is none up to that change.
    mutating func advance(_ mark: Int, through end: UInt64) -> (place: Int32, change: UInt64)? {
        let mark = node(mark)
        var place = unsafe links[Int(mark)].after
        // Of all peers' marks, at most.
        while place >= 0, isMark(place) { place = unsafe links[Int(place)].after }
        guard place >= 0 else { return nil }
        let change = unsafe links[Int(place)].change
        guard change <= end else { return nil }
        unlink(mark)
        insert(mark, after: place)
        lastTold = max(lastTold, change)
        return (place, change)
    }

    private func node(_ mark: Int) -> Int32 { Int32(size + mark) }
    private func isMark(_ place: Int32) -> Bool { place >= Int32(size) }

    // MARK: Links

    /// Puts something behind something else; -1: in front.
    private mutating func insert(_ place: Int32, after other: Int32) {
        let next = other < 0 ? first : unsafe links[Int(other)].after
        unsafe links[Int(place)].before = other
        unsafe links[Int(place)].after = next
        if other >= 0 { unsafe links[Int(other)].after = place } else { first = place }
        if next >= 0 { unsafe links[Int(next)].before = place } else { last = place }
    }

    private mutating func unlink(_ place: Int32) {
        let link = unsafe links[Int(place)]
        if link.before >= 0 {
            unsafe links[Int(link.before)].after = link.after
        } else {
            first = link.after
        }
        if link.after >= 0 {
            unsafe links[Int(link.after)].before = link.before
        } else {
            last = link.before
        }
    }
}

/// Tells the thread that exchanges tables that there is something to tell.
final class PeerBell: Sendable {
    let waker: Waker

    init(_ waker: consuming Waker) { self.waker = waker }

    func ring() { waker.wake() }
}
