internal import Synchronization

extension SharedState {
    /// Reads all counters; each is right by itself, and reactors go on counting meanwhile.
    func snapshot(isAccepting: Bool, at now: UInt64) -> BalancerSnapshot {
        var result = BalancerSnapshot()
        let (process, frontends, listeners) = admission.withLock {
            ($0.process, $0.frontends, $0.listeners)
        }
        let former = former.withLock { $0 }
        result.currentSessions = process.count
        result.peakSessions = process.peak
        result.totalSessions = process.total + former.sessions
        result.connectionLimit = process.limit
        result.lostRecords = records?.lostCount ?? 0
        result.frontends = frontends.indices.map { index in
            var frontend = FrontendSnapshot()
            frontend.name = plan.frontends[index].name
            frontend.counters = counters(of: frontends[index], at: now)
            frontend.counters.totals += former.frontends[index]
            frontend.isAccepting = isAccepting
            for (number, place) in layout.listeners[index].enumerated() {
                var listener = ListenerSnapshot(name: listenerName(number, of: index))
                listener.counters = counters(of: listeners[place], at: now)
                listener.counters.totals += total(place)
                // Connections are counted where they come in, by one gate and by the other.
                var own = listener.counters.totals
                own.sessions = 0
                frontend.counters.totals += own
                listener.counters.totals += former.places[place]
                frontend.listeners.append(listener)
            }
            refusals[index].tell(&frontend, former.refusals[index])
            return frontend
        }
        result.pools = pools.indices.map { poolSnapshot($0, former.places, at: now) }
        return result
    }

    /// All that only grows, by name.
    func ledger() -> CounterLedger {
        let snapshot = snapshot(isAccepting: false, at: 0)
        let own = former.withLock { $0 }
        var ledger = CounterLedger()
        ledger.sessions = snapshot.totalSessions
        for frontend in snapshot.frontends {
            ledger.frontends.note(frontend.totals, of: frontend.name)
            for listener in frontend.listeners {
                ledger.listeners.note(listener.totals, of: "\(frontend.name)/\(listener.name)")
            }
            let refusals = frontend.refusalsByWord
            if !refusals.isEmpty { ledger.refusals[frontend.name] = refusals }
        }
        for (index, pool) in snapshot.pools.enumerated() {
            // Without what its servers counted, which is added to a pool when it is shown.
            var totals = total(layout.pool(index))
            totals.sessions = pools[index].state.withLock { $0.total }
            totals += own.places[layout.pool(index)]
            ledger.pools.note(totals, of: pool.name)
            for server in pool.servers {
                ledger.servers.note(server.totals, of: "\(pool.name)/\(server.name)")
            }
        }
        return ledger
    }

    /// Takes over what another balancer has counted, as far as the names are the same.
    func add(_ ledger: CounterLedger) {
        former.withLock { former in
            former.sessions += ledger.sessions
            for (index, frontend) in plan.frontends.enumerated() {
                former.frontends[index] += ledger.frontends[frontend.name] ?? CounterTotals()
                for (number, place) in layout.listeners[index].enumerated() {
                    let name = "\(frontend.name)/\(listenerName(number, of: index))"
                    former.places[place] += ledger.listeners[name] ?? CounterTotals()
                }
                former.refusals[index].merge(
                    ledger.refusals[frontend.name] ?? [:], uniquingKeysWith: +)
            }
            for (index, pool) in plan.pools.enumerated() {
                former.places[layout.pool(index)] += ledger.pools[pool.name] ?? CounterTotals()
                for (number, server) in pool.servers.enumerated() {
                    former.places[layout.server(layout.firstServers[index] + number)] +=
                        ledger.servers["\(pool.name)/\(server.name)"] ?? CounterTotals()
                }
            }
        }
    }

    /// haproxy's name of a listener without one.
    private func listenerName(_ number: Int, of frontend: Int) -> String {
        plan.frontends[frontend].listeners[number].name ?? "sock-\(number + 1)"
    }

    private func counters(of gate: Admission.Gate, at now: UInt64) -> SessionCounters {
        var counters = SessionCounters()
        counters.totals.sessions = gate.total
        counters.currentSessions = gate.count
        counters.peakSessions = gate.peak
        counters.sessionLimit = gate.limit == .max ? nil : gate.limit
        counters.rate = gate.rate.rate(at: now)
        counters.peakRate = gate.rate.peak
        counters.rateLimit = gate.rateLimit == .max ? nil : gate.rateLimit
        return counters
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

extension [String: CounterTotals] {
    /// Keeps totals that have counted anything.
    fileprivate mutating func note(_ totals: CounterTotals, of name: String) {
        if totals != CounterTotals() { self[name] = totals }
    }
}
