import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Descriptors that run out` {
        @Test func `sixteen million places cost nothing before they are used`() async {
            await #expect(processExitsWith: .success) {
                func touched() -> Int {
                    var usage = rusage()
                    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
                    return usage.ru_maxrss
                }
                let before = touched()
                var slab = try ConnectionSlab(capacity: 1 << 24)
                precondition(slab.allocate() == 0)
                precondition(touched() - before < 1_000, "kilobytes")
            }
        }

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
