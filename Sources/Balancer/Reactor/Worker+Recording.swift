internal import LinuxIO
internal import Synchronization

/// What is told of connections, and how long they took.
extension Worker {
    /// How many connections there were when one left.
    struct Crowd {
        var pool = 0
        var server = 0
        var process = 0
        var frontend = 0
    }

    /// Tells of a connection that was accepted, where that is when it is told of.
    func recordAccepted(_ client: Int) {
        guard let logging = self[routeOf: client].logging, logging.moment == .accepting else {
            return
        }
        var record = record(client)
        record.kind = .accepted
        record.local = destination(of: client)
        shared.records?.append(record, nil, nil, from: number)
    }

    /// Tells of a connection whose server answered, where that is when it is told of.
    func recordConnected(_ client: Int) {
        guard let logging = self[routeOf: client].logging, logging.moment == .connecting,
            !logging.omitsNormal
        else { return }
        var record = record(client)
        guard !record.isSilent else { return }
        record.kind = .connected
        let pool = self[routeOf: client].pool
        let server = record.server
        (record.poolConnections, record.serverConnections) = shared.pools[pool].state.withLock {
            state in
            (state.current, server.map { state.servers[$0].served } ?? 0)
        }
        (record.processConnections, record.frontendConnections) = shared.admission.withLock {
            ($0.process.count, $0.frontends[record.frontend].count)
        }
        shared.records?.append(
            record, introductions.names(at: slab[client].introduction), keptTexts(of: client),
            from: number)
    }

    /// Tells of a connection that has ended, unless it is to be left out.
    func recordEnded(
        _ record: ConnectionRecord, _ crowd: Crowd, names: ClientNames?, _ kept: KeptTexts?
    ) {
        var record = record
        record.poolConnections = crowd.pool
        record.serverConnections = crowd.server
        record.processConnections = crowd.process + uncounted
        record.frontendConnections = crowd.frontend + uncounted
        shared.records?.append(record, names, kept, from: number)
    }

    /// What is to be told of a connection that ends; `nil`: nothing.
    func recordToWrite(_ client: Int, _ ending: Ending) -> ConnectionRecord? {
        guard let logging = self[routeOf: client].logging,
            !slab[client].marks.contains(.isUntold)
        else { return nil }
        let isBroken = slab[client].marks.contains(.hasBrokenHeader)
        switch logging.moment {
        case _ where isBroken && logging.tellsBrokenHeaders: break
        case .accepting: return nil
        case .connecting where slab[client].phase == .relaying || slab[client].phase == .flowing:
            return nil
        case .connecting, .ending: break
        }
        if logging.omitsEmpty, isNull(client, ending) { return nil }
        var record = record(client)
        record.ending = ending
        record.hasBrokenHeader = isBroken
        let isNormal = ending == .normal && record.retries == 0 && !record.wasRedispatched
        return record.isSilent || logging.omitsNormal && isNormal ? nil : record
    }

    /// Whether nothing was said on a connection, and nothing failed: somebody looked whether the port
    /// is open.
    ///
    /// A server that was waited for in vain is a failure, however little was said. Who leaves of
    /// himself before a server answered looked at the port, unless an attempt had failed by then or
    /// he waited for longer than such a look takes.
    private func isNull(_ client: Int, _ ending: Ending) -> Bool {
        guard !ending.isFailure, slab[client | 1].receivedByteCount == 0 else { return false }
        switch slab[client].phase {
        case .pausing: return false
        case .waiting, .connecting:
            guard ending.cause == .client, slab[client | 1].failedAttempts == 0,
                lifetime(client) < longestLook
            else { return false }
        case .free, .relaying, .flowing, .introducing: break
        }
        return !hasSpoken(client)
    }

    /// Counts how long a connection waited, connected and lasted.
    func countTimes(_ client: Int) {
        let server = client | 1
        let pool = self[routeOf: client].pool
        // Those who left the line, or whose time was over, waited as well.
        if slab[client].phase == .waiting {
            histograms.note(lifetime(client), .queue, pool: pool)
            return
        }
        guard let assigned = slab[server].queueTime, slab[server].owner != Half.noServer
        else { return }
        let queueTime = Int(assigned)
        histograms.note(queueTime, .queue, pool: pool)
        guard slab[client].phase == .relaying || slab[client].phase == .flowing else { return }
        let total = lifetime(client)
        let connectTime = connectTime(client)
        histograms.note(connectTime, .connect, pool: pool)
        histograms.note(total, .session, pool: pool)
        let place = layout.server(Int(slab[server].owner))
        unsafe tallies[layout.pool(pool)].noteTimes(
            queue: queueTime, connect: connectTime, session: total)
        unsafe tallies[place].noteTimes(queue: queueTime, connect: connectTime, session: total)
    }

