import Balancer
import BalancerTLS
import Glibc
import LinuxIO
import Synchronization
import TLSOptions
import Testing

extension BalancerTests {
    /// Handshakes with servers: who is trusted, what is offered, and what is said of those that fail.
    @Suite struct `Secured servers` {
        let certificates: TLSCertificates
        let options: TLSPeer.Options

        init() throws {
            certificates = try #require(TLSCertificates.shared)
            options = TLSPeer.Options(certificates)
        }

        /// How connecting to a server ends that is not to be trusted.
        private func outcome(
            _ server: TestServer, named name: String? = "server.test",
            _ adjust: (inout TLSSettings) -> Void = { _ in }
        ) throws -> (answer: String, outcomes: [ConnectionOutcome]) {
            let outcomes = Mutex<[ConnectionOutcome]>([])
            let running = try RunningBalancer(
                servers: [try certificates.secured(server, named: name, adjust)],
                adjusting: { $0.pools[0].retries = 0 },
                observer: { _, _, outcome in outcomes.withLock { $0.append(outcome) } })
            let answer = running.answer()
            if answer.isEmpty { #expect(running.pool.servers[0].connectionErrors == 1) }
            return (answer, outcomes.withLock(\.self))
        }

        @Test func `nobody is trusted without a certificate that is his, valid and signed`() throws
        {
            let good = try TLSPeer.server(options) { $0.send("good") }
            var options = options
            options.certificate = certificates.expired
            let expired = try TLSPeer.server(options) { $0.send("expired") }
            (options.certificate, options.key) = (certificates.stranger, certificates.strangersKey)
            let stranger = try TLSPeer.server(options) { $0.send("stranger") }
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
            let server = try TLSPeer.server(options) { peer in
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
                servers: [try certificates.secured(silent)],
                adjusting: {
                    $0.pools[0].retries = 0
                    $0.pools[0].connectTimeout = .milliseconds(200)
                }, observer: { _, _, outcome in outcomes.withLock { $0.append(outcome) } })
            #expect(running.answer() == "")
            #expect(
                outcomes.withLock(\.self) == [.notSecured("the handshake was not done in time")])
            #expect(running.wait { running.balancer.connectionCount == 0 })
        }

        @Test func `a handshake that fails leads to the next server`() throws {
            let plain = try TestServer.named("plain")
            let good = try TLSPeer.server(options) { $0.send("good") }
            let outcomes = Mutex<[ConnectionOutcome]>([])
            let running = try RunningBalancer(
                servers: [try certificates.secured(plain), try certificates.secured(good)],
                adjusting: { plan in
                    plan.pools[0].servers[1].name = "b"
                    plan.pools[0].redispatches = true
                }, observer: { _, _, outcome in outcomes.withLock { $0.append(outcome) } })
            for _ in 0..<4 { #expect(running.answer() == "good") }
            #expect(running.pool.servers[0].redispatches == 4)
            #expect(outcomes.withLock { Set($0) } == [.notSecured("wrong version number")])
        }

        @Test func `a PROXY header comes before the handshake`() throws {
            let options = options
            let server = try TestServer { socket in
                var header: [UInt8] = []
                while header.last != UInt8(ascii: "\n"),
                    case .bytes(let byte) = socket.receive(upTo: 1)
                {
                    header += byte
                }
                guard let peer = TLSPeer.accept(socket, options) else { return }
                peer.send("after \(String(decoding: header, as: UTF8.self).prefix(21))")
                peer.endSending()
            }
            var plan = try certificates.secured(server)
            plan.connection.header = .versionOne
            let running = try RunningBalancer(servers: [plan])
            #expect(running.answer(from: 0x7f00_0003) == "after PROXY TCP4 127.0.0.3 ")
        }

        @Test(arguments: [false, true])
        func `the next handshake resumes the session, unless it must not`(isOld: Bool) throws {
            var options = options
            options.isOld = isOld
            for resumes in [true, false] {
                let server = try TLSPeer.server(options) { peer in
                    peer.send(peer.isResumed ? "resumed" : "whole")
                    // A reset takes nothing from the session.
                    _ = peer.receive()
                }
                let running = try RunningBalancer(
                    servers: [try certificates.secured(server) { $0.resumesSessions = resumes }])
                let later = resumes ? "resumed" : "whole"
                for expected in ["whole", later, later] {
                    let client = running.connect()
                    #expect(client.receive(exactly: expected.count) == expected)
                    client.reset()
                    #expect(running.wait { running.balancer.connectionCount == 0 })
                }
            }
        }

        @Test func `a server that chokes on its own session gets a whole handshake next`() throws {
            let turn = Mutex(0)
            let options = options
            let tickets = TLSPeerTickets()
            let server = try TestServer { socket in
                let number = turn.withLock { turn in
                    turn += 1
                    return turn
                }
                // As one that began anew, and ends whoever comes with what it does not know.
                guard number != 2, let peer = TLSPeer.accept(socket, options, tickets) else {
                    return
                }
                peer.send(peer.isResumed ? "resumed" : "whole")
                peer.endSending()
                _ = peer.receive()
            }
            let running = try RunningBalancer(
                servers: [try certificates.secured(server)], adjusting: { $0.pools[0].retries = 0 })
            #expect((0..<4).map { _ in running.answer() } == ["whole", "", "whole", "resumed"])
        }

        @Test func `a certificate that the server refuses after the handshake is told of`() throws {
            var options = options
            options.clientsAuthority = certificates.authority
            let server = try TLSPeer.server(options) { $0.send("not reached") }
            let outcomes = Mutex<[ConnectionOutcome]>([])
            let running = try RunningBalancer(
                servers: [try certificates.secured(server)],
                observer: { _, _, outcome in outcomes.withLock { $0.append(outcome) } })
            #expect(running.connect().receiveAll().ending == .failed(ECONNRESET))
            #expect(
                eventually {
                    outcomes.withLock(\.self)
                        == [.notSecured("tlsv13 alert certificate required")]
                })
        }

