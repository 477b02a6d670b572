import VRRPCore

/// What becomes of each virtual router when one thing fails, as the files have it: `lbctl check`.
///
/// Each tracked thing and each interface fails by itself while all else is well.
public struct FailureSimulation: Hashable, Sendable {
    /// What follows from one failure.
    public enum Outcome: Hashable, Sendable {
        /// The router stops, and another node takes over.
        case stops
        /// The priority changes, and another node outranks it.
        case loses(priority: Int, against: Int)
        /// The priority changes, and the other node's is not known here.
        case falls(priority: Int)
        /// Nothing moves; `because` says why.
        case stays(priority: Int, because: Reason)
    }

    /// Why nothing moves.
    public enum Reason: Hashable, Sendable {
        /// Other nodes do not preempt, so a lower priority changes nothing (`nopreempt`).
        case nobodyPreempts
        /// It still outranks the other node.
        case outranks(Int)
        /// Both have this priority: the higher address decides.
        case ties
        /// The owner of the addresses keeps its priority.
        case owns
        /// It is not the one that would be Active.
        case wasBackup(Int)
        /// What members of a sync group track with a weight counts for nobody.
        case weightIgnored
        /// A failure of it changes nothing: its weight only adds while it fails, or is reversed.
        case noEffect
    }

    /// One failure of one virtual router.
    public struct Case: Hashable, Sendable {
        /// The virtual router.
        public let router: String
        /// What fails, in words: `script chk_haproxy fails`.
        public let failure: String
        /// What follows.
        public let outcome: Outcome
        /// Whether somebody should look at it: a failure that is tracked moves nothing.
        public var isWarning: Bool {
            guard case .stays(_, let reason) = outcome else { return false }
            if case .wasBackup = reason { return false }
            return true
        }
    }

    /// The cases, in the order of the file.
    public private(set) var cases: [Case] = []

    /// Simulates one node, alone or beside another.
    ///
    /// - Parameters:
    ///   - model: The node.
    ///   - peer: The other node; `nil`: its priorities are not known, and that it is configured as
    ///     this one is taken for granted.
    public init(of model: Model, beside peer: Model? = nil) {
        for router in model.virtualRouters {
            let counterpart = peer?.virtualRouters.first {
                $0.vrid == router.vrid
                    && $0.addresses.first?.address.family == router.addresses.first?.address.family
            }
            let own = Inputs(router, model)
            let other = counterpart.flatMap { other in peer.map { Inputs(other, $0) } }
            cases += own.cases(of: router, beside: other, counterpart)
        }
    }
}

/// What one virtual router depends on.
private struct Inputs {
    private struct Input {
        let failure: String
        let good: TrackerStanding
        let failed: TrackerStanding
        let isIgnored: Bool
    }

    private let base: Priority
    private var inputs: [Input] = []

    init(_ router: VirtualRouterSettings, _ model: Model) {
        base = router.priority
        if router.tracksOwnInterface { add("interface \(router.interface) goes down", 0, false) }
        let group = model.syncGroups.first { $0.members.contains(router.name) }
        let ignoresWeights = group.map { !$0.weighsMembers } ?? false
        add(
            router.trackedScripts, router.trackedFiles, router.trackedProcesses,
            router.trackedBackends, router.trackedChecks, router.trackedInterfaces, model,
            ignoresWeights)
        if let group {
            add(
                group.trackedScripts, group.trackedFiles, group.trackedProcesses,
                group.trackedBackends, group.trackedChecks, group.trackedInterfaces, model, false)
        }
    }

    private mutating func add(
        _ scripts: [TrackedScript], _ files: [TrackedObject], _ processes: [TrackedObject],
        _ backends: [TrackedObject], _ checks: [TrackedObject], _ interfaces: [TrackedInterface],
        _ model: Model,
        _ isIgnored: Bool
    ) {
        for tracked in scripts {
            let script = model.scripts.first { $0.name == tracked.name }
            add(
                "script \(tracked.name) fails", tracked.weight ?? script?.weight ?? 0,
                tracked.isReversed ?? script?.isReversed ?? false, isIgnored)
        }
        for tracked in processes {
            let process = model.trackProcesses.first { $0.name == tracked.name }
            add(
                "too few processes of \(tracked.name) run", tracked.weight ?? process?.weight ?? 0,
                tracked.isReversed ?? process?.isReversed ?? false, isIgnored)
        }
        for tracked in backends {
            add(
                "backend \(tracked.name) has no usable server", tracked.weight ?? 0,
                tracked.isReversed ?? false, isIgnored)
        }
        for tracked in interfaces {
            add(
                "interface \(tracked.name) goes down", tracked.weight, tracked.isReversed, isIgnored
            )
        }
        // What somebody writes into a file may be any number: nothing is known about it.
        _ = files
    }

