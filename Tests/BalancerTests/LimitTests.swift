import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Time-outs of established connections` {
        /// Other time-outs than those of half-closed connections, so that no slot of the timer comes
        /// within the test by itself.
        private static func waitLong(_ plan: inout BalancerPlan) {
            plan.frontends[0].clientTimeout = .seconds(90)
            plan.pools[0].serverTimeout = .seconds(90)
            plan.pools[0].connectTimeout = .seconds(90)
        }

        @Test func `the tunnel's time-out holds instead of both sides' own`() throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.frontends[0].clientTimeout = .milliseconds(300)
                $0.pools[0].serverTimeout = .milliseconds(300)
                $0.pools[0].tunnelTimeout = .milliseconds(1000)
            }
            let client = running.connect()
            #expect(client.receive(exactly: 1) == "a")
            let start = MonotonicInstant.now
            #expect(client.receiveAll().ending == .end)
            let waited = MonotonicInstant.now - start
            // It began to count a moment before the byte was here.
            #expect(waited >= .milliseconds(700) && waited < .seconds(4))
        }

        @Test func `after a half-close the fin time-outs hold`() throws {
            let server = try TestServer { socket in
                socket.send("a")
                _ = socket.receiveAll()
                Thread.sleep(for: .seconds(3))
            }
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                Self.waitLong(&$0)
                $0.pools[0].serverFinTimeout = .milliseconds(200)
            }
            let client = running.connect()
            #expect(client.receive(exactly: 1) == "a")
            let start = MonotonicInstant.now
            client.endSending()
            #expect(client.receiveAll().ending == .end)
            let waited = MonotonicInstant.now - start
            #expect(waited >= .milliseconds(190) && waited < .seconds(2))
            #expect(running.wait { running.pool.servers[0].serverAborts == 1 })
        }

        @Test func `a client that does not end after its server did is closed in time`() throws {
            let server = try TestServer { socket in
                socket.send("a")
                socket.endSending()
                _ = socket.receiveAll()
            }
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                Self.waitLong(&$0)
                $0.frontends[0].clientFinTimeout = .milliseconds(200)
            }
            let client = running.connect()
            #expect(client.receiveAll().text == "a")
            #expect(running.wait { running.frontend.currentSessions == 0 })
            #expect(running.pool.clientAborts == 1)
        }
    }

    @Suite struct `No usable server` {
        @Test(arguments: [1, 2])
        func `a client waits for one to come up where that is asked for`(reactors: Int) throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", server)])
            ) {
                $0.pools[0].noServerTimeout = .seconds(10)
                $0.pools[0].connectTimeout = .milliseconds(50)
            }
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            let clients = (0..<3).map { running.connect(by: $0) }
            #expect(running.wait { running.pool.currentQueue == 3 })
            Thread.sleep(for: .milliseconds(150))
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(clients.map { $0.receiveAll().text } == ["a", "a", "a"])
            #expect(running.busyReactorCount == reactors)
            #expect(running.pool.connectionErrors == 0)
        }

        @Test func `a client waits no longer than asked for`() throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.pools[0].noServerTimeout = .milliseconds(200)
                $0.pools[0].connectTimeout = .seconds(20)
            }
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            let start = MonotonicInstant.now
            let (text, ending) = running.connect().receiveAll()
            let waited = MonotonicInstant.now - start
            #expect(text.isEmpty && ending == .end)
            #expect(waited >= .milliseconds(190) && waited < .seconds(2))
            #expect(running.pool.connectionErrors == 1)
        }
    }

    @Suite struct `Bounded queues` {
        @Test(arguments: [1, 2])
        func `a client that finds the pool's queue full is sent away at once`(
            reactors: Int
        ) throws {
            let server = try TestServer.holding("a")
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", server)])
            ) {
                $0.pools[0].servers[0].connectionLimit = 1
                $0.pools[0].queueLimit = 2
            }
            let first = running.connect(by: 0)
            #expect(first.receive(exactly: 1) == "a")
            let waiting = (1...2).map { number in
                let client = running.connect(by: number)
                #expect(running.wait { running.pool.currentQueue == number })
                return client
            }
            #expect(running.connect().receiveAll().ending == .end)
            #expect(running.pool.connectionErrors == 1)
            first.close()
            #expect(waiting[0].receive(exactly: 1) == "a")
            #expect(running.busyReactorCount == reactors)
            waiting[0].close()
            #expect(waiting[1].receive(exactly: 1) == "a")
        }

        @Test func `a hashed client waits for any server once its own has enough of them`() throws {
            let (a, b) = (try TestServer.holding("a"), try TestServer.holding("b"))
            let running = try RunningBalancer(
                algorithm: .source, servers: servers([("a", a), ("b", b)])
            ) {
                for index in 0..<2 {
                    $0.pools[0].servers[index].connectionLimit = 1
                    $0.pools[0].servers[index].queueLimit = 1
                }
            }
            // 127.0.0.1 and .3 are b's, 127.0.0.2 is a's.
            let (own, other) = (running.connect(), running.connect(from: 0x7f00_0002))
            #expect(own.receive(exactly: 1) == "b")
            #expect(other.receive(exactly: 1) == "a")
            let bound = running.connect()
            #expect(running.wait { running.pool.servers[1].currentQueue == 1 })
            let free = running.connect()
            #expect(running.wait { running.pool.currentQueue == 2 })
            #expect(running.pool.servers[1].currentQueue == 1)
            other.close()
            #expect(free.receive(exactly: 1) == "a")
            own.close()
            #expect(bound.receive(exactly: 1) == "b")
        }
    }

    @Suite struct `Rates` {
        @Test(arguments: [1, 2], ["maxconnrate", "maxsessrate", "rate-limit sessions"])
        func `connections above the rate wait in the kernel's queue and none is lost`(
            reactors: Int, bound: String
        ) throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", server)])
            ) {
                switch bound {
                case "maxconnrate": $0.connectionRateLimit = 20
                case "maxsessrate": $0.sessionRateLimit = 20
                default: $0.frontends[0].sessionRateLimit = 20
                }
            }
            let start = MonotonicInstant.now
            let clients = running.connectMany(50)
            let answers = clients.map { $0.receiveAll().text }
            let taken = MonotonicInstant.now - start
            #expect(answers.allSatisfy { $0 == "a" })
            #expect(running.busyReactorCount == reactors)
            #expect(running.frontend.totalSessions == 50)
            #expect(running.frontend.peakRate <= 20)
            // 20 at once, the other 30 at 20 a second.
            #expect(taken >= .milliseconds(1200) && taken < .seconds(6))
        }

        /// Five are refused by a rule and three are taken; the fourth waits where that is as much as may be.
        @Test(
            arguments: [
                ("maxconnrate", 9, false), ("maxconnrate", 8, true), ("maxsessrate", 4, false),
                ("maxsessrate", 3, true),
            ], [false, true])
        func `what counts towards a rate of the process is what counts in haproxy`(
            bound: (word: String, limit: Int, waits: Bool), awaitsHeader: Bool
        ) throws {
            let server = try TestServer.named("a")
            let proxy = try HAProxy(
                sections: [
                    " tcp-request connection reject if { src 127.0.0.2 }\n"
                        + (awaitsHeader ? " tcp-request connection expect-proxy layer4\n" : "")
                        + " server a 127.0.0.1:\(server.port)\n"
                ], global: " \(bound.word) \(bound.limit)\n")
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                if bound.word == "maxconnrate" {
                    $0.connectionRateLimit = bound.limit
                } else {
                    $0.sessionRateLimit = bound.limit
                }
                let two = PrefixTable([.init(IPEndpoint(ipv4: 0x7f00_0002, port: 0), length: 32)])
                $0.frontends[0].rules.connection = [
                    Rule(.reject, if: Condition([[.init([.source(two)])]]))
                ]
                guard awaitsHeader else { return }
                $0.frontends[0].rules.connection.append(Rule(.expectProxyHeader))
            }
            func lastOneWaits(at port: UInt16) throws -> Bool {
                // Seconds begin with those of the clock here, and with the first connection there.
                while MonotonicInstant.now.nanoseconds / 1_000_000 % 1000 > 200 {
                    Thread.sleep(for: .milliseconds(5))
                }
                for _ in 0..<5 {
                    let refused = try #require(BlockingSocket(to: port, from: 0x7f00_0002))
                    #expect(refused.receiveAll().text == "")
                }
                var clients: [BlockingSocket] = []
                for number in 0..<4 {
                    let client = try #require(BlockingSocket(to: port, from: 0x7f00_0001))
                    clients.append(client)
                    // The last one alone says who he is; the others count meanwhile.
                    if awaitsHeader, number < 3 { continue }
                    let start = MonotonicInstant.now
                    if awaitsHeader { client.send("PROXY UNKNOWN\r\n") }
                    #expect(client.receiveAll().text == "a")
                    if number == 3 { return MonotonicInstant.now - start > .milliseconds(100) }
                }
                return false
            }
            #expect(try lastOneWaits(at: proxy.port) == bound.waits)
            #expect(try lastOneWaits(at: running.port) == bound.waits)
        }

        @Test(arguments: [1, 2])
        func `one address is refused above its rate, others are not`(reactors: Int) throws {
            let server = try TestServer.named("a")
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", server)])
            ) { $0.frontends[0].sessionRateLimitPerSource = 5 }
            let start = MonotonicInstant.now
            let answers = (0..<12).map { running.connect(by: $0).receiveAll() }
            let tenths = Int((MonotonicInstant.now - start) / .milliseconds(100))
            #expect(answers.prefix(5).allSatisfy { $0.text == "a" })
            let refused = answers.count { $0.text.isEmpty }
            // Each fifth of a second lets one more come; both reactors together, not each of them.
            #expect((7 - 1 - (tenths + 1) / 2...7).contains(refused), "in \(tenths) tenths")
            #expect(running.busyReactorCount == reactors)
            #expect(running.answer(from: 0x7f00_0002) == "a")
            #expect(running.frontend.refusals == refused)
            #expect(running.frontend.totalSessions == 13 - refused)
        }

        @Test func `an address is known again among thousands of others`() {
            let rates = SourceRates(limit: 3)
            let one = IPEndpoint(ipv4: 1, port: 0)
            #expect(
                (0..<5).map { _ in rates.isOver(one, at: 500) }
                    == [false, false, false, true, true])
            for other in 2..<4000 as Range<UInt32> {
                _ = rates.isOver(IPEndpoint(ipv4: other, port: 0), at: 600)
            }
            #expect(rates.isOver(one, at: 700))
            // A second later what it had counts in part only.
            #expect(rates.isOver(one, at: 1500) == false)
            #expect(rates.isOver(one, at: 3000) == false)
        }

        @Test func `what an address had is known to a reactor whose turn began before`() {
            let rates = SourceRates(limit: 2)
            let one = IPEndpoint(ipv4: 1, port: 0)
            #expect((0..<2).map { _ in rates.isOver(one, at: 2_001) } == [false, false])
            #expect(rates.isOver(one, at: 1_999))
            #expect(rates.isOver(one, at: 2_002))
        }

        @Test func `nobody uses up another one's rate, nor gets a new one in his own network`() {
            let rates = SourceRates(limit: 1)
            let victim = IPEndpoint(ipv4: 0x0a00_0001, port: 0)
            // The exclusive or of its halves is the victim's.
            let network: UInt64 = 0x2001_0db8_0000_0001
            let attacker = IPEndpoint(high: network, low: victim.low ^ network, port: 0)
            #expect(!rates.isOver(attacker, at: 500))
            #expect(rates.isOver(attacker, at: 500))
            #expect(!rates.isOver(victim, at: 500))
            #expect(rates.isOver(IPEndpoint(high: network, low: 7, port: 9), at: 500))
            #expect(!rates.isOver(IPEndpoint(high: network + 1, low: 7, port: 9), at: 500))
            // Clients of a Unix socket have no address to be told by.
            #expect(!rates.isOver(.none, at: 500))
            #expect(!rates.isOver(.none, at: 500))
        }
    }

    @Suite struct `Servers that change` {
        @Test(arguments: [1, 2])
        func `connections to a server that goes down are reset where that is asked for`(
            reactors: Int
        ) throws {
            let (a, b) = (try TestServer.holding("a"), try TestServer.holding("b"))
            let running = try RunningBalancer(
                reactors: reactors, servers: servers([("a", a), ("b", b)])
            ) { $0.pools[0].servers[0].shutsSessionsWhenDown = true }
            var clients: [BlockingSocket] = []
            // One of each reactor at either server.
            for (name, reactor) in [("a", 0), ("b", 0), ("a", 1), ("b", 1)] {
                clients.append(running.connect(by: reactor))
                #expect(clients.last?.receive(exactly: 1) == name)
            }
            #expect(running.busyReactorCount == reactors)
            for server in 0..<2 { running.balancer.setHealth(pool: 0, server: server, isUp: false) }
            #expect(clients[0].receiveAll().ending == .failed(104))
            #expect(clients[2].receiveAll().ending == .failed(104))
            #expect(running.wait { running.pool.currentSessions == 2 })
            clients[1].send("still here")
            #expect(running.wait { running.pool.servers[1].bytesIn == 10 })
        }

        @Test func `connections to a backup are reset when a server of the first line is back`()
            throws
        {
            let (a, b) = (try TestServer.holding("a"), try TestServer.holding("b"))
            let running = try RunningBalancer(servers: servers([("a", a), ("b", b)])) {
                $0.pools[0].servers[0].shutsBackupSessionsWhenUp = true
                $0.pools[0].servers[1].isBackup = true
            }
            running.balancer.setHealth(pool: 0, server: 0, isUp: false)
            let client = running.connect()
            #expect(client.receive(exactly: 1) == "b")
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            #expect(client.receiveAll().ending == .failed(104))
            let next = running.connect()
            #expect(next.receive(exactly: 1) == "a")
            // What is told again is no change.
            running.balancer.setHealth(pool: 0, server: 0, isUp: true)
            next.send("x")
            #expect(running.wait { running.pool.servers[0].bytesIn == 1 })
        }

        @Test func `a server that came up gets its full share by and by, without a new event`()
            throws
        {
            let (a, b) = (try TestServer.named("a"), try TestServer.named("b"))
            let running = try RunningBalancer(servers: servers([("a", a), ("b", b)])) {
                $0.pools[0].servers[1].slowStart = .seconds(2)
            }
            running.balancer.setHealth(pool: 0, server: 1, isUp: false)
            running.balancer.setHealth(pool: 0, server: 1, isUp: true)
            let early = (0..<16).map { _ in running.answer() }.joined()
            #expect(early.count { $0 == "b" } <= 2)
            Thread.sleep(for: .milliseconds(3_300))
            let late = (0..<16).map { _ in running.answer() }.joined()
            #expect(late.count { $0 == "b" } == 8)
        }
    }
}
