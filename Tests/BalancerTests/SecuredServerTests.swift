import Balancer
import BalancerTLS
import Glibc
import LinuxIO
import Synchronization
import Testing

extension BalancerTests {
    /// Servers that are spoken to by TLS; on their side is OpenSSL's other half.
    @Suite struct `Secured servers` {
        let certificates: TLSCertificates
        let manner: TLSPeer.Manner

        init() throws {
            certificates = try #require(TLSCertificates.shared)
            manner = TLSPeer.Manner(certificates)
        }

        /// A plan of one server that is spoken to by TLS.
        func secured(
            _ server: TestServer, named name: String? = "server.test",
            _ adjust: (inout TLSSettings) -> Void = { _ in }
        ) throws -> ServerPlan {
            var settings = TLSSettings()
            settings.authorities = .pem(certificates.authority)
            adjust(&settings)
            var plan = ServerPlan(name: "a", address: server.address)
            plan.connection.security = try TLSServer(TLSContext(settings), serverName: name)
            return plan
        }

        @Test(arguments: [false, true], [1, 2])
        func `both sides get each other's bytes, however slowly`(isOld: Bool, reactors: Int) throws
        {
            var manner = manner
            manner.isOld = isOld
            let count = 6 << 20
            let heard = Mutex<(version: String, name: String?)?>(nil)
            let server = try TLSPeer.server(manner) { peer in
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
            let running = try RunningBalancer(reactors: reactors, servers: [try secured(server)])
            let client = running.connect(receiveBuffer: 20_000)
            #expect(Pattern.send(count, to: client))
            #expect(Pattern.receive(from: client, piece: 30_000) == count)
            #expect(heard.withLock { $0?.version } == (isOld ? "TLSv1.2" : "TLSv1.3"))
            #expect(heard.withLock { $0?.name } == "server.test")
            #expect(running.frontend.bytesIn == UInt64(count))
            #expect(running.frontend.bytesOut == UInt64(count))
        }

        @Test func `new keys on the way change nothing`() throws {
            let server = try TLSPeer.server(manner) { peer in
                for _ in 0..<20 {
                    guard case .bytes(let bytes) = peer.receive() else { return }
                    peer.changeKeys()
                    guard peer.send(bytes[...]) else { return }
                }
                peer.endSending()
            }
            let running = try RunningBalancer(servers: [try secured(server)])
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
            let server = try TLSPeer.server(manner) { peer in
                let (text, ending) = peer.receiveAll()
                heard.withLock { $0 = ending }
                peer.send("\(text) and an answer")
                peer.endSending()
            }
            let running = try RunningBalancer(servers: [try secured(server)])
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
            let server = try TLSPeer.server(manner) { peer in
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
            let running = try RunningBalancer(servers: [try secured(server)])
            let client = running.connect()
            #expect(Pattern.send(count, to: client))
            client.endSending()
            #expect(client.receiveAll().text == "taken")
            #expect(heard.withLock { $0?.count } == count)
            #expect(heard.withLock { $0?.ending } == .end)
        }

        @Test func `a server that speaks first, and ends first, is heard`() throws {
            let heard = Mutex<BlockingSocket.Received?>(nil)
            let server = try TLSPeer.server(manner) { peer in
                peer.send("banner")
                peer.endSending()
                let ending = peer.receiveAll().ending
                heard.withLock { $0 = ending }
            }
            let running = try RunningBalancer(servers: [try secured(server)])
            let client = running.connect()
            let answer = client.receiveAll()
            #expect(answer.text == "banner")
            #expect(answer.ending == .end)
            client.close()
            #expect(eventually { heard.withLock(\.self) == .end })
        }

        @Test func `an end by TCP alone is an end, and a reset is a reset`() throws {
            for resets in [false, true] {
                let server = try TLSPeer.server(manner) { peer in
                    _ = peer.receive()
                    peer.send("half")
                    Thread.sleep(for: .milliseconds(50))
                    resets ? peer.socket.reset() : peer.socket.endSending()
                    if !resets { _ = peer.receiveAll() }
                }
                let running = try RunningBalancer(servers: [try secured(server)])
                let client = running.connect()
                client.send("x")
                #expect(client.receive(exactly: 4) == "half")
                #expect(client.receive() == (resets ? .failed(ECONNRESET) : .end))
            }
        }

        @Test func `a client's reset reaches the server`() throws {
            let heard = Mutex<BlockingSocket.Received?>(nil)
            let server = try TLSPeer.server(manner) { peer in
                _ = peer.receive()
                peer.send("x")
                let ending = peer.receive()
                heard.withLock { $0 = ending }
            }
            let running = try RunningBalancer(servers: [try secured(server)])
            let client = running.connect()
            client.send("x")
            #expect(client.receive(exactly: 1) == "x")
            client.reset()
            #expect(eventually { heard.withLock(\.self) == .failed(-1) })
        }

        // MARK: Handshakes

        /// How connecting to a server ends that is not to be trusted.
        private func outcome(
            _ server: TestServer, named name: String? = "server.test",
            _ adjust: (inout TLSSettings) -> Void = { _ in }
        ) throws -> (answer: String, outcomes: [ConnectionOutcome]) {
            let outcomes = Mutex<[ConnectionOutcome]>([])
            let running = try RunningBalancer(
                servers: [try secured(server, named: name, adjust)],
                adjusting: { $0.pools[0].retries = 0 },
                observer: { _, _, outcome in outcomes.withLock { $0.append(outcome) } })
            let answer = running.answer()
            if answer.isEmpty { #expect(running.pool.servers[0].connectionErrors == 1) }
            return (answer, outcomes.withLock(\.self))
        }

        @Test func `nobody is trusted without a certificate that is his, valid and signed`() throws
        {
            let good = try TLSPeer.server(manner) { $0.send("good") }
            var manner = manner
            manner.certificate = certificates.expired
            let expired = try TLSPeer.server(manner) { $0.send("expired") }
            (manner.certificate, manner.key) = (certificates.stranger, certificates.strangersKey)
            let stranger = try TLSPeer.server(manner) { $0.send("stranger") }
            #expect(try outcome(good) == ("good", []))
            #expect(try outcome(good, named: nil) == ("good", []))
            let cases: [(TestServer, String, String)] = [
                (good, "other.test", "its certificate: hostname mismatch"),
                (expired, "server.test", "its certificate: certificate has expired"),
                (stranger, "server.test", "its certificate: self-signed certificate"),
            ]
            for (server, name, reason) in cases {
                #expect(try outcome(server, named: name) == ("", [.notSecured(reason)]))
            }
            // `verify none`
            #expect(try outcome(expired) { $0.verifies = false } == ("expired", []))
            #expect(try outcome(stranger, named: "x") { $0.verifies = false } == ("stranger", []))
            // The system does not know the tests' authority.
            let unknown = try outcome(good) { $0.authorities = .system }
            #expect(
                unknown == (
                    "", [.notSecured("its certificate: unable to get local issuer certificate")]
                ))
        }

        @Test func `the name to be verified may be another one than is asked for`() throws {
            let heard = Mutex<String?>(nil)
            let server = try TLSPeer.server(manner) { peer in
                heard.withLock { $0 = peer.serverName }
                peer.send("good")
            }
            var settings = TLSSettings()
            settings.authorities = .pem(certificates.authority)
            var plan = ServerPlan(name: "a", address: server.address)
            plan.connection.security = try TLSServer(
                TLSContext(settings), serverName: "inside.test", verifiedName: "server.test")
            let running = try RunningBalancer(servers: [plan])
            #expect(running.answer() == "good")
            #expect(heard.withLock(\.self) == "inside.test")
        }

        @Test func `a server without TLS, or that ends or is silent, says why it is not used`()
            throws
        {
            let plain = try TestServer.named("SSH-2.0-plain\r\n")
            #expect(try outcome(plain) == ("", [.notSecured("wrong version number")]))
            let ending = try TestServer { _ = $0.receive() }
            #expect(
                try outcome(ending)
                    == ("", [.notSecured("it ended the connection during the handshake")]))
            let silent = try TestServer { _ = $0.receiveAll() }
            let outcomes = Mutex<[ConnectionOutcome]>([])
            let running = try RunningBalancer(
                servers: [try secured(silent)],
                adjusting: {
                    $0.pools[0].retries = 0
                    $0.pools[0].connectTimeout = .milliseconds(200)
                }, observer: { _, _, outcome in outcomes.withLock { $0.append(outcome) } })
            #expect(running.answer() == "")
            #expect(
                outcomes.withLock(\.self) == [.notSecured("the handshake was not done in time")])
            #expect(running.balancer.connectionCount == 0)
        }

