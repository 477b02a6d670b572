internal import LinuxIO
internal import Reactor
internal import Synchronization

// All reactors wait on the same listening sockets, level-triggered and EPOLLEXCLUSIVE. Not a
// socket for each by SO_REUSEPORT: the kernel then deals connections out to them before they are
// accepted, and resets those that wait in the queue of one that closes. These sockets belong to the
// process above, and must outlive a balancer that dies with connections in the queue.

extension Worker {
    /// Takes what waits at a listener, up to the limits.
    mutating func accept(at index: Int) {
        guard listeners[index].isWatched else { return }
        guard !listeners[index].isDatagram else { return receiveDatagrams(at: index) }
        take(from: index, isSweeping: false)
    }

    /// Stops waiting at all listeners, for whoever else waits there.
    ///
    /// The kernel may have woken this reactor alone for a connection that it has not taken yet. So it
    /// stops waiting first, and takes what is there then.
    mutating func leaveListeners() {
        for index in listeners.indices where listeners[index].isWatched {
            unwatchListener(index)
            guard !listeners[index].isDatagram else { continue }
            var rest = mostSweeps
            while rest > 0, take(from: index, isSweeping: true) { rest -= 1 }
        }
        shared.admission.withLock { $0.sweepEnded() }
    }

    /// - Returns: Whether there may be more.
    @discardableResult
    private mutating func take(from index: Int, isSweeping: Bool) -> Bool {
        let frontend = listeners[index].frontend
        // A quiet listener costs one call per connection, without one that finds nothing; one that
        // is ready again in the very next turn gets twice as many, which saves turns.
        let isPressed = listeners[index].filledAtTurn &+ 1 == turnNumber
        let batch = min(listeners[index].batch * (isPressed ? 2 : 1), mostAcceptedPerTurn)
        let limited = listeners[index].hasLimit ? index : nil
        let (room, askAgainAt, isFull) = shared.admission.withLock { admission in
            let (room, askAgainAt) = admission.reserve(
                batch, at: frontend, by: limited, for: number, now: now, isSweeping: isSweeping)
            let isFull = room == 0 && limited.map { admission.listeners[$0].free } == 0
            return (room, askAgainAt, isFull)
        }
        guard room > 0 else {
            if isFull {
                if listeners[index].isWatched { unwatchListener(index) }
                return false
            }
            if let askAgainAt { rateDueAt = min(rateDueAt ?? .max, askAgainAt) }
            unwatchListeners { $0.frontend == frontend }
            return false
        }
        var (accepted, refused) = (0, 0)
        var isDry = false
        while accepted + refused < room {
            var peer = RawPeerAddress()
            let socket = StreamSocket.accept(from: listeners[index].socket, peer: &peer)
            guard socket >= 0 else {
                isDry = true
                acceptFailed(Errno(result: socket))
                break
            }
            if unsafe !entries[index].mayHaveHeader, isOverRate(peer.endpoint, at: frontend) {
                StreamSocket.reset(Int32(socket))
                refused += 1
                continue
            }
            uncounted = accepted + 1
            guard begin(Int32(socket), from: peer.endpoint, at: frontend, by: index) else {
                StreamSocket.close(Int32(socket))
                break
            }
            accepted += 1
        }
        listeners[index].batch = isDry ? max(1, accepted + refused) : batch
        if !isDry { listeners[index].filledAtTurn = turnNumber }
        uncounted = 0
        let free = shared.admission.withLock {
            $0.settle(accepted: accepted, reserved: room, at: frontend, by: limited, now: now)
        }
        tellRoom(free)
        return !isDry
    }

    /// Watches every listener that is not watched, if this reactor may accept.
    mutating func watchListeners() {
        guard isAccepting, acceptPauseEnd == nil else { return }
        for index in listeners.indices where !listeners[index].isWatched {
            let token = UInt64(specialGeneration) << 32 | UInt64(index)
            let isDatagram = listeners[index].isDatagram
            // Flows are found without a lock: those of one listener belong to one reactor.
            if isDatagram, index % shared.plan.reactorCount != number { continue }
            let result = epoll.add(
                listeners[index].socket, for: isDatagram ? .readable : [.readable, .exclusive],
                token: token)
            listeners[index].isWatched = result == 0
        }
    }

