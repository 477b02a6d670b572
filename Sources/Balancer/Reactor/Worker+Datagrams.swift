internal import LinuxIO
internal import Reactor
internal import Synchronization

// A flow is what connections are for datagrams: all that one source sends to one listener goes to
// one server until nothing has passed for a time-out. It lies in the slab, is chosen for, counted and
// timed as a connection is; its client half has no socket, since all flows of a listener share that
// one. A listener belongs to one reactor, so that its flows are found without a lock.

/// Who sends, and to which listener.
struct FlowKey: Hashable {
    let source: IPEndpoint
    let listener: Int
}

extension Worker {
    /// Takes what waits at a listener for datagrams, up to this turn's share.
    mutating func receiveDatagrams(at listener: Int) {
        let socket = listeners[listener].socket
        for _ in 0..<datagramsPerTurn {
            var peer = RawPeerAddress()
            guard
                case .moved(let count) = unsafe DatagramSocket.receive(
                    from: socket, into: buffer, upTo: bufferByteCount, peer: &peer)
            else { return }
            let key = FlowKey(source: peer.endpoint, listener: listener)
            guard let client = flows[key].map(Int.init) ?? beginFlow(key) else { continue }
            // One that waits for a server with room keeps nothing: its client asks again.
            guard slab[client].phase == .flowing else {
                noteActivity(client)
                note(.datagramLost, client)
                continue
            }
            forward(count, of: client)
        }
    }

    /// Passes a server's datagrams on to the client.
    mutating func flowStirred(_ half: Int, _ readiness: Readiness) {
        guard half & 1 == 1 else { return }
        let client = half ^ 1
        let listener = listeners[Int(slab[client].path)].socket
        let address = RawStreamAddress(source(of: client))
        for _ in 0..<datagramsPerTurn {
            switch unsafe StreamSocket.receive(
                from: slab[half].socket, into: buffer, upTo: bufferByteCount)
            {
            case .moved(let count):
                noteActivity(client)
                shared.watch?.connected(to: Int(slab[half].owner))
                let sent = unsafe DatagramSocket.send(
                    buffer, count: count, to: address, by: listener)
                guard case .moved = sent else {
                    note(.datagramLost, client)
                    continue
                }
                took(count, from: half)
            case .wouldBlock: return
            case .failed:
                // Nobody listens there (ICMP): the client's next datagram may go elsewhere.
                shared.watch?.failed(toReach: Int(slab[half].owner))
                serverTally(client) { $0.connectionErrors.increase() }
                return end(client, client: .finish, server: .finish, because: .server)
            }
        }
    }

    /// Opens the socket of a flow; there is nothing to wait for.
    mutating func connectFlow(_ client: Int) {
        let server = client | 1
        slab[client].phase = .connecting
        noteAssigned(client)
        let destination = unsafe presentDestination(server)
        guard unsafe destination.pointee.hasAddress else { return attemptFailed(client, .remote) }
        let result = DatagramSocket.open(unsafe destination.pointee.family)
        guard result >= 0 else { return noSocket(client, Errno(result: result)) }
        let socket = Int32(result)
        slab[server].socket = socket
        if unsafe !destination.pointee.isPlain,
            case .failed = unsafe bindSource(of: socket, for: destination, client)
        {
            return attemptFailed(client, .local)
        }
        let outcome = unsafe StreamSocket.connect(socket, to: destination.pointee.address)
        guard outcome == 0 else {
            return attemptFailed(client, .init(connecting: Errno(result: outcome)))
        }
        guard epoll.add(socket, for: .readable, token: slab.token(of: server)) == 0 else {
            return attemptFailed(client, .local)
        }
        slab[server].activeAt = UInt32(truncatingIfNeeded: now)
        enter(.flowing, client)
        recordConnected(client)
    }

    /// Lets go of what a flow has beside its place.
    mutating func forgetFlow(_ client: Int) {
        flows[FlowKey(source: source(of: client), listener: Int(slab[client].path))] = nil
    }

    private mutating func beginFlow(_ key: FlowKey) -> Int? {
        let frontend = listeners[key.listener].frontend
        guard acceptPauseEnd == nil else {
            shared.refusals[frontend].note(.datagramLost)
            return nil
        }
        let answer = shared.admission.withLock {
            $0.reserve(1, at: frontend, by: key.listener, for: number, now: now)
        }
        var client: Int?
        if case .room = answer {
            client = slab.allocate()
            let openings = shared.admission.withLock {
                let accepted = client == nil ? 0 : 1
                return $0.settle(
                    accepted: accepted, admitted: accepted, reserved: 1, at: frontend,
                    by: key.listener, now: now)
            }
            tell(openings, at: frontend, by: key.listener)
        }
        guard let client else {
            if case .tooFast = answer {
                shared.refusals[frontend].note(.datagramLost)
            } else {
                shared.refusals[frontend].note(.flowsFull)
            }
            return nil
        }
        flows[key] = Int32(client)
        prepare(client, socket: -1, source: key.source, at: frontend, by: key.listener)
        if slab[client].introduction >= 0 { introductions.drop(slab[client].introduction) }
        slab[client].introduction = introductions.keep(
            .init(
                source: key.source,
                destination: StreamSocket.localEndpoint(of: listeners[key.listener].socket)))
        boundSession(isFlow: true)
        noteSession(client)
        recordAccepted(client)
        enterPool(client)
        // It may have ended within: no server, or none that can be reached.
        return flows[key].map(Int.init)
    }

    private mutating func forward(_ count: Int, of client: Int) {
        noteActivity(client)
        var sent = unsafe StreamSocket.send(buffer, count: count, to: slab[client | 1].socket)
        if case .failed = sent {
            // What the server's host answered to an earlier one; the socket is as good as before.
            sent = unsafe StreamSocket.send(buffer, count: count, to: slab[client | 1].socket)
        }
        guard case .moved = sent else { return note(.datagramLost, client) }
        took(count, from: client)
    }

    /// As on a connection, what one side says keeps the other's time from passing.
    private mutating func noteActivity(_ client: Int) {
        slab[client].activeAt = UInt32(truncatingIfNeeded: now)
        slab[client | 1].activeAt = slab[client].activeAt
    }
}

/// Bounds the time that one listener or flow takes from the others.
private let datagramsPerTurn = 64
