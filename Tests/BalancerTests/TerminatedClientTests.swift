import Balancer
import BalancerTLS
import Glibc
import LinuxIO
import Synchronization
import Testing

extension BalancerTests {
    /// Bytes and ends of clients' connections whose TLS ends here; on their side is OpenSSL's other half.
    @Suite struct `Terminated TLS` {
        let certificates: TLSCertificates

        init() throws { certificates = try #require(TLSCertificates.shared) }

        private func running(
            reactors: Int = 1, _ server: TestServer,
            adjusting adjust: (inout BalancerPlan) -> Void = { _ in }
        ) throws -> RunningBalancer {
            let security = try TLSListener(certificates.listening)
            return try RunningBalancer(
                reactors: reactors, servers: [ServerPlan(name: "a", address: server.address)],
                adjusting: { plan in
                    plan.frontends[0].listeners = [ListenerPlan()]
                    plan.frontends[0].listeners[0].security = security
                    adjust(&plan)
                })
        }

        @Test(arguments: [false, true], [1, 2])
        func `both sides get each other's bytes, however slowly`(isOld: Bool, reactors: Int) throws
        {
            let count = 6 << 20
            let server = try TestServer { socket in
                // The client's first, at a pace that fills all that lies between.
                var place = 0
                while place < count, case .bytes(let bytes) = socket.receive(upTo: 50_000) {
                    let start = place % Pattern.period
                    guard bytes[...] == Pattern.bytes[start..<start + bytes.count] else { return }
                    place += bytes.count
                    if place % 7 == 0 { Thread.sleep(for: .milliseconds(1)) }
                }
                _ = Pattern.send(count, to: socket)
            }
            let running = try running(reactors: reactors, server)
            let client = try #require(
                TLSVisitor(to: running.port, TLSVisitor.Options(isOld: isOld)))
            #expect(client.version == (isOld ? "TLSv1.2" : "TLSv1.3"))
            var sent = 0
            while sent < count {
                let start = sent % Pattern.period
                let length = min(100_000, count - sent)
                guard client.send(Pattern.bytes[start..<start + length]) else { break }
                sent += length
            }
            #expect(sent == count)
            var place = 0
            while case .bytes(let bytes) = client.receive(upTo: 30_000) {
                let start = place % Pattern.period
                guard bytes[...] == Pattern.bytes[start..<start + bytes.count] else { break }
                place += bytes.count
            }
            #expect(place == count)
            client.endSending()
            #expect(running.wait { running.balancer.connectionCount == 0 })
            #expect(running.frontend.bytesIn == UInt64(count))
            #expect(running.frontend.bytesOut == UInt64(count))
            #expect(running.frontend.admittedSessions == 1)
        }

        @Test func `TLS may end here and begin again`() throws {
            let server = try TLSPeer.server(TLSPeer.Options(certificates)) { peer in
                let (text, ending) = peer.receiveAll()
                peer.send("\(text) \(ending == .end)")
                peer.endSending()
            }
            let secured = try certificates.secured(server)
            let running = try running(server) { $0.pools[0].servers = [secured] }
            let client = try #require(TLSVisitor(to: running.port))
            client.send("question")
            client.endSending()
            #expect(client.receiveAll() == ("question true", .end))
        }

        @Test func `new keys on the way change nothing`() throws {
            let server = try TestServer { socket in
                while case .bytes(let bytes) = socket.receive() { socket.send(bytes) }
            }
            let running = try running(server)
            let client = try #require(TLSVisitor(to: running.port))
            for number in 0..<20 {
                client.changeKeys()
                client.send("\(number % 10)")
                #expect(client.receive(exactly: 1) == "\(number % 10)")
            }
        }

        @Test(arguments: [1, 2])
        func `a reload leaves handshakes and connections alone that have begun`(
            reactors: Int
        ) throws {
            let server = try TestServer { socket in
                while case .bytes(let bytes) = socket.receive() { socket.send(bytes) }
            }
            let running = try running(reactors: reactors, server)
            func echo(_ client: TLSVisitor, _ text: String) -> Bool {
                client.send(text)
                return client.receive(exactly: text.utf8.count) == text
            }
            let first = try #require(TLSVisitor(to: running.port))
            #expect(echo(first, "before"))
            let second = TLSVisitor(to: running.port) {
                #expect(running.wait { running.balancer.connectionCount == 2 })
                var plan = running.balancer.plan
                plan.frontends[0].listeners[0].security = nil
                #expect(throws: Never.self) {
                    try running.balancer.adopt(plan, listeners: [[running.listener]])
                }
            }
            #expect(echo(try #require(second), "behind"))
            #expect(echo(first, "after"))
            let plain = running.connect()
            plain.send("plain")
            #expect(plain.receive(exactly: 5) == "plain")
        }

        /// What the client sends last cannot be given to the server any more, who has refused the rest.
        @Test func `a server's last words before a reset go by TLS, too`() throws {
            let (hasRead, mayEnd) = (Flag(), Flag())
            let server = try TestServer { socket in
                _ = socket.receive(exactly: 1)
                hasRead.raise()
                guard mayEnd.awaitRaised() else { return }
                // What is unread makes a reset of the end.
                socket.send("too long")
            }
            let gate = Gate(try TLSListener(certificates.listening))
            let running = try running(server) {
                $0.frontends[0].listeners[0].security = gate
            }
            let client = try #require(TLSVisitor(to: running.port))
            client.send("abc")
            #expect(hasRead.awaitRaised())
            // The reactor finds all that follows at once: bytes for the server, and the server's end.
            gate.isShut.raise()
            let newcomer = running.connect()
            #expect(gate.isReached.awaitRaised())
            client.send("more")
            mayEnd.raise()
            Thread.sleep(for: .milliseconds(100))
            gate.isOpen.raise()
            #expect(client.receive(exactly: 8) == "too long")
            newcomer.close()
        }

