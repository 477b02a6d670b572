import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Listeners for which there is no room stand in a list, and cost others nothing.
    @Suite struct `Listeners that wait for room` {
        /// A balancer of several frontends, and frontends of several listeners.
        final class Running {
            let balancer: Balancer
            private var sockets: [[Int32]] = []
            private(set) var ports: [[UInt16]] = []

            init(
                listeners: [Int], reactors: Int, server: TestServer,
                adjusting adjust: (inout BalancerPlan) -> Void
            ) throws {
                var plan = BalancerPlan(reactorCount: reactors)
                for (index, count) in listeners.enumerated() {
                    plan.frontends.append(FrontendPlan(name: "f\(index)", poolIndex: 0))
                    plan.frontends[index].listeners = Array(
                        repeating: ListenerPlan(), count: count)
                    let own = try (0..<count).map { _ in
                        try Socket.listening(
                            on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 64
                        ).release()
                    }
                    sockets.append(own)
                    ports.append(own.map { StreamSocket.localEndpoint(of: $0).port })
                }
                plan.pools = [
                    PoolPlan(
                        name: "p", servers: [ServerPlan(name: "a", address: server.address)])
                ]
                adjust(&plan)
                balancer = try Balancer(plan: plan, listeners: sockets)
                try balancer.start()
            }

            deinit {
                balancer.stop()
                for socket in sockets.joined() { close(socket) }
            }
        }

        @Test(arguments: [1, 2])
        func `each of a full frontend's listeners is served when there is room`(
            reactors: Int
        ) throws {
            let server = try TestServer.holding("a")
            let running = try Running(listeners: [3, 1], reactors: reactors, server: server) {
                $0.frontends[0].connectionLimit = 1
            }
            func connect(_ frontend: Int, _ listener: Int = 0) throws -> BlockingSocket {
                try #require(BlockingSocket(to: running.ports[frontend][listener]))
            }
            var clients = [try running.balancer.give(to: 0) { try connect(0) }]
            clients += try [0, 0, 1, 1, 1, 2, 2, 2].map { try connect(0, $0) }
            #expect(eventually { running.balancer.snapshot().frontends[0].currentSessions == 1 })
            // The other one is not concerned.
            let other = try running.balancer.give(to: 1) { try connect(1) }
            #expect(other.receive(exactly: 1) == "a")
            while !clients.isEmpty {
                let served = try #require(Self.served(of: clients))
                #expect(clients[served].receive(exactly: 1) == "a")
                clients.remove(at: served).close()
            }
            #expect(running.balancer.snapshot().frontends[0].totalSessions == 9)
            #expect(running.balancer.snapshot().frontends[0].peakSessions == 1)
            #expect(running.balancer.busyReactorCount == reactors)
        }

        @Test(arguments: [1, 2])
        func `who waits for the process's room is not held up by a full frontend`(
            reactors: Int
        ) throws {
            let server = try TestServer.holding("a")
            let running = try Running(listeners: [1, 1], reactors: reactors, server: server) {
                $0.connectionLimit = 2
                $0.frontends[0].connectionLimit = 1
            }
            let (full, open) = (running.ports[0][0], running.ports[1][0])
            var held = try [full, open].enumerated().map { number, port in
                try running.balancer.give(to: number) { try #require(BlockingSocket(to: port)) }
            }
            #expect(held.map { $0.receive(exactly: 1) } == ["a", "a"])
            #expect(running.balancer.busyReactorCount == reactors)
            // Both wait for room in the process; the first to be looked at finds its frontend full.
            let late = try [full, open].map { try #require(BlockingSocket(to: $0)) }
            Thread.sleep(for: .milliseconds(50))
            held.removeLast().close()
            #expect(late[1].receive(exactly: 1) == "a")
            held.removeLast().close()
            #expect(late[0].receive(exactly: 1) == "a")
            #expect(running.balancer.snapshot().peakSessions == 2)
        }

        @Test func `a full frontend among a thousand costs what one alone does`() throws {
            let server = try TestServer.named("a")
            let alone = try time(frontends: 1, server)
            let many = try time(frontends: 1000, server)
            #expect(many < alone * 3, "\(alone) and \(many)")
        }

        /// The processor time of connections that find their frontend full now and then.
        private func time(frontends: Int, _ server: TestServer) throws -> Int {
            let running = try Running(
                listeners: Array(repeating: 1, count: frontends), reactors: 1, server: server
            ) { $0.frontends[0].connectionLimit = 1 }
            let port = running.ports[0][0]
            func connect() throws {
                let clients = try (0..<8).map { _ in try #require(BlockingSocket(to: port)) }
                for client in clients { #expect(client.lastWords() == "a") }
            }
            try connect()
            let start = clock()
            for _ in 0..<40 { try connect() }
            return clock() - start
        }

        /// The position of a client that has got something.
        private static func served(of clients: [BlockingSocket]) -> Int? {
            var polls = clients.map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
            guard poll(&polls, nfds_t(polls.count), 5000) > 0 else { return nil }
            return polls.firstIndex { $0.revents != 0 }
        }
    }
}
