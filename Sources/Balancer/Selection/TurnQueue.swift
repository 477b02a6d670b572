/// Whose turn it is among servers of different weights (`roundrobin`), in O(log n) steps.
///
/// haproxy's arithmetic: a server's next turn is as many turns after its last one as the weights of
/// all are to its own, the remainder carried on. Those that had no turn yet come in by descending
/// weight, wherever nobody else is due. Weights 5, 1, 1: `aaabaac`.
struct TurnQueue {
    /// What the queue keeps of a server.
    private struct Turns {
        /// 0: it is not in the queue.
        var share: UInt64 = 0
        var remainder: UInt64 = 0
        var last: UInt64 = 0
        var next: UInt64 = 0
        var isNewcomer = false
    }

    private var heap = ServerHeap()
    private var turns: [Turns] = []
    /// Servers that had no turn since the queue began, and where they begin.
    private var newcomers: [Int32] = []
    private var nextNewcomer = 0
    private var total: UInt64 = 0
    private var position: UInt64 = 1

    init() {}

    /// Takes servers in and out, and changes shares.
    ///
    /// Turns go on where they stood: otherwise a pool whose servers change as often as connections come
    /// would give all of them to the first.
    ///
    /// - Parameters:
    ///   - candidates: The positions of those that connections go to.
    ///   - servers: All servers of the pool.
    mutating func arrange(_ candidates: [Int], of servers: [PooledServer]) {
        if turns.isEmpty {
            turns = Array(repeating: Turns(), count: servers.count)
            heap = ServerHeap(count: servers.count)
        }
        let hasBegun = position > 1
        var shares = [UInt64](repeating: 0, count: turns.count)
        for index in candidates { shares[index] = UInt64(servers[index].share) }
        total = shares.reduce(0, +)
        for (index, share) in shares.enumerated() {
            guard share > 0 else {
                heap.remove(index)
                turns[index] = Turns()
                continue
            }
            if turns[index].share == 0 {
                turns[index] = Turns(last: position, next: .max, isNewcomer: !hasBegun)
            }
            if turns[index].share != share { turns[index].remainder = 0 }
            turns[index].share = share
            guard !turns[index].isNewcomer else { continue }
            // A turn comes no later than it would from the last one on: what a greater weight of
            // others has put off is not to be waited for. (haproxy has its servers wait.) One that
            // has just come in waits as long as if the turn before this one had been its own.
            let isNew = turns[index].next == .max
            let interval = isNew ? (total + share - 1) / share - 1 : total / share
            turns[index].next = min(
                turns[index].next, max(position, turns[index].last + interval))
            if !servers[index].isFull { stand(index) } else { heap.remove(index) }
        }
        // Servers of equal weight keep their order: the sort is stable.
        newcomers = candidates.filter { turns[$0].isNewcomer }.map(Int32.init)
        newcomers.sort { turns[Int($0)].share > turns[Int($1)].share }
        nextNewcomer = 0
    }

    /// Whose turn it is.
    ///
    /// - Parameters:
    ///   - servers: All servers of the pool.
    ///   - skipped: One not to take if there is another.
    /// - Returns: A server with room, whose next turn is set; `nil`: none has.
    mutating func next(among servers: [PooledServer], skipping skipped: Int?) -> Int? {
        dropFullNewcomers(servers)
        guard let server = due(skipping: skipped) else { return nil }
        let wasWaiting = heap.contains(server)
        if wasWaiting { position = max(position, turns[server].next) }
        let share = turns[server].share
        let sum = turns[server].remainder + total % share
        turns[server].remainder = sum % share
        turns[server].last = wasWaiting ? turns[server].next : position
        turns[server].next = turns[server].last + total / share + sum / share
        stand(server)
        position += 1
        return server
    }

    /// Takes note of whether a server has room.
    mutating func setOpen(_ isOpen: Bool, _ server: Int) {
        guard isOpen else { return heap.remove(server) }
        guard !heap.contains(server), turns[server].share > 0, !turns[server].isNewcomer
        else { return }
        // Turns that it missed are not made good: that would be a burst.
        turns[server].next = max(position, turns[server].next)
        stand(server)
    }

    private mutating func due(skipping skipped: Int?) -> Int? {
        let early = heap.least(skipping: skipped)
        let isDue = early.map { turns[$0].next <= position } ?? false
        guard !isDue, nextNewcomer < newcomers.count else { return early }
        if Int(newcomers[nextNewcomer]) == skipped {
            guard nextNewcomer + 1 < newcomers.count else { return early ?? takeNewcomer() }
            newcomers.swapAt(nextNewcomer, nextNewcomer + 1)
        }
        return takeNewcomer()
    }

    private mutating func takeNewcomer() -> Int {
        let server = Int(newcomers[nextNewcomer])
        turns[server].isNewcomer = false
        turns[server].next = position
        nextNewcomer += 1
        return server
    }

    /// One that came full to its first turn waits in line like the others until it has room.
    private mutating func dropFullNewcomers(_ servers: [PooledServer]) {
        while nextNewcomer < newcomers.count, servers[Int(newcomers[nextNewcomer])].isFull {
            _ = takeNewcomer()
        }
    }

    /// Puts a server where its next turn is: the earliest first; of equal ones, the server that is
    /// owed most for its weight.
    private mutating func stand(_ server: Int) {
        let owed = UInt64(PooledServer.greatestShare) + turns[server].remainder
        heap.set(server, to: .init(first: turns[server].next, second: owed - turns[server].share))
    }
}
