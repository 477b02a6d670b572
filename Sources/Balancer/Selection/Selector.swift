/// How a pool orders the servers that connections go to; a choice takes O(log n) steps.
struct Selector {
    private let algorithm: PoolPlan.Algorithm
    private let hashType: HashType
    /// Percent of the average that a server may hold (`hash-balance-factor`); 0: as many as come.
    private let balanceFactor: Int
    private let affinity: PoolPlan.Affinity
    private let names: [String]
    /// The positions of the servers that connections go to, in their order.
    private(set) var candidates: [Int] = []
    /// The shares that they were ordered by.
    private var shares: [Int] = []
    private var turns = TurnQueue()
    private var round = TurnRound()
    private var lots = WeightedLots()
    /// Those with room, by load or by position.
    private var heap = ServerHeap()
    /// Whether ``heap`` stands in where a key's own server has no room.
    private let hasSpares: Bool
    private var map: [UInt16] = []
    private var ring = HashRing()
    /// The sum of the shares of all candidates, and of those before each, by server.
    private var sum = 0
    private var sumsBefore: [Int] = []
    private var chance = UInt64.random(in: 1 ... .max)

    init(_ plan: PoolPlan) {
        algorithm = plan.algorithm
        hashType = plan.hashType
        balanceFactor = plan.balanceFactor ?? 0
        affinity = plan.affinity
        names = plan.servers.map(\.name)
        hasSpares = plan.balanceFactor != nil || plan.servers.contains { $0.queueLimit != nil }
    }

    /// Whether a client's key alone decides which server it goes to.
    var isKeyed: Bool {
        switch algorithm {
        case .source, .hash, .maglev: true
        case .roundrobin, .staticRoundrobin, .leastconn, .first, .random: false
        }
    }

    /// Whether a key whose server failed can lead to another one; a map leads to the same again, as
    /// haproxy's does.
    var canAvoid: Bool { !isKeyed || isOnRing || algorithm == .maglev }

    /// Whether a share that grows step by step is worth ordering the servers anew at each.
    var followsSlowStart: Bool {
        switch algorithm {
        case .roundrobin, .leastconn, .random: true
        case .source, .hash: hashType.isConsistent
        case .staticRoundrobin, .first, .maglev: false
        }
    }

    /// Whether some clients have no key: those that have not said it, and those whose address is of a
    /// family that has no such network.
    private var mayLackKey: Bool {
        guard case .hash(let key) = algorithm else { return false }
        if case .network = key { return true }
        return key.needsContent
    }

    private var isOnRing: Bool {
        switch algorithm {
        case .source, .hash: hashType.isConsistent
        default: false
        }
    }

    /// Takes note of other candidates, or of the same with other shares.
    mutating func arrange(_ candidates: [Int], of servers: [PooledServer]) {
        let shares = servers.map(\.share)
        if candidates != self.candidates || shares != self.shares {
            self.candidates = candidates
            self.shares = shares
            order(servers)
        }
        for server in candidates { update(server, servers[server].standing, wasFull: nil) }
    }

    private mutating func order(_ servers: [PooledServer]) {
        heap = ServerHeap(count: servers.count)
        switch algorithm {
        case .roundrobin: turns.arrange(candidates, of: servers)
        case .staticRoundrobin: round.arrange(candidates, of: servers)
        case .leastconn, .first: break
        case .random: lots = WeightedLots(count: servers.count)
        case .maglev:
            map = MaglevTable.places(of: candidates, names: names, shares: shares)
        case .source, .hash:
            if mayLackKey { turns.arrange(candidates, of: servers) }
            guard hashType.isConsistent else {
                map = TurnMap.round(of: candidates, shares: shares)
                return
            }
            ring = HashRing(candidates, of: servers)
            addUp()
        }
    }

