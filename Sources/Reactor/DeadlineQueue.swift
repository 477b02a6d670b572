public import LinuxIO

/// Deadlines in the order in which they fall due: a binary heap whose entries can be withdrawn.
///
/// Each entry keeps a slot that knows where in the heap it is, so that a router which sets its timer
/// anew with each advertisement does not search for the old one.
public struct DeadlineQueue<Payload> {
    /// Names one entry; never reused.
    public struct Entry: Hashable, Sendable {
        let slot: Int
        let number: UInt64
    }

    /// Numbers alone: what moves about in the heap is neither retained nor released.
    private struct Item {
        let due: MonotonicInstant
        let number: UInt64
        let slot: Int
    }

    private var heap: [Item] = []
    /// What each slot is to give back; a free one has nothing.
    private var payloads: [Payload?] = []
    /// Where in the heap the entry of each slot is; a free slot keeps its last position.
    private var positions: [Int] = []
    private var freeSlots: [Int] = []
    private var nextNumber: UInt64 = 0

    /// Makes an empty queue.
    public init() {}

    /// Adds a deadline.
    ///
    /// - Parameters:
    ///   - payload: What to give back when it is due.
    ///   - due: When.
    /// - Returns: The entry's name, to withdraw it by.
    /// - Complexity: O(log n).
    public mutating func insert(_ payload: Payload, at due: MonotonicInstant) -> Entry {
        let entry = Entry(slot: freeSlots.popLast() ?? positions.count, number: nextNumber)
        nextNumber += 1
        if entry.slot == positions.count {
            positions.append(heap.count)
            payloads.append(nil)
        }
        positions[entry.slot] = heap.count
        payloads[entry.slot] = payload
        heap.append(Item(due: due, number: entry.number, slot: entry.slot))
        siftUp(from: heap.count - 1)
        return entry
    }

    /// Withdraws a deadline; nothing happens if it has been given back already.
    ///
    /// - Parameter entry: The name that ``insert(_:at:)`` returned.
    /// - Complexity: O(log n).
    public mutating func remove(_ entry: Entry) {
        guard positions.indices.contains(entry.slot) else { return }
        let index = positions[entry.slot]
        guard index < heap.count, heap[index].number == entry.number else { return }
        removeItem(at: index)
    }

    /// The earliest deadline, or `nil` when there is none.
    public var earliest: MonotonicInstant? { heap.first?.due }

    /// Takes the earliest deadline out if it is due.
    ///
    /// - Parameter now: The present.
    /// - Returns: Its payload, or `nil` when nothing is due.
    /// - Complexity: O(log n).
    public mutating func popDue(at now: MonotonicInstant) -> Payload? {
        guard let first = heap.first, first.due <= now else { return nil }
        return removeItem(at: 0)
    }

    @discardableResult
    private mutating func removeItem(at index: Int) -> Payload? {
        exchange(index, heap.count - 1)
        let slot = heap.removeLast().slot
        let payload = payloads[slot].take()
        freeSlots.append(slot)
        if index < heap.count {
            siftUp(from: index)
            siftDown(from: index)
        }
        return payload
    }

    private mutating func siftUp(from start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { return }
            exchange(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(from start: Int) {
        var parent = start
        while true {
            var smallest = parent
            for child in (2 * parent + 1)...(2 * parent + 2)
            where child < heap.count && precedes(child, smallest) {
                smallest = child
            }
            guard smallest != parent else { return }
            exchange(parent, smallest)
            parent = smallest
        }
    }

    /// Equal deadlines fall due in the order in which they were set.
    private func precedes(_ one: Int, _ other: Int) -> Bool {
        (heap[one].due, heap[one].number) < (heap[other].due, heap[other].number)
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        positions[heap[one].slot] = one
        positions[heap[other].slot] = other
    }
}
