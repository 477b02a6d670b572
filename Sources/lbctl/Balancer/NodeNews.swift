#if Program
internal import Control
internal import LinuxIO
internal import Synchronization

/// What the failover process last told about itself and the virtual routers, for who looks at a page.
///
/// It tells what changes by itself, but counts each advertisement: so it is asked when somebody looks,
/// once a second at most, however many look. May be asked from any thread.
final class NodeNews: Sendable {
    private struct State {
        var status: NodeStatus
        /// When it was last told or asked for; what was told at the start is old.
        var freshAt = MonotonicInstant(nanoseconds: 0)
        /// Who waits for the answer to the question that is open.
        var waiting: [CheckedContinuation<Void, Never>] = []
        var isAsking = false
    }

    private enum Step { case goOn, wait, ask }

    private let state: Mutex<State>
    private let ask: @Sendable () -> Void

    /// - Parameters:
    ///   - status: What was told at the start.
    ///   - ask: Asks for what is new, which ``take(_:)`` then hears; must not wait.
    init(_ status: NodeStatus, ask: @escaping @Sendable () -> Void) {
        state = Mutex(State(status: status))
        self.ask = ask
    }

    /// Takes what the failover process tells.
    func take(_ status: NodeStatus) { answer(status) }

    /// What is known: no older than a second, unless the failover process does not answer at once.
    func latest() async -> NodeStatus {
        await withCheckedContinuation { continuation in
            let step = state.withLock { state -> Step in
                if state.isAsking {
                    state.waiting.append(continuation)
                    return .wait
                }
                guard MonotonicInstant.now - state.freshAt >= NodeNews.interval else {
                    return .goOn
                }
                state.freshAt = .now
                state.isAsking = true
                state.waiting.append(continuation)
                return .ask
            }
            switch step {
            case .goOn: continuation.resume()
            case .wait: break
            case .ask:
                ask()
                Task.detached {
                    try? await Task.sleep(for: NodeNews.patience)
                    self.answer(nil)
                }
            }
        }
        return state.withLock(\.status)
    }

    /// - Parameter status: What is new; `nil`: nobody waits any longer.
    private func answer(_ status: NodeStatus?) {
        let waiting = state.withLock { state in
            if let status {
                state.status = status
                state.freshAt = .now
            }
            state.isAsking = false
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private static let interval = Duration.seconds(1)
    /// Shorter than the interval, so that a question is over before the next one.
    private static let patience = Duration.milliseconds(200)
}
#endif
