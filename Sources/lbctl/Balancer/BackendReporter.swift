#if Program
internal import Balancer
internal import HealthCheck
internal import NodeConfiguration
internal import Synchronization

/// Tells when a pool gets a usable server, or loses its last one.
///
/// Checks report on their own threads, so it may be asked from any. A pool counts as unusable only
/// once every checked server of it was heard of: before that, nobody knows.
final class BackendReporter: Sendable {
    private struct State {
        var heard: Set<HealthTargets.Place> = []
        var told: [Int: Bool] = [:]
    }

    private let model: Model
    private let balancer: Balancer
    private let checked: [Int: Set<HealthTargets.Place>]
    private let state = Mutex(State())
    private let tell: @Sendable (String, Bool) -> Void

    /// Looks at nothing yet.
    ///
    /// - Parameters:
    ///   - model: What is served.
    ///   - balancer: What is asked for the state of its pools.
    ///   - targets: The servers that are checked.
    ///   - health: The servers whose state is known from before, by what reports call them.
    ///   - tell: Called with a pool's name and whether it is usable.
    init(
        model: Model, balancer: Balancer, targets: HealthTargets,
        knowing health: [String: CheckMemory],
        tell: @escaping @Sendable (String, Bool) -> Void
    ) {
        self.model = model
        self.balancer = balancer
        checked = Dictionary(grouping: targets.places, by: \.pool).mapValues(Set.init)
        self.tell = tell
        let waiting = Set(targets.waitingIDs).subtracting(health.keys)
        let known = targets.places.filter { !waiting.contains(targets.id(at: $0)) }
        state.withLock { $0.heard = Set(known) }
    }

    /// Looks at all pools again; tells of those that changed.
    ///
    /// - Parameter place: The server that a check has just been heard of, if any.
    func look(after place: HealthTargets.Place? = nil) {
        let pools = balancer.snapshot().pools
        // Told under the lock, so that two threads cannot tell of one pool in the wrong order.
        state.withLock { state in
            if let place { state.heard.insert(place) }
            for (index, pool) in pools.enumerated() where index < model.backends.count {
                let isKnown = checked[index].map(state.heard.isSuperset) ?? true
                guard pool.isUp || isKnown, state.told[index] != pool.isUp else { continue }
                state.told[index] = pool.isUp
                tell(model.backends[index].name, pool.isUp)
            }
        }
    }
}
#endif
