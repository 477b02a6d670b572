import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// A client that has to wait again keeps its place and the time that it has waited.
    @Suite struct `Waiting again` {
        @Test func `who moves to another server's line stands there as if he had come to it`()
            throws
        {
            let (a, b) = (try TestServer.holding("a"), try TestServer.holding("b"))
            let running = try RunningBalancer(algorithm: .source, servers: limited(a, b)) {
                $0.pools[0].queueTimeout = .seconds(10)
            }
            // 127.0.0.1 is b's, 127.0.0.2 is a's.
            let (atB, atA) = (running.connect(), running.connect(from: 0x7f00_0002))
            #expect(atB.receive(exactly: 1) == "b" && atA.receive(exactly: 1) == "a")
            let early = running.connect(from: 0x7f00_0002)
            #expect(running.wait { running.pool.servers[0].currentQueue == 1 })
            let late = running.connect()
            #expect(running.wait { running.pool.servers[1].currentQueue == 1 })
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect(running.wait { running.pool.servers[1].currentQueue == 2 })
            atB.close()
            #expect(early.receive(exactly: 1) == "b")
            early.close()
            #expect(late.receive(exactly: 1) == "b")
        }

        @Test func `the queue's time-out counts all the time in any line`() throws {
            let (a, b) = (try TestServer.holding("a"), try TestServer.holding("b"))
            let running = try RunningBalancer(algorithm: .source, servers: limited(a, b)) {
                $0.pools[0].queueTimeout = .milliseconds(500)
            }
            let (atB, atA) = (running.connect(), running.connect(from: 0x7f00_0002))
            #expect(atB.receive(exactly: 1) == "b" && atA.receive(exactly: 1) == "a")
            let start = MonotonicInstant.now
            let client = running.connect(from: 0x7f00_0002)
            Thread.sleep(for: .milliseconds(300))
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect(client.receiveAll().ending == .end)
            let waited = MonotonicInstant.now - start
            #expect(waited >= .milliseconds(490) && waited < .milliseconds(750))
            // Who leaves a line without being served has waited, too.
            #expect(running.wait { running.pool.queueTimes.total == 1 })
            #expect(running.pool.queueTimes.counts[9...10].reduce(0, +) == 1)
        }

        /// A server that does not answer and one that is full: each attempt takes 300 ms, and a client
        /// may wait for 400 ms.
        @Test func `an attempt in between does not begin the time in the line anew`() throws {
            let (silent, b) = (try SilentAddress(), try TestServer.holding("b"))
            var plans = servers([("b", b)])
            plans.insert(ServerPlan(name: "a", address: silent.address), at: 0)
            for index in 0..<2 { plans[index].connectionLimit = 1 }
            let logged = try LoggedBalancer(servers: plans) {
                $0.pools[0].algorithm = .first
                $0.pools[0].connectTimeout = .milliseconds(300)
                $0.pools[0].queueTimeout = .milliseconds(400)
                $0.pools[0].retries = 1
                $0.pools[0].redispatches = true
            }
            let running = logged.running
            let attempting = running.connect()
            #expect(running.wait { running.pool.servers[0].currentSessions == 1 })
            let holder = running.connect()
            #expect(holder.receive(exactly: 1) == "b")
            // 300 ms in the line, 300 ms at the server, and then 100 ms are left.
            let client = running.connect()
            let start = MonotonicInstant.now
            #expect(client.receiveAll().ending == .end)
            #expect(MonotonicInstant.now - start < .milliseconds(850))
            #expect(logged.lines(1).map(field(4)) == ["sQ"])
            attempting.close()
            holder.close()
        }

        @Test func `who tries a server again keeps his slot of it`() throws {
            let running = try RunningBalancer(servers: [
                ServerPlan(
                    name: "a", address: try TestServer.refusingAddress(), connectionLimit: 1)
            ]) { $0.pools[0].retries = 1 }
            let first = running.connect()
            #expect(running.wait { running.pool.servers[0].retries == 1 })
            let second = running.connect()
            #expect(running.wait { running.pool.currentQueue == 1 })
            #expect(running.pool.servers[0].currentSessions == 1)
            first.reset()
            // Its slot goes on to the one behind.
            #expect(running.wait { running.pool.servers[0].retries == 2 })
            #expect(running.pool.servers[0].currentSessions == 1)
            second.reset()
            #expect(running.wait { running.pool.currentSessions == 0 })
            #expect(running.pool.servers[0].currentSessions == 0)
        }

        private func limited(_ servers: TestServer...) -> [ServerPlan] {
            zip(["a", "b"], servers).map {
                ServerPlan(name: $0, address: $1.address, connectionLimit: 1)
            }
        }
    }
}