        // MARK: Ends

        @Test func `who ends his half is answered, and hears the end by TLS`() throws {
            let server = try TestServer { socket in
                let (text, ending) = socket.receiveAll()
                socket.send("\(text) \(ending)")
            }
            let running = try running(server)
            let client = try #require(TLSVisitor(to: running.port))
            client.send("question")
            client.endSending()
            #expect(client.receiveAll() == ("question end", .end))
            #expect(client.socket.receive() == .end)
            #expect(running.wait { running.balancer.connectionCount == 0 })
        }

        @Test func `the server's end comes by TLS, behind its bytes, and the client goes on`()
            throws
        {
            let count = 4 << 20
            let heard = Mutex("")
            let server = try TestServer { socket in
                _ = Pattern.send(count, to: socket)
                socket.endSending()
                let text = socket.receiveAll().text
                heard.withLock { $0 = text }
            }
            let running = try running(server)
            let client = try #require(TLSVisitor(to: running.port))
            Thread.sleep(for: .milliseconds(100))
            var place = 0
            while case .bytes(let bytes) = client.receive() { place += bytes.count }
            #expect(place == count)
            #expect(client.receive() == .end)
            client.send("goodbye")
            client.endSending()
            #expect(running.wait { heard.withLock(\.self) == "goodbye" })
        }

        @Test func `a server's reset is one for the client, behind its last words`() throws {
            let server = try TestServer { socket in
                _ = socket.receive(exactly: 1)
                socket.send("too long")
                // Unread bytes make a reset of it.
                Thread.sleep(for: .milliseconds(50))
            }
            let running = try running(server)
            let client = try #require(TLSVisitor(to: running.port))
            client.send("abc")
            let (text, ending) = client.receiveAll()
            #expect(text == "too long")
            #expect(ending == .failed(-1))
        }

        @Test func `where no server answers, the client hears an end by TLS`() throws {
            let server = try TestServer.named("x")
            server.stop()
            let running = try running(server) { $0.pools[0].retries = 0 }
            let client = try #require(TLSVisitor(to: running.port))
            #expect(client.receiveAll() == ("", .end))
        }

        @Test func `who says nothing has the client's time-out, also while he waits for a server`()
            throws
        {
            let server = try TestServer.holding("x")
            let running = try running(server) { plan in
                plan.frontends[0].clientTimeout = .milliseconds(300)
                plan.pools[0].servers[0].connectionLimit = 1
                plan.pools[0].queueTimeout = .seconds(5)
                // The one who is served stays for longer.
                plan.pools[0].tunnelTimeout = .seconds(10)
            }
            let first = try #require(TLSVisitor(to: running.port))
            #expect(first.receive(exactly: 1) == "x")
            let start = MonotonicInstant.now
            let second = try #require(TLSVisitor(to: running.port))
            #expect(second.receiveAll() == ("", .end))
            let taken = MonotonicInstant.now - start
            #expect(taken > .milliseconds(250) && taken < .seconds(2))
            first.send("y")
        }

        @Test func `who goes away while he waits for a server is let go`() throws {
            let server = try TestServer.holding("x")
            let running = try running(server) { plan in
                plan.pools[0].servers[0].connectionLimit = 1
                plan.pools[0].queueTimeout = .seconds(10)
            }
            let first = try #require(TLSVisitor(to: running.port))
            #expect(first.receive(exactly: 1) == "x")
            let second = try #require(TLSVisitor(to: running.port))
            #expect(running.wait { running.pool.currentQueue == 1 })
            second.endSending()
            second.socket.close()
            #expect(running.wait { running.pool.currentQueue == 0 })
        }
    }
}

/// Something that has happened.
private final class Flag: Sendable {
    private let isRaised = Atomic(false)

    func raise() { isRaised.store(true, ordering: .sequentiallyConsistent) }
    func awaitRaised() -> Bool { eventually { isRaised.load(ordering: .sequentiallyConsistent) } }
    var hasBeenRaised: Bool { isRaised.load(ordering: .sequentiallyConsistent) }
}

/// Holds up the reactor that begins a session, once it is shut.
private final class Gate: ClientSecurity {
    let (isShut, isReached, isOpen) = (Flag(), Flag(), Flag())
    private let inner: TLSListener

    init(_ inner: TLSListener) { self.inner = inner }

    func makeSession(on socket: Int32) -> (any ClientSession)? {
        if isShut.hasBeenRaised {
            isReached.raise()
            _ = isOpen.awaitRaised()
        }
        return inner.makeSession(on: socket)
    }

    func handshakeFailed(of client: IPEndpoint, because reason: String) {}
}

extension TLSCertificates {
    /// The settings of a listener that shows the good certificate.
    var listening: TLSListenerSettings {
        TLSListenerSettings([.init(name: "good", pem: good + key)])
    }
}
