#if Program
internal import Failover
internal import LinuxIO
internal import NodeConfiguration
internal import VRRPCore

extension Diagnosis {
    /// What there is to say about where the balancer listens.
    var listeners: [Finding] { facts.attempts.flatMap(findings) }

    private func findings(_ attempt: HostFacts.Attempt) -> [Finding] {
        let endpoint = attempt.listener.endpoint
        let place = "\(attempt.section) \(endpoint)"
        switch attempt.outcome {
        case .free: return [reachability(of: attempt.listener, place)] + backlog(attempt, place)
        case .held(let processes): return [finding(place, attempt.listener, heldBy: processes)]
        case .untried(let why): return [.warn(place, "not looked at: \(why)")]
        case .refused(let errno, let text):
            switch errno {
            case .accessDenied where endpoint.port > 0:
                return [.fail(place, text, "run as root, or with CAP_NET_BIND_SERVICE")]
            case .notPermitted:
                return [.fail(place, text, "run as root, or with CAP_NET_RAW and CAP_NET_ADMIN")]
            default: return [.fail(place, text)]
            }
        }
    }

    private func finding(
        _ place: String, _ listener: Listener, heldBy processes: [HostFacts.Process]
    ) -> Finding {
        if case .answers(let own) = facts.program, processes.contains(where: { $0.id == own }) {
            return .ok(place, "lbctl (pid \(own)) listens there itself")
        }
        let kind = listener.isDatagram ? "-lunp" : "-ltnp"
        let ask =
            listener.endpoint.port > 0
            ? "'ss \(kind) sport = :\(listener.endpoint.port)'" : "'ss -lxp'"
        guard let first = processes.first else {
            return .fail(
                place, "somebody listens there whom this user may not see",
                "as root, \(ask) names who")
        }
        return .fail(place, "\(first) listens there", "stop it, or listen elsewhere; \(ask)")
    }

    /// Whether anybody could come in by an address that can be bound: any can, also a mistyped one.
    private func reachability(of listener: Listener, _ place: String) -> Finding {
        guard let address = listener.endpoint.address, address != .v6(.unspecified),
            !listener.isTransparent
        else { return .ok(place, "free") }
        if let router = model.virtualRouters.first(where: { router in
            router.heldAddresses.contains { $0.address == address }
        }) {
            return .ok(place, "free, once \(router.name) brings the address")
        }
        let isHere =
            address.ipv4.map { $0.rawValue >> 24 == 127 } ?? false
            || facts.survey.interfaces.contains { interface in
                interface.addresses.contains { $0.address == address }
            }
        return isHere
            ? .ok(place, "free")
            : .warn(
                place,
                "no interface has this address, and no virtual router brings it: nobody comes in",
                "look for a mistyped digit, or give it to an interface")
    }

    private func backlog(_ attempt: HostFacts.Attempt, _ place: String) -> [Finding] {
        guard let wanted = attempt.listener.backlog, let most = facts.mostWaiting, wanted > most
        else { return [] }
        return [
            .warn(
                place, "backlog \(wanted) is \(most) here (net.core.somaxconn)",
                "'sysctl -w net.core.somaxconn=\(wanted)'")
        ]
    }
}
#endif
