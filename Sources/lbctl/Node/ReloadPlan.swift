#if Program
internal import NodeConfiguration

/// What a reload changes in the balancer; the election knows its own part: `FailoverPlan`.
struct ReloadPlan: Sendable {
    /// What becomes of a part.
    enum Fate: String, Sendable {
        case added, removed, changed
    }

    /// One part that does not stay as it is.
    struct Step: Hashable, Sendable {
        /// `server`, `listener`.
        let kind: String
        /// `http/web01`; empty: there is one of its kind.
        var name = ""
        let fate: Fate

        /// `server http/web01`.
        var subject: String { name.isEmpty ? kind : "\(kind) \(name)" }
    }

    /// The parts that do not stay as they are.
    private(set) var steps: [Step] = []
    /// How it is put in force.
    private var remarks: [String] = []

    /// Lines for people: `lbctl reload --dry-run`.
    var lines: [String] { steps.map { "\($0.subject): \($0.fate.rawValue)" } + remarks }

    /// Changes nothing.
    init() {}

    /// Compares the model in force with the one that the files hold now.
    ///
    /// - Parameters:
    ///   - old: The model in force.
    ///   - new: The one that the files hold now.
    init(from old: Model, to new: Model) {
        guard old != new else { return }
        let (before, after) = (old.balancing, new.balancing)
        compareFrontends(before.frontends, after.frontends)
        compareBackends(before.backends, after.backends)
        joinSections(before.listenNames.union(after.listenNames))
        compare("statistics page", before.numberless, after.numberless, by: \.name)
        compare("table", before.stickTables, after.stickTables, by: \.name)
        compare("peers", before.peers, after.peers, by: \.name)
        compare("resolvers", before.resolvers, after.resolvers, by: \.name)
        compareFiles(before.authorities, after.authorities)
        compareFiles(before.certificates, after.certificates)
        compareFiles(before.revocationLists, after.revocationLists)
        compareFiles(before.ticketKeys, after.ticketKeys)
        compare("global settings", before.global, after.global)
        compare("hard-stop-after", old.global.hardStopTime, new.global.hardStopTime)
        compare(
            "scheduling, from the next start on", old.global.process, new.global.process)
        compare("where signals leave what they ask for", old.global.dumps, new.global.dumps)
        // Nothing may change in silence.
        if steps.isEmpty {
            compare("order of sections and servers", before, after)
            compare(
                "what servers get that are added at run time", old.serverSurroundings,
                new.serverSurroundings)
        }
        guard before != after else { return }
        remarks.append(
            new.canFollow(old)
                ? "balancer: the running process goes on by it; no connection ends"
                : "balancer: a new process takes over the listening sockets; connections of the"
                    + " old one go on to their end")
    }

    private mutating func compareFrontends(_ old: [Frontend], _ new: [Frontend]) {
        compare("frontend", old.map(\.withoutListeners), new.map(\.withoutListeners), by: \.name)
        let former = Dictionary(old.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for frontend in new {
            guard let previous = former[frontend.name] else { continue }
            compare("listener", previous.listeners, frontend.listeners) {
                "\(frontend.name)/\($0.endpoint)" + ($0.interface.map { " on \($0)" } ?? "")
            }
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

    /// Tells once what becomes of both halves of a `listen` section.
    private mutating func joinSections(_ listenNames: Set<String>) {
        let all = Set(steps)
        steps = steps.compactMap { step in
            let other = step.kind == "frontend" ? "backend" : "frontend"
            guard step.kind == "frontend" || step.kind == "backend",
                listenNames.contains(step.name),
                all.contains(Step(kind: other, name: step.name, fate: step.fate))
            else { return step }
            return step.kind == "backend"
                ? nil : Step(kind: "listen", name: step.name, fate: step.fate)
        }
    }

    private mutating func compareFiles<Content: Equatable>(
        _ old: [String: Content], _ new: [String: Content]
    ) {
        for path in Set(old.keys).union(new.keys).sorted() where old[path] != new[path] {
            let fate: Fate = old[path] == nil ? .added : new[path] == nil ? .removed : .changed
            steps.append(Step(kind: "file", name: path, fate: fate))
        }
    }

    private mutating func compare<Part: Equatable>(_ kind: String, _ old: Part, _ new: Part) {
        if old != new { steps.append(Step(kind: kind, fate: .changed)) }
    }

    private mutating func compare<Part: Equatable>(
        _ kind: String, _ old: [Part], _ new: [Part], by name: (Part) -> String
    ) {
        let former = Dictionary(old.map { (name($0), $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(new.map(name))
        for part in old where !names.contains(name(part)) {
            steps.append(Step(kind: kind, name: name(part), fate: .removed))
        }
        for part in new {
            let previous = former[name(part)]
            guard previous != part else { continue }
            let fate: Fate = previous == nil ? .added : .changed
            steps.append(Step(kind: kind, name: name(part), fate: fate))
        }
    }
}

// Where a section stands among the others is no change of it: one that comes moves all that follow.
extension Model {
    /// The names of `listen` sections.
    fileprivate var listenNames: Set<String> {
        let places = Dictionary(
            backends.map { ($0.name, $0.identity.position) },
            uniquingKeysWith: { first, _ in first })
        return Set(
            frontends.filter { places[$0.name] == $0.identity.position }.map(\.name))
    }

    /// The statistics pages wherever they stand.
    fileprivate var numberless: [StatisticsPage] {
        statisticsPages.map { page in
            var page = page
            page.identity.position = 0
            return page
        }
    }
}

extension Frontend {
    fileprivate var withoutListeners: Frontend {
        var frontend = self
        frontend.listeners = []
        frontend.identity.position = 0
        return frontend
    }
}

extension Backend {
    fileprivate var withoutServers: Backend {
        var backend = self
        backend.servers = []
        backend.identity.position = 0
        return backend
    }
}
#endif
