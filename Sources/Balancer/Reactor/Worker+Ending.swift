internal import LinuxIO

/// How a connection ends, and what may end it while it is idle.
extension Worker {
    /// How a side learns of the end.
    enum Farewell {
        /// The end of the stream.
        case finish
        /// Nothing, for it has answered our end with its own.
        case answered
        /// A reset.
        case reset
        /// Not at all.
        case silence
    }

    /// Ends a connection at what it is doing now, and frees its place.
    mutating func end(
        _ client: Int, client farewell: Farewell, server: Farewell, because cause: Ending.Cause
    ) {
        let ending = Ending(cause, at: slab[client].phase)
        end(client, client: farewell, server: server, because: ending)
    }

    /// Ends a connection, tells of it, and frees its place.
    mutating func end(
        _ client: Int, client farewell: Farewell, server: Farewell, because ending: Ending
    ) {
        wheel.remove(client, in: slab)
        countTimes(client)
        guard let record = recordToWrite(client, ending) else {
            _ = release(client, client: farewell, server: server)
            return
        }
        let introduction = slab[client].introduction
        let kept = keptTexts(of: client)
        let crowd = release(client, client: farewell, server: server)
        recordEnded(record, crowd, names: introductions.names(at: introduction), kept)
    }

    /// Closes a connection's sockets and gives back all that it holds.
    ///
    /// - Returns: How many connections there were with it.
    private mutating func release(
        _ client: Int, client farewell: Farewell, server: Farewell
    ) -> Crowd {
        for half in client...client | 1 where slab[half].lease >= 0 {
            pool.giveBack(slab[half].lease)
            slab[half].lease = -1
        }
        let isFlow = slab[client].socket < 0
        if isFlow { forgetFlow(client) }
        if slab[client].marks.contains(.isSecured) { dismiss(client, farewell) }
        if farewell == .finish, !isFlow, slab[client].marks.isDisjoint(with: .ended) {
            // Unread bytes would turn the end into a reset.
            discardUnread(slab[client].socket)
        }
        if !isFlow { close(client, farewell) }
        if slab[client | 1].socket >= 0 {
            let port = ownPort(of: client | 1)
            if slab[client | 1].marks.contains(.isSecured) { sessions.drop(client | 1) }
            close(client | 1, server)
            giveBack(port, of: client | 1)
        }
        let frontend = Int(slab[client].owner)
        let listener = Int(slab[client].path)
        var crowd = Crowd()
        if slab[client].phase != .introducing {
            (crowd.pool, crowd.server) = leavePool(client)
        } else {
            forgetArrival(client)
        }
        let introduction = slab[client].introduction
        if introduction >= 0 {
            releaseTracks(client)
            releaseShares(client)
            introductions.drop(introduction)
        }
        slab.free(client)
        (crowd.process, crowd.frontend) = leaveAdmission(frontend, by: listener)
        return crowd
    }

    /// Enters a phase and sets its timer.
    mutating func enter(_ phase: Phase, _ client: Int) {
        slab[client].phase = phase
        slab[client | 1].phaseAt = UInt32(truncatingIfNeeded: now)
        arm(client)
    }

    /// Sets the timer of a connection to its deadline.
    mutating func arm(_ client: Int) {
        wheel.remove(client, in: slab)
        guard let (due, _) = deadline(of: client) else { return }
        wheel.insert(client, due: due, in: slab)
    }

    /// Handles a connection whose timer slot came: its deadline may have moved since.
    mutating func timerFired(_ client: Int) {
        guard let (due, cause) = deadline(of: client) else { return }
        guard due <= now else { return wheel.insert(client, due: due, in: slab) }
        switch cause {
        case .pause: pauseEnded(client)
        case .turn: turnCame(client)
        case .introduction: introductionTimedOut(client)
        case .connect: attemptFailed(client, .timeout)
        case .queue:
            poolTally(client) { $0.connectionErrors.increase() }
            end(client, client: .finish, server: .reset, because: .serverTimeout)
        case .client: idle(client, .client)
        case .server: idle(client, .server)
        case .clientStuck: stuck(client, .clientStuck)
        case .serverStuck: stuck(client, .serverStuck)
        }
    }

    /// Ends a connection on which one side said nothing for too long.
    private mutating func idle(_ client: Int, _ side: Cause) {
        guard slab[client].phase != .flowing else {
            // Nobody says when a flow is over.
            return end(client, client: .finish, server: .finish, because: Ending.normal)
        }
        let isClients = side == .client
        if isClients {
            poolTally(client) { $0.clientAborts.increase() }
            note(hasSpoken(client) ? .clientIdle : .clientSilent, client)
        } else {
            serverTally(client) { $0.serverAborts.increase() }
            note(.serverIdle, client)
        }
        // What is under way to the client is cut off; a clean end would look like a complete answer.
        let isCut = slab[client | 1].lease >= 0
        end(
            client, client: isCut ? .reset : .finish, server: .reset,
            because: isClients ? .clientTimeout : .serverTimeout)
    }

    /// Ends a connection one side of which has not taken what there is for it for too long, whatever
    /// else it says.
    private mutating func stuck(_ client: Int, _ refusal: Refusal) {
        note(refusal, client)
        serverTally(client) {
            refusal == .clientStuck ? $0.clientAborts.increase() : $0.serverAborts.increase()
        }
        end(client, client: .reset, server: .reset, because: refusal.cause)
    }

