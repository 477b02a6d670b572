import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// Peers that cost more than they are worth: closed in time, and counted by cause.
    @Suite struct `Hostile peers` {
        /// The beginning of a hello of 2560 bytes, a record for each byte: less than may be said, and
        /// never whole.
        private static let endlessHello: [[UInt8]] = {
            let head: [UInt8] = [1, 0, 10, 0, 3, 3] + Array(repeating: 7, count: 32)
            // No session, and cipher suites up to the end.
            let body: [UInt8] = head + [0, 9, 0xd6] + Array(repeating: 0x13, count: 2500)
            return body.map { [22, 3, 1, 0, 1, $0] }
        }()

        @Test(arguments: [true, false])
        func `a rate per source is that of the source which the header tells`(byRule: Bool) throws {
            let server = try AnsweringServer { _, _ in "a" }
            let running = try FamilyBalancer(pools: [[.at(server.address)]]) {
                $0.frontends[0].listeners[0].acceptsProxyHeader = !byRule
                if byRule { $0.frontends[0].rules.connection = [Rule(.expectProxyHeader)] }
                $0.frontends[0].sessionRateLimitPerSource = 2
            }
            func ask(_ last: Int) -> (text: String, ending: BlockingSocket.Received) {
                let client = running.connect()
                client.send("PROXY TCP4 192.0.2.\(last) 198.51.100.2 56324 443\r\n")
                return client.receiveAll()
            }
            for source in [1, 2, 1, 2] { #expect(ask(source).text == "a") }
            #expect(ask(1).ending == .failed(ECONNRESET))
            #expect(ask(3).text == "a")
            #expect(running.frontend.refusals == 1)
            #expect(running.frontend.refusalsByCause == [.overRate: 1])
            #expect(eventually { running.frontend.currentSessions == 0 })
        }

        /// A message in records of one byte each wants a reading for each of them.
        @Test(arguments: [false, true])
        func `a first message that comes in crumbs is not read for ever`(inRecords: Bool) throws {
            // They read what comes after the decision: who closes before is heard as a reset.
            let (named, other) = (try TestServer.holding("n"), try TestServer.holding("o"))
            let running = try FamilyBalancer(
                pools: [[.at(.ipv4(other.address))], [.at(.ipv4(named.address))]]
            ) {
                let asked = Question.serverName([TextPattern(.exact, "shop.example.org")])
                $0.frontends[0].rules.pools = [PoolRule(1, if: Condition([[.init([asked])]]))]
                $0.frontends[0].rules.inspectDelay = .seconds(60)
            }
            let client = running.connect()
            client.sendOn(inRecords ? Self.endlessHello : opensslHello.map { [$0] })
            #expect(client.receive(exactly: 1) == (inRecords ? "o" : "n"))
            #expect(running.frontend.unreadableHellos == (inRecords ? 1 : 0))
        }

        /// Rules that want more than a first message keep the connection open meanwhile.
        @Test func `it is not read for ever where other rules wait as well`() throws {
            let server = try TestServer.holding("a")
            let running = try FamilyBalancer(pools: [[.at(.ipv4(server.address))]]) {
                $0.frontends[0].rules.content = [
                    Rule(.accept, if: Condition([[.init([.helloType([1...1])])]])),
                    Rule(.reject, if: Condition([[.init([.waitIsOver])]])),
                ]
                $0.frontends[0].rules.inspectDelay = .seconds(60)
            }
            let client = running.connect()
            client.sendOn(Self.endlessHello)
            #expect(eventually { running.frontend.refusalsByCause == [.deniedContent: 1] })
            #expect(client.receiveAll().text == "")
            let other = running.connect()
            other.send(opensslHello)
            #expect(other.receive(exactly: 1) == "a")
        }

        @Test func `what it said is known where other rules have waited for more in vain`() throws {
            let (named, other) = (try TestServer.holding("n"), try TestServer.holding("o"))
            let running = try FamilyBalancer(
                pools: [[.at(.ipv4(other.address))], [.at(.ipv4(named.address))]]
            ) {
                let asked = Question.serverName([TextPattern(.exact, "shop.example.org")])
                let needle = Question.payload(offset: 0, length: 0, [.init(.part, "needle")])
                $0.frontends[0].rules.content = [Rule(.reject, if: Condition([[.init([needle])]]))]
                $0.frontends[0].rules.pools = [PoolRule(1, if: Condition([[.init([asked])]]))]
                $0.frontends[0].rules.inspectDelay = .seconds(60)
            }
            let client = running.connect()
            client.send(opensslHello)
            client.sendOn(Array(repeating: [0], count: 4000))
            #expect(client.receive(exactly: 1) == "n")
        }

        /// A peer that takes nothing, and says something all the time.
        @Test(arguments: [true, false])
        func `who never reads is cut off, whatever he says`(isClient: Bool) throws {
            let server = try TestServer { socket in
                if isClient {
                    _ = Pattern.send(64 << 20, to: socket)
                } else {
                    while socket.sendAll([1]) { Thread.sleep(for: .milliseconds(20)) }
                }
            }
            let logged = try LoggedBalancer(servers: servers([("a", server)])) {
                $0.frontends[0].clientTimeout = isClient ? .milliseconds(300) : .seconds(20)
                $0.pools[0].serverTimeout = isClient ? .seconds(20) : .milliseconds(300)
            }
            let running = logged.running
            let start = MonotonicInstant.now
            let client = running.connect(receiveBuffer: 4096)
            let talking = try TestThread {
                if isClient {
                    while client.sendAll([1]) { Thread.sleep(for: .milliseconds(20)) }
                } else {
                    _ = Pattern.send(64 << 20, to: client)
                }
            }
            #expect(running.wait { running.isOver })
            let took = MonotonicInstant.now - start
            #expect(took >= .milliseconds(290) && took < .seconds(3))
            talking.join()
            #expect(
                running.frontend.refusalsByCause == [isClient ? .clientStuck : .serverStuck: 1])
            #expect(logged.lines(1).map(field(4)) == [isClient ? "cD" : "sD"])
        }

        @Test func `an answer that time cuts off does not end like a complete one`() throws {
            let server = try TestServer { socket in
                _ = Pattern.send(64 << 20, to: socket)
            }
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.frontends[0].clientTimeout = .milliseconds(200)
                $0.pools[0].serverTimeout = .milliseconds(200)
            }
            let client = running.connect(receiveBuffer: 4096)
            #expect(running.wait { running.isOver })
            #expect(client.receiveAll().ending == .failed(ECONNRESET))
            // The server is not idle while nobody takes what it has.
            #expect(running.frontend.refusalsByCause == [.clientStuck: 1])
        }

        @Test func `a reader who takes a little now and then is served to the end`() throws {
            let server = try TestServer { _ = Pattern.send(12 << 20, to: $0) }
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.frontends[0].clientTimeout = .milliseconds(400)
                $0.pools[0].serverTimeout = .milliseconds(400)
            }
            let client = running.connect(receiveBuffer: 65_536)
            let start = MonotonicInstant.now
            let count = Pattern.receive(from: client) { Thread.sleep(for: .milliseconds(5)) }
            #expect(count == 12 << 20)
            #expect(MonotonicInstant.now - start > .milliseconds(450))
            client.close()
            #expect(running.wait { running.frontend.currentSessions == 0 })
            #expect(running.frontend.refusalsByCause == [:])
        }

        @Test func `who says nothing is told from who says nothing more`() throws {
            let running = try RunningBalancer(
                servers: servers([("a", try TestServer { _ = $0.receiveAll() })])
            ) { $0.frontends[0].clientTimeout = .milliseconds(150) }
            let (silent, idle) = (running.connect(), running.connect())
            idle.send("x")
            #expect(silent.receiveAll().ending == .end)
            #expect(idle.receiveAll().ending == .end)
            #expect(running.frontend.refusalsByCause == [.clientSilent: 1, .clientIdle: 1])
            #expect(running.pool.clientAborts == 2)
        }
    }

    @Suite struct `Long connections` {
        @Test(arguments: [1, 25, 30, 49, 50, 400, 9000])
        func `the time of a connection is right after many days`(days: UInt64) throws {
            var plan = BalancerPlan(
                connectionLimit: 1, frontends: [FrontendPlan(name: "f", poolIndex: 0)],
                pools: [PoolPlan(name: "p", servers: [])])
            plan.frontends[0].listeners = [ListenerPlan()]
            plan.frontends[0].logging = ConnectionLogging(moment: .ending)
            let shared = try SharedState(plan)
            var worker = try Worker(number: 0, shared: shared)
            let place = worker.slab.allocate()
            let client = try #require(place)
            let start: UInt64 = (3 << 32) - 50
            worker.now = start
            worker.prepare(client, socket: -1, source: .none, at: 0, by: 0)
            worker.slab[client | 1].queueTime = 20
            worker.slab[client | 1].phaseAt = UInt32(truncatingIfNeeded: start + 100)
            worker.slab[client].phase = .relaying
            worker.now = start + days * 86_400_000
            let written = worker.recordToWrite(client, .normal)
            let record = try #require(written)
            #expect(record.totalTime == days * 86_400_000)
            #expect(record.acceptedAt == start)
            #expect(record.queueTime == 20 && record.connectTime == 80)
        }
    }
}

extension BlockingSocket {
    /// Sends one piece after the other, a millisecond apart, until there is an answer: those that
    /// come together count once, and on a busy machine it takes a few more.
    fileprivate func sendOn(_ pieces: [[UInt8]]) {
        StreamSocket.disableDelay(number)
        var answer = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        for piece in pieces where poll(&answer, 1, 1) == 0 { send(piece) }
    }
}

extension RunningBalancer {
    /// Whether somebody was there, and is gone.
    fileprivate var isOver: Bool {
        let frontend = frontend
        return frontend.totalSessions > 0 && frontend.currentSessions == 0
    }
}
