internal import LinuxIO
internal import Reactor

// Small exchanges are copied through the reactor's buffer: four calls for a message and its answer.
// A direction whose reads fill the buffer moves by splice through a leased pipe, until its reads
// are small again. Sockets are edge-triggered, so a direction goes on until the kernel has said
// that there is no more: by EAGAIN, or by a short read, which spares that call.

extension Worker {
    /// Handles events of a half whose connection moves bytes.
    @inline(__always)
    mutating func relay(_ half: Int, _ readiness: Readiness) {
        let peer = half ^ 1
        if readiness.contains(.readable), slab[half].marks.contains(.readable),
            !slab[half].marks.isDisjoint(with: .waits)
        {
            ignoreBytes(half)
        }
        note(readiness, half)
        if slab[peer].marks.contains(.blocked),
            !readiness.isDisjoint(with: [.writable, .failed, .hungUp])
        {
            let generation = slab[half].generation
            pump(peer)
            guard slab[half].generation == generation else { return }
        }
        // A session that was asked for new keys reads on only once its answer has had room.
        if readiness.contains(.writable), slab[half].marks.contains(.isSecured) {
            slab[half].marks.insert(.readable)
        }
        if readiness.contains(.failed),
            !slab[half].marks.isDisjoint(with: [.blocked, .awaitsTurn, .ended])
        {
            // The error cannot be read: what the side sent last waits for the peer, or was its end.
            abort(half)
        } else if slab[half].marks.contains(.readable), slab[half].marks.isDisjoint(with: .waits) {
            pump(half)
        }
    }

