#if Program
internal import LinuxIO
internal import NodeConfiguration
internal import VRRPCore

/// Every listening socket of the node, by where it listens.
///
/// They belong to the failover process, so that connections wait in their backlogs while a balancer
/// process is replaced or restarted.
struct ListenerSet: ~Copyable {
    private var sockets: [Endpoint: Int32] = [:]

    /// Owns nothing yet.
    init() {}

    /// Opens what `model` listens on and is not open yet.
    ///
    /// - Returns: The endpoints that were opened, to close them by if the model is not taken.
    /// - Throws: `Failure` that names the address; then nothing has changed.
    mutating func open(for model: Model) throws(Failure) -> [Endpoint] {
        var opened: [Endpoint] = []
        for endpoint in model.endpoints where sockets[endpoint] == nil {
            do {
                let socket = try Socket.listening(
                    on: SocketAddress(endpoint), backlog: ListenerSet.backlog)
                sockets[endpoint] = socket.release()
                opened.append(endpoint)
            } catch {
                close(opened)
                throw Failure(error, hint: hint(for: error, at: endpoint))
            }
        }
        return opened
    }

    /// Closes sockets, also for the processes that have them: nobody connects to them any more.
    mutating func close(_ endpoints: [Endpoint]) {
        for endpoint in endpoints {
            guard let number = sockets.removeValue(forKey: endpoint) else { continue }
            Socket.endListening(number)
            _ = Descriptor(owning: number)
        }
    }

    /// Closes what `model` does not listen on.
    mutating func closeAll(but model: Model?) {
        let kept = Set(model?.endpoints ?? [])
        close(sockets.keys.filter { !kept.contains($0) })
    }

    /// The sockets of `model` in the order of its endpoints.
    func descriptors(for model: Model) -> [Int32] {
        model.endpoints.map { endpoint in
            guard let number = sockets[endpoint] else {
                preconditionFailure("no socket was opened on \(endpoint)")
            }
            return number
        }
    }

    deinit {
        for number in sockets.values { _ = Descriptor(owning: number) }
    }

    private func hint(for error: SystemError, at endpoint: Endpoint) -> String {
        switch error.errno {
        case .addressInUse where sockets.keys.contains { $0.overlaps(endpoint) }:
            "this program listens on \(overlapping(endpoint)) itself, which a reload cannot take"
                + " away at the same time: restart it"
        case .addressInUse:
            "another program listens there; 'ss -ltnp sport = :\(endpoint.port)' names it"
        case .accessDenied:
            "ports below 1024 want root or CAP_NET_BIND_SERVICE"
        default: ""
        }
    }

    private func overlapping(_ endpoint: Endpoint) -> String {
        sockets.keys.filter { $0.overlaps(endpoint) }.map(\.description).sorted()
            .joined(separator: ", ")
    }

    /// Connections that may wait per socket; the kernel caps it at net.core.somaxconn.
    private static let backlog: Int32 = 65_535
}

extension Endpoint {
    /// Whether both cannot be listened on at once although they differ.
    fileprivate func overlaps(_ other: Endpoint) -> Bool {
        port == other.port && self != other && (address == nil || other.address == nil)
    }
}

extension Model {
    /// Where the node listens: the frontends' endpoints first, then the pages'.
    var endpoints: [Endpoint] {
        frontends.filter { !$0.isDisabled }.flatMap(\.endpoints)
            + statisticsPages.flatMap(\.endpoints)
    }
}

extension SocketAddress {
    /// The address in the form that the kernel takes.
    init(_ endpoint: Endpoint) {
        self.init(address: endpoint.address?.rawValue ?? 0, port: endpoint.port)
    }
}
#endif
