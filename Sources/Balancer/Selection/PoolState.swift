internal import LinuxIO

/// The part of a pool that all reactors share: turns, counts, limits and waiting lines.
///
/// Orders and limits hold exactly for any number of reactors, since each change is made under the
/// pool's lock. A slot that becomes free is given, in the same step, to whoever waits longest.
struct PoolState {
    private(set) var selector: Selector
    private(set) var servers: [PooledServer]
    private(set) var line = WaitingLine()
    private(set) var current = 0
    private(set) var peak = 0
    private(set) var total = 0
    /// How many wait, at one server or for any.
    private(set) var waitingCount = 0
    private(set) var peakQueue = 0
    private(set) var rate = RateMeter()
    private(set) var lastSessionAt: UInt64?
    /// Connections that were led to the pool, whatever its rules say then, within a second, and how many of
    /// them its rules have not let in yet; where rules ask.
    private(set) var arrivals = RateMeter()
    private(set) var arriving = 0
    private let backupUse: BackupUse
    private let queueLimit: Int
    /// Connections from which on servers take as many as they may; 0: they always do.
    private let fullConnections: Int
    /// Whether it is there for the connections that it has, and no server of it comes back.
    private let isLeaving: Bool
    /// Whether clients wait while no server is usable.
    private let holdsWithoutServer: Bool
    /// Whether it is not known yet if a server is usable.
    private var isAwaited = false
    private var choiceCount: UInt64 = 0
    private var lastTurn = Turn.none
    /// How many servers connections go to now: as haproxy's `nbsrv`, of backups only those that serve.
    private(set) var usableCount = 0

    init(_ plan: PoolPlan) {
        selector = Selector(plan)
        servers = zip(plan.servers, plan.serverNumbers).map { PooledServer($0, number: $1) }
        backupUse = plan.backupUse
        queueLimit = plan.queueLimit ?? .max
        fullConnections = plan.followsCrowd ? max(1, plan.fullConnections ?? 1) : 0
        isLeaving = plan.isLeaving
        holdsWithoutServer = plan.noServerTimeout != nil && !isLeaving
        isAwaited = !isLeaving && servers.contains { !$0.isUp }
        refresh()
    }

    /// Goes on from what the pool was under another plan.
    ///
    /// - Parameters:
    ///   - former: What it was.
    ///   - places: For each server's former position, its position now.
    ///   - now: Milliseconds of the monotonic clock.
    /// - Returns: What waiting connections are to hear, by the positions of now.
    mutating func goOn(
        from former: PoolState, places: [Int?], at now: UInt64
    ) -> [Notice] {
        for (index, place) in places.enumerated() {
            if let place { servers[place].goOn(from: former.servers[index]) }
        }
        (line, waitingCount, peakQueue) = (former.line, former.waitingCount, former.peakQueue)
        (current, peak, total) = (former.current, former.peak, former.total)
        (rate, lastSessionAt) = (former.rate, former.lastSessionAt)
        (arrivals, arriving) = (former.arrivals, former.arriving)
        (choiceCount, lastTurn) = (former.choiceCount, former.lastTurn)
        isAwaited = !isLeaving && (isAwaited || former.isAwaited)
        return reconsider(at: now)
    }

    /// Positions of the servers that connections go to.
    var candidates: [Int] { selector.candidates }
}

// MARK: - Connections

extension PoolState {
    /// Counts a connection in and chooses its server: its own, if that can be reached.
    ///
    /// - Parameters:
    ///   - waiter: Who asks.
    ///   - key: The client's key, where the algorithm wants one and the client has it.
    ///   - own: The server that a rule names, or a table.
    ///   - isKept: Whether it goes there while that is down.
    ///   - now: Milliseconds of the monotonic clock.
    /// - Returns: What became of it, and whether that is its own server.
    mutating func enter(
        _ waiter: Waiter, key: UInt32?, own: Int?, isKept: Bool = false, at now: UInt64
    ) -> (choice: Choice, isBound: Bool) {
        countIn(at: now)
        // Out of the turns (weight 0, drained, a backup) it still serves who belongs to it, at once.
        if let own, servers[own].serves(isBound: true, isKept: isKept),
            servers[own].isCandidate || !servers[own].isFull
        {
            let choice = claim(own, for: waiter, at: now)
            return (choice, choice.server == own)
        }
        // Those who wait are first at room that came with this one.
        if fullConnections > 0, line.count > 0, !candidates.isEmpty {
            return (enqueue(waiter, at: nil), false)
        }
        return (choose(for: waiter, key: key, avoiding: nil, at: now), false)
    }

    /// Counts a connection that is led to the pool.
    mutating func noteArrival(at now: UInt64) {
        arrivals.note(1, at: now)
        arriving += 1
    }

