#if Program
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import HealthCheck

/// Notes when each check began.
private final class CountingProbe: HealthProbe {
    private let inner = TCPProbe()
    let moments = Mutex<[NIODeadline]>([])

    func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        moments.withLock { $0.append(.now()) }
        return inner.probe(target, timeout: timeout, on: eventLoop)
    }
}

extension `One after another` {
    /// Measures what 2,000 TCP checks every 2 s cost: `HEALTHCHECK_LOAD=1 swift test -c release
    /// -Xswiftc -enable-testing --filter Load`.
    @Suite(.enabled(if: getenv("HEALTHCHECK_LOAD") != nil)) struct `Load of checks` {
        @Test func `2,000 TCP checks every 2 s take under 15 % of a core, without bursts`()
            async throws
        {
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let peer = try await Redis().server
            defer { peer.stop() }
            let probe = CountingProbe()
            let targets = try (0..<2_000).map { number in
                var target = try CheckTarget(
                    id: "web/\(number)", ipAddress: "127.0.0.1", port: peer.port)
                target.probe = probe
                return target
            }
            let checker = HealthChecker(group: group, targets: targets) { _ in }
            checker.start()
            try await Task.sleep(for: .seconds(3))
            let began = (time: ContinuousClock.now, processor: processorTime())
            probe.moments.withLock { $0 = [] }
            try await Task.sleep(for: .seconds(10))
            let used = processorTime() - began.processor
            let share = used / (began.time.duration(to: .now) / .seconds(1))
            let moments = probe.moments.withLock { $0 }
            let isUp = checker.snapshot().filter(\.isUp).count
            checker.stop()
            try await group.shutdownGracefully()
            print(
                "checks \(moments.count), up \(isUp), core \(share * 100) %, most in 20 ms",
                mostIn20Milliseconds(moments), "of 2000")
            #expect(share < 0.15)
            #expect(isUp == 2_000)
        }

        private func mostIn20Milliseconds(_ moments: [NIODeadline]) -> Int {
            var (first, most) = (0, 0)
            for (index, moment) in moments.enumerated() {
                while moments[first] <= moment - .milliseconds(20) { first += 1 }
                most = max(most, index - first + 1)
            }
            return most
        }

        /// Seconds of a processor that this process used.
        private func processorTime() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
    }
}
#endif
