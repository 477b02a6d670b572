import Synchronization

/// Counts one statistics page's own connections; from any thread.
final class SiteTraffic: Sendable {
    fileprivate let state = Mutex(State())

    fileprivate struct State {
        var counters = TrafficCounters()
        var rejected = 0
        /// The second that `counters.rate` is about.
        var second = Int64.min
        var inSecond = 0
    }

    /// Counts a connection in, unless there are `limit` already.
    ///
    /// - Returns: Whether there was room; if so, ``ended()`` must follow.
    func began(limit: Int) -> Bool {
        state.withLock {
            guard $0.counters.sessions < limit else {
                $0.rejected += 1
                return false
            }
            $0.turn()
            $0.inSecond += 1
            $0.counters.rateMax = max($0.counters.rateMax, $0.inSecond)
            $0.counters.sessions += 1
            $0.counters.sessionsTotal += 1
            $0.counters.sessionsMax = max($0.counters.sessionsMax, $0.counters.sessions)
            return true
        }
    }

    /// Counts a connection that may not be.
    func denied() { state.withLock { $0.rejected += 1 } }
    func ended() { state.withLock { $0.counters.sessions -= 1 } }
    func received(_ byteCount: Int) { state.withLock { $0.counters.bytesIn += byteCount } }
    func sent(_ byteCount: Int) { state.withLock { $0.counters.bytesOut += byteCount } }

    /// The counters, and how many connections found no room or were denied.
    func counters(limit: Int) -> (traffic: TrafficCounters, rejected: Int) {
        state.withLock {
            $0.turn()
            var counters = $0.counters
            counters.rate = $0.inSecond
            counters.sessionLimit = limit
            return (counters, $0.rejected)
        }
    }
}

extension SiteTraffic.State {
    /// Begins to count anew when a second has passed.
    fileprivate mutating func turn() {
        let now = (ContinuousClock.now - SiteTraffic.epoch).components.seconds
        guard now != second else { return }
        second = now
        inSecond = 0
    }
}

extension SiteTraffic {
    fileprivate static let epoch = ContinuousClock.now
}
