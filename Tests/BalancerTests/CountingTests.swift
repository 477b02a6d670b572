import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Connections that are counted in tables, and rules on what is counted.
    @Suite struct `Counted connections` {
        /// A condition of one question.
        private static func counted(
            _ quantity: StickQuantity, _ subject: StickQuestion.Subject = .tracked(0),
            in table: Int? = nil, above limit: Int
        ) -> Condition {
            let question = StickQuestion(quantity, of: subject, in: table)
            return Condition([[.init([.counter(question, [limit + 1...Int.max])])]])
        }

        private static func table(_ counters: StickCounter...) -> StickTablePlan {
            var table = StickTablePlan(name: "t", size: 100)
            table.counters = counters
            return table
        }

        private static let track = Rule(.track(Tracking(0, by: .source, in: 0)))

        private static func rules(_ condition: Condition) -> RulePlan {
            var rules = RulePlan()
            rules.connection = [track, Rule(.reject, if: condition)]
            return rules
        }

        /// As many at once as the reactors can take, from one source, and one after the other from another.
        ///
        /// A connection is counted by one rule and asked about by the next. So at the limit each of the
        /// other reactors may see, for the one that it has just counted, what came after that as well, and
        /// refuse one that was within the limit; none lets one pass beyond it.
        @Test(arguments: [1, 2])
        func `a source's connections beyond its rate are refused, to the connection`(
            reactors: Int
        ) throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", server)])
            ) {
                $0.tables = [Self.table(StickCounter(.connectionRate, over: .seconds(100)))]
                $0.frontends[0].rules = Self.rules(Self.counted(.connectionRate, above: 25))
            }
            let answers = running.connectMany(60).map { $0.receiveAll().text }
            let taken = answers.count { $0 == "a" }
            #expect((26 - reactors...25).contains(taken))
            #expect(answers.count { $0.isEmpty } == 60 - taken)
            #expect(running.frontend.refusalsByCause[.deniedConnection] == 60 - taken)
            #expect(running.busyReactorCount == reactors)
            let others = (0..<30).map { running.answer(by: $0, from: 0x7f00_0002) }
            #expect(others == Array(repeating: "a", count: 25) + Array(repeating: "", count: 5))
            #expect(running.balancer.snapshot().tableCounts == [2])
        }

        @Test(arguments: [1, 2])
        func `a source may hold so many connections, and more once one ends`(reactors: Int) throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", server)])
            ) {
                $0.tables = [Self.table(StickCounter(.connections))]
                $0.frontends[0].rules = Self.rules(Self.counted(.connections, above: 3))
            }
            let held = (0..<3).map { running.connect(by: $0) }
            #expect(held.map { $0.receive(exactly: 1) } == ["a", "a", "a"])
            #expect(running.busyReactorCount == reactors)
            // One that is refused is counted only as long as it is there.
            for number in 0..<5 { #expect(running.answer(by: number) == "") }
            let other = running.connect(from: 0x7f00_0002)
            #expect(other.receive(exactly: 1) == "a")
            held[0].close()
            #expect(running.wait { running.balancer.connectionCount == 3 })
            let next = running.connect()
            #expect(next.receive(exactly: 1) == "a")
            #expect(running.answer() == "")
        }

        @Test func `sessions are those that the rules before content let pass`() throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.tables = [Self.table(StickCounter(.sessionTotal))]
                let two = PrefixTable([.init(IPEndpoint(ipv4: 0x7f00_0002, port: 0), length: 32)])
                $0.frontends[0].rules.connection = [
                    Rule(.track(Tracking(0, by: .destination, in: 0))),
                    Rule(.reject, if: Self.counted(.sessionTotal, above: 1)),
                ]
                $0.frontends[0].rules.session = [
                    Rule(.reject, if: Condition([[.init([.source(two)])]]))
                ]
            }
            #expect(running.answer(from: 0x7f00_0002) == "")
            #expect((0..<4).map { _ in running.answer() } == ["a", "a", "", ""])
            #expect(running.frontend.refusalsByCause[.deniedSession] == 1)
            #expect(running.frontend.refusalsByCause[.deniedConnection] == 2)
        }

        @Test func `bytes are counted as they pass, each way`() throws {
            let server = try TestServer.echo()
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.tables = [
                    Self.table(
                        StickCounter(.bytesIn), StickCounter(.bytesOut),
                        StickCounter(.bytesInRate, over: .seconds(100)),
                        StickCounter(.bytesOutRate, over: .seconds(100)))
                ]
                let names: [StickQuantity] = [.bytesIn, .bytesOut, .bytesInRate, .bytesOutRate]
                $0.frontends[0].rules.connection =
                    names.map {
                        Rule(.reject, if: Self.counted($0, .key(.source), in: 0, above: 999))
                    } + [Self.track]
            }
            let client = running.connect()
            client.send([UInt8](repeating: 1, count: 999))
            #expect(client.receive(exactly: 999).utf8.count == 999)
            let second = running.connect()
            second.send("x")
            // It comes too late for itself.
            #expect(second.receive(exactly: 1) == "x")
            #expect(running.answer() == "")
            #expect(eventually { running.balancer.connectionCount == 2 })
        }

        @Test func `a key is looked up in other tables, which say 0 of one they do not know`()
            throws
        {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.tables = [
                    Self.table(StickCounter(.connectionTotal)),
                    Self.table(StickCounter(.marks), StickCounter(.markRate, over: .seconds(100))),
                ]
                $0.tables[1].name = "bad"
                let few = StickQuestion(.marks, of: .tracked(0), in: 1)
                let unmarked = Condition([[.init([.counter(few, [0...0])])]])
                let isBad = Self.counted(.connectionTotal, above: 2)
                $0.frontends[0].rules.connection = [
                    Self.track, Rule(.track(Tracking(2, by: .source, in: 1)), if: isBad),
                    Rule(.countMark(.marks, 2)), Rule(.accept, if: unmarked),
                    // Nothing is tracked by this number, so that there is no answer.
                    Rule(.accept, if: Self.counted(.markRate, .tracked(1), above: -1)),
                    Rule(.reject, if: Self.counted(.markRate, .tracked(2), above: 0)),
                ]
            }
            #expect((0..<4).map { _ in running.answer() } == ["a", "a", "", ""])
            #expect(running.balancer.snapshot().tableCounts == [1, 1])
        }

        @Test func `several marks are counted at once, in an array and its rate`() throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.tables = [
                    Self.table(
                        .init(.markArray, count: 2),
                        .init(.markRateArray, over: .seconds(100), count: 2))
                ]
                let marks = StickQuestion(.value(.markArray, 1), of: .tracked(0))
                let rate = StickQuestion(.value(.markRateArray, 1), of: .tracked(0))
                $0.frontends[0].rules.connection = [
                    Self.track, Rule(.countMark(.markArray, 0, index: 1, count: 3)),
                    Rule(
                        .accept,
                        if: Condition([
                            [.init([.counter(marks, [3...6])]), .init([.counter(rate, [3...6])])]
                        ])), Rule(.reject),
                ]
            }
            #expect((0..<3).map { _ in running.answer() } == ["a", "a", ""])
        }

        @Test(arguments: [false, true], [false, true])
        func `what is counted while a client is waited for is counted once`(
            byQuestion: Bool, inPool: Bool
        ) throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.tables = [Self.table(StickCounter(.marks))]
                let counts =
                    byQuestion
                    ? Rule(
                        .accept,
                        if: Condition([
                            [
                                .init([
                                    .counter(.init(.increase(.marks), of: .tracked(0)), [99...99])
                                ])
                            ]
                        ])) : Rule(.countMark(.marks, 0))
                let content = [
                    counts, Rule(.accept, if: Condition([[.init([.byteCount([3...99])])]])),
                ]
                $0.frontends[0].rules.connection = [
                    Self.track, Rule(.reject, if: Self.counted(.marks, .tracked(0), above: 1)),
                ]
                if inPool {
                    $0.pools[0].contentRules = content
                    $0.pools[0].inspectDelay = .seconds(9)
                } else {
                    $0.frontends[0].rules.content = content
                    $0.frontends[0].rules.inspectDelay = .seconds(9)
                }
            }
            func answer() -> String {
                let client = running.connect()
                for byte in ["1", "2", "3"] {
                    client.send(byte)
                    Thread.sleep(for: .milliseconds(30))
                }
                return client.receiveAll().text
            }
            #expect([answer(), answer(), answer()] == ["a", "a", ""])
        }

        @Test(arguments: [false, true], [false, true])
        func `a reload while a client is waited for does not change whose count it is`(
            inPool: Bool, changesRules: Bool
        ) throws {
            let server = try TestServer.named("a")
            let whole = Rule(.accept, if: Condition([[.init([.byteCount([3...99])])]]))
            let none = Condition([
                [.init([.counter(.init(.secondMarks, of: .tracked(0)), [0...0])])]
            ])
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers([("a", server)]))])
            plan.tables = [Self.table(StickCounter(.marks), StickCounter(.secondMarks))]
            plan.frontends[0].rules.connection = [Self.track]
            func ask(_ rules: [Rule], in plan: inout BalancerPlan) {
                if inPool {
                    plan.pools[0].contentRules = rules
                    plan.pools[0].inspectDelay = .seconds(9)
                } else {
                    plan.frontends[0].rules.content = rules
                    plan.frontends[0].rules.inspectDelay = .seconds(9)
                }
            }
            ask([Rule(.countMark(.marks, 0)), whole], in: &plan)
            let running = try BalancerTests.Succession.Running(plan)
            let client = try running.connect()
            client.send("1")
            #expect(eventually { running.balancer.snapshot().tableCounts == [1] })
            Thread.sleep(for: .milliseconds(50))
            try running.adopt {
                $0.pools[0].serverTimeout = .seconds(20)
                guard changesRules else { return }
                // The new rule is counted by, though it stands where the former one stood.
                ask(
                    [
                        Rule(.countMark(.secondMarks, 0)), Rule(.countMark(.marks, 0)),
                        Rule(.reject, if: none), whole,
                    ], in: &$0)
            }
            client.send("23")
            #expect(client.receiveAll().text == "a")
            guard !changesRules else { return }
            // It was counted once: the next one is let in, and the one after it is not.
            try running.adopt {
                $0.frontends[0].rules.connection = [
                    Self.track, Rule(.reject, if: Self.counted(.marks, above: 1)),
                ]
            }
            let answers = try (0..<2).map { _ in
                let client = try running.connect()
                client.send("123")
                return client.receiveAll().text
            }
            #expect(answers == ["a", ""])
        }

        @Test func `the first that a connection is tracked by under a number counts`() throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.tables = [
                    Self.table(StickCounter(.connectionTotal)),
                    Self.table(StickCounter(.connectionTotal)),
                ]
                $0.tables[1].name = "other"
                $0.frontends[0].rules.connection = [
                    Self.track, Rule(.track(Tracking(0, by: .destinationPort, in: 1))),
                ]
                $0.frontends[0].rules.content = [
                    Rule(.track(Tracking(1, by: .destination, in: 1)))
                ]
            }
            #expect(running.answer() == "a")
            #expect(running.answer(from: 0x7f00_0002) == "a")
            // Two sources; one address that was connected to.
            #expect(running.balancer.snapshot().tableCounts == [2, 1])
        }

        @Test func `rules before the header count its sender, those after it the client`() throws {
            let server = try AnsweringServer { _, _ in "a" }
            let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                $0.tables = [
                    Self.table(StickCounter(.connections)), Self.table(StickCounter(.connections)),
                ]
                $0.tables[1].name = "clients"
                $0.frontends[0].rules.connection = [
                    // It does not end the list.
                    Rule(.expectProxyHeader), Self.track,
                ]
                $0.frontends[0].rules.session = [
                    Rule(.track(Tracking(1, by: .source, in: 1))),
                    Rule(.reject, if: Self.counted(.connections, .key(.source), in: 0, above: 1)),
                ]
            }
            func answer(_ client: String, besides others: Int = 0) -> String {
                defer { #expect(eventually { running.balancer.connectionCount == others }) }
                return running.answer(to: "PROXY TCP4 \(client) 10.0.0.1 7 80\r\n")
            }
            // Each is its sender's only one, and the sender lets go of it.
            for client in ["192.0.2.1", "192.0.2.2", "127.0.0.1"] { #expect(answer(client) == "a") }
            #expect(running.balancer.snapshot().tableCounts == [1, 3])
            let silent = running.connect()
            #expect(answer("127.0.0.1", besides: 1) == "")
            #expect(answer("192.0.2.1", besides: 1) == "a")
            silent.close()
        }

        @Test func `what a source has leads it to a pool`() throws {
            let named = try ["a", "b"].map { try TestServer.named($0) }
            let running = try RunningBalancer(servers: servers([("a", named[0])])) {
                $0.pools.append(PoolPlan(name: "busy", servers: servers([("b", named[1])])))
                $0.tables = [Self.table(StickCounter(.connectionTotal))]
                $0.frontends[0].rules.content = [Self.track]
                $0.frontends[0].rules.pools = [
                    PoolRule(1, if: Self.counted(.connectionTotal, above: 2))
                ]
            }
            #expect((0..<4).map { _ in running.answer() } == ["a", "a", "b", "b"])
        }

        @Test(arguments: [1, 2])
        func `a table goes on under another plan, with the connections that it counts`(
            reactors: Int
        ) throws {
            let server = try TestServer.holding("a")
            var first = BalancerPlan(
                reactorCount: reactors, frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers([("a", server)]))])
            first.tables = [
                Self.table(StickCounter(.connections), StickCounter(.connectionTotal))
            ]
            first.frontends[0].rules = Self.rules(Self.counted(.connections, above: 2))
            let running = try Succession.Running(first)
            let held = try (0..<2).map { _ in try running.connect() }
            #expect(held.map { $0.receive(exactly: 1) } == ["a", "a"])
            // It stands elsewhere, and keeps its keys for another time.
            try running.adopt {
                $0.tables.insert(StickTablePlan(name: "new", size: 5), at: 0)
                $0.tables[1].lifetime = .seconds(60)
                var rules = RulePlan()
                rules.connection = [
                    Rule(.track(Tracking(0, by: .source, in: 1))),
                    Rule(.reject, if: Self.counted(.connections, above: 2)),
                ]
                $0.frontends[0].rules = rules
            }
            #expect(running.balancer.snapshot().tableCounts == [0, 1])
            #expect(try running.answer() == "")
            held[0].close()
            #expect(eventually { running.balancer.connectionCount == 1 })
            let next = try running.connect()
            #expect(next.receive(exactly: 1) == "a")
            // What it counts is something else: it begins anew, and forgets whom it counted.
            try running.adopt { $0.tables[1].counters.removeLast() }
            #expect(running.balancer.snapshot().tableCounts == [0, 0])
            let others = try (0..<2).map { _ in try running.connect() }
            #expect(others.map { $0.receive(exactly: 1) } == ["a", "a"])
            for client in held + [next] { client.close() }
            #expect(eventually { running.balancer.connectionCount == 2 })
            #expect(try running.answer() == "")
        }

        @Test func `a proxy that is gone follows its rules with the tables that they name`() throws
        {
            let named = try ["a", "b"].map { try TestServer.named($0) }
            let hello = Condition([[.init([.helloType([1...1])])]])
            var first = BalancerPlan(
                frontends: [
                    FrontendPlan(name: "front", poolIndex: 0),
                    FrontendPlan(name: "gone", poolIndex: 0),
                ], pools: [PoolPlan(name: "pool", servers: servers([("a", named[0])]))])
            first.tables = [Self.table(StickCounter(.connectionTotal))]
            first.frontends[1].rules.content = [
                Rule(.accept, if: hello), Self.track,
                Rule(.reject, if: Self.counted(.connectionTotal, .key(.source), in: 0, above: 0)),
            ]
            first.frontends[1].rules.inspectDelay = .seconds(30)
            let running = try Succession.Running(first)
            let client = try running.connect("gone")
            #expect(eventually { running.balancer.connectionCount == 1 })
            try running.adopt {
                $0.frontends.removeLast()
                $0.tables = [StickTablePlan(name: "new", size: 5)]
            }
            client.send("no hello of TLS, and long enough to see that\n")
            #expect(client.receiveAll().text == "")
            #expect(running.balancer.snapshot().tableCounts == [0, 1])
            #expect(eventually { running.balancer.connectionCount == 0 })
            try running.adopt { _ in }
            #expect(running.balancer.snapshot().tableCounts == [0])
        }

        @Test func `a plan that names what is not there is none`() {
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool")])
            #expect(plan.fault == nil)
            plan.frontends[0].rules.connection = [Self.track]
            #expect(plan.fault == "a rule names a table that is not there")
            plan.tables = [Self.table()]
            #expect(plan.fault == nil)
            plan.tables[0].size = 0
            #expect(plan.fault == "a table of 0 keys; there may be 1 to 16777216")
            plan.tables[0].size = 1
            plan.frontends[0].rules.connection = [Rule(.countMark(.marks, 3))]
            #expect(plan.fault == "a connection has 3 trackings")
            plan.frontends[0].rules = RulePlan()
            plan.pools[0].algorithm = .hash(.payload(offset: 0, length: 100_000))
            #expect(
                plan.fault
                    == "100000 bytes from 0 on are a key; the first 16384 can be looked at")
            plan.pools = [PoolPlan(name: "a")]
            plan.pools[0].stickRules = Array(repeating: StickRule(in: 0), count: 17)
            #expect(plan.fault == "17 rules bind clients of a; there may be 16")
            plan.pools[0].stickRules = [StickRule(in: 1)]
            #expect(plan.fault == "a rule names a table that is not there")
        }

        @Test func `a plan has 32 peers in a section at most`() {
            let peer = PeersPlan.Peer(
                name: "b", address: .ipv4(SocketAddress(address: 0x7f00_0001, port: 1)))
            func fault(_ count: Int) -> String? {
                var plan = BalancerPlan()
                plan.peers = [
                    PeersPlan(
                        name: "p", localName: "a", peers: Array(repeating: peer, count: count))
                ]
                return plan.fault
            }
            #expect(fault(32) == nil)
            #expect(fault(33) == "33 peers in p; there may be 32")
        }

        @Test(arguments: [
            (Rule.Action.setPriority(-2047), nil as String?), (.setPriorityOffset(524_287), nil),
            (.setPriority(2048), "a priority of 2048; there may be -2047 to 2047"),
            (
                .setPriorityOffset(-524_288),
                "an offset of -524288 ms; there may be -524287 to 524287"
            ),
        ])
        func `a plan has haproxy's priorities`(action: Rule.Action, fault: String?) {
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool")])
            plan.frontends[0].rules.content = [Rule(action)]
            #expect(plan.fault == fault)
            plan.frontends[0].rules.content = []
            plan.pools[0].contentRules = [Rule(action)]
            #expect(plan.fault == fault)
        }
    }
}
