#if Program
internal import LinuxIO
internal import Synchronization

/// Lets a few lines of one kind through at once, and then one in ten seconds.
final class LineBudget: Sendable {
    private struct State {
        var left = LineBudget.most
        var filledAt = MonotonicInstant.now
        var withheld = 0
    }

    private let state = Mutex(State())

    /// Asks for a line.
    ///
    /// - Returns: How many were withheld since the last one; `nil`: this one is withheld too.
    func take(at now: MonotonicInstant = .now) -> Int? {
        state.withLock { state in
            let steps = Int((now - state.filledAt) / LineBudget.interval)
            if steps > 0 {
                state.left = min(LineBudget.most, state.left + steps)
                state.filledAt = now
            }
            guard state.left > 0 else {
                state.withheld += 1
                return nil
            }
            state.left -= 1
            defer { state.withheld = 0 }
            return state.withheld
        }
    }

    private static let most = 8
    private static let interval = Duration.seconds(10)
}
#endif
