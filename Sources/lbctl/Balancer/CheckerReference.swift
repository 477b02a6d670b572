#if Program
internal import HealthCheck
internal import NIOCore
internal import Synchronization

/// Where the parts that come before the checker find it later.
final class CheckerReference: Sendable {
    private struct State {
        weak var checker: HealthChecker?
        /// What was to be left alone before there was a checker.
        var paused: [String: Bool] = [:]
    }

    private let state = Mutex(State())

    /// The checker, once there is one and while it lives.
    var checker: HealthChecker? { state.withLock(\.checker) }

    /// Makes the checker known.
    func set(_ checker: HealthChecker) {
        let paused = state.withLock { state in
            state.checker = checker
            defer { state.paused = [:] }
            return state.paused
        }
        for (id, isPaused) in paused { checker.setPaused(id, isPaused) }
    }

    /// Whether a report's target is still the one that was checked; before there is a checker, all are.
    func isInForce(_ report: CheckReport) -> Bool { checker?.isInForce(report) ?? true }

    /// Has a target left alone, or checked again.
    func setPaused(_ id: String, _ isPaused: Bool) {
        let checker = state.withLock { state in
            if state.checker == nil { state.paused[id] = isPaused }
            return state.checker
        }
        checker?.setPaused(id, isPaused)
    }

    /// Has a target asked elsewhere.
    func setAddress(_ id: String, _ address: SocketAddress) { checker?.setAddress(id, address) }
}
#endif
