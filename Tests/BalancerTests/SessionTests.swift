import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Connections as an operator looks at them and ends them.
    @Suite struct `Sessions` {
        @Test(arguments: [1, 2])
        func `each connection is told of once, whatever the size of the parts`(reactors: Int) throws
        {
            let running = try RunningBalancer(reactors: reactors, server: try TestServer.echo())
            let clients = (0..<7).map { number in
                let client = running.connect(by: number)
                client.send(String(repeating: "x", count: number + 1))
                _ = client.receive(exactly: number + 1)
                return client
            }
            #expect(running.busyReactorCount == reactors)
            // A place that was left in between.
            clients[2].close()
            #expect(running.wait { running.balancer.connectionCount == 6 })
            let ports = clients.filter { $0.number >= 0 }.map(\.localPort).sorted()
            for most in [1, 2, 100] {
                let entries = running.balancer.entries(most: most)
                #expect(entries.map(\.client.port).sorted() == ports)
                #expect(Set(entries.map(\.identifier)).count == 6)
                #expect(entries.map(\.bytesIn).sorted() == [1, 2, 4, 5, 6, 7])
                #expect(entries.map(\.bytesOut).sorted() == [1, 2, 4, 5, 6, 7])
            }
        }

        @Test func `an entry says who, where to, by what, and for how long`() throws {
            let server = try TestServer.echo()
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.frontends[0].listeners = [ListenerPlan(name: "door")]
            }
            let client = running.connect(from: 0x7f00_0002)
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            Thread.sleep(for: .milliseconds(30))
            client.send("yz")
            #expect(client.receive(exactly: 2) == "yz")
            let entry = try #require(running.balancer.entries().first)
            #expect(entry.phase == .relaying)
            #expect([entry.frontend, entry.listener] == ["front", "door"])
            #expect([entry.pool, entry.server] == ["pool", "a"])
            #expect(entry.client == IPEndpoint(ipv4: 0x7f00_0002, port: client.localPort))
            #expect(entry.local == IPEndpoint(ipv4: 0x7f00_0001, port: running.port))
            #expect(entry.serverAddress == .ipv4(server.address))
            #expect(entry.serverLocal.ipv4 == 0x7f00_0001 && entry.serverLocal.port != 0)
            #expect((entry.bytesIn, entry.bytesOut) == (3, 3))
            #expect(entry.age >= .milliseconds(30) && entry.age < .seconds(20))
            #expect(entry.idle < entry.age)
            #expect(entry.queuePlace == nil)
        }

        @Test func `who waits says at which place, and who connects says where to`() throws {
            let server = try TestServer.holding("a")
            let hole = try Hole()
            let running = try RunningBalancer(
                servers: [
                    ServerPlan(name: "full", address: server.address, connectionLimit: 1),
                    ServerPlan(name: "hole", address: hole.address, connectionLimit: 1),
                ])
            let clients = try (0..<4).map { number in
                let client = running.connect()
                try #require(running.wait { running.balancer.connectionCount == number + 1 })
                try #require(running.wait { running.balancer.entries().count == number + 1 })
                return client
            }
            #expect(clients[0].receive(exactly: 1) == "a")
            let entries = running.balancer.entries()
            #expect(entries.map(\.phase) == [.relaying, .connecting, .waiting, .waiting])
            #expect(entries.map(\.server) == ["full", "hole", nil, nil])
            #expect(entries.map(\.queuePlace) == [nil, nil, 1, 2])
            #expect(entries[1].serverAddress == .ipv4(hole.address))
            #expect(entries[2].serverAddress == nil && !entries[2].serverLocal.isPresent)
        }

        @Test func `a filter means those alone for which all holds that it says`() throws {
            let (a, b) = (try TestServer.echo(), try TestServer.echo())
            let running = try RunningBalancer(servers: servers([("a", a), ("b", b)]))
            let clients = [0x7f00_0001, 0x7f00_0001, 0x7f01_0001].map {
                running.connect(from: $0)
            }
            for client in clients {
                client.send("x")
                #expect(client.receive(exactly: 1) == "x")
            }
            // In turn: a, b, a.
            func count(_ change: (inout SessionFilter) -> Void) -> Int {
                var filter = SessionFilter()
                change(&filter)
                return running.balancer.entries(filter).count
            }
            #expect(count { $0.proxy = "front" } == 3)
            #expect(count { $0.proxy = "pool" } == 3)
            #expect(count { $0.proxy = "fron" } == 0)
            #expect(count { $0.server = .init(pool: "pool", server: "a") } == 2)
            #expect(count { $0.server = .init(pool: "front", server: "a") } == 0)
            let network = IPEndpoint(ipv4: 0x7f01_0000, port: 0)
            #expect(count { $0.source = .init(network, length: 16) } == 1)
            #expect(count { $0.source = .init(network, length: 8) } == 3)
            #expect(count { $0.source = .init(network, length: 32) } == 0)
            #expect(
                count {
                    $0.source = .init(network, length: 16)
                    $0.server = .init(pool: "pool", server: "b")
                } == 0)
            #expect(count { $0.age = .seconds(3600) } == 0)
            #expect(running.wait { count { $0.age = .milliseconds(20) } == 3 })
        }

        @Test(arguments: [1, 2])
        func `a name ends one connection, and nobody once that is gone`(reactors: Int) throws {
            let running = try RunningBalancer(reactors: reactors, server: try TestServer.echo())
            func open(by reactor: Int) -> BlockingSocket {
                let client = running.connect(by: reactor)
                client.send("x")
                #expect(client.receive(exactly: 1) == "x")
                return client
            }
            let clients = [open(by: 0), open(by: 1)]
            #expect(running.busyReactorCount == reactors)
            var filter = SessionFilter()
            filter.identifier =
                running.balancer.entries().first {
                    $0.client.port == clients[1].localPort
                }?.identifier
            #expect(filter.identifier != nil)
            #expect(running.balancer.entries(filter).count == 1)
            #expect(running.balancer.end(filter) == 1)
            #expect(clients[1].receiveAll().ending == .failed(ECONNRESET))
            // One of them takes the place that was left.
            let others = (0..<reactors).map { open(by: $0) }
            #expect(
                running.balancer.entries().contains {
                    $0.identifier.place == filter.identifier?.place
                })
            #expect(running.balancer.end(filter) == 0)
            #expect(running.balancer.entries(filter).isEmpty)
            for client in [clients[0]] + others {
                client.send("y")
                #expect(client.receive(exactly: 1) == "y")
            }
            for place in [
                SessionPlace(reactor: 7), SessionPlace(reactor: -1), SessionPlace(index: -1),
                SessionPlace(index: .max),
            ] {
                filter.identifier = SessionIdentifier(place: place, generation: 1)
                #expect(running.balancer.end(filter) == 0)
            }
        }

        @Test func `an end by order resets who is served, and the log says who wanted it`() throws {
            let server = try TestServer.holding("a")
            let logged = try LoggedBalancer(
                servers: [ServerPlan(name: "a", address: server.address, connectionLimit: 1)])
            let running = logged.running
            let served = running.connect()
            #expect(served.receive(exactly: 1) == "a")
            let waiting = running.connect()
            #expect(running.wait { running.pool.currentQueue == 1 })
            var filter = SessionFilter()
            filter.age = .seconds(3600)
            #expect(running.balancer.end(filter) == 0)
            filter = SessionFilter()
            filter.server = .init(pool: "pool", server: "a")
            // Who waits for any server waits for none of that name; he is served when it is free.
            #expect(running.balancer.end(filter) == 1)
            #expect(served.receiveAll().ending == .failed(ECONNRESET))
            #expect(waiting.receive(exactly: 1) == "a")
            let third = running.connect()
            #expect(running.wait { running.pool.currentQueue == 1 })
            filter = SessionFilter()
            filter.proxy = "front"
            #expect(running.balancer.end(filter) == 2)
            #expect(waiting.receiveAll().ending == .failed(ECONNRESET))
            #expect(third.receiveAll().ending == .end)
            let states = logged.lines(3).map { tail($0).split(separator: " ")[1] }
            #expect(states == ["K-", "KQ", "K-"])
            let pool = running.pool
            #expect((pool.currentQueue, pool.currentSessions) == (0, 0))
            #expect(pool.servers[0].currentSessions == 0)
        }

        @Test(arguments: [1, 2])
        func `many are ended part by part, and counted`(reactors: Int) throws {
            let running = try RunningBalancer(reactors: reactors, server: try TestServer.echo())
            let clients = (0..<40).map { running.connect(by: $0) }
            for client in clients {
                client.send("x")
                #expect(client.receive(exactly: 1) == "x")
            }
            #expect(running.busyReactorCount == reactors)
            #expect(running.balancer.end(SessionFilter(), most: 3) == 40)
            #expect(running.balancer.connectionCount == 0)
            #expect(clients.allSatisfy { $0.receiveAll().ending == .failed(ECONNRESET) })
        }

        @Test func `what the plan has no more is still named by its connections`() throws {
            let (a, b) = (try TestServer.echo(), try TestServer.echo())
            let running = try Succession.Running(
                BalancerPlan(
                    frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                    pools: [PoolPlan(name: "pool", servers: servers([("a", a), ("b", b)]))]))
            let client = try running.connect()
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            let before = running.balancer.entries()
            // Another server takes its name, at another address.
            try running.adopt { $0.pools[0].servers = servers([("b", a), ("a", b)]) }
            let after = running.balancer.entries()
            #expect(after.map(\.identifier) == before.map(\.identifier))
            #expect(after.map(\.server) == ["a"])
            #expect(after.map(\.serverAddress) == [.ipv4(a.address)])
            var filter = SessionFilter()
            filter.server = .init(pool: "pool", server: "a")
            #expect(running.balancer.end(filter) == 1)
        }

        @Test func `a flow of datagrams is one, and can be ended`() throws {
            let server = try Datagrams.NamedServer("s")
            let running = try Datagrams.Running([server])
            let client = Datagrams.DatagramClient(to: running.address)
            #expect(client.ask("123") == "s123")
            let entry = try #require(running.balancer.entries().first)
            #expect(entry.phase == .flowing)
            #expect(entry.client.port == client.socket.localPort)
            #expect(entry.serverAddress == server.address)
            #expect((entry.bytesIn, entry.bytesOut) == (3, 4))
            #expect(running.balancer.end(SessionFilter()) == 1)
            #expect(running.balancer.connectionCount == 0)
            #expect(client.ask("4") == "s4")
            #expect(running.balancer.entries().map(\.bytesIn) == [1])
        }

        @Test func `one that has ended answers at once that there is nothing`() throws {
            let running = try RunningBalancer(server: try TestServer.echo())
            let waiting = running.connect()
            waiting.send("x")
            #expect(waiting.receive(exactly: 1) == "x")
            running.balancer.stop()
            #expect(running.balancer.entries().isEmpty)
            #expect(running.balancer.end(SessionFilter()) == 0)
        }
    }
}

