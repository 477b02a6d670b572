internal import LinuxIO

/// Ports of servers whose connections have a range of them (`source ADDRESS:FIRST-LAST`).
extension Worker {
    /// Binds the socket of an attempt to the next free port of its server's range.
    @unsafe
    func bindToRange(
        _ socket: Int32, of address: IPEndpoint?, for destination: UnsafePointer<Destination>,
        _ client: Int
    ) -> Binding {
        guard let range = shared.portRanges[Int(slab[client | 1].owner)] else { return .anyPort }
        let family = unsafe destination.pointee.family
        // SOL_SOCKET, SO_REUSEADDR: a port that rests after its last connection can be had.
        _ = StreamSocket.setOption(socket, level: 1, 2, to: 1)
        for _ in 0..<portAttempts {
            guard let port = range.take() else { break }
            let end = address.map { IPEndpoint(high: $0.high, low: $0.low, port: port) }
            let result = StreamSocket.bind(
                socket, to: RawStreamAddress(end ?? .unspecified(family, port: port)))
            guard result != 0 else { return .ownPort }
            range.give(port)
            guard Errno(result: result) == .addressInUse else { return .failed(result) }
        }
        return .failed(-Int(Errno.addressNotAvailable.rawValue))
    }

    /// Whether an attempt failed for its port alone, so that another one is worth it: the kernel still
    /// keeps it for a connection that has ended.
    func wantsOtherPort(_ client: Int, _ outcome: Int) -> Bool {
        Errno(result: outcome) == .addressNotAvailable && shared.hasPortRanges
            && slab[client | 1].socket >= 0 && ownPort(of: client | 1) != nil
    }

    /// The port of a server's socket, where it is one of a range.
    func ownPort(of server: Int) -> UInt16? {
        guard shared.hasPortRanges, slab[server].owner != Half.noServer,
            shared.portRanges[Int(slab[server].owner)] != nil
        else { return nil }
        let port = StreamSocket.localEndpoint(of: slab[server].socket).port
        return port > 0 ? port : nil
    }

    /// Gives back the port of a socket that was closed.
    func giveBack(_ port: UInt16?, of server: Int) {
        guard let port else { return }
        shared.portRanges[Int(slab[server].owner)]?.give(port)
    }
}

extension IPEndpoint {
    /// Any address of a family.
    fileprivate static func unspecified(_ family: Int32, port: UInt16) -> IPEndpoint {
        family == 2 ? IPEndpoint(ipv4: 0, port: port) : IPEndpoint(high: 0, low: 0, port: port)
    }
}

/// Ports that one attempt tries.
let portAttempts = 16
