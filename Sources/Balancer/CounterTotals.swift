/// Counters that only grow, of a frontend, a pool or a server.
///
/// What a balancer hands to its successor, so that they go on.
public struct CounterTotals: Hashable, Sendable, Codable {
    /// Connections.
    public var sessions = 0
    /// Bytes from clients.
    public var bytesIn: UInt64 = 0
    /// Bytes from servers.
    public var bytesOut: UInt64 = 0
    /// Connections given up because no server could be reached in time, or none was usable.
    public var connectionErrors = 0
    /// Attempts repeated at the same server.
    public var retries = 0
    /// Attempts moved to another server.
    public var redispatches = 0
    /// Connections that the client broke off.
    public var clientAborts = 0
    /// Connections that the server broke off.
    public var serverAborts = 0
    /// Connections closed at once because of a rule.
    public var refusals = 0

    /// Makes counters that stand at zero.
    public init() {}

    /// Adds what another has counted.
    public static func += (left: inout CounterTotals, right: CounterTotals) {
        left.sessions += right.sessions
        left.bytesIn &+= right.bytesIn
        left.bytesOut &+= right.bytesOut
        left.connectionErrors += right.connectionErrors
        left.retries += right.retries
        left.redispatches += right.redispatches
        left.clientAborts += right.clientAborts
        left.serverAborts += right.serverAborts
        left.refusals += right.refusals
    }

    /// What was counted since an earlier look.
    public static func - (left: CounterTotals, right: CounterTotals) -> CounterTotals {
        var rest = left
        rest.sessions -= right.sessions
        rest.bytesIn &-= right.bytesIn
        rest.bytesOut &-= right.bytesOut
        rest.connectionErrors -= right.connectionErrors
        rest.retries -= right.retries
        rest.redispatches -= right.redispatches
        rest.clientAborts -= right.clientAborts
        rest.serverAborts -= right.serverAborts
        rest.refusals -= right.refusals
        return rest
    }
}

/// The totals of a whole balancer, by name: another one with other sections can take them over.
public struct CounterLedger: Hashable, Sendable, Codable {
    /// Connections of the process.
    public var sessions = 0
    /// Of each frontend that counted anything.
    public var frontends: [String: CounterTotals] = [:]
    /// Of each listener that counted anything, under `FRONTEND/LISTENER`.
    public var listeners: [String: CounterTotals] = [:]
    /// Of each frontend: what was not relayed, or ended before its time, by cause.
    public var refusals: [String: [String: Int]] = [:]
    /// Of each pool that counted anything of its own.
    public var pools: [String: CounterTotals] = [:]
    /// Of each server that counted anything, under `POOL/SERVER`.
    public var servers: [String: CounterTotals] = [:]

    /// Makes an empty ledger.
    public init() {}

    /// Whether nothing was counted.
    public var isEmpty: Bool {
        sessions == 0 && frontends.isEmpty && listeners.isEmpty && refusals.isEmpty
            && pools.isEmpty && servers.isEmpty
    }

    /// Adds what another has counted.
    public static func += (left: inout CounterLedger, right: CounterLedger) {
        left.sessions += right.sessions
        for (name, totals) in right.frontends { left.frontends[name, default: .init()] += totals }
        for (name, totals) in right.listeners { left.listeners[name, default: .init()] += totals }
        for (name, counts) in right.refusals {
            left.refusals[name, default: [:]].merge(counts, uniquingKeysWith: +)
        }
        for (name, totals) in right.pools { left.pools[name, default: .init()] += totals }
        for (name, totals) in right.servers { left.servers[name, default: .init()] += totals }
    }

    /// What was counted since an earlier look.
    public static func - (left: CounterLedger, right: CounterLedger) -> CounterLedger {
        func difference(
            _ left: [String: CounterTotals], _ right: [String: CounterTotals]
        ) -> [String: CounterTotals] {
            left.reduce(into: [:]) { rest, entry in
                let totals = entry.value - (right[entry.key] ?? CounterTotals())
                if totals != CounterTotals() { rest[entry.key] = totals }
            }
        }
        var rest = CounterLedger()
        rest.sessions = left.sessions - right.sessions
        rest.frontends = difference(left.frontends, right.frontends)
        rest.listeners = difference(left.listeners, right.listeners)
        for (name, counts) in left.refusals {
            let former = right.refusals[name] ?? [:]
            let new = counts.reduce(into: [String: Int]()) { new, entry in
                let count = entry.value - (former[entry.key] ?? 0)
                if count != 0 { new[entry.key] = count }
            }
            if !new.isEmpty { rest.refusals[name] = new }
        }
        rest.pools = difference(left.pools, right.pools)
        rest.servers = difference(left.servers, right.servers)
        return rest
    }
}
