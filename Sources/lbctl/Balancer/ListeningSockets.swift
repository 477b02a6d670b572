#if Program
internal import Balancer
internal import Control
internal import LinuxIO
internal import NodeConfiguration

/// The listening sockets that came from the failover process, told apart by who accepts on them.
///
/// Owns them: each is closed with the last object that has it, which must outlast all that accept.
final class ListeningSockets: Sendable {
    private final class Listening: Sendable {
        let number: Int32
        init(owning number: Int32) { self.number = number }
        deinit { _ = Descriptor(owning: number) }
    }

    private let sockets: [ListeningPlace: Listening]
    /// For each frontend, its sockets.
    let frontends: [[Int32]]
    /// The pages with theirs.
    let pages: [ServedPage]
    /// For each section of peers, its sockets.
    let peers: [[Int32]]

    /// - Parameters:
    ///   - model: What is served.
    ///   - descriptors: The sockets that `former` lacks, in the order of the model's listeners; owned
    ///     from here on.
    ///   - former: Those that were there before; `nil`: none.
    /// - Throws: `Failure` where there are not as many as the model needs, or no handshake can be done
    ///   with a page's clients.
    init(
        model: Model, descriptors: [Int32], goingOnFrom former: ListeningSockets? = nil
    ) throws(Failure) {
        var rest = descriptors.map(Listening.init)[...]
        var sockets: [ListeningPlace: Listening] = [:]
        func number(_ listener: Listener) -> Int32 {
            let place = ListeningPlace(listener)
            let socket = sockets[place] ?? former?.sockets[place] ?? rest.popFirst()
            sockets[place] = socket
            return socket?.number ?? -1
        }
        let frontends = model.activeFrontends.map { $0.listeners.map(number) }
        let securities = try model.pageSecurity()
        let pages = zip(model.statisticsPages, securities).map { page, securities in
            var site = StatisticsSite(
                name: page.name, path: page.path, realm: page.realm,
                users: page.users.map {
                    StatisticsSite.User(name: $0.name, password: $0.password)
                },
                descriptors: page.listeners.map(number))
            for (descriptor, security) in zip(site.descriptors, securities) {
                site.securities[descriptor] = security
            }
            site.refreshInterval = page.refreshSeconds
            site.metricsPaths = page.metricsPaths
            site.monitor = Monitor(page)
            site.addresses = page.endpoints.map(\.description)
            return ServedPage(site: site, rules: RulePlan(page.rules, RulePlaces()))
        }
        let peers = model.peers.map { $0.listeners.map(number) }
        self.sockets = sockets
        (self.frontends, self.pages, self.peers) = (frontends, pages, peers)
        let all = frontends.joined() + pages.flatMap(\.site.descriptors) + peers.joined()
        guard rest.isEmpty, !all.contains(-1) else {
            throw Failure(
                .internalError,
                "\(descriptors.count) sockets for \(model.listeners.count) listeners")
        }
    }

    /// Ends listening for every process that has the sockets, once nobody is left to reopen them.
    func endListening() {
        for socket in sockets.values { Socket.endListening(socket.number) }
    }
}
#endif
