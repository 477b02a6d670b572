#if Program
internal import Control
internal import HealthCheck
internal import LinuxIO
internal import NIOCore
internal import NodeConfiguration
internal import VRRPCore

// Servers that are elsewhere than they were: the operator has moved them, or their names have other
// addresses.

extension Server {
    /// Where an operator's order has it.
    func place(of address: ServerOrder.Address) -> ResolvedAddress? {
        IPAddress(address.host).map {
            ResolvedAddress($0.octets, port: UInt16(clamping: address.port ?? Int(port)))
        }
    }

    /// Where it goes on to be that an operator's order has had it under an earlier model; `nil`: its model
    /// does not let it be there any more.
    func place(goingOnAt place: ResolvedAddress) -> ResolvedAddress? {
        if let own = connection.source.address, (own.family == .ipv6) != place.isIPv6 { return nil }
        // 0: it followed the client's.
        guard place.port == 0 else { return portOffset == nil ? place : nil }
        return ResolvedAddress(place.bytes, port: port)
    }

    /// Where it is now, if it has an address that stays until the operator moves it.
    func presentPlace(_ whereabouts: ServerStanding.Whereabouts) -> ResolvedAddress? {
        guard let address = address.internet else { return nil }
        if case .found(let place) = whereabouts { return place }
        return ResolvedAddress(address.octets, port: port)
    }

    /// Where its check and its agent ask when it is somewhere, by their names in ``HealthTargets``; what
    /// has an address of its own is left out.
    func askedAddresses(
        in backend: Backend, at place: ResolvedAddress
    ) -> [(id: String, address: NIOCore.SocketAddress)] {
        var asked: [(id: String, address: NIOCore.SocketAddress)] = []
        func ask(_ id: String, at port: UInt16) {
            asked.append((id, SocketAddress(ResolvedAddress(place.bytes, port: port))))
        }
        if let check, check.address == nil {
            ask(HealthTargets.id(backend, self), at: check.port ?? place.port)
        }
        if let agent = health.agent, agent.address == nil {
            ask(HealthTargets.agentID(backend, self), at: agent.port)
        }
        return asked
    }
}

extension HealthChecker {
    /// Has the check and the agent of a server ask at its new address, as far as they ask there.
    func move(_ server: Server, of backend: Backend, to place: ResolvedAddress) {
        for (id, address) in server.askedAddresses(in: backend, at: place) {
            setAddress(id, address)
        }
    }
}

extension HealthTargets {
    /// Where check and agent of a server ask, now that it is where its standing has it.
    func askedAddresses(
        at place: Place, _ standing: ServerStanding
    ) -> [(id: String, address: NIOCore.SocketAddress)] {
        let backend = model.backends[place.pool]
        let server = backend.servers[place.server]
        guard let present = server.presentPlace(standing.whereabouts) else { return [] }
        return server.askedAddresses(in: backend, at: present)
    }

    /// Where the checks and agents of servers ask that the operator has moved, by their names.
    ///
    /// - Parameter moved: Where those servers are, by their names.
    /// - Returns: Where they ask, by their own names.
    func askedAddresses(of moved: [String: ResolvedAddress]) -> [String: NIOCore.SocketAddress] {
        guard !moved.isEmpty else { return [:] }
        var asked: [String: NIOCore.SocketAddress] = [:]
        for backend in model.backends {
            for server in backend.servers where server.address.internet != nil {
                guard let known = moved[HealthTargets.id(backend, server)],
                    let place = server.place(goingOnAt: known)
                        ?? server.presentPlace(.configured)
                else { continue }
                for (id, address) in server.askedAddresses(in: backend, at: place) {
                    asked[id] = address
                }
            }
        }
        return asked
    }
}

extension ServiceOrder {
    /// Where the operator has moved servers of a model, by their names.
    func movedServers(of model: Model) -> [String: ResolvedAddress] {
        var wanted: [String: ServerOrder.Change] = [:]
        for order in administration.map(\.order) {
            if case .address = order.change { wanted[order.serverName] = order.change }
        }
        guard !wanted.isEmpty else { return [:] }
        var moved: [String: ResolvedAddress] = [:]
        for backend in model.backends {
            for server in backend.servers {
                let id = HealthTargets.id(backend, server)
                guard let change = wanted[id], case .address(let address) = change,
                    server.takes(change)
                else { continue }
                moved[id] = server.place(of: address)
            }
        }
        return moved
    }
}

extension StreamAddress {
    init(_ address: ResolvedAddress) {
        let number = { (bytes: ArraySlice<UInt8>) in bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        if address.isIPv6 {
            self = .ipv6(
                IPEndpoint(
                    high: number(address.bytes[..<8]), low: number(address.bytes[8...]),
                    port: address.port))
        } else {
            self = .ipv4(
                LinuxIO.SocketAddress(
                    address: UInt32(number(address.bytes[...])), port: address.port))
        }
    }
}
#endif
