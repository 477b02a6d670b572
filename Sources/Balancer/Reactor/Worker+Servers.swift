internal import LinuxIO
internal import Synchronization

/// What becomes of connections when servers change.
extension Worker {
    /// Computes the shares of servers that warm up, and sees to it that it is done again.
    mutating func warmServers() {
        var step: UInt64?
        for index in shared.pools.indices {
            let notices = shared.pools[index].state.withLock { pool -> [PoolState.Notice] in
                guard pool.isWarming else { return [] }
                let notices = pool.warm(at: now)
                if pool.isWarming { step = min(step ?? .max, pool.warmingStep) }
                return notices
            }
            shared.deliver(notices, pool: index)
        }
        warmingDueAt = step.map { now + $0 }
    }

    /// Resets the connections to a server, on both sides: a clean end would look like a complete
    /// answer.
    ///
    /// - Parameters:
    ///   - server: Its number, counted over all pools.
    ///   - cause: What the log says.
    mutating func endSessions(of server: Int, because cause: SessionEndCause) {
        let cause: Ending.Cause =
            switch cause {
            case .serverDown: .serverDown
            case .activeCameUp: .activeCameUp
            case .operatorsOrder: .operatorsOrder
            }
        for client in stride(from: 0, to: 2 * slab.usedCount, by: 2)
        where Int(slab[client | 1].owner) == server {
            switch slab[client].phase {
            case .relaying, .flowing:
                serverTally(client) { $0.serverAborts.increase() }
                cut(client, because: cause)
            case .connecting where cause == .serverDown:
                // An attempt that succeeds now would stay at a server that is to have nobody.
                attemptFailed(client, .remote)
            case .connecting, .free, .introducing, .waiting, .pausing: break
            }
        }
    }
}
