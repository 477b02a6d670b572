internal import LinuxIO
internal import Reactor
internal import Synchronization

/// From a chosen server to an established connection, or to the next attempt.
extension Worker {
    /// Begins an attempt at the server that was chosen.
    mutating func connect(_ client: Int) {
        let server = client | 1
        guard !self[routeOf: client].isDatagram else { return connectFlow(client) }
        slab[client].phase = .connecting
        noteAssigned(client)
        let destination = unsafe presentDestination(server)
        // Whoever is kept at his server comes also while its name has none yet.
        guard unsafe destination.pointee.hasAddress else { return attemptFailed(client, .remote) }
        let place = slab[client].introduction
        let uploadLimit = place < 0 ? 0 : introductions[uploadLimitAt: place]
        var outcome = 0
        var isSpare = false
        for _ in 0..<portAttempts {
            let spare = unsafe spareSocket(for: destination, server)
            isSpare = spare != nil
            let result = spare ?? StreamSocket.open(unsafe destination.pointee.family)
            guard result >= 0 else { return noSocket(client, Errno(result: result)) }
            slab[server].socket = Int32(result)
            if uploadLimit > 0 { StreamSocket.limitRate(of: Int32(result), to: uploadLimit) }
            outcome = unsafe beginConnecting(Int32(result), to: destination, client)
            guard wantsOtherPort(client, outcome) else { break }
            dropServerSocket(client)
        }
        let socket = slab[server].socket
        guard outcome == 0 || Errno(result: outcome) == .inProgress else {
            return attemptFailed(client, .init(connecting: Errno(result: outcome)))
        }
        let interest: Readiness = [
            .readable, .writable, .peerClosed, .urgent, .edgeTriggered,
        ]
        let token = slab.token(of: server)
        let watched =
            isSpare
            ? epoll.modify(socket, for: interest, token: token)
            : epoll.add(socket, for: interest, token: token)
        guard watched == 0 else { return attemptFailed(client, .local) }
        slab[server].marks.insert(.watchesRoom)
        if unsafe destination.pointee.takesSpareSockets, uploadLimit == 0 {
            slab[server].marks.insert(.hasPlainSocket)
        }
        enter(.connecting, client)
    }

    /// A socket that an earlier connection to the server of a half has left.
    @unsafe
    private mutating func spareSocket(
        for destination: UnsafePointer<Destination>, _ server: Int
    ) -> Int? {
        guard unsafe destination.pointee.takesSpareSockets else { return nil }
        return spares.take(for: Int(slab[server].owner)).map(Int.init)
    }

    /// How to connect to the server of a half, where it is now.
    @unsafe
    func presentDestination(_ server: Int) -> UnsafePointer<Destination> {
        let number = Int(slab[server].owner)
        let destination = unsafe destinations + number
        unsafe destination.pointee.refresh(number, from: shared.addresses)
        if unsafe destination.pointee.followsClient {
            unsafe destination.pointee.follow(self.destination(of: server ^ 1))
        }
        return unsafe UnsafePointer(destination)
    }

    /// Handles events of a server's socket while an attempt lasts: the first says that it is connected;
    /// there are more where a handshake follows.
    mutating func connectionAnswered(_ server: Int, _ readiness: Readiness) {
        let client = server ^ 1
        if slab[server].marks.isDisjoint(with: .isSecured) {
            guard !readiness.contains(.failed) else { return attemptFailed(client, .remote) }
            guard readiness.contains(.writable) else { return }
            slab[server].activeAt = UInt32(truncatingIfNeeded: now)
            if unsafe destinations[Int(slab[server].owner)].hasHeader, !sendHeader(client) {
                return attemptFailed(client, .remote)
            }
            if let security = unsafe destinations[Int(slab[server].owner)].security {
                guard secure(server, by: security) else { return attemptFailed(client, .local) }
            }
        }
        if slab[server].marks.contains(.isSecured), !goOnSecuring(server, readiness) { return }
        if slab[client].marks.contains(.isSecured) { slab[server].marks.insert(.onlyCopies) }
        shared.watch?.connected(to: Int(slab[server].owner))
        beginSharing(client)
        enter(.relaying, client)
        if self[routeOf: client].storesServers { rememberServer(client) }
        recordConnected(client)
        note(readiness, server)
        let generation = slab[client].generation
        if slab[client].marks.contains(.readable) { pump(client) }
        guard slab[client].generation == generation else { return }
        if slab[server].marks.contains(.readable) { pump(server) }
    }

