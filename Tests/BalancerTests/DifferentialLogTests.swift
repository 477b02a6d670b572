import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What haproxy 2.6 chooses and writes for the same clients.
    @Suite struct `Beside haproxy's choices` {
        @Test(arguments: [
            ("djb2", HashType(function: .djb2)), ("crc32", HashType(function: .crc32)),
            ("sdbm avalanche", HashType(avalanches: true)), ("wt6", HashType(function: .wt6)),
        ])
        func `a hash of a port leads to the same server`(name: String, type: HashType) throws {
            let named = try ["a", "b", "c"].map(TestServer.named)
            let settings = ProxySettings(balance: "hash src_port")
            let proxy = try HAProxy(sections: [
                settings.section(
                    servers: named.map(\.address), more: "hash-type map-based \(name)")
            ])
            for _ in 0..<20 {
                let client = try #require(BlockingSocket(to: proxy.port))
                // The client's own end is what haproxy sees as the source.
                let port = StreamSocket.localEndpoint(of: client.number).port
                let hash = ClientKey.hash(.sourcePort, type).value(of: .number(UInt32(port)))
                #expect(client.receiveAll().text == ["a", "b", "c"][Int(try #require(hash) % 3)])
            }
        }

        /// An order, and who asks in which: each connection ends before the next one comes, or none.
        private struct Order {
            var settings = ProxySettings(limit: nil)
            var clients: [UInt32] = Array(repeating: 1, count: 21)
            var isHeld = false
        }

        private static let orders: [Order] = {
            func order(
                _ algorithm: PoolPlan.Algorithm, _ words: String, weights: [Int] = [],
                limit: Int? = nil, isConsistent: Bool = false, numbers: [Int] = [],
                clients: [UInt32] = [], isHeld: Bool = false
            ) -> Order {
                var order = Order(isHeld: isHeld)
                order.settings.algorithm = algorithm
                order.settings.balance = words
                order.settings.weights = weights
                order.settings.limit = limit
                order.settings.isConsistent = isConsistent
                order.settings.numbers = numbers
                if !clients.isEmpty { order.clients = clients }
                return order
            }
            let many = Array(1...40 as ClosedRange<UInt32>)
            return [
                order(.roundrobin, "roundrobin"),
                order(.roundrobin, "roundrobin", weights: [5, 1, 1]),
                order(.roundrobin, "roundrobin", weights: [4, 2, 3]),
                order(.staticRoundrobin, "static-rr", weights: [4, 2, 3]),
                order(.leastconn, "leastconn", weights: [2, 1, 1], isHeld: true),
                order(.leastconn, "leastconn", weights: [3, 2, 1], isHeld: true),
                order(.first, "first", limit: 3, clients: Array(1...9), isHeld: true),
                order(
                    .first, "first", limit: 3, numbers: [9, 4, 7], clients: Array(1...9),
                    isHeld: true),
                order(.source, "source", clients: many),
                // The third has the next number that is free.
                order(
                    .hash(.source), "hash src", isConsistent: true, numbers: [3, 900],
                    clients: many),
                order(.source, "source", isConsistent: true, clients: many),
                order(.hash(.source), "hash src", weights: [3, 1, 2], clients: many),
                order(.hash(.source), "hash src", isConsistent: true, clients: many),
            ]
        }()

        @Test func `every order is the same`() throws {
            let named = try ["a", "b", "c"].map { ($0, try TestServer.holding($0)) }
            let proxy = try HAProxy(
                sections: Self.orders.map { $0.settings.section(servers: named.map(\.1.address)) })
            for (index, order) in Self.orders.enumerated() {
                let running = try RunningBalancer(
                    servers: servers(named), adjusting: order.settings.apply)
                let answers = try [proxy.ports[index], running.port].map { port in
                    var held: [BlockingSocket] = []
                    return try order.clients.map { client in
                        let source = 0x7f00_0000 | client << 8 | 1
                        let socket = try #require(BlockingSocket(to: port, from: source))
                        if order.isHeld { held.append(socket) }
                        let answer = socket.receive(exactly: 1)
                        if !order.isHeld {
                            socket.endSending()
                            _ = socket.receiveAll()
                        }
                        return answer
                    }.joined()
                }
                #expect(answers[0] == answers[1], "\(order.settings.balance)")
                #expect(Set(answers[0]) == ["a", "b", "c"])
            }
        }

        @Test func `log lines are the same, but for one millisecond of haproxy's`() throws {
            let server = try TestServer.holding("a")
            let log = try DatagramLog()
            let settings = ProxySettings()
            let proxy = try HAProxy(sections: [
                settings.section(
                    servers: [server.address],
                    more: "log \(log.end) format raw local0\n"
                        + "    option tcplog")
            ])
            var plan = BalancerPlan()
            let balancer = try RunningBalancer(
                servers: [ServerPlan(name: "s", address: server.address)]
            ) {
                settings.apply(to: &$0)
                $0.frontends[0].logging = ConnectionLogging(moment: .ending)
                $0.frontends[0].name = "proxy"
                $0.pools[0].name = "proxy"
                plan = $0
            }
            let theirs = try talk(to: proxy.port, line: log.line)
            let line = ConnectionLine(plan)
            let ours = try talk(to: balancer.port) {
                var text = ""
                _ = eventually {
                    balancer.balancer.records?.take { record, _ in
                        text = line.text(record, acceptedAt: CivilTime(microseconds: 0))
                    }
                    return !text.isEmpty
                }
                return text
            }
            #expect(theirs.count == 5)
            for (number, line) in ours.enumerated() {
                // haproxy says "while moving data" of a client that breaks off in the queue.
                let other = number == 3 ? theirs[3].replacing("CD", with: "CQ") : theirs[number]
                #expect(line == other)
            }
        }

        @Test func `where the last attempt at a server came from is told, though it refused`()
            throws
        {
            let closed = SocketAddress(address: 0x7f00_0001, port: try freePorts(1)[0])
            let log = try DatagramLog()
            var settings = ProxySettings()
            settings.retries = 0
            let proxy = try HAProxy(sections: [
                settings.section(
                    servers: [closed],
                    more: "log \(log.end) format raw local0\n    log-format \"%bi %ts\"")
            ])
            #expect(BlockingSocket(to: proxy.port)?.receiveAll().text == "")
            #expect(log.line().hasPrefix("127.0.0.1 SC"))
            let running = try RunningBalancer(
                servers: [ServerPlan(name: "s", address: closed)]
            ) {
                settings.apply(to: &$0)
                $0.frontends[0].logging = ConnectionLogging(moment: .ending)
                $0.frontends[0].logging?.tellsSourceEnd = true
            }
            #expect(running.answer() == "")
            var ends: [IPEndpoint] = []
            _ = eventually {
                running.balancer.records?.take { record, _ in ends.append(record.sourceEnd) }
                return !ends.isEmpty
            }
            #expect(ends.first?.ipv4 == 0x7f00_0001 && ends.first?.port != 0)
        }

        @Test func `the end towards the server and the times of the parts are haproxy's`() throws {
            let server = try TestServer { socket in
                socket.send("\(StreamSocket.peerEndpoint(of: socket.number))\n")
                _ = socket.receiveAll()
            }
            let log = try DatagramLog()
            let port = try freePorts(1)[0]
            let proxy = try HAProxy(sections: [
                ProxySettings().section(
                    servers: [server.address],
                    more: """
                        bind 127.0.0.1:\(port) accept-proxy
                            log \(log.end) format raw local0
                            log-format "%bi:%bp %Th %Tw %Tc %Td %Tt"
                        """)
            ])
            _ = proxy
            let theirs = try times(of: talkAfterHeader(to: port), in: log.line())
            func variable(_ variable: LineFormat.Variable) -> LineFormat.Piece {
                .variable(variable, isQuoted: false)
            }
            let times: [LineFormat.Variable] = [
                .headerTime, .queueTime, .connectTime, .dataTime, .totalTime,
            ]
            let form = LineFormat(
                [variable(.sourceAddress), .text(":"), variable(.sourcePort)]
                    + times.flatMap { [.text(" "), variable($0)] })
            var logging = ConnectionLogging(moment: .ending)
            logging.tellsSourceEnd = form.tellsSourceEnd
            logging.tellsHeaderTime = form.tellsHeaderTime
            let running = try RunningBalancer(
                servers: [ServerPlan(name: "s", address: server.address)]
            ) {
                $0.frontends[0].logging = logging
                $0.frontends[0].listeners = [ListenerPlan(acceptsProxyHeader: true)]
            }
            // What waits in the kernel is no time of the connection's yet.
            let seen = try talkAfterHeader(to: running.port) {
                #expect(running.wait { running.balancer.connectionCount == 1 })
            }
            var text = ""
            _ = eventually {
                running.balancer.records?.take { record, _ in
                    text = ConnectionLine(running.balancer.plan).text(
                        record, as: form, acceptedAt: CivilTime(microseconds: 0))
                }
                return !text.isEmpty
            }
            let ours = try self.times(of: seen, in: text)
            for (own, other) in zip(ours, theirs) {
                #expect(abs(own - other) < 60, "\(ours) \(theirs)")
            }
            // The difference of two times that were cut to milliseconds.
            #expect(ours[0] >= 199 && ours[3] >= 99, "\(ours)")
        }

        @Test(arguments: ["2001:db8:0:0:1:0:0:7", "::1", "1:0:0:2::"])
        func `addresses of IPv6 are written the same`(client: String) throws {
            let server = try TestServer.named("a")
            let log = try DatagramLog()
            let port = try #require(freePorts(1).first)
            let proxy = try HAProxy(sections: [
                ProxySettings().section(
                    servers: [server.address],
                    more: """
                        bind 127.0.0.1:\(port) accept-proxy
                            log \(log.end) format raw local0
                            option tcplog
                        """)
            ])
            _ = proxy
            func talk(to port: UInt16) throws {
                let socket = try #require(BlockingSocket(to: port))
                socket.send("PROXY TCP6 \(client) 2001:db8::1 56324 80\r\n")
                #expect(socket.receiveAll().text == "a")
            }
            try talk(to: port)
            let theirs = log.line().split(separator: " ").first
            let running = try RunningBalancer(
                servers: [ServerPlan(name: "s", address: server.address)]
            ) {
                $0.frontends[0].logging = ConnectionLogging(moment: .ending)
                $0.frontends[0].listeners = [ListenerPlan(acceptsProxyHeader: true)]
            }
            try talk(to: running.port)
            var ours = ""
            _ = eventually {
                running.balancer.records?.take { record, _ in
                    ours = ConnectionLine(running.balancer.plan).text(
                        record, acceptedAt: CivilTime(microseconds: 0))
                }
                return !ours.isEmpty
            }
            #expect(theirs?.hasSuffix(":56324") == true)
            #expect(ours.split(separator: " ").first == theirs)
        }

        /// A connection whose header comes late and that stays a while.
        ///
        /// - Parameters:
        ///   - port: Where it goes to.
        ///   - awaitAcceptance: Returns when it has been accepted.
        /// - Returns: What its server said of where it came from.
        /// - Throws: Where it can't connect.
        private func talkAfterHeader(
            to port: UInt16, _ awaitAcceptance: () -> Void = {}
        ) throws -> String {
            let client = try #require(BlockingSocket(to: port))
            awaitAcceptance()
            Thread.sleep(for: .milliseconds(200))
            client.send("PROXY TCP4 192.0.2.1 198.51.100.2 56324 80\r\n")
            var seen = ""
            while !seen.hasSuffix("\n") {
                let byte = client.receive(exactly: 1)
                guard !byte.isEmpty else { break }
                seen += byte
            }
            Thread.sleep(for: .milliseconds(100))
            client.close()
            return seen.trimmingNewline
        }

        /// The times of a line that begins with what the server saw.
        private func times(of seen: String, in line: String) throws -> [Int] {
            let words = line.trimmingNewline.split(separator: " ")
            #expect(words.first.map(String.init) == seen)
            let times = words.dropFirst().compactMap { Int($0) }
            try #require(times.count == 5, "\(line)")
            return times
        }

        /// Connections that end in five ways, one after the other, and the line of each, without
        /// what depends on the moment: address, date, and times.
        private func talk(to port: UInt16, line: () -> String) throws -> [String] {
            var lines: [String] = []
            func end(_ body: (BlockingSocket) -> Void) throws {
                let socket = try #require(BlockingSocket(to: port))
                body(socket)
                let words = line().split(separator: " ").dropFirst(2)
                lines.append(
                    words.enumerated().map { $0 == 2 ? "T" : String($1) }.joined(separator: " ")
                        .trimmingNewline)
            }
            try end {
                _ = $0.receive(exactly: 1)
                $0.close()
            }
            try end {
                _ = $0.receive(exactly: 1)
                $0.reset()
            }
            try end { _ = $0.receiveAll() }
            let held = (0..<2).compactMap { _ in BlockingSocket(to: port) }
            #expect(held.map { $0.receive(exactly: 1) } == ["a", "a"])
            try end { socket in
                Thread.sleep(for: .milliseconds(100))
                socket.reset()
            }
            try end { _ = $0.receiveAll() }
            return lines
        }
    }
}

/// Where haproxy sends its lines to.
private final class DatagramLog {
    private let socket: Int32

    init() throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        #expect(bindLoopback(socket, 0x7f00_0001, 0))
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
    }

    deinit { close(socket) }

    var end: IPEndpoint { StreamSocket.localEndpoint(of: socket) }

    /// The next line; empty where none comes.
    func line() -> String {
        var buffer = [UInt8](repeating: 0, count: 2048)
        let count = recv(socket, &buffer, 2048, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