    private mutating func add(
        _ failure: String, _ weight: Int, _ isReversed: Bool, _ isIgnored: Bool = false
    ) {
        inputs.append(
            Input(
                failure: failure,
                good: TrackerStanding(weight: weight, verdict: .good, isReversed: isReversed),
                failed: TrackerStanding(weight: weight, verdict: .failed, isReversed: isReversed),
                isIgnored: isIgnored && weight != 0))
    }

    /// The priority while one of the inputs has failed, or none; `nil`: the router stops.
    private func priority(failing index: Int?) -> Int? {
        let standings = inputs.enumerated().compactMap { position, input -> TrackerStanding? in
            guard !input.isIgnored else { return nil }
            return position == index ? input.failed : input.good
        }
        guard case .priority(let priority) = EffectivePriority(base: base, trackers: standings)
        else { return nil }
        return Int(priority.rawValue)
    }

    func cases(
        of router: VirtualRouterSettings, beside other: Inputs?,
        _ counterpart: VirtualRouterSettings?
    ) -> [FailureSimulation.Case] {
        let healthy = priority(failing: nil)
        let theirs = other?.priority(failing: nil)
        let preempts = counterpart?.preempts ?? router.preempts
        return inputs.indices.map { index in
            FailureSimulation.Case(
                router: router.name, failure: inputs[index].failure,
                outcome: outcome(index, healthy, theirs, isOtherPreempting: preempts))
        }
    }

    private func outcome(
        _ index: Int, _ healthy: Int?, _ theirs: Int?, isOtherPreempting: Bool
    ) -> FailureSimulation.Outcome {
        guard let failed = priority(failing: index) else { return .stops }
        if inputs[index].isIgnored { return .stays(priority: failed, because: .weightIgnored) }
        if base == .owner { return .stays(priority: failed, because: .owns) }
        guard let healthy, failed < healthy else {
            return .stays(priority: failed, because: .noEffect)
        }
        if let theirs, healthy < theirs {
            return .stays(priority: failed, because: .wasBackup(theirs))
        }
        guard isOtherPreempting else { return .stays(priority: failed, because: .nobodyPreempts) }
        guard let theirs else { return .falls(priority: failed) }
        if failed == theirs { return .stays(priority: failed, because: .ties) }
        return failed < theirs
            ? .loses(priority: failed, against: theirs)
            : .stays(priority: failed, because: .outranks(theirs))
    }
}

extension FailureSimulation.Case: CustomStringConvertible {
    /// One line for people.
    public var description: String { "\(router): if \(failure), \(outcome)" }
}

extension FailureSimulation.Outcome: CustomStringConvertible {
    /// What follows, in words.
    public var description: String {
        switch self {
        case .stops: "it stops, and another node takes over"
        case .loses(let priority, let theirs):
            "its priority is \(priority), and the peer's \(theirs) takes over"
        case .falls(let priority):
            "its priority is \(priority): a node of a higher one takes over (--peer FILE compares)"
        case .stays(let priority, let reason):
            "no node takes over: its priority is \(priority), and \(reason)"
        }
    }
}

extension FailureSimulation.Reason: CustomStringConvertible {
    /// The reason, with what would be right.
    public var description: String {
        switch self {
        case .nobodyPreempts:
            "with nopreempt no Backup displaces it; a weight of 0 would stop it instead"
        case .outranks(let theirs):
            "the peer's is \(theirs); a greater weight would make a difference, or 0, which stops it"
        case .ties: "so is the peer's, so that the higher address decides; change the weight"
        case .owns: "the owner of the addresses (255) keeps its own whatever the weights; use 0"
        case .wasBackup(let theirs): "the peer, with \(theirs), is Active anyway"
        case .weightIgnored:
            "weights of members of a sync group count for nobody; sync_group_tracking_weight lets"
                + " them count"
        case .noEffect: "the failure does not lower it; is the sign of the weight as meant?"
        }
    }
}
