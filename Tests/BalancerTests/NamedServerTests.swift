import Balancer
import LinuxIO
import Testing

extension BalancerTests {
    @Suite struct `Servers by name` {
        @Test(arguments: [1, 2])
        func `a new address counts for the next connection, on every reactor`(
            reactors: Int
        ) throws {
            let one = try TestServer.holding("1")
            let two = try AnsweringServer(on: .ipv6(IPEndpoint(high: 0, low: 1, port: 0))) { _, _ in
                "2"
            }
            // Nobody is there before it is found.
            var plan = ServerPlan(
                name: "a", address: SocketAddress(address: 0, port: 0),
                administrativeState: .maintenance)
            plan.isByName = true
            let running = try RunningBalancer(reactors: reactors, servers: [plan])
            #expect(running.answer() == "")
            running.balancer.setAddress(pool: 0, server: 0, .ipv4(one.address))
            running.balancer.setAdministrativeState(pool: 0, server: 0, .ready)
            let held = (0..<8).map { _ in running.connect() }
            #expect(held.map { $0.receive(exactly: 1) } == Array(repeating: "1", count: 8))
            // Another family, too; what exists stays.
            running.balancer.setAddress(pool: 0, server: 0, two.address)
            #expect(
                (0..<8).map { _ in running.answer() } == Array(repeating: "2", count: 8))
            // Those that were answered have ended by then.
            #expect(running.wait { running.pool.servers[0].currentSessions == 8 })
        }
    }
}
