import LinuxIO
import Synchronization
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Limits and the line` {
        @Test(arguments: [1, 2])
        func `a full server makes clients wait, and serves them in the order of arrival`(
            reactors: Int
        ) throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(reactors: reactors, servers: [limited(server, to: 2)])
            var clients = (0..<2).map { running.connect(by: $0) }
            #expect(clients.map { $0.receive(exactly: 1) } == ["a", "a"])
            #expect(running.busyReactorCount == reactors)
            for number in 1...4 {
                clients.append(running.connect(by: number))
                #expect(running.wait { running.pool.currentQueue == number })
            }
            #expect(running.pool.servers[0].currentSessions == 2)
            #expect(running.pool.currentSessions == 6)
            for number in 0..<4 {
                clients[number].close()
                #expect(clients[number + 2].receive(exactly: 1) == "a")
                #expect(running.pool.currentQueue == 3 - number)
            }
            let pool = running.pool
            #expect(pool.peakQueue == 4)
            #expect(pool.servers[0].peakSessions == 2)
            #expect(pool.servers[0].totalSessions == 6)
        }

        @Test func `clients wait while first results are awaited, and no longer`() throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(servers: servers([("a", server)]))
            running.balancer.setAwaited(pool: 0, true)
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            let first = running.connect()
            #expect(running.wait { running.pool.currentQueue == 1 })
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(first.receiveAll().text == "a")
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            let second = running.connect()
            #expect(running.wait { running.pool.currentQueue == 1 })
            running.balancer.setAwaited(pool: 0, false)
            #expect(second.receiveAll().text == "")
            #expect(running.answer() == "")
            #expect(running.pool.currentQueue == 0)
        }

        @Test func `who waits for first results waits no longer than in a line`() throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.pools[0].queueTimeout = .milliseconds(100)
            }
            running.balancer.setAwaited(pool: 0, true)
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect(running.answer() == "")
            #expect(running.pool.connectionErrors == 1)
        }

        @Test(arguments: [1, 2])
        func `a server's limit holds under a rush`(reactors: Int) throws {
            let server = try TestServer { socket in
                _ = socket.receive(exactly: 1)
                socket.send("done")
            }
            let running = try RunningBalancer(reactors: reactors, servers: [limited(server, to: 3)])
            let clients = running.connectMany(200)
            // They end their streams, so that none holds its slot until its turn to be read comes.
            for client in clients {
                client.send("x")
                client.endSending()
            }
            #expect(clients.allSatisfy { $0.lastWords() == "done" })
            #expect(running.busyReactorCount == reactors)
            #expect(running.pool.servers[0].peakSessions == 3)
            #expect(running.pool.servers[0].totalSessions == 200)
            #expect(running.wait { running.pool.servers[0].currentSessions == 0 })
            #expect(running.wait { running.pool.currentSessions == 0 })
        }

        @Test(arguments: [1, 2])
        func `no slot is lost with clients that leave while their turn comes`(reactors: Int) throws
        {
            let server = try TestServer { $0.send($0.receive(exactly: 1)) }
            let running = try RunningBalancer(reactors: reactors, servers: [limited(server, to: 1)])
            for _ in 0..<10 {
                let clients = running.connectMany(60)
                for (number, client) in clients.enumerated() {
                    guard number % 3 != 0 else {
                        client.reset()
                        continue
                    }
                    client.send("x")
                    client.endSending()
                }
                let staying = clients.enumerated().filter { $0.offset % 3 != 0 }.map(\.element)
                #expect(staying.allSatisfy { $0.lastWords() == "x" })
            }
            #expect(running.busyReactorCount == reactors)
            #expect(running.wait { running.pool.currentSessions == 0 })
            #expect(running.pool.servers[0].currentSessions == 0)
            #expect(running.pool.servers[0].peakSessions == 1)
            #expect(running.pool.currentQueue == 0)
        }

        @Test func `a slot that comes for a connection that is gone is given back`() throws {
            let address = try TestServer.refusingAddress()
            let plan = BalancerPlan(
                connectionLimit: 1, frontends: [FrontendPlan(name: "f", poolIndex: 0)],
                pools: [PoolPlan(name: "p", servers: [ServerPlan(name: "s", address: address)])])
            let shared = try SharedState(plan)
            var worker = try Worker(number: 0, shared: shared)
            let gone = Waiter(reactor: 0, connection: 0, generation: 7)
            let choice = shared.pools[0].state.withLock { $0.enter(gone, key: 0, at: 0) }
            #expect(choice == .server(0))
            worker.take(.serve(gone, server: 0), pool: 0)
            #expect(shared.pools[0].state.withLock { $0.servers[0].served } == 0)
        }

        @Test func `a client waits no longer than the queue's time-out`() throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(servers: [limited(server, to: 1)]) {
                $0.pools[0].queueTimeout = .milliseconds(200)
            }
            let first = running.connect()
            #expect(first.receive(exactly: 1) == "a")
            let start = MonotonicInstant.now
            let (text, ending) = running.connect().receiveAll()
            let waited = MonotonicInstant.now - start
            #expect(text.isEmpty)
            #expect(ending == .end)
            #expect(waited >= .milliseconds(190) && waited < .milliseconds(600))
            #expect(running.pool.connectionErrors == 1)
            #expect(running.wait { running.pool.currentQueue == 0 })
        }

        @Test func `without a time-out of its own the queue takes the connect time-out`() throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(servers: [limited(server, to: 1)]) {
                $0.pools[0].connectTimeout = .milliseconds(150)
            }
            let first = running.connect()
            #expect(first.receive(exactly: 1) == "a")
            let start = MonotonicInstant.now
            #expect(running.connect().receiveAll().ending == .end)
            #expect(MonotonicInstant.now - start < .milliseconds(600))
        }

        @Test func `a client that goes away leaves the line`() throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(servers: [limited(server, to: 1)])
            let first = running.connect()
            #expect(first.receive(exactly: 1) == "a")
            let second = running.connect()
            #expect(running.wait { running.pool.currentQueue == 1 })
            let third = running.connect()
            #expect(running.wait { running.pool.currentQueue == 2 })
            second.reset()
            #expect(running.wait { running.pool.currentQueue == 1 })
            #expect(running.pool.clientAborts == 1)
            first.close()
            #expect(third.receive(exactly: 1) == "a")
        }

        @Test func `with source, a client waits for its own server`() throws {
            let (a, b) = (try TestServer.holding("a"), try TestServer.holding("b"))
            let running = try RunningBalancer(
                algorithm: .source, servers: [limited(a, to: 1), limited(b, to: 1)])
            let first = running.connect(from: 0x7f00_0001)
            let name = first.receive(exactly: 1)
            let second = running.connect(from: 0x7f00_0001)
            #expect(running.wait { running.pool.currentQueue == 1 })
            // The other server is free, and stays so.
            #expect(running.pool.servers.map(\.currentQueue).reduce(0, +) == 1)
            first.close()
            #expect(second.receive(exactly: 1) == name)
        }

        @Test func `when a server goes down its line goes to the others`() throws {
            let (a, b) = (try TestServer.holding("a"), try TestServer.holding("b"))
            let running = try RunningBalancer(
                algorithm: .source, servers: [limited(a, to: 1), limited(b, to: 1)])
            let first = running.connect(from: 0x7f00_0001)
            let name = first.receive(exactly: 1)
            let second = running.connect(from: 0x7f00_0001)
            #expect(running.wait { running.pool.currentQueue == 1 })
            running.balancer.setHealth(pool: 0, server: name == "a" ? 0 : 1, isUp: false)
            #expect(second.receive(exactly: 1) == (name == "a" ? "b" : "a"))
            // The one that was being served goes on.
            #expect(running.frontend.currentSessions == 2)
        }

        @Test func `when the last server goes down nobody is left waiting`() throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(servers: [limited(server, to: 1)])
            let first = running.connect()
            #expect(first.receive(exactly: 1) == "a")
            let second = running.connect()
            #expect(running.wait { running.pool.currentQueue == 1 })
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect(second.receiveAll().ending == .end)
            #expect(running.pool.connectionErrors == 1)
        }

        @Test(arguments: [1, 2])
        func `a full frontend leaves the rest in the kernel's queue`(reactors: Int) throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", server)])
            ) { $0.frontends[0].connectionLimit = 2 }
            var clients = running.connectMany(6)
            #expect(clients[0].receive(exactly: 1) == "a")
            #expect(clients[1].receive(exactly: 1) == "a")
            #expect(running.busyReactorCount == reactors)
            Thread.sleep(for: .milliseconds(50))
            #expect(running.frontend.currentSessions == 2)
            for next in 2..<6 {
                clients.removeFirst().close()
                #expect(clients[1].receive(exactly: 1) == "a", "client \(next)")
                #expect(running.frontend.currentSessions <= 2)
            }
            #expect(running.frontend.peakSessions == 2)
            #expect(running.frontend.totalSessions == 6)
        }

        @Test(arguments: [1, 2])
        func `the process's limit holds over all frontends`(reactors: Int) throws {
            let server = try TestServer { socket in
                socket.send(socket.receive(exactly: 1))
            }
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", server)])
            ) { $0.connectionLimit = 5 }
            let clients = running.connectMany(100)
            // They end their streams, so that none holds its slot until its turn to be read comes.
            for client in clients {
                client.send("x")
                client.endSending()
            }
            #expect(clients.allSatisfy { $0.lastWords() == "x" })
            #expect(running.busyReactorCount == reactors)
            #expect(running.balancer.snapshot().peakSessions == 5)
            #expect(running.balancer.snapshot().totalSessions == 100)
        }

        private func limited(_ server: TestServer, to limit: Int) -> ServerPlan {
            ServerPlan(name: "s", address: server.address, connectionLimit: limit)
        }
    }
}
