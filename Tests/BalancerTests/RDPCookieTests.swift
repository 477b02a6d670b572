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

        /// The token of a server of 127.0.0.1.
        private func token(_ server: TestServer, _ name: String = "msts") -> String {
            "\(name)=16777343.\(server.address.port.byteSwapped).0000"
        }

        @Test func `clients go back to the server that haproxy sends them back to`() throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.holding($0)) }
            let proxy = try HAProxy(sections: [
                ProxySettings().section(
                    servers: named.map(\.1.address),
                    more: """
                        tcp-request inspect-delay 5s
                        tcp-request content accept if RDP_COOKIE
                        persist rdp-cookie
                        use-server s1 if { req.rdp_cookie(msts) -m end .7777 }
                        """)
            ])
            let running = try RunningBalancer(servers: servers(named)) {
                $0.frontends[0].rules.inspectDelay = .seconds(5)
                $0.pools[0].tokenCookie = RDPCookie.Name("msts")
                $0.pools[0].serverRules = [
                    ServerRule(
                        "b",
                        if: Condition([
                            [.init([.rdpCookie(.init("msts") ?? .any, [.init(.end, ".7777")])])]
                        ]))
                ]
            }
            let first = token(named[0].1)
            let cookies: [String?] = [
                token(named[2].1), token(named[2].1), token(named[1].1), first, first,
                // By turns, which somebody else may have begun.
                nil, "mstshash=16777343", token(named[2].1, "mstshash"), "msts=16777343.",
                "msts=16777344.\(named[2].1.address.port.byteSwapped).0000",
                "msts=16777343.\(named[2].1.address.port).0000", "msts=16777343",
                // By rule.
                first.dropLast(4) + "7777",
                // What stands behind does not matter, but that something does.
                first.dropLast(5) + "", first.dropLast(4) + "xyz",
            ]
            let theirs = try cookies.map { try answer(at: proxy.port, $0) }
            let ours = try cookies.map { try answer(at: running.port, $0) }
            for heard in [theirs, ours] {
                #expect(heard[..<5] == ["c", "c", "b", "a", "a"])
                #expect("abcabcabcabc".contains((heard[5..<12] + [heard[13]]).joined()))
                #expect(heard[12] == "b" && heard[14] == "a")
            }
        }

        @Test func `a client's server is found at its new address, and not while it is down`()
            throws
        {
            let named = try ["a", "b"].map { ($0, try TestServer.holding($0)) }
            let running = try RunningBalancer(servers: servers([named[0], named[0]])) {
                $0.frontends[0].rules.inspectDelay = .seconds(5)
                $0.pools[0].tokenCookie = RDPCookie.Name("msts")
                $0.pools[0].servers[1].name = "b"
                $0.pools[0].servers[1].isByName = true
            }
            running.balancer.setAddress(pool: 0, server: 1, .ipv4(named[1].1.address))
            let cookie = token(named[1].1)
            #expect(
                try (0..<3).map { _ in try answer(at: running.port, cookie) } == ["b", "b", "b"])
            running.balancer.setHealth(pool: 0, server: 1, isUp: false)
            #expect(try answer(at: running.port, cookie) == "a")
        }

        @Test func `a moved server is found where it is, and not where it was`() throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.holding($0)) }
            let running = try RunningBalancer(servers: servers(Array(named[..<2]))) {
                $0.frontends[0].rules.inspectDelay = .seconds(5)
                $0.pools[0].tokenCookie = RDPCookie.Name("msts")
            }
            let (old, new) = (token(named[1].1), token(named[2].1))
            #expect(try (0..<3).map { _ in try answer(at: running.port, old) } == ["b", "b", "b"])
            running.balancer.setAddress(pool: 0, server: 1, .ipv4(named[2].1.address))
            #expect(try (0..<3).map { _ in try answer(at: running.port, new) } == ["c", "c", "c"])
            #expect(Set(try (0..<4).map { _ in try answer(at: running.port, old) }) == ["a", "c"])
        }

        @Test func `a token is two numbers, each with a point behind it`() {
            func read(_ text: String) -> RDPToken? { RDPToken(Array(text.utf8).span) }
            #expect(
                read("3640205228.15629.0000")
                    == RDPToken(ipv4: 0xac1f_f9d8, port: 3389))
            for text in [
                "", ".", "1", "1.", "1.2", ".2.", "4294967296.1.", "1.65536.", "1.x.", "-1.2.",
                "99999999999999999999999.1.0",
            ] { #expect(read(text) == nil, "\(text)") }
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
