internal import Synchronization

extension SharedState {
    /// Reads all counters; each is right by itself, and reactors go on counting meanwhile.
    func snapshot(at now: UInt64) -> BalancerSnapshot {
        var result = BalancerSnapshot()
        let (process, frontends, listeners, isAccepting) = admission.withLock {
            ($0.process, $0.frontends, $0.listeners, $0.isOpen)
        }
        let former = former.withLock { $0 }
        let ofProcess = former.process + process.vector
        result.currentSessions = process.count
        result.peakSessions = ofProcess[.sessions]
        result.totalSessions = ofProcess.totals.sessions
        result.connectionLimit = process.limit
        result.lostRecords = records?.lostCount ?? 0
        result.frontends = frontends.indices.map { index in
            let vector =
                former.frontends[index] + self.vector(ofFrontend: index, frontends[index])
            var frontend = FrontendSnapshot(vector)
            frontend.name = plan.frontends[index].name
            frontend.describe(frontends[index], at: now)
            frontend.isAccepting = isAccepting
            frontend.listeners = layout.listeners[index].enumerated().map { number, place in
                var listener = ListenerSnapshot(name: listenerName(number, of: index))
                listener.counters.describe(listeners[place], at: now)
                listener.counters.take(
                    former.places[place] + complete(listeners[place].vector, at: place), at: now)
                return listener
            }
            return frontend
        }
        result.pools = pools.indices.map { poolSnapshot($0, former, at: now) }
        result.tableCounts = tables.map { $0.count(now: now) }
        return result
    }

    /// Reads the counters of one pool.
    func snapshot(ofPool index: Int, at now: UInt64) -> PoolSnapshot {
        poolSnapshot(index, former.withLock { $0 }, at: now)
    }

    private func poolSnapshot(
        _ index: Int, _ former: FormerCounters, at now: UInt64
    ) -> PoolSnapshot {
        var result = PoolSnapshot()
        var servers: [CounterVector] = []
        var own = CounterVector()
        // Read under the lock, not copied out of it: a copy would have to be made anew by the next
        // connection.
        pools[index].state.withLock { state in
            result.counters.describe(state, at: now)
            result.usableServers = state.usableCount
            result.weight = state.candidates.reduce(0) { $0 + state.servers[$1].weight }
            result.servers = state.servers.map { ServerSnapshot($0, at: now) }
            for server in state.servers where server.isUsable {
                if server.isBackup { result.backupServers += 1 } else { result.activeServers += 1 }
            }
            own = state.vector
            servers = state.servers.map(\.vector)
        }
        result.name = plan.pools[index].name
        result.counters.queueLimit = plan.pools[index].queueLimit
        let place = layout.pool(index)
        let vector = former.places[place] + complete(own, at: place, histogramsOf: index)
        result.counters.take(vector, at: now)
        vector.tellHistograms(&result)
        for (number, server) in plan.pools[index].servers.enumerated() {
            let place = layout.server(layout.firstServers[index] + number)
            let vector = former.places[place] + complete(servers[number], at: place)
            result.servers[number].name = server.name
            result.servers[number].counters.queueLimit = server.queueLimit
            result.servers[number].counters.take(vector, at: now)
            // A pool's connections are counted when they come in, not when they get a server.
            var share = vector.totals
            share.sessions = 0
            result.counters.totals += share
        }
        return result
    }
}

// MARK: - Handing over

/// What balancers before this one have counted.
struct FormerCounters {
    var process = CounterVector()
    var frontends: [CounterVector]
    /// By places on the boards.
    var places: [CounterVector]

    init(_ plan: BalancerPlan, _ layout: TallyLayout) {
        frontends = plan.frontends.map { _ in CounterVector() }
        places = Array(repeating: CounterVector(), count: layout.count)
    }
}

