import VRRPCore

extension SimulatedLAN {
    /// Starts the routers of these hosts; all of them by default.
    public mutating func start(_ started: [Int]? = nil) {
        for node in started ?? Array(nodes.indices) {
            for member in nodes[node].group.members.indices {
                deliver(.startup, to: node, member: member)
            }
        }
    }

    /// Stops the routers of one host in an orderly way: Active ones resign.
    public mutating func stop(_ node: Int) {
        for member in nodes[node].group.members.indices {
            deliver(.shutdown, to: node, member: member)
        }
    }

    /// Cuts the power of one host: nothing is sent, its addresses are gone with it.
    public mutating func crash(_ node: Int) {
        nodes[node].isPowered = false
        forget(node)
    }

    /// Powers a host up again and starts its routers anew.
    public mutating func restart(_ node: Int) {
        nodes[node].isPowered = true
        start([node])
    }

    /// Lets a host do nothing for a while; what is sent to it meanwhile waits for it.
    public mutating func stall(_ node: Int, for duration: Duration) {
        nodes[node].stalledUntil = now + duration
    }

    /// Cuts the LAN into parts; nodes that are not named stay together in a part of their own.
    public mutating func partition(_ islands: [[Int]]) {
        heal()
        for (number, members) in islands.enumerated() {
            for member in members { nodes[member].island = number + 1 }
        }
    }

    /// Lets nothing pass from one node to another; the other way stays open.
    ///
    /// - Parameters:
    ///   - sender: The host that is no longer heard.
    ///   - receiver: The host that no longer hears it.
    ///   - member: The LAN of these routers alone; `nil`: every LAN.
    public mutating func cut(from sender: Int, to receiver: Int, member: Int? = nil) {
        cuts.insert(Direction(sender: sender, receiver: receiver, member: member))
    }

    /// Joins all parts of the LAN again, in all directions.
    public mutating func heal() {
        cuts = []
        for node in nodes.indices { nodes[node].island = 0 }
    }
}

// MARK: - Checkers

extension SimulatedLAN {
    /// What must hold whenever the LAN has had time to settle: on one host all routers are Active, and
    /// on the others none is.
    ///
    /// - Returns: What is wrong, or `nil`.
    public func disagreement() -> String? {
        let isAnyStarted = nodes.contains { $0.isPowered && $0.router.role != .initialize }
        let active = activeNodes
        let areWhole = active.allSatisfy { nodes[$0].group.role == .active }
        switch (isAnyStarted, active.count) {
        case (true, 1) where areWhole: return nil
        case (false, 0): return nil
        default: return "seed \(seed): Active at \(now.nanoseconds) ns are \(active)"
        }
    }

    /// What must hold after every event.
    mutating func check(
        _ node: Int, handled event: VirtualRouter.Event, from earlier: Node,
        with actions: [SyncGroup.MemberAction]
    ) {
        let after = nodes[node]
        for (router, holds) in zip(after.group.members, after.holdings)
        where holds != (router.role == .active) {
            report("is \(router.role), holds addresses: \(holds)", node)
        }
        if after.group.role == nil {
            report("its routers are \(after.group.members.map(\.role))", node)
        }
        if let wake = after.group.nextWake, wake <= now, event == .wake {
            report("wants to be woken at \(wake.nanoseconds) ns, which is past", node)
            // Otherwise the run would never end.
            nodes[node].stalledUntil = now + .milliseconds(1)
        }
        let isEarly = earlier.group.nextWake.map { now < $0 } ?? true
        if event == .wake, isEarly, !actions.isEmpty || earlier.group != after.group {
            report("acts on an early wake: \(actions)", node)
        }
    }

    mutating func report(_ what: String, _ node: Int) {
        violations.append("seed \(seed), \(now.nanoseconds) ns, node \(node): \(what)")
    }
}
