import LinuxIO
import Synchronization
import Testing

@testable import Balancer

/// Clients that talk without a pause, and what they did not hear.
private final class Clients: Sendable {
    private let isOver = Atomic(false)
    private let count = Atomic(0)
    private let running = Atomic(0)
    private let wrong = Mutex<[String]>([])

    init(_ number: Int, port: UInt16, exchanges: Int) throws {
        running.store(number, ordering: .relaxed)
        for _ in 0..<number {
            let thread = try Thread(name: "client") { [self] in
                while !isOver.load(ordering: .relaxed) {
                    talk(to: port, exchanges)
                }
                running.subtract(1, ordering: .relaxed)
            }
            thread.detach()
        }
    }

    private func talk(to port: UInt16, _ exchanges: Int) {
        guard let socket = BlockingSocket(to: port) else {
            return wrong.withLock { $0.append("refused") }
        }
        for number in 0..<exchanges {
            let text = "\(number) \(count.load(ordering: .relaxed))"
            socket.send(text)
            let answer = socket.receive(exactly: text.utf8.count)
            if answer != text { return wrong.withLock { $0.append("\(answer) for \(text)") } }
        }
        socket.close()
        count.add(1, ordering: .relaxed)
    }

    var mistakes: [String] { wrong.withLock(\.self) }

    /// - Returns: How many connections there were.
    func stop() -> Int {
        isOver.store(true, ordering: .relaxed)
        #expect(eventually { running.load(ordering: .relaxed) == 0 })
        return count.load(ordering: .relaxed)
    }
}

extension BalancerTests.Succession {
    /// Servers come and go, their limits and places change, while clients talk over all of it.
    @Test(arguments: [1, 2])
    func `a hundred of them under load lose nothing, and every count is right`(
        reactors: Int
    ) throws {
        let servers = try (0..<3).map { _ in try TestServer.echo() }
        let running = try Running(
            BalancerPlan(
                reactorCount: reactors, frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", algorithm: .leastconn, servers: plans(1, servers))]))
        let held = try eachReactorsClient(of: running)
        let clients = try Clients(8, port: running.port(), exchanges: 3)
        for step in 0..<100 {
            try running.adopt { plan in
                plan.pools[0].servers = plans(step, servers)
                plan.pools[0].serverTimeout = .seconds(20 + step)
                if step % 4 == 0 {
                    plan.frontends.insert(FrontendPlan(name: "extra", poolIndex: 0), at: 0)
                } else if plan.frontends.count > 1 {
                    plan.frontends.removeFirst()
                }
            }
            // Someone has been served under each of them.
            let before = running.pool.totalSessions
            #expect(eventually { running.pool.totalSessions > before })
        }
        let count = clients.stop() + held.count
        #expect(clients.mistakes == [])
        end(held)
        #expect(eventually { running.balancer.connectionCount == 0 })
        let snapshot = running.balancer.snapshot()
        let front = try #require(snapshot.frontends.first { $0.name == "front" && $0.isUsed })
        #expect(front.totalSessions == count)
        #expect(snapshot.totalSessions == count)
        let pool = running.pool
        #expect(pool.totalSessions == count)
        #expect(pool.bytesIn == pool.bytesOut)
        #expect(pool.bytesIn == front.bytesIn)
        #expect(pool.currentSessions == 0 && pool.currentQueue == 0)
        #expect(pool.servers.allSatisfy { $0.currentSessions == 0 })
        // Nothing stays behind for ever.
        try running.adopt { $0.pools[0].serverTimeout = .seconds(1) }
        try running.adopt { $0.pools[0].serverTimeout = .seconds(2) }
        #expect(
            running.balancer.plan.pools[0].servers.count == running.plan.pools[0].servers.count)
        #expect(running.balancer.plan.frontends.count == running.plan.frontends.count)
    }

    /// Entries hold places in a list that each of them makes anew, of both pools' servers.
    @Test(arguments: [1, 2])
    func `clients are bound by a table of two pools whose servers come and go`(
        reactors: Int
    ) throws {
        let servers = try (0..<3).map { _ in try TestServer.echo() }
        var plan = BalancerPlan(
            reactorCount: reactors, frontends: [FrontendPlan(name: "front", poolIndex: 1)],
            pools: ["other", "pool"].map { PoolPlan(name: $0, servers: plans(1, servers)) })
        plan.tables = [StickTablePlan(name: "t", size: 1000)]
        for index in plan.pools.indices {
            plan.pools[index].stickRules = [StickRule(in: 0), StickRule(in: 0, by: .sourcePort)]
        }
        let running = try Running(plan)
        // Over all of it they would take the places of the one server that all are bound to.
        end(try eachReactorsClient(of: running))
        let clients = try Clients(8, port: running.port(), exchanges: 3)
        for step in 0..<100 {
            try running.adopt { plan in
                plan.pools[0].servers = (0...(step % 3)).map { number in
                    ServerPlan(name: "o\(step + number)", address: servers[0].address)
                }
                if step % 4 == 0 { plan.pools[1].servers = plans(step, servers) }
            }
            let before = running.balancer.snapshot().pools[1].totalSessions
            #expect(eventually { running.balancer.snapshot().pools[1].totalSessions > before })
        }
        #expect(clients.stop() > 100)
        #expect(clients.mistakes == [])
        let entries = running.balancer.view.entries(ofTable: 0, from: 0, most: 1000).entries
        let names = Set(running.plan.pools[1].servers.map(\.name))
        #expect(entries.contains { $0.key == "127.0.0.1" && names.contains($0.server ?? "") })
    }

    /// One client that each reactor has taken, and that has been served.
    private func eachReactorsClient(of running: Running) throws -> [BlockingSocket] {
        let reactors = running.plan.reactorCount
        let clients = try (0..<reactors).map { reactor in
            try running.balancer.give(to: reactor) { try running.connect() }
        }
        for client in clients {
            client.send("first")
            #expect(client.receive(exactly: 5) == "first")
        }
        #expect(running.balancer.busyReactorCount == reactors)
        return clients
    }

    /// Has clients talk once more, and end.
    private func end(_ clients: [BlockingSocket]) {
        for client in clients {
            client.send("last")
            #expect(client.receive(exactly: 4) == "last")
            client.close()
        }
    }

    private func plans(_ step: Int, _ servers: [TestServer]) -> [ServerPlan] {
        var plans = (0...(1 + step % 2)).map { number in
            ServerPlan(
                name: "s\(number)", address: servers[number].address, weight: 1 + step % 3,
                connectionLimit: 2 + step % 2)
        }
        if step % 3 == 0 { plans.reverse() }
        if step % 5 == 0 { plans.removeFirst() }
        return plans
    }
}

extension FrontendSnapshot {
    fileprivate var isUsed: Bool { counters.totalSessions > 0 }
}
