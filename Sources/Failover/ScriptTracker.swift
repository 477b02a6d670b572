public import LinuxIO
internal import Reactor
internal import VRRPCore

/// A script that is run at an interval, and the verdict that its results come to.
///
/// A run that is due while one is alive is left out; where that one's time is over already, so that it
/// can't even be ended, it counts as another one that took too long. A fact takes the place of a run's result when
/// the script's source is one: it counts at the moment it is told, and once per interval after.
final class ScriptTracker {
    /// What one result came to.
    struct Step {
        let result: ScriptResult
        /// The result before; `nil` for the first.
        let previous: ScriptResult?
        /// The verdict, if this result changed it.
        let change: TrackerRecord.Verdict?
    }

    let settings: ScriptSettings
    private(set) var record: TrackerRecord
    private(set) var lastResult: ScriptResult?
    /// What the last run printed: its last 4 KiB.
    private(set) var lastOutput = ""
    private(set) var lastRunTime: Duration?

    private let loop: EventLoop
    private let onResult: (ScriptTracker, Step) -> Void
    private var run: ProgramRun?
    /// Whether ``run`` has had its time.
    private var isOverdue = false
    private var startedAt: MonotonicInstant?
    private var nextStart: EventLoop.Deadline?
    private var fact: Bool?

    /// Makes a tracker that does not run yet.
    ///
    /// - Parameters:
    ///   - settings: What to run, and how its results count.
    ///   - loop: The loop that it is watched on.
    ///   - onResult: Called with each result.
    init(
        settings: ScriptSettings, loop: EventLoop,
        onResult: @escaping (ScriptTracker, Step) -> Void
    ) {
        self.settings = settings
        self.loop = loop
        self.onResult = onResult
        record = TrackerRecord(
            rise: settings.rise, fall: settings.fall, startsFailed: settings.startsFailed)
    }

    /// Whether a program is running at this moment.
    var isRunning: Bool { run != nil }

    /// Runs the script now, and at each interval from now on.
    func start() { start(at: .now) }

    /// Ends a run that is alive, and starts no other.
    func stop() {
        if let nextStart { loop.cancel(nextStart) }
        nextStart = nil
        run?.terminate()
    }

    /// Kills a run that outlived ``stop()``.
    func kill() { run?.kill() }

    /// Takes in what is known about the node itself.
    ///
    /// - Parameter isGood: Whether it is as it should be.
    func setFact(isGood: Bool) {
        guard fact != isGood else { return }
        fact = isGood
        recordFact()
    }

    /// Goes on where another tracker of the same script has come to.
    func adopt(_ other: ScriptTracker) {
        guard other.record.verdict != .unknown else { return }
        record.assume(other.record.verdict)
        lastResult = other.lastResult
        lastOutput = other.lastOutput
        lastRunTime = other.lastRunTime
    }

    /// Counts as another tracker's verdict, or as good, until the first result.
    ///
    /// - Parameter other: What was tracked under this name before with another source, if anything.
    func assume(_ other: ScriptTracker?) {
        guard !settings.startsFailed else { return }
        let verdict = other?.record.verdict ?? .unknown
        record.assumeUntilFirstResult(verdict == .unknown ? .good : verdict)
    }

    private func start(at due: MonotonicInstant) {
        // From the planned start, so that the interval does not stretch by each run's delay.
        let next = max(due + settings.interval, .now)
        nextStart = loop.schedule(at: next) { [weak self] in self?.start(at: next) }
        switch settings.source {
        case .fact: recordFact()
        case .command(let arguments): startProgram(arguments)
        }
    }

    private func startProgram(_ arguments: [String]) {
        guard run == nil else {
            if isOverdue { take(.timedOut) }
            return
        }
        isOverdue = false
        startedAt = .now
        run = ProgramRun(
            arguments: arguments, limit: settings.timeout ?? settings.interval, keeping: .last,
            loop: loop,
            onResult: { [weak self] result, output in self?.finish(result, output) },
            onEnd: { [weak self] in self?.run = nil })
    }

    private func finish(_ result: ProgramRun.Result, _ output: String) {
        // A run that is being ended says nothing about what it was to test.
        guard nextStart != nil else { return }
        lastOutput = output
        lastRunTime = startedAt.map { .now - $0 }
        let scriptResult = ScriptResult(result)
        isOverdue = scriptResult == .timedOut
        take(scriptResult)
    }

    private func recordFact() {
        guard let fact, nextStart != nil else { return }
        take(.fact(isGood: fact))
    }

    private func take(_ result: ScriptResult) {
        let previous = lastResult
        lastResult = result
        let change = record.record(result.outcome)
        onResult(self, Step(result: result, previous: previous, change: change))
    }
}

extension ScriptTracker {
    /// What a status display shows of this script.
    var snapshot: ScriptSnapshot {
        ScriptSnapshot(
            settings: settings, verdict: record.verdict, lastResult: lastResult,
            lastOutput: lastOutput, lastRunTime: lastRunTime, isRunning: isRunning)
    }
}

/// How one run of a tracked script came out.
public enum ScriptResult: Hashable, Sendable {
    /// It returned a status; 0 is good.
    case exited(status: Int32)
    /// A signal ended it.
    case signalled(Int32)
    /// It was still running at its time limit.
    case timedOut
    /// It could not be started.
    case notStarted(SystemError)
    /// What the program itself knows about the node.
    case fact(isGood: Bool)

    /// What it says to the record.
    var outcome: TrackerRecord.Outcome {
        switch self {
        case .exited(status: 0), .fact(isGood: true): .success
        case .exited, .signalled, .timedOut, .notStarted, .fact: .failure
        }
    }
}

extension ScriptResult {
    /// How a run came out.
    init(_ result: ProgramRun.Result) {
        self =
            switch result {
            case .ended(.exited(let status)): .exited(status: status)
            case .ended(.signalled(let number)): .signalled(number)
            case .timedOut: .timedOut
            case .notStarted(let error): .notStarted(error)
            }
    }
}
