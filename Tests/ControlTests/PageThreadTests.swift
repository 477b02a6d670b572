#if Program
import Glibc
import Synchronization
import Testing

@testable import Control

@Suite struct `The thread of pages` {
    private final class Count: Sendable {
        let running = Atomic(0)
        let most = Atomic(0)
    }

    @Test func `writes one page at a time, however many are asked for`() async throws {
        let count = Count()
        let sum = try await withThrowingTaskGroup(of: Int.self) { tasks in
            for number in 1...8 {
                tasks.addTask {
                    try await PageThread.run {
                        let now = count.running.add(1, ordering: .relaxed).newValue
                        count.most.max(now, ordering: .relaxed)
                        usleep(20_000)
                        count.running.subtract(1, ordering: .relaxed)
                        return number
                    }
                }
            }
            return try await tasks.reduce(0, +)
        }
        #expect(sum == 36)
        #expect(count.most.load(ordering: .relaxed) == 1)
    }
}
#endif
