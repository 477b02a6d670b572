internal import LinuxIO
internal import Synchronization

/// What a reactor is asked about its connections, and whom it tells.
final class SessionLook: Sendable {
    /// What is done with those that are meant.
    enum Purpose { case showing, ending }

    let filter: SessionFilter
    let purpose: Purpose
    let index: Int
    let most: Int
    let answer: @Sendable (SessionSlice) -> Void

    init(
        _ purpose: Purpose, _ filter: SessionFilter, from index: Int, most: Int,
        _ answer: @escaping @Sendable (SessionSlice) -> Void
    ) {
        (self.filter, self.purpose, self.answer) = (filter, purpose, answer)
        (self.index, self.most) = (index, max(1, most))
    }
}

/// Connections as somebody looks at them, and ends them: between two turns, a bounded number at a time.
extension Worker {
    /// Does what is asked with the connections of some places, and tells of it.
    mutating func take(_ look: SessionLook) {
        let match = SessionMatch(look.filter, in: shared)
        var slice = SessionSlice()
        var index = min(max(0, look.index), slab.usedCount)
        let end = min(slab.usedCount, index + (match.generation == nil ? placesPerLook : 1))
        while index < end, slice.entries.count + slice.endedCount < look.most {
            let client = 2 * index
            index += 1
            guard isMeant(client, by: match) else { continue }
            switch look.purpose {
            case .showing: entry(of: client).map { slice.entries.append($0) }
            case .ending:
                cut(client, because: .operatorsOrder)
                slice.endedCount += 1
            }
        }
        if match.generation == nil {
            if index < slab.usedCount {
                slice.next = SessionPlace(reactor: number, index: index)
            } else if number + 1 < shared.inboxes.count {
                slice.next = SessionPlace(reactor: number + 1)
            }
        }
        look.answer(slice)
    }

    /// Ends a connection by order.
    ///
    /// Who is being served sees a reset, since a clean end would look like a complete answer.
    mutating func cut(_ client: Int, because cause: Ending.Cause) {
        let isServed = slab[client].phase == .relaying
        end(client, client: isServed ? .reset : .finish, server: .reset, because: cause)
    }

    private func entry(of client: Int) -> SessionEntry? {
        guard let phase = SessionEntry.Phase(slab[client].phase) else { return nil }
        let frontend = Int(slab[client].owner)
        let listener = Int(slab[client].path) - layout.listeners[frontend].lowerBound
        var entry = SessionEntry(
            identifier: SessionIdentifier(
                place: SessionPlace(reactor: number, index: client / 2),
                generation: slab[client].generation),
            phase: phase, frontend: shared.plan.frontends[frontend].name,
            listener: shared.listenerName(listener, of: frontend))
        entry.client = source(of: client)
        entry.local = destination(of: client)
        entry.age = .milliseconds(lifetime(client))
        entry.idle = .milliseconds(min(idleTime(client), idleTime(client | 1)))
        entry.bytesIn = Int(slab[client].receivedByteCount)
        entry.bytesOut = Int(slab[client | 1].receivedByteCount)
        guard phase != .introducing else { return entry }
        let pool = self[routeOf: client].pool
        entry.pool = shared.plan.pools[pool].name
        if phase == .waiting { entry.queuePlace = max(1, Int(slab[client | 1].queuePlace)) }
        guard let server = serverInPool(client) else { return entry }
        entry.server = shared.plan.pools[pool].servers[server].name
        entry.serverAddress = serverAddress(of: client, pool: pool, server: server)
        let socket = slab[client | 1].socket
        if socket >= 0 { entry.serverLocal = StreamSocket.localEndpoint(of: socket) }
        return entry
    }

    /// Where a connection's server is: where the connection leads, or else where it would lead now.
    func serverAddress(of client: Int, pool: Int, server: Int) -> StreamAddress {
        let socket = slab[client | 1].socket
        let peer = socket >= 0 ? StreamSocket.peerEndpoint(of: socket) : .none
        if peer.isPresent {
            return peer.isIPv4
                ? .ipv4(SocketAddress(address: peer.ipv4, port: peer.port)) : .ipv6(peer)
        }
        return shared.plan.pools[pool].servers[server].address(
            forClientsOf: destination(of: client),
            now: shared.addresses.address(of: Int(slab[client | 1].owner)))
    }

    /// Milliseconds since a half last moved something.
    private func idleTime(_ half: Int) -> Int {
        Int(UInt32(truncatingIfNeeded: now) &- slab[half].activeAt)
    }
}

/// Bounds the time that a look takes from connections.
private let placesPerLook = 4096
