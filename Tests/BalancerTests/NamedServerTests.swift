import LinuxIO
import Testing

@testable import Balancer

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
            let held = (0..<8).map { running.connect(by: $0) }
            #expect(held.map { $0.receive(exactly: 1) } == Array(repeating: "1", count: 8))
            #expect(running.busyReactorCount == reactors)
            // Another family, too; what exists stays.
            running.balancer.setAddress(pool: 0, server: 0, two.address)
            #expect(
                (0..<8).map { running.answer(by: $0) } == Array(repeating: "2", count: 8))
            // Those that were answered have ended by then.
            #expect(running.wait { running.pool.servers[0].currentSessions == 8 })
        }

        @Test(arguments: [true, false])
        func `nobody is led to a server without an address, be he kept there`(isForced: Bool) throws
        {
            let server = try TestServer.named("1")
            // Where the client's port counts, any address of this host would be the balancer itself.
            var plan = ServerPlan(
                name: "a", address: SocketAddress(address: 0, port: 0),
                administrativeState: .maintenance)
            (plan.isByName, plan.portOffset) = (true, isForced ? 0 : nil)
            let running = try RunningBalancer(servers: [plan]) {
                $0.frontends[0].connectionLimit = 9
                $0.pools[0].retries = 0
                $0.pools[0].serverRules = [ServerRule("a")]
                $0.pools[0].keepsToServers = !isForced
                $0.pools[0].forcingRules = [ForcingRule(isForced: isForced, if: .always)]
            }
            #expect(running.answer() == "")
            #expect(
                running.wait {
                    running.frontend.totalSessions > 0 && running.frontend.currentSessions == 0
                })
            #expect(running.frontend.totalSessions == 1)
            #expect(running.pool.servers[0].connectionErrors == 1)
            guard !isForced else { return }
            running.balancer.setAddress(pool: 0, server: 0, .ipv4(server.address))
            #expect(running.answer() == "1")
        }

        @Test(arguments: [1, 2])
        func `a server is moved on every reactor, and what it has stays`(reactors: Int) throws {
            let one = try TestServer { socket in
                while case .bytes(let bytes) = socket.receive() {
                    guard socket.sendAll(bytes[...]) else { return }
                }
            }
            let two = try TestServer { $0.send("2 \($0.receiveAll().text)") }
            let place = ServerPlan(name: "a", address: one.address, connectionLimit: 8)
            let running = try RunningBalancer(reactors: reactors, servers: [place])
            let before = openSockets()
            let held = (0..<8).map { running.connect(by: $0) }
            for client in held {
                client.send("x")
                #expect(client.receive(exactly: 1) == "x")
            }
            #expect(running.busyReactorCount == reactors)
            let waiting = running.connect()
            waiting.send("y")
            waiting.endSending()
            #expect(running.wait { running.pool.servers[0].currentSessions == 8 })
            #expect(running.wait { running.pool.currentQueue == 1 })
            running.balancer.setAddress(pool: 0, server: 0, .ipv4(two.address))
            #expect(running.pool.currentQueue == 1)
            for client in held {
                client.send("z")
                #expect(client.receive(exactly: 1) == "z")
                client.endSending()
                #expect(client.receiveAll().text == "")
                client.close()
            }
            #expect(waiting.receiveAll().text == "2 y")
            #expect(running.wait { running.frontend.currentSessions == 0 })
            // No socket that was connected to the first place is ever connected to the second: both ends
            // of both connections are new ones.
            let kept = openSockets().subtracting(before)
            #expect(!kept.isEmpty)
            let client = running.connect()
            client.send("p")
            #expect(running.wait { two.acceptedCount == 2 })
            #expect(running.wait { openSockets().subtracting(before).subtracting(kept).count == 4 })
            client.endSending()
            #expect(client.receiveAll().text == "2 p")
            client.close()
            running.balancer.setAddress(pool: 0, server: 0, .ipv4(one.address))
            let back = running.connect()
            back.send("b")
            #expect(back.receive(exactly: 1) == "b")
            back.close()
            #expect(running.wait { running.frontend.currentSessions == 0 })
            #expect(running.pool.servers[0].totalSessions == 11)
        }

        @Test func `a moved server stays where it is under the next plan, and a line says where`()
            throws
        {
            let (one, two) = (try TestServer.named("1"), try TestServer.named("2"))
            let running = try Succession.Running(
                BalancerPlan(
                    frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                    pools: [
                        PoolPlan(
                            name: "pool", servers: [ServerPlan(name: "a", address: one.address)])
                    ]))
            running.balancer.setAddress(pool: 0, server: 0, .ipv4(two.address))
            #expect(try running.connect().receiveAll().text == "2")
            let format = LineFormat([.variable(.serverPort, isQuoted: false)])
            try running.adopt {
                $0.pools[0].servers[0].weight = 2
                $0.frontends[0].logging = ConnectionLogging(moment: .ending)
                $0.frontends[0].logging?.tellsServerEnd = format.tellsServerEnd
            }
            #expect(try running.connect().receiveAll().text == "2")
            var lines: [String] = []
            let line = ConnectionLine(running.balancer.plan)
            #expect(
                eventually {
                    running.balancer.records?.take { record, _ in
                        lines.append(
                            line.text(
                                record, as: format, acceptedAt: CivilTime(microseconds: 0)))
                    }
                    return !lines.isEmpty
                })
            #expect(lines == ["\(two.port)"])
        }
    }
}
