extension SyncGroup {
    /// Brings members that stand in different states together.
    ///
    /// If one is Active, all become so: whoever is ranked higher takes the addresses back. If one
    /// takes no part, none does.
    ///
    /// - Parameter now: The present.
    /// - Returns: What to do, to be done in this order.
    public mutating func align(at now: Instant) -> [MemberAction] {
        guard role == nil else { return [] }
        guard isStarted.allSatisfy(\.self) else { return everyone(.shutdown, first: 0, at: now) }
        return startTogether(at: now)
    }

    /// Gives a member that takes no part another configuration.
    ///
    /// - Parameters:
    ///   - member: The index of a member in Initialize.
    ///   - configuration: What it is to be from now on.
    public mutating func replace(_ member: Int, by configuration: VirtualRouter.Configuration) {
        guard members[member].role == .initialize else { return }
        members[member] = VirtualRouter(configuration: configuration)
    }

    /// Lets a member follow another configuration without leaving its state.
    ///
    /// - Parameters:
    ///   - member: The member's index.
    ///   - next: The configuration to follow from now on.
    ///   - now: The present.
    /// - Returns: What to do, in this order; `nil`, with nothing changed, if it would be another
    ///   router to its peers. See ``VirtualRouter/reconfigure(_:at:)``.
    public mutating func reconfigure(
        _ member: Int, _ next: VirtualRouter.Configuration, at now: Instant
    ) -> [MemberAction]? {
        members[member].reconfigure(next, at: now).map { actions($0, of: member) }
    }

    /// Lets all members give way, as ``VirtualRouter/giveWay(deferring:at:)`` does for one.
    ///
    /// - Parameters:
    ///   - deference: How long working Active routers of lower priority are left alone.
    ///   - now: The present.
    /// - Returns: What to do, in this order.
    public mutating func giveWay(
        deferring deference: VirtualRouter.Deference, at now: Instant
    ) -> [MemberAction] {
        members.indices.flatMap { member in
            actions(members[member].giveWay(deferring: deference, at: now), of: member)
        }
    }

    /// Lets all members give way because one can't hold all that moves with it, until they are needed.
    ///
    /// Unless they did before and no other router served: two that are equally badly off would hand
    /// the addresses to each other for ever. So the one that has them keeps what it can hold.
    ///
    /// - Parameter now: The present.
    /// - Returns: What to do, in this order; `nil`: they stay.
    public mutating func giveWayForWant(at now: Instant) -> [MemberAction]? {
        guard !members.contains(where: \.isLastResort) else { return nil }
        return giveWay(deferring: .untilNeeded, at: now)
    }

    /// Makes all members Active, as ``VirtualRouter/takeOver(at:)`` does for one.
    ///
    /// - Parameter now: The present.
    /// - Returns: What to do, in this order.
    /// - Throws: `TakeoverRefusal` of the first member that can't, with nothing changed.
    public mutating func takeOver(
        at now: Instant
    ) throws(VirtualRouter.TakeoverRefusal) -> [MemberAction] {
        var next = self
        var taken: [MemberAction] = []
        for member in members.indices {
            taken += actions(try next.members[member].takeOver(at: now), of: member)
        }
        self = next
        return taken
    }

    private func actions(_ actions: [VirtualRouter.Action], of member: Int) -> [MemberAction] {
        actions.map { MemberAction(member: member, action: $0) }
    }
}