    /// Whether a client has sent anything, be it that nobody has taken it yet.
    func hasSpoken(_ client: Int) -> Bool {
        // A flow begins with what its client says, and has no socket of its own.
        guard slab[client].receivedByteCount == 0, !self[routeOf: client].isDatagram else {
            return true
        }
        // What a handshake has taken is there no more.
        if isShaking(client) { return sessions[client: client].hasReceived }
        guard case .moved(let count) = peek(client, upTo: 1) else { return false }
        return count > 0
    }

    func note(_ refusal: Refusal, _ client: Int) {
        shared.refusals[Int(slab[client].owner)].note(refusal)
    }

    /// Counts that one side broke a connection off.
    mutating func countAbort(by half: Int) {
        let client = half & ~1
        if half & 1 == 1 {
            serverTally(client) { $0.serverAborts.increase() }
        } else {
            serverTally(client) { $0.clientAborts.increase() }
        }
    }

    /// The tally of a connection's server, or of its pool while it has none.
    func serverTally(_ client: Int, _ body: (borrowing Tally) -> Void) {
        let owner = slab[client | 1].owner
        guard owner != Half.noServer else { return poolTally(client, body) }
        unsafe body(tallies[layout.server(Int(owner))])
    }

    /// The tally of a connection's pool.
    func poolTally(_ client: Int, _ body: (borrowing Tally) -> Void) {
        unsafe body(tallies[layout.pool(self[routeOf: client].pool)])
    }

    private enum Cause {
        case pause, turn, introduction, connect, queue, client, server, clientStuck, serverStuck
    }

    private func instant(of since: UInt32, plus timeout: UInt64 = 0) -> UInt64 {
        now.instant(of: since) + timeout
    }

    /// The first instant at which time ends something, and what; `nil` when nothing is limited.
    private func deadline(of client: Int) -> (UInt64, Cause)? {
        var first: (UInt64, Cause)?
        func consider(_ cause: Cause, _ since: UInt32, _ timeout: UInt64) {
            guard timeout > 0 else { return }
            let due = instant(of: since, plus: timeout)
            if due < first?.0 ?? .max { first = (due, cause) }
        }
        let since = slab[client | 1].phaseAt
        switch slab[client].phase {
        case .free: return nil
        case .introducing:
            consider(.introduction, since, introductionTimeout(client))
            return first
        case .pausing:
            first = (instant(of: since), .pause)
        case .waiting:
            let isHeld = slab[client | 1].marks.contains(.isHeld)
            consider(.queue, since, self[routeOf: client].timeouts.waiting(isHeld: isHeld))
        case .connecting: consider(.connect, since, self[routeOf: client].timeouts.connect)
        case .relaying, .flowing:
            let timeouts = self[routeOf: client].timeouts
            let marks = slab[client].marks.union(slab[client | 1].marks)
            let limits = timeouts.idle(isHalfClosed: marks.contains(.passedEnd))
            let isTunnel = timeouts.tunnel > 0
            // Nobody is idle while one side's bytes wait for their turn.
            let isIdle = !marks.contains(.awaitsTurn)
            if !isIdle { first = (turnAt(client), .turn) }
            // What waits for one side is not kept alive by what comes from it, and a side whose bytes
            // find no room is not idle. Who has ended his stream is waited for no more; as in haproxy, a
            // tunnel's time-out holds all the same.
            if slab[client | 1].marks.contains(.blocked) {
                consider(.clientStuck, slab[client | 1].stuckSince, limits.client)
            }
            if slab[client].marks.contains(.blocked) {
                consider(.serverStuck, slab[client].stuckSince, limits.server)
            } else if isIdle, isTunnel || !slab[client].marks.contains(.passedEnd) {
                // Of equal ones the client's, as in haproxy's log.
                consider(.client, slab[client].activeAt, limits.client)
            }
            if isIdle, !slab[client | 1].marks.contains(.blocked),
                isTunnel || !slab[client | 1].marks.contains(.passedEnd)
            {
                consider(.server, slab[client | 1].activeAt, limits.server)
            }
            return first
        }
        // Who has sent something waits for us, not we for him.
        if !slab[client].marks.contains(.readable) {
            consider(.client, slab[client].activeAt, self[routeOf: client].timeouts.client)
        }
        return first
    }

    private mutating func close(_ half: Int, _ farewell: Farewell) {
        switch farewell {
        case .finish: StreamSocket.close(slab[half].socket)
        case .answered: if !keepSocket(of: half) { StreamSocket.close(slab[half].socket) }
        case .reset: StreamSocket.reset(slab[half].socket)
        case .silence: StreamSocket.abandon(slab[half].socket)
        }
    }

    /// Keeps a server's socket for its next connection, if nothing of this one is left.
    private mutating func keepSocket(of server: Int) -> Bool {
        let (number, socket) = (Int(slab[server].owner), slab[server].socket)
        // The plan that it was connected under may have been another one.
        guard slab[server].marks.contains(.hasPlainSocket),
            unsafe destinations[number].takesSpareSockets, spares.hasRoom(for: number),
            StreamSocket.isOver(socket), StreamSocket.disconnect(socket) == 0
        else { return false }
        spares.keep(socket, for: number)
        return true
    }

    private func discardUnread(_ socket: Int32) {
        for _ in 0..<4 {
            guard
                case .moved(let count) = unsafe StreamSocket.receive(
                    from: socket, into: buffer, upTo: bufferByteCount), count > 0
            else { return }
        }
    }
}