    /// Counts it no more: it enters the pool, or does not.
    mutating func forgetArrival() { arriving -= 1 }

    private mutating func countIn(at now: UInt64) {
        current += 1
        peak = max(peak, current)
        total += 1
        rate.note(1, at: now)
        lastSessionAt = now
        followCrowd()
    }

    /// Chooses a server for a connection that has none.
    ///
    /// - Parameters:
    ///   - waiter: Who asks; it is put into a line when every server is full.
    ///   - key: The client's key, where the algorithm wants one and the client has it.
    ///   - avoided: A server not to take if there is another one.
    ///   - now: Milliseconds of the monotonic clock.
    /// - Returns: What became of it.
    mutating func choose(
        for waiter: Waiter, key: UInt32?, avoiding avoided: Int?, at now: UInt64
    ) -> Choice {
        guard !candidates.isEmpty else {
            guard holdsWithoutServer || isAwaited else { return .nobody }
            let choice = enqueue(waiter, at: nil)
            guard case .waits(let place) = choice else { return choice }
            return .isHeld(place)
        }
        let found = selector.next(
            among: servers, key: key, skipping: avoided, served: current - waitingCount - 1,
            at: now)
        guard let found else { return enqueue(waiter, at: nil) }
        return claim(found, for: waiter, at: now)
    }

    /// Counts a further attempt by who has a slot of a server.
    mutating func noteRetry(at server: Int, now: UInt64) { servers[server].noteAttempt(at: now) }

    /// Gives a slot back, and gives it to whoever waits longest.
    mutating func giveBack(_ server: Int, at now: UInt64) -> Notice? {
        change(server) { $0.giveBack() }
        return fillSlot(of: server, at: now)
    }

    /// Leaves a line before being served.
    ///
    /// - Returns: Whether it was still there; otherwise a notice is on its way to it.
    @discardableResult
    mutating func leaveLine(at server: Int?, ticket: UInt32, turn: Turn) -> Bool {
        var wasThere = false
        if let server {
            change(server) { wasThere = $0.line.remove(ticket: ticket, turn: turn) }
        } else {
            wasThere = line.remove(ticket: ticket, turn: turn)
        }
        if wasThere { waitingCount -= 1 }
        return wasThere
    }

    /// Counts a connection out.
    mutating func leave() {
        current -= 1
        followCrowd()
    }

    /// Gives a slot that came with the pool's connections to whoever waits longest; to be asked until
    /// there is none.
    mutating func fillGrown(at now: UInt64) -> Notice? {
        guard waitingCount > 0 else { return nil }
        for server in candidates {
            if let notice = fillSlot(of: server, at: now) { return notice }
        }
        return nil
    }

    /// Lets the limits of servers follow the pool's connections (`minconn`): a step for each server,
    /// in pools that have such ones alone.
    private mutating func followCrowd() {
        guard fullConnections > 0 else { return }
        let (crowd, whole) = (current, fullConnections)
        for server in servers.indices {
            change(server) { $0.follow(crowd: crowd, of: whole) }
        }
    }

    /// Takes a slot of a server, or a place in its line; where it has neither, those of any other.
    private mutating func claim(_ server: Int, for waiter: Waiter, at now: UInt64) -> Choice {
        var server = server
        if servers[server].isFull {
            guard servers[server].line.count >= servers[server].queueLimit else {
                return enqueue(waiter, at: server)
            }
            guard let spare = selector.spare() else { return enqueue(waiter, at: nil) }
            guard !servers[spare].isFull else { return enqueue(waiter, at: spare) }
            server = spare
        }
        take(server, at: now)
        return .server(server)
    }

    private mutating func take(_ server: Int, at now: UInt64) {
        choiceCount += 1
        let turn = choiceCount
        change(server) {
            $0.lastTurn = turn
            $0.take(at: now)
        }
    }

    private mutating func enqueue(_ waiter: Waiter, at server: Int?) -> Choice {
        guard waitingCount < queueLimit else { return .queueIsFull }
        var waiter = waiter
        if waiter.turn == .none {
            lastTurn = lastTurn.next
            waiter.turn = lastTurn
        }
        let ahead = server.map { servers[$0].line.count } ?? line.count
        var ticket: UInt32 = 0
        if let server {
            change(server) {
                ticket = $0.line.insert(waiter)
                $0.peakQueue = max($0.peakQueue, $0.line.count)
            }
        } else {
            ticket = line.insert(waiter)
        }
        waitingCount += 1
        peakQueue = max(peakQueue, waitingCount)
        return .waits(Place(server: server, ticket: ticket, turn: waiter.turn, ahead: ahead))
    }

