internal import LinuxIO

/// The two ends of a client's connection, and ends that this node loses.
extension Worker {
    /// Who the client is: as a PROXY header said, or else as it was accepted.
    func source(of client: Int) -> IPEndpoint {
        let place = slab[client].introduction
        if place >= 0 { return introductions[place].source }
        let end = IPEndpoint(ipv4: slab[client].clientAddress, port: slab[client].clientPort)
        // A Unix socket has no address.
        return end.ipv4 == 0 ? .none : end
    }

    /// Where the client connected to: as a PROXY header said, or else as the kernel knows.
    func destination(of client: Int) -> IPEndpoint {
        let place = slab[client].introduction
        if place >= 0, introductions[place].destination.isPresent {
            return introductions[place].destination
        }
        return StreamSocket.originalDestination(of: slab[client].socket)
    }

    /// Has an end be told with another address from here on; where there is none, as in haproxy it stays.
    mutating func setAddress(
        of end: ConnectionKey.End, to value: AddressValue, _ client: Int, _ facts: inout Facts
    ) {
        let address: IPEndpoint? =
            switch value {
            case .literal(let address): address
            case .end(let other): self.end(other, of: client, &facts)
            case .network(let other, let mask):
                mask.applied(to: self.end(other, of: client, &facts))
            }
        guard let address, address.isPresent else { return }
        let port = self.end(end, of: client, &facts).port
        tell(end, as: .init(high: address.high, low: address.low, port: port), client, &facts)
    }

    /// Has an end be told with another port from here on.
    mutating func setPort(
        of end: ConnectionKey.End, to value: PortValue, _ client: Int, _ facts: inout Facts
    ) {
        let port =
            switch value {
            case .literal(let port): port
            case .end(let other): self.end(other, of: client, &facts).port
            }
        var told = self.end(end, of: client, &facts)
        // As haproxy: what has no port, a Unix socket, becomes one of IPv4.
        if !told.isPresent { told = IPEndpoint(ipv4: 0, port: 0) }
        told.port = port
        tell(end, as: told, client, &facts)
    }

    private func end(
        _ end: ConnectionKey.End, of client: Int, _ facts: inout Facts
    ) -> IPEndpoint {
        end == .source ? facts.source : destination(client, &facts)
    }

    private mutating func tell(
        _ end: ConnectionKey.End, as told: IPEndpoint, _ client: Int, _ facts: inout Facts
    ) {
        let place = placeAside(client, facts.source)
        switch end {
        case .source:
            introductions[place].source = told
            facts.source = told
        case .destination:
            introductions[place].destination = told
            facts.destination = told
        }
    }

    /// Whether a connection goes to its server from an address (`source`).
    private func isLed(_ client: Int, from address: IPEndpoint) -> Bool {
        let socket = slab[client | 1].socket
        return socket >= 0 && StreamSocket.localEndpoint(of: socket).hasSameAddress(as: address)
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
            guard local.hasSameAddress(as: address) || isLed(client, from: address) else {
                continue
            }
            note(.addressLeft, client)
            end(
                client, client: .reset, server: .reset, because: Refusal.addressLeft.cause)
        }
    }
}