    /// Leaves listeners to the other reactors, and what waits there in the kernel's queue.
    mutating func unwatchListeners(where isMeant: (Listener) -> Bool) {
        for index in listeners.indices
        where listeners[index].isWatched && isMeant(listeners[index]) {
            unwatchListener(index)
        }
    }

    private mutating func unwatchListener(_ index: Int) {
        // An exclusive watch cannot be changed by EPOLL_CTL_MOD, so it is taken away.
        _ = epoll.remove(listeners[index].socket)
        listeners[index].isWatched = false
    }

    /// Stops accepting for a while when descriptors are out.
    ///
    /// The kernel checks for one before it
    /// takes a connection from the queue, so none is lost; a watch left in place would spin.
    mutating func pauseAccepting() {
        acceptPauseEnd = now + acceptPause
        unwatchListeners { _ in true }
    }

    /// Counts a connection out of the limits and lets reactors that wait for room listen again.
    ///
    /// - Returns: How many connections there were with this one.
    mutating func leaveAdmission(
        _ frontend: Int, by listener: Int
    ) -> (process: Int, frontend: Int) {
        let limited = listeners[listener].hasLimit ? listener : nil
        let (reactors, process, own) = shared.admission.withLock {
            let counts = ($0.process.count, $0.frontends[frontend].count)
            return ($0.leave(frontend, by: limited), counts.0, counts.1)
        }
        tellRoom(reactors)
        return (process, own)
    }

    private mutating func acceptFailed(_ errno: Errno) {
        // Otherwise nothing waits any more, or the client was gone before it was taken.
        if errno.isShortage { pauseAccepting() }
    }

    mutating func tellRoom(_ reactors: UInt64) {
        var rest = reactors
        while rest != 0 {
            let reactor = rest.trailingZeroBitCount
            rest &= rest - 1
            if reactor == number {
                watchListeners()
            } else {
                shared.inboxes[reactor].post(.roomToAccept)
            }
        }
    }

    /// Whether an address has had as many connections within a second as it may; counts this one.
    func isOverRate(_ peer: IPEndpoint, at frontend: Int) -> Bool {
        guard let rates = shared.sourceRates[frontend] else { return false }
        guard rates.isOver(peer.high ^ peer.low, at: now) else { return false }
        unsafe tallies[frontend].refusals.increase()
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
        let result = epoll.add(
            socket, for: [.readable, .peerClosed, .urgent, .edgeTriggered],
            token: slab.token(of: client))
        guard result == 0 else {
            slab.free(client)
            return false
        }
        if unsafe entries[listener].isPlain {
            recordAccepted(client)
            enterPool(client)
        } else {
            introduce(client, from: peer)
        }
        return true
    }

    /// Starts a connection in a place that an earlier one left.
    @inline(__always)
    mutating func prepare(
        _ client: Int, socket: Int32, source: IPEndpoint, at frontend: Int, by listener: Int
    ) {
        let server = client | 1
        slab[client].prepare(socket: socket, now: UInt32(truncatingIfNeeded: now))
        slab[server].prepare(socket: -1, now: UInt32(truncatingIfNeeded: now))
        slab[client].word = source.digest
        slab[client].number = source.port
        slab[client].owner = UInt16(frontend)
        slab[client].path = UInt16(listener)
        // What does not fit is kept aside.
        slab[client].introduction =
            source.isIPv4 || !source.isPresent
            ? -1 : introductions.keep(.init(source: source, destination: .none))
        slab[server].path = UInt16(unsafe entries[listener].route)
        slab[server].time = Half.noTime
        slab[server].turn = .none
        slab[server].owner = Half.noServer
    }
}

extension Half {
    /// Starts a connection's half in a place that an earlier one left.
    fileprivate mutating func prepare(socket: Int32, now: UInt32) {
        receivedByteCount = 0
        self.socket = socket
        activeAt = now
        lease = -1
        phaseAt = now
        time = now
        number = 0
        marks.formIntersection(.isOnReadyList)
        streak = 0
        failedAttempts = 0
    }
}

/// Bounds the time that newcomers take from those who are being served.
private let mostAcceptedPerTurn = 16
/// Bounds what is taken when a reactor stops waiting; a flood goes on to the others.
private let mostSweeps = 64
/// Milliseconds.
private let acceptPause: UInt64 = 100