extension SharedState {
    /// All that goes on in the next balancer, by name.
    func ledger() -> CounterLedger {
        var ledger = CounterLedger()
        let (process, gates, listeners) = admission.withLock {
            ($0.process, $0.frontends, $0.listeners)
        }
        let former = former.withLock { $0 }
        // What stays behind has the name of what took its place.
        func enter(_ name: String, _ vector: CounterVector) {
            if !vector.isEmpty { ledger.vectors[name, default: CounterVector()] += vector }
        }
        enter("process", former.process + process.vector)
        for (index, frontend) in plan.frontends.enumerated() {
            enter(
                "frontend \(frontend.name)",
                former.frontends[index] + vector(ofFrontend: index, gates[index]))
            for (number, place) in layout.listeners[index].enumerated() {
                enter(
                    "listener \(frontend.name)/\(listenerName(number, of: index))",
                    former.places[place] + complete(listeners[place].vector, at: place))
            }
        }
        for (index, pool) in plan.pools.enumerated() {
            let (own, servers) = pools[index].state.withLock {
                ($0.vector, $0.servers.map(\.vector))
            }
            let place = layout.pool(index)
            enter(
                "pool \(pool.name)",
                former.places[place] + complete(own, at: place, histogramsOf: index))
            for (number, server) in pool.servers.enumerated() {
                let place = layout.server(layout.firstServers[index] + number)
                enter(
                    "server \(pool.name)/\(server.name)",
                    former.places[place] + complete(servers[number], at: place))
            }
        }
        return ledger
    }

    /// Takes over what another balancer has counted, as far as the names are the same; what servers
    /// counted that are gone belongs to their pool.
    func add(_ ledger: CounterLedger) {
        former.withLock { former in
            var ledger = ledger
            let servers = Set(
                plan.pools.flatMap { pool in pool.servers.map { "server \(pool.name)/\($0.name)" } }
            )
            ledger.leave { !servers.contains($0) }
            func take(_ name: String, _ vector: inout CounterVector) {
                if let more = ledger.vectors.removeValue(forKey: name) { vector += more }
            }
            take("process", &former.process)
            for (index, frontend) in plan.frontends.enumerated() {
                take("frontend \(frontend.name)", &former.frontends[index])
                for (number, place) in layout.listeners[index].enumerated() {
                    take(
                        "listener \(frontend.name)/\(listenerName(number, of: index))",
                        &former.places[place])
                }
            }
            for (index, pool) in plan.pools.enumerated() {
                take("pool \(pool.name)", &former.places[layout.pool(index)])
                for (number, server) in pool.servers.enumerated() {
                    take(
                        "server \(pool.name)/\(server.name)",
                        &former.places[layout.server(layout.firstServers[index] + number)])
                }
            }
        }
    }

    /// What this balancer has counted at a frontend.
    private func vector(ofFrontend index: Int, _ gate: Admission.Gate) -> CounterVector {
        var vector = gate.frontendVector
        var totals = vector.totals
        for place in layout.listeners[index] {
            for board in boards { board.read(place) { $0.add(to: &totals) } }
        }
        vector.totals = totals
        vector.sums += refusals[index].sums
        return vector
    }

    /// haproxy's name of a listener without one.
    func listenerName(_ number: Int, of frontend: Int) -> String {
        plan.frontends[frontend].listeners[number].name ?? "sock-\(number + 1)"
    }

    /// Adds what the reactors have counted to what stands in a gate or a pool.
    func complete(
        _ vector: CounterVector, at place: Int, histogramsOf pool: Int? = nil
    ) -> CounterVector {
        var vector = vector
        var totals = vector.totals
        var times = (queue: 0, connect: 0, session: 0, count: 0)
        for board in boards {
            board.read(place) { tally in
                tally.add(to: &totals)
                let count = min(Int(tally.timedCount.load(ordering: .relaxed)), Tally.window)
                times.queue += Tally.average(tally.queueTime) * count
                times.connect += Tally.average(tally.connectTime) * count
                times.session += Tally.average(tally.sessionTime) * count
                times.count += count
            }
        }
        vector.totals = totals
        if times.count > 0 {
            var average = AverageTimes()
            average.queue = times.queue / times.count
            average.connect = times.connect / times.count
            average.session = times.session / times.count
            vector.times = (average, times.count)
        }
        guard let pool else { return vector }
        for span in HistogramBoard.Span.allCases {
            var histogram = TimeHistogram()
            for board in histograms { board.read(span, pool: pool, into: &histogram) }
            vector.sums += histogram.numbers.map { UInt64(truncatingIfNeeded: $0) }
        }
        return vector
    }
}

extension CounterVector {
    /// What was counted before and after; of the averages, those before fill up what is lacking to
    /// the connections that are looked back on.
    static func + (former: CounterVector, own: CounterVector) -> CounterVector {
        var sum = former
        sum += own
        let (older, newer) = (former.times, own.times)
        let missing = min(older.count, max(0, Tally.window - newer.count))
        let count = newer.count + missing
        guard missing > 0, newer.count > 0 else { return sum }
        func mean(_ path: KeyPath<AverageTimes, Int>) -> Int {
            (older.average[keyPath: path] * missing + newer.average[keyPath: path] * newer.count)
                / count
        }
        var average = AverageTimes()
        (average.queue, average.connect, average.session) = (
            mean(\.queue), mean(\.connect), mean(\.session)
        )
        sum.times = (average, count)
        return sum
    }

