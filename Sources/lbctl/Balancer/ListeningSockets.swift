#if Program
internal import Control
internal import NodeConfiguration

/// The inherited listening sockets, told apart by who accepts on them.
struct ListeningSockets {
    /// For each frontend, its sockets.
    let frontends: [[Int32]]
    /// The pages with theirs.
    let sites: [StatisticsSite]

    /// - Parameters:
    ///   - model: What is served.
    ///   - descriptors: The sockets, in the order of the model's endpoints.
    init(model: Model, descriptors: [Int32]) {
        var rest = descriptors[...]
        func take(_ count: Int) -> [Int32] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        frontends = model.activeFrontends.map { take($0.endpoints.count) }
        sites = model.statisticsPages.map { page in
            var site = StatisticsSite(
                name: page.name, path: page.path, realm: page.realm,
                users: page.users.map {
                    StatisticsSite.User(name: $0.name, password: $0.password)
                },
                descriptors: take(page.endpoints.count))
            site.refreshInterval = page.refreshInterval.map { Int($0.components.seconds) }
            site.addresses = page.endpoints.map(\.description)
            return site
        }
    }
}
#endif
