#if Program
internal import Failover
internal import NodeConfiguration

/// What a reload would change, as lines for people: `lbctl reload --dry-run`.
struct ReloadPlan {
    private(set) var lines: [String] = []

    /// Compares the model in force with the one that the files hold now.
    ///
    /// - Parameters:
    ///   - old: The model in force.
    ///   - new: The one that the files hold now.
    ///   - election: What the election makes of it.
    init(from old: Model, to new: Model, election: FailoverPlan) {
        lines += election.steps.map(\.description)
        compare("frontend", old.frontends, new.frontends, by: \.name)
        compareBackends(old.backends, new.backends)
        compare("statistics page", old.statisticsPages, new.statisticsPages, by: \.name)
        if old.balancing != new.balancing {
            lines.append(
                "balancer: a new process takes over the listening sockets; connections of the old"
                    + " one go on to their end")
        }
        if old.global.process != new.global.process {
            lines.append("process: how it is scheduled changes at the next start")
        }
        if old.global.dumps != new.global.dumps {
            lines.append("signals: what they ask for is left elsewhere")
        }
        if lines.isEmpty { lines = ["nothing changes"] }
    }

    private mutating func compareBackends(_ old: [Backend], _ new: [Backend]) {
        compare("backend", old.map(\.withoutServers), new.map(\.withoutServers), by: \.name)
        for backend in new {
            guard let previous = old.first(where: { $0.name == backend.name }) else { continue }
            compare("server", previous.servers, backend.servers) { "\(backend.name)/\($0.name)" }
        }
    }

    private mutating func compare<Part: Equatable>(
        _ kind: String, _ old: [Part], _ new: [Part], by name: (Part) -> String
    ) {
        for part in old where !new.contains(where: { name($0) == name(part) }) {
            lines.append("\(kind) \(name(part)): removed")
        }
        for part in new where !old.contains(part) {
            let isKnown = old.contains { name($0) == name(part) }
            lines.append("\(kind) \(name(part)): \(isKnown ? "changed" : "added")")
        }
    }
}

extension Backend {
    fileprivate var withoutServers: Backend {
        var backend = self
        backend.servers = []
        return backend
    }
}
#endif
