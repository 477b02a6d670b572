internal import VRRPCore

/// What a new configuration changes in the election: the difference of two configurations.
///
/// ``FailoverNode/reconfigure(_:)`` carries out exactly this, from this very value: what is said and
/// what is done are one derivation.
public struct FailoverPlan: Hashable, Sendable {
    /// What becomes of something.
    public enum Change: Hashable, Sendable {
        /// It is new.
        case added
        /// It is no more.
        case removed
        /// It stops and starts anew.
        case restarted(because: String)
        /// It goes on with other settings; each as words.
        case changed([String])
    }
    /// One thing that does not stay as it is.
    public struct Step: Hashable, Sendable {
        /// `virtual router VI_1`, `script chk_haproxy`.
        public var subject: String
        /// What becomes of it.
        public var change: Change
    }

    /// What changes; empty: nothing.
    public private(set) var steps: [Step] = []

    /// The running virtual router that each of the new configuration goes on from.
    let predecessors: [RouterKey: RouterKey]
    /// The running virtual routers that end.
    private(set) var endings: [RouterKey: Change] = [:]
    /// The members of groups that can't go on as they are: they move by themselves meanwhile.
    private(set) var disbanded: Set<[RouterKey]> = []
    let scripts: NamedDifference<ScriptSettings>
    let files: NamedDifference<TrackedFileSettings>
    let processes: NamedDifference<TrackedProcessSettings>

    /// What it takes to begin with a configuration where there is none.
    ///
    /// - Parameter configuration: The one to come.
    public init(starting configuration: FailoverConfiguration) {
        self.init(from: FailoverConfiguration(), to: configuration)
    }

    /// Compares two configurations.
    ///
    /// - Parameters:
    ///   - old: The one in force.
    ///   - new: The one to come.
    ///   - source: The address that a running virtual router sends from; `nil`: it does not yet.
    ///   - nextSource: The one that it would send from; `nil`: its interface has none now.
    init(
        from old: FailoverConfiguration, to new: FailoverConfiguration,
        source: (RouterSettings) -> IPAddress? = { $0.sourceAddress },
        nextSource: (RouterSettings) -> IPAddress? = { $0.sourceAddress }
    ) {
        scripts = NamedDifference(from: old.scripts, to: new.scripts)
        files = NamedDifference(from: old.files, to: new.files)
        processes = NamedDifference(from: old.processes, to: new.processes)
        predecessors = Self.predecessors(of: new.routers, among: old.routers)
        let before = Dictionary(old.routers.map { (RouterKey($0), $0) }) { first, _ in first }
        let kept = Set(predecessors.values)
        for router in old.routers where !kept.contains(RouterKey(router)) {
            end(router, .removed, running: RouterKey(router))
        }
        compareGroups(old.syncGroups, new.syncGroups)
        add("script", scripts)
        add("tracked file", files)
        add("tracked process", processes)
        for router in new.routers {
            guard let key = predecessors[RouterKey(router)], let previous = before[key] else {
                add(router, .added)
                continue
            }
            guard router != previous else { continue }
            let sources = (source(previous), nextSource(router))
            if let reason = router.reasonToRestart(previous, sources) {
                end(router, .restarted(because: reason), running: key)
            } else {
                add(router, .changed(router.differences(from: previous)))
            }
        }
        compareNode(old, new)
        // Nothing may change in silence.
        if steps.isEmpty, old != new { add("election", .changed(["settings"])) }
        let goOn = Set(new.compositions.map { $0.members.map { predecessors[$0] ?? $0 } })
        for (members, _) in old.compositions where members.count > 1 {
            if !goOn.contains(members) || members.contains(where: { endings[$0] != nil }) {
                disbanded.insert(members)
            }
        }
    }

    private mutating func add(_ subject: String, _ change: Change) {
        steps.append(Step(subject: subject, change: change))
    }

    private mutating func add(_ router: RouterSettings, _ change: Change) {
        add("virtual router \(router.name)", change)
    }

    private mutating func end(
        _ router: RouterSettings, _ change: Change, running key: RouterKey
    ) {
        endings[key] = change
        add(router, change)
    }

