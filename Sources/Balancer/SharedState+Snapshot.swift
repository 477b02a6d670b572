internal import Synchronization

extension SharedState {
    /// Reads all counters; each is right by itself, and reactors go on counting meanwhile.
    func snapshot(isAccepting: Bool, at now: UInt64) -> BalancerSnapshot {
        var result = BalancerSnapshot()
        let (process, gates) = admission.withLock { ($0.process, $0.frontends) }
        let former = former.withLock { $0 }
        result.currentSessions = process.count
        result.peakSessions = process.peak
        result.totalSessions = process.total + former.sessions
        result.connectionLimit = process.limit
        result.lostRecords = records?.lostCount ?? 0
        result.frontends = gates.indices.map { index in
            var frontend = FrontendSnapshot()
            frontend.name = plan.frontends[index].name
            frontend.counters = counters(of: gates[index], index, at: now)
            frontend.counters.totals += former.totals[index]
            frontend.isAccepting = isAccepting
            refusals[index].tell(&frontend)
            return frontend
        }
        result.pools = pools.indices.map { poolSnapshot($0, former.totals, at: now) }
        return result
    }

    /// All that only grows, by name.
    func ledger() -> CounterLedger {
        let now: UInt64 = 0
        let snapshot = snapshot(isAccepting: false, at: now)
        let own = former.withLock { $0 }
        var ledger = CounterLedger()
        ledger.sessions = snapshot.totalSessions
        for frontend in snapshot.frontends where frontend.totals != CounterTotals() {
            ledger.frontends[frontend.name] = frontend.totals
        }
        for (index, pool) in snapshot.pools.enumerated() {
            // Without what its servers counted, which is added to a pool when it is shown.
            var totals = total(layout.pool(index))
            totals.sessions = pools[index].state.withLock { $0.total }
            totals += own.totals[layout.pool(index)]
            if totals != CounterTotals() { ledger.pools[pool.name] = totals }
            for server in pool.servers where server.totals != CounterTotals() {
                ledger.servers["\(pool.name)/\(server.name)"] = server.totals
            }
        }
        return ledger
    }

    /// Takes over what another balancer has counted, as far as the names are the same.
    func add(_ ledger: CounterLedger) {
        former.withLock { former in
            former.sessions += ledger.sessions
            for (index, frontend) in plan.frontends.enumerated() {
                if let totals = ledger.frontends[frontend.name] { former.totals[index] += totals }
            }
            for (index, pool) in plan.pools.enumerated() {
                if let totals = ledger.pools[pool.name] {
                    former.totals[layout.pool(index)] += totals
                }
                for (number, server) in pool.servers.enumerated() {
                    guard let totals = ledger.servers["\(pool.name)/\(server.name)"] else {
                        continue
                    }
                    former.totals[layout.server(layout.firstServers[index] + number)] += totals
                }
            }
        }
    }

    private func counters(
        of gate: Admission.Gate, _ index: Int, at now: UInt64
    ) -> SessionCounters {
        var counters = SessionCounters()
        counters.totals = total(index)
        counters.totals.sessions = gate.total
        counters.currentSessions = gate.count
        counters.peakSessions = gate.peak
        counters.sessionLimit = gate.limit
        counters.rate = gate.rate.rate(at: now)
        counters.peakRate = gate.rate.peak
        counters.rateLimit = gate.rateLimit == .max ? nil : gate.rateLimit
        return counters
    }

    /// Reads the counters of one pool.
    func snapshot(ofPool index: Int, at now: UInt64) -> PoolSnapshot {
        poolSnapshot(index, former.withLock { $0.totals }, at: now)
    }

