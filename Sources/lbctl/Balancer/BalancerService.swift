#if Program
internal import Balancer
internal import Control
internal import HealthCheck
internal import LinuxIO
internal import NodeConfiguration
internal import VRRPCore

/// Relay, checks and pages, composed; of one model after the other.
final class BalancerService {
    /// What holds under one model.
    private struct Served {
        let model: PreparedModel
        let standings: ServerStandings
        let names: ServerNames
        let sockets: ListeningSockets
    }

    let balancer: Balancer
    private let log: Log
    private let reference: CheckerReference
    private let complaints: SecurityComplaints
    private let checker: HealthChecker
    private let router: ReportRouter
    private let commands: HealthCommands
    private let source: StatusSource
    private let node: NodeNews
    private let pages: StatusPages
    private var lines: ConnectionLog?
    private let peers: TablePeers
    private var served: Served
    private let events: Events
    private var hasBegun = false

    /// Who hears of what becomes known; all are called on any thread, and must not wait.
    struct Events: Sendable {
        /// What is worth remembering of a target, whenever it changed.
        let remember: @Sendable (_ id: String, _ memory: CheckMemory) -> Void
        /// What becomes known of pools.
        let tell: @Sendable (ServerStandings.News) -> Void
        /// That the state of the failover process is looked at.
        let askForNode: @Sendable () -> Void
    }

    /// Prepares to serve, and begins to check; nothing is accepted before ``begin()``.
    ///
    /// - Parameters:
    ///   - order: What was known before.
    ///   - prepared: What to serve.
    ///   - sockets: What to accept on.
    ///   - reference: Where the prepared probes find the checker.
    ///   - log: Where changes of servers are reported.
    ///   - events: Who hears of them.
    /// - Throws: `SystemError` when threads or descriptors are lacking; what preparing the pages
    ///   throws.
    init(
        _ order: ServiceOrder, _ prepared: PreparedModel, sockets: ListeningSockets,
        checker reference: CheckerReference, log: Log, events: Events
    ) throws {
        let complaints = SecurityComplaints(log)
        self.complaints = complaints
        let router = ReportRouter(
            knowing: order.health, isInForce: reference.isInForce, remember: events.remember)
        let balancer = try Balancer(
            plan: prepared.plan, listeners: sockets.frontends,
            observer: prepared.model.observer(reference, complaints))
        let commands = HealthCommands(log: log)
        let checks = prepared.checks(
            knowing: order.health, at: order.movedServers(of: prepared.model))
        let checker = HealthChecker(targets: checks) { router.take($0) }
        reference.set(checker)
        let standings = ServerStandings(
            prepared, order, balancer: balancer,
            announcer: HealthAnnouncer(
                model: prepared.model, balancer: balancer, log: log, commands: commands),
            setPaused: reference.setPaused, setAddress: reference.setAddress, tell: events.tell)
        prepared.views.look(balancer.view, standings)
        let names = ServerNames(
            prepared, knowing: order.health, balancer: balancer, checker: reference,
            standings: standings, router: router, log: log, remember: events.remember)
        try router.change { (standings, names) }
        node = NodeNews(order.node, ask: events.askForNode)
        peers = TablePeers(log: log)
        source = StatusSource(
            StatusSource.Scene(prepared, balancer.view, standings), checker: checker, peers: peers,
            node: node)
        pages = StatusPages(source)
        pages.serve(try pages.prepare(sockets.pages), sockets.pages)
        lines = try ConnectionLog(balancer, model: prepared.model, log: log)
        served = Served(model: prepared, standings: standings, names: names, sockets: sockets)
        (self.balancer, self.log, self.reference, self.checker) = (
            balancer, log, reference, checker
        )
        (self.router, self.commands, self.events) = (router, commands, events)
        names.start()
        checker.start()
    }

    /// Goes on by another model: connections, counts and what is known of servers stay.
    ///
    /// - Parameters:
    ///   - prepared: What to serve from now on.
    ///   - sockets: What to accept on; the ones that stay are those of before.
    /// - Throws: `PlanError` or `SystemError`, where this process cannot; nothing has changed then.
    func adopt(_ prepared: PreparedModel, sockets: ListeningSockets) throws {
        let former = served
        let pagesToServe = try pages.prepare(sockets.pages)
        let routes = try lines?.routes(for: prepared.model)
        let isOther = { (id: String) in former.model.places[id] != prepared.places[id] }
        try router.change { () throws(PlanError) in
            let view = try balancer.adopt(
                prepared.plan, listeners: sockets.frontends,
                observer: prepared.model.observer(reference, complaints)
            ) { lines?.adopt($0, routes ?? []) }
            if hasBegun { peers.adopt(view, sockets.peers) }
            let checks = prepared.checks(at: former.standings.movedServers)
            // What is in maintenance is not even asked once.
            checker.update(targets: checks, where: isOther, holdsNew: true)
            let standings = ServerStandings(
                prepared, nil, goingOnFrom: former.standings, balancer: balancer,
                announcer: HealthAnnouncer(
                    model: prepared.model, balancer: balancer, log: log, commands: commands),
                setPaused: reference.setPaused, setAddress: reference.setAddress,
                tell: events.tell)
            prepared.views.look(view, standings)
            let names = ServerNames(
                prepared, balancer: balancer, checker: reference, standings: standings,
                router: router, log: log, remember: events.remember)
            source.show(StatusSource.Scene(prepared, view, standings))
            served = Served(
                model: prepared, standings: standings, names: names, sockets: sockets)
            return (standings, names)
        }
        checker.startHeld()
        served.names.start(goingOnFrom: former.names)
        pages.serve(pagesToServe, sockets.pages)
        guard lines == nil else { return }
        do throws(SystemError) {
            lines = try ConnectionLog(balancer, model: prepared.model, log: log)
        } catch { log(.error, "connections are not logged: \(error)") }
    }

