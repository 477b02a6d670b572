import Glibc
import LinuxIO
import Synchronization
import Testing

@testable import Balancer

extension BalancerTests {
    /// A balancer that goes on by other plans.
    @Suite struct `Succession` {
        /// A balancer whose listeners are named by their frontends and kinds.
        final class Running {
            let balancer: Balancer
            private(set) var plan: BalancerPlan
            private var sockets: [String: [Int32]] = [:]

            init(_ plan: BalancerPlan) throws {
                var opened: [String: [Int32]] = [:]
                for frontend in plan.frontends { try Self.open(frontend, &opened) }
                balancer = try Balancer(
                    plan: plan, listeners: plan.frontends.map { opened[Self.key($0)] ?? [] })
                self.plan = plan
                sockets = opened
                try balancer.start()
            }

            /// Goes on by the plan as it is changed.
            func adopt(
                _ change: (inout BalancerPlan) -> Void,
                beforehand: (BalancerView) -> Void = { _ in }
            ) throws {
                change(&plan)
                for frontend in plan.frontends { try Self.open(frontend, &sockets) }
                try balancer.adopt(
                    plan, listeners: plan.frontends.map { sockets[Self.key($0)] ?? [] },
                    beforehand: beforehand)
                let names = Set(plan.frontends.map(Self.key))
                for (name, numbers) in sockets where !names.contains(name) {
                    for number in numbers {
                        Socket.endListening(number)
                        close(number)
                    }
                    sockets[name] = nil
                }
            }

            private static func key(_ frontend: FrontendPlan) -> String {
                frontend.isDatagram ? "\(frontend.name), datagrams" : frontend.name
            }

            private static func open(
                _ frontend: FrontendPlan, _ sockets: inout [String: [Int32]]
            ) throws {
                guard sockets[key(frontend)] == nil else { return }
                let address = SocketAddress(address: 0x7f00_0001, port: 0)
                sockets[key(frontend)] = [
                    frontend.isDatagram
                        ? try DatagramSocket.bound(
                            to: .ipv4(address), options: ListeningOptions(backlog: 0)
                        ).release() : try Socket.listening(on: address, backlog: 1024).release()
                ]
            }

            func port(_ name: String = "front") -> UInt16 {
                let number = (sockets[name] ?? sockets["\(name), datagrams"])?.first
                return StreamSocket.localEndpoint(of: number ?? -1).port
            }

            func connect(_ name: String = "front") throws -> BlockingSocket {
                try #require(BlockingSocket(to: port(name)))
            }

            func answer(_ name: String = "front") throws -> String {
                try connect(name).receiveAll().text
            }

            var pool: PoolSnapshot { balancer.snapshot().pools[0] }

            deinit {
                balancer.stop()
                for number in sockets.values.joined() { close(number) }
            }
        }