    /// Handles events of a client that has no server yet.
    mutating func clientStirred(_ half: Int, _ readiness: Readiness) {
        note(readiness, half)
        // Both directions of a Unix socket hang up as its peer closes, whose last bytes are still there.
        let hasFailed = readiness.contains(.failed)
        // As haproxy: who ends his stream without a word while he waits for a server is taken to be
        // gone. Once a server is on the way he may be a reader of banners.
        let hasLeft =
            slab[half].marks.contains(.endIsNear)
            && (self[routeOf: half].dropsLeavers
                || slab[half].phase == .waiting && !hasSpoken(half))
        guard hasFailed || hasLeft else { return }
        countAbort(by: half)
        end(half, client: .finish, server: .reset, because: .client)
    }

    /// What an attempt failed by.
    enum Failure {
        /// The server or the network answered so.
        case remote
        /// Nobody answered in time.
        case timeout
        /// This host: an address, a port or a permission is lacking, which is not the server's fault.
        case local

        /// Sorts an error of `connect(2)`.
        init(connecting errno: Errno) {
            switch errno {
            case .connectionRefused, .connectionReset, .timedOut, .hostUnreachable,
                .networkUnreachable, .hostDown, .noSuchFile, .wouldBlock:
                self = .remote
            default: self = .local
            }
        }

        fileprivate var cause: Ending.Cause {
            switch self {
            case .remote: .server
            case .timeout: .serverTimeout
            case .local: .resource
            }
        }
    }

    /// Counts a failed attempt and makes the next one, or gives up.
    ///
    /// As haproxy: the same server, whose slot it keeps, after a second unless the attempt took its
    /// time already; or, where `option redispatch` allows it, another one at once.
    ///
    /// - Parameters:
    ///   - client: The connection.
    ///   - failure: What the attempt failed by.
    ///   - reason: Why it could not be secured, for the operator.
    mutating func attemptFailed(_ client: Int, _ failure: Failure, because reason: String? = nil) {
        let server = client | 1
        let route = self[routeOf: client]
        if failure != .local {
            let isUnanswered = slab[server].marks.contains(.isSecured) && failure == .timeout
            shared.watch?.failed(
                toReach: Int(slab[server].owner),
                because: isUnanswered ? "the handshake was not done in time" : reason)
        }
        slab[server].failedAttempts += 1
        guard slab[server].failedAttempts <= route.retries, let failed = serverInPool(client)
        else {
            // The log tells where the last one came from.
            count(failure, client) { $0.connectionErrors.increase() }
            if failure == .local { shared.refusals[route.frontend].note(.localFailure) }
            return end(client, client: .finish, server: .reset, because: failure.cause)
        }
        dropServerSocket(client)
        let mayLeave = route.mayLeave(at: slab[server].failedAttempts)
        let isBound = slab[server].marks.contains(.isBound)
        let isForced = slab[server].marks.contains(.isForced)
        let (notice, choice) = shared.pools[route.pool].state.withLock {
            state -> (PoolState.Notice?, PoolState.NextChoice) in
            guard route.redispatches, !isForced else { return (nil, .same) }
            let choice = state.nextChoice(after: failed, mayLeave: mayLeave, isBound: isBound)
            return (choice == .same ? nil : state.giveBack(failed, at: now), choice)
        }
        slab[client].phase = .pausing
        tell(notice, pool: route.pool)
        switch choice {
        case .other:
            count(failure, client) { $0.redispatches.increase() }
            slab[server].marks.insert(.wasRedispatched)
            choose(client, avoiding: failed)
        case .byKey:
            count(failure, client) { $0.retries.increase() }
            choose(client, avoiding: failed)
        case .same:
            count(failure, client) { $0.retries.increase() }
            let limit = route.timeouts.connect
            let pause = limit == 0 ? 1000 : min(1000, limit)
            self.pause(client, for: failure == .timeout ? 0 : pause)
        }
    }

