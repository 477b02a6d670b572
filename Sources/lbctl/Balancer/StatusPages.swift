#if Program
internal import Balancer
internal import Control
internal import LinuxIO
internal import NIOCore
internal import NodeConfiguration
internal import VRRPCore

/// A page, and who may connect to it.
struct ServedPage: Hashable {
    let site: StatisticsSite
    let rules: RulePlan
}

/// The pages that show the state of the node, served as long as they are configured so.
final class StatusPages {
    private let source: StatusSource
    private var pages: [ServedPage] = []
    private var server: StatisticsServer?
    private var task: Task<Void, Never>?
    private var isServing = false

    init(_ source: StatusSource) { self.source = source }

    /// Prepares to serve other pages.
    ///
    /// - Returns: What serves them from ``serve(_:_:)`` on; `nil`: nothing about them changes.
    /// - Throws: What preparing a page throws.
    func prepare(_ pages: [ServedPage]) throws -> StatisticsServer? {
        guard server == nil || pages != self.pages else { return nil }
        let source = source
        let rules = Dictionary(uniqueKeysWithValues: pages.map { ($0.site.name, $0.rules) })
        return try StatisticsServer(
            sites: pages.map(\.site),
            admits: { site, client, server in
                guard let client = IPEndpoint(client), let server = IPEndpoint(server) else {
                    return false
                }
                return rules[site.name]?.admits(client, at: server) ?? false
            },
            status: { await source.status() })
    }

    /// Serves pages from now on, or once ``begin()`` was called.
    func serve(_ prepared: StatisticsServer?, _ pages: [ServedPage]) {
        guard let prepared else { return }
        (server, self.pages) = (prepared, pages)
        task?.cancel()
        if isServing { task = Task { await prepared.run() } }
    }

    /// Begins to serve.
    func begin() {
        isServing = true
        guard let server else { return }
        task = Task { await server.run() }
    }

    /// Ends for good.
    func stop() { task?.cancel() }
}

extension IPEndpoint {
    /// One end of a connection; a Unix socket has no such address.
    fileprivate init?(_ address: NIOCore.SocketAddress) {
        if case .unixDomainSocket = address {
            self = .none
            return
        }
        guard let text = address.ipAddress, let own = IPAddress(text), let port = address.port
        else {
            return nil
        }
        self.init(own, port: UInt16(clamping: port))
    }
}
#endif
