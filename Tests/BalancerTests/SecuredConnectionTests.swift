import Balancer
import BalancerTLS
import Glibc
import LinuxIO
import Synchronization
import Testing

extension BalancerTests {
    /// Bytes and ends of connections to servers by TLS; on their side is OpenSSL's other half.
    @Suite struct `Secured connections` {
        let certificates: TLSCertificates
        let options: TLSPeer.Options

        init() throws {
            certificates = try #require(TLSCertificates.shared)
            options = TLSPeer.Options(certificates)
        }

        @Test(arguments: [false, true], [1, 2])
        func `both sides get each other's bytes, however slowly`(isOld: Bool, reactors: Int) throws
        {
            var options = options
            options.isOld = isOld
            let count = 6 << 20
            let heard = Mutex<(version: String, name: String?)?>(nil)
            let server = try TLSPeer.server(options) { peer in
                heard.withLock { $0 = (peer.version, peer.serverName) }
                // The client's first, at a pace that fills all that lies between.
                var place = 0
                while place < count, case .bytes(let bytes) = peer.receive(upTo: 50_000) {
                    let start = place % Pattern.period
                    guard bytes[...] == Pattern.bytes[start..<start + bytes.count] else { return }
                    place += bytes.count
                    if place % 7 == 0 { Thread.sleep(for: .milliseconds(1)) }
                }
                guard place == count else { return }
                var sent = 0
                while sent < count {
                    let start = sent % Pattern.period
                    let length = min(100_000, count - sent)
                    guard peer.send(Pattern.bytes[start..<start + length]) else { return }
                    sent += length
                }
                peer.endSending()
            }
            let running = try RunningBalancer(
                reactors: reactors, servers: [try certificates.secured(server)])
            let client = running.connect(receiveBuffer: 20_000)
            #expect(Pattern.send(count, to: client))
            #expect(Pattern.receive(from: client, piece: 30_000) == count)
            #expect(heard.withLock { $0?.version } == (isOld ? "TLSv1.2" : "TLSv1.3"))
            #expect(heard.withLock { $0?.name } == "server.test")
            #expect(running.frontend.bytesIn == UInt64(count))
            #expect(running.frontend.bytesOut == UInt64(count))
        }

        @Test func `new keys on the way change nothing`() throws {
            let server = try TLSPeer.server(options) { peer in
                for _ in 0..<20 {
                    guard case .bytes(let bytes) = peer.receive() else { return }
                    peer.changeKeys()
                    guard peer.send(bytes[...]) else { return }
                }
                peer.endSending()
            }
            let running = try RunningBalancer(servers: [try certificates.secured(server)])
            let client = running.connect()
            for number in 0..<20 {
                client.send("\(number % 10)")
                #expect(client.receive(exactly: 1) == "\(number % 10)")
            }
            #expect(client.receiveAll().ending == .end)
        }

        // MARK: Ends

        @Test func `who ends his half is answered, and the server hears the end by TLS`() throws {
            let heard = Mutex<BlockingSocket.Received?>(nil)
            let server = try TLSPeer.server(options) { peer in
                let (text, ending) = peer.receiveAll()
                heard.withLock { $0 = ending }
                peer.send("\(text) and an answer")
                peer.endSending()
            }
            let running = try RunningBalancer(servers: [try certificates.secured(server)])
            let client = running.connect()
            client.send("question")
            client.endSending()
            let answer = client.receiveAll()
            #expect(answer.text == "question and an answer")
            #expect(answer.ending == .end)
            #expect(heard.withLock(\.self) == .end)
            #expect(running.wait { running.balancer.connectionCount == 0 })
        }

        @Test func `the end waits behind what a slow server has not taken`() throws {
            let count = 8 << 20
            let heard = Mutex<(count: Int, ending: BlockingSocket.Received)?>(nil)
            let server = try TLSPeer.server(options) { peer in
                Thread.sleep(for: .milliseconds(300))
                var sum = 0
                while true {
                    switch peer.receive() {
                    case .bytes(let bytes): sum += bytes.count
                    case let ending:
                        heard.withLock { $0 = (sum, ending) }
                        return peer.send("taken")
                    }
                }
            }
            let running = try RunningBalancer(servers: [try certificates.secured(server)])
            let client = running.connect()
            #expect(Pattern.send(count, to: client))
            client.endSending()
            #expect(client.receiveAll().text == "taken")
            #expect(heard.withLock { $0?.count } == count)
            #expect(heard.withLock { $0?.ending } == .end)
        }

        /// A session that does nothing but wait for room before its end.
        private final class Reluctant: ServerSecurity, SecureSession, @unchecked Sendable {
            // SAFETY: one connection uses it, on one thread, until it has ended.
            private var socket: Int32 = -1
            private var endings = 0
            let answers = Mutex<[Bool]>([])

            func makeSession(on socket: Int32, asking _: ShortText?) -> (any SecureSession)? {
                self.socket = socket
                return self
            }

            var complaint: String? { nil }
            func handshake() -> HandshakeProgress { .done }

            func receive(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer {
                StreamSocket.receive(from: socket, into: buffer, upTo: byteCount)
            }

            func send(_ bytes: UnsafeRawPointer, count: Int) -> Transfer {
                StreamSocket.send(bytes, count: count, to: socket)
            }

            func endSending() -> Bool {
                endings += 1
                // The first time the socket has no room, because it is filled.
                if endings == 1 {
                    let filling = [UInt8](repeating: 0, count: 65_536)
                    while case .moved = StreamSocket.send(filling, count: 65_536, to: socket) {}
                }
                answers.withLock { $0.append(endings > 1) }
                return endings > 1
            }
        }

