import Synchronization
import Testing

/// One after the other: they measure times, move gigabytes and use up descriptors.
@Suite(.serialized, KeepsServers()) enum BalancerTests {}

/// Lets the servers that a test begins live as long as it, and no longer.
///
/// A test often refers to one only until it has its address.
struct KeepsServers: SuiteTrait, TestTrait, TestScoping {
    /// Who keeps those of the test that runs.
    @TaskLocal static var keeper: Keeper?

    final class Keeper: Sendable {
        private let servers = Mutex<[TestServer]>([])

        /// Keeps those of an exit test, which has a process of its own, to its end.
        static let ofProcess = Keeper()

        func keep(_ server: TestServer) { servers.withLock { $0.append(server) } }
        func letGo() { servers.withLock { $0 = [] } }
    }

    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing body: @concurrent @Sendable () async throws -> Void
    ) async throws {
        let keeper = Keeper()
        defer { keeper.letGo() }
        try await Self.$keeper.withValue(keeper, operation: body)
    }
}
