import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Descriptors that run out` {
        @Test func `the limit on connections leaves descriptors for pipes and the rest`() async {
            await #expect(processExitsWith: .success) {
                var limit = rlimit(rlim_cur: 1024, rlim_max: 1024)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let running = try RunningBalancer(server: try TestServer.echo())
                precondition(running.balancer.connectionLimit == 400)
            }
        }
    }
}
