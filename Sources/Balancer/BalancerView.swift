internal import LinuxIO
internal import Synchronization

/// A balancer under one plan: positions mean what they mean there, also when another plan is in force
/// by now.
public struct BalancerView: Sendable {
    let shared: SharedState

    init(_ shared: SharedState) { self.shared = shared }

    var tables: [StickTable] { shared.tables }

    /// The plan, with what stays behind of earlier ones: after its own parts.
    public var plan: BalancerPlan { shared.plan }

    /// Counts plans; ``ConnectionRecord/generation`` is one of these.
    public var generation: Int { shared.generation }

    /// The counters at this moment; no reactor waits for it.
    public func snapshot() -> BalancerSnapshot {
        shared.snapshot(at: MonotonicInstant.now.milliseconds)
    }

    /// The counters of one pool at this moment.
    ///
    /// - Parameter pool: The pool's position in the plan.
    /// - Returns: The same as in ``snapshot()``.
    public func snapshot(ofPool pool: Int) -> PoolSnapshot {
        shared.snapshot(ofPool: pool, at: MonotonicInstant.now.milliseconds)
    }

    /// What one server has to do at this moment, without what others have counted.
    ///
    /// - Parameters:
    ///   - pool: The pool's position in the plan.
    ///   - server: The server's position in the pool.
    /// - Returns: The look.
    public func glance(pool: Int, server: Int) -> ServerGlance {
        shared.pools[pool].state.withLock { $0.glance(at: server) }
    }
}
