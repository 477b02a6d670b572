internal import Synchronization

extension SharedState {
    /// Reads all counters; each is right by itself, and reactors go on counting meanwhile.
    func snapshot(isAccepting: Bool, at now: UInt64) -> BalancerSnapshot {
        var result = BalancerSnapshot()
        let (process, gates) = admission.withLock { ($0.process, $0.frontends) }
        result.currentSessions = process.count
        result.peakSessions = process.peak
        result.totalSessions = process.total
        result.connectionLimit = process.limit
        result.frontends = gates.indices.map { index in
            frontendSnapshot(index, gates[index], isAccepting: isAccepting, at: now)
        }
        result.pools = pools.indices.map { poolSnapshot($0, at: now) }
        return result
    }

    private func frontendSnapshot(
        _ index: Int, _ gate: Admission.Gate, isAccepting: Bool, at now: UInt64
    ) -> FrontendSnapshot {
        let sum = total(index)
        var result = FrontendSnapshot()
        result.name = plan.frontends[index].name
        result.currentSessions = gate.count
        result.peakSessions = gate.peak
        result.sessionLimit = gate.limit
        result.totalSessions = gate.total
        result.bytesIn = sum.bytesIn
        result.bytesOut = sum.bytesOut
        result.rate = gate.rate.rate(at: now)
        result.peakRate = gate.rate.peak
        result.deniedRequests = sum.refusals
        result.isAccepting = isAccepting
        let refusals = refusals[index]
        for refusal in Refusal.allCases where refusals[refusal] > 0 {
            result.refusals[refusal] = refusals[refusal]
        }
        result.deniedRequests += refusals[.deniedContent]
        result.requestErrors = Refusal.broken.reduce(0) { $0 + refusals[$1] }
        result.unreadableHellos = refusals.unreadableHellos.load(ordering: .relaxed)
        result.lateHellos = refusals.lateHellos.load(ordering: .relaxed)
        return result
    }

    private func poolSnapshot(_ index: Int, at now: UInt64) -> PoolSnapshot {
        let state = pools[index].state.withLock { $0 }
        let own = total(layout.pool(index))
        var result = PoolSnapshot()
        result.name = plan.pools[index].name
        result.currentQueue = state.waitingCount
        result.peakQueue = state.peakQueue
        result.currentSessions = state.current
        result.peakSessions = state.peak
        result.totalSessions = state.total
        result.connectionErrors = own.connectionErrors
        result.clientAborts = own.clientAborts
        result.rate = state.rate.rate(at: now)
        result.peakRate = state.rate.peak
        result.secondsSinceLastSession = state.lastSessionAt.map { seconds(since: $0, now) }
        for server in state.servers where server.isUsable {
            if server.isBackup { result.backupServers += 1 } else { result.activeServers += 1 }
        }
        result.weight = state.candidates.reduce(0) { $0 + state.servers[$1].weight }
        result.servers = state.servers.indices.map { number in
            serverSnapshot(state.servers[number], pool: index, number, at: now)
        }
        for server in result.servers {
            result.bytesIn += server.bytesIn
            result.bytesOut += server.bytesOut
            result.connectionErrors += server.connectionErrors
            result.retries += server.retries
            result.redispatches += server.redispatches
            result.clientAborts += server.clientAborts
            result.serverAborts += server.serverAborts
        }
        return result
    }

    private func serverSnapshot(
        _ server: PooledServer, pool: Int, _ number: Int, at now: UInt64
    ) -> ServerSnapshot {
        let sum = total(layout.server(layout.firstServers[pool] + number))
        var result = ServerSnapshot()
        result.name = plan.pools[pool].servers[number].name
        result.status = server.status
        result.weight = server.weight
        result.isBackup = server.isBackup
        result.currentQueue = server.line.count
        result.peakQueue = server.peakQueue
        result.currentSessions = server.served
        result.peakSessions = server.peak
        result.sessionLimit = server.limit == .max ? nil : server.limit
        result.totalSessions = server.total
        result.bytesIn = sum.bytesIn
        result.bytesOut = sum.bytesOut
        result.connectionErrors = sum.connectionErrors
        result.retries = sum.retries
        result.redispatches = sum.redispatches
        result.clientAborts = sum.clientAborts
        result.serverAborts = sum.serverAborts
        result.rate = server.rate.rate(at: now)
        result.peakRate = server.rate.peak
        result.secondsSinceLastSession = server.lastChosenAt.map { seconds(since: $0, now) }
        return result
    }

    /// One tally of all reactors together.
    private func total(_ index: Int) -> Total {
        var sum = Total()
        for board in boards {
            board.read(index) { tally in
                sum.bytesIn += tally.bytesIn.load(ordering: .relaxed)
                sum.bytesOut += tally.bytesOut.load(ordering: .relaxed)
                sum.connectionErrors += Int(tally.connectionErrors.load(ordering: .relaxed))
                sum.retries += Int(tally.retries.load(ordering: .relaxed))
                sum.redispatches += Int(tally.redispatches.load(ordering: .relaxed))
                sum.clientAborts += Int(tally.clientAborts.load(ordering: .relaxed))
                sum.serverAborts += Int(tally.serverAborts.load(ordering: .relaxed))
                sum.refusals += Int(tally.refusals.load(ordering: .relaxed))
            }
        }
        return sum
    }

    private struct Total {
        var bytesIn: UInt64 = 0
        var bytesOut: UInt64 = 0
        var connectionErrors = 0
        var retries = 0
        var redispatches = 0
        var clientAborts = 0
        var serverAborts = 0
        var refusals = 0
    }

    private func seconds(since then: UInt64, _ now: UInt64) -> Int {
        Int((now - min(then, now)) / 1000)
    }
}
