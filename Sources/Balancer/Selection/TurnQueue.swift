/// Whose turn it is among servers of different weights (`roundrobin`), in O(log n) steps.
///
/// haproxy's arithmetic: a server's next turn is as many turns after its last one as the weights of
/// all are to its own, the remainder carried on. Those that had no turn yet come in by descending
/// weight, wherever nobody else is due. Weights 5, 1, 1: `aaabaac`.
struct TurnQueue {
    /// What the queue keeps of a server.
    private struct Turns {
        var share: UInt64 = 0
        var remainder: UInt64 = 0
        var isNewcomer = false
    }

    private var heap = ServerHeap()
    private var turns: [Turns] = []
    /// Servers that had no turn since the queue was made, and where they begin.
    private var newcomers: [Int32] = []
    private var nextNewcomer = 0
    private var total: UInt64 = 0
    private var position: UInt64 = 1

    init() {}

    /// Makes a queue of servers that had no turn yet.
    ///
    /// - Parameters:
    ///   - candidates: Their positions.
    ///   - servers: All servers of the pool.
    init(_ candidates: [Int], of servers: [PooledServer]) {
        heap = ServerHeap(count: servers.count)
        turns = Array(repeating: Turns(), count: servers.count)
        for index in candidates {
            turns[index] = Turns(share: UInt64(servers[index].share), isNewcomer: true)
            total += turns[index].share
        }
        // Servers of equal weight keep their order: the sort is stable.
        newcomers = candidates.map(Int32.init)
        newcomers.sort { turns[Int($0)].share > turns[Int($1)].share }
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
        position = max(position, heap.contains(server) ? heap.key(of: server).first : position)
        let share = turns[server].share
        let sum = turns[server].remainder + total % share
        turns[server].remainder = sum % share
        let start = heap.contains(server) ? heap.key(of: server).first : position
        schedule(server, at: start + total / share + sum / share)
        position += 1
        return server
    }

    /// Takes note of whether a server has room.
    mutating func setOpen(_ isOpen: Bool, _ server: Int) {
        guard isOpen else { return heap.remove(server) }
        guard !heap.contains(server), turns[server].share > 0, !turns[server].isNewcomer
        else { return }
        // Turns that it missed are not made good: that would be a burst.
        schedule(server, at: max(position, heap.key(of: server).first))
    }

    private mutating func due(skipping skipped: Int?) -> Int? {
        let early = heap.least(skipping: skipped)
        let isDue = early.map { heap.key(of: $0).first <= position } ?? false
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
        nextNewcomer += 1
        return server
    }

    /// One that came full to its first turn waits in line like the others until it has room.
    private mutating func dropFullNewcomers(_ servers: [PooledServer]) {
        while nextNewcomer < newcomers.count, servers[Int(newcomers[nextNewcomer])].isFull {
            _ = takeNewcomer()
        }
    }

    /// The earliest turn first; of equal ones, the server that is owed most for its weight.
    private mutating func schedule(_ server: Int, at turn: UInt64) {
        let owed = UInt64(PooledServer.greatestShare) + turns[server].remainder
        heap.set(server, to: .init(first: turn, second: owed - turns[server].share))
    }
}
