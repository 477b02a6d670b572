import Glibc
import LinuxIO
import Synchronization
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `What the operator asks for` {
        @Test(arguments: [AdministrativeState.drain, .maintenance])
        func `takes a server out and keeps its connections`(state: AdministrativeState) throws {
            let (a, b) = (try TestServer.echo(), try TestServer.echo())
            let running = try RunningBalancer(servers: servers([("a", a), ("b", b)]))
            let client = running.connect()
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            running.balancer.setAdministrativeState(pool: 0, server: 0, state)
            #expect(running.pool.servers[0].status == (state == .drain ? .drain : .maintenance))
            for _ in 0..<4 {
                let other = running.connect()
                other.send("y")
                #expect(other.receive(exactly: 1) == "y")
            }
            #expect(a.acceptedCount == 1)
            #expect(b.acceptedCount == 4)
            client.send("z")
            #expect(client.receive(exactly: 1) == "z")
            running.balancer.setAdministrativeState(pool: 0, server: 0, .ready)
            #expect(running.pool.servers[0].status == .up)
            for _ in 0..<2 {
                let other = running.connect()
                other.send("y")
                #expect(other.receive(exactly: 1) == "y")
            }
            #expect(a.acceptedCount == 2)
        }

        @Test func `a server that starts in maintenance serves only once it is ready`() throws {
            let a = try TestServer.named("a")
            let running = try RunningBalancer(servers: [
                ServerPlan(name: "a", address: a.address, administrativeState: .maintenance)
            ])
            #expect(running.answer().isEmpty)
            running.balancer.setAdministrativeState(pool: 0, server: 0, .ready)
            #expect(running.answer() == "a")
        }

        @Test func `a server that is down gets nothing until it is up`() throws {
            let (a, b) = (try TestServer.named("a"), try TestServer.named("b"))
            let running = try RunningBalancer(servers: servers([("a", a), ("b", b)]))
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect(running.pool.servers[0].status == .down)
            #expect((0..<3).map { _ in running.answer() }.joined() == "bbb")
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect((0..<4).map { _ in running.answer() }.joined() == "baba")
        }

        @Test func `only the first backup serves, and only when no other can`() throws {
            let (a, b) = (try TestServer.named("a"), try TestServer.named("b"))
            let c = try TestServer.named("c")
            var plans = servers([("a", a), ("b", b), ("c", c)])
            plans[1].isBackup = true
            plans[2].isBackup = true
            let running = try RunningBalancer(servers: plans)
            #expect((0..<3).map { _ in running.answer() }.joined() == "aaa")
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            #expect((0..<3).map { _ in running.answer() }.joined() == "bbb")
            #expect(running.pool.activeServers == 0)
            #expect(running.pool.backupServers == 2)
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(running.answer() == "a")
        }

        @Test func `a weight of 0 takes a server out`() throws {
            let (a, b) = (try TestServer.named("a"), try TestServer.named("b"))
            let running = try RunningBalancer(servers: servers([("a", a), ("b", b)]))
            running.balancer.setWeight(pool: 0, server: 0, 0)
            #expect((0..<3).map { _ in running.answer() }.joined() == "bbb")
            running.balancer.setWeight(pool: 0, server: 0, 2)
            #expect((0..<6).map { _ in running.answer() }.joined() == "baabaa")
        }

        @Test(arguments: [1, 2])
        func `a pause leaves new connections in the kernel's queue`(reactors: Int) throws {
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", try TestServer.echo())]))
            let open = running.connect()
            open.send("1")
            #expect(open.receive(exactly: 1) == "1")
            running.balancer.pauseAccepting()
            #expect(!running.frontend.isAccepting)
            Thread.sleep(for: .milliseconds(50))
            let waiting = running.connect()
            waiting.send("2")
            Thread.sleep(for: .milliseconds(50))
            #expect(running.frontend.totalSessions == 1)
            open.send("3")
            #expect(open.receive(exactly: 1) == "3")
            running.balancer.resumeAccepting()
            #expect(waiting.receive(exactly: 1) == "2")
        }

        @Test func `one that stops accepting leaves nobody at a socket that others wait at, too`()
            throws
        {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(server: server)
            // As the process before it does during a reload.
            let former = try Balancer(
                plan: running.balancer.plan, listeners: [[running.listener]])
            try former.start()
            defer { former.stop() }
            for _ in 0..<300 {
                let answer = Box<String>()
                let client = try TestThread { answer.value = running.answer() }
                former.pauseAccepting()
                let isAnswered = eventually { answer.value != nil }
                #expect(isAnswered)
                if !isAnswered { former.resumeAccepting() }
                client.join()
                guard answer.value == "a", isAnswered else { return }
                former.resumeAccepting()
            }
            #expect(former.drain(for: .seconds(5)))
        }

        @Test func `a reactor that stops waiting takes what it alone was woken for`() throws {
            let server = try TestServer.named("a")
            let socket = try Socket.listening(
                on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 16)
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "f", poolIndex: 0)],
                pools: [PoolPlan(name: "p", servers: servers([("a", server)]))])
            plan.frontends[0].listeners = [ListenerPlan()]
            let port = try Socket.localAddress(of: socket.rawValue).port
            let listener = socket.release()
            defer { close(listener) }
            let shared = try SharedState(plan, sockets: [[listener]])
            var worker = try Worker(number: 0, shared: shared)
            worker.watchListeners()
            let clients = (0..<3).compactMap { _ in BlockingSocket(to: port) }
            shared.admission.withLock { $0.close(reactors: 1) }
            worker.leaveListeners()
            let (taken, sweepsLeft) = shared.admission.withLock {
                ($0.process.taken, $0.sweepsLeft)
            }
            #expect(taken == 3)
            #expect(sweepsLeft == 0)
            #expect(clients.count == 3)
        }

        @Test func `draining waits for the last connection, up to a limit`() throws {
            let running = try RunningBalancer(server: try TestServer.echo())
            let client = running.connect()
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            #expect(!running.balancer.drain(for: .milliseconds(100)))
            client.close()
            #expect(running.balancer.drain(for: .seconds(5)))
            #expect(running.balancer.connectionCount == 0)
        }

        @Test func `what waits at the listener outlives the balancer`() throws {
            let server = try TestServer.named("a")
            let socket = try Socket.listening(
                on: SocketAddress(address: 0x7f00_0001, port: 0), backlog: 64)
            let port = try Socket.localAddress(of: socket.rawValue).port
            let plan = BalancerPlan(
                reactorCount: 2, frontends: [FrontendPlan(name: "f", poolIndex: 0)],
                pools: [PoolPlan(name: "p", servers: servers([("a", server)]))])
            let first = try Balancer(plan: plan, listeners: [[socket.rawValue]])
            try first.start()
            first.stop()
            let clients = (0..<10).compactMap { _ in BlockingSocket(to: port) }
            let second = try Balancer(plan: plan, listeners: [[socket.rawValue]])
            try second.start()
            #expect(clients.map { $0.receiveAll().text }.joined() == "aaaaaaaaaa")
            second.stop()
        }
    }
}
