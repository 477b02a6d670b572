import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What clients' PROXY headers say besides addresses.
    @Suite struct `Texts of PROXY headers` {
        /// A header of version 2 from 192.0.2.1 with extensions, each a type and a value.
        private static func header(
            command: UInt8 = 0x21, family: UInt8 = 0x11, _ extensions: (UInt8, [UInt8])...
        ) -> [UInt8] {
            let fields = extensions.flatMap { type, value in
                [type, UInt8(value.count >> 8), UInt8(value.count & 255)] + value
            }
            let length = 12 + fields.count
            return bytes("0D0A0D0A000D0A515549540A")
                + [command, family, UInt8(length >> 8), UInt8(length & 255)]
                + bytes("C0000201 C6336402 DC04 01BB") + fields
        }

        private static let name = Array("Shop.test".utf8)

        private static func long(_ count: Int) -> [UInt8] { Array(repeating: 0x61, count: count) }

        /// What a header is read as having, by an extension.
        private func text(_ type: UInt8, of header: [UInt8]) -> [UInt8]? {
            ProxyHeader.text(of: type, in: header.span).map { text in
                (0..<text.count).map { text[$0] }
            }
        }

        @Test func `a header says by its last extension of a type what that is`() {
            let header = Self.header((5, [1, 0, 2]), (2, [9]), (2, Self.name), (0xEA, []))
            #expect(text(2, of: header) == Self.name)
            #expect(text(5, of: header) == [1, 0, 2])
            #expect(text(0xEA, of: header) == [])
            #expect(text(1, of: header) == nil)
            #expect(text(0xEA, of: Self.header((0xEA, Self.long(255)))) == Self.long(255))
            #expect(text(0xEA, of: Self.header((0xEA, Self.long(256)))) == nil)
            // What a proxy says of itself is about no client.
            #expect(text(2, of: Self.header(command: 0x20, (2, Self.name))) == nil)
            // Where nobody knows how long addresses are, nobody knows where extensions begin.
            #expect(text(2, of: Self.header(family: 0, (2, Self.name))) == nil)
            #expect(text(2, of: Array("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".utf8)) == nil)
        }

        private func plan(_ server: TestServer) -> ServerPlan {
            var plan = ServerPlan(name: "a", address: server.address)
            plan.connection.header = .versionTwo(.authority)
            return plan
        }

        /// What a client hears who says this; without the addresses, whose ports differ.
        private func answer(at port: UInt16, to header: [UInt8]) throws -> [UInt8] {
            let client = try #require(BlockingSocket(to: port, from: 0x7f00_0001))
            client.send(header + Array("hi".utf8))
            client.endSending()
            return Array(client.receiveBytes().dropFirst(28))
        }

        @Test func `a server is told the same name as by haproxy`() throws {
            let server = try TestServer { $0.send($0.receiveBytes()) }
            let port = try freePorts(1)[0]
            let proxy = try HAProxy(sections: [
                " bind 127.0.0.1:\(port) accept-proxy\n timeout connect 1s\n"
                    + " server a 127.0.0.1:\(server.port) send-proxy-v2 proxy-v2-options authority\n"
            ])
            let running = try RunningBalancer(servers: [plan(server)]) {
                $0.frontends[0].listeners = [ListenerPlan(acceptsProxyHeader: true)]
            }
            let told: [UInt8] = [2, 0, 9] + Self.name
            for (header, answer) in [
                (Self.header((2, Self.name)), told + [0x68, 0x69]),
                (Self.header((2, [9]), (5, Self.long(128)), (2, Self.name)), told + [0x68, 0x69]),
                (Self.header((2, [])), [2, 0, 0, 0x68, 0x69]),
                (Self.header((2, Self.name), (2, [])), [2, 0, 0, 0x68, 0x69]),
                (Self.header(), [0x68, 0x69]), (Self.header(family: 0x41), []),
                (Self.header(command: 0x20, (2, Self.name)), [0x68, 0x69]),
                (Self.header((2, Self.long(255))), [2, 0, 255] + Self.long(255) + [0x68, 0x69]),
                (Self.header((2, Self.long(256))), []), (Self.header((5, Self.long(129))), []),
            ] {
                #expect(try self.answer(at: port, to: header) == answer)
                #expect(try self.answer(at: running.port, to: header) == answer)
            }
            // Of those whose family has no addresses that count: the protocol leaves it open, haproxy resets.
            for family in [0, 0x12] as [UInt8] {
                let header = Self.header(family: family, (2, Self.name))
                #expect(try self.answer(at: port, to: header) == [])
                #expect(try self.answer(at: running.port, to: header) == [0x68, 0x69])
            }
            withExtendedLifetime(proxy) {}
        }

        @Test func `a client without an address is told of as by haproxy`() throws {
            let server = try TestServer { $0.send($0.receiveBytes()) }
            let paths = try freePorts(2).map { "/tmp/header-test-\($0)" }
            defer { for path in paths { unlink(path) } }
            let proxy = try HAProxy(sections: [
                " bind unix@\(paths[0])\n timeout connect 1s\n"
                    + " server a 127.0.0.1:\(server.port) send-proxy-v2 proxy-v2-options authority\n"
            ])
            let running = try FamilyBalancer(on: .path(paths[1]), pools: [[plan(server)]])
            for path in paths {
                let client = dial(.path(path))
                client.send("hi")
                client.endSending()
                #expect(
                    client.receiveBytes()
                        == bytes("0D0A0D0A000D0A515549540A 20 00 0000 6869"))
            }
            withExtendedLifetime((proxy, running)) {}
        }

        @Test func `a text that is empty is found, as by haproxy`() throws {
            let (one, two) = (try TestServer.named("1"), try TestServer.named("2"))
            let port = try freePorts(1)[0]
            let proxy = try HAProxy(sections: [
                " bind 127.0.0.1:\(port) accept-proxy\n timeout connect 1s\n"
                    + " use-server a if { fc_pp_authority -m found } !{ fc_pp_authority -m end t }\n"
                    + " server a 127.0.0.1:\(one.port)\n server b 127.0.0.1:\(two.port)\n"
                    + " use-server b if { always_true }\n"
            ])
            let isFound = Condition.Term([.headerText(2, [TextPattern(.found, "")])])
            let ends = Condition.Term([.headerText(2, [TextPattern(.end, "t")])], isNegated: true)
            let running = try RunningBalancer(servers: servers([("a", one), ("b", two)])) {
                $0.frontends[0].listeners = [ListenerPlan(acceptsProxyHeader: true)]
                $0.pools[0].serverRules = [
                    ServerRule("a", if: Condition([[isFound, ends]])), ServerRule("b"),
                ]
            }
            for (header, name) in [
                (Self.header((2, [])), "1"), (Self.header(), "2"),
                (Self.header((2, Self.name)), "2"), (Self.header((2, [0x78])), "1"),
            ] {
                for port in [port, running.port] {
                    let client = try #require(BlockingSocket(to: port, from: 0x7f00_0001))
                    client.send(header)
                    #expect(client.receiveAll().text == name)
                }
            }
            withExtendedLifetime(proxy) {}
        }

        @Test
        func `what a header has said stays over a reload, whatever else is asked for by then`()
            throws
        {
            let (one, two) = (try TestServer.named("1"), try TestServer.named("2"))
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [("1", one), ("2", two)].map {
                    PoolPlan(name: $0.0, servers: servers([($0.0, $0.1)]))
                })
            plan.frontends[0].listeners = [ListenerPlan(acceptsProxyHeader: true)]
            plan.frontends[0].rules.inspectDelay = .seconds(60)
            let hasSpoken = Condition.Term([.byteCount([1...Int.max])])
            plan.frontends[0].rules.content = [Rule(.accept, if: Condition([[hasSpoken]]))]
            func rule(_ texts: [(UInt8, String)]) -> PoolRule {
                let terms = texts.map { type, text in
                    Condition.Term([.headerText(type, exactly(text))])
                }
                return PoolRule(1, if: Condition([[hasSpoken] + terms]))
            }
            plan.frontends[0].rules.pools = [rule([(2, "a"), (5, "b")])]
            let running = try BalancerTests.Succession.Running(plan)
            let clients = try ["a", "x"].map { name in
                let client = try running.connect()
                client.send(Self.header((5, Array("b".utf8)), (2, Array(name.utf8))))
                return client
            }
            #expect(eventually { running.balancer.connectionCount == 2 })
            LinuxIO.Thread.sleep(for: .milliseconds(50))
            // Before the others, between them, and without one of them.
            for types in [[1, 2, 5], [2, 3, 5, 9], [5]] as [[UInt8]] {
                try running.adopt {
                    $0.frontends[0].rules.pools =
                        [rule([(5, "b")] + (types.contains(2) ? [(2, "a")] : []))]
                        + types.map { type in
                            PoolRule(
                                0,
                                if: Condition([
                                    [hasSpoken, .init([.headerText(type, exactly("no"))])]
                                ]))
                        }
                }
                guard types.contains(3) else { continue }
                clients[0].send("x")
                #expect(clients[0].receiveAll().text == "2")
            }
            clients[1].send("x")
            #expect(clients[1].receiveAll().text == "2")
        }

        @Test func `who has no header is told of by none that was before`() throws {
            let server = try TestServer { $0.send($0.receiveBytes()) }
            let running = try RunningBalancer(servers: [plan(server)]) {
                $0.frontends[0].listeners = [ListenerPlan(acceptsProxyHeader: true)]
            }
            #expect(try answer(at: running.port, to: Self.header((2, Self.name))).count == 14)
            #expect(try answer(at: running.port, to: Self.header()) == [0x68, 0x69])
        }

        private func exactly(_ text: String) -> TextPatterns { [TextPattern(.exact, text)] }

        @Test func `rules and variables go by it`() throws {
            let one = try TestServer { $0.send("one " + $0.receiveAll().text) }
            let two = try TestServer { $0.send("two " + $0.receiveAll().text) }
            let running = try RunningBalancer(servers: servers([("one", one), ("two", two)])) {
                $0.variables = [VariablePlan(name: "sess.id")]
                $0.frontends[0].listeners = [ListenerPlan(acceptsProxyHeader: true)]
                $0.frontends[0].rules.session = [
                    Rule(.setVariable(0, .key(.cased(.headerText(5), .upper))), if: .always),
                    Rule(.reject, if: Condition([[.init([.headerText(2, exactly("no"))])]])),
                ]
                let isTwo = Condition.Term([.variable(0, .texts(exactly("TWO")))])
                $0.pools[0].serverRules = [
                    ServerRule("two", if: Condition([[isTwo]])), ServerRule("one"),
                ]
            }
            func text(_ header: [UInt8]) throws -> String {
                let client = running.connect()
                client.send(header + Array("hi".utf8))
                client.endSending()
                return client.receiveAll().text
            }
            for _ in 0..<2 {
                #expect(try text(Self.header((5, Array("two".utf8)))) == "two hi")
                #expect(try text(Self.header((5, Array("2".utf8)))) == "one hi")
                #expect(try text(Self.header()) == "one hi")
            }
            #expect(try text(Self.header((2, Array("no".utf8)))) == "")
        }
    }
}

extension BlockingSocket {
    /// All bytes up to the end.
    fileprivate func receiveBytes() -> [UInt8] {
        var all: [UInt8] = []
        while case .bytes(let bytes) = receive() { all += bytes }
        return all
    }
}
