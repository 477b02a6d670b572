import LinuxIO
import VRRPTestKit

/// Elections on simulated LANs with faults, and what the observers say of them.
struct Simulation {
    let report: Report
    /// Virtual hours in all.
    let hours: Int
    /// The seed of the first run; the others follow it.
    let seed: UInt64

    /// Runs until the hours are over.
    ///
    /// - Throws: ``Disagreement`` with the seed of the run in which an observer found something.
    func run() throws {
        let began = MonotonicInstant.now
        var simulated = 0
        var next = seed
        var transitions: UInt64 = 0
        while simulated < hours {
            let span = min(Self.hoursOfARun, hours - simulated)
            var scenario = FaultScenario(seed: next, pace: .slow)
            if let wrong = scenario.run(for: .seconds(span * 3600)) {
                throw Disagreement(seed: next, text: wrong)
            }
            transitions += scenario.lan.nodes.reduce(0) { $0 + UInt64($1.transitionCount) }
            simulated += span
            next += 1
        }
        let elapsed = Double(MonotonicInstant.now.nanoseconds - began.nanoseconds) / 1e9
        report.add(
            "simulation: elections with faults, seeds \(seed) to \(next - 1)",
            [
                Row(
                    benchmark: "simulation", work: "\(simulated) hours, every observer content",
                    summaries: [
                        Summary("hours", "1/s", [Double(simulated) / elapsed]),
                        Summary("changes of state", "", [Double(transitions)]),
                    ], check: transitions)
            ])
    }

    private static let hoursOfARun = 40
}

/// What an observer found wrong.
struct Disagreement: Error, CustomStringConvertible {
    let seed: UInt64
    let text: String
    var description: String { "simulation: run of seed \(seed): \(text)" }
}
