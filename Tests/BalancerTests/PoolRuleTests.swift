import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// `tcp-request content` of a backend: asked once a frontend led a connection there.
    @Suite struct `Rules of a pool` {
        private static let rules = [
            Rule(.reject, if: .source(0x7f00_0002)),
            Rule(
                .reject,
                if: Condition([
                    [.init([.payload(offset: 0, length: 3, [.init(.exact, "ABC")])])]
                ])),
        ]

        private static let words = """
                tcp-request inspect-delay 150ms
                tcp-request content reject if { src 127.0.0.2 }
                tcp-request content reject if { req.payload(0,3) -m str ABC }
            """

        /// Whether a client is sent away, and after how long.
        private func outcome(
            _ port: UInt16, from source: UInt32, saying pieces: [String]
        ) throws -> (isRejected: Bool, after: Duration) {
            let start = MonotonicInstant.now
            let client = try #require(BlockingSocket(to: port, from: source))
            for (index, piece) in pieces.enumerated() {
                if index > 0 { Thread.sleep(for: .milliseconds(20)) }
                client.send(piece)
            }
            return (client.receive(exactly: 1) != "k", .now - start)
        }

        private static let patience = """
                timeout client 5s
                timeout server 5s
                timeout connect 5s
            """

        private func server() throws -> (AnsweringServer, UInt16) {
            let server = try AnsweringServer { _, _ in "k" }
            guard case .ipv4(let end) = server.address else { throw Errno.invalidArgument }
            return (server, end.port)
        }

        @Test func `decide as haproxy's, in a time of their own`() throws {
            let (server, port) = try server()
            let haproxy = try HAProxy(sections: [
                """
                \(Self.patience)
                    tcp-request inspect-delay 100ms
                    tcp-request content accept if WAIT_END
                    default_backend b
                backend b
                \(Self.patience)
                \(Self.words)
                    server s 127.0.0.1:\(port)
                """
            ])
            let running = try Succession.Running(
                plan([.at(server.address)]) {
                    $0.frontends[0].rules.inspectDelay = .milliseconds(100)
                    $0.frontends[0].rules.content = [
                        Rule(.accept, if: Condition([[.init([.waitIsOver])]]))
                    ]
                })
            let clients: [(UInt32, [String], isRejected: Bool, waits: Int)] = [
                (0x7f00_0002, [], true, 100), (0x7f00_0003, ["ABC"], true, 100),
                (0x7f00_0003, ["AB", "C"], true, 100), (0x7f00_0003, ["ABD"], false, 100),
                // Both times, one after the other.
                (0x7f00_0003, ["AB"], false, 250), (0x7f00_0003, [], false, 250),
            ]
            for (source, pieces, isRejected, waits) in clients {
                for (port, whose) in [(haproxy.port, "haproxy"), (running.port(), "ours")] {
                    let outcome = try outcome(port, from: source, saying: pieces)
                    #expect(outcome.isRejected == isRejected, "\(whose), \(pieces)")
                    #expect(outcome.after >= .milliseconds(waits - 5), "\(whose), \(pieces)")
                    if waits == 100 {
                        #expect(outcome.after < .milliseconds(240), "\(whose), \(pieces)")
                    }
                }
            }
            let snapshot = running.balancer.snapshot()
            #expect(snapshot.frontends[0].refusalsByCause == [.deniedContent: 3])
            #expect(snapshot.pools[0].totalSessions == 3)
            #expect(eventually { running.balancer.connectionCount == 0 })
        }

        /// A `listen` section's rules are the frontend's and the backend's.
        @Test func `are followed once where the frontend is the same section`() throws {
            let (server, port) = try server()
            let haproxy = try HAProxy(sections: [
                "\(Self.patience)\n\(Self.words)\n    server s 127.0.0.1:\(port)",
                "\(Self.patience)\n    use_backend proxy",
            ])
            let running = try Succession.Running(
                plan([.at(server.address)]) {
                    $0.frontends[0].rules.inspectDelay = $0.pools[0].inspectDelay
                    $0.frontends[0].rules.content = $0.pools[0].contentRules
                    $0.frontends[0].twinPoolIndex = 0
                    $0.frontends.append(FrontendPlan(name: "other", poolIndex: 0))
                })
            let ports = haproxy.ports + [running.port(), running.port("other")]
            for port in ports {
                #expect(try outcome(port, from: 0x7f00_0002, saying: []).isRejected)
                let silent = try outcome(port, from: 0x7f00_0003, saying: [])
                #expect(!silent.isRejected)
                #expect((Duration.milliseconds(145)..<(.milliseconds(290))).contains(silent.after))
            }
        }

        @Test func `without a time of their own decide at once, and what names a server waits`()
            throws
        {
            let (first, _) = try server()
            let second = try AnsweringServer { _, _ in "2" }
            let named = Question.payload(offset: 0, length: 1, [.init(.exact, "2")])
            let running = try Succession.Running(
                plan([.at(first.address), .at(second.address)]) {
                    $0.frontends[0].rules.inspectDelay = .milliseconds(400)
                    $0.pools[0].inspectDelay = .zero
                    ($0.pools[0].servers[0].name, $0.pools[0].servers[1].name) = ("k", "2")
                    $0.pools[0].servers[1].isBackup = true
                    $0.pools[0].serverRules = [
                        ServerRule("2", if: Condition([[.init([named])]]))
                    ]
                })
            for (text, answer) in [("2", "2"), ("1", "k"), ("2", "2")] {
                let client = try running.connect()
                Thread.sleep(for: .milliseconds(50))
                client.send(text)
                #expect(client.receive(exactly: 1) == answer)
            }
            // By the frontend's time, once.
            let start = MonotonicInstant.now
            let silent = try running.connect()
            #expect(silent.receive(exactly: 1) == "k")
            #expect((Duration.milliseconds(395)..<(.milliseconds(700))).contains(.now - start))
            // What the rules ask for is not waited for.
            try running.adopt { $0.pools[0].serverRules = [] }
            let later = MonotonicInstant.now
            #expect(try running.connect().receive(exactly: 1) == "k")
            #expect(.now - later < .milliseconds(300))
        }

        @Test func `hold for who waits as a reload has them`() throws {
            let (server, _) = try server()
            let running = try Succession.Running(
                plan([.at(server.address)]) { $0.pools[0].inspectDelay = .seconds(60) })
            let clients = try (0..<3).map { _ in try running.connect() }
            for client in clients { client.send("A") }
            #expect(eventually { running.balancer.snapshot().frontends[0].totalSessions == 3 })
            func rejecting(_ text: String) -> [Rule] {
                let asked = Question.payload(offset: 0, length: 2, [.init(.exact, text)])
                return [Rule(.reject, if: Condition([[.init([asked])]]))]
            }
            try running.adopt {
                $0.frontends[0].rules.content = rejecting("AW")
                $0.frontends[0].rules.inspectDelay = .seconds(60)
                $0.pools[0].contentRules = rejecting("AX")
            }
            for (client, byte) in zip(clients, ["W", "X", "Y"]) { client.send(byte) }
            #expect(clients.map { $0.receive(exactly: 1) } == ["", "", "k"])
            try running.adopt {
                $0.frontends[0].rules.content = []
                $0.pools[0].contentRules = []
            }
            #expect(try running.answer() == "k")
        }

        /// By the figures of haproxy 2.6: `stot` of each is 0, 0 and 1, `conn_tot` 1, 1 and 1.
        @Test func `are asked of a session, and rules of a connection or session of none`() throws {
            let (server, _) = try server()
            let running = try Succession.Running(
                plan([.at(server.address)]) {
                    $0.frontends[0].rules.connection = [Rule(.reject, if: .source(0x7f00_0003))]
                    $0.frontends[0].rules.session = [Rule(.reject, if: .source(0x7f00_0004))]
                    $0.frontends[0].rules.content = [Rule(.reject, if: .source(0x7f00_0005))]
                })
            for round in 1...2 {
                for source: UInt32 in 0x7f00_0001...0x7f00_0005 {
                    let outcome = try outcome(running.port(), from: source, saying: ["ABx"])
                    #expect(outcome.isRejected == (source > 0x7f00_0001))
                }
                #expect(
                    eventually {
                        let frontend = running.balancer.snapshot().frontends[0]
                        return frontend.admittedSessions == 3 * round
                            && frontend.totalSessions == 5 * round
                    })
                try running.adopt { $0.frontends[0].connectionLimit = 100 + round }
            }
        }

        /// The frontend passes the client on at once, or at the end of its time alone.
        @Test(arguments: [
            (frontend: Duration.zero, passesLate: false), (.seconds(60), false),
            (.milliseconds(400), true),
        ])
        func `wait no longer than their time, however often there is a reload`(
            frontend: Duration, passesLate: Bool
        ) throws {
            let (server, _) = try server()
            let running = try Succession.Running(
                plan([.at(server.address)]) {
                    $0.frontends[0].rules.inspectDelay = frontend
                    let isOver = Condition([[.init([.waitIsOver])]])
                    if passesLate { $0.frontends[0].rules.content = [Rule(.accept, if: isOver)] }
                    $0.pools[0].inspectDelay = .milliseconds(passesLate ? 200 : 600)
                })
            let client = try running.connect()
            let start = MonotonicInstant.now
            for number in 1...4 {
                Thread.sleep(for: .milliseconds(120))
                try running.adopt { $0.frontends[0].connectionLimit = 100 + number }
            }
            #expect(client.receive(exactly: 1) == "k")
            #expect((Duration.milliseconds(590)..<(.milliseconds(780))).contains(.now - start))
            #expect(running.balancer.snapshot().frontends[0].lateHellos == (passesLate ? 2 : 1))
        }

        /// Whether he waits by rules of the pool, or has yet to show a PROXY header.
        @Test(arguments: [true, false])
        func `let who waits go where the frontend leads once there are none`(waits: Bool) throws {
            let (first, second) = (try TestServer.named("a"), try TestServer.named("b"))
            let running = try Succession.Running(
                plan([.at(.ipv4(first.address))]) {
                    let other = PoolPlan(name: "other", servers: [.at(.ipv4(second.address))])
                    $0.pools.append(other)
                    $0.frontends[0].listeners = [ListenerPlan(acceptsProxyHeader: !waits)]
                    $0.pools[0].inspectDelay = .seconds(60)
                    $0.pools[0].forcingRules = [ForcingRule(isForced: true, if: .always)]
                    let asksForMore = Condition([[.init([.byteCount([9...9])])]])
                    $0.pools[0].contentRules = waits ? [Rule(.accept, if: asksForMore)] : []
                })
            let client = try running.connect()
            if waits { client.send("x") }
            #expect(eventually { running.balancer.snapshot().frontends[0].currentSessions == 1 })
            Thread.sleep(for: .milliseconds(50))
            try running.adopt {
                $0.pools[0].contentRules = []
                $0.pools[0].forcingRules = []
                $0.frontends[0].poolIndex = 1
            }
            if !waits { client.send("PROXY UNKNOWN\r\n") }
            #expect(client.receive(exactly: 1) == "b")
        }

        /// A frontend that leads to a pool with the rules.
        private func plan(
            _ servers: [ServerPlan], _ change: (inout BalancerPlan) -> Void
        ) -> BalancerPlan {
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: servers)])
            plan.pools[0].inspectDelay = .milliseconds(150)
            plan.pools[0].contentRules = Self.rules
            change(&plan)
            return plan
        }
    }
}
