import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Descriptors that run out` {
        @Test func `what was accepted is kept, what was not waits, and nothing spins`() async {
            // In a process of its own, whose descriptors are its own to use up.
            await #expect(processExitsWith: .success) {
                // The kernel completes connections to a socket that nobody accepts from.
                let server = try Socket.listening(
                    on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 64)
                let address = try Socket.localAddress(of: server.rawValue)
                var limit = rlimit(rlim_cur: 400, rlim_max: 400)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let running = try RunningBalancer(
                    servers: [ServerPlan(name: "a", address: address)])
                let sockets = (0..<20).map { _ in socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) }
                var fillers: [Int32] = []
                while true {
                    let filler = dup(0)
                    if filler < 0 { break }
                    fillers.append(filler)
                }
                // Room for one connection whole and half of another.
                for _ in 0..<3 { close(fillers.removeLast()) }
                for socket in sockets { precondition(connectLoopback(socket, running.port)) }
                Thread.sleep(for: .milliseconds(200))
                let before = clock()
                Thread.sleep(for: .milliseconds(500))
                precondition(clock() - before < 100_000, "it spins")
                precondition(running.frontend.currentSessions == 2)
                // The one without a socket keeps its slot.
                precondition(running.pool.servers[0].currentSessions == 2)
                for filler in fillers { close(filler) }
                precondition(eventually { running.pool.servers[0].currentSessions == 20 })
                precondition(running.pool.connectionErrors == 0)
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
