import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Servers that fail` {
        @Test func `a refused attempt is repeated at the same server after a second`() throws {
            let refusing = try TestServer.refusingAddress()
            let running = try RunningBalancer(servers: [ServerPlan(name: "a", address: refusing)]) {
                $0.pools[0].retries = 1
            }
            let start = MonotonicInstant.now
            let (text, ending) = running.connect().receiveAll()
            let took = MonotonicInstant.now - start
            #expect(text.isEmpty)
            #expect(ending == .end)
            #expect(took >= .milliseconds(990) && took < .milliseconds(1500))
            let server = running.pool.servers[0]
            #expect(server.retries == 1)
            #expect(server.connectionErrors == 1)
            #expect(running.wait { running.pool.currentSessions == 0 })
            #expect(running.pool.servers[0].currentSessions == 0)
        }

        @Test func `a client's first bytes bring the end of the handshake along`() throws {
            /// Of TCP_INFO, `tcpi_segs_in`: packets that a server gets until it has the first byte.
            let server = try TestServer { socket in
                _ = socket.receive(exactly: 1)
                var (info, length) = ([UInt32](repeating: 0, count: 36), UInt32(144))
                _ = getsockopt(socket.number, 6, 11, &info, &length)
                socket.send("\(info[35])")
            }
            func packets(isSaving: Bool, waits: Bool = true) throws -> String {
                let running = try RunningBalancer(servers: servers([("a", server)])) {
                    $0.pools[0].savesAcknowledgement = isSaving
                    guard waits else { return }
                    $0.frontends[0].rules.inspectDelay = .seconds(5)
                    $0.frontends[0].rules.content = [
                        Rule(.accept, if: Condition([[.init([.byteCount([1...9])])]]))
                    ]
                }
                let client = running.connect()
                if !waits { #expect(running.wait { running.pool.currentSessions == 1 }) }
                client.send("x")
                return client.receive(exactly: 1)
            }
            #expect(try packets(isSaving: false) == "3")
            #expect(try packets(isSaving: true) == "2")
            // A server that speaks first is not kept waiting for it.
            #expect(try packets(isSaving: true, waits: false) == "3")
        }

        @Test func `with redispatch another server is tried at once`() throws {
            let b = try TestServer.named("b")
            let running = try RunningBalancer(servers: [
                ServerPlan(name: "a", address: try TestServer.refusingAddress()),
                ServerPlan(name: "b", address: b.address),
            ]) { $0.pools[0].redispatches = true }
            let start = MonotonicInstant.now
            #expect((0..<4).map { _ in running.answer() } == ["b", "b", "b", "b"])
            #expect(MonotonicInstant.now - start < .milliseconds(500))
            let pool = running.pool
            #expect(pool.servers[0].redispatches > 0)
            #expect(pool.servers[0].retries == 0)
            #expect(pool.redispatches == pool.servers[0].redispatches)
            #expect(pool.connectionErrors == 0)
        }

        @Test func `with redispatch the next attempt avoids the server that failed`() throws {
            let b = try TestServer.holding("b")
            // The one that refuses never has a connection, so it is always the least loaded.
            let running = try RunningBalancer(
                algorithm: .leastconn,
                servers: [
                    ServerPlan(name: "a", address: try TestServer.refusingAddress()),
                    ServerPlan(name: "b", address: b.address),
                ]
            ) {
                $0.pools[0].redispatches = true
                $0.pools[0].retries = 1
            }
            var clients: [BlockingSocket] = []
            for _ in 0..<3 {
                clients.append(running.connect())
                #expect(clients.last?.receive(exactly: 1) == "b")
            }
            #expect(running.pool.servers[0].redispatches == 3)
        }

        @Test func `with redispatch and one server it is the same server after a second`() throws {
            let refusing = try TestServer.refusingAddress()
            let running = try RunningBalancer(servers: [ServerPlan(name: "a", address: refusing)]) {
                $0.pools[0].retries = 1
                $0.pools[0].redispatches = true
            }
            let start = MonotonicInstant.now
            _ = running.answer()
            #expect(MonotonicInstant.now - start >= .milliseconds(990))
            #expect(running.pool.servers[0].retries == 1)
        }

        @Test func `the pause is no longer than the connect time-out`() throws {
            let refusing = try TestServer.refusingAddress()
            let running = try RunningBalancer(servers: [ServerPlan(name: "a", address: refusing)]) {
                $0.pools[0].retries = 3
                $0.pools[0].connectTimeout = .milliseconds(50)
            }
            let start = MonotonicInstant.now
            _ = running.answer()
            let took = MonotonicInstant.now - start
            #expect(took >= .milliseconds(140) && took < .milliseconds(600))
            #expect(running.pool.servers[0].retries == 3)
        }

        @Test func `an attempt ends at the connect time-out`() throws {
            let silent = try SilentAddress()
            let running = try RunningBalancer(
                servers: [ServerPlan(name: "a", address: silent.address)]
            ) {
                $0.pools[0].retries = 1
                $0.pools[0].connectTimeout = .milliseconds(1100)
            }
            let start = MonotonicInstant.now
            #expect(running.connect().receiveAll().ending == .end)
            let took = MonotonicInstant.now - start
            #expect(took >= .milliseconds(2190) && took < .milliseconds(2900))
            #expect(running.pool.servers[0].retries == 1)
            #expect(running.pool.servers[0].connectionErrors == 1)
        }

        @Test func `an attempt at a server that goes down is not waited for where none may stay`()
            throws
        {
            let silent = try SilentAddress()
            let other = try TestServer.named("b")
            let running = try RunningBalancer(servers: [
                ServerPlan(name: "a", address: silent.address),
                ServerPlan(name: "b", address: other.address),
            ]) {
                $0.pools[0].redispatches = true
                $0.pools[0].servers[0].shutsSessionsWhenDown = true
            }
            let client = running.connect()
            #expect(running.wait { running.pool.servers[0].currentSessions == 1 })
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect(client.receiveAll().text == "b")
            #expect(running.pool.servers[0].currentSessions == 0)
        }

        @Test func `after a connect time-out the next attempt follows at once`() throws {
            let silent = try SilentAddress()
            let running = try RunningBalancer(
                servers: [ServerPlan(name: "a", address: silent.address)]
            ) {
                $0.pools[0].retries = 1
                $0.pools[0].connectTimeout = .milliseconds(250)
            }
            let start = MonotonicInstant.now
            #expect(running.connect().receiveAll().ending == .end)
            let took = MonotonicInstant.now - start
            #expect(took >= .milliseconds(490) && took < .milliseconds(700))
            #expect(running.pool.servers[0].retries == 1)
        }

        @Test func `without retries the first failure is the last`() throws {
            let refusing = try TestServer.refusingAddress()
            let running = try RunningBalancer(servers: [ServerPlan(name: "a", address: refusing)]) {
                $0.pools[0].retries = 0
            }
            let start = MonotonicInstant.now
            let client = running.connect()
            // What the client has sent must not turn the clean end into a reset.
            client.send("question")
            #expect(client.receiveAll().ending == .end)
            #expect(MonotonicInstant.now - start < .milliseconds(500))
        }

        @Test func `a server that comes back is reached by the next attempt`() throws {
            let reserved = try Socket.listening(
                on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 8)
            let address = try Socket.localAddress(of: reserved.rawValue)
            StreamSocket.close(reserved.release())
            let running = try RunningBalancer(servers: [ServerPlan(name: "a", address: address)])
            let client = running.connect()
            client.send("early")
            #expect(running.wait { running.pool.servers[0].retries == 1 })
            let listener = try Socket.listening(on: address, backlog: 8)
            _ = fcntl(listener.rawValue, F_SETFL, 0)
            let server = BlockingSocket(adopting: accept(listener.rawValue, nil, nil))
            #expect(server.receive(exactly: 5) == "early")
            server.send("late")
            server.close()
            #expect(client.receiveAll().text == "late")
        }

        @Test func `the client's time-out goes on while attempts fail`() throws {
            let refusing = try TestServer.refusingAddress()
            let running = try RunningBalancer(servers: [ServerPlan(name: "a", address: refusing)]) {
                $0.frontends[0].clientTimeout = .milliseconds(300)
            }
            let start = MonotonicInstant.now
            #expect(running.connect().receiveAll().ending == .end)
            #expect(MonotonicInstant.now - start < .milliseconds(900))
            #expect(running.pool.clientAborts == 1)
        }

        @Test func `without a usable server the connection ends at once`() throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(server: server)
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            let client = running.connect()
            client.send("question")
            #expect(client.receiveAll().ending == .end)
            #expect(running.pool.connectionErrors == 1)
            #expect(running.pool.isUp == false)
        }

        @Test func `a client that resets while its server is silent is let go`() throws {
            let silent = try SilentAddress()
            let running = try RunningBalancer(
                servers: [ServerPlan(name: "a", address: silent.address)])
            let client = running.connect()
            #expect(running.wait { running.pool.servers[0].currentSessions == 1 })
            client.reset()
            #expect(running.wait { running.pool.servers[0].currentSessions == 0 })
            #expect(running.pool.servers[0].clientAborts == 1)
        }
    }
}

/// An address that does not answer: its queue of connections is full.
final class SilentAddress {
    let address: SocketAddress
    private let listener: Int32
    private var fillers: [Int32] = []

    init() throws {
        let socket = try Socket.listening(
            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 0)
        address = try Socket.localAddress(of: socket.rawValue)
        listener = socket.release()
        for _ in 0..<8 {
            let filler = Int32(StreamSocket.open())
            _ = StreamSocket.connect(filler, to: address.raw)
            fillers.append(filler)
        }
    }

    /// Accepts those who fill the queue, so that the next packet is answered.
    func makeRoom() {
        for filler in fillers { StreamSocket.close(filler) }
        fillers = []
        while case let socket = accept(listener, nil, nil), socket >= 0 {
            StreamSocket.close(socket)
        }
    }

    /// How many wait to be accepted now.
    var newcomers: Int {
        var count = 0
        while case let socket = accept(listener, nil, nil), socket >= 0 {
            count += 1
            StreamSocket.close(socket)
        }
        return count
    }

    deinit {
        for filler in fillers { StreamSocket.close(filler) }
        StreamSocket.close(listener)
    }
}
