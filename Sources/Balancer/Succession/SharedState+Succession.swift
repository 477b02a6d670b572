internal import LinuxIO
internal import Synchronization

// What is made before the reactors meet, what is done while they are stopped, and what afterwards.

extension SharedState {
    /// What connections need of the parts that stay behind.
    var use: Succession.Use {
        let (frontends, listeners) = admission.withLock {
            ($0.frontends.map { $0.taken > 0 }, $0.listeners.map { $0.taken > 0 })
        }
        var inPools: [Bool] = []
        var servers: [[Bool]] = []
        for pool in pools {
            pool.state.withLock { state in
                inPools.append(state.current + state.arriving > 0)
                servers.append(state.servers.map { $0.served > 0 || $0.line.count > 0 })
            }
        }
        return Succession.Use(
            frontends: frontends, listeners: listeners, pools: inPools, servers: servers)
    }

    /// The ways that connections may have, by the places in the next plan.
    func ways(in succession: Succession) -> [(frontend: Int, pool: Int)] {
        let use = use
        return paths.routes.enumerated().compactMap { index, route in
            guard let frontend = succession.frontends[route.frontend],
                let pool = succession.pools[route.pool],
                index < paths.ownRouteCount
                    || use.frontends[route.frontend] && use.pools[route.pool]
            else { return nil }
            return (frontend, pool)
        }
    }

    /// The servers of each table of the next plan, at the same positions where what it holds stays.
    func stickServers(in succession: Succession) -> [StickServers] {
        var former: [StickServers?] = succession.plan.tables.map { _ in nil }
        for case (let index, let place?) in succession.tables.enumerated() {
            former[place] = tables[index].settledServers
        }
        return StickServers.all(of: succession.plan, goingOnFrom: former)
    }

    /// The tables of the next plan: the same where what they hold stays.
    func tables(in succession: Succession, _ servers: [StickServers]) -> [StickTable] {
        var tables: [StickTable?] = succession.plan.tables.map { _ in nil }
        for case (let index, let place?) in succession.tables.enumerated() {
            tables[place] = self.tables[index]
        }
        return tables.enumerated().map {
            $1 ?? StickTable(succession.plan.tables[$0], servers: servers[$0])
        }
    }

    /// The pools of the next plan: the same where nothing about them changes.
    func pools(in succession: Succession, _ servers: [StickServers]) -> [Pool] {
        let plans = succession.plan.pools
        // Where a table is of several pools, each of them moves the others' servers in it.
        let sticking = plans.map { StickStep.all(of: $0, servers) }
        var pools: [Pool?] = plans.map { _ in nil }
        for case (let index, let place?) in succession.pools.enumerated()
        where self.pools[index].plan == plans[place]
            && self.pools[index].sticking == sticking[place]
        {
            pools[place] = self.pools[index]
        }
        return plans.indices.map { pools[$0] ?? Pool(plans[$0], sticking: sticking[$0]) }
    }

    /// The place of each route in the successor.
    func routes(in successor: SharedState, _ succession: Succession) -> [Int?] {
        var places: [PathTable.Way: Int] = [:]
        for (index, route) in successor.paths.routes.enumerated() {
            places[PathTable.Way(frontend: route.frontend, pool: route.pool)] = index
        }
        return paths.routes.map { route in
            guard let frontend = succession.frontends[route.frontend],
                let pool = succession.pools[route.pool]
            else { return nil }
            return places[PathTable.Way(frontend: frontend, pool: pool)]
        }
    }

    /// Gives the successor what connections hold; for when no reactor runs.
    func handOver(to successor: SharedState, _ succession: Succession, at now: UInt64) {
        let gates = admission.withLock { $0 }
        successor.admission.withLock { $0.goOn(from: gates, succession) }
        if let watch { successor.watch?.goOn(from: watch, places: succession.servers) }
        successor.addresses.goOn(from: addresses, places: succession.servers)
        let values = variables.withLock { $0 }
        successor.variables.withLock { next in
            for case (let index, let place?) in succession.variables.enumerated() {
                next[place] = values[index]
            }
        }
        for (index, table) in successor.tables.enumerated() {
            table.follow(
                successor.plan.tables[index], servers: successor.stickServers[index])
        }
        // In the order of their posting: what is under way comes before what follows from the change.
        for inbox in inboxes { inbox.translate { translate($0, successor, succession) } }
        for case (let index, let place?) in succession.pools.enumerated()
        where successor.pools[place] !== pools[index] {
            let first = layout.firstServers[index]
            let positions = plan.pools[index].servers.indices.map { server in
                succession.servers[first + server].map { $0 - successor.layout.firstServers[place] }
            }
            let state = pools[index].state.withLock { $0 }
            let notices = successor.pools[place].state.withLock {
                $0.goOn(from: state, places: positions, at: now)
            }
            successor.deliver(notices, pool: place)
        }
    }

    /// Puts a message into the words of the successor; `nil`: it says nothing there.
    private func translate(
        _ message: Message, _ successor: SharedState, _ succession: Succession
    ) -> Message? {
        switch message {
        case .notice(let pool, .chooseAgain(let waiter)):
            return succession.pools[pool].map { .notice(pool: $0, .chooseAgain(waiter)) }
        case .notice(let pool, .serve(let waiter, let server)):
            guard let place = succession.pools[pool],
                let number = succession.servers[layout.firstServers[pool] + server]
            else { return nil }
            let position = number - successor.layout.firstServers[place]
            return .notice(pool: place, .serve(waiter, server: position))
        case .endSessions(let server, let cause):
            return succession.servers[server].map { .endSessions(server: $0, cause) }
        // All listeners are looked at again.
        case .roomToAccept: return nil
        case .addressLeft, .setAccepting, .warm, .look, .answer, .handOver, .stop: return message
        }
    }

    /// Adds what was counted under this plan to what the successor goes on from; for when all reactors
    /// count there.
    ///
    /// What a gate and a pool have counted goes along with them. What servers counted that are gone
    /// belongs to their pool, whose sum must not fall.
    func handOverCounters(to successor: SharedState, _ succession: Succession) {
        let former = former.withLock { $0 }
        successor.former.withLock { next in
            next.process += former.process
            for case (let index, let place?) in succession.frontends.enumerated() {
                next.frontends[place] += former.frontends[index]
                for listener in layout.listeners[index] {
                    next.frontends[place] += counted(at: listener)
                }
            }
            for case (let index, let place?) in succession.listeners.enumerated() {
                next.places[place] += former.places[index] + counted(at: index)
            }
            for case (let index, let place?) in succession.pools.enumerated() {
                let own = layout.pool(index)
                let target = successor.layout.pool(place)
                next.places[target] +=
                    former.places[own] + counted(at: own, histogramsOf: index)
                let states = pools[index].state.withLock { $0.servers.map(\.vector) }
                for server in plan.pools[index].servers.indices {
                    let number = layout.firstServers[index] + server
                    let counted =
                        former.places[layout.server(number)] + counted(at: layout.server(number))
                    if succession.servers[number] == nil {
                        next.places[target] += (counted + states[server]).ofServer
                    }
                }
            }
            for case (let number, let place?) in succession.servers.enumerated() {
                next.places[successor.layout.server(place)] +=
                    former.places[layout.server(number)] + counted(at: layout.server(number))
            }
        }
    }

    private func counted(at place: Int, histogramsOf pool: Int? = nil) -> CounterVector {
        complete(CounterVector(), at: place, histogramsOf: pool)
    }
}