    private func poolSnapshot(
        _ index: Int, _ former: [CounterTotals], at now: UInt64
    ) -> PoolSnapshot {
        var result = PoolSnapshot()
        result.name = plan.pools[index].name
        // Read under the lock, not copied out of it: a copy would have to be made anew by the next
        // connection.
        pools[index].state.withLock { state in
            result.counters = state.counters(at: now)
            result.weight = state.candidates.reduce(0) { $0 + state.servers[$1].weight }
            result.servers = state.servers.map { ServerSnapshot($0, at: now) }
            for server in state.servers where server.isUsable {
                if server.isBackup { result.backupServers += 1 } else { result.activeServers += 1 }
            }
        }
        result.counters.queueLimit = plan.pools[index].queueLimit
        result.counters.totals += total(layout.pool(index))
        result.counters.totals += former[layout.pool(index)]
        result.counters.times = times(layout.pool(index))
        for (number, server) in plan.pools[index].servers.enumerated() {
            let place = layout.server(layout.firstServers[index] + number)
            result.servers[number].name = server.name
            result.servers[number].counters.queueLimit = server.queueLimit
            result.servers[number].counters.totals += total(place)
            result.servers[number].counters.totals += former[place]
            result.servers[number].counters.times = times(place)
            // A pool's connections are counted when they come in, not when they get a server.
            var share = result.servers[number].counters.totals
            share.sessions = 0
            result.counters.totals += share
        }
        for board in histograms {
            board.read(.queue, pool: index, into: &result.queueTimes)
            board.read(.connect, pool: index, into: &result.connectTimes)
            board.read(.session, pool: index, into: &result.sessionTimes)
        }
        return result
    }

    /// One tally of all reactors together.
    private func total(_ index: Int) -> CounterTotals {
        var sum = CounterTotals()
        for board in boards { board.read(index) { $0.add(to: &sum) } }
        return sum
    }

    /// The average times of one tally, each reactor's weighing as much as it has counted.
    private func times(_ index: Int) -> AverageTimes {
        var sums = (queue: 0, connect: 0, session: 0, count: 0)
        for board in boards {
            board.read(index) { tally in
                let count = min(Int(tally.timedCount.load(ordering: .relaxed)), Tally.window)
                sums.queue += Tally.average(tally.queueTime) * count
                sums.connect += Tally.average(tally.connectTime) * count
                sums.session += Tally.average(tally.sessionTime) * count
                sums.count += count
            }
        }
        var times = AverageTimes()
        guard sums.count > 0 else { return times }
        times.queue = sums.queue / sums.count
        times.connect = sums.connect / sums.count
        times.session = sums.session / sums.count
        return times
    }
}

extension PoolState {
    fileprivate func counters(at now: UInt64) -> SessionCounters {
        var counters = SessionCounters()
        counters.totals.sessions = total
        counters.currentSessions = current
        counters.peakSessions = peak
        counters.rate = rate.rate(at: now)
        counters.peakRate = rate.peak
        counters.currentQueue = waitingCount
        counters.peakQueue = peakQueue
        counters.secondsSinceLastSession = lastSessionAt.map { seconds(since: $0, now) }
        return counters
    }
}

extension PoolState {
    func glance(at server: Int) -> ServerGlance {
        var (active, backup) = (0, 0)
        for server in servers where server.isUsable {
            if server.isBackup { backup += 1 } else { active += 1 }
        }
        return ServerGlance(
            status: servers[server].status, sessions: servers[server].served,
            queued: servers[server].line.count, poolQueued: waitingCount, activeServers: active,
            backupServers: backup)
    }
}

extension ServerSnapshot {
    fileprivate init(_ server: PooledServer, at now: UInt64) {
        status = server.status
        weight = server.weight
        isBackup = server.isBackup
        if server.slowStartedAt != nil, server.weight > 0 {
            warmth = server.share * 100 / (server.weight * 16)
        }
        counters.totals.sessions = server.total
        counters.currentSessions = server.served
        counters.peakSessions = server.peak
        counters.sessionLimit = server.limit == .max ? nil : server.limit
        counters.currentQueue = server.line.count
        counters.peakQueue = server.peakQueue
        counters.rate = server.rate.rate(at: now)
        counters.peakRate = server.rate.peak
        counters.secondsSinceLastSession = server.lastChosenAt.map { seconds(since: $0, now) }
    }
}

private func seconds(since then: UInt64, _ now: UInt64) -> Int {
    Int((now - min(then, now)) / 1000)
}
