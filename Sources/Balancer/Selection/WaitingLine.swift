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
struct WaitingLine {
    private var waiters: [Waiter] = []
    /// Where each ticket stands in `order`; -1: nowhere.
    private var places: [Int32] = []
    private var order: [UInt32] = []
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
        places[Int(ticket)] = Int32(order.count)
        order.append(ticket)
        rise(order.count - 1)
        return ticket
    }

    /// Takes out the one whose turn is next.
    mutating func popFirst() -> Waiter? {
        guard let ticket = order.first else { return nil }
        takeOut(ticket)
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
        takeOut(ticket)
        return true
    }

    private mutating func takeOut(_ ticket: UInt32) {
        let place = Int(places[Int(ticket)])
        places[Int(ticket)] = -1
        freeTickets.append(ticket)
        let last = order.removeLast()
        guard last != ticket else { return }
        order[place] = last
        places[Int(last)] = Int32(place)
        rise(sink(place))
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        waiters[Int(order[left])].precedes(waiters[Int(order[right])])
    }

    private mutating func rise(_ start: Int) {
        var place = start
        while place > 0, precedes(place, (place - 1) / 2) {
            swap(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// - Returns: Where it came to rest.
    private mutating func sink(_ start: Int) -> Int {
        var place = start
        while true {
            var least = place
            for child in 2 * place + 1...2 * place + 2
            where child < order.count && precedes(child, least) { least = child }
            guard least != place else { return place }
            swap(place, least)
            place = least
        }
    }

    private mutating func swap(_ first: Int, _ second: Int) {
        order.swapAt(first, second)
        places[Int(order[first])] = Int32(first)
        places[Int(order[second])] = Int32(second)
    }
}
