#if Program
internal import LinuxIO
internal import NodeConfiguration

extension Model {
    /// Refuses algorithms of congestion control (`cc`) that the kernel does not have, or that the process
    /// may not set that is to.
    ///
    /// - Parameter isRoot: Whether the balancer process, which connects to servers, is root.
    /// - Throws: `Failure` that names the place, and the algorithms that there are.
    func checkCongestionControl(balancerIsRoot isRoot: Bool) throws(Failure) {
        var known: [String: CongestionRefusal?] = [:]
        func refusal(of name: String) -> CongestionRefusal? {
            if let known = known[name] { return known }
            let refusal = CongestionRefusal(of: name)
            known.updateValue(refusal, forKey: name)
            return refusal
        }
        for (section, listener) in placedListeners {
            guard let name = listener.congestionControl, let refusal = refusal(of: name) else {
                continue
            }
            throw refusal.failure(at: "\(section): 'cc \(name)' of \(listener.endpoint)")
        }
        lazy var allowed = CongestionControl.allowed
        for backend in backends {
            for server in backend.servers {
                guard let name = server.connection.congestionControl else { continue }
                let isForbidden = !isRoot && !allowed.contains(name)
                guard let refusal = refusal(of: name) ?? (isForbidden ? .forbidden : nil) else {
                    continue
                }
                throw refusal.failure(at: "server \(backend.name)/\(server.name): 'cc \(name)'")
            }
        }
    }

    private var placedListeners: [(section: String, listener: Listener)] {
        let pages = statisticsPages.map { ("page \($0.name)", $0.listeners) }
        let exchanges = peers.map { ("peers \($0.name)", $0.listeners) }
        let sections =
            frontends.filter { !$0.isDisabled }.map { ("frontend \($0.name)", $0.listeners) }
            + pages
            + exchanges
        return sections.flatMap { name, listeners in listeners.map { (name, $0) } }
    }
}

/// Why an algorithm cannot be had.
private enum CongestionRefusal {
    case unknown
    case forbidden
    case other(SystemError)

    /// `nil`: this process can have it.
    init?(of name: String) {
        do throws(SystemError) {
            try CongestionControl.tryOut(name)
            return nil
        } catch {
            switch error.errno {
            case .noSuchFile: self = .unknown
            case .notPermitted: self = .forbidden
            default: self = .other(error)
            }
        }
    }

    func failure(at place: String) -> Failure {
        switch self {
        case .unknown:
            Failure(
                .badInput,
                "\(place): the kernel has no such algorithm; it has:"
                    + " \(CongestionControl.available.joined(separator: ", "))")
        case .forbidden:
            Failure(
                .notPermitted,
                "\(place): root alone may set it; anybody may set:"
                    + " \(CongestionControl.allowed.joined(separator: ", "))"
                    + " (net.ipv4.tcp_allowed_congestion_control)")
        case .other(let error): Failure(error, hint: place)
        }
    }
}
#endif
