#if Program
internal import Failover

/// What a reload has changed, by name, in one line for the log and for who asked for it.
struct ReloadSummary: CustomStringConvertible {
    private var subjects: [(what: String, names: [String])] = [
        ("added", []), ("removed", []), ("restarted", []), ("changed", []),
    ]

    /// - Parameters:
    ///   - election: What changed in the election.
    ///   - balancer: What changed in the balancer.
    init(_ election: [FailoverPlan.Step], _ balancer: [ReloadPlan.Step]) {
        for step in election {
            switch step.change {
            case .added: note("added", step.subject)
            case .removed: note("removed", step.subject)
            case .restarted: note("restarted", step.subject)
            case .changed: note("changed", step.subject)
            }
        }
        for step in balancer { note(step.fate.rawValue, step.subject) }
    }

    private mutating func note(_ what: String, _ subject: String) {
        for index in subjects.indices where subjects[index].what == what {
            subjects[index].names.append(subject)
        }
    }

    /// `configuration in force; added: server web/b, server web/c and 37 more; changed: frontend web`.
    var description: String {
        let parts = subjects.filter { !$0.names.isEmpty }.map { what, names in
            let shown = names.prefix(ReloadSummary.mostNames).map {
                String($0.prefix(ReloadSummary.longestName))
            }
            let rest = names.count - shown.count
            return "\(what): \(shown.joined(separator: ", "))"
                + (rest > 0 ? " and \(rest) more" : "")
        }
        return (["configuration in force"] + (parts.isEmpty ? ["nothing changed"] : parts))
            .joined(separator: "; ")
    }

    private static let mostNames = 5
    private static let longestName = 100
}
#endif
