#if Program
internal import Control
internal import LinuxIO
internal import NodeConfiguration

/// The listening sockets that came from the failover process, told apart by who accepts on them.
///
/// Owns them: they are closed with this object, which must outlast all that accept.
final class ListeningSockets: Sendable {
    private let descriptors: [Int32]
    /// For each frontend, its sockets.
    let frontends: [[Int32]]
    /// The pages with theirs.
    let sites: [StatisticsSite]

    /// - Parameters:
    ///   - model: What is served.
    ///   - descriptors: The sockets, in the order of the model's listeners; owned from here on.
    /// - Throws: `Failure` where there are not as many as the model has listeners.
    init(model: Model, descriptors: [Int32]) throws(Failure) {
        self.descriptors = descriptors
        var rest = descriptors[...]
        func take(_ count: Int) -> [Int32] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        frontends = model.activeFrontends.map { take($0.listeners.count) }
        sites = model.statisticsPages.map { page in
            var site = StatisticsSite(
                name: page.name, path: page.path, realm: page.realm,
                users: page.users.map {
                    StatisticsSite.User(name: $0.name, password: $0.password)
                },
                descriptors: take(page.listeners.count))
            site.refreshInterval = page.refreshInterval.map { Int($0.components.seconds) }
            site.addresses = page.endpoints.map(\.description)
            return site
        }
        guard descriptors.count == model.listeners.count else {
            throw Failure(
                .internalError,
                "\(descriptors.count) sockets for \(model.listeners.count) listeners")
        }
    }

    deinit {
        for number in descriptors { _ = Descriptor(owning: number) }
    }

    /// Ends listening for every process that has the sockets, once nobody is left to reopen them.
    func endListening() {
        for number in descriptors { Socket.endListening(number) }
    }
}
#endif
