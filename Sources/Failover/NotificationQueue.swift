internal import LinuxIO
internal import Reactor

/// The notification programs of one virtual router, run one after the other in order.
///
/// keepalived starts them all at once, so that a slow program for an old state can finish after the
/// one for the new state. Here what runs may finish; what waits for an older state is left out. A
/// program that runs longer than a minute is ended.
final class NotificationQueue {
    static let timeLimit = Duration.seconds(60)

    /// Called with a program that could not be started, failed, or took too long.
    var onFailure: ([String], ScriptResult) -> Void = { _, _ in }

    /// Programs left out because another state had come before their turn.
    private(set) var obsoleteCount = 0

    private let loop: EventLoop
    private var waiting: [[String]] = []
    /// What the programs that wait find in their environment beside this process's own.
    private var environment: [String] = []
    private var run: ProgramRun?
    private var whenIdle: [() -> Void] = []

    /// Makes an empty queue.
    ///
    /// - Parameter loop: The loop that the programs are watched on.
    init(loop: EventLoop) { self.loop = loop }

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
        startNext()
    }

    /// Runs a program after those that wait, which stay.
    ///
    /// - Parameter program: The program and its arguments.
    func tellAlso(_ program: [String]) {
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

    /// Forgets what waits, and kills what runs.
    func abandon() {
        waiting = []
        whenIdle = []
        run?.kill()
    }

    private func startNext() {
        while run == nil, !waiting.isEmpty {
            let arguments = waiting.removeFirst()
            do throws(SystemError) {
                // The run keeps the queue alive until the last program has ended.
                run = try ProgramRun(
                    arguments: arguments, environment: environment, limit: Self.timeLimit,
                    keepsOutput: false, loop: loop,
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
        let callbacks = whenIdle
        whenIdle = []
        callbacks.forEach { $0() }
    }
}
