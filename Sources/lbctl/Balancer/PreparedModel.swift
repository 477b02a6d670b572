#if Program
internal import Balancer
internal import HealthCheck
internal import NodeConfiguration

/// A model and what follows from it alone, made ready to be served.
///
/// Making it takes time that grows with the number of servers; putting it in force takes little.
struct PreparedModel: Sendable {
    let model: Model
    let targets: HealthTargets
    let plan: BalancerPlan
    /// Where each target asks, by its name in ``HealthTargets``.
    let places: [String: String]
    /// What is asked, as if nothing was known.
    let checks: [CheckTarget]
    /// Servers whose addresses are to be found, as if nothing was known.
    let named: [(place: HealthTargets.Place, target: NamedTarget)]
    /// When its certificates end, in seconds since 1970, by their paths.
    let certificateEnds: [String: Int]
    /// Where probes look at servers.
    let views: ServerViews

    /// - Parameters:
    ///   - model: The model.
    ///   - icmp: Sockets for echo requests, where this process may open none.
    ///   - reference: Where probes find the checker.
    ///   - security: What ends the TLS of clients, and what encrypts sessions between peers.
    /// - Throws: `Failure` that names the server or listener whose probe or TLS cannot be set up; `ProbeSettingsError` where
    ///   a name is none, which the readers do not let pass.
    init(
        _ model: Model, icmp: ICMPSockets?, checker reference: CheckerReference,
        terminatingTLSBy security: ListenerSecurity
    ) throws {
        self.model = model
        targets = HealthTargets(model)
        var plan = BalancerPlan(model)
        for (place, security) in try model.serverSecurity() {
            plan.pools[place.pool].servers[place.server].connection.security = security
        }
        try security.set(in: &plan, of: model)
        self.plan = plan
        certificateEnds = model.certificateEnds
        places = model.checkedPlaces
        views = ServerViews(model: model, checker: reference)
        checks = try targets.all(
            seenAs: views.forProbes, with: ProbeParts(model, icmp: icmp))
        var named: [(place: HealthTargets.Place, target: NamedTarget)] = []
        for (pool, backend) in model.backends.enumerated() {
            for (number, server) in backend.servers.enumerated() {
                guard let target = try NamedTarget(server, of: backend, in: model) else {
                    continue
                }
                named.append((HealthTargets.Place(pool: pool, server: number), target))
            }
        }
        self.named = named
    }

    /// The checks, with what was known of their targets.
    ///
    /// - Parameters:
    ///   - memories: What was known.
    ///   - moved: Where servers are that the operator has moved, by their names.
    /// - Returns: The checks, in the order of ``checks``.
    func checks(
        knowing memories: [String: CheckMemory] = [:], at moved: [String: ResolvedAddress] = [:]
    ) -> [CheckTarget] {
        let present = targets.askedAddresses(of: moved)
        return checks.map { check in
            var check = check
            check.memory = memories[check.id]
            check.presentAddress = present[check.id]
            return check
        }
    }
}
#endif
