internal import LinuxIO
internal import Synchronization

/// Clients that belong to servers, by tables.
extension Worker {
    /// The server of its pool that a client belongs to: the first that a rule finds and that is up.
    ///
    /// Every rule asks, as in haproxy, for that uses the key.
    func knownServer(of client: Int) -> Int? {
        let isKept = keepsToServer(client)
        var found: Int?
        followStickRules(of: client) { step, key in
            guard step.matches,
                let server = shared.tables[step.tableIndex].server(of: key, now: now),
                found == nil, step.positions[server] >= 0
            else { return }
            let own = Int(step.positions[server])
            // Whoever enters the pool sees himself whether the last one is up.
            guard step.isLastToMatch || mayServe(own, client, isKept: isKept) else { return }
            found = own
        }
        return found
    }

    /// Takes note of the server that a client belongs to from now on.
    func rememberServer(_ client: Int) {
        guard let server = serverInPool(client) else { return }
        followStickRules(of: client) { step, key in
            guard step.stores, step.servers[server] >= 0 else { return }
            shared.tables[step.tableIndex].bind(key, to: Int(step.servers[server]), now: now)
        }
    }

    /// Takes note of whether a rule of a pool forces a client to his own server.
    ///
    /// - Returns: Whether that can be told yet.
    mutating func noteForcing(
        _ client: Int, at route: Int, _ program: RuleProgram, _ facts: inout Facts,
        deadlineIsOver isOver: Bool
    ) -> Bool {
        slab[client | 1].marks.remove(.isForced)
        for rule in program.forcing[route - program.firstRoute] {
            switch answer(rule.condition, client, &facts, deadlineIsOver: isOver) {
            case .unknown: return false
            case .no: continue
            case .yes:
                if rule.isForced { slab[client | 1].marks.insert(.isForced) }
                return true
            }
        }
        return true
    }

    /// Which rules of a pool hold for a client, a bit for each.
    ///
    /// - Parameters:
    ///   - route: The way to the pool.
    ///   - client: The connection.
    ///   - program: What says so.
    ///   - facts: What is known about it.
    ///   - isOver: Whether nothing more is waited for.
    /// - Returns: The rules; `nil`: it cannot be told before the client says more, or what his key is.
    func stickRules(
        at route: Int, _ client: Int, _ program: RuleProgram, _ facts: inout Facts,
        deadlineIsOver isOver: Bool
    ) -> UInt16? {
        let steps = shared.pools[unsafe routes[route].pool].sticking
        var rules: UInt16 = 0
        for index in steps.indices {
            let condition = program.stickConditions[route - program.firstRoute][index]
            switch answer(condition, client, &facts, deadlineIsOver: isOver) {
            case .unknown: return nil
            case .no: continue
            case .yes: break
            }
            guard isOver || isTold(steps[index].key, of: client, facts) else { return nil }
            rules |= 1 << UInt16(index)
        }
        return rules
    }

    /// Keeps which rules hold for a client, where they do not for all.
    mutating func keepStickRules(_ rules: UInt16, of client: Int) {
        let steps = shared.pools[self[routeOf: client].pool].sticking
        guard steps.contains(where: \.isConditional) else { return }
        introductions[stickRulesAt: placeAside(client, source(of: client))] = rules
    }

    /// Calls with each rule of the client's pool that applies, and the key that it tells him by.
    private func followStickRules(of client: Int, _ body: (StickStep, StickKey) -> Void) {
        let steps = shared.pools[self[routeOf: client].pool].sticking
        let place = slab[client].introduction
        let held = place < 0 ? 0 : introductions[stickRulesAt: place]
        var stored: UInt16 = 0
        for index in steps.indices where steps[index].rivals & stored == 0 {
            guard !steps[index].isConditional || held >> UInt16(index) & 1 == 1 else { continue }
            withKey(steps[index].key, of: client, source(of: client), readHello(client)) { key in
                if steps[index].hasLaterRival,
                    shared.tables[steps[index].tableIndex].keys.hold(key)
                {
                    stored |= 1 << UInt16(index)
                }
                body(steps[index], key)
            }
        }
    }
}