    /// Chooses a server.
    ///
    /// - Parameters:
    ///   - servers: All servers of the pool.
    ///   - key: The client's, where the algorithm wants one and the client has it.
    ///   - skipped: One not to take if there is another.
    ///   - served: Connections that the pool has.
    ///   - now: Milliseconds of the monotonic clock.
    /// - Returns: Its position; where a key decides, or the least load, it may be full. `nil`: none has
    ///   room.
    mutating func next(
        among servers: [PooledServer], key: UInt32?, skipping skipped: Int?, served: Int,
        at now: UInt64
    ) -> Int? {
        switch algorithm {
        case .roundrobin: return turns.next(among: servers, skipping: skipped)
        case .leastconn, .first: return heap.least(skipping: skipped)
        case .staticRoundrobin: return round.next(skipping: skipped)
        case .random(let draws): return draw(draws, servers, skipping: skipped, at: now)
        case .maglev: return MaglevTable.server(of: key ?? 0, in: map, skipping: skipped)
        case .source, .hash:
            guard let key else { return turns.next(among: servers, skipping: skipped) }
            guard isOnRing else { return map.isEmpty ? nil : Int(map[Int(key) % map.count]) }
            let found = ring.server(of: key) { server in
                server != skipped && servers[server].takes(affinity)
                    && mayTake(servers[server], server, served: served)
            }
            // Where all are full, each client waits for its own.
            return found ?? spare(skipping: skipped) ?? ring.server(of: key)
        }
    }

    /// A server with room for a client whose own has neither room nor a place in its line: the least
    /// loaded one.
    func spare(skipping skipped: Int? = nil) -> Int? {
        hasSpares ? heap.least(skipping: skipped) : nil
    }

    /// Takes note of a change of what a candidate holds.
    ///
    /// - Parameters:
    ///   - index: Its position.
    ///   - server: Where it stands now.
    ///   - wasFull: Whether it was full before; `nil`: that is not known.
    mutating func update(_ index: Int, _ server: PooledServer.Standing, wasFull: Bool?) {
        switch algorithm {
        case .roundrobin:
            if wasFull != server.isFull { turns.setOpen(!server.isFull, index) }
        case .staticRoundrobin:
            if wasFull != server.isFull { round.setOpen(!server.isFull, index) }
        case .random:
            if wasFull != server.isFull { lots.set(index, to: server.isFull ? 0 : server.share) }
        case .leastconn:
            // As haproxy, by which whoever has a place in a server's line counts as its connection.
            place(index, by: server.load, server.lastTurn, if: server.hasPlace)
        case .first: place(index, by: UInt64(server.number), 0, if: !server.isFull)
        case .maglev, .source, .hash:
            if mayLackKey, wasFull != server.isFull { turns.setOpen(!server.isFull, index) }
            if hasSpares { place(index, by: server.load, server.lastTurn, if: !server.isFull) }
        }
    }

    private mutating func place(
        _ index: Int, by first: UInt64, _ second: UInt64, if isOpen: Bool
    ) {
        guard isOpen else { return heap.remove(index) }
        heap.set(index, to: .init(first: first, second: second))
    }

    private mutating func addUp() {
        sum = 0
        sumsBefore = Array(repeating: 0, count: shares.count)
        for server in candidates {
            sumsBefore[server] = sum
            sum += shares[server]
        }
    }

    /// The least loaded of a few servers with room that are drawn by lot.
    ///
    /// Deviation: haproxy draws full servers too, and a client whose best lot is full waits although
    /// others have room.
    private mutating func draw(
        _ draws: Int, _ servers: [PooledServer], skipping skipped: Int?, at now: UInt64
    ) -> Int? {
        guard lots.total > 0 else { return nil }
        let others = lots.total - (skipped.map(lots.share) ?? 0)
        guard others > 0 else { return skipped }
        var best: Int?
        for _ in 0..<max(1, draws) {
            let lot = random(below: others)
            let server = skipped.map { lots.server(of: lot, skipping: $0) } ?? lots.server(of: lot)
            guard let rival = best else {
                best = server
                continue
            }
            if isLess(servers[server], servers[rival], at: now) { best = server }
        }
        return best
    }

    private func isLess(_ left: PooledServer, _ right: PooledServer, at now: UInt64) -> Bool {
        let (first, second) = (left.served * right.share, right.served * left.share)
        return first == second
            ? left.rate.rate(at: now) < right.rate.rate(at: now) : first < second
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
        guard balanceFactor > 0, sum > 0 else { return true }
        let slots = ((served + 1) * balanceFactor + 99) / 100
        let (each, rest) = (slots / sum, slots % sum)
        let before = sumsBefore[index]
        let own =
            server.share * each + (before + server.share) * rest / sum - before * rest / sum
        return server.served < max(1, own)
    }
}
