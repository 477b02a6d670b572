/// Goes along a written round of turns (`static-rr`), past servers without room, in O(log n) steps.
///
/// The servers with room lie in a heap by where they stand next in the round, counted over all rounds.
struct TurnRound {
    /// The server of each place.
    private var map: [UInt16] = []
    /// The places of each server in their order: those of server `s` from `starts[s]` on.
    private var places: [UInt32] = []
    private var starts: [Int] = []
    private var heap = ServerHeap()
    private var position: UInt64 = 0

    init() {}

    /// Writes another round down, and goes on at the place where the last one stood.
    ///
    /// - Parameters:
    ///   - candidates: The servers' positions.
    ///   - servers: All servers of the pool.
    mutating func arrange(_ candidates: [Int], of servers: [PooledServer]) {
        let reached = map.isEmpty ? 0 : position % UInt64(map.count)
        map = TurnMap.round(of: candidates, shares: servers.map(\.share))
        position = reached < UInt64(map.count) ? reached : 0
        starts = Array(repeating: 0, count: servers.count + 1)
        for server in map { starts[Int(server) + 1] += 1 }
        for server in servers.indices { starts[server + 1] += starts[server] }
        places = Array(repeating: 0, count: map.count)
        var ends = starts
        for (place, server) in map.enumerated() {
            places[ends[Int(server)]] = UInt32(place)
            ends[Int(server)] += 1
        }
        heap = ServerHeap(count: servers.count)
        for server in candidates where !servers[server].isFull { setOpen(true, server) }
    }

    /// Whose turn it is.
    ///
    /// - Parameter skipped: One not to take if there is another.
    /// - Returns: A server with room; `nil`: none has.
    mutating func next(skipping skipped: Int?) -> Int? {
        // Places of a server that was skipped lie behind.
        while let server = heap.least, heap.key(of: server).first < position {
            setOpen(true, server)
        }
        guard let server = heap.least(skipping: skipped) else { return nil }
        position = heap.key(of: server).first + 1
        setOpen(true, server)
        return server
    }

    /// Takes note of whether a server has room.
    mutating func setOpen(_ isOpen: Bool, _ server: Int) {
        guard isOpen, starts[server] < starts[server + 1] else { return heap.remove(server) }
        heap.set(server, to: .init(first: nextPlace(of: server), second: 0))
    }

    /// Where a server stands next from the present position on.
    private func nextPlace(of server: Int) -> UInt64 {
        let (round, offset) = position.quotientAndRemainder(dividingBy: UInt64(map.count))
        var (low, high) = (starts[server], starts[server + 1])
        while low < high {
            let middle = (low + high) / 2
            if UInt64(places[middle]) < offset { low = middle + 1 } else { high = middle }
        }
        let count = UInt64(map.count)
        return low < starts[server + 1]
            ? round * count + UInt64(places[low])
            : (round + 1) * count + UInt64(places[starts[server]])
    }
}
