#if Program
import Synchronization

/// The runs of one probe's command that have not ended.
///
/// A program that waits for a file system which hangs cannot be killed. Without a limit each check
/// would leave one more of it.
final class CommandRuns: Sendable {
    private struct State {
        var count = 0
        /// By number, whether the run was killed.
        var areKilled: [Int: Bool] = [:]
    }

    /// So many killed ones may be about to end.
    static let limit = 4

    private let state = Mutex(State())

    /// Begins a run; `nil` where too many that were killed have not ended.
    func begin() -> Int? {
        state.withLock { state in
            guard state.areKilled.values.count(where: { $0 }) < Self.limit else { return nil }
            state.count += 1
            state.areKilled[state.count] = false
            return state.count
        }
    }

    /// Notes that a run is being killed, if it has not ended.
    func kill(_ number: Int) {
        state.withLock { state in
            if state.areKilled[number] != nil { state.areKilled[number] = true }
        }
    }

    /// Notes that a run has ended.
    func end(_ number: Int) {
        state.withLock { _ = $0.areKilled.removeValue(forKey: number) }
    }
}
#endif
