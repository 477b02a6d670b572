#if Program
import Control
import Glibc

/// Serves `site` while `body` runs.
func serving(
    _ site: StatisticsSite, limits: StatisticsServer.Limits = .init(),
    admits: @escaping StatisticsServer.Admission = { _, _, _ in true },
    status: @escaping @Sendable () -> NodeStatus = { sampleNode() },
    _ body: @Sendable () async throws -> Void
) async throws {
    // Listening already, so that a client can connect before the server is up.
    for descriptor in site.descriptors { listen(descriptor, 16) }
    let server = try StatisticsServer(sites: [site], limits: limits, admits: admits) {
        status
    }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { await server.run() }
        try await body()
        tasks.cancelAll()
    }
}
#endif