    /// Takes note of the time at which a server became a connection's own.
    func noteAssigned(_ client: Int) {
        guard slab[client | 1].queueTime == nil else { return }
        slab[client | 1].queueTime = UInt32(truncatingIfNeeded: lifetime(client))
    }

    /// Milliseconds since a server was a connection's own for the first time.
    func timeSinceAssigned(_ client: Int) -> UInt64 {
        guard let queueTime = slab[client | 1].queueTime else { return 0 }
        return UInt64(max(0, lifetime(client) - Int(queueTime)))
    }

    private func record(_ client: Int) -> ConnectionRecord {
        let server = client | 1
        var record = ConnectionRecord()
        record.client = source(of: client)
        record.isSecured = slab[client].marks.contains(.isSecured)
        if self[routeOf: client].logging?.tellsDestination == true {
            record.local = destination(of: client)
        }
        record.generation = shared.generation
        record.frontend = Int(slab[client].owner)
        record.pool = self[routeOf: client].pool
        record.server = serverInPool(client)
        if self[routeOf: client].logging?.tellsServerEnd == true, let position = record.server {
            record.serverEnd = movedEnd(of: client, pool: record.pool, server: position)
        }
        if self[routeOf: client].logging?.tellsSourceEnd == true, slab[server].socket >= 0 {
            record.sourceEnd = StreamSocket.localEndpoint(of: slab[server].socket)
        }
        if slab[client].introduction >= 0 {
            record.headerTime = Int(introductions[headerTimeAt: slab[client].introduction])
            switch introductions[lineLevelAt: slab[client].introduction] {
            case .usual: break
            case .silent: record.isSilent = true
            case .severity(let severity): record.severity = Int(severity)
            }
        }
        if self[routeOf: client].logging?.tellsRequestNumber == true {
            record.requestNumber = requestNumber(of: client)
        }
        record.totalTime = lifetime(client)
        record.acceptedAt = acceptedAt(client)
        if let queueTime = slab[server].queueTime {
            record.queueTime = Int(queueTime)
            if slab[client].phase == .relaying || slab[client].phase == .flowing {
                record.connectTime = connectTime(client)
            }
        } else if slab[client].phase == .waiting {
            record.queueTime = record.totalTime
        }
        record.bytesIn = slab[client].receivedByteCount
        record.bytesOut = slab[server].receivedByteCount
        record.retries = min(slab[server].failedAttempts, self[routeOf: client].retries)
        record.wasRedispatched = slab[server].marks.contains(.wasRedispatched)
        let position = Int(slab[server].queuePlace)
        if slab[server].marks.contains(.waitedAtServer) {
            record.serverQueue = position
        } else {
            record.poolQueue = position
        }
        return record
    }

    /// Where a connection's server is, where that was ever elsewhere than the plan has it, or is where the
    /// client connected to.
    private func movedEnd(of client: Int, pool: Int, server: Int) -> IPEndpoint {
        let number = Int(slab[client | 1].owner)
        guard
            unsafe shared.addresses.edition(of: number) > 0 || destinations[number].isAnywhere
        else { return .none }
        return switch serverAddress(of: client, pool: pool, server: server) {
        case .ipv4(let address): IPEndpoint(ipv4: address.address, port: address.port)
        case .ipv6(let end): end
        case .path, .abstractName: .none
        }
    }

    /// Milliseconds since a connection was accepted.
    func lifetime(_ client: Int) -> Int {
        Int((now &- slab[client].acceptedAt) & 0xff_ffff_ffff)
    }

    /// When a connection was accepted, in milliseconds of the monotonic clock.
    func acceptedAt(_ client: Int) -> UInt64 { now - UInt64(lifetime(client)) }

    /// Milliseconds from when a server was a relayed connection's own until it answered.
    private func connectTime(_ client: Int) -> Int {
        let server = client | 1
        let acceptedAt = UInt32(truncatingIfNeeded: slab[client].acceptedAt)
        let time = Int(slab[server].phaseAt &- acceptedAt) - Int(slab[server].queueTime ?? 0)
        return max(0, time)
    }
}

/// Milliseconds after which nobody leaves any more who only looks whether a port is open: by then the
/// first packet to a server that does not answer is repeated.
private let longestLook = 1000
