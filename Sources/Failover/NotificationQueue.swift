internal import Reactor

/// The notification programs of one virtual router, run one after the other in order.
///
/// keepalived starts them all at once, so that a slow program for an old state can finish after the
/// one for the new state. Here what runs may finish; what waits for an older state is left out.
///
/// A program for the state that is current may take as long as it likes: what it does, starting a
/// database, say, is part of that state. After ``noticeTime`` it is told of. Once another state waits
/// for it, it has ``patience`` left, and is then ended and told of.
final class NotificationQueue {
    let noticeTime: Duration
    let patience: Duration

    /// Called with a program that could not be started, failed, or took too long.
    var onFailure: ([String], ScriptResult) -> Void = { _, _ in }
    /// Called with a program that has been running for ``noticeTime``.
    var onSlowness: ([String]) -> Void = { _ in }

    /// Programs left out because another state had come before their turn.
    private(set) var obsoleteCount = 0

    private let loop: EventLoop
    private var waiting: [[String]] = []
    /// What the programs that wait find in their environment beside this process's own.
    private var environment: [String] = []
    private var run: ProgramRun?
    private var notice: EventLoop.Deadline?
    private var whenIdle: [() -> Void] = []

    /// Makes an empty queue.
    ///
    /// - Parameters:
    ///   - loop: The loop that the programs are watched on.
    ///   - noticeTime: After how long a program is told of that still runs.
    ///   - patience: How long it may go on once another state waits for it.
    init(
        loop: EventLoop, noticeTime: Duration = .seconds(60), patience: Duration = .seconds(60)
    ) {
        self.loop = loop
        self.noticeTime = noticeTime
        self.patience = patience
    }

    /// Whether a program runs.
    var isBusy: Bool { run != nil }

    /// Tells of a new state, in place of those that were not told of yet.
    ///
    /// - Parameters:
    ///   - programs: What to run, in this order, each a program and its arguments.
    ///   - environment: `NAME=VALUE` each, beside this process's own.
    func tell(_ programs: [[String]], environment: [String]) {
        obsoleteCount += waiting.count
        waiting = programs
        self.environment = environment
        if !programs.isEmpty { run?.end(within: patience) }
        startNext()
    }

    /// Runs a program after those that wait, which stay; once, however often it is asked for before
    /// its turn.
    ///
    /// - Parameter program: The program and its arguments.
    func tellAlso(_ program: [String]) {
        guard !waiting.contains(program) else {
            obsoleteCount += 1
            return
        }
        waiting.append(program)
        startNext()
    }

    /// Calls back once, when the last program has ended; at once if none runs.
    func whenIdle(_ action: @escaping () -> Void) {
        guard isBusy else {
            action()
            return
        }
        whenIdle.append(action)
    }

    /// Starts nothing more; what runs is left to itself.
    ///
    /// - Returns: How many programs are left out, and whether one runs.
    func abandon() -> (leftOut: Int, isRunning: Bool) {
        defer { (waiting, whenIdle) = ([], []) }
        if let notice { loop.cancel(notice) }
        return (waiting.count, isBusy)
    }

    private func startNext() {
        guard run == nil, !waiting.isEmpty else { return }
        let arguments = waiting.removeFirst()
        // The run keeps the queue alive until the last program has ended.
        run = ProgramRun(
            arguments: arguments, environment: environment, limit: nil, keeping: .none, loop: loop,
            onResult: { result, _ in self.finish(arguments, result) },
            onEnd: { self.ended() })
        notice = loop.schedule(after: noticeTime) { [weak self] in self?.onSlowness(arguments) }
    }

    private func finish(_ arguments: [String], _ result: ProgramRun.Result) {
        let result = ScriptResult(result)
        if result != .exited(status: 0) { onFailure(arguments, result) }
    }

    private func ended() {
        run = nil
        if let notice { loop.cancel(notice) }
        notice = nil
        startNext()
        guard run == nil else { return }
        let callbacks = whenIdle
        whenIdle = []
        callbacks.forEach { $0() }
    }
}