    /// Finds each virtual router again: by what tells it from others on the wire, or, where there is
    /// none such, as the only one of its interface, family and VRID, which travels otherwise now.
    private static func predecessors(
        of new: [RouterSettings], among old: [RouterSettings]
    ) -> [RouterKey: RouterKey] {
        let (newKeys, oldKeys) = (new.map(RouterKey.init), Set(old.map(RouterKey.init)))
        var predecessors: [RouterKey: RouterKey] = [:]
        for key in newKeys where oldKeys.contains(key) { predecessors[key] = key }
        let left = oldKeys.subtracting(newKeys)
        for key in newKeys where predecessors[key] == nil {
            let candidates = left.filter { $0.name == key.name }
            let rivals = newKeys.filter { $0.name == key.name && predecessors[$0] == nil }
            guard candidates.count == 1, rivals.count == 1 else { continue }
            predecessors[key] = candidates.first
        }
        return predecessors
    }

    private mutating func add<Part>(_ kind: String, _ difference: NamedDifference<Part>) {
        for name in difference.gone { add("\(kind) \(name)", .removed) }
        for part in difference.begun {
            let isKnown = difference.replaced.contains(part.name)
            add("\(kind) \(part.name)", isKnown ? .changed(["settings"]) : .added)
        }
    }

    private mutating func compareGroups(_ old: [SyncGroupSettings], _ new: [SyncGroupSettings]) {
        let difference = NamedDifference(from: old, to: new)
        for name in difference.gone { add("sync group \(name)", .removed) }
        for group in difference.begun {
            let previous = old.first { $0.name == group.name }
            add(
                "sync group \(group.name)",
                previous.map { .changed(group.differences(from: $0)) } ?? .added)
        }
    }

    /// What belongs to no part with a name.
    private mutating func compareNode(
        _ old: FailoverConfiguration, _ new: FailoverConfiguration
    ) {
        add("named pipe", NamedDifference(from: old.notificationFIFOs, to: new.notificationFIFOs))
        var words: [String] = []
        if old.mail != new.mail { words.append("how mail is sent") }
        if old.tellsStatesOnReload != new.tellsStatesOnReload {
            words.append("what named pipes are told on a reload")
        }
        if old.tellsUnknownVRIDs != new.tellsUnknownVRIDs {
            let tells = new.tellsUnknownVRIDs
            words.append("unknown VRIDs are \(tells ? "logged" : "not logged any more")")
        }
        if old.announcementSpacing != new.announcementSpacing {
            words.append("time between announcements")
        }
        if old.linkDelays != new.linkDelays { words.append("delays of interfaces") }
        if (old.startupDelay, old.delayAfterBoot) != (new.startupDelay, new.delayAfterBoot) {
            words.append("the delay at the start, from the next start on")
        }
        if !words.isEmpty { add("election", .changed(words)) }
    }
}

/// Something that is recognised by its name in another configuration.
protocol Named: Hashable, Sendable {
    var name: String { get }
}

extension ScriptSettings: Named {}
extension TrackedFileSettings: Named {}
extension TrackedProcessSettings: Named {}
extension SyncGroupSettings: Named {}

/// What becomes of things of one kind.
struct NamedDifference<Part: Named>: Hashable, Sendable {
    /// The names of those that are no more.
    let gone: [String]
    /// Those that begin, new or with other settings, in their order.
    let begun: [Part]
    /// The names of those among them that were there, with other settings.
    let replaced: Set<String>

    init(from old: [Part], to new: [Part]) {
        let names = Set(new.map(\.name))
        gone = old.map(\.name).filter { !names.contains($0) }
        begun = new.filter { !old.contains($0) }
        replaced = Set(begun.map(\.name)).intersection(old.map(\.name))
    }

    /// Takes what ends out of a table.
    ///
    /// - Parameter table: What there is, by name.
    /// - Returns: What there was, by name.
    func removed<Value>(from table: inout [String: Value]) -> [String: Value] {
        let ended = replaced.union(gone)
        defer { table = table.filter { !ended.contains($0.key) } }
        return table.filter { ended.contains($0.key) }
    }
}

extension FailoverPlan.Step: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch change {
        case .added: "\(subject): added"
        case .removed: "\(subject): removed"
        case .restarted(let reason): "\(subject): resigns and starts anew: \(reason)"
        case .changed(let words): "\(subject): changed in place: \(words.joined(separator: ", "))"
        }
    }
}
