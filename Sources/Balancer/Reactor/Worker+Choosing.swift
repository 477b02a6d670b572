internal import LinuxIO
internal import Synchronization

/// Which server a connection goes to, and waiting for it.
extension Worker {
    /// Chooses the first server of a new connection.
    mutating func enterPool(_ client: Int) {
        let key = clientKey(client)
        let waiter = waiter(client)
        let pool = self[routeOf: client].pool
        let followsCrowd = self[routeOf: client].followsCrowd
        noteArrival(client, at: Int(slab[client | 1].path))
        let isArriving = slab[client | 1].marks.contains(.isArriving)
        slab[client | 1].marks.remove(.isArriving)
        let named = slab[client | 1].marks.contains(.isBound) ? serverInPool(client) : nil
        let known = self[routeOf: client].sticks ? knownServer(of: client) : nil
        let isKept = keepsToServer(client)
        let (choice, isBound) = shared.pools[pool].state.withLock {
            if isArriving { $0.forgetArrival() }
            return $0.enter(waiter, key: key, own: named ?? known, isKept: isKept, at: now)
        }
        slab[client | 1].owner = Half.noServer
        mark(.isBound, isBound, client | 1)
        follow(choice, client)
        if followsCrowd { useGrownRoom(of: pool) }
    }

    /// Takes note of the pool that a connection is led to, and counts it there once.
    ///
    /// As long as rules of that pool wait for what the client says, those of the frontend may lead it to
    /// another one.
    mutating func noteArrival(_ client: Int, at route: Int) {
        if slab[client | 1].marks.contains(.isArriving) {
            guard Int(slab[client | 1].path) != route else { return }
            forgetArrival(client)
        }
        slab[client | 1].path = UInt16(route)
        guard unsafe routes[route].countsArrivals else { return }
        slab[client | 1].marks.insert(.isArriving)
        let pool = unsafe routes[route].pool
        shared.pools[pool].state.withLock { $0.noteArrival(at: now) }
    }

    /// Counts a connection out of the pool that it was led to, before it has entered it.
    mutating func forgetArrival(_ client: Int) {
        guard slab[client | 1].marks.contains(.isArriving) else { return }
        slab[client | 1].marks.remove(.isArriving)
        shared.pools[self[routeOf: client].pool].state.withLock { $0.forgetArrival() }
    }

    /// Gives room that came with the pool's connections to those who wait (`minconn`).
    private mutating func useGrownRoom(of pool: Int) {
        while let notice = shared.pools[pool].state.withLock({ $0.fillGrown(at: now) }) {
            tell(notice, pool: pool)
        }
    }

    /// Chooses a server for a connection that lost the one it had.
    mutating func choose(_ client: Int, avoiding server: Int?) {
        let key = clientKey(client)
        let waiter = waiter(client)
        let pool = self[routeOf: client].pool
        slab[client | 1].marks.remove(.isBound)
        follow(
            shared.pools[pool].state.withLock {
                $0.choose(for: waiter, key: key, avoiding: server, at: now)
            }, client)
    }

    /// Handles news for a connection that waits.
    ///
    /// It may have left meanwhile: what it was given
    /// then goes to the next one.
    mutating func take(_ notice: PoolState.Notice, pool: Int) {
        let client = notice.waiter.connection
        let isHere =
            slab[client].generation == notice.waiter.generation && slab[client].phase == .waiting
        switch notice {
        case .serve(_, let server) where isHere:
            slab[client | 1].owner = UInt16(server + self[routeOf: client].firstServer)
            connect(client)
        case .serve(_, let server):
            giveBackSlot(server, pool: pool)
        case .chooseAgain where isHere:
            choose(client, avoiding: nil)
        case .chooseAgain:
            break
        }
    }

    /// Gives a server's slot back, and tells whoever gets it.
    mutating func giveBackSlot(_ server: Int, pool: Int) {
        let notice = shared.pools[pool].state.withLock { $0.giveBack(server, at: now) }
        tell(notice, pool: pool)
    }

    /// Counts a connection out of its pool: with its slot, or out of the line that it stands in.
    ///
    /// - Returns: How many connections the pool and the server have left.
    mutating func leavePool(_ client: Int) -> (pool: Int, server: Int) {
        let server = serverInPool(client)
        let isWaiting = slab[client].phase == .waiting
        let (ticket, turn) = (slab[client | 1].ticket, slab[client | 1].turn)
        let pool = self[routeOf: client].pool
        let (notice, left) = shared.pools[pool].state.withLock { state in
            state.leave()
            if isWaiting { state.leaveLine(at: server, ticket: ticket, turn: turn) }
            var notice: PoolState.Notice?
            if !isWaiting, let server { notice = state.giveBack(server, at: now) }
            return (notice, (state.current, server.map { state.servers[$0].served } ?? 0))
        }
        tell(notice, pool: pool)
        return left
    }

