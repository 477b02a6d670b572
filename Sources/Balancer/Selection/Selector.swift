/// How a pool orders the servers that connections go to; a choice takes O(log n) steps.
struct Selector {
    private let algorithm: PoolPlan.Algorithm
    private let hashType: HashType
    /// Percent of the average that a server may hold (`hash-balance-factor`); 0: as many as come.
    private let balanceFactor: Int
    private let names: [String]
    /// The positions of the servers that connections go to, in their order.
    private(set) var candidates: [Int] = []
    private var turns = TurnQueue()
    /// Those with room, by load or by position.
    private var heap = ServerHeap()
    private var map: [UInt16] = []
    private var mapPosition = 0
    private var ring = HashRing()
    /// For each candidate, the sum of the shares up to it; and the sums before it, by server.
    private var sums: [Int] = []
    private var sumsBefore: [Int] = []
    private var openCount = 0
    private var chance = UInt64.random(in: 1 ... .max)

    init(_ plan: PoolPlan) {
        algorithm = plan.algorithm
        hashType = plan.hashType
        balanceFactor = plan.balanceFactor ?? 0
        names = plan.servers.map(\.name)
    }

    /// Whether a client's key alone decides which server it goes to.
    var isKeyed: Bool {
        switch algorithm {
        case .source, .hash, .maglev: true
        case .roundrobin, .staticRoundrobin, .leastconn, .first, .random: false
        }
    }

    /// Whether a key whose server failed can lead to another one.
    var canAvoid: Bool { !isKeyed || isOnRing }

    /// Whether a share that grows step by step is worth ordering the servers anew at each.
    var followsSlowStart: Bool {
        switch algorithm {
        case .roundrobin, .leastconn, .random: true
        case .source, .hash: hashType.isConsistent
        case .staticRoundrobin, .first, .maglev: false
        }
    }

    private var isOnRing: Bool {
        switch algorithm {
        case .source, .hash: hashType.isConsistent
        default: false
        }
    }

    /// Orders other candidates, or the same with other shares.
    mutating func order(_ candidates: [Int], of servers: [PooledServer]) {
        self.candidates = candidates
        openCount = candidates.reduce(0) { servers[$1].isFull ? $0 : $0 + 1 }
        let shares = servers.map(\.share)
        switch algorithm {
        case .roundrobin: turns = TurnQueue(candidates, of: servers)
        case .leastconn, .first:
            heap = ServerHeap(count: servers.count)
            for server in candidates { update(server, servers[server], wasFull: nil) }
        case .staticRoundrobin: map = TurnMap.round(of: candidates, shares: shares)
        case .maglev:
            map = MaglevTable.places(of: candidates, names: names, shares: shares)
        case .random: addUp(shares)
        case .source, .hash:
            guard hashType.isConsistent else {
                map = TurnMap.round(of: candidates, shares: shares)
                break
            }
            ring = HashRing(candidates, of: servers)
            addUp(shares)
        }
        mapPosition = 0
    }

    /// Chooses a server.
    ///
    /// - Parameters:
    ///   - servers: All servers of the pool.
    ///   - key: The client's, where the algorithm wants one.
    ///   - skipped: One not to take if there is another.
    ///   - served: Connections that the pool has.
    ///   - now: Milliseconds of the monotonic clock.
    /// - Returns: Its position; where a key decides, it may be full. `nil`: none has room.
    mutating func next(
        among servers: [PooledServer], key: UInt32, skipping skipped: Int?, served: Int,
        at now: UInt64
    ) -> Int? {
        switch algorithm {
        case .roundrobin: turns.next(among: servers, skipping: skipped)
        case .leastconn, .first: heap.least(skipping: skipped)
        case .staticRoundrobin: walk(servers, skipping: skipped)
        case .random(let draws): draw(draws, servers, skipping: skipped, at: now)
        case .maglev: map.isEmpty ? nil : Int(map[Int(key) % map.count])
        case .source, .hash:
            if isOnRing {
                ring.server(of: key) { server in
                    server != skipped && mayTake(servers[server], server, served: served)
                }
            } else {
                map.isEmpty ? nil : Int(map[Int(key) % map.count])
            }
        }
    }

