import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What rules can ask about pools, servers and the version of TLS.
    @Suite struct `Questions about the moment` {
        private func when(_ question: Question) -> Condition { Condition([[.init([question])]]) }

        private func server(_ name: String, limit: Int?, queue: Int?) -> ServerPlan {
            var plan = ServerPlan(
                name: name, address: SocketAddress(address: 1, port: 1), connectionLimit: limit)
            plan.queueLimit = queue
            return plan
        }

        @Test func `a pool tells what it has, by haproxy's arithmetic`() {
            var state = PoolState(
                PoolPlan(
                    name: "p",
                    servers: [
                        server("a", limit: 2, queue: 3), server("b", limit: 1, queue: 4),
                        server("c", limit: 9, queue: 9),
                    ]))
            _ = state.setHealth(false, of: 2, at: 0)
            for number in 1...6 {
                _ = state.enter(
                    Waiter(reactor: 0, connection: 2 * number, generation: 1), key: 0, at: 0)
            }
            #expect(state.value(of: .usableServers, at: 0) == 2)
            #expect(state.value(of: .connections, at: 0) == 6)
            #expect(state.value(of: .waiting, at: 0) == 3)
            // 3 over 2 servers, rounded up.
            #expect(state.value(of: .waitingPerServer, at: 0) == 2)
            // No slot is free, and 3 and 4 places in the servers' own lines are.
            #expect(state.value(of: .freePlaces, at: 0) == 7)
            // Who is in maintenance has none.
            _ = state.setAdministrativeState(.maintenance, of: 1, at: 0)
            #expect(state.value(of: .freePlaces, at: 0) == 3)
            _ = state.setConnectionLimit(nil, of: 0, at: 0)
            #expect(state.value(of: .freePlaces, at: 0) == -1)
        }

        @Test func `room is that of the servers in use alone, and never less than none`() {
            var spare = server("d", limit: 50, queue: nil)
            spare.isBackup = true
            var state = PoolState(
                PoolPlan(
                    name: "p",
                    servers: [
                        server("a", limit: 2, queue: nil), server("b", limit: 4, queue: nil),
                        server("c", limit: 9, queue: nil), spare,
                    ]))
            _ = state.setHealth(false, of: 2, at: 0)
            #expect(state.value(of: .freeConnections, at: 0) == 6)
            for number in 1...3 {
                _ = state.enter(
                    Waiter(reactor: 0, connection: 2 * number, generation: 1), key: 0, at: 0)
            }
            #expect(state.value(of: .freeConnections, at: 0) == 3)
            _ = state.setConnectionLimit(1, of: 0, at: 0)
            #expect(state.value(of: .freeConnections, at: 0) == 3)
            _ = state.setConnectionLimit(nil, of: 1, at: 0)
            #expect(state.value(of: .freeConnections, at: 0) == -1)
        }

        @Test func `rules ask how many connections a server has, and a frontend by its name`()
            throws
        {
            let first = try TestServer.holding("1")
            let second = try TestServer.holding("2")
            let running = try FamilyBalancer(
                pools: [[.at(.ipv4(first.address))], [.at(.ipv4(second.address))]]
            ) {
                $0.pools[0].servers[0].name = "a"
                $0.frontends[0].rules.connection = [
                    Rule(
                        .reject,
                        if: self.when(.connectionCount(frontendName: "nobody", [1...Int.max]))),
                    Rule(
                        .reject,
                        if: self.when(.connectionCount(frontendName: "front", [3...Int.max]))),
                ]
                $0.frontends[0].rules.pools = [
                    PoolRule(
                        1,
                        if: self.when(
                            .server(
                                .connections, poolIndex: 0, serverName: "a", [1...Int.max])))
                ]
            }
            var clients: [BlockingSocket] = []
            let answers = (0..<3).map { _ in
                clients.append(running.connect())
                return clients.last?.receive(exactly: 1)
            }
            #expect(answers == ["1", "2", ""])
            #expect(running.frontend.refusalsByCause == [.deniedConnection: 1])
        }

        @Test func `who is rejected for the rate of sessions does not add to it`() throws {
            let server = try TestServer.named("a")
            let running = try FamilyBalancer(pools: [[.at(.ipv4(server.address))]]) {
                $0.frontends[0].rules.connection = [
                    Rule(
                        .reject,
                        if: self.when(.sessionRate(frontendName: nil, [4...Int.max])))
                ]
            }
            var times: [UInt64] = []
            let begin = MonotonicInstant.now.milliseconds
            while MonotonicInstant.now.milliseconds < begin + 2200 {
                if running.connect().receiveAll().text == "a" {
                    times.append(MonotonicInstant.now.milliseconds - begin)
                }
                Thread.sleep(for: .milliseconds(5))
            }
            #expect((8...14).contains(times.count), "\(times)")
        }

        @Test func `rates that rules ask for go on after a reload`() throws {
            let named = [("a", try TestServer.named("a"))]
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers(named))])
            plan.frontends[0].listeners = [ListenerPlan()]
            plan.frontends[0].rules.connection = [
                Rule(.reject, if: when(.sessionRate(frontendName: "front", [3...Int.max])))
            ]
            plan.pools[0].contentRules = [
                Rule(.reject, if: when(.pool(.sessionRate, poolIndex: 0, [3...Int.max])))
            ]
            for asksPool in [false, true] {
                if asksPool { plan.frontends[0].rules.connection = [] }
                let instant = MonotonicInstant.now.milliseconds % 1000
                if instant > 500 { Thread.sleep(for: .milliseconds(1000 - instant)) }
                let running = try Succession.Running(plan)
                #expect(try running.answer() == "a")
                #expect(try running.answer() == "a")
                try running.adopt { $0.pools[0].serverTimeout = .seconds(9) }
                #expect(try running.answer() == "")
            }
        }

        @Test func `who waits for a pool's rules is there until he leaves, over a reload too`()
            throws
        {
            let named = [("a", try TestServer.named("a"))]
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers(named))])
            plan.frontends[0].listeners = [ListenerPlan()]
            plan.pools[0].inspectDelay = .seconds(60)
            plan.pools[0].contentRules = [
                Rule(.reject, if: when(.pool(.connections, poolIndex: 0, [2...Int.max]))),
                Rule(.accept, if: when(.byteCount([2...Int.max]))),
            ]
            let running = try Succession.Running(plan)
            func answer() throws -> String {
                let client = try running.connect()
                client.send("xx")
                return client.receiveAll().text
            }
            for reloads in [false, true] {
                #expect(eventually { (try? answer()) == "a" })
                let waiting = try running.connect()
                waiting.send("x")
                #expect(eventually { (try? answer()) == "" })
                if reloads { try running.adopt { $0.pools[0].serverTimeout = .seconds(9) } }
                #expect(eventually { (try? answer()) == "" })
                #expect(try answer() == "")
                waiting.close()
                #expect(eventually { (try? answer()) == "a" })
            }
        }

        @Test func `who waits for other rules since a reload is not counted for ever`() throws {
            let named = servers([("a", try TestServer.named("a"))])
            var plan = BalancerPlan(
                frontends: [
                    FrontendPlan(name: "front", poolIndex: 0),
                    FrontendPlan(name: "straight", poolIndex: 1),
                ],
                pools: [
                    PoolPlan(name: "own", servers: named), PoolPlan(name: "busy", servers: named),
                ])
            let asksForMore = Condition([[.init([.byteCount([2...Int.max])])]])
            plan.frontends[0].rules.pools = [PoolRule(1, if: .always)]
            plan.pools[1].inspectDelay = .seconds(60)
            plan.pools[1].contentRules = [
                Rule(.reject, if: when(.pool(.connections, poolIndex: 1, [2...Int.max]))),
                Rule(.accept, if: asksForMore),
            ]
            let running = try Succession.Running(plan)
            func answer() throws -> String {
                let client = try running.connect("straight")
                client.send("xx")
                return client.receiveAll().text
            }
            #expect(try answer() == "a")
            let waiting = try running.connect()
            waiting.send("x")
            #expect(eventually { (try? answer()) == "" })
            // Nothing leads there from here any more, and he waits for more by the frontend's rules.
            try running.adopt {
                $0.frontends[0].rules.pools = []
                $0.frontends[0].rules.inspectDelay = .seconds(60)
                $0.frontends[0].rules.content = [Rule(.accept, if: asksForMore)]
            }
            for number in 1...2 {
                try running.adopt { $0.pools[1].serverTimeout = .seconds(8 + number) }
            }
            waiting.close()
            #expect(eventually { (try? answer()) == "a" })
        }

        @Test func `who comes among many is counted, and room that nobody has taken is not`() throws
        {
            let server = try TestServer.holding("a")
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers([("a", server)]))])
            plan.frontends[0].rules.connection = [
                Rule(.reject, if: when(.connectionCount(frontendName: nil, [21...Int.max]))),
                Rule(.reject, if: when(.listenerConnections([21...Int.max]))),
            ]
            let listener = try Socket.listening(
                on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 64
            ).release()
            defer { close(listener) }
            let balancer = try Balancer(plan: plan, listeners: [[listener]])
            let port = StreamSocket.localEndpoint(of: listener).port
            let clients = try (0..<20).map { _ in try #require(BlockingSocket(to: port)) }
            // All wait by now, so that the reactor takes several at a time.
            try balancer.start()
            defer { balancer.stop() }
            #expect(clients.allSatisfy { $0.receive(exactly: 1) == "a" })
            let last = try #require(BlockingSocket(to: port))
            #expect(last.receive(exactly: 1) == "")
        }

        @Test func `rules send clients elsewhere while a pool is busy or a server is down`() throws
        {
            let first = try TestServer.holding("1")
            let second = try TestServer.holding("2")
            let running = try FamilyBalancer(
                pools: [[.at(.ipv4(first.address))], [.at(.ipv4(second.address))]]
            ) {
                $0.pools[0].servers[0].name = "a"
                $0.frontends[0].rules.pools = [
                    PoolRule(1, if: self.when(.pool(.connections, poolIndex: 0, [2...Int.max]))),
                    PoolRule(
                        0, if: self.when(.serverIsUp(poolIndex: 0, serverName: "a"))),
                    PoolRule(1),
                ]
            }
            var clients = (0..<3).map { _ in running.connect() }
            #expect(clients.map { $0.receive(exactly: 1) } == ["1", "1", "2"])
            clients = []
            #expect(eventually { running.balancer.snapshot().pools[0].currentSessions == 0 })
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect(running.connect().receive(exactly: 1) == "2")
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(running.connect().receive(exactly: 1) == "1")
            running.balancer.setAdministrativeState(pool: 0, server: 0, .maintenance)
            #expect(running.connect().receive(exactly: 1) == "2")
        }

        @Test func `a hello's version is what it names, and is asked for`() throws {
            let hello = try TLSHello.bytes(version: 0x0302)
            guard case .complete(let read) = ClientHello.read(hello.span) else {
                Issue.record("no hello")
                return
            }
            #expect(read.version == 0x0302)
            let one = try AnsweringServer { _, _ in "old" }
            let two = try AnsweringServer { _, _ in "new" }
            let running = try FamilyBalancer(pools: [[.at(one.address)], [.at(two.address)]]) {
                $0.frontends[0].rules.inspectDelay = .seconds(5)
                $0.frontends[0].rules.pools = [
                    PoolRule(1, if: self.when(.tlsVersion([0x3_0003...0x3_0004])))
                ]
            }
            for (version, answer) in [(0x0302, "old"), (0x0303, "new")] as [(UInt16, String)] {
                let client = running.connect()
                client.send(try TLSHello.bytes(version: version))
                #expect(client.receiveAll().text == answer)
            }
        }
    }
}

/// A client's first TLS message with no extension.
private enum TLSHello {
    static func bytes(version: UInt16) throws -> [UInt8] {
        let body: [UInt8] =
            [UInt8(version >> 8), UInt8(version & 0xff)] + Array(repeating: 7, count: 32)
            + [0, 0, 2, 0x13, 1, 1, 0]
        return [22, 3, 1, 0, UInt8(body.count + 4), 1, 0, 0, UInt8(body.count)] + body
    }
}
