import Balancer
import Glibc
import LinuxIO
import Synchronization
import Testing

extension BalancerTests {
    @Suite struct `Families` {
        static let loopback6 = IPEndpoint(high: 0, low: 1, port: 0)
        static func abstractName() -> String { "balancer-tests-\(UInt64.random(in: 0 ... .max))" }
        static func path() -> String { "/tmp/balancer-tests-\(UInt64.random(in: 0 ... .max))" }

        @Test func `clients over IPv6 reach servers over IPv4, and the other way round`() throws {
            let four = try AnsweringServer { _, peer in "four \(peer.isIPv4)" }
            let six = try AnsweringServer(on: .ipv6(Self.loopback6)) { _, peer in
                "six \(peer.isIPv4)"
            }
            let onSix = try FamilyBalancer(
                on: .ipv6(Self.loopback6), pools: [[.at(four.address)]])
            #expect(onSix.answer() == "four true")
            let onFour = try FamilyBalancer(pools: [[.at(six.address)]])
            #expect(onFour.answer() == "six false")
        }

        @Test(arguments: [false, true])
        func `who has no network to be chosen by takes turns`(isConsistent: Bool) throws {
            let servers = try ["a", "b"].map { name in try AnsweringServer { _, _ in name } }
            let running = try FamilyBalancer(
                on: .ipv6(Self.loopback6), pools: [servers.map { .at($0.address) }]
            ) {
                $0.pools[0].algorithm = .hash(
                    .network(of: .source, AddressMask(ipv4: 0xffff_ff00)))
                $0.pools[0].hashType.isConsistent = isConsistent
                $0.pools[0].servers[1].name = "b"
            }
            #expect((0..<4).map { _ in running.answer() } == ["a", "b", "a", "b"])
        }

        @Test func `a socket of IPv6 serves IPv4 too, or not`() throws {
            let server = try AnsweringServer { _, _ in "served" }
            let any = IPEndpoint(high: 0, low: 0, port: 0)
            var options = ListeningOptions(backlog: 64)
            options.servesIPv6Alone = false
            let both = try FamilyBalancer(
                on: .ipv6(any), pools: [[.at(server.address)]], options: options)
            guard case .ipv6(let end) = both.address else { return }
            let four = StreamAddress.ipv4(SocketAddress(address: 0x7f00_0001, port: end.port))
            let six = StreamAddress.ipv6(IPEndpoint(high: 0, low: 1, port: end.port))
            #expect(both.connect(to: four).receiveAll().text == "served")
            #expect(both.connect(to: six).receiveAll().text == "served")
            options.servesIPv6Alone = true
            let alone = try Socket.listening(on: .ipv6(any), options: options)
            let port = StreamSocket.localEndpoint(of: alone.rawValue).port
            #expect(BlockingSocket(to: port) == nil)
        }

        @Test func `Unix sockets on both sides`() throws {
            let path = Self.path()
            defer { unlink(path) }
            let server = try AnsweringServer(on: .abstractName(Self.abstractName()), after: 3) {
                bytes, _ in String(decoding: bytes, as: UTF8.self) + "!"
            }
            var options = ListeningOptions(backlog: 64)
            options.mode = 0o640
            let running = try FamilyBalancer(
                on: .path(path), pools: [[.at(server.address)]], options: options)
            #expect(running.answer(to: "abc") == "abc!")
            var information = stat()
            #expect(stat(path, &information) == 0)
            #expect(information.st_mode & 0o777 == 0o640)
        }

        @Test func `the line of a client without an address says so`() throws {
            let server = try AnsweringServer { _, _ in "a" }
            var plan = BalancerPlan()
            let running = try FamilyBalancer(
                on: .abstractName(Self.abstractName()), pools: [[.at(server.address)]]
            ) {
                $0.frontends[0].logging = ConnectionLogging(moment: .ending)
                plan = $0
            }
            #expect(running.answer() == "a")
            let line = ConnectionLine(plan)
            var text = ""
            #expect(
                eventually {
                    running.balancer.records?.take { record, _ in
                        text = line.text(record, acceptedAt: CivilTime(microseconds: 0))
                    }
                    return !text.isEmpty
                })
            #expect(text.hasPrefix("unix [01/Jan/1970"), "\(text)")
        }

        @Test func `a megabyte through Unix sockets arrives whole`() throws {
            let server = try AnsweringServer(on: .abstractName(Self.abstractName()), after: 1) {
                _, _ in String(repeating: "0123456789abcdef", count: 65_536)
            }
            let running = try FamilyBalancer(
                on: .abstractName(Self.abstractName()), pools: [[.at(server.address)]])
            #expect(running.answer(to: "x") == String(repeating: "0123456789abcdef", count: 65_536))
        }

