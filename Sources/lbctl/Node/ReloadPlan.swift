#if Program
internal import NodeConfiguration

/// What a reload would change in the balancer, as lines for people: `lbctl reload --dry-run`.
///
/// The election knows its own part: `FailoverPlan`.
struct ReloadPlan {
    private(set) var lines: [String] = []

    /// Compares the model in force with the one that the files hold now.
    ///
    /// - Parameters:
    ///   - old: The model in force.
    ///   - new: The one that the files hold now.
    init(from old: Model, to new: Model) {
        compare("frontend", old.frontends, new.frontends, by: \.name)
        compareBackends(old.backends, new.backends)
        compare("statistics page", old.statisticsPages, new.statisticsPages, by: \.name)
        compare("peers", old.peers, new.peers, by: \.name)
        if old.balancing != new.balancing {
            lines.append(
                new.canFollow(old)
                    ? "balancer: the running process goes on by it; no connection ends"
                    : "balancer: a new process takes over the listening sockets; connections of the"
                        + " old one go on to their end")
        }
        if old.global.process != new.global.process {
            lines.append("process: how it is scheduled changes at the next start")
        }
        if old.global.dumps != new.global.dumps {
            lines.append("signals: what they ask for is left elsewhere")
        }
    }

    private mutating func compareBackends(_ old: [Backend], _ new: [Backend]) {
        compare("backend", old.map(\.withoutServers), new.map(\.withoutServers), by: \.name)
        let former = Dictionary(old.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for backend in new {
            guard let previous = former[backend.name] else { continue }
            compare("server", previous.servers, backend.servers) { "\(backend.name)/\($0.name)" }
        }
    }

    private mutating func compare<Part: Equatable>(
        _ kind: String, _ old: [Part], _ new: [Part], by name: (Part) -> String
    ) {
        let former = Dictionary(old.map { (name($0), $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(new.map(name))
        for part in old where !names.contains(name(part)) {
            lines.append("\(kind) \(name(part)): removed")
        }
        for part in new {
            switch former[name(part)] {
            case part: break
            case nil: lines.append("\(kind) \(name(part)): added")
            case _?: lines.append("\(kind) \(name(part)): changed")
            }
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
