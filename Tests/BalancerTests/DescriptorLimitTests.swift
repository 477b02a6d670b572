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

        @Test func `who accepts waits for descriptors, without a spin, and loses nobody`() async {
            await #expect(processExitsWith: .success) {
                func processorTime() -> Duration {
                    var time = timespec()
                    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
                    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
                }
                var limit = rlimit(rlim_cur: 512, rlim_max: 512)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let server = try TestServer.named("a")
                let running = try RunningBalancer(server: server)
                precondition(running.answer() == "a")
                let client = running.connect()
                precondition(client.receiveAll().text == "a")
                // Of a client that has a socket already, the balancer lacks its own.
                let late = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                let held = takeDescriptors(by: late)
                precondition(connectLoopback(late, running.port))
                let before = processorTime()
                Thread.sleep(for: .milliseconds(250))
                let used = processorTime() - before
                precondition(used < .milliseconds(100), "\(used)")
                precondition(running.frontend.totalSessions == 2)
                for copy in held { close(copy) }
                precondition(BlockingSocket(adopting: late).receiveAll().text == "a")
            }
        }

        @Test func `a client waits for descriptors no longer than for a server to answer`() async {
            await #expect(processExitsWith: .success) {
                var limit = rlimit(rlim_cur: 512, rlim_max: 512)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let server = try TestServer.named("a")
                let running = try RunningBalancer(
                    servers: [ServerPlan(name: "a", address: server.address)]
                ) {
                    $0.pools[0].connectTimeout = .milliseconds(300)
                    $0.pools[0].retries = 0
                }
                precondition(running.answer() == "a")
                let late = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                var held = takeDescriptors(by: late)
                // Room for the client's socket, and for none to the server.
                close(held.removeLast())
                let start = MonotonicInstant.now
                precondition(connectLoopback(late, running.port))
                precondition(BlockingSocket(adopting: late).receiveAll().ending == .end)
                let took = MonotonicInstant.now - start
                precondition(took > .milliseconds(250) && took < .seconds(2), "\(took)")
                precondition(running.frontend.refusalsByCause == [.localFailure: 1])
            }
        }

        @Test func `the limit on connections leaves descriptors for pipes and the rest`() async {
            await #expect(processExitsWith: .success) {
                var limit = rlimit(rlim_cur: 1024, rlim_max: 1024)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let running = try RunningBalancer(server: try TestServer.echo())
                precondition(running.balancer.connectionLimit == 368)
            }
        }
    }
}

/// Copies a descriptor until there is room for no more, also where an earlier connection was still to
/// be closed.
func takeDescriptors(by number: Int32) -> [Int32] {
    var held: [Int32] = []
    for _ in 0..<20 {
        while case let copy = dup(number), copy >= 0 { held.append(copy) }
        Thread.sleep(for: .milliseconds(5))
    }
    return held
}
