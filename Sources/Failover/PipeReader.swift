internal import LinuxIO
internal import Reactor

/// The program that reads a named pipe (`notify_fifo_script`): runs as long as the node does, and is
/// started again when it ends.
final class PipeReader {
    /// From the pipe's end to SIGTERM: who reads to the end of it ends by itself.
    private static let readingLimit = Duration.seconds(1)

    private let command: [String]
    private let loop: EventLoop
    private let onEnd: (ScriptResult, _ again: Duration) -> Void
    private var run: ProgramRun?
    private var startedAt = MonotonicInstant.now
    private var pause = RestartPause()
    private var nextStart: EventLoop.Deadline?
    private var isStopping = false
    private var whenGone: [() -> Void] = []

    /// Makes a reader that does not run yet.
    ///
    /// - Parameters:
    ///   - command: The program and its arguments, the pipe's path among them.
    ///   - loop: The loop that it is watched on.
    ///   - onEnd: Called when it ended by itself, with the time to its next start.
    init(
        command: [String], loop: EventLoop,
        onEnd: @escaping (ScriptResult, _ again: Duration) -> Void
    ) {
        self.command = command
        self.loop = loop
        self.onEnd = onEnd
    }

    /// Starts the program.
    func start() {
        guard run == nil, !isStopping else { return }
        startedAt = .now
        run = ProgramRun(
            arguments: command, limit: nil, keeping: .none, loop: loop,
            onResult: { [weak self] result, _ in
                guard let self, !isStopping else { return }
                startAgain(after: ScriptResult(result))
            },
            onEnd: { [weak self] in self?.ended() })
    }

    /// Lets the program end, of which the pipe was closed before, and starts it no more.
    func stop() {
        isStopping = true
        if let nextStart { loop.cancel(nextStart) }
        nextStart = nil
        run?.end(within: Self.readingLimit)
    }

    /// Calls back once the program is gone; at once if it does not run.
    func whenGone(_ action: @escaping () -> Void) {
        guard run != nil else { return action() }
        whenGone.append(action)
    }

    private func startAgain(after result: ScriptResult) {
        let wait = pause.next(afterLifeOf: .now - startedAt)
        onEnd(result, wait)
        nextStart = loop.schedule(after: wait) { [weak self] in
            self?.nextStart = nil
            self?.start()
        }
    }

    private func ended() {
        run = nil
        let actions = whenGone
        whenGone = []
        actions.forEach { $0() }
    }
}

/// How long to wait before a program that ended is started again: 1, 2, 4 … 60 s.
///
/// One that ran for a minute begins anew.
struct RestartPause: Hashable {
    private static let limit = Duration.seconds(60)
    private var last = Duration.zero

    mutating func next(afterLifeOf lifetime: Duration) -> Duration {
        if lifetime >= Self.limit { last = .zero }
        last = last == .zero ? .seconds(1) : min(last * 2, Self.limit)
        return last
    }
}
