/// Virtual routers of one host that are Active together or not at all.
///
/// Pure, as ``VirtualRouter`` is: the caller delivers each event with the member that it concerns,
/// and performs what is answered in order. A member that takes over takes the others with it, one
/// that yields or fails takes the addresses from the others, too. None keeps the addresses while
/// another cannot have them.
public struct SyncGroup: Hashable, Sendable {
    /// What a member is to do.
    public struct MemberAction: Hashable, Sendable {
        /// The member's index in ``SyncGroup/members``.
        public let member: Int
        /// What it is to do.
        public let action: VirtualRouter.Action
    }

    /// The members, in the order in which they were given.
    public internal(set) var members: [VirtualRouter]
    /// The members that the caller has started, whether or not the group lets them take part.
    var isStarted: [Bool]

    /// Makes a group of routers that take no part yet.
    public init(_ configurations: [VirtualRouter.Configuration]) {
        self.init(joining: configurations.map(VirtualRouter.init(configuration:)))
    }

    /// Makes a group of routers that have moved by themselves so far; ``align(at:)`` brings them
    /// together.
    public init(joining routers: [VirtualRouter]) {
        members = routers
        isStarted = routers.map { $0.role != .initialize }
    }

    /// When to call ``wake(at:)``, or `nil` while no timer runs.
    ///
    /// Backups take over once the last of them hears nothing any more: as long as one still hears an
    /// Active router, a take-over of the others would be taken back, again and again.
    public var nextWake: Instant? {
        var first: Instant?
        var last: Instant?
        for case let wake? in members.lazy.map(\.nextWake) {
            first = min(first ?? wake, wake)
            last = max(last ?? wake, wake)
        }
        return role == .backup ? last : first
    }

    /// The state of all of them.
    public var role: VirtualRouter.Role? {
        members.allSatisfy { $0.role == members.first?.role } ? members.first?.role : nil
    }

    /// Does what is due at `now`; too early, it changes nothing.
    public mutating func wake(at now: Instant) -> [MemberAction] {
        guard let due = nextWake, due <= now else { return [] }
        var actions: [MemberAction] = []
        for member in members.indices {
            guard let wake = members[member].nextWake, wake <= now,
                // In Backup, the last one speaks for all.
                role != .backup || wake == due
            else { continue }
            actions += settle(.wake, for: member, at: now)
        }
        return actions
    }

    /// Takes in one event of one member.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - member: The index of the member; there must be one.
    ///   - now: When; never earlier than at the call before.
    /// - Returns: What to do, to be done in this order.
    public mutating func handle(
        _ event: VirtualRouter.Event, for member: Int, at now: Instant
    ) -> [MemberAction] {
        precondition(members.indices.contains(member), "a sync group has no such member")
        switch event {
        case .startup:
            isStarted[member] = true
            return startTogether(at: now)
        case .shutdown:
            isStarted[member] = false
            return everyone(.shutdown, first: member, at: now)
        case .takeOver, .yield:
            return everyone(event, first: member, at: now)
        case .wake: return wake(at: now)
        case .received, .priorityChanged: return settle(event, for: member, at: now)
        }
    }

    private mutating func settle(
        _ event: VirtualRouter.Event, for member: Int, at now: Instant
    ) -> [MemberAction] {
        let before = members[member].role
        let actions = deliver(event, to: member, at: now)
        guard members[member].role != before else { return actions }
        return actions + follow(member, at: now)
    }

    /// The group takes part once all of its members can.
    mutating func startTogether(at now: Instant) -> [MemberAction] {
        guard isStarted.allSatisfy(\.self) else { return [] }
        var actions: [MemberAction] = []
        for member in members.indices { actions += deliver(.startup, to: member, at: now) }
        // An owner takes over as it starts.
        guard let leader = members.firstIndex(where: { $0.role == .active }) else { return actions }
        return actions + follow(leader, at: now)
    }

    /// Moves the others to where a member has gone.
    private mutating func follow(_ leader: Int, at now: Instant) -> [MemberAction] {
        switch members[leader].role {
        case .active: everyone(.takeOver, first: leader, at: now)
        case .backup: everyone(.yield, first: leader, at: now)
        case .initialize: everyone(.shutdown, first: leader, at: now)
        }
    }

    mutating func everyone(
        _ event: VirtualRouter.Event, first: Int, at now: Instant
    ) -> [MemberAction] {
        let others = members.indices.filter { $0 != first }
        return ([first] + others).flatMap { deliver(event, to: $0, at: now) }
    }

    private mutating func deliver(
        _ event: VirtualRouter.Event, to member: Int, at now: Instant
    ) -> [MemberAction] {
        members[member].handle(event, at: now).map { MemberAction(member: member, action: $0) }
    }
}

extension SyncGroup {
    /// Whether what a member tracks counts, then for all members alike.
    ///
    /// - Parameters:
    ///   - standing: What it tracks.
    ///   - weighsMembers: keepalived's `sync_group_tracking_weight`.
    /// - Returns: Whether it does.
    public static func counts(_ standing: TrackerStanding, weighsMembers: Bool) -> Bool {
        weighsMembers || standing.weight == 0
    }

    /// What trackers make of the priorities of a group's members.
    ///
    /// A bad tracker of weight 0, of one member or of the group, faults all. Weights of members count
    /// for nobody unless `weighsMembers`; then, and for those of the group always, they count for
    /// all alike, so that the members keep their distance and lose or win together.
    ///
    /// - Parameters:
    ///   - priorities: The configured priority of each member.
    ///   - trackers: What each member's own trackers say.
    ///   - shared: What the group's trackers say.
    ///   - weighsMembers: keepalived's `sync_group_tracking_weight`.
    /// - Returns: One standing for each member.
    public static func effectivePriorities(
        of priorities: [Priority], trackers: [[TrackerStanding]], shared: [TrackerStanding],
        weighsMembers: Bool
    ) -> [EffectivePriority] {
        let own = trackers.flatMap(\.self)
            .filter { counts($0, weighsMembers: weighsMembers) }
        return priorities.map { EffectivePriority(base: $0, trackers: own + shared) }
    }
}