    /// Counts at the server, or at its pool where the server has no part in it.
    private func count(_ failure: Failure, _ client: Int, _ body: (borrowing Tally) -> Void) {
        failure == .local ? poolTally(client, body) : serverTally(client, body)
    }

    /// The pause is over: the next attempt, at another server if this one is out by now.
    mutating func pauseEnded(_ client: Int) {
        guard let server = serverInPool(client) else { return choose(client, avoiding: nil) }
        let pool = self[routeOf: client].pool
        let isBound = slab[client | 1].marks.contains(.isBound)
        let isKept =
            slab[client | 1].marks.contains(.isForced)
            || isBound && self[routeOf: client].keepsToServers
        let isRetry = slab[client | 1].failedAttempts > 0
        let serves = shared.pools[pool].state.withLock {
            let serves = $0.servers[server].serves(isBound: isBound, isKept: isKept)
            if serves, isRetry { $0.noteRetry(at: server, now: now) }
            return serves
        }
        guard !serves else { return connect(client) }
        giveBackSlot(server, pool: pool)
        choose(client, avoiding: server)
    }

    /// Handles a connection for which there is no socket.
    ///
    /// Where descriptors or memory ran out it is kept: it was accepted, so it is not lost. It tries
    /// again, and nothing further is accepted meanwhile. Not an attempt, since the server has no part in
    /// it, until the time to connect is over.
    mutating func noSocket(_ client: Int, _ errno: Errno) {
        let limit = self[routeOf: client].timeouts.connect
        guard errno.isShortage, limit == 0 || timeSinceAssigned(client) < limit else {
            return attemptFailed(client, .local)
        }
        pauseAccepting()
        slab[client].phase = .pausing
        pause(client, for: 100)
    }

    private mutating func pause(_ client: Int, for interval: UInt64) {
        slab[client].phase = .pausing
        slab[client | 1].phaseAt = UInt32(truncatingIfNeeded: now + interval)
        arm(client)
    }

    /// Closes the socket of an attempt; its events become stale.
    private mutating func dropServerSocket(_ client: Int) {
        let server = client | 1
        guard slab[server].socket >= 0 else { return }
        if slab[server].marks.contains(.isSecured) { sessions.drop(server) }
        let port = ownPort(of: server)
        StreamSocket.close(slab[server].socket)
        giveBack(port, of: server)
        slab.retire(server)
        slab[server].marks.formIntersection([
            .isOnReadyList, .wasRedispatched, .waitedAtServer, .isBound, .isForced,
        ])
    }

    /// Connects from a port of our own choice, or from the kernel's once a few were taken.
    @unsafe
    private mutating func beginConnecting(
        _ socket: Int32, to destination: UnsafePointer<Destination>, _ client: Int
    ) -> Int {
        let server = Int(slab[client | 1].owner)
        if self[routeOf: client].savesAcknowledgement,
            unsafe destination.pointee.hasHeader || hasSpoken(client)
        {
            // IPPROTO_TCP, TCP_QUICKACK; a Unix socket has none.
            _ = StreamSocket.setOption(socket, level: 6, 12, to: 0)
        }
        var choosesPort = shared.ports.isAvailable
        if unsafe !destination.pointee.isPlain {
            switch unsafe bindSource(of: socket, for: destination, client) {
            case .anyPort: break
            case .ownPort: choosesPort = false
            case .failed(let result): return result
            }
        } else if unsafe !destination.pointee.isInternet {
            choosesPort = false
        }
        guard choosesPort else {
            return unsafe StreamSocket.connect(socket, to: destination.pointee.address)
        }
        for _ in 0..<portAttempts {
            _ = StreamSocket.restrictLocalPorts(of: socket, to: shared.ports.next(for: server))
            let result = unsafe StreamSocket.connect(socket, to: destination.pointee.address)
            guard result < 0, Errno(result: result) == .addressNotAvailable else { return result }
        }
        _ = StreamSocket.restrictLocalPorts(of: socket, to: 0)
        return unsafe StreamSocket.connect(socket, to: destination.pointee.address)
    }
}
