internal import LinuxIO
internal import Reactor

// Sides of connections that are spoken to by TLS. Their bytes are copied, through a session; all else is
// as for any other: who waits for whom, what time ends, what is counted.

extension Worker {
    /// Begins to secure the connection of a server's half that has just been made.
    ///
    /// - Returns: Whether there is a session.
    mutating func secure(_ server: Int, by security: any ServerSecurity) -> Bool {
        let name = askedName(of: server)
        guard let session = security.makeSession(on: slab[server].socket, asking: name) else {
            return false
        }
        sessions.keep(session, for: server)
        // What the handshake ends with would otherwise hold up the client's first bytes.
        StreamSocket.disableDelay(slab[server].socket)
        // A record is more than a read returns, and no kernel splices it.
        slab[server].marks.insert([.isSecured, .hasNoDelay, .probes, .onlyCopies])
        return true
    }

    /// The name of which the client, or a rule for him, says that it is the server's (`sni`).
    private func askedName(of server: Int) -> ShortText? {
        let client = server ^ 1
        switch unsafe destinations[Int(slab[server].owner)].connection.nameSource {
        case .key(let key):
            return withKey(key, of: client, source(of: client), readHello(client)) { key in
                if case .bytes(let bytes) = key { ShortText(bytes) } else { nil }
            }
        case .variable(let variable):
            return value(of: variable, client).withText { ShortText($0) } ?? nil
        case nil, .number, .text, .address: return nil
        }
    }

    /// Goes on with a handshake.
    ///
    /// - Returns: Whether it is done; an attempt whose handshake failed has been ended.
    mutating func goOnSecuring(_ server: Int, _ readiness: Readiness) -> Bool {
        switch sessions[server].handshake() {
        case .waits:
            guard readiness.contains(.failed) else { return false }
            attemptFailed(server ^ 1, .remote, because: "it broke the connection off")
            return false
        case .ended:
            let reason = "it ended the connection during the handshake"
            attemptFailed(server ^ 1, .remote, because: reason)
            return false
        case .failed(let reason):
            attemptFailed(server ^ 1, .remote, because: reason)
            return false
        case .done:
            slab[server].activeAt = UInt32(truncatingIfNeeded: now)
            // It may have taken more from the socket than its own messages.
            slab[server].marks.insert(.readable)
            slab[server ^ 1].marks.insert(.onlyCopies)
            slab[server ^ 1].marks.remove(.splices)
            return true
        }
    }

    /// Has it known why a server broke a session off before it said anything.
    mutating func tellComplaint(of server: Int) {
        guard slab[server].marks.contains(.isSecured), slab[server].receivedByteCount == 0,
            let complaint = sessions[server].complaint
        else { return }
        shared.watch?.failed(toReach: Int(slab[server].owner), because: complaint)
    }

    /// Takes what a half has for its peer into the reactor's buffer.
    @inline(__always)
    mutating func receive(from half: Int, upTo most: Int) -> Transfer {
        if slab[half].marks.contains(.isSecured) { return receiveSecured(from: half, upTo: most) }
        return unsafe StreamSocket.receive(from: slab[half].socket, into: buffer, upTo: most)
    }

    /// Gives bytes of the reactor's buffer to a half.
    @inline(__always)
    mutating func give(_ count: Int, to half: Int, endFollows: Bool) -> Transfer {
        if slab[half].marks.contains(.isSecured) {
            return unsafe sessions[half].send(buffer, count: count)
        }
        return unsafe StreamSocket.send(
            buffer, count: count, to: slab[half].socket, endFollows: endFollows)
    }

    /// Gives bytes of a lease to a half.
    @inline(__always)
    mutating func drain(_ lease: Int32, to half: Int) -> Transfer {
        if slab[half].marks.contains(.isSecured) { return drainSecured(lease, to: half) }
        return pool.drain(lease, to: slab[half].socket)
    }

    @inline(never)
    private mutating func receiveSecured(from half: Int, upTo most: Int) -> Transfer {
        unsafe sessions[half].receive(into: buffer, upTo: most)
    }

    @inline(never)
    private mutating func drainSecured(_ lease: Int32, to half: Int) -> Transfer {
        let session = sessions[half]
        return unsafe pool.drain(lease) { bytes, count in
            unsafe session.send(bytes, count: count)
        }
    }

    /// Tells a secured peer that a half's stream is over.
    ///
    /// - Returns: Whether that is said; otherwise the direction waits for room.
    mutating func sayEnd(of half: Int) -> Bool {
        guard sessions[half ^ 1].endSending() else {
            noteProgress(of: half)
            awaitRoom(half)
            return false
        }
        if slab[half].marks.contains(.blocked) { roomCame(half) }
        return true
    }
}

/// The sessions of one reactor's connections, by the connections' places.
struct SecureSessions {
    private var clients: [(any ClientSession)?] = []
    private var servers: [(any SecureSession)?] = []

    /// The session of a half that has one.
    subscript(half: Int) -> any SecureSession {
        guard half & 1 == 1 else { return self[client: half] }
        guard let session = servers[half / 2] else { preconditionFailure("no session") }
        return session
    }

    /// The session of a client's half that has one.
    subscript(client half: Int) -> any ClientSession {
        guard let session = clients[half / 2] else { preconditionFailure("no session") }
        return session
    }

    /// Keeps the session of a server's half.
    mutating func keep(_ session: any SecureSession, for half: Int) {
        while servers.count <= half / 2 { servers.append(nil) }
        servers[half / 2] = session
    }

    /// Keeps the session of a client's half.
    mutating func keep(_ session: any ClientSession, forClient half: Int) {
        while clients.count <= half / 2 { clients.append(nil) }
        clients[half / 2] = session
    }

    /// Ends the session of a half.
    mutating func drop(_ half: Int) {
        if half & 1 == 1 { servers[half / 2] = nil } else { clients[half / 2] = nil }
    }
}