        @Test func `a handshake that fails leads to the next server`() throws {
            let plain = try TestServer.named("plain")
            let good = try TLSPeer.server(manner) { $0.send("good") }
            let outcomes = Mutex<[ConnectionOutcome]>([])
            let running = try RunningBalancer(
                servers: [try secured(plain), try secured(good)],
                adjusting: { plan in
                    plan.pools[0].servers[1].name = "b"
                    plan.pools[0].redispatches = true
                }, observer: { _, _, outcome in outcomes.withLock { $0.append(outcome) } })
            for _ in 0..<4 { #expect(running.answer() == "good") }
            #expect(running.pool.servers[0].redispatches == 4)
            #expect(outcomes.withLock { Set($0) } == [.notSecured("wrong version number")])
        }

        @Test func `a PROXY header comes before the handshake`() throws {
            let manner = manner
            let server = try TestServer { socket in
                var header: [UInt8] = []
                while header.last != UInt8(ascii: "\n"),
                    case .bytes(let byte) = socket.receive(upTo: 1)
                {
                    header += byte
                }
                guard let peer = TLSPeer.accept(socket, manner) else { return }
                peer.send("after \(String(decoding: header, as: UTF8.self).prefix(21))")
                peer.endSending()
            }
            var plan = try secured(server)
            plan.connection.header = .versionOne
            let running = try RunningBalancer(servers: [plan])
            #expect(running.answer(from: 0x7f00_0003) == "after PROXY TCP4 127.0.0.3 ")
        }

        @Test(arguments: [false, true])
        func `the next handshake resumes the session, unless it must not`(isOld: Bool) throws {
            var manner = manner
            manner.isOld = isOld
            for resumes in [true, false] {
                let server = try TLSPeer.server(manner) { peer in
                    peer.send(peer.isResumed ? "resumed" : "whole")
                    // A reset takes nothing from the session.
                    _ = peer.receive()
                }
                let running = try RunningBalancer(
                    servers: [try secured(server) { $0.resumesSessions = resumes }])
                let later = resumes ? "resumed" : "whole"
                for expected in ["whole", later, later] {
                    let client = running.connect()
                    #expect(client.receive(exactly: expected.count) == expected)
                    client.reset()
                    #expect(running.wait { running.balancer.connectionCount == 0 })
                }
            }
        }

        @Test func `this node shows its certificate, and says what it speaks`() throws {
            var manner = manner
            manner.clientsAuthority = certificates.authority
            let server = try TLSPeer.server(manner) { peer in
                peer.send("\(peer.hasClientsCertificate) \(peer.applicationProtocol ?? "none")")
                peer.endSending()
            }
            let own = certificates.good + certificates.authority + certificates.key
            let running = try RunningBalancer(
                servers: [
                    try secured(server) {
                        $0.certificate = own
                        $0.applicationProtocols = ["postgresql", "other"]
                    }
                ])
            #expect(running.answer() == "true postgresql")
            // In TLS 1.3 the server refuses when this side is done already.
            manner.isOld = true
            let older = try TLSPeer.server(manner) { $0.send("not reached") }
            let (answer, outcomes) = try outcome(older)
            #expect(answer == "")
            #expect(outcomes == [.notSecured("sslv3 alert handshake failure")])
        }

        @Test func `the versions and ciphers that are allowed are offered, and no others`() throws {
            let server = try TLSPeer.server(manner) { $0.send($0.version) }
            #expect(try outcome(server) { $0.maximumVersion = .oneTwo }.answer == "TLSv1.2")
            #expect(try outcome(server) { $0.minimumVersion = .oneThree }.answer == "TLSv1.3")
            var old = manner
            old.isOld = true
            let older = try TLSPeer.server(old) { $0.send($0.version) }
            let (answer, outcomes) = try outcome(older) { $0.minimumVersion = .oneThree }
            #expect(answer == "")
            #expect(outcomes == [.notSecured("tlsv1 alert protocol version")])
            // The server's key is one of ECDSA.
            let (_, refused) = try outcome(older) { $0.ciphers = "ECDHE-RSA-AES128-GCM-SHA256" }
            #expect(refused == [.notSecured("sslv3 alert handshake failure")])
        }

        // MARK: Reloads and plans

        @Test func `connections go on by their sessions when a plan without TLS comes`() throws {
            let server = try TLSPeer.server(manner) { peer in
                while case .bytes(let bytes) = peer.receive() {
                    guard peer.send(bytes[...]) else { return }
                }
                peer.endSending()
            }
            let plain = try TestServer.echo()
            let running = try RunningBalancer(servers: [try secured(server)])
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
                pools: [PoolPlan(name: "pool", servers: [try secured(server)])])
            #expect(plan.fault == nil)
            plan.frontends[0].isDatagram = true
            #expect(
                plan.fault
                    == "datagrams come to front, and a server of pool is to be spoken to by TLS")
        }

