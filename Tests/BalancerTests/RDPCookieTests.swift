import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `RDP cookies` {
        private static let mstshash = RDPCookie.Name("mstshash") ?? .any

        /// The first message of a client, as [MS-RDPBCGR] §4.1.1 shows one.
        private static func message(_ cookie: String) -> [UInt8] {
            let line = Array("Cookie: \(cookie)\r\n".utf8)
            let request: [UInt8] = [1, 0, 8, 0, 0, 0, 0, 0]
            let length = UInt8(11 + line.count + request.count)
            return [3, 0, 0, length, length - 5, 0xe0, 0, 0, 0, 0, 0] + line + request
        }

        private func value(_ bytes: [UInt8], name: RDPCookie.Name = mstshash) -> String? {
            guard case .complete(let range) = RDPCookie.read(bytes.span, name: name) else {
                return nil
            }
            return String(decoding: bytes[range], as: UTF8.self)
        }

        @Test func `the value of the first cookie, if it has the name`() {
            #expect(value(Self.message("mstshash=eltons")) == "eltons")
            #expect(value(Self.message("MSTSHash=a=b c")) == "a=b c")
            #expect(value(Self.message("msts=3640205228.15629.0000"), name: .any)?.count == 21)
            #expect(value(Self.message("mstshash=")) == "")
            for other in ["msts=1", "mstshashes=1", "mstshas=1"] {
                let bytes = Self.message(other)
                #expect(RDPCookie.read(bytes.span, name: Self.mstshash) == .none, "\(other)")
            }
        }

        @Test func `it is waited for until it is whole`() {
            let bytes = Self.message("mstshash=eltons")
            let end = 11 + "Cookie: mstshash=eltons\r\n".utf8.count
            for count in 0..<end {
                let cut = Array(bytes.prefix(count))
                #expect(RDPCookie.read(cut.span, name: Self.mstshash) == .needsMore)
            }
            #expect(value(Array(bytes.prefix(end))) == "eltons")
        }

        @Test(arguments: [
            "Cookies: a=b\r\n", "Cookie: a\r\n=b", "Cookie: a=b\rc", "GET / HTTP/1.1\r\n",
        ])
        func `what is none is not waited for`(text: String) {
            let bytes = [UInt8](repeating: 0, count: 11) + Array(text.utf8)
            #expect(RDPCookie.read(bytes.span, name: .any) == .none)
        }

        @Test func `a cookie that never ends is none after 512 bytes`() {
            var bytes = Self.message("mstshash=" + String(repeating: "x", count: 200))
            bytes = Array(bytes.prefix(100)) + [UInt8](repeating: 120, count: 411)
            #expect(RDPCookie.read(bytes.span, name: Self.mstshash) == .needsMore)
            bytes.append(120)
            #expect(RDPCookie.read(bytes.span, name: Self.mstshash) == .none)
        }

        /// A user, or a client of something else.
        private func answer(at port: UInt16, _ cookie: String?) throws -> String {
            let client = try #require(BlockingSocket(to: port))
            if let cookie {
                client.send(Self.message(cookie))
            } else {
                client.send("hello, this is no RDP")
            }
            return client.receive(exactly: 1)
        }

        @Test func `users go to the servers that haproxy sends them to, others by turns`() throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.holding($0)) }
            let proxy = try HAProxy(sections: [
                ProxySettings(balance: "rdp-cookie").section(
                    servers: named.map(\.1.address),
                    more: "tcp-request inspect-delay 5s\n tcp-request content accept if RDP_COOKIE")
            ])
            let running = try RunningBalancer(
                algorithm: .hash(.rdpCookie(Self.mstshash)), servers: servers(named)
            ) {
                $0.frontends[0].rules.inspectDelay = .seconds(5)
            }
            var users = (0..<20).map { "mstshash=user\($0)" }
            users.append("MSTSHASH=user3")
            let theirs = try users.map { try answer(at: proxy.port, $0) }
            let ours = try users.map { try answer(at: running.port, $0) }
            #expect(ours == theirs)
            #expect(Set(ours) == ["a", "b", "c"])
            for port in [proxy.port, running.port] {
                #expect(
                    try (0..<6).map { _ in try answer(at: port, nil) }.joined().contains("abcabc"))
            }
        }

        @Test func `a cookie that comes in pieces is waited for`() throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.holding($0)) }
            let running = try RunningBalancer(
                algorithm: .hash(.rdpCookie(Self.mstshash)), servers: servers(named)
            ) {
                $0.frontends[0].rules.inspectDelay = .seconds(5)
            }
            let whole = try answer(at: running.port, "mstshash=eltons")
            let message = Self.message("mstshash=eltons")
            for _ in 0..<3 {
                let client = running.connect()
                for piece in [message[..<20], message[20...]] {
                    client.sendAll(piece)
                    Thread.sleep(for: .milliseconds(10))
                }
                #expect(client.receive(exactly: 1) == whole)
            }
        }

        @Test func `a rule asks for a cookie and its value`() throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.frontends[0].rules.inspectDelay = .seconds(5)
                let isGuest = Question.rdpCookie(
                    Self.mstshash, [.init(.beginning, "guest", ignoresCase: true)])
                let isOther = Question.rdpCookieCount(Self.mstshash, [0...0])
                $0.frontends[0].rules.content = [
                    Rule(.reject, if: Condition([[.init([isGuest])], [.init([isOther])]]))
                ]
            }
            #expect(try answer(at: running.port, "mstshash=admin") == "a")
            #expect(try answer(at: running.port, "mstshash=Guest7") == "")
            #expect(try answer(at: running.port, "msts=1.2.3") == "")
            #expect(try answer(at: running.port, nil) == "")
        }
    }
}
