import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Clients that belong to a server: `stick on src` and `use-server`.
    @Suite struct `Clients with a server of their own` {
        /// A table of its own for the pool.
        private func bind(_ plan: inout BalancerPlan) {
            plan.tables = [StickTablePlan(name: "pool", size: 100)]
            plan.pools[0].stickRules = [StickRule(in: 0)]
        }

        @Test(arguments: [1, 2])
        func `a client goes where it went, the others take turns`(reactors: Int) throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.named($0)) }
            let running = try RunningBalancer(
                reactors: reactors, servers: servers(named), adjusting: bind)
            func answers(_ last: UInt32) -> [String] {
                (0..<4).map { running.answer(by: $0, from: 0x7f00_0000 | UInt32(last)) }
            }
            let all = (1...6).map { answers($0) }
            #expect(all.allSatisfy { Set($0).count == 1 })
            #expect(all.map { $0[0] } == ["a", "b", "c", "a", "b", "c"])
            #expect(running.busyReactorCount == reactors)
            // Drained it still serves who belongs to it, down it does not; then they stay elsewhere.
            running.balancer.setWeight(pool: 0, server: 0, 0)
            #expect(answers(1) == ["a", "a", "a", "a"])
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            let moved = answers(1)
            #expect(moved[0] != "a" && Set(moved).count == 1)
            running.balancer.setWeight(pool: 0, server: 0, 1)
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(answers(1) == moved)
        }

        @Test func `who belonged to a server before clients had none chooses anew`() throws {
            let named = try ["a", "b"].map { ($0, try TestServer.named($0)) }
            var first = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers(named))])
            bind(&first)
            let running = try Succession.Running(first)
            #expect(try running.answer() == "a")
            try running.adopt { $0.pools[0].stickRules = [] }
            try running.adopt {
                $0.pools[0].servers.reverse()
                $0.pools[0].servers[0].weight = 0
                $0.pools[0].stickRules = [StickRule(in: 0)]
            }
            // At the place of the one that he belonged to stands one by now that takes nobody else.
            #expect(running.pool.servers.map(\.name) == ["b", "a"])
            #expect(try running.answer() == "a")
        }

        @Test func `clients keep their servers when these stand elsewhere, and the table too`()
            throws
        {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.named($0)) }
            var first = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers(named))])
            first.frontends[0].listeners = [ListenerPlan()]
            bind(&first)
            let running = try Succession.Running(first)
            func answers() throws -> [String] {
                try (1...3).map { last in
                    let client = BlockingSocket(
                        to: running.port(), from: 0x7f00_0000 | UInt32(last))
                    return try #require(client).receiveAll().text
                }
            }
            #expect(try answers() == ["a", "b", "c"])
            try running.adopt {
                $0.pools[0].servers = servers([named[2], named[0]])
                $0.tables.insert(StickTablePlan(name: "new", size: 1), at: 0)
                $0.pools[0].stickRules[0].tableIndex = 1
            }
            let moved = try answers()
            #expect(moved == ["a", "c", "c"] || moved == ["a", "a", "c"])
            #expect(try answers() == moved)
        }

        /// Two frontends, each with a pool of its own that clients belong to by the same table.
        private func shared(
            _ left: [ServerPlan], _ right: [ServerPlan],
            adjusting adjust: (inout BalancerPlan) -> Void = { _ in }
        ) throws -> Succession.Running {
            var plan = BalancerPlan(
                frontends: [
                    FrontendPlan(name: "left", poolIndex: 0),
                    FrontendPlan(name: "right", poolIndex: 1),
                ],
                pools: [
                    PoolPlan(name: "left", servers: left), PoolPlan(name: "right", servers: right),
                ])
            for index in 0..<2 {
                plan.frontends[index].listeners = [ListenerPlan()]
                plan.pools[index].stickRules = [StickRule(in: 0)]
            }
            plan.tables = [StickTablePlan(name: "shared", size: 100)]
            adjust(&plan)
            return try Succession.Running(plan)
        }

        private func answer(
            _ running: Succession.Running, _ frontend: String, from last: UInt32
        ) throws -> String {
            let client = BlockingSocket(
                to: running.port(frontend), from: 0x7f00_0000 | last)
            return try #require(client).receiveAll().text
        }

        @Test(arguments: [1, 2])
        func `pools that have a table in common send a client to the server of one name`(
            reactors: Int
        ) throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.named($0)) }
            let running = try shared(servers(named), servers(named.reversed())) {
                $0.reactorCount = reactors
            }
            #expect(
                try (1...3).map { try answer(running, "left", from: $0) } == ["a", "b", "c"])
            #expect(
                try [2, 3, 1].map { try answer(running, "right", from: $0) } == ["b", "c", "a"])
            let table = running.balancer.view.entries(ofTable: 0, from: 0, most: 9).entries
            #expect(table.map(\.server) == ["a", "b", "c"])
        }

        @Test
        func `a server that the other pool does not have is the one of its number there, or none`()
            throws
        {
            let named = try ["a", "b", "c", "d"].map { ($0, try TestServer.named($0)) }
            let running = try shared(servers([named[0], named[1]]), servers([named[2], named[3]])) {
                $0.pools[1].servers[0].number = 7
            }
            #expect(try (1...2).map { try answer(running, "left", from: $0) } == ["a", "b"])
            // The second ones have the number 2; nobody has the number 1 on the right, nor 7 on the left.
            #expect(try answer(running, "right", from: 2) == "d")
            #expect(try answer(running, "right", from: 1) == "c")
            #expect(try answer(running, "left", from: 2) == "b")
            #expect(try answer(running, "left", from: 1) == "a")
            let table = running.balancer.view.entries(ofTable: 0, from: 0, most: 9).entries
            #expect(table.map(\.server) == ["a", "b"])
        }

        @Test func `a reload of one pool leaves what the others have in its table`() throws {
            let named = try ["a", "b", "c", "d"].map { ($0, try TestServer.named($0)) }
            let running = try shared(servers([named[0], named[1]]), servers([named[2], named[3]])) {
                for server in 0..<2 { $0.pools[1].servers[server].number = 7 + server }
            }
            #expect(try (1...2).map { try answer(running, "left", from: $0) } == ["a", "b"])
            #expect(try (3...4).map { try answer(running, "right", from: $0) } == ["c", "d"])
            // The left one's servers come to stand where others stood in the table, the right one stays.
            try running.adopt {
                $0.pools[0].servers.insert(
                    ServerPlan(name: "e", address: named[0].1.address, weight: 0), at: 0)
                $0.pools[0].servers[2].name = "f"
            }
            #expect(try (3...4).map { try answer(running, "right", from: $0) } == ["c", "d"])
            #expect(try answer(running, "left", from: 1) == "a")
            let table = running.balancer.view.entries(ofTable: 0, from: 0, most: 9).entries
            #expect(table.map(\.server) == ["a", nil, "c", "d"])
        }

        /// Whether the client has one of these addresses.
        private func isFrom(_ last: UInt32...) -> Condition {
            let prefixes = last.map {
                PrefixTable.Prefix(IPEndpoint(ipv4: 0x7f00_0000 | $0, port: 0), length: 32)
            }
            return Condition([[.init([.source(PrefixTable(prefixes))])]])
        }

        @Test func `a rule binds those for whom its condition holds`() throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.named($0)) }
            let running = try RunningBalancer(servers: servers(named)) {
                $0.frontends[0].listeners = [ListenerPlan()]
                bind(&$0)
                $0.pools[0].stickRules[0].condition = isFrom(1, 3)
            }
            let heard = [1, 2, 2, 1, 3, 3].map { running.answer(from: 0x7f00_0000 | $0) }
            #expect(heard == ["a", "b", "c", "a", "a", "a"])
            let keys = running.balancer.view.entries(ofTable: 0, from: 0, most: 9).entries
            #expect(keys.map(\.key) == ["127.0.0.1", "127.0.0.3"])
        }

        @Test func `a condition that can't be told yet is waited for`() throws {
            let named = try ["a", "b"].map { ($0, try TestServer.named($0)) }
            let running = try RunningBalancer(servers: servers(named)) {
                bind(&$0)
                let first = Question.payload(offset: 0, length: 1, [TextPattern(.exact, "x")])
                $0.pools[0].stickRules[0].condition = Condition([[.init([first])]])
                $0.frontends[0].rules.inspectDelay = .seconds(20)
            }
            let heard = ["x", "y", "x"].map { text in
                let client = running.connect()
                Thread.sleep(for: .milliseconds(50))
                client.send(text)
                return client.receiveAll().text
            }
            #expect(heard == ["a", "b", "a"])
        }

        @Test func `of several rules the first counts whose server is up`() throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.named($0)) }
            let running = try RunningBalancer(servers: servers(named)) {
                $0.tables = ["sources", "ports"].map { StickTablePlan(name: $0, size: 100) }
                $0.pools[0].stickRules = [
                    StickRule(in: 0), StickRule(in: 1, by: .destinationPort),
                ]
            }
            func answer(_ last: UInt32) -> String { running.answer(from: 0x7f00_0000 | last) }
            #expect([answer(1), answer(2)] == ["a", "a"])
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            // Both rules know a server of the second client's, one of which is down.
            #expect([answer(3), answer(2)] == ["b", "b"])
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(answer(1) == "a")
        }

        @Test func `who waits while the rules change is bound by none that he was not asked about`()
            throws
        {
            let named = [("a", try TestServer.holding("a"))]
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers(named))])
            plan.frontends[0].listeners = [ListenerPlan()]
            plan.pools[0].servers[0].connectionLimit = 1
            bind(&plan)
            plan.pools[0].stickRules[0].condition = isFrom(1)
            let running = try Succession.Running(plan)
            func keys() -> [String] {
                running.balancer.view.entries(ofTable: 0, from: 0, most: 9).entries.map(\.key)
            }
            let first = try running.connect()
            #expect(first.receive(exactly: 1) == "a")
            #expect(keys() == ["127.0.0.1"])
            _ = running.balancer.view.forget("127.0.0.1", inTable: 0)
            let second = try running.connect()
            #expect(eventually { running.pool.currentQueue == 1 })
            try running.adopt { $0.pools[0].stickRules[0].condition = isFrom(2) }
            first.close()
            #expect(second.receive(exactly: 1) == "a")
            #expect(keys() == [])
        }

        @Test func `all who connect to one address, or to one port, go to one server`() throws {
            let named = try ["a", "b", "c"].map { try TestServer.named($0) }
            let plans = zip(["a", "b", "c"], named).map {
                ServerPlan(name: $0, address: $1.address)
            }
            for (key, answers) in [
                (ConnectionKey.source, "ab" + "ab"), (.destination, "aa" + "bb"),
                (.destinationPort, "ab" + "aa"),
            ] {
                let running = try FamilyBalancer(pools: [plans]) {
                    $0.frontends[0].listeners[0].acceptsProxyHeader = true
                    bind(&$0)
                    $0.pools[0].stickRules[0].key = key
                }
                let ends = [
                    "1 10.0.0.1 7 80", "2 10.0.0.1 7 81", "1 10.0.0.2 7 80", "2 10.0.0.2 7 80",
                ]
                let heard = ends.map { running.answer(to: "PROXY TCP4 192.0.2.\($0)\r\n") }
                #expect(heard.joined() == answers, "\(key)")
            }
        }

        @Test func `a client moves when its server refuses, and belongs to the other one then`()
            throws
        {
            let a = try TestServer.named("a")
            let b = try TestServer.named("b")
            let running = try RunningBalancer(servers: servers([("a", a), ("b", b)])) {
                bind(&$0)
                $0.pools[0].redispatches = true
                $0.pools[0].retries = 1
                $0.pools[0].connectTimeout = .milliseconds(100)
            }
            #expect(running.answer() == "a")
            a.stop()
            #expect(running.answer() == "b")
            #expect(running.answer() == "b")
            #expect(running.pool.servers[0].redispatches == 1)
        }

        @Test func `a retry stays at a client's own server until it may leave`() {
            let plans = (1...2).map {
                ServerPlan(name: "s\($0)", address: SocketAddress(address: 1, port: UInt16($0)))
            }
            let state = PoolState(PoolPlan(name: "p", servers: plans))
            #expect(state.nextChoice(after: 0, mayLeave: false, isBound: true) == .same)
            #expect(state.nextChoice(after: 0, mayLeave: true, isBound: true) == .other)
            #expect(state.nextChoice(after: 0, mayLeave: false, isBound: false) == .other)
        }

        @Test func `who does not get his own server does not belong to the other one`() {
            let plans = (1...2).map {
                ServerPlan(
                    name: "s\($0)", address: SocketAddress(address: 1, port: UInt16($0)),
                    connectionLimit: 1)
            }
            var plan = PoolPlan(name: "p", servers: plans)
            plan.servers[0].queueLimit = 1
            var state = PoolState(plan)
            let found = (1...4).map { number in
                let waiter = Waiter(reactor: 0, connection: number, generation: 1)
                let (choice, isBound) = state.enter(waiter, key: nil, own: 0, at: 1)
                return "\(choice.server.map { "\($0)" } ?? "-") \(isBound)"
            }
            // His own, its line, the pool's.
            #expect(found == ["0 true", "0 true", "- false", "- false"])
        }

        @Test func `who finds his own server's line full waits where one has a place`() {
            var plan = PoolPlan(name: "p", algorithm: .leastconn)
            plan.servers = (1...2).map {
                ServerPlan(
                    name: "s\($0)", address: SocketAddress(address: 1, port: UInt16($0)),
                    connectionLimit: 1)
            }
            for index in 0..<2 { plan.servers[index].queueLimit = 1 }
            var state = PoolState(plan)
            let found = ([0, 0, nil, 0, 0] as [Int?]).enumerated().map { number, own in
                let waiter = Waiter(reactor: 0, connection: number, generation: 1)
                return state.enter(waiter, key: nil, own: own, at: 1).0.server
            }
            // Two places of his own, the other server's slot, its line, and the pool's.
            #expect(found == [0, 0, 1, 1, nil])
            #expect(state.servers.map(\.served) == [1, 1])
            #expect(state.waitingCount == 3)
        }

        @Test func `a retry stays at a client's own server out of the turns`() throws {
            let own = try TestServer.refusingAddress()
            let running = try RunningBalancer(servers: servers([("a", try TestServer.named("a"))]))
            {
                $0.frontends[0].listeners = [ListenerPlan()]
                $0.pools[0].servers.append(ServerPlan(name: "own", address: own, weight: 0))
                $0.pools[0].serverRules = [ServerRule("own", if: Condition([[]]))]
                $0.pools[0].retries = 3
                $0.pools[0].connectTimeout = .milliseconds(200)
            }
            let client = running.connect()
            #expect(running.wait { running.pool.servers[1].retries == 1 })
            let listener = try Socket.listening(on: own, backlog: 1).release()
            defer { close(listener) }
            let server = try #require(BlockingSocket(acceptedFrom: listener))
            server.send("own")
            server.close()
            #expect(client.receiveAll().text == "own")
        }

        @Test func `what only stores sends nobody, and what only asks remembers nobody`() throws {
            let named = try ["a", "b"].map { ($0, try TestServer.named($0)) }
            for (matches, stores) in [(true, false), (false, true)] {
                let running = try RunningBalancer(servers: servers(named)) {
                    bind(&$0)
                    $0.pools[0].stickRules[0].matches = matches
                    $0.pools[0].stickRules[0].stores = stores
                }
                #expect((0..<4).map { _ in running.answer() } == ["a", "b", "a", "b"])
            }
        }

        @Test func `a rule names the server, which the turns do not count, unless it is down`()
            throws
        {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.named($0)) }
            let running = try RunningBalancer(servers: servers(named)) {
                $0.frontends[0].listeners = [ListenerPlan()]
                $0.pools[0].serverRules = [
                    ServerRule("c", if: isFrom(2)),
                    ServerRule("nobody"),
                ]
            }
            #expect((0..<3).map { _ in running.answer(from: 0x7f00_0002) } == ["c", "c", "c"])
            #expect((0..<3).map { _ in running.answer() } == ["a", "b", "c"])
            running.balancer.setHealth(pool: 0, server: 2, isUp: false)
            #expect(["a", "b"].contains(running.answer(from: 0x7f00_0002)))
        }

        @Test func `who has a server by a rule is not asked who he is`() throws {
            let named = try ["a", "b"].map { ($0, try TestServer.named($0)) }
            let running = try RunningBalancer(servers: servers(named)) {
                $0.tables = [StickTablePlan(name: "pool", size: 100)]
                $0.pools[0].stickRules = [StickRule(in: 0, by: .serverName)]
                $0.pools[0].serverRules = [ServerRule("b")]
                $0.frontends[0].rules.inspectDelay = .seconds(20)
            }
            let start = MonotonicInstant.now
            #expect(running.answer() == "b")
            #expect(MonotonicInstant.now - start < .seconds(5))
        }

        @Test func `a full server of one's own makes one wait for it`() throws {
            let named = try ["a", "b"].map { ($0, try TestServer.holding($0)) }
            let running = try RunningBalancer(servers: servers(named)) {
                $0.frontends[0].listeners = [ListenerPlan()]
                $0.pools[0].serverRules = [ServerRule("a")]
                $0.pools[0].servers[0].connectionLimit = 1
            }
            let first = running.connect()
            #expect(first.receive(exactly: 1) == "a")
            let second = running.connect()
            #expect(running.wait { running.pool.currentQueue == 1 })
            first.close()
            #expect(second.receive(exactly: 1) == "a")
        }
    }
}
