internal import LinuxIO

/// The two ends of a client's connection, and ends that this node loses.
extension Worker {
    /// Who the client is: as a PROXY header said, or else as it was accepted.
    func source(of client: Int) -> IPEndpoint {
        let place = slab[client].introduction
        if place >= 0 { return introductions[place].source }
        let end = IPEndpoint(ipv4: slab[client].word, port: slab[client].number)
        // A Unix socket has no address.
        return end.ipv4 == 0 ? .none : end
    }

    /// Where the client connected to: as a PROXY header said, or else as the socket knows.
    func destination(of client: Int) -> IPEndpoint {
        let place = slab[client].introduction
        if place >= 0, introductions[place].destination.isPresent {
            return introductions[place].destination
        }
        return StreamSocket.localEndpoint(of: slab[client].socket)
    }

    /// Resets the connections through an address that has left the node.
    mutating func closeConnections(through address: IPEndpoint) {
        for client in stride(from: 0, to: 2 * slab.usedCount, by: 2)
        where slab[client].phase != .free {
            // Not as a PROXY header said: what counts is where packets come to. A flow has its
            // listener's address, unless that is any.
            let isFlow = slab[client].socket < 0
            let local =
                isFlow
                ? destination(of: client) : StreamSocket.localEndpoint(of: slab[client].socket)
            guard local.hasSameAddress(as: address) else { continue }
            note(.addressLeft, client)
            end(
                client, client: .reset, server: .reset, because: Refusal.addressLeft.cause)
        }
    }
}