    /// What does not change about a connection's frontend and pool: read where it lies, for a copy of
    /// it costs half a kilobyte.
    @inline(__always)
    subscript(routeOf client: Int) -> Route {
        unsafeAddress { unsafe UnsafePointer(routes + Int(slab[client | 1].path)) }
    }

    /// Whether a connection goes to its own server while that is down.
    func keepsToServer(_ client: Int) -> Bool {
        slab[client | 1].marks.contains(.isForced) || self[routeOf: client].keepsToServers
    }

    /// Whether a connection would get a server of its pool that is its own, be it down if it is kept there.
    func mayServe(_ server: Int, _ client: Int, isKept: Bool) -> Bool {
        shared.pools[self[routeOf: client].pool].state.withLock {
            $0.servers[server].serves(isBound: true, isKept: isKept)
        }
    }

    /// The position of a connection's server in its pool, or of the server whose line it stands in.
    func serverInPool(_ client: Int) -> Int? {
        let owner = slab[client | 1].owner
        return owner == Half.noServer ? nil : Int(owner) - self[routeOf: client].firstServer
    }

    /// What a pool's algorithm chooses by, where it does so by something of the client's.
    private func clientKey(_ client: Int) -> UInt32? {
        guard let key = self[routeOf: client].key else { return nil }
        return withKey(
            key.connectionKey, of: client, source(of: client), readHello(client)
        ) { key.value(of: $0) }
    }

    private mutating func waiter(_ client: Int) -> Waiter {
        Waiter(
            reactor: number, connection: client, generation: slab[client].generation,
            priority: priority(client),
            due: self[routeOf: client].hasOffsets ? due(client) : 0, turn: slab[client | 1].turn)
    }

    /// When a connection came or, once it had to wait, when that was; with its offset.
    private mutating func due(_ client: Int) -> UInt32 {
        let place = placeAside(client, source(of: client))
        if slab[client | 1].turn == .none {
            let due =
                UInt32(truncatingIfNeeded: now)
                &+ UInt32(bitPattern: introductions[offsetAt: place])
            introductions[dueAt: place] = max(1, due)
        }
        return introductions[dueAt: place]
    }

    private func priority(_ client: Int) -> Int16 {
        let place = slab[client].introduction
        return place < 0 ? 0 : introductions[priorityAt: place]
    }

    /// Passes news on to the reactor that it is for.
    mutating func tell(_ notice: PoolState.Notice?, pool: Int) {
        guard let notice else { return }
        if notice.waiter.reactor == number {
            ownNotices.append((pool, notice))
        } else {
            shared.inboxes[notice.waiter.reactor].post(.notice(pool: pool, notice))
        }
    }

    private mutating func follow(_ choice: PoolState.Choice, _ client: Int) {
        let first = self[routeOf: client].firstServer
        switch choice {
        case .server(let server):
            slab[client | 1].owner = UInt16(first + server)
            connect(client)
        case .waits(let place): wait(at: place, isHeld: false, client)
        case .isHeld(let place): wait(at: place, isHeld: true, client)
        case .queueIsFull:
            slab[client | 1].owner = Half.noServer
            poolTally(client) { $0.connectionErrors.increase() }
            // It would have waited.
            slab[client].phase = .pausing
            end(
                client, client: .finish, server: .reset,
                because: Ending(cause: .proxy, stage: .queue))
        case .nobody:
            slab[client | 1].owner = Half.noServer
            slab[client].phase = .pausing
            poolTally(client) { $0.connectionErrors.increase() }
            end(client, client: .finish, server: .reset, because: .server)
        }
    }

    /// Stands in a line; whoever comes again keeps the turn and the time that it has waited.
    private mutating func wait(at place: PoolState.Place, isHeld: Bool, _ client: Int) {
        let server = client | 1
        slab[server].ticket = place.ticket
        slab[server].owner =
            place.server.map { UInt16(self[routeOf: client].firstServer + $0) } ?? Half.noServer
        if slab[server].turn == .none {
            slab[server].turn = place.turn
            // For the log.
            slab[server].queuePlace = UInt16(clamping: isHeld ? 1 : place.ahead + 1)
            mark(.waitedAtServer, place.server != nil, server)
        }
        mark(.isHeld, isHeld, server)
        let since = slab[client].phase == .waiting ? slab[server].phaseAt : waitBegan(client)
        enter(.waiting, client)
        slab[server].phaseAt = since
        arm(client)
        // The end of one that was introduced was heard of before.
        if self[routeOf: client].dropsLeavers { clientStirred(client, []) }
    }

    /// When a connection would have begun to wait if it had waited at one stretch.
    private func waitBegan(_ client: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: now) &- (slab[client | 1].queueTime ?? 0)
    }

    private func mark(_ mark: Half.Marks, _ isSet: Bool, _ half: Int) {
        if isSet { slab[half].marks.insert(mark) } else { slab[half].marks.remove(mark) }
    }
}
