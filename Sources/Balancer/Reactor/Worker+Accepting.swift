internal import LinuxIO
internal import Reactor
internal import Synchronization

extension Worker {
    /// What came of taking connections from a listener.
    enum Taking {
        /// Nothing more waits there, as far as the kernel has said.
        case dry
        /// There may be more.
        case more
        /// There was no room for any, or none for more.
        case noRoom(Admission.Answer)
    }

    /// Takes what waits at a listener, up to the limits.
    mutating func accept(at index: Int) {
        guard listeners[index].isWatched else { return }
        guard !listeners[index].isDatagram else { return receiveDatagrams(at: index) }
        // A gate that was closed a moment ago is heard of in this turn or the next: what this reactor
        // was woken for is taken then.
        guard case .noRoom(let answer) = take(from: index, isSweeping: false), answer != .closed
        else { return }
        unwatchListener(index)
        wait(index, for: answer)
    }

    /// Accepts connections.
    mutating func take(from index: Int, isSweeping: Bool) -> Taking {
        let frontend = listeners[index].frontend
        // A quiet listener costs one call per connection, without one that finds nothing; one that
        // is ready again in the very next turn gets twice as many, which saves turns.
        let isPressed = listeners[index].filledAtTurn &+ 1 == turnNumber
        let batch = min(listeners[index].batch * (isPressed ? 2 : 1), mostAcceptedPerTurn)
        let answer = shared.admission.withLock {
            $0.reserve(
                batch, at: frontend, by: index, for: number, now: now, isSweeping: isSweeping)
        }
        guard case .room(let room) = answer else { return .noRoom(answer) }
        var (accepted, refused) = (0, 0)
        var isDry = false
        while accepted + refused < room {
            var peer = RawPeerAddress()
            let socket = StreamSocket.accept(from: listeners[index].socket, peer: &peer)
            guard socket >= 0 else {
                isDry = true
                // Otherwise nothing waits any more, or the client was gone before it was taken.
                if Errno(result: socket).isShortage { pauseAccepting() }
                break
            }
            if unsafe !entries[index].mayHaveHeader, isOverRate(peer.endpoint, at: index) {
                StreamSocket.reset(Int32(socket))
                refused += 1
                continue
            }
            uncounted = accepted + 1
            unusedRoom = room - refused - uncounted
            guard begin(Int32(socket), from: peer.endpoint, at: frontend, by: index) else {
                // The kernel has no watch left for this user, so that the next one would fail too.
                StreamSocket.reset(Int32(socket))
                unsafe tallies[index].refusals.increase()
                shared.refusals[frontend].note(.localFailure)
                isDry = true
                pauseAccepting()
                break
            }
            accepted += 1
        }
        listeners[index].batch = isDry ? max(1, accepted + refused) : batch
        if !isDry { listeners[index].filledAtTurn = turnNumber }
        (uncounted, unusedRoom) = (0, 0)
        let admitted = unsafe entries[index].isPlain ? accepted : 0
        let openings = shared.admission.withLock {
            $0.settle(
                accepted: accepted, admitted: admitted, reserved: room, at: frontend, by: index,
                now: now)
        }
        tell(openings, at: frontend, by: index)
        return isDry ? .dry : .more
    }

    /// Counts a connection out of the limits and lets reactors that wait for room listen again.
    ///
    /// - Returns: How many connections there were with this one.
    mutating func leaveAdmission(
        _ frontend: Int, by listener: Int
    ) -> (process: Int, frontend: Int) {
        let (openings, process, own) = shared.admission.withLock {
            let counts = ($0.process.count, $0.frontends[frontend].count)
            return ($0.leave(frontend, by: listener), counts.0, counts.1)
        }
        tell(openings, at: frontend, by: listener)
        return (process, own)
    }

    /// Whether an address has had as many connections within a second as it may; counts this one.
    func isOverRate(_ peer: IPEndpoint, at listener: Int) -> Bool {
        let frontend = listeners[listener].frontend
        guard let rates = shared.sourceRates[frontend], rates.isOver(peer, at: now) else {
            return false
        }
        unsafe tallies[listener].refusals.increase()
        shared.refusals[frontend].note(.overRate)
        return true
    }

    /// Makes a connection of an accepted socket.
    private mutating func begin(
        _ socket: Int32, from peer: IPEndpoint, at frontend: Int, by listener: Int
    ) -> Bool {
        guard let client = slab.allocate() else { return false }
        prepare(client, socket: socket, source: peer, at: frontend, by: listener)
        // The listener's TCP_NODELAY is inherited.
        slab[client].marks.insert([.hasSent, .hasNoDelay])
        var interest: Readiness = [.readable, .peerClosed, .urgent, .edgeTriggered]
        if unsafe entries[listener].security != nil {
            interest.insert(.writable)
            slab[client].marks.insert(.watchesRoom)
        }
        let result = epoll.add(socket, for: interest, token: slab.token(of: client))
        guard result == 0 else {
            if slab[client].introduction >= 0 { introductions.drop(slab[client].introduction) }
            slab.free(client)
            return false
        }
        if unsafe entries[listener].isPlain {
            boundSession()
            noteSession(client)
            recordAccepted(client)
            enterPool(client)
        } else {
            introduce(client, from: peer)
        }
        return true
    }

    /// Counts a connection that has shown its PROXY header and that rules have let pass.
    mutating func admit(_ client: Int) {
        shared.refusals[Int(slab[client].owner)].admitted.add(1, ordering: .relaxed)
        noteSession(client)
    }

    /// Counts a connection that rules have let pass, where the process may have only so many a second.
    func boundSession(isFlow: Bool = false) {
        guard shared.plan.sessionRateLimit != nil else { return }
        shared.admission.withLock { $0.noteSession(isFlow: isFlow, now: now) }
    }

    /// Counts a connection that rules have let pass; one that nobody asks about is counted as it is accepted.
    mutating func noteSession(_ client: Int) {
        let listener = Int(slab[client].path)
        if unsafe entries[listener].numbersConnections { giveNumber(client) }
        guard unsafe !entries[listener].isPlain else { return }
        let frontend = Int(slab[client].owner)
        shared.admission.withLock { $0.noteSession(at: frontend, now: now) }
    }

    /// Starts a connection in a place that an earlier one left.
    @inline(__always)
    mutating func prepare(
        _ client: Int, socket: Int32, source: IPEndpoint, at frontend: Int, by listener: Int
    ) {
        let server = client | 1
        slab[client].prepare(socket: socket, now: UInt32(truncatingIfNeeded: now))
        slab[server].prepare(socket: -1, now: UInt32(truncatingIfNeeded: now))
        slab[client].acceptedAt = now
        slab[client].clientAddress = source.ipv4
        slab[client].clientPort = source.port
        slab[client].owner = UInt16(frontend)
        slab[client].path = UInt16(listener)
        // What does not fit is kept aside.
        slab[client].introduction =
            source.isIPv4 || !source.isPresent
            ? -1 : introductions.keep(.init(source: source, destination: .none))
        slab[server].path = UInt16(unsafe entries[listener].route)
        slab[server].queueTime = nil
        slab[server].turn = .none
        slab[server].owner = Half.noServer
    }
}

/// Bounds the time that newcomers take from those who are being served.
private let mostAcceptedPerTurn = 16
