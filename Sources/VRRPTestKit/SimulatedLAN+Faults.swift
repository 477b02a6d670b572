import VRRPCore

extension SimulatedLAN {
    /// Starts the routers of these hosts; all of them by default.
    public mutating func start(_ started: [Int]? = nil) {
        for node in started ?? Array(nodes.indices) { deliver(.startup, to: node) }
    }

    /// Stops the router of one host in an orderly way: an Active one resigns.
    public mutating func stop(_ node: Int) { deliver(.shutdown, to: node) }

    /// Cuts the power of one host: nothing is sent, its addresses are gone with it.
    public mutating func crash(_ node: Int) {
        nodes[node].isPowered = false
        nodes[node].holdsAddresses = false
        nodes[node].router = VirtualRouter(configuration: nodes[node].router.configuration)
    }

    /// Powers a host up again and starts its router anew.
    public mutating func restart(_ node: Int) {
        nodes[node].isPowered = true
        deliver(.startup, to: node)
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
    public mutating func cut(from sender: Int, to receiver: Int) {
        cuts.insert([sender, receiver])
    }

    /// Joins all parts of the LAN again, in all directions.
    public mutating func heal() {
        cuts = []
        for node in nodes.indices { nodes[node].island = 0 }
    }
}

// MARK: - Checkers

extension SimulatedLAN {
    /// What must hold whenever the LAN has had time to settle: one Active router.
    ///
    /// - Returns: What is wrong, or `nil`.
    public func disagreement() -> String? {
        let isAnyStarted = nodes.contains { $0.isPowered && $0.router.role != .initialize }
        switch (isAnyStarted, activeNodes.count) {
        case (true, 1), (false, 0): return nil
        default: return "seed \(seed): Active at \(now.nanoseconds) ns are \(activeNodes)"
        }
    }

    /// What must hold after every event.
    mutating func check(
        _ node: Int, handled event: VirtualRouter.Event, from earlier: Node,
        with actions: [VirtualRouter.Action]
    ) {
        let after = nodes[node]
        if after.holdsAddresses != (after.router.role == .active) {
            report("is \(after.router.role), holds addresses: \(after.holdsAddresses)", node)
        }
        if let wake = after.router.nextWake, wake <= now, event == .wake {
            report("wants to be woken at \(wake.nanoseconds) ns, which is past", node)
            // Otherwise the run would never end.
            nodes[node].stalledUntil = now + .milliseconds(1)
        }
        let isEarly = earlier.router.nextWake.map { now < $0 } ?? true
        if event == .wake, isEarly, !actions.isEmpty || earlier.router != after.router {
            report("acts on an early wake: \(actions)", node)
        }
    }

    mutating func report(_ what: String, _ node: Int) {
        violations.append("seed \(seed), \(now.nanoseconds) ns, node \(node): \(what)")
    }
}
