import Balancer
import Glibc
import LinuxIO
import Testing

extension BalancerTests {
    @Suite struct `Datagrams` {
        /// A server that answers each datagram with its name and what it got.
        final class NamedServer: Sendable {
            let address: StreamAddress
            private let number: Int32

            init(_ name: String, on address: StreamAddress = anyPort) throws {
                number = try DatagramSocket.bound(
                    to: address, options: ListeningOptions(backlog: 0)
                ).release()
                _ = fcntl(number, F_SETFL, 0)
                self.address = boundAddress(of: number)
                let number = number
                let thread = try Thread(name: "server") {
                    var buffer = [UInt8](repeating: 0, count: 65_536)
                    while true {
                        var peer = RawPeerAddress()
                        let transfer = buffer.withUnsafeMutableBytes { bytes -> Transfer in
                            guard let base = bytes.baseAddress else { return .wouldBlock }
                            return DatagramSocket.receive(
                                from: number, into: base, upTo: 65_536, peer: &peer)
                        }
                        guard case .moved(let count) = transfer else { return }
                        if count == 3, buffer[0] == 0x21 { return _ = close(number) }
                        let answer = Array(name.utf8) + buffer[..<count]
                        let to = RawStreamAddress(peer.endpoint)
                        answer.withUnsafeBytes { bytes in
                            guard let base = bytes.baseAddress else { return }
                            _ = DatagramSocket.send(
                                base, count: answer.count, to: to, by: number)
                        }
                    }
                }
                thread.detach()
            }

            /// Has the server close its socket.
            func stop() {
                let socket = DatagramClient(to: address)
                socket.send("!!!")
            }
        }

        final class DatagramClient {
            let socket: BlockingSocket

            init(to address: StreamAddress, from source: UInt32? = nil) {
                let number = Glibc.socket(address.family, Int32(SOCK_DGRAM.rawValue), 0)
                if let source {
                    let end = RawStreamAddress(IPEndpoint(ipv4: source, port: 0))
                    _ = StreamSocket.bind(number, to: end)
                }
                _ = StreamSocket.connect(number, to: RawStreamAddress(address))
                socket = BlockingSocket(adopting: number)
                var limit = timeval(tv_sec: 2, tv_usec: 0)
                setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, 16)
            }

            func send(_ text: String) {
                let bytes = Array(text.utf8)
                _ = Glibc.send(socket.number, bytes, bytes.count, 0)
            }

            func ask(_ text: String) -> String {
                send(text)
                guard case .bytes(let bytes) = socket.receive() else { return "" }
                return String(decoding: bytes, as: UTF8.self)
            }
        }

        /// A balancer of datagrams with one pool.
        final class Running {
            let balancer: Balancer
            let address: StreamAddress
            private let socket: Int32

            init(
                _ servers: [NamedServer], reactors: Int = 1, on address: StreamAddress = anyPort,
                adjusting adjust: (inout BalancerPlan) -> Void = { _ in }
            ) throws {
                socket = try DatagramSocket.bound(
                    to: address, options: ListeningOptions(backlog: 0)
                ).release()
                var plan = BalancerPlan(
                    reactorCount: reactors, frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                    pools: [PoolPlan(name: "pool", servers: servers.map { .at($0.address) })])
                for index in servers.indices { plan.pools[0].servers[index].name = "s\(index)" }
                plan.frontends[0].isDatagram = true
                adjust(&plan)
                balancer = try Balancer(plan: plan, listeners: [[socket]])
                try balancer.start()
                self.address = boundAddress(of: socket)
            }

            deinit {
                balancer.stop()
                close(socket)
            }
        }