        @Test func `the first bytes wait for no acknowledgement of the handshake`() throws {
            var options = options
            options.isOld = true
            let server = try TLSPeer.server(options) { peer in
                guard case .bytes(let bytes) = peer.receive() else { return }
                _ = peer.send(bytes[...])
                _ = peer.receive()
            }
            let running = try RunningBalancer(servers: [try certificates.secured(server)])
            var least = Duration.seconds(1)
            for number in 0..<6 {
                let client = running.connect()
                let begin = MonotonicInstant.now
                client.send("x")
                #expect(client.receive(exactly: 1) == "x")
                if number > 0 { least = min(least, MonotonicInstant.now - begin) }
                client.close()
            }
            // Resumed sessions end their handshakes with this side's words; who hears them waits 40 ms.
            #expect(least < .milliseconds(30))
        }

        @Test func `what a slow server takes is told record by record`() throws {
            let (own, other) = try Socket.pair()
            defer { close(own) }
            var room: Int32 = 16_384
            setsockopt(own, SOL_SOCKET, SO_SNDBUF, &room, 4)
            let options = options
            let heard = Mutex(0)
            try Thread(name: "peer") {
                _ = fcntl(other, F_SETFL, 0)
                guard let peer = TLSPeer.accept(BlockingSocket(adopting: other), options) else {
                    return
                }
                while case .bytes(let bytes) = peer.receive() {
                    heard.withLock { $0 += bytes.count }
                    Thread.sleep(for: .milliseconds(5))
                }
            }.detach()
            var settings = TLSSettings()
            settings.verifies = false
            let session = try #require(
                try TLSServer(TLSContext(settings)).makeSession(on: own, asking: nil))
            #expect(eventually { session.handshake() == .done })
            var steps: [Int] = []
            var sent = 0
            #expect(
                eventually {
                    let transfer = Pattern.bytes.withUnsafeBytes {
                        $0.baseAddress.map { session.send($0 + sent, count: 300_000 - sent) }
                    }
                    if case .moved(let count)? = transfer {
                        steps.append(count)
                        sent += count
                    }
                    return sent == 300_000
                })
            #expect(steps.count > 10, "\(steps)")
            #expect(session.endSending())
            #expect(eventually { heard.withLock(\.self) == 300_000 })
        }

        @Test func `this node shows its certificate, and says what it speaks`() throws {
            var options = options
            options.clientsAuthority = certificates.authority
            let server = try TLSPeer.server(options) { peer in
                peer.send("\(peer.hasClientsCertificate) \(peer.applicationProtocol ?? "none")")
                peer.endSending()
            }
            let own = certificates.good + certificates.authority + certificates.key
            let running = try RunningBalancer(
                servers: [
                    try certificates.secured(server) {
                        $0.certificate = own
                        $0.parameters.applicationProtocols = ["postgresql", "other"]
                    }
                ])
            #expect(running.answer() == "true postgresql")
            // In TLS 1.3 the server refuses when this side is done already.
            options.isOld = true
            let older = try TLSPeer.server(options) { $0.send("not reached") }
            let (answer, outcomes) = try outcome(older)
            #expect(answer == "")
            #expect(outcomes == [.notSecured("sslv3 alert handshake failure")])
        }

        @Test func `the versions and ciphers that are allowed are offered, and no others`() throws {
            let server = try TLSPeer.server(options) { $0.send($0.version) }
            #expect(
                try outcome(server) { $0.parameters.maximumVersion = .tlsv12 }.answer == "TLSv1.2")
            #expect(
                try outcome(server) { $0.parameters.minimumVersion = .tlsv13 }.answer == "TLSv1.3")
            var old = options
            old.isOld = true
            let older = try TLSPeer.server(old) { $0.send($0.version) }
            let (answer, outcomes) = try outcome(older) { $0.parameters.minimumVersion = .tlsv13 }
            #expect(answer == "")
            #expect(outcomes == [.notSecured("tlsv1 alert protocol version")])
            // The server's key is one of ECDSA.
            let (_, refused) = try outcome(older) {
                $0.parameters.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"
            }
            #expect(refused == [.notSecured("sslv3 alert handshake failure")])
        }

        @Test func `settings by which no handshake can be done are refused`() throws {
            let key = certificates.key
            let broken = Array(
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
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
                    "certificate: the key with it is not its own",
                    { [certificates] in $0.certificate = certificates.other + key }
                ),
                (
                    "authorities: number 2 is no certificate",
                    { [certificates] in
                        $0.authorities = .pem(certificates.authority + broken + certificates.good)
                    }
                ),
                (
                    "certificate: number 2 is no certificate",
                    { [certificates] in $0.certificate = certificates.good + broken + key }
                ),
                (
                    "ciphers 'none': OpenSSL knows none of them (openssl ciphers)",
                    { $0.parameters.ciphers = "none" }
                ),
                (
                    "ciphersuites 'x': OpenSSL does not know them; TLS_AES_128_GCM_SHA256 is one",
                    { $0.parameters.cipherSuites = "x" }
                ),
                (
                    "ALPN: a name has 1 to 255 bytes; one has 0",
                    { $0.parameters.applicationProtocols = [""] }
                ),
                (
                    "no version of TLS is left between the lowest and the highest one",
                    {
                        ($0.parameters.minimumVersion, $0.parameters.maximumVersion) = (
                            .tlsv13, .tlsv12
                        )
                    }
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