    /// Takes note of what an event says about a half.
    @inline(__always)
    mutating func note(_ readiness: Readiness, _ half: Int) {
        var marks = slab[half].marks
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .hungUp, .failed]) {
            marks.insert(.readable)
        }
        if readiness.contains(.peerClosed) { marks.insert(.endIsNear) }
        if !readiness.isDisjoint(with: [.failed, .urgent]) {
            // A read stops short of an error and of urgent data, so it must not count as the last;
            // and a splice cannot pass urgent data at all.
            marks.insert([.probes, .onlyCopies])
            marks.remove(.splices)
        }
        slab[half].marks = marks
    }

    /// Moves bytes from a half to its peer until there are none, the peer is full, or the
    /// direction's share of the turn is used up.
    mutating func pump(_ half: Int) {
        var budget = budgetPerTurn
        while true {
            if slab[half].lease >= 0, !drain(half) { return }
            guard slab[half].marks.isDisjoint(with: .ended) else { return passEnd(half) }
            guard slab[half].marks.contains(.readable) else { return }
            guard budget > 0 else { return makeReady(half) }
            if slab[half].marks.contains(.splices) {
                budget -= costOfSplice
                guard fill(half) else { return }
            } else {
                budget -= 1
                guard let most = turnByteCount(half), copy(half, upTo: most) else { return }
            }
        }
    }

    /// Moves at most one buffer.
    ///
    /// - Returns: Whether the direction can go on.
    @inline(__always)
    private mutating func copy(_ half: Int, upTo most: Int) -> Bool {
        let transfer = receive(from: half, upTo: most)
        if slab[half].marks.contains(.sharesBandwidth) { endTurn(half, transfer) }
        switch transfer {
        case .moved(0):
            slab[half].marks.insert(.ended)
            slab[half].marks.remove(.readable)
            return true
        case .moved(let count):
            took(count, from: half)
            if count == most {
                readFull(half)
            } else {
                slab[half].streak = 0
                if slab[half].marks.isDisjoint(with: [.probes, .ignoresBytes]) {
                    sourceIsDry(half)
                }
            }
            return send(count, from: half)
        case .wouldBlock:
            ranDry(half)
            return true
        case .failed:
            abort(half)
            return false
        }
    }

    /// After a full read: a few in a row make a stream, which moves by splice from then on.
    private mutating func readFull(_ half: Int) {
        guard slab[half].marks.isDisjoint(with: .onlyCopies) else { return }
        slab[half].streak += 1
        guard slab[half].streak >= fullReadsOfStream else { return }
        slab[half].marks.insert(.splices)
        slab[half].streak = 0
    }

    /// After a short read: nothing more, or the end if it was announced before.
    @inline(__always)
    private mutating func sourceIsDry(_ half: Int) {
        slab[half].marks.remove(.readable)
        if slab[half].marks.contains(.endIsNear) { slab[half].marks.insert(.ended) }
    }

    /// Sends the buffer's bytes to the peer; what it does not take is kept in a lease.
    @inline(__always)
    private mutating func send(_ count: Int, from half: Int) -> Bool {
        let peer = half ^ 1
        prepareSending(peer)
        var sent = 0
        switch give(count, to: peer, endFollows: endFollows(half)) {
        case .moved(count):
            slab[peer].activeAt = UInt32(truncatingIfNeeded: now)
            return true
        case .moved(let part):
            slab[peer].activeAt = UInt32(truncatingIfNeeded: now)
            sent = part
        case .wouldBlock:
            break
        case .failed:
            abort(peer)
            return false
        }
        slab[half].lease =
            unsafe slab[peer].marks.contains(.isSecured)
            ? pool.keepInMemory(buffer + sent, count: count - sent)
            : pool.keep(buffer + sent, count: count - sent, at: now)
        noteProgress(of: half)
        awaitRoom(half)
        return false
    }

    /// Whether nothing but the end of its stream follows what was just taken from a half.
    @inline(__always)
    private func endFollows(_ half: Int) -> Bool {
        guard slab[half].marks.contains(.ended) else { return false }
        // A reset, which may follow a client's end, would drop what waits.
        return half & 1 == 1 || !self[routeOf: half].resetsServers
    }

    /// Moves what a stream has into a pipe.
    private mutating func fill(_ half: Int) -> Bool {
        var most = pipeByteCount
        if pool.isShort {
            // Peers that take nothing would keep the last pipes, and all other streams would be copied. Half
            // of the room is for what the kernel keeps beside the bytes.
            most = min(most, StreamSocket.room(in: slab[half ^ 1].socket) / 2)
            guard most >= leastRoomOfStream else { return copy(half, upTo: bufferByteCount) }
        }
        guard let lease = pool.leasePipe(at: now) else {
            slab[half].marks.remove(.splices)
            return true
        }
        let transfer = pool.fill(lease, from: slab[half].socket, upTo: most)
        guard case .moved(let count) = transfer, count > 0 else {
            pool.giveBack(lease)
            return fillEnded(half, transfer)
        }
        took(count, from: half)
        slab[half].lease = lease
        noteProgress(of: half)
        if count >= smallFillByteCount {
            slab[half].streak = 0
        } else {
            slab[half].streak += 1
            if slab[half].streak >= smallFillsOfStream {
                slab[half].marks.remove(.splices)
                slab[half].streak = 0
            }
        }
        return true
    }

    private mutating func fillEnded(_ half: Int, _ transfer: Transfer) -> Bool {
        switch transfer {
        case .moved:
            // The end, or urgent data before it: a read tells which.
            slab[half].marks.remove(.splices)
        case .wouldBlock:
            // The pipe was empty, so it is the socket that has nothing.
            ranDry(half)
        case .failed(.invalidArgument), .failed(.notImplemented), .failed(.notSupported):
            slab[half].marks.remove(.splices)
            slab[half].marks.insert(.onlyCopies)
        case .failed:
            abort(half)
            return false
        }
        return true
    }

    /// Moves what a lease holds to the peer.
    ///
    /// - Returns: Whether it is empty, and given back.
    private mutating func drain(_ half: Int) -> Bool {
        let peer = half ^ 1
        let lease = slab[half].lease
        prepareSending(peer)
        var moves = false
        while !pool.isEmpty(lease) {
            switch drain(lease, to: peer) {
            case .moved(let count) where count > 0:
                slab[peer].activeAt = UInt32(truncatingIfNeeded: now)
                moves = true
            case .wouldBlock:
                if moves { noteProgress(of: half) }
                awaitRoom(half)
                return false
            case .moved, .failed:
                abort(peer)
                return false
            }
        }
        pool.giveBack(lease)
        slab[half].lease = -1
        if slab[half].marks.contains(.blocked) { roomCame(half) }
        return true
    }

    /// Takes note that bytes of a direction moved, or that it became blocked.
    @inline(__always)
    mutating func noteProgress(of half: Int) {
        slab[half].stuckSince = UInt32(truncatingIfNeeded: now)
    }

    /// Goes on with a direction whose peer has room again.
    ///
    /// Who was not listened to had no chance to say anything: its time begins now, and counts again,
    /// which the timer knows nothing of.
    mutating func roomCame(_ half: Int) {
        slab[half].marks.remove(.blocked)
        slab[half].activeAt = UInt32(truncatingIfNeeded: now)
        arm(half & ~1)
    }

    /// Makes sure that small segments do not wait for acknowledgements.
    ///
    /// The first ones sent never do, so a
    /// server's socket needs the option from its second send on, and most never get there.
    @inline(__always)
    private mutating func prepareSending(_ half: Int) {
        let marks = slab[half].marks
        guard marks.isDisjoint(with: .hasNoDelay) else { return }
        guard marks.contains(.hasSent) else {
            slab[half].marks.insert(.hasSent)
            return
        }
        StreamSocket.disableDelay(slab[half].socket)
        slab[half].marks.insert(.hasNoDelay)
    }

    /// Leaves a direction until the next turn.
    private mutating func makeReady(_ half: Int) {
        guard slab[half].marks.isDisjoint(with: .isOnReadyList) else { return }
        slab[half].marks.insert(.isOnReadyList)
        slab[half].readyLink = -1
        if lastReady >= 0 {
            slab[Int(lastReady)].readyLink = Int32(half)
        } else {
            firstReady = Int32(half)
        }
        lastReady = Int32(half)
    }

    /// Passes the end of a half's stream on, once all its bytes are with the peer.
    private mutating func passEnd(_ half: Int) {
        guard slab[half].marks.isDisjoint(with: .passedEnd) else { return }
        let peer = half ^ 1
        guard !slab[peer].marks.contains(.isSecured) || sayEnd(of: half) else { return }
        slab[half].marks.insert(.passedEnd)
        if slab[peer].marks.contains(.passedEnd) {
            end(
                half & ~1, client: .finish, server: half & 1 == 1 ? .answered : .finish,
                because: .normal)
        } else if slab[peer].marks.contains(.ended), slab[peer].lease < 0 {
            end(half & ~1, client: .finish, server: .finish, because: .normal)
        } else {
            let client = half & ~1
            // As haproxy's `nolinger`: the client's end ends it all, the server's does not.
            if self[routeOf: client].resetsServers, half & 1 == 0 {
                return end(half, client: .reset, server: .reset, because: .normal)
            }
            StreamSocket.endSending(slab[peer].socket)
            // The slot may lie behind the deadline of a half-closed connection.
            let timeouts = self[routeOf: client].timeouts
            if timeouts.clientFin | timeouts.serverFin > 0 {
                arm(client)
            }
        }
    }

    /// Ends a connection because one side broke off: the other one sees a reset, too.
    ///
    /// A clean end would look to it like a complete answer, unless it was one: a server that has ended its
    /// stream resets what the client says afterwards.
    private mutating func abort(_ failed: Int) {
        countAbort(by: failed)
        let isServer = failed & 1 == 1
        if isServer {
            tellComplaint(of: failed)
            passLastWords(of: failed)
        }
        end(
            failed & ~1,
            client: isServer && slab[failed].marks.contains(.passedEnd) ? .finish : .reset,
            server: .reset, because: isServer ? .server : .client)
    }

    /// Gives the client what a server said before it broke off, as far as there is room: who refuses a
    /// long request says why, and closes without having read the rest, which resets the connection.
    private mutating func passLastWords(of server: Int) {
        guard slab[server].marks.isDisjoint(with: .ended), slab[server].lease < 0 else { return }
        while case .moved(let count) = receive(from: server, upTo: bufferByteCount), count > 0 {
            if slab[server].marks.contains(.sharesBandwidth) { endTurn(server, .moved(count)) }
            took(count, from: server)
            guard case .moved(count) = give(count, to: server ^ 1, endFollows: false) else {
                return
            }
        }
    }

    /// Counts bytes as they pass, so that a long connection shows in the counters while it lasts.
    @inline(__always)
    mutating func took(_ count: Int, from half: Int) {
        slab[half].receivedByteCount &+= UInt64(count)
        slab[half].activeAt = UInt32(truncatingIfNeeded: now)
        if slab[half & ~1].marks.contains(.countsBytes) { countTrackedBytes(count, from: half) }
        let listener = Int(slab[half & ~1].path)
        let server = layout.server(Int(slab[half | 1].owner))
        if half & 1 == 0 {
            unsafe tallies[listener].bytesIn.increase(by: count)
            unsafe tallies[server].bytesIn.increase(by: count)
        } else {
            unsafe tallies[listener].bytesOut.increase(by: count)
            unsafe tallies[server].bytesOut.increase(by: count)
        }
    }
}

/// Copies per direction and turn; one that has more goes on after the others had theirs.
private let budgetPerTurn = 16
private let costOfSplice = 4
/// Reads in a row that filled the buffer, from which on a direction counts as a stream.
private let fullReadsOfStream = 2
/// Bytes that a peer must have room for where pipes are few.
private let leastRoomOfStream = 65_536
/// Fills below this many bytes gain nothing over a copy.
private let smallFillByteCount = 16_384
private let smallFillsOfStream = 3