        /// Closing a Unix socket hangs up both directions at once, before what was said is read.
        @Test func `who says something and closes is heard to the end`() throws {
            let heard = Endings()
            let server = try AnsweringServer(after: 3) { bytes, _ in
                heard.append(String(decoding: bytes, as: UTF8.self))
                return ""
            }
            let running = try FamilyBalancer(
                on: .abstractName(Self.abstractName()), pools: [[.at(server.address)]]
            ) {
                $0.pools[0].servers[0].connectionLimit = 1
                $0.pools[0].queueTimeout = .seconds(20)
            }
            let occupying = running.connect()
            #expect(eventually { running.frontend.totalSessions == 1 })
            for number in 0..<5 {
                let client = running.connect()
                client.send("no\(number)")
                client.close()
            }
            #expect(eventually { running.balancer.snapshot().pools[0].currentQueue == 5 })
            occupying.close()
            #expect(eventually { heard.values.count == 6 })
            #expect(heard.values.sorted() == ["", "no0", "no1", "no2", "no3", "no4"])
        }

        @Test func `a server that says something and closes is heard to the end`() throws {
            let server = try AnsweringServer(on: .abstractName(Self.abstractName())) { _, _ in "bye"
            }
            let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                $0.pools[0].retries = 0
            }
            for _ in 0..<50 { #expect(running.answer() == "bye") }
            #expect(running.balancer.snapshot().pools[0].connectionErrors == 0)
        }

        @Test func `a listener's own limit holds beside the frontend's`() throws {
            let server = try TestServer.holding("a")
            let running = try FamilyBalancer(pools: [[.at(.ipv4(server.address))]]) {
                $0.frontends[0].listeners[0].connectionLimit = 2
            }
            let first = running.connect()
            #expect(first.receive(exactly: 1) == "a")
            let second = running.connect()
            #expect(second.receive(exactly: 1) == "a")
            let third = running.connect()
            Thread.sleep(for: .milliseconds(50))
            #expect(running.frontend.totalSessions == 2)
            first.close()
            #expect(third.receive(exactly: 1) == "a")
            #expect(running.frontend.totalSessions == 3)
        }

        @Test func `connections through an address that left are reset on both sides`() throws {
            let server = try TestServer { socket in
                socket.send("a")
                Self.endings.append("\(socket.receiveAll().ending)")
            }
            let running = try FamilyBalancer(
                on: .ipv4(SocketAddress(address: 0, port: 0)),
                pools: [[.at(.ipv4(server.address))]])
            guard case .ipv4(let own) = running.address else { return }
            let leaving = running.connect(
                to: .ipv4(SocketAddress(address: 0x7f00_0002, port: own.port)))
            let staying = running.connect(
                to: .ipv4(SocketAddress(address: 0x7f00_0003, port: own.port)))
            #expect(leaving.receive(exactly: 1) == "a")
            #expect(staying.receive(exactly: 1) == "a")
            running.balancer.closeConnections(
                throughLocalAddress: IPEndpoint(ipv4: 0x7f00_0002, port: 0))
            #expect(leaving.receive() == .failed(ECONNRESET))
            #expect(eventually { Self.endings.values == ["failed(\(ECONNRESET))"] })
            #expect(running.frontend.refusalsByCause == [.addressLeft: 1])
            #expect(eventually { running.frontend.currentSessions == 1 })
            staying.endSending()
            #expect(staying.receiveAll().ending == .end)
        }

        @Test func `so are those that go to their server from it`() throws {
            let server = try TestServer.holding("a")
            let led = ServerPlan.at(.ipv4(server.address))
            let running = try FamilyBalancer(pools: [[led]]) {
                $0.pools[0].servers[0].connection.source = .address(
                    IPEndpoint(ipv4: 0x7f00_0009, port: 0))
            }
            let client = running.connect()
            #expect(client.receive(exactly: 1) == "a")
            running.balancer.closeConnections(
                throughLocalAddress: IPEndpoint(ipv4: 0x7f00_0008, port: 0))
            running.balancer.closeConnections(
                throughLocalAddress: IPEndpoint(ipv4: 0x7f00_0009, port: 0))
            #expect(client.receive() == .failed(ECONNRESET))
            #expect(running.frontend.refusalsByCause == [.addressLeft: 1])
        }

        private static let endings = Endings()
    }
}

/// What threads saw, in order.
final class Endings: Sendable {
    private let all = Mutex<[String]>([])
    func append(_ ending: String) { all.withLock { $0.append(ending) } }
    var values: [String] { all.withLock { $0 } }
}
