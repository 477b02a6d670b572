internal import LinuxIO
internal import Reactor

// Clients whose TLS ends here. What comes behind the handshake is rules and relaying as for any other
// client: what they look at are bytes that were decrypted.

extension Worker {
    /// Begins with the handshake of a client whose ends are known.
    mutating func beginHandshake(_ client: Int, by security: any ClientSecurity) {
        guard let session = security.makeSession(on: slab[client].socket) else {
            return refuse(client, as: .localFailure)
        }
        sessions.keep(session, forClient: client)
        // A record is more than a read returns, and no kernel splices it.
        slab[client].marks.insert([.isSecured, .probes, .onlyCopies])
        if slab[client].marks.isDisjoint(with: .watchesRoom) { watchRoom(client) }
        slab[client].stage = .handshake
        enter(.introducing, client)
        goOnWithHandshake(client)
    }

    /// Goes on with a handshake, and behind it with what rules say.
    mutating func goOnWithHandshake(_ client: Int) {
        switch sessions[client].handshake() {
        case .waits: return
        case .ended: refuse(client, as: .handshakeCut)
        case .failed(let reason):
            unsafe entries[Int(slab[client].path)].security?.handshakeFailed(
                of: source(of: client), because: reason)
            refuse(client, as: .handshakeFailed)
        case .done:
            slab[client].activeAt = UInt32(truncatingIfNeeded: now)
            if self[routeOf: client].logging?.tellsNames == true {
                let wanted = unsafe entries[Int(slab[client].path)].securedSamples
                introductions.keep(
                    ClientNames(sessions[client: client], telling: wanted),
                    at: placeAside(client, source(of: client)))
            }
            // The handshake may have taken what follows it from the socket.
            if case .wouldBlock = peek(client, upTo: 1) {
                slab[client].marks.remove(.readable)
            } else {
                slab[client].marks.insert(.readable)
            }
            beginInspecting(client, isCounted: true)
        }
    }

    /// Copies what a client says first into the reactor's buffer, without taking it.
    func peek(_ client: Int, upTo byteCount: Int) -> Transfer {
        guard slab[client].marks.contains(.isSecured) else {
            return unsafe StreamSocket.peek(
                at: slab[client].socket, into: buffer, upTo: byteCount)
        }
        return unsafe sessions[client: client].peek(into: buffer, upTo: byteCount)
    }

    /// What is known of a client's TLS; empty where none ended here.
    func securedText(_ text: SecuredText, of client: Int) -> ShortText {
        guard slab[client].marks.contains(.isSecured) else { return ShortText() }
        return sessions[client: client].text(text)
    }

    /// What is known of a client's TLS; 0 where none ended here.
    func securedNumber(_ number: SecuredNumber, of client: Int) -> Int {
        guard slab[client].marks.contains(.isSecured) else { return 0 }
        return sessions[client: client].number(number)
    }

    /// Whether the handshake of a client is not done.
    func isShaking(_ client: Int) -> Bool {
        slab[client].phase == .introducing && slab[client].marks.contains(.isSecured)
            && slab[client].stage == .handshake
    }

    /// Ends the session of a client whose connection ends.
    mutating func dismiss(_ client: Int, _ farewell: Farewell) {
        // Without it he could not tell the end from a cut.
        if farewell == .finish, !isShaking(client),
            slab[client | 1].marks.isDisjoint(with: .passedEnd)
        {
            _ = sessions[client].endSending()
        }
        sessions.drop(client)
    }
}
