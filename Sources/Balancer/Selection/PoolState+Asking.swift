/// What rules ask of a pool; haproxy's arithmetic.
extension PoolState {
    /// How much there is of something at the moment, in milliseconds of the monotonic clock.
    func value(of quantity: PoolQuantity, at now: UInt64) -> Int {
        switch quantity {
        case .usableServers: usableCount
        case .connections: current + arriving
        case .freePlaces: freePlaces
        case .freeConnections: freeConnections
        case .waiting: waitingCount
        case .waitingPerServer: waitingPerServer
        case .sessionRate: arrivals.rate(at: now)
        }
    }

    private var waitingPerServer: Int {
        let count = candidates.count
        return count > 0 ? (waitingCount + count - 1) / count : 2 * waitingCount
    }

    private var freeConnections: Int {
        var sum = 0
        for server in candidates.lazy.map({ servers[$0] }) {
            guard server.fullLimit != .max else { return -1 }
            sum += max(0, server.limit - server.served)
        }
        return sum
    }

    private var freePlaces: Int {
        var sum = 0
        for server in servers where server.isReachable {
            guard server.fullLimit != .max, server.queueLimit != .max else { return -1 }
            sum += server.fullLimit - server.served + server.queueLimit - server.line.count
        }
        return sum
    }
}

extension PooledServer {
    /// How much there is of something at the moment, in milliseconds of the monotonic clock.
    func value(of quantity: ServerLoad, at now: UInt64) -> Int {
        switch quantity {
        case .connections: served
        case .sessionRate: rate.rate(at: now)
        case .waiting: line.count
        }
    }
}

extension PoolState {
    /// What an attempt that failed is followed by.
    enum NextChoice {
        /// One at the same server, after a pause.
        case same
        /// One at another server, at once.
        case other
        /// One at the server that the key leads to, at once: the same, where a map has no other.
        case byKey
    }

    /// Which server is asked after an attempt that failed, where that may be another one.
    ///
    /// haproxy's rule, with its consequence that a map's last retry follows without a pause.
    ///
    /// - Parameters:
    ///   - server: The server's position.
    ///   - mayLeave: Whether a key may leave its server at this attempt.
    ///   - isBound: Whether it is the client's own server.
    /// - Returns: What follows.
    func nextChoice(after server: Int, mayLeave: Bool, isBound: Bool = false) -> NextChoice {
        guard
            mayLeave || !selector.isKeyed && !isBound
                || !servers[server].serves(isBound: isBound),
            candidates.contains(where: { $0 != server })
        else { return .same }
        return selector.canAvoid || !servers[server].isCandidate ? .other : .byKey
    }

    /// Whether a server's share still grows.
    var isWarming: Bool { servers.contains { $0.slowStartedAt != nil } }

    /// Milliseconds until growing shares are to be computed anew: haproxy's steps.
    var warmingStep: UInt64 {
        servers.lazy.filter { $0.slowStartedAt != nil }.map { max(1000, $0.slowStart / 20) }.min()
            ?? 1000
    }
}