    fileprivate func tellHistograms(_ snapshot: inout PoolSnapshot) {
        func histogram(_ span: HistogramBoard.Span) -> TimeHistogram {
            var histogram = TimeHistogram()
            let start = CounterVector.furtherSums + span.rawValue * TimeHistogram.numberCount
            for place in 0..<TimeHistogram.numberCount {
                histogram.add(sum(start + place), atNumber: place)
            }
            return histogram
        }
        snapshot.queueTimes = histogram(.queue)
        snapshot.connectTimes = histogram(.connect)
        snapshot.sessionTimes = histogram(.session)
    }

    /// What of a server's numbers belongs to its pool: connections are counted when they come in, not
    /// when they get a server.
    var ofServer: CounterVector {
        var share = CounterVector()
        share.totals = totals
        share.totals.sessions = 0
        return share
    }

    fileprivate init(sessions: Int, peaks: [Int]) {
        self.init()
        sums = [UInt64(clamping: sessions)]
        self.peaks = peaks.map { UInt64(clamping: $0) }
    }
}

extension Admission.Gate {
    var vector: CounterVector { CounterVector(sessions: total, peaks: [peak, rate.peak]) }

    /// As haproxy: whom rules refuse is a connection, and no session.
    fileprivate var frontendVector: CounterVector {
        CounterVector(sessions: total, peaks: [peak, sessionRate.peak, 0, 0, rate.peak])
    }
}

extension PoolState {
    fileprivate var vector: CounterVector {
        CounterVector(
            sessions: total, peaks: [peak, rate.peak, peakQueue, Int(lastSessionAt ?? 0)])
    }
}

extension PooledServer {
    var vector: CounterVector {
        CounterVector(
            sessions: total, peaks: [peak, rate.peak, peakQueue, Int(lastChosenAt ?? 0)])
    }
}

// MARK: - Showing

extension FrontendSnapshot {
    fileprivate init(_ vector: CounterVector) {
        counters.take(vector, at: 0)
        for refusal in Refusal.allCases {
            let count = vector.sum(CounterVector.furtherSums + refusal.rawValue)
            if count > 0 { refusalsByCause[refusal] = count }
        }
        requestErrors = Refusal.broken.reduce(0) { $0 + refusalsByCause[$1, default: 0] }
        let hellos = CounterVector.furtherSums + Refusal.allCases.count
        unreadableHellos = vector.sum(hellos)
        lateHellos = vector.sum(hellos + 1)
        let withheld = vector.sum(hellos + 2) - vector.sum(hellos + 3)
        admittedSessions = max(0, counters.totalSessions - max(0, withheld))
        peakConnectionRate = vector[.connectionRate]
    }

    fileprivate mutating func describe(_ gate: Admission.Gate, at now: UInt64) {
        counters.describe(gate, at: now)
        connectionRate = counters.rate
        counters.rate = gate.sessionRate.rate(at: now)
    }
}

extension SessionCounters {
    fileprivate mutating func take(_ vector: CounterVector, at now: UInt64) {
        totals = vector.totals
        peakSessions = vector[.sessions]
        peakRate = vector[.rate]
        peakQueue = vector[.queue]
        let last = UInt64(vector[.lastSessionAt])
        secondsSinceLastSession = last == 0 ? nil : Int((now - min(last, now)) / 1000)
        times = vector.times.average
    }

    fileprivate mutating func describe(_ gate: Admission.Gate, at now: UInt64) {
        currentSessions = gate.count
        sessionLimit = gate.limit == .max ? nil : gate.limit
        rate = gate.rate.rate(at: now)
        rateLimit = gate.rateLimit == .max ? nil : gate.rateLimit
    }

    fileprivate mutating func describe(_ state: PoolState, at now: UInt64) {
        currentSessions = state.current
        rate = state.rate.rate(at: now)
        currentQueue = state.waitingCount
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
        counters.currentSessions = server.served
        counters.sessionLimit = server.limit == .max ? nil : server.limit
        counters.currentQueue = server.line.count
        counters.rate = server.rate.rate(at: now)
    }
}
