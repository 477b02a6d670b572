#if Probes
import NIOCore
import Synchronization

/// The checks of one target, one at a time.
///
/// Everything that starts or ends a check runs on `eventLoop`; the lock is for those who look
/// from outside, so it is all but never waited for.
final class TargetCheck: Sendable {
    let id: String
    let generation: Int
    private let eventLoop: any EventLoop
    private let onReport: @Sendable (CheckReport) -> Void
    private let state: Mutex<State>

    struct State {
        /// How to check, from the next check on.
        var target: CheckTarget
        /// Where the checks go now.
        var address: SocketAddress
        var record: HealthRecord
        var lastOutcome: ProbeOutcome?
        var lastDuration: Duration?
        var failedChecks = 0
        var downTransitions = 0
        var changedAt = NIODeadline.now()
        var earlierDowntime = Duration.zero
        /// When the running check began; `nil` between checks.
        var startedAt: NIODeadline?
        /// When the running check was due.
        ///
        /// The next ones follow from it and not from when it began, or the checks that a pause of
        /// this host threw together would stay together.
        var dueAt = NIODeadline.now()
        var watch = LoopWatch(from: .now(), timeout: .zero)
        var watchTask: Scheduled<Void>?
        /// Counts checks, so that a result which comes after its time limit finds that out.
        var checkNumber = 0
        var next: Scheduled<Void>?
        var nextDue = NIODeadline.distantFuture
        /// Tells the check that is due next from one that it took the place of.
        var scheduleNumber = 0
        var isStarted = false
        var isStopped = false
        var isPaused = false
        var observation: TrafficObservation?
        var agent: AgentReport?
        /// What share the check asked for.
        var weight: Int?
        /// When the agent or the check last asked for another one.
        var weightSaidAt = NIODeadline.uptimeNanoseconds(0)
        /// When the agent last asked for another limit of connections.
        var limitSaidAt = NIODeadline.uptimeNanoseconds(0)
        var wishesNoClients = false
        /// Whether the last result said something new.
        var isNews = false
        /// Checks in a row that could not be carried out.
        var notRunCount = 0
    }

    /// What is checked, and how.
    var target: CheckTarget { state.withLock { $0.target } }

    init(
        _ target: CheckTarget, generation: Int, on eventLoop: any EventLoop,
        onReport: @escaping @Sendable (CheckReport) -> Void
    ) {
        id = target.id
        self.generation = generation
        self.eventLoop = eventLoop
        self.onReport = onReport
        let record = HealthRecord(
            rise: target.rise, fall: target.fall,
            initialState: target.memory.map { $0.isUp ? .fullyUp : .fullyDown }
                ?? target.initialState)
        var state = State(target: target, record: record, memory: target.memory)
        state.observation = target.observation
        self.state = Mutex(state)
    }

    /// Goes on under other settings, with state and counts, and with the check that is due next.
    ///
    /// A check that is under way ends as it was begun. Only where the interval is shorter now, the next
    /// one comes sooner: otherwise reloads that follow each other would put it off again and again.
    func adopt(_ target: CheckTarget) {
        eventLoop.execute {
            let now = NIODeadline.now()
            let sooner: NIODeadline? = self.state.withLock { state in
                state.record = state.record.adopting(rise: target.rise, fall: target.fall)
                if state.target.observation != target.observation {
                    state.observation = target.observation
                }
                state.target = target
                let latest = now + TimeAmount(target.interval(in: state.record))
                guard state.isStarted, !state.isStopped, state.startedAt == nil,
                    latest < state.nextDue
                else { return nil }
                state.next?.cancel()
                state.next = nil
                return latest
            }
            if let sooner { self.schedule(at: sooner, thenAfter: nil) }
        }
    }

    /// Sets the first check, and the distance of the second, which spreads all later rounds.
    func start(after delay: Duration, second: Duration) {
        state.withLock { $0.isStarted = true }
        schedule(at: .now() + TimeAmount(delay), thenAfter: second)
    }

