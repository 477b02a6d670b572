internal import LinuxIO

/// The part of a pool that all reactors share: turns, counts, limits and waiting lines.
///
/// Orders and limits hold exactly for any number of reactors, since each change is made under the
/// pool's lock. A slot that becomes free is given, in the same step, to whoever waits longest.
struct PoolState {
    /// What became of a connection that asks for a server.
    enum Choice: Equatable {
        /// A slot at this server is its own until it gives it back.
        case server(Int)
        /// Every server that it may go to is full: it waits, at one server or for any (`nil`).
        case waits(at: Int?, ticket: UInt32)
        /// No server is usable.
        case nobody
    }

    /// Tells a connection that waited what became of it.
    enum Notice: Equatable {
        /// The slot is its own.
        case serve(Waiter, server: Int)
        /// What it waited for is gone: it has to choose again.
        case chooseAgain(Waiter)
    }

    let algorithm: PoolPlan.Algorithm
    private(set) var servers: [PooledServer]
    private(set) var line = WaitingLine()
    private(set) var current = 0
    private(set) var peak = 0
    private(set) var total = 0
    private(set) var peakQueue = 0
    private(set) var rate = RateMeter()
    private(set) var lastSessionAt: UInt64?
    /// Positions of the servers that connections go to: those of the first line, or else one backup.
    private(set) var candidates: [Int] = []
    private var hashMap: [Int] = []
    private var turn: UInt64 = 0
    private var sequence: UInt64 = 0

    init(_ plan: PoolPlan) {
        algorithm = plan.algorithm
        servers = plan.servers.map(PooledServer.init)
        refresh()
    }

    /// How many servers can serve, backups included (`nbsrv`).
    var usableCount: Int { servers.reduce(0) { $0 + ($1.isUsable ? 1 : 0) } }

    /// How many wait, at one server or for any.
    var waitingCount: Int { servers.reduce(line.count) { $0 + $1.line.count } }
}

// MARK: - Connections

extension PoolState {
    /// Counts a connection in and chooses its server.
    mutating func enter(_ waiter: Waiter, client: UInt32, at now: UInt64) -> Choice {
        current += 1
        peak = max(peak, current)
        total += 1
        rate.note(1, at: now)
        lastSessionAt = now
        return choose(for: waiter, client: client, avoiding: nil, at: now)
    }

    /// Chooses a server for a connection that has none.
    ///
    /// - Parameters:
    ///   - waiter: Who asks; it is put into a line when every server is full.
    ///   - client: The client's address.
    ///   - avoided: A server not to take if there is another one.
    ///   - now: Milliseconds of the monotonic clock.
    /// - Returns: What became of it.
    mutating func choose(
        for waiter: Waiter, client: UInt32, avoiding avoided: Int?, at now: UInt64
    ) -> Choice {
        guard !candidates.isEmpty else { return .nobody }
        if algorithm == .source {
            return claim(hashMap[Int(client) % hashMap.count], for: waiter, isNew: true, at: now)
        }
        let skipped = candidates.count > 1 ? avoided : nil
        guard let server = pick(skipping: skipped) else {
            return .waits(at: nil, ticket: enqueue(waiter, at: nil))
        }
        take(server, isNew: true, at: now)
        return .server(server)
    }

    /// Asks again for a server whose connection attempt failed; any other if it is out by now.
    mutating func chooseAgain(
        _ server: Int, for waiter: Waiter, client: UInt32, at now: UInt64
    ) -> Choice {
        guard servers[server].isUsable else {
            return choose(for: waiter, client: client, avoiding: server, at: now)
        }
        return claim(server, for: waiter, isNew: false, at: now)
    }

    /// Whether an attempt that failed at a server can go to another one.
    func hasAlternative(to server: Int) -> Bool {
        algorithm != .source && candidates.contains { $0 != server }
    }

    /// Gives a slot back, and gives it to whoever waits longest.
    mutating func giveBack(_ server: Int, at now: UInt64) -> Notice? {
        servers[server].giveBack()
        return fillSlot(of: server, at: now)
    }

    /// Leaves a line before being served.
    ///
    /// - Returns: Whether it was still there; otherwise a notice is on its way to it.
    @discardableResult
    mutating func leaveLine(at server: Int?, ticket: UInt32) -> Bool {
        guard let server else { return line.remove(ticket: ticket) }
        return servers[server].line.remove(ticket: ticket)
    }

