#if Program
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
/// All methods may be called from any thread. The first checks start within 50 ms, or 0.3 ms per
/// target where they are many, so that a pool is usable at once; later ones are spread over the
/// interval.
public final class HealthChecker: Sendable {
    private let group: any EventLoopGroup
    private let onTransition: @Sendable (CheckReport) -> Void
    private let state: Mutex<State>

    private struct State {
        /// In the order that the targets were given in.
        var checks: [TargetCheck] = []
        var isRunning = false
    }

    /// Makes a checker that does not check yet.
    ///
    /// - Parameters:
    ///   - group: The event loops that checks run on; one loop is enough for 2,000 targets.
    ///   - targets: What to check; of two with the same `id` the first counts.
    ///   - onTransition: Called for each target that goes up or down, and for each first result
    ///     of one that waited for it. Runs on an event loop, for one target in order; must not
    ///     block.
    public init(
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        targets: [CheckTarget], onTransition: @escaping @Sendable (CheckReport) -> Void
    ) {
        self.group = group
        self.onTransition = onTransition
        state = Mutex(State())
        update(targets: targets)
    }

    deinit { stop() }

    /// Starts checking; does nothing when it runs already.
    public func start() {
        let idle: [TargetCheck] = state.withLock {
            guard !$0.isRunning else { return [] }
            $0.isRunning = true
            return $0.checks
        }
        Self.start(idle, isFirstRound: true)
    }

    /// Stops checking for good.
    ///
    /// Checks that are under way end unheard within their time limit.
    public func stop() {
        let running = state.withLock { state in
            state.isRunning = false
            defer { state.checks = [] }
            return state.checks
        }
        for check in running { check.stop() }
    }

    /// Replaces the targets, as after a reload.
    ///
    /// A target with the `id` and the address of an earlier one keeps state and counts: what is
    /// known to be down is not used again before it passed its checks.
    ///
    /// - Parameter targets: What to check from now on.
    public func update(targets: [CheckTarget]) {
        let (added, kept) = state.withLock { state in
            let earlier = Dictionary(
                state.checks.map { ($0.target.id, $0) }, uniquingKeysWith: { first, _ in first }
            )
            for check in state.checks { check.stop() }
            var added: [TargetCheck] = []
            var kept: [TargetCheck] = []
            var seen: Set<String> = []
            state.checks = targets.filter { seen.insert($0.id).inserted }.map { target in
                let candidate = earlier[target.id]
                let same = candidate?.target.address == target.address ? candidate : nil
                let check = TargetCheck(
                    target, on: group.next(), adopting: same, onTransition: onTransition)
                if same == nil { added.append(check) } else { kept.append(check) }
                return check
            }
            return state.isRunning ? (added, kept) : ([], [])
        }
        Self.start(added, isFirstRound: true)
        Self.start(kept, isFirstRound: false)
    }

    /// What is known about each target now, in the order that they were given in.
    public func snapshot() -> [CheckReport] {
        state.withLock { $0.checks }.map { $0.report() }
    }

    /// Spreads the checks: all over their interval; new ones after a first round that is sooner.
    private static func start(_ checks: [TargetCheck], isFirstRound: Bool) {
        for (position, check) in checks.enumerated() {
            let spread = CheckSpread(
                position: position, count: checks.count, interval: check.target.interval)
            if isFirstRound {
                check.start(after: spread.first, second: spread.second)
            } else {
                check.start(after: spread.phase, second: check.target.interval)
            }
        }
    }
}
#endif