    /// Starts no further check.
    ///
    /// One that is under way ends unheard, within its time limit.
    func stop() {
        state.withLock {
            $0.isStopped = true
            $0.next?.cancel()
            $0.next = nil
            $0.watchTask?.cancel()
            $0.watchTask = nil
        }
    }

    func report(transition: HealthTransition? = nil) -> CheckReport {
        state.withLock { $0.report(of: self, transition: transition) }
    }

    /// Takes in how a connection of a client ended; from any thread.
    func noteConnection(succeeded: Bool) {
        guard target.observation != nil else { return }
        eventLoop.execute { self.observe(succeeded: succeeded) }
    }

    private func observe(succeeded: Bool) {
        let now = NIODeadline.now()
        let target = target
        let outcome: (report: CheckReport?, isIdle: Bool)? = state.withLock { state in
            guard !state.isStopped,
                let reaction = state.observation?.record(connected: succeeded)
            else { return nil }
            let transition = state.react(
                to: reaction, errorCount: target.observation?.errorLimit ?? 0, at: now)
            let isReported = transition != nil || target.reportsEveryResult
            let report = isReported ? state.report(of: self, transition: transition) : nil
            return (report, state.startedAt == nil)
        }
        guard let outcome else { return }
        if let report = outcome.report { onReport(report) }
        // Whatever the reaction, the next check comes sooner.
        let sooner = now + TimeAmount(target.fastInterval ?? target.interval)
        let isSooner = state.withLock { state in
            guard outcome.isIdle, sooner < state.nextDue else { return false }
            state.next?.cancel()
            state.next = nil
            return true
        }
        if isSooner { schedule(at: sooner, thenAfter: nil) }
    }

    /// Whether checks are left out for a while; those under way end, and the next one after a pause
    /// comes at once.
    func setPaused(_ isPaused: Bool) {
        let wasPaused = state.withLock { state in
            defer { state.isPaused = isPaused }
            return state.isPaused
        }
        guard wasPaused, !isPaused else { return }
        eventLoop.execute { self.checkNow(where: { $0.startedAt == nil }) }
    }

    /// Where the checks go from now on; the next one comes at once, and one that is under way asks
    /// the wrong address and is not heard.
    func setAddress(_ address: SocketAddress) {
        eventLoop.execute {
            self.checkNow { state in
                guard state.address != address else { return false }
                state.address = address
                state.checkNumber += 1
                state.startedAt = nil
                state.watchTask?.cancel()
                state.watchTask = nil
                return true
            }
        }
    }

    private func checkNow(where isWanted: (inout State) -> Bool) {
        let isDue = state.withLock { state in
            guard isWanted(&state), state.isStarted, !state.isStopped else { return false }
            state.next?.cancel()
            state.next = nil
            return true
        }
        if isDue { schedule(at: .now(), thenAfter: nil) }
    }

    private func schedule(at due: NIODeadline, thenAfter following: Duration?) {
        let begin = Self.batch(of: due, every: target.interval, at: .now())
        let number = state.withLock {
            $0.scheduleNumber += 1
            return $0.scheduleNumber
        }
        let next = eventLoop.scheduleTask(deadline: begin) {
            // NIO runs a task that was due as well when another one cancelled it.
            guard self.state.withLock({ $0.scheduleNumber == number }) else { return }
            self.check(dueAt: due, thenAfter: following)
        }
        let isStopped = state.withLock {
            $0.next = next
            $0.nextDue = due
            return $0.isStopped
        }
        if isStopped { next.cancel() }
    }