/// A port where nobody answers: its queue is full, and the kernel drops who wants to connect.
private final class Hole {
    let address: SocketAddress
    private let sockets: [Int32]

    init() throws {
        let listener = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 0)
        address = try Socket.localAddress(of: listener.rawValue)
        let raw = address.raw
        let clients = (0..<4).map { _ in
            let client = Int32(StreamSocket.open())
            _ = StreamSocket.connect(client, to: raw)
            return client
        }
        sockets = [listener.release()] + clients
    }

    deinit { for socket in sockets { close(socket) } }
}

extension Balancer {
    /// All connections that are meant, asked for part by part.
    func entries(
        _ filter: SessionFilter = SessionFilter(), most: Int = 100
    ) -> [SessionEntry] {
        gather { self.lookAtSessions(filter, from: $0, most: most, answer: $1) }.entries
    }

    /// Ends all that are meant, part by part.
    fileprivate func end(_ filter: SessionFilter, most: Int = 100) -> Int {
        gather { self.endSessions(filter, from: $0, most: most, answer: $1) }.endedCount
    }

    private func gather(
        _ ask: (SessionPlace, @escaping @Sendable (SessionSlice) -> Void) -> Void
    ) -> SessionSlice {
        var sum = SessionSlice()
        var place: SessionPlace? = SessionPlace()
        while let next = place {
            let answer = Box<SessionSlice>()
            ask(next) { answer.value = $0 }
            guard eventually({ answer.value != nil }), let slice = answer.value else {
                Issue.record("no answer")
                return sum
            }
            sum.entries += slice.entries
            sum.endedCount += slice.endedCount
            place = slice.next
        }
        return sum
    }
}

extension BlockingSocket {
    fileprivate var localPort: UInt16 { StreamSocket.localEndpoint(of: number).port }
}
