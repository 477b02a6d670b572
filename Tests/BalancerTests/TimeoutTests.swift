import Glibc
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    @Suite struct `Time-outs` {
        @Test func `an instant is known by its low bits`() {
            let now: UInt64 = 9 << 32 + 5
            for age in [0, 1, 6, 86_400_000, 30 * 86_400_000] as [UInt64] {
                #expect(now.instant(of: UInt32(truncatingIfNeeded: now - age)) == now - age)
            }
            #expect(now.instant(of: UInt32(truncatingIfNeeded: now + 1000)) == now + 1000)
            // Too far back to be known, but not to come.
            #expect(now.instant(of: UInt32(truncatingIfNeeded: now - 60 * 86_400_000)) <= now)
            #expect((7 as UInt64).instant(of: 9) == 9)
            #expect((7 as UInt64).instant(of: 3) == 3)
        }

        @Test(arguments: [true, false])
        func `a connection on which nothing moves ends`(byClient: Bool) throws {
            let running = try RunningBalancer(
                servers: servers([("a", try TestServer.holding("a"))])
            ) {
                $0.frontends[0].clientTimeout = byClient ? .milliseconds(200) : .seconds(60)
                $0.pools[0].serverTimeout = byClient ? .seconds(60) : .milliseconds(200)
            }
            let client = running.connect()
            #expect(client.receive(exactly: 1) == "a")
            let start = MonotonicInstant.now
            #expect(client.receiveAll().ending == .end)
            let took = MonotonicInstant.now - start
            #expect(took >= .milliseconds(190) && took < .milliseconds(600))
            #expect(running.wait { running.frontend.currentSessions == 0 })
            #expect(running.pool.clientAborts == (byClient ? 1 : 0))
            #expect(running.pool.serverAborts == (byClient ? 0 : 1))
        }

        @Test(arguments: [true, false])
        func `bytes in either direction keep a connection alive`(clientTalks: Bool) throws {
            @Sendable func talk(_ socket: BlockingSocket) {
                for _ in 0..<10 {
                    socket.send("x")
                    Thread.sleep(for: .milliseconds(100))
                }
            }
            let server = try TestServer { socket in
                guard clientTalks else { return talk(socket) }
                socket.send(socket.receive(exactly: 10))
            }
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.frontends[0].clientTimeout = .milliseconds(500)
                $0.pools[0].serverTimeout = .milliseconds(500)
            }
            let client = running.connect()
            if clientTalks { talk(client) }
            let (text, ending) = client.receiveAll()
            #expect(text == "xxxxxxxxxx")
            #expect(ending == .end)
            #expect(running.frontend.refusalsByCause == [:])
            #expect(running.pool.clientAborts == 0)
            #expect(running.pool.serverAborts == 0)
        }

        @Test func `a half-closed connection ends, too`() throws {
            let server = try TestServer { socket in
                _ = socket.receiveAll()
                Thread.sleep(for: .seconds(2))
            }
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                $0.pools[0].serverTimeout = .milliseconds(200)
            }
            let client = running.connect()
            client.endSending()
            let start = MonotonicInstant.now
            #expect(client.receiveAll().ending == .end)
            #expect(MonotonicInstant.now - start < .milliseconds(900))
        }

        @Test(arguments: [nil, .seconds(20)] as [Duration?])
        func `a server that says nothing more after its client stalled ends in its own time`(
            clientTimeout: Duration?
        ) throws {
            let server = try TestServer { socket in
                _ = Pattern.send(16 << 20, to: socket)
                _ = socket.receiveAll()
            }
            let running = try RunningBalancer(servers: servers([("a", server)])) {
                if let clientTimeout { $0.frontends[0].clientTimeout = clientTimeout }
                $0.pools[0].serverTimeout = .milliseconds(300)
            }
            let client = running.connect()
            // Its timer comes meanwhile, and finds that the server is not idle.
            Thread.sleep(for: .milliseconds(500))
            var count = 0
            while count < 16 << 20, case .bytes(let bytes) = client.receive() {
                count += bytes.count
            }
            let start = MonotonicInstant.now
            #expect(client.receiveAll().ending == .end)
            #expect(MonotonicInstant.now - start < .seconds(2))
            #expect(running.frontend.refusalsByCause == [.serverIdle: 1])
        }

        /// The server's socket holds what fits, the balancer the rest of what the client sent.
        @Test func `a client that was not listened to has its whole time after that`() throws {
            let name = "lbctl-timeouts-\(getpid())"
            let socket = try Socket.listening(
                on: .abstractName(name), options: ListeningOptions(backlog: 4))
            let listener = socket.release()
            defer { close(listener) }
            let running = try FamilyBalancer(
                pools: [[.at(.abstractName(name))]],
                adjusting: {
                    $0.frontends[0].clientTimeout = .milliseconds(300)
                    $0.pools[0].serverTimeout = .seconds(5)
                })
            let piece = [UInt8](repeating: 0x78, count: 16_384)
            /// Sends pieces, one after the other, until one is not taken.
            func fill(_ client: BlockingSocket, atMost limit: Int) -> Int {
                let before = running.frontend.bytesIn
                for number in 0..<limit {
                    client.send(piece)
                    let expected = before + UInt64((number + 1) * piece.count)
                    for _ in 0..<150 where running.frontend.bytesIn != expected {
                        Thread.sleep(for: .milliseconds(2))
                    }
                    guard running.frontend.bytesIn == expected else { return number }
                }
                return limit
            }
            let first = running.connect()
            let count = fill(first, atMost: 1000)
            try #require(count > 0)
            try #require(BlockingSocket(acceptedFrom: listener)).close()
            first.close()

            let client = running.connect()
            #expect(fill(client, atMost: count) == count)
            let server = try #require(BlockingSocket(acceptedFrom: listener))
            Thread.sleep(for: .milliseconds(450))
            #expect(server.receive(exactly: count * piece.count).utf8.count == count * piece.count)
            Thread.sleep(for: .milliseconds(150))
            server.send("ok")
            server.close()
            #expect(client.receiveAll().text == "ok")
        }

        @Test func `without time-outs an idle connection stays`() throws {
            let running = try RunningBalancer(server: try TestServer.echo())
            let client = running.connect()
            Thread.sleep(for: .milliseconds(300))
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
        }
    }

    @Suite struct `The timer wheel` {
        /// Every deadline fires at its millisecond, whatever the jumps of the clock in between.
        @Test(arguments: [1, 7, 63, 64, 1000, 5003], [123_456_789, (1 << 30) - 1000])
        func `each deadline comes when it is due, and none is late`(
            step: UInt64, start: UInt64
        ) throws {
            var slab = try ConnectionSlab(capacity: 4000)
            var wheel = TimerWheel(at: start)
            var due: [Int: UInt64] = [:]
            var random = SystemRandomNumberGenerator()
            for _ in 0..<2000 {
                let place = slab.allocate()
                let client = try #require(place)
                let reach: UInt64 = [50, 5000, 300_000].randomElement(using: &random) ?? 50
                due[client] = start + .random(in: 1...reach, using: &random)
                wheel.insert(client, due: due[client] ?? 0, in: slab)
            }
            for client in due.keys.filter({ $0 % 6 == 0 }) {
                wheel.remove(client, in: slab)
                due[client] = nil
            }
            var now = start
            while now < start + 300_000 + step {
                now += step
                while let client = wheel.popDue(at: now, in: slab) {
                    let deadline = try #require(due[client])
                    if deadline > now {
                        wheel.insert(client, due: deadline, in: slab)
                    } else {
                        #expect(deadline > now - step)
                        due[client] = nil
                    }
                }
                if due.isEmpty { break }
            }
            #expect(due.isEmpty)
            #expect(wheel.nextTurnAt == nil)
        }

        @Test func `an empty wheel never asks to be turned, and a far deadline hardly ever`() throws
        {
            var slab = try ConnectionSlab(capacity: 1)
            var wheel = TimerWheel(at: 1000)
            #expect(wheel.nextTurnAt == nil)
            let place = slab.allocate()
            let client = try #require(place)
            let due: UInt64 = 1000 + 86_400_000
            wheel.insert(client, due: due, in: slab)
            var turns = 0
            while let at = wheel.nextTurnAt, at <= due {
                while wheel.popDue(at: at, in: slab) != nil {
                    if at < due { wheel.insert(client, due: due, in: slab) }
                }
                turns += 1
            }
            #expect(turns <= 5)
        }
    }
}
