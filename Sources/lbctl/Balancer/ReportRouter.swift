#if Program
internal import Balancer
internal import HealthCheck
internal import Synchronization

/// Leads reports of checks and agents to the standings in force.
///
/// What comes while another model is put in force waits until it is: no report is heard by standings
/// that nobody asks any more.
final class ReportRouter: Sendable {
    private struct State {
        var standings: ServerStandings?
        var names: ServerNames?
        var remembered: [String: CheckMemory]
    }

    private let state: Mutex<State>
    private let isInForce: @Sendable (CheckReport) -> Bool
    private let remember: @Sendable (String, CheckMemory) -> Void

    /// - Parameters:
    ///   - memories: What was known of targets when they were last heard of.
    ///   - isInForce: Whether the target of a report is still the one that was checked.
    ///   - remember: Called with what is worth remembering, whenever it changed.
    init(
        knowing memories: [String: CheckMemory],
        isInForce: @escaping @Sendable (CheckReport) -> Bool,
        remember: @escaping @Sendable (String, CheckMemory) -> Void
    ) {
        state = Mutex(State(remembered: memories))
        self.isInForce = isInForce
        self.remember = remember
    }

    /// Puts other standings in force; none hears of a report before that is done.
    func change(
        _ body: () throws(PlanError) -> (standings: ServerStandings, names: ServerNames)
    ) throws(PlanError) {
        try state.withLock { state throws(PlanError) in
            let (standings, names) = try body()
            state.standings = standings
            state.names = names
        }
    }

    /// Carries out what concerns the model of these standings, unless another one is in force by now,
    /// whose positions are others.
    func whileInForce(_ standings: ServerStandings, _ body: () -> Void) {
        state.withLock { state in
            if state.standings === standings { body() }
        }
    }

    /// Takes in what a check or an agent reports.
    ///
    /// What waited while a server of that name came to another address is not of this one.
    func take(_ report: CheckReport) {
        let isNews = state.withLock { state in
            guard isInForce(report) else { return false }
            state.standings?.take(report)
            if report.transition == .down { state.names?.suspect(report.id) }
            // Of a server that was never heard of there is nothing to remember.
            guard report.record.isKnown else { return false }
            let last = state.remembered.updateValue(report.memory, forKey: report.id)
            return report.transition != nil || !report.memory.says(theSameAs: last)
        }
        if isNews { remember(report.id, report.memory) }
    }

    /// Takes in what another process, which checks, has heard of targets.
    func take(_ memories: [String: CheckMemory]) {
        state.withLock { state in
            for (id, memory) in memories { state.standings?.learn(id, memory) }
        }
    }
}
#endif
