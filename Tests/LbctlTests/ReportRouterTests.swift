#if Program
import HealthCheck
import Synchronization
import Testing

@testable import lbctl

/// What becomes of a check's report while a reload changes what is checked.
@Suite struct `Reports over a reload` {
    @Test func `what waited while its server came to another address is not heard`() throws {
        let reports = Mutex<[CheckReport]>([])
        func target(port: Int) throws -> CheckTarget {
            var target = try CheckTarget(id: "web/a", ipAddress: "127.0.0.1", port: port)
            target.interval = .milliseconds(10)
            target.reportsEveryResult = true
            return target
        }
        let checker = HealthChecker(targets: [try target(port: 1)]) { report in
            reports.withLock { $0.append(report) }
        }
        let reference = CheckerReference()
        reference.set(checker)
        let remembered = Mutex<[Int]>([])
        let router = ReportRouter(knowing: [:], isInForce: reference.isInForce) { _, memory in
            remembered.withLock { $0.append(memory.failedChecks) }
        }
        func count() -> Int { remembered.withLock { $0.count } }
        checker.start()
        try eventually(within: .seconds(5), "a report") { reports.withLock { !$0.isEmpty } }
        let first = reports.withLock { $0.first }
        let report = try #require(first)
        // A change is worth remembering each time that it is told.
        #expect(report.transition == .down)
        router.take(report)
        #expect(count() == 1)
        checker.update(targets: [try target(port: 2)])
        router.take(report)
        #expect(count() == 1)
        checker.stop()
    }
}
#endif
