#if Probes
import Synchronization

/// The runs of one probe's command that have not ended.
///
/// A program that waits for a file system which hangs cannot be killed. Without a limit each check
/// would leave one more of it.
final class CommandRuns: Sendable {
    private struct State {
        var count = 0
        var stages: [Int: Stage] = [:]
    }

    private enum Stage {
        /// No thread has been free to start the command.
        case waiting
        case started, killed
    }

    /// So many killed ones may be about to end.
    static let limit = 4

    private let state = Mutex(State())

    /// Begins a run; `nil` where too many that were killed have not ended.
    func begin() -> Int? {
        state.withLock { state in
            guard state.stages.values.count(where: { $0 == .killed }) < Self.limit else {
                return nil
            }
            state.count += 1
            state.stages[state.count] = .waiting
            return state.count
        }
    }

    /// Notes that a command is being started.
    ///
    /// - Returns: Whether it is still wanted.
    func start(_ number: Int) -> Bool {
        state.withLock { state in
            guard state.stages[number] != nil else { return false }
            state.stages[number] = .started
            return true
        }
    }

    /// Notes that a run is being killed, if it has not ended; one that never began has with that.
    ///
    /// - Returns: Whether its command was started.
    func kill(_ number: Int) -> Bool {
        state.withLock { state in
            guard let stage = state.stages[number] else { return true }
            state.stages[number] = stage == .waiting ? nil : .killed
            return stage != .waiting
        }
    }

    /// Notes that a run has ended.
    func end(_ number: Int) {
        state.withLock { _ = $0.stages.removeValue(forKey: number) }
    }
}
#endif
