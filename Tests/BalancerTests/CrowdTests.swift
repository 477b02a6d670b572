import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Limits that follow a pool's connections (`minconn`, `fullconn`).
    @Suite struct `Limits that follow the crowd` {
        private func state(least: Int?, most: Int, full: Int, queue: Int? = nil) -> PoolState {
            var server = ServerPlan(
                name: "a", address: SocketAddress(address: 1, port: 1), connectionLimit: most)
            server.leastConnectionLimit = least
            var plan = PoolPlan(name: "p", servers: [server])
            plan.fullConnections = full
            return PoolState(plan)
        }

        private func waiter(_ number: Int) -> Waiter {
            Waiter(reactor: 0, connection: 2 * number, generation: 1)
        }

        /// haproxy's `srv_dynamic_maxconn`.
        @Test func `a server's limit grows with its pool from minconn to maxconn`() {
            var state = state(least: 2, most: 10, full: 20)
            var limits: [Int] = []
            for number in 1...25 {
                _ = state.enter(waiter(number), key: 0, at: 0)
                while state.fillGrown(at: 0) != nil {}
                limits.append(state.servers[0].limit)
            }
            #expect(
                limits == [
                    2, 2, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 10, 10, 10, 10,
                ])
            #expect(state.servers[0].served == 10)
            #expect(state.waitingCount == 15)
            state.leave()
            #expect(state.servers[0].limit == 10)
            for _ in 0..<14 { state.leave() }
            #expect(state.servers[0].limit == 5)
        }

        @Test func `room that comes with a newcomer is for who waits longest`() {
            var state = state(least: 2, most: 10, full: 20)
            for number in 1...5 { _ = state.enter(waiter(number), key: 0, at: 0) }
            #expect(state.servers[0].served == 2)
            guard case .waits = state.enter(waiter(6), key: 0, at: 0) else {
                Issue.record("the newcomer came first")
                return
            }
            guard case .serve(let first, 0)? = state.fillGrown(at: 0) else {
                Issue.record("nobody was served")
                return
            }
            #expect(first.connection == 6)
            #expect(state.fillGrown(at: 0) == nil)
        }

        @Test func `without minconn the limit stays`() {
            var state = state(least: nil, most: 3, full: 100)
            for number in 1...5 { _ = state.enter(waiter(number), key: 0, at: 0) }
            #expect(state.servers[0].served == 3)
        }

        /// Seven in all make room for two at the server, and an eighth comes.
        @Test func `who waits is served once others come, not once one leaves`() throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.pools[0].fullConnections = 8
                $0.pools[0].servers[0].connectionLimit = 2
                $0.pools[0].servers[0].leastConnectionLimit = 1
            }
            var clients = [running.connect()]
            #expect(clients[0].receive(exactly: 1) == "a")
            for number in 1...6 {
                clients.append(running.connect())
                #expect(running.wait { running.pool.currentQueue == number })
            }
            clients.append(running.connect())
            #expect(clients[1].receive(exactly: 1) == "a")
        }

        @Test(arguments: [1, 2])
        func `clients are served as the pool fills`(reactors: Int) throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", server)])
            ) {
                $0.pools[0].fullConnections = 4
                $0.pools[0].servers[0].connectionLimit = 4
                $0.pools[0].servers[0].leastConnectionLimit = 1
            }
            var clients: [BlockingSocket] = []
            for number in 1...3 {
                clients.append(running.connect(by: number))
                #expect(clients[number - 1].receive(exactly: 1) == "a")
            }
            #expect(running.busyReactorCount == reactors)
            clients.removeFirst().close()
            #expect(running.wait { running.pool.currentSessions == 2 })
            // Two hold two of two: the third is within three of three.
            clients.append(running.connect())
            #expect(clients[2].receive(exactly: 1) == "a")
        }
    }
}