    private func check(dueAt due: NIODeadline, thenAfter following: Duration?) {
        let now = NIODeadline.now()
        let target = target
        let timeout = TimeAmount(target.probeTimeout)
        let begun: (number: Int, address: SocketAddress)? = state.withLock {
            guard !$0.isStopped, !$0.isPaused else { return nil }
            $0.startedAt = now
            $0.dueAt = due
            $0.watch = LoopWatch(from: now, timeout: timeout + Self.grace)
            $0.checkNumber += 1
            return ($0.checkNumber, $0.address)
        }
        guard let (number, address) = begun else {
            // Looks again; a check that was stopped is never scheduled.
            return schedule(at: now + TimeAmount(target.interval), thenAfter: following)
        }
        target.probe.probe(address, timeout: timeout, on: eventLoop)
            .hop(to: eventLoop)
            .whenComplete { result in
                let outcome: ProbeOutcome
                switch result {
                case .success(let said): outcome = said
                case .failure(let error): outcome = .notRun(reason: "\(error)")
                }
                self.finish(number, with: outcome, thenAfter: following)
            }
        // A probe that forgets its time limit must not hold up the checks of its target; others say
        // what they waited for before. Many have ended by now.
        let isUnderWay = state.withLock { $0.checkNumber == number && $0.startedAt != nil }
        guard isUnderWay else { return }
        watch(number, until: now + timeout + Self.grace, thenAfter: following)
    }

    /// Time for a probe to end by itself; what it says then counts.
    private static let grace = TimeAmount.milliseconds(20)

    private func watch(_ number: Int, until limit: NIODeadline, thenAfter following: Duration?) {
        let due = state.withLock { $0.watch.nextDue }
        let task = eventLoop.scheduleTask(deadline: due) {
            let now = NIODeadline.now()
            guard now < limit else {
                return self.finish(number, with: .timedOut, thenAfter: following)
            }
            let goesOn = self.state.withLock { state in
                state.watch.looked(at: now)
                return state.checkNumber == number && state.startedAt != nil && !state.isStopped
            }
            if goesOn { self.watch(number, until: limit, thenAfter: following) }
        }
        state.withLock { $0.watchTask = task }
    }

    private func finish(
        _ number: Int, with outcome: ProbeOutcome, thenAfter following: Duration?
    ) {
        let now = NIODeadline.now()
        let ended: (report: CheckReport?, due: NIODeadline)? = state.withLock { state in
            guard state.checkNumber == number, let startedAt = state.startedAt, !state.isStopped
            else { return nil }
            state.watchTask?.cancel()
            state.watchTask = nil
            let outcome = state.watch.fair(outcome, at: now)
            let transition = state.take(outcome, after: Duration(now - startedAt), at: now)
            let target = state.target
            let usual = target.interval(in: state.record)
            // The first interval has another length, which spreads the rounds; never a longer one
            // than the state asks for.
            let interval = TimeAmount(following.map { min($0, usual) } ?? usual)
            let due = Self.turn(after: state.dueAt, every: interval, at: now)
            let isReported =
                transition != nil || target.reportsEveryResult || state.cannotRun
            let report = isReported ? state.report(of: self, transition: transition) : nil
            return (report, due)
        }
        guard let ended else { return }
        if let report = ended.report { onReport(report) }
        schedule(at: ended.due, thenAfter: nil)
    }
}

extension TargetCheck {
    /// The next turn, which may just have passed; turns that were missed as a whole are left out.
    static func turn(
        after due: NIODeadline, every interval: TimeAmount, at now: NIODeadline
    ) -> NIODeadline {
        let length = max(interval.nanoseconds, 1)
        let missed = max((now - due).nanoseconds / length, 1)
        return due + .nanoseconds(missed * length)
    }

    /// When the batch begins that a check goes with: to wake for each of 2,000 targets takes the loop
    /// as long as to check them.
    ///
    /// A batch is what is due within a 400th of the interval, 5 ms at most. What is due already waits
    /// for no other.
    static func batch(
        of due: NIODeadline, every interval: Duration, at now: NIODeadline
    ) -> NIODeadline {
        guard due > now else { return due }
        let length = UInt64(max(min(TimeAmount(interval).nanoseconds / 400, 5_000_000), 1))
        return .uptimeNanoseconds(
            (due.uptimeNanoseconds + length - 1) / length * length)
    }
}
#endif
