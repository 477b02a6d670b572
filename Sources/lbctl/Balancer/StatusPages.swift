#if Program
internal import Control

/// The pages that show the state of the node, served as long as they are configured so.
final class StatusPages {
    private let source: StatusSource
    private var sites: [StatisticsSite] = []
    private var server: StatisticsServer?
    private var task: Task<Void, Never>?
    private var isServing = false

    init(_ source: StatusSource) { self.source = source }

    /// Prepares to serve other pages.
    ///
    /// - Returns: What serves them from ``serve(_:)`` on; `nil`: nothing about them changes.
    /// - Throws: What preparing a page throws.
    func prepare(_ sites: [StatisticsSite]) throws -> StatisticsServer? {
        guard server == nil || sites != self.sites else { return nil }
        let source = source
        return try StatisticsServer(sites: sites) { source.status() }
    }

    /// Serves pages from now on, or once ``begin()`` was called.
    func serve(_ prepared: StatisticsServer?, _ sites: [StatisticsSite]) {
        guard let prepared else { return }
        (server, self.sites) = (prepared, sites)
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
#endif