        private func plan(_ servers: [ServerPlan], reactors: Int = 1) -> BalancerPlan {
            BalancerPlan(
                reactorCount: reactors, frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers)])
        }

        @Test func `one that leaves takes no number from those that stay`() {
            var pool = PoolPlan(
                name: "p",
                servers: ["b", "c", "a"].map {
                    ServerPlan(name: $0, address: SocketAddress(address: 0x7f00_0001, port: 1))
                })
            pool.servers[2].number = 2
            #expect(pool.serverNumbers == [1, 3, 2])
            pool.servers[2].isLeaving = true
            #expect(pool.serverNumbers == [1, 2, 3])
        }

        @Test(arguments: [1, 2])
        func `a connection goes on, and what is counted with it`(reactors: Int) throws {
            let server = try TestServer.echo()
            let running = try Running(plan(servers([("a", server)]), reactors: reactors))
            let clients = try (0..<reactors).map { reactor in
                try running.balancer.give(to: reactor) { try running.connect() }
            }
            func exchange(_ text: String) {
                for client in clients {
                    client.send(text)
                    #expect(client.receive(exactly: text.utf8.count) == text)
                }
            }
            exchange("one")
            #expect(running.balancer.busyReactorCount == reactors)
            for number in 0..<5 {
                try running.adopt {
                    $0.pools[0].serverTimeout = .seconds(10 + number)
                    // Everything moves by a place.
                    $0.frontends.insert(
                        FrontendPlan(name: "new\(number)", poolIndex: 0), at: 0)
                    $0.pools[0].servers.insert(
                        ServerPlan(name: "new\(number)", address: server.address), at: 0)
                }
                exchange("more")
            }
            let snapshot = running.balancer.snapshot()
            let byteCount = UInt64(23 * reactors)
            #expect(snapshot.currentSessions == reactors)
            #expect(snapshot.frontends.map(\.currentSessions) == [0, 0, 0, 0, 0, reactors])
            #expect(snapshot.frontends[5].bytesIn == byteCount)
            #expect(snapshot.frontends[5].listeners[0].bytesIn == byteCount)
            #expect(snapshot.pools[0].servers.map(\.currentSessions) == [0, 0, 0, 0, 0, reactors])
            #expect(snapshot.pools[0].servers[5].bytesOut == byteCount)
            #expect(snapshot.pools[0].bytesOut == byteCount)
            for client in clients { client.close() }
            #expect(eventually { running.balancer.connectionCount == 0 })
            #expect(running.pool.currentSessions == 0)
            #expect(running.pool.totalSessions == reactors)
        }

        @Test(arguments: [1, 2])
        func `a server's limit and its line hold over it`(reactors: Int) throws {
            let server = try TestServer.holding("a")
            let running = try Running(
                plan(
                    [ServerPlan(name: "a", address: server.address, connectionLimit: 2)],
                    reactors: reactors))
            var clients = try (0..<5).map { number in
                let client = try running.balancer.give(to: number) { try running.connect() }
                #expect(
                    eventually {
                        number < 2
                            ? running.pool.servers[0].currentSessions == number + 1
                            : running.pool.currentQueue == number - 1
                    })
                return client
            }
            #expect(clients[..<2].map { $0.receive(exactly: 1) } == ["a", "a"])
            #expect(running.balancer.busyReactorCount == reactors)
            try running.adopt { $0.pools[0].serverTimeout = .seconds(9) }
            #expect(running.pool.currentQueue == 3)
            #expect(running.pool.servers[0].currentSessions == 2)
            #expect(eventually { server.acceptedCount == 2 })
            clients.removeFirst().close()
            #expect(clients[1].receive(exactly: 1) == "a")
            // A greater limit serves who waits, at once.
            try running.adopt { $0.pools[0].servers[0].connectionLimit = 4 }
            #expect(clients[2].receive(exactly: 1) == "a")
            #expect(clients[3].receive(exactly: 1) == "a")
            #expect(running.pool.servers[0].peakSessions == 4)
        }

        @Test func `a server that is gone keeps its connections, and its pool their counts`() throws
        {
            let (a, b) = (try TestServer.echo(), try TestServer.named("b"))
            let running = try Running(plan(servers([("a", a), ("b", b)])))
            let client = try running.connect()
            client.send("12345")
            #expect(client.receive(exactly: 5) == "12345")
            try running.adopt { $0.pools[0].servers.removeFirst() }
            for _ in 0..<3 { #expect(try running.answer() == "b") }
            client.send("678")
            #expect(client.receive(exactly: 3) == "678")
            #expect(running.pool.bytesOut == 11)
            #expect(running.balancer.plan.pools[0].servers.map(\.name) == ["b", "a"])
            // Its limit, its end and its name are still its own.
            running.balancer.endSessions(pool: 0, server: 0)
            client.send("9")
            #expect(client.receive(exactly: 1) == "9")
            client.close()
            #expect(eventually { running.balancer.connectionCount == 0 })
            try running.adopt { $0.pools[0].serverTimeout = .seconds(3) }
            #expect(running.balancer.plan.pools[0].servers.map(\.name) == ["b"])
            #expect(running.pool.bytesOut == 12)
            #expect(running.balancer.ledger().vectors["pool pool"]?.sums[2] == 9)
        }

        @Test func `what was said of servers holds on, and a new one waits to be known`() throws {
            let (a, b) = (try TestServer.named("a"), try TestServer.named("b"))
            let running = try Running(plan(servers([("a", a), ("b", b)])))
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            running.balancer.setWeight(pool: 0, server: 1, 7)
            try running.adopt { plan in
                var new = ServerPlan(name: "new", address: a.address)
                new.isUp = false
                plan.pools[0].servers.insert(new, at: 0)
            }
            #expect(running.pool.servers.map(\.status) == [.down, .down, .up])
            #expect(running.pool.servers[2].weight == 7)
            #expect(try running.answer() == "b")
            running.balancer.setAdministrativeState(pool: 0, server: 2, .drain)
            let client = try running.connect()
            #expect(eventually { running.pool.currentQueue == 1 })
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(client.receiveAll().text == "a")
        }

        @Test func `a server at another address is another one`() throws {
            let (old, new) = (try TestServer.echo(), try TestServer.named("new"))
            let running = try Running(plan(servers([("a", old)])))
            let client = try running.connect()
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            try running.adopt { $0.pools[0].servers = servers([("a", new)]) }
            #expect(try running.answer() == "new")
            client.send("y")
            #expect(client.receive(exactly: 1) == "y")
            #expect(running.pool.servers.map(\.currentSessions) == [0, 1])
        }

        @Test func `a proxy that is gone keeps its connections, and takes no others`() throws {
            let server = try TestServer.echo()
            var first = plan(servers([("a", server)]))
            first.frontends.append(FrontendPlan(name: "gone", poolIndex: 1))
            first.pools.append(PoolPlan(name: "gone", servers: servers([("a", server)])))
            let running = try Running(first)
            let client = try running.connect("gone")
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            let port = running.port("gone")
            try running.adopt {
                $0.frontends.removeLast()
                $0.pools.removeLast()
            }
            for _ in 0..<3 {
                try running.adopt { $0.frontends[0].clientTimeout = .seconds(.random(in: 5...50)) }
                client.send("y")
                #expect(client.receive(exactly: 1) == "y")
            }
            #expect(BlockingSocket(to: port) == nil)
            #expect(running.balancer.connectionCount == 1)
            client.close()
            #expect(eventually { running.balancer.connectionCount == 0 })
            try running.adopt { $0.frontends[0].clientTimeout = .seconds(4) }
            #expect(running.balancer.plan.frontends.map(\.name) == ["front"])
            #expect(running.balancer.plan.pools.map(\.name) == ["pool"])
        }

        @Test func `shorter time-outs hold for connections that are there`() throws {
            let server = try TestServer.echo()
            let running = try Running(plan(servers([("a", server)])))
            let client = try running.connect()
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            try running.adopt { $0.frontends[0].clientTimeout = .milliseconds(100) }
            #expect(client.receive() == .end)
        }

        @Test func `who is not introduced yet follows the rules of now`() throws {
            let (a, b) = (try TestServer.named("a"), try TestServer.named("b"))
            var first = plan(servers([("a", a)]))
            first.pools.append(PoolPlan(name: "other", servers: servers([("b", b)])))
            let hello = Condition([[.init([.helloType([1...1])])]])
            first.frontends[0].rules.content = [Rule(.accept, if: hello)]
            first.frontends[0].rules.inspectDelay = .seconds(30)
            let running = try Running(first)
            let client = try running.connect()
            #expect(eventually { running.balancer.connectionCount == 1 })
            try running.adopt { $0.frontends[0].poolIndex = 1 }
            let second = try running.connect()
            #expect(eventually { running.balancer.connectionCount == 2 })
            client.send("no hello of TLS, and long enough to see that\n")
            #expect(client.receiveAll().text == "b")
            try running.adopt { $0.frontends[0].rules = RulePlan() }
            #expect(second.receiveAll().text == "b")
        }

        @Test func `a proxy's limit that grows lets in who waits`() throws {
            let server = try TestServer.holding("a")
            var first = plan(servers([("a", server)]))
            first.frontends[0].connectionLimit = 1
            let running = try Running(first)
            let clients = try (0..<3).map { _ in try running.connect() }
            #expect(clients[0].receive(exactly: 1) == "a")
            #expect(running.balancer.connectionCount == 1)
            try running.adopt { $0.frontends[0].connectionLimit = 3 }
            #expect(clients[1].receive(exactly: 1) == "a")
            #expect(clients[2].receive(exactly: 1) == "a")
            try running.adopt { $0.frontends[0].connectionLimit = 2 }
            #expect(running.balancer.snapshot().frontends[0].currentSessions == 3)
        }

        @Test func `an address above its rate stays so`() throws {
            let server = try TestServer.named("a")
            var first = plan(servers([("a", server)]))
            first.frontends[0].sessionRateLimitPerSource = 2
            let running = try Running(first)
            for _ in 0..<2 { #expect(try running.answer() == "a") }
            try running.adopt { $0.pools[0].serverTimeout = .seconds(5) }
            // At the turn of a second one of them finds room.
            let answers = try (0..<2).map { _ in try running.connect().receive() }
            #expect(answers.contains(.failed(ECONNRESET)))
        }

        @Test(arguments: [1, 2]) func `flows go on, and end with their listener`(
            reactors: Int
        ) throws {
            let (a, b) = (try Datagrams.NamedServer("a"), try Datagrams.NamedServer("b"))
            let names = ["a": a, "b": b]
            var first = BalancerPlan(reactorCount: reactors)
            first.frontends = [FrontendPlan(name: "dns", poolIndex: 0)]
            first.frontends[0].isDatagram = true
            first.pools = [
                PoolPlan(
                    name: "pool",
                    servers: names.sorted { $0.key < $1.key }.map {
                        ServerPlan(name: $0.key, at: $0.value.address)
                    })
            ]
            let running = try Running(first)
            let address = StreamAddress.ipv4(
                SocketAddress(address: 0x7f00_0001, port: running.port("dns")))
            // With an odd number of them, flows that begin anew come to other servers.
            let clients = (0..<3).map { _ in Datagrams.DatagramClient(to: address) }
            func ask(_ client: Datagrams.DatagramClient, _ text: String) -> String {
                client.socket.send(text)
                return client.socket.receive(exactly: text.utf8.count + 1)
            }
            let before = clients.map { ask($0, "x") }
            #expect(before == ["ax", "bx", "ax"])
            try running.adopt {
                $0.frontends.insert(FrontendPlan(name: "tcp", poolIndex: 0), at: 0)
                $0.pools[0].serverTimeout = .seconds(9)
            }
            #expect(clients.map { ask($0, "x") } == before)
            #expect(running.balancer.connectionCount == 3)
            let snapshot = running.balancer.snapshot()
            #expect(snapshot.frontends.map(\.totalSessions) == [0, 3])
            #expect(snapshot.pools[0].servers.map(\.totalSessions) == [2, 1])
            try running.adopt { $0.frontends.removeLast() }
            #expect(eventually { running.balancer.connectionCount == 0 })
        }

        @Test func `who waits for a pool that goes is told, and sees no record of before`() throws {
            let server = try TestServer.holding("a")
            var first = plan(servers([("a", server)]))
            first.pools[0].servers[0].connectionLimit = 1
            first.pools[0].noServerTimeout = .seconds(60)
            first.frontends.append(FrontendPlan(name: "other", poolIndex: 0))
            let running = try Running(first)
            let served = try running.connect()
            #expect(served.receive(exactly: 1) == "a")
            let waiting = try running.connect()
            #expect(eventually { running.pool.currentQueue == 1 })
            let before = running.balancer.view.generation
            var seen: [Int] = []
            try running.adopt(
                { plan in
                    plan.frontends.removeFirst()
                    plan.pools[0].name = "new"
                }, beforehand: { seen = [$0.generation, running.balancer.view.generation] })
            #expect(seen == [before + 1, before])
            #expect(waiting.receiveAll().ending == .end)
            served.endSending()
            #expect(served.receiveAll().ending == .end)
        }

        @Test func `a section that turns from datagrams to streams begins anew`() throws {
            let server = try Datagrams.NamedServer("a")
            let stream = try TestServer.named("s")
            var plan = BalancerPlan(connectionLimit: 4)
            plan.frontends = [FrontendPlan(name: "dns", poolIndex: 0)]
            plan.frontends[0].isDatagram = true
            plan.pools = [
                PoolPlan(name: "pool", servers: [ServerPlan(name: "a", at: server.address)])
            ]
            let running = try Running(plan)
            for _ in 0..<3 {
                let address = StreamAddress.ipv4(
                    SocketAddress(address: 0x7f00_0001, port: running.port("dns")))
                // Half of the room is for flows.
                let clients = (0..<2).map { _ in Datagrams.DatagramClient(to: address) }
                for client in clients {
                    client.socket.send("x")
                    #expect(client.socket.receive(exactly: 2) == "ax")
                }
                try running.adopt {
                    $0.frontends[0].isDatagram = false
                    $0.pools[0].servers = [ServerPlan(name: "s", address: stream.address)]
                }
                #expect(eventually { running.balancer.connectionCount == 0 })
                #expect(try running.answer("dns") == "s")
                try running.adopt { $0 = plan }
            }
        }

        @Test
        func
            `another number of reactors, or a plan that can't be, is refused, and changes nothing`()
            throws
        {
            let server = try TestServer.named("a")
            let running = try Running(plan(servers([("a", server)])))
            #expect(throws: PlanError.otherReactors) {
                try running.adopt { $0.reactorCount = 2 }
            }
            #expect(throws: PlanError.fault("a frontend leads to a pool that is not there")) {
                try running.adopt { $0.frontends[0].poolIndex = 1 }
            }
            #expect(try running.answer() == "a")
        }
    }
}
