import Glibc
import LinuxIO
import Synchronization
import Testing

@testable import Balancer

extension BalancerTests.Datagrams {
    /// What bounds and ends flows, and what is counted and told of them: as of connections.
    @Suite struct `Limits and ends` {
        private static func log(_ plan: inout BalancerPlan) {
            plan.frontends[0].logging = ConnectionLogging(moment: .ending)
        }

        @Test(arguments: [1, 2])
        func `a flow that waits gets the place of one that ends, however long it asks`(
            reactors: Int
        ) throws {
            let a = try NamedServer("a")
            let running = try Running([a], reactors: reactors) {
                $0.frontends[0].clientTimeout = .milliseconds(300)
                $0.pools[0].servers[0].connectionLimit = 1
                Self.log(&$0)
            }
            let (served, waiting) = (running.client(), running.client())
            #expect(served.ask("1") == "a1")
            waiting.waitAtMost(.milliseconds(20))
            // Longer than the time-out: who asks again and again is not gone.
            for number in 0..<12 {
                #expect(served.ask("\(number)") == "a\(number)")
                #expect(waiting.ask("x") == "")
                Thread.sleep(for: .milliseconds(40))
            }
            #expect(running.pool.currentQueue == 1)
            #expect(running.frontend.totalSessions == 2)
            #expect(eventually { waiting.ask("y") == "ay" })
            #expect(running.frontend.totalSessions == 2)
            #expect(running.pool.servers[0].peakSessions == 1)
            #expect(running.frontend.refusalsByCause[.clientSilent] == nil)
            let records = running.records(2)
            #expect(records.map(\.ending.description) == ["--", "--"])
            #expect((records.last?.queueTime ?? 0) >= 600)
            #expect(records.last?.poolQueue == 1)
            #expect(running.isEachReactorBusy)
        }

        @Test func `who waits in vain is told of by the line's time-out, or by his own`() throws {
            for (limits, ending, refusals) in [
                ((client: 60_000, queue: 100, connect: 60_000), "sQ", [.datagramLost: 1]),
                // Without `timeout queue`, as for connections.
                ((client: 60_000, queue: nil, connect: 100), "sQ", [.datagramLost: 1]),
                (
                    (client: 100, queue: 60_000, connect: 60_000), "cQ",
                    [.datagramLost: 1, .clientIdle: 1]
                ),
            ] as [((client: Int, queue: Int?, connect: Int), String, [Refusal: Int])] {
                let a = try NamedServer("a")
                let running = try Running([a]) {
                    $0.frontends[0].clientTimeout = .milliseconds(limits.client)
                    $0.pools[0].queueTimeout = limits.queue.map { .milliseconds($0) }
                    $0.pools[0].connectTimeout = .milliseconds(limits.connect)
                    $0.pools[0].servers[0].connectionLimit = 1
                    Self.log(&$0)
                    // Somebody who spoke did not only look whether the port is open.
                    $0.frontends[0].logging?.omitsEmpty = true
                }
                let (served, waiting) = (running.client(), running.client())
                #expect(served.ask("1") == "a1")
                waiting.send("2")
                #expect(eventually { running.pool.currentQueue == 1 })
                // The one that is served stays, and so nobody else gets in.
                var records: [ConnectionRecord] = []
                for _ in 0..<100 where records.isEmpty {
                    #expect(served.ask("3") == "a3")
                    running.balancer.records?.take { record, _ in records.append(record) }
                    Thread.sleep(for: .milliseconds(20))
                }
                #expect(records.map(\.ending.description) == [ending])
                #expect(running.frontend.refusalsByCause == refusals)
                #expect(running.pool.currentQueue == 0)
                let byClient = ending == "cQ"
                #expect(running.pool.clientAborts == (byClient ? 1 : 0))
                #expect(running.pool.connectionErrors == (byClient ? 0 : 1))
            }
        }

        @Test func `more room at a server lets flows in that wait`() throws {
            let a = try NamedServer("a")
            let running = try Running([a]) { $0.pools[0].servers[0].connectionLimit = 1 }
            let (served, waiting) = (running.client(), running.client())
            #expect(served.ask("1") == "a1")
            waiting.send("2")
            #expect(eventually { running.pool.currentQueue == 1 })
            running.balancer.setConnectionLimit(pool: 0, server: 0, 2)
            #expect(eventually { running.pool.currentQueue == 0 })
            #expect(waiting.ask("3") == "a3")
        }

