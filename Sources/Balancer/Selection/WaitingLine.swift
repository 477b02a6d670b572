/// A client that waits for a server with room, and where it is to be found.
struct Waiter: Hashable {
    /// The reactor that the connection belongs to.
    let reactor: Int
    /// The connection's place in that reactor's slab.
    let connection: Int
    /// Tells the connection from a later one in the same place.
    let generation: UInt32
    /// Those of a lower class are served before it, whenever they came.
    var priority: Int16 = 0
    /// When it came, with what rules add to that: the low 32 bits of milliseconds; 0 where no rules do,
    /// and beside one of these its turn decides.
    var due: UInt32 = 0
    /// Its turn in the lines of the pool.
    var turn = Turn.none

    /// Whether it is served before another one.
    func precedes(_ other: Waiter) -> Bool {
        guard priority == other.priority else { return priority < other.priority }
        if due != 0, other.due != 0, due != other.due {
            return Int32(truncatingIfNeeded: due &- other.due) < 0
        }
        return turn.precedes(other.turn)
    }
}

/// A place in the order of arrival over all lines of a pool.
///
/// Given out when a client first has to wait, and kept by it if it has to wait again. Counts up in 32
/// bits and begins anew; of two clients that wait at the same time the order is clear.
struct Turn: Hashable {
    let number: UInt32

    /// That of a client who did not wait yet.
    static let none = Turn(number: 0)

    /// Whether it comes before another one.
    func precedes(_ other: Turn) -> Bool {
        Int32(truncatingIfNeeded: number &- other.number) < 0
    }

    /// The one after it.
    var next: Turn { Turn(number: number == .max ? 1 : number + 1) }
}

/// Clients by class, and in the order in which they are due; each can leave from the middle in O(log n) steps.
///
/// A heap whose entries are named by tickets. Tickets are given out again, so that whoever leaves says
/// whose turn it is too.
struct WaitingLine: PlacedHeap {
    private var waiters: [Waiter] = []
    var places: [Int32] = []
    var order: [UInt32] = []
    private var freeTickets: [UInt32] = []

    /// How many wait.
    var count: Int { order.count }

    /// The one whose turn is next.
    var first: Waiter? { order.first.map { waiters[Int($0)] } }

    /// Adds a client at the place that its class and its turn give it.
    ///
    /// - Returns: The ticket to leave by.
    mutating func insert(_ waiter: Waiter) -> UInt32 {
        let ticket = freeTickets.popLast() ?? UInt32(waiters.count)
        if Int(ticket) == waiters.count {
            waiters.append(waiter)
            places.append(-1)
        } else {
            waiters[Int(ticket)] = waiter
        }
        settle(ticket)
        return ticket
    }

    /// Takes out the one whose turn is next.
    mutating func popFirst() -> Waiter? {
        guard let ticket = order.first else { return nil }
        giveBack(ticket)
        return waiters[Int(ticket)]
    }

    /// Takes out whoever holds a ticket; one that was served already is ignored.
    ///
    /// - Returns: Whether somebody left.
    @discardableResult
    mutating func remove(ticket: UInt32, turn: Turn) -> Bool {
        guard Int(ticket) < waiters.count, places[Int(ticket)] >= 0,
            waiters[Int(ticket)].turn == turn
        else { return false }
        giveBack(ticket)
        return true
    }

    private mutating func giveBack(_ ticket: UInt32) {
        takeOut(ticket)
        freeTickets.append(ticket)
    }

    func precedes(_ left: UInt32, _ right: UInt32) -> Bool {
        waiters[Int(left)].precedes(waiters[Int(right)])
    }
}