        @Test func `a session that has no room for its end is asked again`() throws {
            let security = Reluctant()
            let heard = Mutex<Int?>(nil)
            let server = try TestServer { socket in
                _ = socket.receive(exactly: 5)
                Thread.sleep(for: .milliseconds(100))
                // The end comes behind all that was sent before it.
                let count = socket.receiveAll().text.utf8.count
                heard.withLock { $0 = count }
                socket.send("done")
            }
            var plan = ServerPlan(name: "a", address: server.address)
            plan.connection.security = security
            let running = try RunningBalancer(servers: [plan])
            let client = running.connect()
            client.send("hello")
            client.endSending()
            #expect(client.receiveAll().text == "done")
            #expect(security.answers.withLock(\.self) == [false, true])
            #expect(heard.withLock { $0 ?? 0 } > 65_536)
        }

        /// Sessions whose handshakes fail, and how many of them there are.
        private final class Failing: ServerSecurity {
            let count = Mutex(0)

            private final class Session: SecureSession {
                let security: Failing

                init(_ security: Failing) {
                    self.security = security
                    security.count.withLock { $0 += 1 }
                }

                deinit { security.count.withLock { $0 -= 1 } }

                var complaint: String? { nil }
                func handshake() -> HandshakeProgress { .failed("on purpose") }
                func receive(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer
                {
                    .wouldBlock
                }
                func send(_ bytes: UnsafeRawPointer, count: Int) -> Transfer { .wouldBlock }
                func endSending() -> Bool { true }
            }

            func makeSession(on socket: Int32, asking _: ShortText?) -> (any SecureSession)? {
                Session(self)
            }
        }

        @Test func `no session stays behind an attempt that failed, nor behind a connection`()
            throws
        {
            let failing = Failing()
            let plain = try TestServer.holding("plain")
            var first = ServerPlan(name: "a", address: plain.address)
            first.connection.security = failing
            let running = try RunningBalancer(
                servers: [first, ServerPlan(name: "b", address: plain.address)],
                adjusting: { $0.pools[0].redispatches = true })
            let client = running.connect()
            #expect(client.receive(exactly: 5) == "plain")
            #expect(running.pool.servers[0].redispatches == 1)
            #expect(failing.count.withLock(\.self) == 0)
        }

        @Test func `a server that speaks first, and ends first, is heard`() throws {
            let heard = Mutex<BlockingSocket.Received?>(nil)
            let server = try TLSPeer.server(options) { peer in
                peer.send("banner")
                peer.endSending()
                let ending = peer.receiveAll().ending
                heard.withLock { $0 = ending }
            }
            let running = try RunningBalancer(servers: [try certificates.secured(server)])
            let client = running.connect()
            let answer = client.receiveAll()
            #expect(answer.text == "banner")
            #expect(answer.ending == .end)
            client.close()
            #expect(eventually { heard.withLock(\.self) == .end })
        }

        @Test func `an end by TCP alone is an end, and a reset is a reset`() throws {
            for (resets, pause) in [(false, 50), (true, 50), (true, 0)] {
                let server = try TLSPeer.server(options) { peer in
                    _ = peer.receive()
                    peer.send("half")
                    if pause > 0 { Thread.sleep(for: .milliseconds(pause)) }
                    resets ? peer.socket.reset() : peer.socket.endSending()
                    if !resets { _ = peer.receiveAll() }
                }
                let running = try RunningBalancer(servers: [try certificates.secured(server)])
                let client = running.connect()
                client.send("x")
                // What a reset follows at once may be lost on the way, but is never whole.
                if pause > 0 { #expect(client.receive(exactly: 4) == "half") }
                #expect(client.receiveAll().ending == (resets ? .failed(ECONNRESET) : .end))
            }
        }

        @Test func `a client's reset reaches the server`() throws {
            let heard = Mutex<BlockingSocket.Received?>(nil)
            let server = try TLSPeer.server(options) { peer in
                _ = peer.receive()
                peer.send("x")
                let ending = peer.receive()
                heard.withLock { $0 = ending }
            }
            let running = try RunningBalancer(servers: [try certificates.secured(server)])
            let client = running.connect()
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            client.reset()
            #expect(eventually { heard.withLock(\.self) == .failed(-1) })
        }

        // MARK: Plans

        @Test func `connections go on by their sessions when a plan without TLS comes`() throws {
            let server = try TLSPeer.server(options) { peer in
                while case .bytes(let bytes) = peer.receive() {
                    guard peer.send(bytes[...]) else { return }
                }
                peer.endSending()
            }
            let plain = try TestServer.echo()
            let running = try RunningBalancer(servers: [try certificates.secured(server)])
            let client = running.connect()
            client.send("before")
            #expect(client.receive(exactly: 6) == "before")
            var plan = running.balancer.plan
            plan.pools[0].servers[0] = ServerPlan(name: "a", address: plain.address)
            try running.balancer.adopt(plan, listeners: [[running.listener]])
            let other = running.connect()
            other.send("plain")
            #expect(other.receive(exactly: 5) == "plain")
            client.send("after")
            #expect(client.receive(exactly: 5) == "after")
            client.endSending()
            #expect(client.receiveAll().ending == .end)
        }

        @Test func `datagrams are not led to a server that is spoken to by TLS`() throws {
            let server = try TestServer.echo()
            var plan = BalancerPlan(
                frontends: [FrontendPlan(name: "front", poolIndex: 0)],
                pools: [PoolPlan(name: "pool", servers: [try certificates.secured(server)])])
            #expect(plan.fault == nil)
            plan.frontends[0].isDatagram = true
            #expect(
                plan.fault
                    == "datagrams come to front, and a server of pool is to be spoken to by TLS")
        }
    }
}
