#if Program
internal import Balancer
internal import HealthCheck
internal import LinuxIO
internal import NIOCore
internal import NodeConfiguration

/// The servers that are configured by name: has their addresses found, and everybody use them.
///
/// Connections that exist stay where they are. Never a part of the failover process: a name server
/// that hangs delays no advertisement.
final class ServerNames: Sendable {
    typealias Place = HealthTargets.Place

    private let resolver: NameResolver

    /// Prepares to ask.
    ///
    /// - Parameters:
    ///   - prepared: What is served.
    ///   - memories: What was known of it.
    ///   - balancer: Where connections go.
    ///   - checker: Where checks go.
    ///   - standings: What a server without an address may take, and which have one already.
    ///   - router: Knows whether `standings` are in force.
    ///   - log: Where changes are told.
    ///   - remember: Called with what is worth remembering, by its name.
    init(
        _ prepared: PreparedModel, knowing memories: [String: CheckMemory] = [:],
        balancer: Balancer, checker: CheckerReference, standings: ServerStandings,
        router: ReportRouter, log: Log,
        remember: @escaping @Sendable (_ id: String, _ memory: CheckMemory) -> Void
    ) {
        let backends = prepared.model.backends
        var places: [String: Place] = [:]
        let targets = prepared.named.map { named in
            let (place, backend) = (named.place, backends[named.place.pool])
            var target = named.target
            places[target.id] = place
            let server = backend.servers[place.server]
            target.remembered = memories[HealthTargets.addressID(backend, server)]?.address
            if case .found(let address) = standings.standing(at: place).whereabouts {
                target.current = address
                // Checks that are new do not know it yet.
                checker.checker?.move(server, of: backend, to: address)
            }
            return target
        }
        resolver = NameResolver(targets: targets) { [places] report in
            guard let place = places[report.id] else { return }
            let backend = backends[place.pool]
            let server = backend.servers[place.server]
            router.whileInForce(standings) {
                guard let address = report.address else {
                    standings.locate(place, .missing)
                    return
                }
                // First where it is, then that it may be used.
                balancer.setAddress(
                    pool: place.pool, server: place.server, StreamAddress(address))
                checker.checker?.move(server, of: backend, to: address)
                let ignoresWeight = server.resolution?.ignoresWeight ?? false
                let named = standings.locate(
                    place, .found(address), weight: ignoresWeight ? nil : report.weight)
                var memory = CheckMemory(isUp: true)
                memory.address = address
                (memory.weight, memory.weightSaidAt) = (named?.weight, named?.at ?? 0)
                remember(HealthTargets.addressID(backend, server), memory)
            }
            if report.address != report.former || report.address == nil {
                log.tell(report, server)
            }
        }
    }

    /// Begins to ask.
    func start() { resolver.start() }

    /// Begins to ask in the place of another, by what that one was told.
    func start(goingOnFrom former: ServerNames) { resolver.start(goingOnFrom: former.resolver) }

    /// Ends for good.
    func stop() { resolver.stop() }

    /// Takes in that a server went down: it may be elsewhere by now.
    func suspect(_ id: String) { resolver.hurry(id) }
}

extension Log {
    /// Writes what became of a server's address, in haproxy's words.
    fileprivate func tell(_ report: ResolutionReport, _ server: Server) {
        if let address = report.address {
            let former = report.former?.description ?? "(none)"
            self(
                .notice,
                "\(report.id) changed its IP from \(former) to \(address) by \(report.origin).")
            if report.former == nil {
                self(
                    .notice,
                    "Server \(report.id) ('\(server.address)') is UP/READY (resolves again).")
            }
        } else {
            self(
                .warning,
                "Server \(report.id) ('\(server.address)') is going DOWN for maintenance"
                    + " (\(report.origin)).")
        }
    }
}
#endif