    /// Whether each checked server's state is known, from its first check or from before.
    var knowsAllServers: Bool { served.standings.knowsAllServers }

    /// What is accepted on.
    var sockets: ListeningSockets { served.sockets }

    /// Begins to accept.
    ///
    /// - Throws: `SystemError` when threads or descriptors are lacking.
    func begin() throws(SystemError) {
        guard !hasBegun else { return }
        hasBegun = true
        try balancer.start()
        peers.adopt(balancer.view, served.sockets.peers)
        pages.begin()
    }

    /// Connections that are open now, or may just be accepted.
    var sessionCount: Int { balancer.connectionCount }

    /// Connections that are open now.
    var openSessionCount: Int { balancer.openConnectionCount }

    /// Puts the state of the proxies together, on any thread.
    var proxies: @Sendable () -> [ProxyStatus] {
        let source = source
        return { source.proxies() }
    }

    /// Carries out an order about a stick table, on any thread.
    var carryOut: @Sendable (TableOrder) -> ControlResponse {
        let source = source
        return { source.answer($0) }
    }

    /// Carries out an order about connections, on any thread.
    var carryOutOnSessions: @Sendable (SessionOrder) async -> ControlResponse {
        let desk = SessionDesk(balancer: balancer)
        return { await desk.answer($0) }
    }

    /// Where a target asks.
    func place(of id: String) -> String? { served.model.places[id] }

    /// Takes what the failover process tells about itself.
    func show(_ status: NodeStatus) { node.take(status) }

    /// Takes in what the process that follows this one has heard of servers.
    func learn(_ remembered: [String: RememberedTarget]) {
        let places = served.model.places
        router.take(remembered.filter { places[$0] == $1.place }.mapValues(\.memory))
    }

    /// Resets the connections through addresses that leave the node.
    func closeConnections(through addresses: [IPAddress]) {
        for address in addresses {
            balancer.closeConnections(throughLocalAddress: IPEndpoint(address, port: 0))
        }
    }

    /// Changes what a server takes; a name that is gone since the order was given is ignored.
    func administer(_ order: ServerOrder) {
        guard let place = served.model.targets.place(of: order.reference) else { return }
        served.standings.administer(place, order.change)
    }

    /// Whether a server could be taken away: it takes nobody, and has nobody.
    func removability(of order: PoolOrder) -> ControlResponse {
        guard let place = served.model.targets.place(of: order.reference) else {
            return .failed(
                ControlFailure(Failure(.notSo, "\(order.serverName): is not there any more")))
        }
        guard served.standings.standing(at: place).administration == .maintenance else {
            return .failed(
                ControlFailure(
                    Failure(
                        .notSo,
                        "\(order.serverName): only a server in maintenance can be taken away; 'lbctl"
                            + " server disable \(order.serverName)' puts it there")))
        }
        let glance = balancer.view.glance(pool: place.pool, server: place.server)
        let count = glance.sessions + glance.queued
        return .done(
            count == 0
                ? ""
                : "\(order.serverName): still has \(count) connection\(count == 1 ? "" : "s")")
    }

    /// Resets what a server still has when the deadline of an order is over.
    func endSessions(after order: ServerOrder) {
        guard let place = served.model.targets.place(of: order.reference) else { return }
        let (pool, server) = (place.pool, place.server)
        // It may have been made ready again meanwhile.
        guard balancer.view.glance(pool: pool, server: server).status != .up else { return }
        balancer.endSessions(pool: pool, server: server, because: .operatorsOrder)
    }

    /// Accepts no more; the connections that exist go on.
    ///
    /// Another process checks and tells from now on.
    func stopAccepting() {
        balancer.pauseAccepting()
        served.standings.fallSilent()
        served.names.stop()
        checker.stop()
        pages.stop()
        peers.stop()
    }

    /// Frees the ports for others, where no failover process is left to hold them.
    func releasePorts() { served.sockets.endListening() }

    /// Resets what is open: a clean end would look like a complete answer.
    func stop() {
        stopAccepting()
        balancer.stop()
        lines?.stop()
    }
}

extension StatusSource.Scene {
    init(_ prepared: PreparedModel, _ view: BalancerView, _ standings: ServerStandings) {
        self.init(
            model: prepared.model, targets: prepared.targets, view: view, standings: standings,
            certificateEnds: prepared.certificateEnds)
    }
}
#endif
