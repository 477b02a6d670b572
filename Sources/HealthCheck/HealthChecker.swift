#if Probes
public import NIOCore
public import NIOPosix
import Synchronization

/// Checks a set of targets again and again, and says when one goes up or down.
///
/// ```swift
/// let web = try CheckTarget(id: "web/a", ipAddress: "10.0.0.8", port: 80)
/// let checker = HealthChecker(targets: [web]) { report in
///     pool.setServer(report.id, usable: report.isUp)
/// }
/// checker.start()
/// ```
/// Who waits for reports in a task has `onReport` yield them to an `AsyncStream`.
///
/// All methods may be called from any thread. The first checks start within 50 ms, or 0.4 ms per
/// target where they are many, so that a pool is usable at once; later ones are spread over the
/// interval.
public final class HealthChecker: Sendable {
    private let group: any EventLoopGroup
    private let onReport: @Sendable (CheckReport) -> Void
    private let state: Mutex<State>

    private struct State {
        /// In the order that the targets were given in.
        var checks: [TargetCheck] = []
        var checksByID: [String: TargetCheck] = [:]
        /// Those of ``checks`` that do not run yet.
        var held: [TargetCheck] = []
        var isRunning = false
        /// Of the check that was set up last.
        var generation = 0

        /// Those that are to run from now on.
        mutating func release() -> [TargetCheck] {
            guard isRunning else { return [] }
            defer { held = [] }
            return held
        }
    }

    /// Makes a checker that does not check yet.
    ///
    /// - Parameters:
    ///   - group: The event loops that checks run on; one loop is enough for 2,000 targets.
    ///   - targets: What to check; of two with the same `id` the first counts.
    ///   - onReport: Called for each target that goes up or down, for each first result of one
    ///     that waited for it, and for each result of those that ask for it. Runs on an event
    ///     loop, for one target in order; must not block.
    public init(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        targets: [CheckTarget], onReport: @escaping @Sendable (CheckReport) -> Void
    ) {
        self.group = group
        self.onReport = onReport
        state = Mutex(State())
        update(targets: targets)
    }

    deinit { stop() }

    /// Starts checking; does nothing when it runs already.
    public func start() {
        let held = state.withLock {
            $0.isRunning = true
            return $0.release()
        }
        Self.start(held)
    }

    /// Starts what ``update(targets:where:holdsNew:)`` held back; does nothing before ``start()``.
    public func startHeld() { Self.start(state.withLock { $0.release() }) }

    /// Stops checking for good.
    ///
    /// Checks that are under way end unheard within their time limit.
    public func stop() {
        let running = state.withLock { state in
            state.isRunning = false
            defer { (state.checks, state.checksByID, state.held) = ([], [:], []) }
            return state.checks
        }
        for check in running { check.stop() }
    }

    /// Replaces the targets, as after a reload.
    ///
    /// A target with the `id` and the address of an earlier one keeps state and counts: what is
    /// known to be down is not used again before it passed its checks.
    ///
    /// - Parameters:
    ///   - targets: What to check from now on.
    ///   - isOther: Whether the target of that name is another one than before, also where its address
    ///     is the same.
    ///   - holdsNew: Whether those that are new wait for ``startHeld()``, so that they can be paused first.
    public func update(
        targets: [CheckTarget], where isOther: (_ id: String) -> Bool = { _ in false },
        holdsNew: Bool = false
    ) {
        let added: [TargetCheck] = state.withLock { state in
            var earlier = state.checksByID
            var seen: Set<String> = []
            state.checks = targets.filter { seen.insert($0.id).inserted }.map { target in
                if let same = earlier[target.id], same.target.address == target.address,
                    !isOther(target.id)
                {
                    earlier[target.id] = nil
                    same.adopt(target)
                    if let present = target.presentAddress { same.setAddress(present) }
                    return same
                }
                state.generation += 1
                let check = TargetCheck(
                    target, generation: state.generation, on: group.next(), onReport: onReport)
                state.held.append(check)
                return check
            }
            // One that was held back still does nothing once it is started.
            for gone in earlier.values { gone.stop() }
            state.checksByID = Dictionary(
                state.checks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            return holdsNew ? [] : state.release()
        }
        Self.start(added)
    }

    /// Takes in how a connection of a client to a target ended: haproxy's `observe layer4`.
    ///
    /// Does nothing for a target without an observation. May be called from any thread, and waits
    /// for nobody.
    ///
    /// - Parameters:
    ///   - id: The target.
    ///   - succeeded: Whether the connection was made.
    public func noteConnection(to id: String, succeeded: Bool) {
        state.withLock { $0.checksByID[id] }?.noteConnection(succeeded: succeeded)
    }

    /// Has a target asked elsewhere from now on, and at once.
    ///
    /// What is known of it stays: the next checks say whether that is still so.
    ///
    /// - Parameters:
    ///   - id: The target.
    ///   - address: Where to ask.
    public func setAddress(_ id: String, _ address: SocketAddress) {
        state.withLock { $0.checksByID[id] }?.setAddress(address)
    }

    /// Leaves a target alone for a while, or checks it again.
    ///
    /// - Parameters:
    ///   - id: The target.
    ///   - isPaused: Whether it is left alone.
    public func setPaused(_ id: String, _ isPaused: Bool) {
        state.withLock { $0.checksByID[id] }?.setPaused(isPaused)
    }

    /// Whether a report is of a check that goes on, and not of one in whose place another target of
    /// that name is checked by now: what was on its way when the targets were replaced.
    ///
    /// - Parameter report: What was reported.
    /// - Returns: Whether it holds for the target that has its name now.
    public func isInForce(_ report: CheckReport) -> Bool {
        state.withLock { $0.checksByID[report.id] }?.generation == report.generation
    }

    /// What is known about one target now; `nil`: there is none of that name.
    ///
    /// - Parameter id: The target.
    /// - Returns: The report.
    public func report(of id: String) -> CheckReport? {
        state.withLock { $0.checksByID[id] }?.report()
    }

    /// What is known about each target now, in the order that they were given in.
    public func snapshot() -> [CheckReport] {
        state.withLock { $0.checks }.map { $0.report() }
    }

    /// Spreads the checks over their interval, after a first round that is sooner.
    private static func start(_ checks: [TargetCheck]) {
        for (position, check) in checks.enumerated() {
            let spread = CheckSpread(
                position: position, count: checks.count, interval: check.target.interval)
            check.start(after: spread.first, second: spread.second)
        }
    }
}
#endif
