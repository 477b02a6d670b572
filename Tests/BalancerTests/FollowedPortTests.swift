import Balancer
import LinuxIO
import Testing

extension BalancerTests {
    /// `server a 192.0.2.1:+N`: haproxy's configuration manual, `server`.
    @Suite struct `Servers whose port follows the client's` {
        private static let loopback = SocketAddress(address: 0x7f00_0001, port: 0)

        private static let headed = {
            var listener = ListenerPlan()
            listener.acceptsProxyHeader = true
            return listener
        }()

        private static func following(_ offset: Int) -> ServerPlan {
            var plan = ServerPlan(name: "a", address: loopback)
            plan.portOffset = offset
            return plan
        }

        @Test(arguments: [1, 2]) func `each connection goes to the port that its own leads to`(
            reactors: Int
        ) throws {
            let (one, two) = (try TestServer.named("1"), try TestServer.named("2"))
            let running = try RunningBalancer(reactors: reactors, servers: [Self.following(-7)]) {
                $0.frontends[0].listeners = [Self.headed]
            }
            for number in 0..<10 {
                for (server, answer) in [(one, "1"), (two, "2")] {
                    let client = running.connect(by: number)
                    client.send("PROXY TCP4 192.0.2.1 198.51.100.2 56324 \(server.port + 7)\r\n")
                    #expect(client.receiveAll().text == answer)
                }
            }
            #expect(running.busyReactorCount == reactors)
        }

        @Test func `who is led there is told of with the port`() throws {
            let server = try TestServer.holding("a")
            let socket = try Socket.listening(on: Self.loopback, backlog: 8)
            let port = try Socket.localAddress(of: socket.rawValue).port
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [
                    PoolPlan(
                        name: "pool", servers: [Self.following(Int(server.port) - Int(port))])
                ])
            let form = LineFormat([
                .variable(.serverAddress, isQuoted: false), .text(":"),
                .variable(.serverPort, isQuoted: false),
            ])
            plan.frontends[0].logging = ConnectionLogging(moment: .ending)
            plan.frontends[0].logging?.tellsDestination = form.tellsDestination
            let balancer = try Balancer(plan: plan, listeners: [[socket.rawValue]])
            try balancer.start()
            defer { balancer.stop() }
            let client = try #require(BlockingSocket(to: port))
            #expect(client.receive(exactly: 1) == "a")
            #expect(balancer.entries().map(\.serverAddress) == [.ipv4(server.address)])
            client.close()
            var line: String?
            _ = eventually {
                balancer.records?.take { record, _ in
                    line = ConnectionLine(plan).text(
                        record, as: form, acceptedAt: CivilTime(microseconds: 0))
                }
                return line != nil
            }
            #expect(line == "127.0.0.1:\(server.port)")
        }

        @Test func `a new address has the port that follows, of either family`() throws {
            let server = try AnsweringServer(
                on: .ipv6(IPEndpoint(high: 0, low: 1, port: 0))
            ) { _, _ in "6" }
            guard case .ipv6(let end) = server.address else { return }
            var plan = Self.following(1)
            plan.isByName = true
            let running = try RunningBalancer(servers: [plan]) {
                $0.frontends[0].listeners = [Self.headed]
            }
            running.balancer.setAddress(
                pool: 0, server: 0, .ipv6(IPEndpoint(high: 0, low: 1, port: 0)))
            let client = running.connect()
            client.send("PROXY TCP4 192.0.2.1 198.51.100.2 56324 \(end.port - 1)\r\n")
            #expect(client.receiveAll().text == "6")
        }

        @Test func `datagrams are led so as well`() throws {
            let server = try BalancerTests.Datagrams.NamedServer("a")
            guard case .ipv4(let end) = server.address else { return }
            let socket = try DatagramSocket.bound(
                to: .ipv4(Self.loopback), options: ListeningOptions(backlog: 0))
            let port = StreamSocket.localEndpoint(of: socket.rawValue).port
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [
                    PoolPlan(name: "pool", servers: [Self.following(Int(end.port) - Int(port))])
                ])
            plan.frontends[0].isDatagram = true
            let balancer = try Balancer(plan: plan, listeners: [[socket.rawValue]])
            try balancer.start()
            defer { balancer.stop() }
            let client = BalancerTests.Datagrams.DatagramClient(
                to: .ipv4(SocketAddress(address: 0x7f00_0001, port: port)))
            #expect(client.ask("1") == "a1")
        }
    }
}