    /// Gives a free slot of a server to the one who waits longest, at it or for any.
    private mutating func fillSlot(of server: Int, at now: UInt64) -> Notice? {
        guard waitingCount > 0, servers[server].isCandidate else { return nil }
        guard servers[server].served < servers[server].limit else { return nil }
        var waiter: Waiter?
        if let own = servers[server].line.first,
            line.first.map({ own.precedes($0) }) ?? true
        {
            change(server) { waiter = $0.line.popFirst() }
        } else {
            waiter = line.popFirst()
        }
        guard let waiter else { return nil }
        waitingCount -= 1
        take(server, at: now)
        return .serve(waiter, server: server)
    }

    /// Changes a server and its place in the order.
    private mutating func change(_ server: Int, _ body: (inout PooledServer) -> Void) {
        let wasFull = servers[server].isFull
        body(&servers[server])
        guard servers[server].isCandidate else { return }
        selector.update(server, servers[server].standing, wasFull: wasFull)
    }
}

// MARK: - Changes

extension PoolState {
    /// Takes note of a server's health.
    mutating func setHealth(
        _ isUp: Bool, of server: Int, warmsUp: Bool = true, at now: UInt64
    ) -> [Notice] {
        guard servers[server].isUp != isUp else { return [] }
        servers[server].isUp = isUp
        if isUp, warmsUp { servers[server].beginSlowStart(at: now) }
        return reconsider(at: now)
    }

    /// Takes note of what the operator wants of a server.
    mutating func setAdministrativeState(
        _ state: AdministrativeState, of server: Int, at now: UInt64
    ) -> [Notice] {
        let former = servers[server].administrativeState
        guard former != state else { return [] }
        servers[server].administrativeState = state
        if former == .maintenance, state == .ready { servers[server].beginSlowStart(at: now) }
        return reconsider(at: now)
    }

    /// Changes a server's share, 0 to 256.
    mutating func setWeight(_ weight: Int, of server: Int, at now: UInt64) -> [Notice] {
        let weight = min(max(weight, 0), 256)
        guard servers[server].weight != weight else { return [] }
        servers[server].weight = weight
        return reconsider(at: now)
    }

    /// Changes how many connections a server may have.
    mutating func setConnectionLimit(_ limit: Int?, of server: Int, at now: UInt64) -> [Notice] {
        let limit = max(limit ?? .max, 1)
        guard servers[server].fullLimit != limit else { return [] }
        servers[server].fullLimit = limit
        return reconsider(at: now)
    }

    /// Takes note of whether it is known if a server is usable.
    mutating func setAwaited(_ isAwaited: Bool, at now: UInt64) -> [Notice] {
        guard self.isAwaited != isAwaited else { return [] }
        self.isAwaited = isAwaited
        return isAwaited ? [] : reconsider(at: now)
    }

    /// Computes the shares and limits of this moment; room that appeared goes to those who wait.
    mutating func warm(at now: UInt64) -> [Notice] { reconsider(at: now) }

    /// After a change of the candidates: whoever waits where nobody serves must choose again, and
    /// room that appeared goes to those who wait longest.
    private mutating func reconsider(at now: UInt64) -> [Notice] {
        let growsShare = selector.followsSlowStart
        followCrowd()
        for server in servers.indices { servers[server].warm(at: now, growsShare: growsShare) }
        refresh()
        var notices: [Notice] = []
        for server in servers.indices where !servers[server].isCandidate {
            while let waiter = servers[server].line.popFirst() {
                waitingCount -= 1
                notices.append(.chooseAgain(waiter))
            }
        }
        if candidates.isEmpty, !holdsWithoutServer, !isAwaited {
            while let waiter = line.popFirst() {
                waitingCount -= 1
                notices.append(.chooseAgain(waiter))
            }
        }
        // One each in turn, as they would have been chosen.
        var isFilling = waitingCount > 0
        while isFilling {
            isFilling = false
            for server in candidates {
                guard let notice = fillSlot(of: server, at: now) else { continue }
                notices.append(notice)
                isFilling = true
            }
        }
        return notices
    }

    private mutating func refresh() {
        let usable = servers.indices.filter { servers[$0].isUsable }
        var candidates = usable.filter { !servers[$0].isBackup }
        let backups = usable.filter { servers[$0].isBackup }
        switch backupUse {
        case .first: if candidates.isEmpty { candidates = Array(backups.prefix(1)) }
        case .all: if candidates.isEmpty { candidates = backups }
        case .onePerFailure:
            let missing = servers.count { !$0.isBackup && !$0.isUsable }
            candidates += backups.prefix(missing)
        }
        for server in servers.indices { servers[server].isCandidate = false }
        for server in candidates { servers[server].isCandidate = true }
        usableCount = candidates.count
        selector.arrange(candidates, of: servers)
    }
}