        @Test func `settings by which no handshake can be done are refused`() throws {
            let key = certificates.key
            let cases: [(String, (inout TLSSettings) -> Void)] = [
                ("authorities: no certificate is among them", { $0.authorities = .pem(key) }),
                ("certificate: there is none in PEM format", { $0.certificate = key }),
                (
                    "certificate: its key is not with it, or is locked by a password",
                    { [certificates] in $0.certificate = certificates.good }
                ),
                (
                    "certificate: the key with it is not its own",
                    { [certificates] in $0.certificate = certificates.stranger + key }
                ),
                (
                    "ciphers 'none': OpenSSL knows none of them (openssl ciphers)",
                    { $0.ciphers = "none" }
                ),
                (
                    "ciphersuites 'x': OpenSSL does not know them; TLS_AES_128_GCM_SHA256 is one",
                    { $0.cipherSuites = "x" }
                ),
                ("ALPN: a name has 1 to 255 bytes; one has 0", { $0.applicationProtocols = [""] }),
                (
                    "no version of TLS is left between the lowest and the highest one",
                    { ($0.minimumVersion, $0.maximumVersion) = (.oneThree, .oneTwo) }
                ),
            ]
            for (expected, adjust) in cases {
                var settings = TLSSettings()
                adjust(&settings)
                let error = #expect(throws: TLSSettingsError.self) { try TLSContext(settings) }
                #expect(error?.description == expected)
            }
            let context = try TLSContext(TLSSettings())
            let error = #expect(throws: TLSSettingsError.self) {
                try TLSServer(context, serverName: "two words")
            }
            #expect(error?.description == "'two words' is no name of a host")
        }
    }
}
