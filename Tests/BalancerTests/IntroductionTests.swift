import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Introductions` {
        /// A pool whose one server answers with its pool's name, at once.
        private func named(_ name: String) throws -> (AnsweringServer, [ServerPlan]) {
            let server = try AnsweringServer { _, _ in name }
            return (server, [.at(server.address)])
        }

        private func accepting(
            _ servers: [ServerPlan], adjusting adjust: (inout BalancerPlan) -> Void = { _ in }
        ) throws -> FamilyBalancer {
            try FamilyBalancer(pools: [servers]) {
                $0.frontends[0].listeners[0].acceptsProxyHeader = true
                adjust(&$0)
            }
        }

        @Test func `an idle connection takes 128 bytes, inspected or not`() {
            #expect(2 * MemoryLayout<Half>.stride == 128)
        }

        // MARK: accept-proxy

        @Test func `a header is taken off, and what follows it reaches the server`() throws {
            let server = try AnsweringServer(after: 5) { bytes, _ in
                "got " + String(decoding: bytes, as: UTF8.self)
            }
            let running = try accepting([.at(server.address)])
            #expect(
                running.answer(to: "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nhello")
                    == "got hello")
            #expect(running.answer(to: "PROXY UNKNOWN\r\nhello") == "got hello")
            let client = running.connect()
            client.send(bytes("0D0A0D0A000D0A515549540A 21 11 000C C0000201 C6336402 DC04 01BB"))
            client.send("hello")
            #expect(client.receiveAll().text == "got hello")
            #expect(running.frontend.refusalsByCause == [:])
        }

        @Test func `a NetScaler's client is who haproxy takes him for`() throws {
            let server = try TestServer { $0.send($0.receiveAll().text) }
            let port = try freePorts(1)[0]
            let proxy = try HAProxy(sections: [
                " bind 127.0.0.1:\(port) accept-netscaler-cip 16909060\n"
                    + " timeout connect 1s\n server a 127.0.0.1:\(server.port) send-proxy\n"
            ])
            var plan = ServerPlan(name: "a", address: server.address)
            plan.connection.header = .versionOne
            let running = try RunningBalancer(servers: [plan]) {
                var listener = ListenerPlan(acceptsProxyHeader: true)
                listener.insertionMagic = 0x0102_0304
                $0.frontends[0].listeners = [listener]
            }
            func answer(at port: UInt16, _ header: [UInt8]) throws -> String {
                let client = try #require(BlockingSocket(to: port, from: 0x7f00_0001))
                client.send(header + Array("hi".utf8))
                client.endSending()
                return client.receiveAll().text
            }
            let four =
                "45000028 0000 4000 4006 0000 C0000201 C6336402 DC04 01BB 00000001 00000000"
                + "5002 0000 0000 0000"
            let six =
                "60000000 0014 06 40 20010DB8000000000000000000000001"
                + "20010DB80000000100000000000000FF 101C 01BB 00000001 00000000 5002 0000 0000 0000"
            for (header, line) in [
                ("01020304 00000028 \(four)", "TCP4 192.0.2.1 198.51.100.2 56324 443"),
                ("01020304 00000034 0000 0028 \(four)", "TCP4 192.0.2.1 198.51.100.2 56324 443"),
                ("01020304 0000003C \(six)", "TCP6 2001:db8::1 2001:db8:0:1::ff 4124 443"),
                (
                    "01020304 00000048 0000 003C \(six)",
                    "TCP6 2001:db8::1 2001:db8:0:1::ff 4124 443"
                ),
            ] {
                #expect(try answer(at: port, bytes(header)) == "PROXY \(line)\r\nhi")
                #expect(try answer(at: running.port, bytes(header)) == "PROXY \(line)\r\nhi")
            }
            for header in [
                "01020305 00000028 \(four)", "01020304 00000028 5\(four.dropFirst())",
                "01020304 00000028 \(four.replacing("4006", with: "4011"))",
            ] {
                #expect(try answer(at: port, bytes(header)) == "")
                #expect(try answer(at: running.port, bytes(header)) == "")
            }
            // In pieces it is one all the same; haproxy wants it at once.
            let client = running.connect()
            for byte in bytes("01020304 00000028 \(four)") {
                client.send([byte])
                Thread.sleep(for: .milliseconds(1))
            }
            client.endSending()
            #expect(client.receiveAll().text == "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n")
            // Neither is the other's header one.
            #expect(try answer(at: running.port, Array("PROXY UNKNOWN\r\n".utf8)) == "")
            #expect(running.frontend.refusalsByCause == [.headerMalformed: 4])
            withExtendedLifetime(proxy) {}
        }

        @Test func `a header that comes byte by byte is a header`() throws {
            let server = try AnsweringServer(after: 2) { bytes, _ in
                "got " + String(decoding: bytes, as: UTF8.self)
            }
            let running = try accepting([.at(server.address)])
            let client = running.connect()
            for byte in "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nhi".utf8 {
                client.send([byte])
                Thread.sleep(for: .milliseconds(1))
            }
            #expect(client.receiveAll().text == "got hi")
        }

        @Test func `the address in the header decides where a source goes`() throws {
            let a = try TestServer.named("a")
            let b = try TestServer.named("b")
            let running = try accepting([.at(.ipv4(a.address)), .at(.ipv4(b.address))]) {
                $0.pools[0].algorithm = .source
                $0.pools[0].servers[1].name = "b"
            }
            func answer(_ last: Int) -> String {
                running.answer(to: "PROXY TCP4 192.0.2.\(last) 198.51.100.2 56324 443\r\n")
            }
            let even = answer(2)
            #expect(Set([even, answer(3)]) == ["a", "b"])
            #expect([answer(2), answer(4), answer(2)] == [even, even, even])
        }

        @Test func `malformed, late and cut headers are told apart, and nothing stays`() throws {
            let (server, pool) = try named("never")
            defer { server.stop() }
            let running = try accepting(pool) {
                $0.frontends[0].clientTimeout = .milliseconds(150)
            }
            let wrong = running.connect()
            wrong.send("GET / HTTP/1.1\r\n\r\n")
            #expect(wrong.receiveAll().text == "")
            let cut = running.connect()
            cut.send("PROXY TCP4 192")
            cut.endSending()
            #expect(cut.receiveAll().text == "")
            let start = MonotonicInstant.now
            let late = running.connect()
            late.send("PROXY ")
            #expect(late.receiveAll().text == "")
            #expect(MonotonicInstant.now - start >= .milliseconds(140))
            let silent = running.connect()
            #expect(silent.receiveAll().text == "")
            let aborted = running.connect()
            aborted.send("PROXY ")
            #expect(eventually { running.frontend.totalSessions == 5 })
            aborted.reset()
            #expect(eventually { running.frontend.currentSessions == 0 })
            #expect(
                running.frontend.refusalsByCause == [
                    .headerMalformed: 1, .headerCut: 1, .headerLate: 2, .aborted: 1,
                ])
            #expect(running.frontend.requestErrors == 5)
            #expect(running.balancer.snapshot().pools[0].totalSessions == 0)
            #expect(running.balancer.connectionCount == 0)
        }

        @Test func `who says nothing after his header is as idle as anybody`() throws {
            let server = try TestServer.holding("a")
            let running = try accepting([.at(.ipv4(server.address))]) {
                $0.frontends[0].clientTimeout = .milliseconds(200)
                $0.pools[0].servers[0].connectionLimit = 1
                $0.pools[0].queueTimeout = .seconds(20)
            }
            let clients = (0..<2).map { _ in running.connect() }
            clients[0].send("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n")
            #expect(clients[0].receive(exactly: 1) == "a")
            clients[1].send("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n")
            #expect(eventually { running.balancer.snapshot().pools[0].currentQueue == 1 })
            for _ in 0..<30 {
                clients[0].send("x")
                Thread.sleep(for: .milliseconds(10))
            }
            #expect(clients[1].receiveAll().text == "")
            #expect(server.acceptedCount == 1)
            #expect(running.frontend.refusalsByCause == [.clientSilent: 1])
        }

        // MARK: Rules

        private func prefix(_ address: UInt32, _ length: Int) -> PrefixTable {
            PrefixTable([.init(IPEndpoint(ipv4: address, port: 0), length: length)])
        }

        private func when(_ questions: Question...) -> Condition {
            Condition([questions.map { Condition.Term([$0]) }])
        }

        @Test func `a source network is refused as soon as it connects`() throws {
            let (server, pool) = try named("a")
            defer { server.stop() }
            let running = try FamilyBalancer(pools: [pool]) {
                $0.frontends[0].rules.connection = [
                    Rule(.accept, if: self.when(.source(self.prefix(0x7f00_0002, 32)))),
                    Rule(.reject, if: self.when(.source(self.prefix(0x7f00_0000, 8)))),
                ]
            }
            #expect(
                running.connect(from: IPEndpoint(ipv4: 0x7f00_0002, port: 0)).receiveAll().text
                    == "a")
            #expect(running.answer() == "")
            #expect(running.frontend.refusalsByCause == [.deniedConnection: 1])
        }

        @Test func `a client that is dropped in silence is told nothing`() throws {
            let (server, pool) = try named("a")
            defer { server.stop() }
            let running = try FamilyBalancer(pools: [pool]) {
                $0.frontends[0].rules.connection = [Rule(.silentDrop)]
            }
            let client = running.connect()
            var limit = timeval(tv_sec: 0, tv_usec: 200_000)
            setsockopt(client.number, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
            let heard = client.receive()
            // Without CAP_NET_ADMIN a reset of one hop, which the loopback passes.
            #expect(heard == .failed(geteuid() == 0 ? EAGAIN : ECONNRESET))
            #expect(running.frontend.refusalsByCause == [.deniedConnection: 1])
            #expect(eventually { running.frontend.currentSessions == 0 })
        }

        @Test func `some networks send a header, by a rule`() throws {
            let server = try AnsweringServer(after: 2) { bytes, _ in
                "got " + String(decoding: bytes, as: UTF8.self)
            }
            let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                $0.frontends[0].rules.connection = [
                    Rule(.expectProxyHeader, if: self.when(.source(self.prefix(0x7f00_0002, 32))))
                ]
            }
            let behind = running.connect(from: IPEndpoint(ipv4: 0x7f00_0002, port: 0))
            behind.send("PROXY UNKNOWN\r\nhi")
            #expect(behind.receiveAll().text == "got hi")
            #expect(running.answer(to: "PROXY") == "got PR")
        }

        @Test func `the header's address is what rules after it see`() throws {
            let (server, pool) = try named("a")
            defer { server.stop() }
            let running = try accepting(pool) {
                $0.frontends[0].rules.session = [
                    Rule(.reject, if: self.when(.source(self.prefix(0xc000_0200, 24))))
                ]
            }
            #expect(running.answer(to: "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n") == "")
            #expect(running.answer(to: "PROXY TCP4 192.0.3.1 198.51.100.2 1 2\r\n") == "a")
            #expect(running.frontend.refusalsByCause == [.deniedSession: 1])
        }

        @Test func `the port that was connected to chooses the pool`() throws {
            let (first, a) = try named("a")
            let (second, b) = try named("b")
            defer {
                first.stop()
                second.stop()
            }
            let running = try accepting(a) { plan in
                plan.pools.append(PoolPlan(name: "other", servers: b))
                plan.frontends[0].rules.pools = [
                    PoolRule(1, if: self.when(.destinationPort([443...443])))
                ]
            }
            #expect(running.answer(to: "PROXY TCP4 192.0.2.1 198.51.100.2 1 443\r\n") == "b")
            #expect(running.answer(to: "PROXY TCP4 192.0.2.1 198.51.100.2 1 444\r\n") == "a")
        }

        @Test func `a pool without servers is told by how many can serve`() throws {
            let (server, a) = try named("a")
            let (other, b) = try named("b")
            defer {
                server.stop()
                other.stop()
            }
            let running = try FamilyBalancer(pools: [a, b]) {
                $0.frontends[0].rules.pools = [
                    PoolRule(1, if: self.when(.pool(.usableServers, poolIndex: 0, [0...0])))
                ]
            }
            #expect(running.answer() == "a")
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect(running.answer() == "b")
        }

        // MARK: TLS

        private func routed(
            delay: Duration, adjusting adjust: (inout BalancerPlan) -> Void = { _ in }
        ) throws -> (FamilyBalancer, [AnsweringServer]) {
            let (first, a) = try named("default")
            let (second, b) = try named("shop")
            let running = try FamilyBalancer(pools: [a, b]) {
                $0.frontends[0].rules.inspectDelay = delay
                $0.frontends[0].rules.pools = [
                    PoolRule(
                        1,
                        if: self.when(
                            .serverName([TextPattern(.end, ".EXAMPLE.org", ignoresCase: true)])))
                ]
                adjust(&$0)
            }
            return (running, [first, second])
        }

        @Test func `the name in the client's hello chooses the pool, and the hello arrives`() throws
        {
            let (running, servers) = try routed(delay: .seconds(5))
            defer { servers.forEach { $0.stop() } }
            let client = running.connect()
            client.send(opensslHello)
            #expect(client.receiveAll().text == "shop")
            let slow = running.connect()
            for byte in opensslHello {
                slow.send([byte])
                Thread.sleep(for: .microseconds(100))
            }
            #expect(slow.receiveAll().text == "shop")
            #expect(running.answer(to: "GET / HTTP/1.1\r\n\r\n") == "default")
            #expect(running.frontend.unreadableHellos == 1)
        }

        @Test func `a client that says nothing, and one that never ends, wait no longer than told`()
            throws
        {
            let (running, servers) = try routed(delay: .milliseconds(150))
            defer { servers.forEach { $0.stop() } }
            for text in ["", "\u{16}\u{3}\u{1}"] {
                let start = MonotonicInstant.now
                #expect(running.answer(to: text) == "default")
                let took = MonotonicInstant.now - start
                #expect(took >= .milliseconds(140) && took < .milliseconds(1500))
            }
            #expect(running.frontend.lateHellos == 2)
        }

        @Test func `a content rule closes those who do not speak TLS`() throws {
            let (running, servers) = try routed(delay: .milliseconds(150)) {
                $0.frontends[0].rules.content = [
                    Rule(.accept, if: self.when(.helloType([1...1]))), Rule(.reject),
                ]
            }
            defer { servers.forEach { $0.stop() } }
            #expect(running.answer(to: "SSH-2.0-x\r\n") == "")
            #expect(running.answer(to: "") == "")
            let client = running.connect()
            client.send(opensslHello)
            #expect(client.receiveAll().text == "shop")
            #expect(running.frontend.refusalsByCause == [.deniedContent: 2])
        }

        @Test func `a client that leaves while it is waited for costs no server anything`() throws {
            let (running, servers) = try routed(delay: .seconds(5))
            defer { servers.forEach { $0.stop() } }
            let client = running.connect()
            client.endSending()
            #expect(client.receiveAll().text == "")
            let aborted = running.connect()
            aborted.send("\u{16}")
            #expect(eventually { running.frontend.totalSessions == 2 })
            aborted.reset()
            #expect(eventually { running.frontend.currentSessions == 0 })
            #expect(running.frontend.refusalsByCause == [.cut: 1, .aborted: 1])
            #expect(running.balancer.snapshot().pools[0].totalSessions == 0)
        }

        @Test func `a protocol that the client offers chooses the pool`() throws {
            let (running, servers) = try routed(delay: .seconds(5)) {
                $0.frontends[0].rules.pools = [
                    PoolRule(1, if: self.when(.protocolName([TextPattern(.exact, "http/1.1")])))
                ]
            }
            defer { servers.forEach { $0.stop() } }
            let client = running.connect()
            client.send(opensslHello)
            #expect(client.receiveAll().text == "shop")
        }

        // MARK: To servers

        @Test func `a server learns who the client is`() throws {
            let server = try AnsweringServer(after: 28) { bytes, _ in
                bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            }
            defer { server.stop() }
            let line = try AnsweringServer(after: 15) { bytes, _ in
                String(decoding: bytes, as: UTF8.self)
            }
            defer { line.stop() }
            let first = try accepting([.at(line.address, ConnectionPlan(header: .versionOne))])
            #expect(first.answer(to: "PROXY UNKNOWN\r\n").hasPrefix("PROXY TCP4 127."))
            let six = "PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"
            #expect(first.answer(to: six) == String(six.prefix(15)))
            let second = try accepting([
                .at(server.address, ConnectionPlan(header: .versionTwo([])))
            ])
            // Only ASCII bytes: the server reads text.
            #expect(
                second.answer(to: "PROXY TCP4 1.2.3.4 5.6.7.8 4660 17185\r\n")
                    == "0d0a0d0a000d0a515549540a" + "2111000c" + "01020304" + "05060708" + "1234"
                    + "4321")
        }

        @Test func `connections come from the address that is configured`() throws {
            let server = try AnsweringServer { _, peer in "\(peer)" }
            defer { server.stop() }
            let source = IPEndpoint(ipv4: 0x7f00_0009, port: 0)
            let running = try FamilyBalancer(pools: [
                [.at(server.address, ConnectionPlan(source: .address(source)))]
            ])
            #expect(running.answer().hasPrefix("127.0.0.9:"))
        }
    }
}
