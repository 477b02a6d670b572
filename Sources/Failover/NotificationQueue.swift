internal import LinuxIO
internal import Reactor

/// The notification programs of one virtual router, run one after the other in order.
///
/// keepalived starts them all at once, so that a slow script for an old state can finish after the
/// one for the new state. A program that runs longer than a minute is ended.
final class NotificationQueue {
    static let timeLimit = Duration.seconds(60)

    private let loop: EventLoop
    private let onFailure: ([String], ScriptResult) -> Void
    private var waiting: [[String]] = []
    private var run: ProgramRun?
    private var whenIdle: (() -> Void)?

    /// Makes an empty queue.
    ///
    /// - Parameters:
    ///   - loop: The loop that the programs are watched on.
    ///   - onFailure: Called with a program that could not be started, failed, or took too long.
    init(loop: EventLoop, onFailure: @escaping ([String], ScriptResult) -> Void) {
        self.loop = loop
        self.onFailure = onFailure
    }

    /// Adds a program to run after those that wait.
    ///
    /// - Parameter arguments: The program and its arguments, at least one.
    func enqueue(_ arguments: [String]) {
        waiting.append(arguments)
        startNext()
    }

    /// Calls back once, when the last program has ended; at once if none runs.
    func whenIdle(_ action: @escaping () -> Void) {
        guard run != nil else {
            action()
            return
        }
        whenIdle = action
    }

    /// Forgets what waits, and kills what runs.
    func abandon() {
        waiting = []
        whenIdle = nil
        run?.kill()
    }

    private func startNext() {
        while run == nil, !waiting.isEmpty {
            let arguments = waiting.removeFirst()
            do throws(SystemError) {
                // The run keeps the queue alive until the last program has ended.
                run = try ProgramRun(
                    arguments: arguments, limit: Self.timeLimit, keepsOutput: false, loop: loop,
                    onResult: { result, _ in self.finish(arguments, result) },
                    onEnd: { self.ended() })
            } catch {
                onFailure(arguments, .notStarted(error))
            }
        }
    }

    private func finish(_ arguments: [String], _ result: ProgramRun.Result) {
        switch result {
        case .ended(.exited(status: 0)): break
        case .ended(.exited(let status)): onFailure(arguments, .exited(status: status))
        case .ended(.signalled(let number)): onFailure(arguments, .signalled(number))
        case .timedOut: onFailure(arguments, .timedOut)
        }
    }

    private func ended() {
        run = nil
        startNext()
        guard run == nil else { return }
        let callback = whenIdle
        whenIdle = nil
        callback?()
    }
}