        @Test(arguments: ["maxconn of a listener", "maxconn of all", "maxconnrate"])
        func `other bounds of connections are flows' too`(bound: String) throws {
            let a = try NamedServer("a")
            let running = try Running([a]) {
                switch bound {
                case "maxconn of a listener":
                    $0.frontends[0].listeners = [ListenerPlan(connectionLimit: 2)]
                case "maxconn of all": $0.connectionLimit = 2
                default: $0.connectionRateLimit = 2
                }
            }
            let clients = (0..<3).map { _ in running.client() }
            #expect(running.owners(of: Array(clients.prefix(2))) == "aa")
            clients[2].send("x")
            let cause: Refusal = bound == "maxconnrate" ? .datagramLost : .flowsFull
            #expect(eventually { running.frontend.refusalsByCause == [cause: 1] })
            #expect(running.frontend.totalSessions == 2)
            #expect(running.owners(of: Array(clients.prefix(2))) == "aa")
            guard bound == "maxconnrate" else { return }
            // A second later he is let in.
            clients[2].waitAtMost(.milliseconds(50))
            #expect(eventually { clients[2].ask("y") == "ay" })
        }

        /// What a line says, without the client's port and the times.
        private func words(_ record: ConnectionRecord?, _ plan: BalancerPlan) throws -> [String] {
            let line = ConnectionLine(plan).text(
                try #require(record), acceptedAt: CivilTime(microseconds: 0))
            return line.split(separator: " ").dropFirst(2).enumerated().map {
                guard $0 == 2 else { return String($1) }
                return $1.split(separator: "/").map { $0.hasPrefix("-") ? "-" : "T" }.joined()
            }
        }

        @Test(arguments: [1, 2])
        func `a flow whose time is over is counted and told of as a connection is`(
            reactors: Int
        ) throws {
            func adjust(_ plan: inout BalancerPlan) {
                plan.frontends[0].clientTimeout = .milliseconds(200)
                plan.pools[0].servers[0].name = "s0"
                Self.log(&plan)
            }
            let a = try NamedServer("a")
            let running = try Running([a], reactors: reactors, adjusting: adjust)
            let client = running.client()
            #expect(client.ask("123") == "a123")
            let flow = running.records(1)

            let server = try TestServer { socket in
                socket.send("a" + socket.receive(exactly: 3))
                _ = socket.receiveAll()
            }
            let beside = try RunningBalancer(
                reactors: reactors, servers: servers([("s0", server)]), adjusting: adjust)
            let peer = beside.connect()
            peer.send("123")
            #expect(peer.receiveAll().text == "a123")
            let connection = beside.balancer.takeRecords(1)

            let (ours, theirs) = (
                try words(flow.first, running.plan), try words(connection.first, running.plan)
            )
            #expect(ours[3] == "4" && ours[4] == "--" && theirs[4] == "cD")
            // Nobody says when a flow is over: it was not broken off.
            #expect(ours == theirs.map { $0 == "cD" ? "--" : $0 })
            #expect(flow.map(\.bytesIn) == connection.map(\.bytesIn))
            #expect((200..<2000).contains(flow.first?.totalTime ?? 0))
            func counts(_ balancer: Balancer) -> [[Int]] {
                let snapshot = balancer.snapshot()
                let pool = snapshot.pools[0]
                return [snapshot.frontends[0].counters, pool.counters, pool.servers[0].counters].map
                {
                    [
                        $0.totalSessions, $0.currentSessions, $0.peakSessions, $0.peakQueue,
                        Int($0.bytesIn), Int($0.bytesOut), $0.connectionErrors, $0.serverAborts,
                        $0.refusals, $0.retries,
                    ]
                } + [[pool.connectTimes.total, pool.sessionTimes.total, pool.queueTimes.total]]
            }
            #expect(counts(running.balancer) == counts(beside.balancer))
            #expect(running.pool.clientAborts == 0 && beside.pool.clientAborts == 1)
        }

        @Test(arguments: [1, 2], ["down", "up"])
        func `flows end with their server's health where connections do`(
            reactors: Int, way: String
        ) throws {
            func adjust(_ plan: inout BalancerPlan) {
                plan.pools[0].servers[0].shutsSessionsWhenDown = true
                plan.pools[0].servers[0].shutsBackupSessionsWhenUp = true
                plan.pools[0].servers[1].isBackup = true
                Self.log(&plan)
            }
            func change(_ balancer: Balancer) {
                balancer.setHealth(pool: 0, server: 0, isUp: way == "up")
            }
            let named = (try NamedServer("a"), try NamedServer("b"))
            let running = try Running([named.0, named.1], reactors: reactors, adjusting: adjust)
            let holding = (try TestServer.holding("a"), try TestServer.holding("b"))
            let beside = try RunningBalancer(
                reactors: reactors, servers: servers([("s0", holding.0), ("s1", holding.1)]),
                adjusting: adjust)
            let (first, second) = way == "down" ? ("a", "b") : ("b", "a")
            if way == "up" {
                for balancer in [running.balancer, beside.balancer] {
                    balancer.setHealth(pool: 0, server: 0, isUp: false)
                }
            }
            let flow = running.client()
            #expect(flow.ask("1") == "\(first)1")
            let connection = beside.connect()
            #expect(connection.receive(exactly: 1) == first)
            change(running.balancer)
            change(beside.balancer)
            let (ours, theirs) = (running.records(1), beside.balancer.takeRecords(1))
            #expect(ours.map(\.ending) == theirs.map(\.ending))
            #expect(ours.map(\.ending.description) == [way == "down" ? "D-" : "U-"])
            let index = way == "down" ? 0 : 1
            #expect(running.pool.servers[index].serverAborts == 1)
            #expect(beside.pool.servers[index].serverAborts == 1)
            #expect(running.pool.servers[index].currentSessions == 0)
            #expect(flow.ask("2") == "\(second)2")
        }

        @Test func `a line that is wanted at connecting is written when a flow gets its server`()
            throws
        {
            let a = try NamedServer("a")
            let running = try Running([a]) {
                $0.frontends[0].logging = ConnectionLogging(moment: .connecting)
                $0.frontends[0].clientTimeout = .milliseconds(200)
            }
            #expect(running.client().ask("1") == "a1")
            #expect(running.balancer.connectionCount == 1)
            let records = running.records(1)
            #expect(records.map { $0.kind == .connected } == [true])
            #expect(records.map(\.server) == [0])
            #expect(eventually { running.balancer.connectionCount == 0 })
            var more = 0
            running.balancer.records?.take { _, _ in more += 1 }
            #expect(more == 0)
        }

        @Test func `a server that refuses datagrams is told of, and so is its next answer`() throws
        {
            let heard = Mutex<[String]>([])
            let a = try NamedServer("a")
            let running = try Running(
                [a],
                observer: { pool, server, outcome in
                    heard.withLock { $0.append("\(pool) \(server) \(outcome == .made)") }
                })
            let client = running.client()
            #expect(client.ask("1") == "a1")
            #expect(heard.withLock(\.self) == [])
            a.stop()
            #expect(
                eventually {
                    client.send("2")
                    return running.pool.servers[0].connectionErrors > 0
                })
            #expect(heard.withLock(\.self).first == "0 0 false")
            let again = try NamedServer("a", on: a.address)
            client.waitAtMost(.milliseconds(50))
            #expect(eventually { client.ask("3") == "a3" })
            #expect(heard.withLock(\.self).last == "0 0 true")
            #expect(heard.withLock { $0.count { $0 == "0 0 true" } } == 1)
            again.stop()
        }

