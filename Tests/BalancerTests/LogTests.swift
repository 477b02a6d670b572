import Glibc
import LinuxIO
import Testing

@testable import Balancer

/// A balancer whose records are written as lines.
final class LoggedBalancer {
    let running: RunningBalancer
    private let line: ConnectionLine

    init(
        servers: [ServerPlan], _ logging: ConnectionLogging = .init(moment: .ending),
        adjusting adjust: (inout BalancerPlan) -> Void = { _ in },
        observer: ConnectionObserver? = nil
    ) throws {
        running = try RunningBalancer(
            servers: servers,
            adjusting: {
                $0.frontends[0].logging = logging
                adjust(&$0)
            }, observer: observer)
        line = ConnectionLine(running.balancer.plan)
    }

    /// The next lines, without address, port and date; times that depend on the machine as `T`.
    func lines(_ count: Int) -> [String] {
        var records: [ConnectionRecord] = []
        _ = eventually {
            running.balancer.records?.take { record, _ in records.append(record) }
            return records.count >= count
        }
        return records.map { record in
            let text = line.text(record, acceptedAt: CivilTime(microseconds: 0))
            guard let bracket = text.firstIndex(of: "]") else { return text }
            return String(text[text.index(bracket, offsetBy: 2)...])
        }
    }

    /// Whether no line comes of connections that have come and gone, but for `open` that stay.
    func isQuiet(open: Int = 0) -> Bool {
        guard
            running.wait(until: {
                let frontend = running.frontend
                return frontend.totalSessions > open && frontend.currentSessions == open
            })
        else { return false }
        Thread.sleep(for: .milliseconds(50))
        var count = 0
        running.balancer.records?.take { _, _ in count += 1 }
        return count == 0
    }
}

/// A field of a line, from 0 on; empty where there is none.
func field(_ number: Int) -> (String) -> Substring {
    { $0.split(separator: " ").dropFirst(number).first ?? "" }
}

/// The fields after the times: bytes, state, connections, queues.
func tail(_ line: String) -> String {
    line.split(separator: " ").dropFirst(3).joined(separator: " ")
}

/// A line with each time that was taken, in milliseconds, as `t`: a busy machine takes one more.
private func untimed(_ line: String) -> String {
    var words = line.split(separator: " ").map(String.init)
    guard words.count > 2 else { return line }
    let times = words[2].split(separator: "/").map { $0.hasPrefix("-") ? $0 : "t" }
    words[2] = times.joined(separator: "/")
    return words.joined(separator: " ")
}

