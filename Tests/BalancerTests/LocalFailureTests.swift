import Glibc
import LinuxIO
import Synchronization
import Testing

@testable import Balancer
@testable import Reactor

extension BalancerTests {
    /// What this host lacks is not a server's fault, and only a shortage is everybody's.
    @Suite struct `Connections that this host cannot begin` {
        @Test func `a source that the host does not have is held against no server`() throws {
            let server = try TestServer.named("b")
            let reports = Mutex<[Bool]>([])
            var logging = ConnectionLogging(moment: .ending)
            logging.omitsEmpty = true
            var lacking = ServerPlan(name: "a", address: server.address)
            // TEST-NET-1: no host has it.
            lacking.connection.source = .address(IPEndpoint(ipv4: 0xc000_0209, port: 0))
            let logged = try LoggedBalancer(
                servers: [lacking], logging, adjusting: { $0.pools[0].retries = 1 },
                observer: { _, _, outcome in reports.withLock { $0.append(outcome == .made) } })
            let running = logged.running
            let start = MonotonicInstant.now
            #expect(running.connect().receiveAll().ending == .end)
            #expect(MonotonicInstant.now - start >= .milliseconds(990))
            #expect(logged.lines(1).map(tail) == ["0 RC 1/1/0/0/1 0/0"])
            #expect(running.pool.servers[0].connectionErrors == 0)
            #expect(running.pool.servers[0].retries == 0)
            #expect(running.pool.connectionErrors == 1)
            #expect(running.pool.retries == 1)
            #expect(running.frontend.refusalsByCause == [.localFailure: 1])
            #expect(reports.withLock { $0 } == [])
        }

        @Test func `a server's interface, time-out and probes are those of the sockets to it`()
            throws
        {
            let server = try TestServer.holding("a")
            var plan = ServerPlan(name: "a", address: server.address)
            plan.connection.userTimeout = .seconds(17)
            plan.connection.keepAlive = KeepAlive(idle: 62, interval: 6, count: 3)
            let algorithm = try #require(
                CongestionControl.allowed.first { $0 != CongestionControl.standard })
            plan.connection.congestionControl = algorithm
            if geteuid() == 0 { plan.connection.interface = "lo" }
            let running = try RunningBalancer(servers: [plan])
            let client = running.connect()
            #expect(client.receive(exactly: 1) == "a")
            // The balancer's own sockets are this process's.
            let socket = try #require(
                (3..<1024 as Range<Int32>).first {
                    StreamSocket.peerEndpoint(of: $0).port == server.port
                })
            var length: socklen_t = 4
            func option(_ name: Int32, at level: Int32 = Int32(IPPROTO_TCP)) -> Int32 {
                var value: Int32 = -1
                getsockopt(socket, level, name, &value, &length)
                return value
            }
            #expect(option(TCP_USER_TIMEOUT) == 17_000)
            #expect(StreamSocket.congestionControl(of: socket) == algorithm)
            #expect(option(SO_KEEPALIVE, at: SOL_SOCKET) == 1)
            #expect([TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT].map { option($0) } == [62, 6, 3])
            var name = [UInt8](repeating: 0, count: 16)
            length = 16
            getsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, &name, &length)
            let interface = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
            #expect(interface == (geteuid() == 0 ? "lo" : ""))
        }

        @Test(arguments: [
            (ECONNREFUSED, true), (ETIMEDOUT, true), (EHOSTUNREACH, true), (ENETUNREACH, true),
            (ECONNRESET, true), (ENOENT, true), (EAGAIN, true), (EADDRNOTAVAIL, false),
            (EADDRINUSE, false), (EPERM, false), (EACCES, false), (EAFNOSUPPORT, false),
            (ENODEV, false), (ENOBUFS, false),
        ])
        func `only what comes from the other end is the server's`(error: Int32, isRemote: Bool) {
            #expect(
                Worker.Failure(connecting: Errno(rawValue: error)) == (isRemote ? .remote : .local))
        }

        @Test(arguments: [
            (EMFILE, true), (ENFILE, true), (ENOBUFS, true), (ENOMEM, true), (EAFNOSUPPORT, false),
            (EPROTONOSUPPORT, false), (EACCES, false),
        ])
        func `only a shortage holds up those who come`(error: Int32, isShortage: Bool) throws {
            let shared = try SharedState(Self.plan())
            var worker = try Worker(number: 0, shared: shared)
            let place = worker.slab.allocate()
            let client = try #require(place)
            worker.prepare(client, socket: -1, source: .none, at: 0, by: 0)
            let waiter = Waiter(reactor: 0, connection: client, generation: 1)
            let choice = shared.pools[0].state.withLock { $0.enter(waiter, key: 0, at: 0) }
            #expect(choice == .server(0))
            worker.slab[client | 1].owner = 0
            worker.slab[client].phase = .connecting
            worker.noSocket(client, Errno(rawValue: error))
            #expect((worker.acceptPauseEnd != nil) == isShortage)
            #expect(worker.slab[client | 1].failedAttempts == (isShortage ? 0 : 1))
            #expect(worker.slab[client].phase == .pausing)
            // It keeps its slot, since it will ask again.
            #expect(shared.pools[0].state.withLock { $0.servers[0].served } == 1)
        }

        private static func plan() throws -> BalancerPlan {
            let address = try TestServer.refusingAddress()
            var plan = BalancerPlan(
                connectionLimit: 1, frontends: [FrontendPlan(name: "f", poolIndex: 0)],
                pools: [PoolPlan(name: "p", servers: [ServerPlan(name: "s", address: address)])])
            plan.frontends[0].listeners = [ListenerPlan()]
            return plan
        }

        @Test func `who cannot be waited for is reset and counted, and accepting pauses`() throws {
            let socket = try Socket.listening(
                on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 4)
            let shared = try SharedState(Self.plan(), sockets: [[socket.rawValue]])
            var worker = try Worker(number: 0, shared: shared)
            // As where a user has no watch left: the kernel refuses each further one.
            let null = try Descriptor.nullDevice()
            #expect(dup2(null.rawValue, worker.epoll.set.rawValue) >= 0)
            let port = try Socket.localAddress(of: socket.rawValue).port
            let client = try #require(BlockingSocket(to: port))
            guard case .dry = worker.take(from: 0, isSweeping: false) else {
                Issue.record("it goes on accepting")
                return
            }
            #expect(client.receive() == .failed(ECONNRESET))
            #expect(shared.refusals[0][.localFailure] == 1)
            #expect(worker.acceptPauseEnd == worker.now + 100)
            #expect(shared.admission.withLock { $0.process.count } == 0)
            // Nor can the listener be waited for when the pause is over: it is tried again later.
            worker.acceptPauseEnd = nil
            worker.watchListeners()
            #expect(worker.acceptPauseEnd == worker.now + 100)
        }
    }
}