        @Test(arguments: [1, 2]) func `a source stays with one server, sources take turns`(
            reactors: Int
        ) throws {
            let (a, b) = (try NamedServer("a"), try NamedServer("b"))
            let running = try Running([a, b], reactors: reactors)
            let first = DatagramClient(to: running.address)
            let second = DatagramClient(to: running.address)
            #expect((0..<3).map { first.ask("\($0)") } == ["a0", "a1", "a2"])
            #expect((0..<3).map { second.ask("\($0)") } == ["b0", "b1", "b2"])
            #expect(first.ask("") == "a")
            let large = String(repeating: "x", count: 60_000)
            #expect(first.ask(large) == "a" + large)
            // An answer is counted once it has been sent.
            #expect(
                eventually {
                    running.balancer.snapshot().pools[0].servers[0].bytesOut == 60_008
                })
            let snapshot = running.balancer.snapshot()
            #expect(snapshot.frontends[0].currentSessions == 2)
            #expect(snapshot.frontends[0].totalSessions == 2)
            #expect(snapshot.pools[0].servers.map(\.totalSessions) == [1, 1])
            #expect(snapshot.pools[0].servers[0].bytesIn == 60_003)
        }

        @Test func `a flow ends when nothing passes, and the next one begins anew`() throws {
            let (a, b) = (try NamedServer("a"), try NamedServer("b"))
            let running = try Running([a, b]) {
                $0.frontends[0].clientTimeout = .milliseconds(100)
            }
            let client = DatagramClient(to: running.address)
            #expect(client.ask("1") == "a1")
            #expect(eventually { running.balancer.connectionCount == 0 })
            #expect(client.ask("2") == "b2")
        }

        @Test func `a full table drops new sources, and is counted`() throws {
            let a = try NamedServer("a")
            let running = try Running([a]) {
                $0.frontends[0].connectionLimit = 2
            }
            let clients = (0..<3).map { _ in DatagramClient(to: running.address) }
            #expect(clients[0].ask("x") == "ax")
            #expect(clients[1].ask("x") == "ax")
            clients[2].send("x")
            #expect(
                eventually {
                    running.balancer.snapshot().frontends[0].refusalsByCause == [.flowsFull: 1]
                })
            #expect(clients[0].ask("y") == "ay")
            #expect(running.balancer.connectionCount == 2)
        }

        @Test func `datagrams of a flow that waits, and of one too many in a second, are counted`()
            throws
        {
            let running = try Running([NamedServer("a")]) {
                $0.frontends[0].sessionRateLimit = 2
                $0.pools[0].servers[0].connectionLimit = 1
            }
            let clients = (0..<3).map { _ in DatagramClient(to: running.address) }
            #expect(clients[0].ask("x") == "ax")
            clients[1].send("x")
            clients[2].send("x")
            #expect(
                eventually {
                    running.balancer.snapshot().frontends[0].refusalsByCause == [.datagramLost: 2]
                })
            // The second one has a flow, which waits; the third has none.
            let snapshot = running.balancer.snapshot()
            #expect(snapshot.frontends[0].totalSessions == 2)
            #expect(snapshot.pools[0].currentQueue == 1)
        }

        @Test func `a server that nobody listens on loses its flows`() throws {
            let (a, b) = (try NamedServer("a"), try NamedServer("b"))
            let running = try Running([a, b])
            let client = DatagramClient(to: running.address)
            #expect(client.ask("1") == "a1")
            a.stop()
            #expect(
                eventually {
                    client.send("2")
                    return running.balancer.snapshot().pools[0].servers[0].connectionErrors > 0
                })
            #expect(eventually { client.ask("3").hasPrefix("b") })
        }

        @Test func `a pool without a server drops, and holds nothing`() throws {
            let a = try NamedServer("a")
            let running = try Running([a])
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            let client = DatagramClient(to: running.address)
            client.send("1")
            #expect(eventually { running.balancer.snapshot().pools[0].connectionErrors == 1 })
            #expect(running.balancer.connectionCount == 0)
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(client.ask("2") == "a2")
        }
    }
}

/// Loopback, with a port that the kernel chooses.
let anyPort = StreamAddress.ipv4(SocketAddress(address: 0x7f00_0001, port: 0))

/// Where a socket of this host stands.
private func boundAddress(of socket: Int32) -> StreamAddress {
    let end = StreamSocket.localEndpoint(of: socket)
    return end.isIPv4
        ? .ipv4(SocketAddress(address: end.ipv4, port: end.port)) : .ipv6(end)
}