    /// Counts a connection out.
    mutating func leave() { current -= 1 }

    private mutating func claim(
        _ server: Int, for waiter: Waiter, isNew: Bool, at now: UInt64
    ) -> Choice {
        guard !servers[server].isFull else {
            return .waits(at: server, ticket: enqueue(waiter, at: server))
        }
        take(server, isNew: isNew, at: now)
        return .server(server)
    }

    private mutating func pick(skipping skipped: Int? = nil) -> Int? {
        var eligible = candidates
        if let skipped { eligible.removeAll { $0 == skipped } }
        switch algorithm {
        case .roundrobin, .source:
            return Selection.nextTurn(among: &servers, where: { !$0.isFull }, eligible)
        case .leastconn:
            return Selection.leastLoaded(among: servers, where: { !$0.isFull }, eligible)
        }
    }

    private mutating func take(_ server: Int, isNew: Bool, at now: UInt64) {
        turn += 1
        servers[server].lastTurn = turn
        servers[server].take(countingAsNew: isNew, at: now)
    }

    private mutating func enqueue(_ waiter: Waiter, at server: Int?) -> UInt32 {
        var waiter = waiter
        sequence += 1
        waiter.sequence = sequence
        let ticket: UInt32
        if let server {
            ticket = servers[server].line.append(waiter)
            servers[server].peakQueue = max(servers[server].peakQueue, servers[server].line.count)
        } else {
            ticket = line.append(waiter)
        }
        peakQueue = max(peakQueue, waitingCount)
        return ticket
    }

    /// Gives a free slot of a server to the one who waits longest, at it or for any.
    private mutating func fillSlot(of server: Int, at now: UInt64) -> Notice? {
        guard servers[server].served < servers[server].limit else { return nil }
        guard candidates.contains(server) else { return nil }
        let own = servers[server].line.first?.sequence ?? .max
        let shared = line.first?.sequence ?? .max
        let waiter =
            own < shared ? servers[server].line.popFirst() : line.popFirst()
        guard let waiter else { return nil }
        take(server, isNew: true, at: now)
        return .serve(waiter, server: server)
    }
}

// MARK: - Changes

extension PoolState {
    /// Takes note of a server's health.
    mutating func setHealth(_ isUp: Bool, of server: Int, at now: UInt64) -> [Notice] {
        guard servers[server].isUp != isUp else { return [] }
        servers[server].isUp = isUp
        return reconsider(at: now)
    }

    /// Takes note of what the operator wants of a server.
    mutating func setAdministrativeState(
        _ state: AdministrativeState, of server: Int, at now: UInt64
    ) -> [Notice] {
        guard servers[server].administrativeState != state else { return [] }
        servers[server].administrativeState = state
        return reconsider(at: now)
    }

    /// Changes a server's share, 0 to 256.
    mutating func setWeight(_ weight: Int, of server: Int, at now: UInt64) -> [Notice] {
        let weight = min(max(weight, 0), 256)
        guard servers[server].weight != weight else { return [] }
        servers[server].weight = weight
        return reconsider(at: now)
    }

    /// After a change of the candidates: whoever waits where nobody serves must choose again, and
    /// room that appeared goes to those who wait longest.
    private mutating func reconsider(at now: UInt64) -> [Notice] {
        refresh()
        var notices: [Notice] = []
        for server in servers.indices where !candidates.contains(server) {
            while let waiter = servers[server].line.popFirst() {
                notices.append(.chooseAgain(waiter))
            }
        }
        if candidates.isEmpty {
            while let waiter = line.popFirst() { notices.append(.chooseAgain(waiter)) }
        }
        while line.first != nil, let server = pick(), let waiter = line.popFirst() {
            take(server, isNew: true, at: now)
            notices.append(.serve(waiter, server: server))
        }
        return notices
    }

    private mutating func refresh() {
        candidates = servers.indices.filter { servers[$0].isUsable && !servers[$0].isBackup }
        if candidates.isEmpty {
            candidates = servers.indices.filter { servers[$0].isUsable }.prefix(1).map { $0 }
        }
        // What the turns owed belongs to the old weights: a debt of 256 would bar a server whose
        // weight became 1 for as many turns.
        for server in servers.indices { servers[server].score = 0 }
        hashMap = algorithm == .source ? Selection.map(of: servers, candidates) : []
    }
}
