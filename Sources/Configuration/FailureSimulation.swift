import VRRPCore

/// What becomes of each virtual router when one thing fails, as the files have it: `lbctl check`.
///
/// Each tracked thing and each interface fails by itself while all else is well.
public struct FailureSimulation: Hashable, Sendable {
    /// What follows from one failure.
    public enum Outcome: Hashable, Sendable {
        /// The router stops, and another node takes over.
        case stops
        /// The router stops, and the other node can't take over.
        case stopsAlone(Obstacle)
        /// The priority changes, and another node outranks it.
        case loses(priority: Int, against: Int)
        /// The priority changes to 253 or less, and the other node's is not known here.
        case falls(priority: Int)
        /// Nothing moves; `because` says why.
        case stays(priority: Int, because: Reason)
    }

    /// Why the other node can't take over from a router that stops.
    public enum Obstacle: Hashable, Sendable {
        /// It has no virtual router of this VRID and family.
        case noCounterpart
        /// Its own can't take part even while all is well.
        case peerInFault
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
        /// A failure of it changes nothing: the priority is at its limit with it and without it.
        case noEffect
        /// This member of the same sync group still outranks the other node's.
        case siblingHolds(String)
        /// The other node could not hold the addresses.
        case peerCannot(Obstacle)
    }

    /// One failure of one virtual router.
    public struct Case: Hashable, Sendable {
        /// The virtual router.
        public let router: String
        /// What fails, in words: `script chk_haproxy fails`.
        public let failure: String
        /// What follows.
        public internal(set) var outcome: Outcome
        /// Whether somebody should look at it: a failure that is tracked moves nothing.
        public var isWarning: Bool {
            switch outcome {
            case .stays(_, .wasBackup), .stops, .loses, .falls: false
            case .stays, .stopsAlone: true
            }
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
        let units = MovingUnit.all(of: model)
        let others = peer.map(MovingUnit.all)
        for router in model.virtualRouters {
            guard let unit = units.first(where: { $0.index(of: router) != nil }),
                let own = unit.index(of: router)
            else { continue }
            for mishap in unit.mishaps(of: own) {
                let outcomes = unit.members.indices.map { member in
                    unit.outcome(of: member, during: mishap, beside: others)
                }
                cases.append(
                    Case(
                        router: router.name, failure: mishap.description,
                        outcome: unit.settled(outcomes, of: own)))
            }
        }
    }
}

extension MovingUnit {
    /// What becomes of one member, as if it moved by itself.
    fileprivate func outcome(
        of member: Int, during mishap: Mishap, beside others: [MovingUnit]?
    ) -> FailureSimulation.Outcome {
        let standing = Counterpart(of: members[member], among: others)
        guard let failed = priorities(during: mishap)[member] else {
            return standing.obstacle.map { .stopsAlone($0) } ?? .stops
        }
        func stays(_ reason: FailureSimulation.Reason) -> FailureSimulation.Outcome {
            .stays(priority: failed, because: reason)
        }
        if ignores(mishap, of: member) { return stays(.weightIgnored) }
        if members[member].priority == .owner { return stays(.owns) }
        guard let healthy = priorities(during: nil)[member], failed < healthy else {
            return stays(.noEffect)
        }
        if let theirs = standing.priority, healthy < theirs { return stays(.wasBackup(theirs)) }
        if let obstacle = standing.obstacle { return stays(.peerCannot(obstacle)) }
        guard standing.preempts else { return stays(.nobodyPreempts) }
        guard let theirs = standing.priority else { return .falls(priority: failed) }
        if failed == theirs { return stays(.ties) }
        return failed < theirs
            ? .loses(priority: failed, against: theirs) : stays(.outranks(theirs))
    }

    /// What becomes of a member that moves with the others.
    ///
    /// A group of Backups takes over once the last of them hears nobody that outranks it.
    fileprivate func settled(
        _ outcomes: [FailureSimulation.Outcome], of member: Int
    ) -> FailureSimulation.Outcome {
        guard case .loses(let priority, _) = outcomes[member] else { return outcomes[member] }
        let holding = outcomes.indices.first { index in
            switch outcomes[index] {
            case .stays(_, .outranks), .stays(_, .ties), .stays(_, .noEffect): true
            default: false
            }
        }
        guard let holding else { return outcomes[member] }
        return .stays(priority: priority, because: .siblingHolds(members[holding].name))
    }
}

/// What the other node's router of the same VRID and family has to say.
private struct Counterpart {
    /// Its priority while all is well; `nil`: not known.
    var priority: Int?
    /// Whether it displaces an Active router of lower priority.
    let preempts: Bool
    /// Why it never takes over.
    var obstacle: FailureSimulation.Obstacle?

    init(of router: VirtualRouterSettings, among units: [MovingUnit]?) {
        guard let units else {
            preempts = router.preempts
            return
        }
        for unit in units {
            guard let index = unit.members.firstIndex(where: { $0.isSame(as: router) }) else {
                continue
            }
            preempts = unit.members[index].preempts
            priority = unit.priorities(during: nil)[index]
            obstacle = priority == nil ? .peerInFault : nil
            return
        }
        preempts = true
        obstacle = .noCounterpart
    }
}

extension VirtualRouterSettings {
    /// Whether another node's is the same virtual router; the names are each node's own.
    fileprivate func isSame(as other: VirtualRouterSettings) -> Bool {
        vrid == other.vrid && family == other.family
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
        case .stopsAlone(let obstacle): "it stops, and no node takes over: \(obstacle)"
        case .loses(let priority, let theirs):
            "its priority is \(priority), and the peer's \(theirs) takes over"
        case .falls(let priority):
            "its priority is \(priority): a node of \(priority + 1) or more takes over"
                + " (not compared without --peer FILE)"
        case .stays(let priority, let reason):
            "no node takes over: its priority is \(priority), and \(reason)"
        }
    }
}

extension FailureSimulation.Obstacle: CustomStringConvertible {
    /// The obstacle, in words.
    public var description: String {
        switch self {
        case .noCounterpart: "the peer has no virtual router of this VRID"
        case .peerInFault: "the peer's can't take part even while all is well"
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
        case .noEffect: "the failure does not lower it: priorities end at 1 and 254"
        case .siblingHolds(let name):
            "\(name) of the same sync group still outranks the peer's: give both nodes' members the"
                + " same distance"
        case .peerCannot(let obstacle): "\(obstacle)"
        }
    }
}
