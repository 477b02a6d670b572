import Balancer
import Glibc
import LinuxIO
import Testing

extension BalancerTests {
    /// `server a 192.0.2.1:+N`, `server a 0.0.0.0`: haproxy's configuration manual, `server`.
    @Suite struct `Servers whose place follows the client's` {
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

        @Test(arguments: [false, true])
        func `who is led there is told of with the address and the port`(
            isAnywhere: Bool
        ) throws {
            let server = try TestServer.holding("a")
            let socket = try Socket.listening(on: Self.loopback, backlog: 8)
            let port = try Socket.localAddress(of: socket.rawValue).port
            var following = Self.following(Int(server.port) - Int(port))
            if isAnywhere { following.address = .ipv4(SocketAddress(address: 0, port: 0)) }
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: [following])])
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

        /// A server on a port of each of these addresses of IPv4, that says which one it was.
        private func servers(on port: UInt16, _ hosts: [UInt32]) throws -> [AnsweringServer] {
            try hosts.map { host in
                try AnsweringServer(on: .ipv4(SocketAddress(address: host, port: port))) { _, _ in
                    "\(host & 255)"
                }
            }
        }

        @Test(arguments: [false, true])
        func `without an address it is where its client connected to, as at haproxy`(
            hasOwnPort: Bool
        ) throws {
            let target = try freePorts(1)[0]
            let hosts: [UInt32] = [0x7f00_0002, 0x7f00_0003]
            let own = try servers(on: target, hosts)
            let listening = try freePorts(1)[0]
            let word = hasOwnPort ? "0.0.0.0:\(target)" : "0.0.0.0"
            let proxy = try HAProxy(sections: [
                " bind 127.0.0.1:\(listening) accept-proxy\n timeout connect 1s\n server a \(word)\n"
            ])
            var plan = ServerPlan(
                name: "a", address: SocketAddress(address: 0, port: hasOwnPort ? target : 0))
            plan.portOffset = hasOwnPort ? nil : 0
            let running = try RunningBalancer(servers: [plan]) {
                $0.frontends[0].listeners = [Self.headed]
            }
            for port in [listening, running.port] {
                for (host, answer) in zip(hosts, ["2", "3"]) {
                    let client = try #require(BlockingSocket(to: port, from: 0x7f00_0001))
                    client.send(
                        "PROXY TCP4 192.0.2.1 127.0.0.\(host & 255) 56324"
                            + " \(hasOwnPort ? 1 : target)\r\n")
                    #expect(client.receiveAll().text == answer)
                }
            }
            withExtendedLifetime((own, proxy)) {}
        }

        @Test func `a socket that went to one family goes to no other`() throws {
            let four = try TestServer { $0.send($0.receiveAll().text) }
            let six = try AnsweringServer(
                on: .ipv6(IPEndpoint(high: 0, low: 1, port: 0))
            ) { _, _ in "6" }
            guard case .ipv6(let end) = six.address else { return }
            var plan = ServerPlan(name: "a", address: SocketAddress(address: 0, port: 0))
            plan.portOffset = 0
            let running = try RunningBalancer(servers: [plan]) {
                $0.frontends[0].listeners = [Self.headed]
                $0.pools[0].retries = 0
            }
            for (header, answer) in [
                ("TCP4 192.0.2.1 127.0.0.1 56324 \(four.port)", "4"),
                ("TCP6 2001:db8::1 ::1 56324 \(end.port)", "6"),
            ] {
                let client = running.connect()
                client.send("PROXY \(header)\r\n\(answer)")
                client.endSending()
                #expect(client.receiveAll().text == answer)
                client.close()
                #expect(running.wait { running.frontend.currentSessions == 0 })
            }
        }

        @Test func `what an operator says is where it is until he takes it back`() throws {
            let target = try freePorts(1)[0]
            let own = try servers(on: target, [0x7f00_0002, 0x7f00_0003])
            let anywhere = SocketAddress(address: 0, port: target)
            let running = try RunningBalancer(
                servers: [ServerPlan(name: "a", address: anywhere)]
            ) {
                $0.frontends[0].listeners = [Self.headed]
            }
            func answer() -> String {
                let client = running.connect()
                client.send("PROXY TCP4 192.0.2.1 127.0.0.2 56324 9\r\n")
                return client.receiveAll().text
            }
            #expect(answer() == "2")
            let moved = SocketAddress(address: 0x7f00_0003, port: target)
            running.balancer.setAddress(pool: 0, server: 0, .ipv4(moved))
            #expect(answer() == "3")
            running.balancer.setAddress(pool: 0, server: 0, .ipv4(anywhere))
            #expect(answer() == "2")
            withExtendedLifetime(own) {}
        }

        @Test func `who came by a Unix socket has no server without an address, and others do`()
            throws
        {
            let target = try freePorts(1)[0]
            let own = try servers(on: target, [0x7f00_0001])
            let path = "/tmp/anywhere-test-\(target)"
            defer { unlink(path) }
            let unix = try Socket.listening(
                on: .path(path), options: ListeningOptions(backlog: 8))
            let tcp = try Socket.listening(on: Self.loopback, backlog: 8)
            let anywhere = SocketAddress(address: 0, port: target)
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [
                    PoolPlan(name: "pool", servers: [ServerPlan(name: "a", address: anywhere)])
                ])
            plan.frontends[0].listeners = [ListenerPlan(), ListenerPlan()]
            plan.pools[0].retries = 0
            let balancer = try Balancer(
                plan: plan, listeners: [[unix.rawValue, tcp.rawValue]])
            try balancer.start()
            defer { balancer.stop() }
            let port = StreamSocket.localEndpoint(of: tcp.rawValue).port
            for round in 1...2 {
                #expect(dial(.path(path)).receiveAll().text == "")
                #expect(
                    eventually { balancer.snapshot().pools[0].connectionErrors == round })
                let client = try #require(BlockingSocket(to: port))
                #expect(client.receiveAll().text == "1")
            }
            withExtendedLifetime(own) {}
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
