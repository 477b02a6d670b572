/// A client that waits for a server with room, and where it is to be found.
struct Waiter: Hashable {
    /// The reactor that the connection belongs to.
    let reactor: Int
    /// The connection's place in that reactor's slab.
    let connection: Int
    /// Tells the connection from a later one in the same place.
    let generation: UInt32
    /// Its place in the order of arrival over all lines of the pool.
    var sequence: UInt64 = 0
}

/// Clients in the order of their arrival; each can leave from the middle.
///
/// A ring whose entries are named by tickets that count up: leaving is O(1), and clears the entry.
struct WaitingLine {
    /// How many wait.
    private(set) var count = 0
    private var entries: [Waiter?] = []
    private var head = 0
    private var used = 0
    private var firstTicket: UInt32 = 0

    /// The one who waits longest.
    var first: Waiter? { used == 0 ? nil : entries[head] }

    /// Adds at the end.
    ///
    /// - Returns: The ticket to leave by.
    mutating func append(_ waiter: Waiter) -> UInt32 {
        if used == entries.count { grow() }
        entries[(head + used) % entries.count] = waiter
        used += 1
        count += 1
        return firstTicket &+ UInt32(truncatingIfNeeded: used - 1)
    }

    /// Takes out the one who waits longest.
    mutating func popFirst() -> Waiter? {
        guard let waiter = first else { return nil }
        entries[head] = nil
        count -= 1
        trim()
        return waiter
    }

    /// Takes out whoever holds a ticket; one that was served already is ignored.
    ///
    /// - Returns: Whether somebody left.
    @discardableResult
    mutating func remove(ticket: UInt32) -> Bool {
        let offset = Int(ticket &- firstTicket)
        guard offset < used else { return false }
        let index = (head + offset) % entries.count
        guard entries[index] != nil else { return false }
        entries[index] = nil
        count -= 1
        trim()
        return true
    }

    /// Drops the cleared entries at the head, so that the first one is somebody who waits.
    private mutating func trim() {
        while used > 0, entries[head] == nil {
            head = (head + 1) % entries.count
            used -= 1
            firstTicket &+= 1
        }
    }

    private mutating func grow() {
        var larger: [Waiter?] = []
        larger.reserveCapacity(max(16, entries.count * 2))
        for offset in 0..<used { larger.append(entries[(head + offset) % entries.count]) }
        while larger.count < max(16, entries.count * 2) { larger.append(nil) }
        entries = larger
        head = 0
    }
}