    /// Takes note of a change of what a candidate holds.
    ///
    /// - Parameters:
    ///   - index: Its position.
    ///   - server: What it is now.
    ///   - wasFull: Whether it was full before; `nil`: it was not counted.
    mutating func update(_ index: Int, _ server: PooledServer, wasFull: Bool?) {
        if let wasFull, wasFull != server.isFull { openCount += wasFull ? 1 : -1 }
        switch algorithm {
        case .roundrobin:
            if wasFull != server.isFull { turns.setOpen(!server.isFull, index) }
        case .leastconn, .first:
            guard !server.isFull else { return heap.remove(index) }
            let isFirst = algorithm == .first
            heap.set(
                index,
                to: .init(
                    first: isFirst ? UInt64(index) : server.load,
                    second: isFirst ? 0 : server.lastTurn))
        case .staticRoundrobin, .random, .maglev, .source, .hash: break
        }
    }

    private mutating func walk(_ servers: [PooledServer], skipping skipped: Int?) -> Int? {
        guard openCount > 0 else { return nil }
        var refused: Int?
        for _ in map.indices {
            let server = Int(map[mapPosition])
            mapPosition = mapPosition + 1 == map.count ? 0 : mapPosition + 1
            guard !servers[server].isFull else { continue }
            guard server == skipped else { return server }
            refused = server
        }
        return refused
    }

    private mutating func addUp(_ shares: [Int]) {
        var sum = 0
        sumsBefore = Array(repeating: 0, count: shares.count)
        sums = candidates.map { server in
            sumsBefore[server] = sum
            sum += shares[server]
            return sum
        }
    }

    /// The least loaded of a few servers drawn by lot; `nil` where that one is full.
    private mutating func draw(
        _ draws: Int, _ servers: [PooledServer], skipping skipped: Int?, at now: UInt64
    ) -> Int? {
        guard let total = sums.last else { return nil }
        var best: Int?
        // A draw of the one to avoid does not count, unless luck has it again and again.
        var (left, tries) = (max(1, draws), max(1, draws) + 32)
        while left > 0, tries > 0 {
            tries -= 1
            let server = candidates[place(of: random(below: total))]
            guard server != skipped || tries == 0 else { continue }
            left -= 1
            guard let rival = best else {
                best = server
                continue
            }
            if isLess(servers[server], servers[rival], at: now) { best = server }
        }
        return best.flatMap { servers[$0].isFull ? nil : $0 }
    }

    private func isLess(_ left: PooledServer, _ right: PooledServer, at now: UInt64) -> Bool {
        let (first, second) = (left.served * right.share, right.served * left.share)
        return first == second
            ? left.rate.rate(at: now) < right.rate.rate(at: now) : first < second
    }

    /// The first candidate whose sum lies above a number.
    private func place(of number: Int) -> Int {
        var (low, high) = (0, sums.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] <= number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// xorshift: which of many servers is drawn need not be a secret.
    private mutating func random(below bound: Int) -> Int {
        chance ^= chance << 13
        chance ^= chance >> 7
        chance ^= chance << 17
        return Int(chance % UInt64(bound))
    }

    /// Whether a server on the circle is below its bound.
    ///
    /// haproxy's arithmetic: its share of the connections that there will be, times the factor.
    private func mayTake(_ server: PooledServer, _ index: Int, served: Int) -> Bool {
        guard balanceFactor > 0, let total = sums.last, total > 0 else { return true }
        let slots = ((served + 1) * balanceFactor + 99) / 100
        let (each, rest) = (slots / total, slots % total)
        let before = sumsBefore[index]
        let own =
            server.share * each + (before + server.share) * rest / total - before * rest / total
        return server.served < max(1, own)
    }
}
