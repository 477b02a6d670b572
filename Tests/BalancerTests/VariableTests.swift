import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What rules remember by names.
    @Suite struct Variables {
        private func has(_ variable: Int, _ text: String) -> Condition.Term {
            .init([.variable(variable, .texts([TextPattern(.exact, text)]))])
        }

        private func value(_ bytes: [UInt8]) -> VariableValue? {
            VariableValue(.bytes(bytes.span))
        }

        @Test func `values go on over a reload, whatever their places are`() throws {
            let servers = try ["a", "b", "c"].map { try TestServer.named($0) }
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: zip(["a", "b", "c"], servers).map { name, server in
                    PoolPlan(
                        name: name, servers: [ServerPlan(name: name, address: server.address)])
                })
            plan.variables = [
                VariablePlan(name: "sess.own"), VariablePlan(name: "proc.all", isOfProcess: true),
            ]
            plan.frontends[0].listeners = [ListenerPlan()]
            plan.frontends[0].rules.inspectDelay = .seconds(60)
            plan.frontends[0].rules.connection = [
                Rule(.setVariable(0, .text(Array("mine".utf8))), if: .always),
                Rule(.setVariable(1, .text(Array("ours".utf8))), if: .always),
            ]
            let hasSpoken = Condition.Term([.byteCount([1...Int.max])])
            plan.frontends[0].rules.pools = [PoolRule(0, if: Condition([[hasSpoken]]))]
            let running = try Succession.Running(plan)
            let clients = [try running.connect(), try running.connect()]
            #expect(
                eventually { running.balancer.snapshot().frontends[0].currentSessions == 2 })
            try running.adopt {
                $0.variables = [
                    VariablePlan(name: "proc.new", isOfProcess: true),
                    VariablePlan(name: "proc.all", isOfProcess: true),
                    VariablePlan(name: "sess.own"),
                ]
                $0.frontends[0].rules.connection = [
                    Rule(.unsetVariable(2), if: .always)
                ]
                $0.frontends[0].rules.pools = [
                    PoolRule(
                        1, if: Condition([[hasSpoken, self.has(2, "mine"), self.has(1, "ours")]])),
                    PoolRule(2, if: Condition([[hasSpoken, self.has(1, "ours")]])),
                ]
            }
            for client in clients {
                client.send("x")
                #expect(client.receiveAll().text == "b")
            }
            // A place that somebody has left has nobody's values.
            let newcomer = try running.connect()
            newcomer.send("x")
            #expect(newcomer.receiveAll().text == "c")
        }

        @Test func `a rule of a section that goes captures the same variable as before`() throws {
            let server = try TestServer.named("a")
            var plan = BalancerPlan(
                frontends: [
                    FrontendPlan(name: "front", poolIndex: 0),
                    FrontendPlan(name: "gone", poolIndex: 0),
                ], pools: [PoolPlan(name: "pool", servers: servers([("a", server)]))])
            plan.variables = [VariablePlan(name: "sess.other"), VariablePlan(name: "sess.own")]
            plan.frontends[1].rules.inspectDelay = .seconds(60)
            plan.frontends[1].rules.connection = [
                Rule(.setVariable(0, .text(Array("theirs".utf8)))),
                Rule(.setVariable(1, .text(Array("mine".utf8)))),
            ]
            let hasSpoken = Condition([[.init([.byteCount([1...Int.max])])]])
            plan.frontends[1].rules.content = [
                Rule(.capture(.variable(1), 0), if: hasSpoken), Rule(.accept, if: hasSpoken),
            ]
            plan.frontends[1].captureLengths = [8]
            plan.frontends[1].logging = ConnectionLogging(moment: .ending)
            plan.frontends[1].logging?.tellsCaptures = true
            let running = try Succession.Running(plan)
            let client = try running.connect("gone")
            #expect(eventually { running.balancer.connectionCount == 1 })
            try running.adopt {
                $0.frontends.removeLast()
                $0.variables = [VariablePlan(name: "sess.own"), VariablePlan(name: "sess.new")]
            }
            client.send("x")
            #expect(client.receiveAll().text == "a")
            var captured: [[UInt8]] = []
            _ = eventually {
                running.balancer.records?.take { _, texts in
                    captured.append(texts.kept.capture(0))
                }
                return !captured.isEmpty
            }
            #expect(captured == [Array("mine".utf8)])
        }

        @Test func `a server that goes is asked for what the same variable says as before`() {
            var server = ServerPlan(
                name: "a", address: SocketAddress(address: 0x7f00_0001, port: 80))
            server.connection.nameSource = .variable(1)
            server.connection.headerTexts = [.init(type: 0xE0, source: .variable(0))]
            let old = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: [server])]
            ).with(variables: ["sess.kept", "sess.gone"])
            let (connection, names) = left(behind: ["sess.new", "sess.kept"], of: old)
            #expect(names == ["sess.new", "sess.kept", "sess.gone"])
            #expect(connection?.nameSource == .variable(2))
            #expect(connection?.headerTexts.map(\.source) == [.variable(1)])
            #expect(
                left(behind: ["sess.gone", "sess.kept"], of: old).0?.nameSource == .variable(0))
        }

        @Test func `a connection begins without the values of another one`() throws {
            let servers = try ["a", "b"].map { try TestServer.named($0) }
            let running = try FamilyBalancer(
                pools: servers.map { [.at(.ipv4($0.address))] }
            ) {
                $0.variables = [VariablePlan(name: "sess.x"), VariablePlan(name: "sess.y")]
                // What takes a place aside, whether a value is set or not.
                $0.frontends[0].rules.connection = [
                    Rule(.setPriority(1)),
                    Rule(
                        .setVariable(1, .number(7)),
                        if: Condition([[.init([.destinationPort([1...1])])]])),
                ]
                $0.frontends[0].rules.session = [
                    Rule(.reject, if: Condition([[.init([.variable(1, .found)])]])),
                    Rule(.setVariable(1, .key(.source))),
                ]
                $0.frontends[0].rules.pools = [
                    PoolRule(1, if: Condition([[.init([.variable(1, .found)])]]))
                ]
            }
            for _ in 0..<5 { #expect(running.connect().receiveAll().text == "b") }
        }

        @Test(arguments: [
            ("17", 17), ("17a", 17), ("-5", -5), ("+5", 5), ("", 0), ("-", 0), ("abc", 0),
            ("9223372036854775807", Int.max), ("9223372036854775808", .max),
            ("-9223372036854775808", .min), ("-99999999999999999999999", .min),
        ])
        func `a text is the number that it begins with`(text: String, number: Int) throws {
            let value = try #require(self.value(Array(text.utf8)))
            #expect(value.satisfies(.numbers([number...number])))
            #expect(value.satisfies(.texts([TextPattern(.exact, text)])))
            let tooLong = self.value(Array(repeating: 65, count: 256))
            #expect(tooLong?.satisfies(.found) == nil)
            for pattern in ["-9223372036854775808", "0", "10", "9223372036854775807"] {
                let whole = try #require(Int(pattern))
                #expect(
                    VariableValue.number(whole).satisfies(.texts([TextPattern(.exact, pattern)])))
            }
        }

        @Test func `a plan names variables that are there, each once`() {
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool")])
            #expect(plan.fault == nil)
            plan.frontends[0].rules.content = [Rule(.setVariable(0, .variable(1)))]
            #expect(plan.fault == "a rule or a server names a variable that is not there")
            plan.variables = [VariablePlan(name: "sess.x")]
            #expect(plan.fault == "a rule or a server names a variable that is not there")
            plan.variables.append(VariablePlan(name: "sess.x"))
            #expect(plan.fault == "two variables of one name")
            plan.variables[1].name = "sess.y"
            #expect(plan.fault == nil)
            plan.pools[0].servers = [
                ServerPlan(name: "s", address: SocketAddress(address: 0x7f00_0001, port: 1))
            ]
            plan.pools[0].servers[0].connection.nameSource = .variable(2)
            #expect(plan.fault == "a rule or a server names a variable that is not there")
            plan.pools[0].servers = []
            plan.pools[0].contentRules = [
                Rule(.setVariable(0, .text(Array(repeating: 65, count: 256))))
            ]
            #expect(plan.fault == "a text for a variable; it may have 255 bytes")
            plan.variables += (0..<15).map { VariablePlan(name: "sess.\($0)") }
            #expect(plan.fault == "17 variables; there may be 16")
        }
    }
}

extension BalancerPlan {
    fileprivate func with(variables: [String]) -> BalancerPlan {
        var plan = self
        plan.variables = variables.map { VariablePlan(name: $0) }
        return plan
    }
}

/// What is left of the only server once a plan with these variables has none, and all variables then.
private func left(
    behind variables: [String], of old: BalancerPlan
) -> (connection: ConnectionPlan?, variables: [String]) {
    let next = BalancerPlan(
        frontends: old.frontends, pools: [PoolPlan(name: "pool", servers: [])]
    ).with(variables: variables)
    let plan = Succession(
        from: old, [[]],
        inUse: .init(frontends: [true], listeners: [], pools: [true], servers: [[true]]),
        to: next, [[]]
    ).plan
    return (plan.pools[0].servers.first?.connection, plan.variables.map(\.name))
}
