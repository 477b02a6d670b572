#if Program
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

import HealthCheck

extension `One after another` {
    @Suite(.timeLimit(.minutes(1))) struct `Targets that move` {
        @Test func `a target that moves as its check is due is asked once, not twice`() async throws
        {
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let probe = ScriptedProbe([.passed])
            var target = try CheckTarget(id: "web/a", ipAddress: "127.0.0.1", port: 9)
            target.probe = probe
            target.interval = .milliseconds(200)
            let checker = HealthChecker(group: group, targets: [target]) { _ in }
            checker.start()
            while probe.count.load(ordering: .relaxed) == 0 {
                try await Task.sleep(for: .milliseconds(1))
            }
            // The loop finds both at once: the check, and that its place is another one.
            let held = group.next().submit { () -> Int in
                usleep(250_000)
                return probe.count.load(ordering: .relaxed)
            }
            try await Task.sleep(for: .milliseconds(20))
            checker.setAddress("web/a", try SocketAddress(ipAddress: "127.0.0.2", port: 9))
            let before = try await held.get()
            try await Task.sleep(for: .milliseconds(50))
            #expect(probe.count.load(ordering: .relaxed) == before + 1)
            checker.stop()
            try await group.shutdownGracefully()
        }
    }
}
#endif