        @Test(arguments: [false, true], [false, true])
        func `flows of either family go to servers of either family`(
            listensOnSix: Bool, servesOnSix: Bool
        ) throws {
            let end = servesOnSix ? StreamAddress.loopback6 : .loopback4
            let (a, b) = (try NamedServer("a", on: end), try NamedServer("b", on: end))
            let running = try Running([a, b], on: listensOnSix ? .loopback6 : .loopback4) {
                $0.frontends[0].clientTimeout = .milliseconds(300)
                Self.log(&$0)
            }
            let clients = (0..<2).map { _ in DatagramClient(to: running.address) }
            for text in ["x", "", String(repeating: "y", count: 60_000)] {
                #expect(clients.map { $0.ask(text) } == ["a\(text)", "b\(text)"])
            }
            let ports = clients.map { StreamSocket.localEndpoint(of: $0.socket.number).port }
            let records = running.records(2)
            #expect(Set(records.map(\.client.port)) == Set(ports))
            #expect(records.allSatisfy { $0.client.isIPv4 != listensOnSix })
            #expect(records.map(\.bytesIn) == [60_001, 60_001])
        }

        @Test func `a socket of both families serves flows of both`() throws {
            let a = try NamedServer("a")
            let running = try Running([a], on: .ipv6(IPEndpoint(high: 0, low: 0, port: 0)))
            guard case .ipv6(let end) = running.address else { return }
            for address in [StreamAddress.loopback4, .loopback6] {
                #expect(DatagramClient(to: address.with(port: end.port)).ask("x") == "ax")
            }
            #expect(running.frontend.currentSessions == 2)
        }
    }
}