extension BalancerTests {
    @Suite struct `The log of connections` {
        @Test func `a line has haproxy's fields`() {
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "in", poolIndex: 0)],
                pools: [PoolPlan(name: "out", servers: [])])
            plan.pools[0].servers = [
                ServerPlan(name: "web", address: .init(address: 0, port: 1))
            ]
            var record = ConnectionRecord()
            record.client = IPEndpoint(ipv4: 0xc000_0201, port: 33313)
            record.local = IPEndpoint(ipv4: 0xc000_0202, port: 80)
            record.server = 0
            record.queueTime = 12
            record.connectTime = 3
            record.totalTime = 5007
            record.bytesOut = 212
            record.processConnections = 4
            record.frontendConnections = 3
            record.poolConnections = 2
            record.serverConnections = 1
            record.retries = 2
            record.wasRedispatched = true
            record.serverQueue = 0
            record.poolQueue = 7
            setenv("TZ", "UTC", 1)
            tzset()
            let date = CivilTime(microseconds: 1_795_457_678_419_000)
            let line = ConnectionLine(plan)
            #expect(
                line.text(record, acceptedAt: date)
                    == "192.0.2.1:33313 [23/Nov/2026:18:14:38.419] in out/web 12/3/5007 212 -- 4/3/2/1/+2 0/7"
            )
            // TLS ends here.
            record.isSecured = true
            #expect(line.text(record, acceptedAt: date).contains("] in~ out/web "))
            record.isSecured = false
            record.kind = .connected
            record.server = nil
            record.queueTime = nil
            record.connectTime = nil
            record.ending = Ending(cause: .serverTimeout, stage: .queue)
            #expect(
                line.text(record, acceptedAt: date)
                    == "192.0.2.1:33313 [23/Nov/2026:18:14:38.419] in out/<NOSRV> -1/-1/+5007 +212 sQ 4/3/2/1/+2 0/7"
            )
            record.kind = .accepted
            #expect(
                line.text(record, acceptedAt: date)
                    == "Connect from 192.0.2.1:33313 to 192.0.2.2:80 (in/TCP)")
            #expect(
                line.json(record, acceptedAt: date)
                    == #"{"event":"accepted","accepted":"2026-11-23T18:14:38.419000+00:00","client":"192.0.2.1:33313","frontend":"in","backend":"out","server":null,"queue_ms":null,"connect_ms":null,"total_ms":5007,"bytes_in":0,"bytes_out":212,"state":"sQ","retries":2,"redispatched":true,"connections":4,"frontend_connections":3,"backend_connections":2,"server_connections":1,"server_queue":0,"backend_queue":7}"#
            )
        }

        @Test func `connections that end well, by reset of either side, or by time`() throws {
            let server = try TestServer { socket in
                socket.send("hello")
                guard case .bytes = socket.receive() else { return }
                socket.reset()
            }
            let logged = try LoggedBalancer(servers: servers([("a", server)])) {
                $0.frontends[0].clientTimeout = .milliseconds(300)
            }
            let well = logged.running.connect()
            #expect(well.receive(exactly: 5) == "hello")
            well.close()
            #expect(logged.lines(1).map(tail) == ["5 -- 1/1/0/0/0 0/0"])
            let client = logged.running.connect()
            #expect(client.receive(exactly: 5) == "hello")
            client.reset()
            #expect(logged.lines(1).map(tail) == ["5 CD 1/1/0/0/0 0/0"])
            let served = logged.running.connect()
            #expect(served.receive(exactly: 5) == "hello")
            served.send("x")
            #expect(logged.lines(1).map(tail) == ["5 SD 1/1/0/0/0 0/0"])
            let idle = logged.running.connect()
            #expect(idle.receiveAll().text == "hello")
            #expect(logged.lines(1).map(tail) == ["5 cD 1/1/0/0/0 0/0"])
        }

        @Test func `connections that get no server, or not in time`() throws {
            let server = try TestServer.holding("a")
            let refused = try LoggedBalancer(
                servers: [ServerPlan(name: "r", address: TestServer.refusingAddress())]
            ) { $0.pools[0].retries = 0 }
            _ = refused.running.answer()
            #expect(
                refused.lines(1).map(untimed) == ["front pool/r t/-1/t 0 SC 1/1/0/0/0 0/0"])
            let none = try LoggedBalancer(servers: [])
            _ = none.running.answer()
            #expect(
                none.lines(1).map(untimed) == ["front pool/<NOSRV> -1/-1/t 0 SC 1/1/0/0/0 0/0"])
            let full = try LoggedBalancer(servers: servers([("a", server)])) {
                $0.pools[0].servers[0].connectionLimit = 1
                $0.pools[0].queueTimeout = .milliseconds(300)
                $0.pools[0].queueLimit = 2
            }
            let first = full.running.connect()
            #expect(first.receive(exactly: 1) == "a")
            _ = full.running.answer()
            let late = full.lines(1).map(tail)
            #expect(late == ["0 sQ 2/2/1/0/0 0/1"])
            let gone = full.running.connect()
            #expect(full.running.wait { full.running.pool.currentQueue == 1 })
            gone.reset()
            #expect(full.lines(1).map(tail) == ["0 CQ 2/2/1/0/0 0/1"])
            let waiting = (0..<2).map { _ in full.running.connect() }
            #expect(full.running.wait { full.running.pool.currentQueue == 2 })
            _ = full.running.answer()
            #expect(full.lines(1).map(tail) == ["0 PQ 4/4/3/0/0 0/0"])
            first.close()
            _ = waiting[0].receive(exactly: 1)
            waiting[0].close()
            _ = waiting[1].receive(exactly: 1)
            waiting[1].close()
            #expect(full.lines(3).allSatisfy { $0.contains(" -- ") })
        }

        @Test func `a waiting time is the queue's, not the server's`() throws {
            let server = try TestServer.holding("a")
            let logged = try LoggedBalancer(servers: servers([("a", server)])) {
                $0.pools[0].servers[0].connectionLimit = 1
            }
            let first = logged.running.connect()
            #expect(first.receive(exactly: 1) == "a")
            let second = logged.running.connect()
            #expect(logged.running.wait { logged.running.pool.currentQueue == 1 })
            Thread.sleep(for: .milliseconds(120))
            first.close()
            #expect(second.receive(exactly: 1) == "a")
            second.close()
            let both = logged.lines(2).map(field(2)).map { $0.split(separator: "/") }
            try #require(both.map(\.count) == [3, 3])
            // Who did not wait: haproxy says 1.
            #expect(both[0][0] == "0")
            let times = both[1]
            #expect((Int(times[0]) ?? 0) >= 119 && (Int(times[1]) ?? 99) < 100)
            #expect(logged.running.wait { logged.running.pool.queueTimes.total == 2 })
            let pool = logged.running.pool
            #expect(pool.queueTimes.counts[0] == 1)
            #expect(pool.queueTimes.counts[7...8].reduce(0, +) == 1)
            #expect(pool.times.queue >= 59 && pool.servers[0].times.queue == pool.times.queue)
            #expect(pool.times.session >= 119)
        }

        @Test func `an attempt that moved to another server is marked, with its number`() throws {
            let server = try TestServer.named("b")
            let logged = try LoggedBalancer(
                servers: [ServerPlan(name: "a", address: TestServer.refusingAddress())]
                    + servers([("b", server)])
            ) { $0.pools[0].redispatches = true }
            #expect(logged.running.answer() == "b")
            #expect(logged.lines(1).map(tail) == ["1 -- 1/1/0/0/+1 0/0"])
        }

        @Test func `dontlognull hides who says nothing, and nothing that failed`() throws {
            var logging = ConnectionLogging(moment: .ending)
            logging.omitsEmpty = true
            let silent = try TestServer { _ = $0.receiveAll() }
            let logged = try LoggedBalancer(servers: servers([("a", silent)]), logging)
            logged.running.connect().close()
            #expect(logged.isQuiet())
            let refused = try LoggedBalancer(
                servers: [ServerPlan(name: "r", address: TestServer.refusingAddress())], logging
            ) { $0.pools[0].retries = 0 }
            _ = refused.running.answer()
            #expect(
                refused.lines(1).map(untimed) == ["front pool/r t/-1/t 0 SC 1/1/0/0/0 0/0"])
        }

        @Test func `dontlog-normal leaves what went well out`() throws {
            var logging = ConnectionLogging(moment: .ending)
            logging.omitsNormal = true
            let server = try TestServer.holding("a")
            let logged = try LoggedBalancer(servers: servers([("a", server)]), logging)
            let well = logged.running.connect()
            #expect(well.receive(exactly: 1) == "a")
            well.close()
            #expect(logged.isQuiet())
            let broken = logged.running.connect()
            #expect(broken.receive(exactly: 1) == "a")
            broken.reset()
            #expect(logged.lines(1).map(tail) == ["1 CD 1/1/0/0/0 0/0"])
        }

        @Test func `logasap tells when the server answered, and not again at the end`() throws {
            let server = try TestServer.holding("a")
            let logged = try LoggedBalancer(
                servers: servers([("a", server)]), .init(moment: .connecting))
            let client = logged.running.connect()
            #expect(logged.lines(1).map(tail) == ["+0 -- 1/1/1/1/0 0/0"])
            client.close()
            #expect(logged.isQuiet())
        }

        @Test func `by default a connection is told of when it is accepted`() throws {
            let server = try TestServer.holding("a")
            let logged = try LoggedBalancer(
                servers: servers([("a", server)]), .init(moment: .accepting))
            let client = logged.running.connect()
            let line = try #require(logged.lines(1).first)
            #expect(line.hasPrefix("Connect from 127.0.0.1:"))
            #expect(line.hasSuffix(" to 127.0.0.1:\(logged.running.port) (front/TCP)"))
            client.close()
            #expect(logged.isQuiet())
        }

        @Test func `an address of IPv6 is told as haproxy tells it`() throws {
            var record = ConnectionRecord()
            record.client = try #require(IPEndpoint("2001:db8::7", port: 443))
            record.local = try #require(IPEndpoint("::1", port: 80))
            record.kind = .accepted
            let line = ConnectionLine(
                BalancerPlan(
                    frontends: [FrontendPlan(name: "in", poolIndex: 0)],
                    pools: [PoolPlan(name: "out")]))
            let date = CivilTime(microseconds: 0)
            #expect(
                line.text(record, acceptedAt: date)
                    == "Connect from 2001:db8::7:443 to ::1:80 (in/TCP)")
            record.kind = .ended
            #expect(line.text(record, acceptedAt: date).hasPrefix("2001:db8::7:443 ["))
            let form = LineFormat([
                .variable(.clientAddress, isQuoted: false, isHexadecimal: false, isEscaped: false)
            ])
            #expect(line.text(record, as: form, acceptedAt: date) == "2001:db8::7")
        }

        @Test func `orders end connections with a state of their own`() throws {
            let server = try TestServer.holding("a")
            let logged = try LoggedBalancer(servers: servers([("a", server)]))
            for (cause, state): (SessionEndCause, String) in [
                (.serverDown, "D-"), (.activeCameUp, "U-"), (.operatorsOrder, "K-"),
            ] {
                let client = logged.running.connect()
                #expect(client.receive(exactly: 1) == "a")
                logged.running.balancer.endSessions(pool: 0, server: 0, because: cause)
                #expect(logged.lines(1).map(tail) == ["1 \(state) 1/1/0/0/0 0/0"])
                #expect(client.receiveAll().ending == .failed(ECONNRESET))
            }
        }

        @Test func `records that nobody takes are counted as lost, and hold nothing up`() {
            let ring = RecordRing()
            for _ in 0..<5000 { ring.append(ConnectionRecord(), nil) }
            #expect(ring.lostCount == 904)
            var count = 0
            while ring.take({ _, _ in }) { count += 1 }
            #expect(count == 4096)
        }
    }

    @Suite struct `Counters` {
        @Test func `an average is the mean of the first, and forgets older ones later`() {
            let tally = Tally()
            for time in [10, 20, 60] { tally.noteTimes(queue: time, connect: 0, session: time) }
            #expect(Tally.average(tally.queueTime) == 30)
            #expect(Tally.average(tally.connectTime) == 0)
            for _ in 0..<20_000 { tally.noteTimes(queue: 100, connect: 7, session: 5) }
            #expect(Tally.average(tally.queueTime) == 100)
            #expect(Tally.average(tally.connectTime) == 7)
        }

        @Test func `a quantile is the upper end of the place where it lies`() {
            var histogram = TimeHistogram()
            #expect(histogram.quantile(0.5) == nil)
            for (time, count) in [(0, 50), (3, 40), (900, 10)] {
                histogram.add(count, at: TimeHistogram.place(of: time))
            }
            #expect(histogram.quantile(0.5) == 0)
            #expect(histogram.quantile(0.9) == 3)
            #expect(histogram.quantile(0.99) == 1023)
            #expect(TimeHistogram.place(of: .max) == 23)
            for (number, place) in [(1, 0), (2_000, 24)] { histogram.add(number, atNumber: place) }
            #expect(histogram.counts[0] == 51)
            #expect(histogram.sum == 2_000)
            #expect(histogram.numbers.count == 25)
        }

        @Test func `a balancer goes on from what another has counted, by name`() throws {
            let server = try TestServer.named("a")
            let first = try RunningBalancer(servers: servers([("a", server), ("b", server)]))
            for _ in 0..<4 { #expect(first.answer() == "a") }
            #expect(first.wait { first.frontend.currentSessions == 0 })
            let ledger = first.balancer.ledger()
            #expect(ledger.vectors["process"]?.sums == [4])
            #expect(ledger.vectors["server pool/a"]?.sums.first == 2)
            let second = try RunningBalancer(servers: servers([("b", server), ("c", server)]))
            second.balancer.add(ledger)
            #expect(second.answer() == "a")
            #expect(second.wait { second.frontend.currentSessions == 0 })
            let snapshot = second.balancer.snapshot()
            #expect(snapshot.totalSessions == 5)
            #expect(snapshot.frontends[0].totalSessions == 5)
            #expect(snapshot.frontends[0].bytesOut == 5)
            #expect(snapshot.pools[0].totalSessions == 5)
            #expect(snapshot.pools[0].servers.map(\.totalSessions) == [3, 0])
            // What the server that is gone has counted is its pool's.
            var before = ledger
            before.leave { $0 == "server pool/a" }
            #expect(before.vectors["pool pool"]?.sums[2] == 2)
            let news = second.balancer.ledger() - before
            #expect(
                news.vectors.mapValues { $0.sums.prefix(3) } == [
                    "process": [1], "frontend front": [1, 0, 1],
                    "listener front/sock-1": [1, 0, 1], "pool pool": [1, 0, 0],
                    "server pool/b": [1, 0, 1],
                ])
            var sum = before
            sum += news
            #expect(sum == second.balancer.ledger())
        }

        @Test(arguments: [true, false])
        func `who is refused before he is a session is counted, and not told of`(
            atOnce: Bool
        ) throws {
            let server = try TestServer.named("a")
            let logged = try LoggedBalancer(servers: servers([("a", server)])) { plan in
                let elsewhere = PrefixTable([
                    .init(IPEndpoint(ipv4: 0x7f00_0002, port: 0), length: 32)
                ])
                let condition = Condition([[.init([.source(elsewhere)])]])
                if atOnce {
                    plan.frontends[0].rules.connection = [Rule(.reject, if: condition)]
                } else {
                    plan.frontends[0].rules.session = [Rule(.silentDrop, if: condition)]
                }
            }
            let refused = logged.running.connect(from: 0x7f00_0002)
            let cause = atOnce ? Refusal.deniedConnection : .deniedSession
            #expect(logged.running.wait { logged.running.frontend.refusalsByCause == [cause: 1] })
            refused.close()
            #expect(logged.running.answer() == "a")
            // What comes first would be told of first.
            #expect(logged.lines(1).map(tail) == ["1 -- 1/1/0/0/0 0/0"])
        }

        @Test func `causes, late hellos, histograms, averages and peaks go on too`() throws {
            let server = try TestServer.named("a")
            func plan(_ plan: inout BalancerPlan) {
                let elsewhere = PrefixTable([
                    .init(IPEndpoint(ipv4: 0x7f00_0002, port: 0), length: 32)
                ])
                plan.frontends[0].rules.connection = [
                    Rule(.reject, if: Condition([[.init([.source(elsewhere)])]]))
                ]
                plan.frontends[0].rules.content = [
                    Rule(.accept, if: Condition([[.init([.helloType([1...1])])]]))
                ]
                plan.frontends[0].rules.inspectDelay = .milliseconds(30)
            }
            let first = try RunningBalancer(
                servers: servers([("a", server)]), adjusting: plan)
            #expect(first.answer() == "a")
            #expect(first.answer(from: 0x7f00_0002) == "")
            let two = [first.connect(), first.connect()]
            for one in two {
                #expect(one.receiveAll().text == "a")
                one.close()
            }
            #expect(first.wait { first.frontend.currentSessions == 0 })
            let before = first.balancer.snapshot()
            let second = try RunningBalancer(
                servers: servers([("a", server)]), adjusting: plan)
            second.balancer.add(first.balancer.ledger())
            // In another process, and in this one by another plan.
            var other = first.balancer.plan
            other.pools[0].retries = 7
            try first.balancer.adopt(other, listeners: [[first.listener]])
            for after in [second, first].map({ $0.balancer.snapshot() }) {
                #expect(after.frontends[0].refusalsByCause == [Refusal.deniedConnection: 1])
                #expect(after.frontends[0].lateHellos == 3)
                #expect(after.frontends[0].peakSessions == 2)
                #expect(after.peakSessions == 2)
                #expect(after.pools[0].sessionTimes == before.pools[0].sessionTimes)
                #expect(after.pools[0].sessionTimes.total == 3)
                #expect(after.pools[0].sessionTimes.sum >= 90)
                #expect(after.pools[0].times == before.pools[0].times)
                #expect(after.pools[0].times.session >= 30)
                #expect(
                    after.pools[0].servers[0].peakSessions
                        == before.pools[0].servers[0].peakSessions)
                #expect(after.pools[0].servers[0].peakSessions >= 1)
                #expect(after.pools[0].servers[0].secondsSinceLastSession != nil)
                #expect(after.frontends[0].currentSessions == 0)
            }
        }
    }
}
