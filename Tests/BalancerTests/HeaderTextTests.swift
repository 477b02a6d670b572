import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What clients' PROXY headers say besides addresses.
    @Suite struct `Texts of PROXY headers` {
        /// A header of version 2 from 192.0.2.1 with extensions, each a type and a value.
        private static func header(
            command: UInt8 = 0x21, _ extensions: (UInt8, [UInt8])...
        ) -> [UInt8] {
            let fields = extensions.flatMap { type, value in
                [type, UInt8(value.count >> 8), UInt8(value.count & 255)] + value
            }
            let length = 12 + fields.count
            return bytes("0D0A0D0A000D0A515549540A")
                + [command, 0x11, UInt8(length >> 8), UInt8(length & 255)]
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
                (Self.header(), [0x68, 0x69]),
                (Self.header(command: 0x20, (2, Self.name)), [0x68, 0x69]),
                (Self.header((2, Self.long(255))), [2, 0, 255] + Self.long(255) + [0x68, 0x69]),
                (Self.header((2, Self.long(256))), []), (Self.header((5, Self.long(129))), []),
            ] {
                #expect(try self.answer(at: port, to: header) == answer)
                #expect(try self.answer(at: running.port, to: header) == answer)
            }
            withExtendedLifetime(proxy) {}
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
