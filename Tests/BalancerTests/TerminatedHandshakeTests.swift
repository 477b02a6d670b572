import Balancer
import BalancerTLS
import Glibc
import LinuxIO
import Synchronization
import TLSOptions
import Testing

/// A balancer that ends TLS, in front of servers that send back what comes.
final class TLSTerminator: Sendable {
    let running: RunningBalancer
    private let heard: Heard

    private final class Heard: Sendable { let reasons = Mutex<[String]>([]) }

    /// Why handshakes failed.
    var reasons: [String] { heard.reasons.withLock(\.self) }
    var port: UInt16 { running.port }
    var refusals: [Refusal: Int] { running.frontend.refusalsByCause }

    /// - Parameters:
    ///   - settings: How handshakes are done.
    ///   - names: A pool for each, whose server says its name first; empty: one that says nothing.
    ///   - adjust: Has the plan's last word.
    /// - Throws: `TLSSettingsError`, or where there is no socket for it.
    init(
        _ settings: TLSListenerSettings, pools names: [String] = [""],
        adjusting adjust: (inout BalancerPlan) -> Void = { _ in }
    ) throws {
        let heard = Heard()
        self.heard = heard
        let security = try TLSListener(settings) { client, reason in
            heard.reasons.withLock { $0.append(client.isPresent ? reason : "nobody") }
        }
        let pools = try names.map { name in
            let server = try TestServer { socket in
                socket.send(name)
                while case .bytes(let bytes) = socket.receive() { socket.send(bytes) }
            }
            return PoolPlan(
                name: "pool\(name)", servers: [ServerPlan(name: "a", address: server.address)])
        }
        running = try RunningBalancer(servers: []) { plan in
            plan.pools = pools
            plan.frontends[0].listeners = [ListenerPlan()]
            plan.frontends[0].listeners[0].security = security
            adjust(&plan)
        }
    }

    /// What a client hears from the server, and how often, of so many bytes.
    func visit(_ options: TLSVisitor.Options = .init()) -> TLSVisitor? {
        TLSVisitor(to: port, options)
    }

    /// Whether a client's bytes reach the server: in TLS 1.3 he learns of a refusal only then.
    func answers(_ options: TLSVisitor.Options) -> Bool {
        guard let visitor = visit(options) else { return false }
        visitor.send("x")
        return visitor.receive(exactly: 1) == "x"
    }
}

extension BalancerTests {
    /// Handshakes with clients whose TLS ends here: what they are shown and asked for, and what is said of
    /// those that fail.
    @Suite struct `Handshakes of terminated TLS` {
        let certificates: TLSCertificates
        private typealias Options = TLSVisitor.Options

        init() throws { certificates = try #require(TLSCertificates.shared) }

        // MARK: What is shown

        @Test func `the certificate is that for the name, else the first`() throws {
            var settings = certificates.listening
            settings.certificates += [
                .init(name: "wild", pem: certificates.wild + certificates.wildKey),
                .init(name: "rsa", pem: certificates.other + certificates.othersKey),
                .init(
                    name: "again", pem: certificates.wild + certificates.wildKey,
                    serverNames: ["Named.test"]),
            ]
            let terminator = try TLSTerminator(settings)
            func shown(_ name: String?, signatures: String? = nil) -> String? {
                terminator.visit(Options(serverName: name, signatures: signatures))?.shown.map {
                    $0.name + ($0.isRSA ? " RSA" : "")
                }
            }
            #expect(shown("server.test") == "server.test")
            #expect(shown("SERVER.test") == "server.test")
            #expect(shown("a.wild.test") == "*.wild.test")
            #expect(shown("named.test") == "*.wild.test")
            // A star is one label, and not none.
            #expect(shown("a.b.wild.test") == "server.test")
            #expect(shown("wild.test") == "server.test")
            #expect(shown("elsewhere.test") == "server.test")
            #expect(shown(nil) == "server.test")
            // Two kinds of key for one name: a client gets what he can verify.
            #expect(shown("server.test", signatures: "rsa_pss_rsae_sha256") == "server.test RSA")
            #expect(shown("a.wild.test", signatures: "rsa_pss_rsae_sha256") == nil)
            settings.options.isStrictSNI = true
            let strict = try TLSTerminator(settings)
            #expect(strict.visit(Options(serverName: "a.wild.test")) != nil)
            #expect(strict.visit(Options(serverName: "elsewhere.test")) == nil)
            #expect(strict.visit(Options(serverName: nil)) == nil)
            #expect(strict.running.wait { strict.refusals == [.handshakeFailed: 2] })
        }

        @Test func `of the protocols that a client offers the listener's first is taken`() throws {
            var settings = certificates.listening
            settings.handshake.parameters.applicationProtocols = ["h2", "http/1.1"]
            let terminator = try TLSTerminator(settings)
            func agreed(_ offered: [String]) throws -> String? {
                try #require(terminator.visit(Options(protocols: offered))).applicationProtocol
            }
            #expect(try agreed(["http/1.1", "h2"]) == "h2")
            #expect(try agreed(["spdy", "http/1.1"]) == "http/1.1")
            // As haproxy has it.
            #expect(try agreed(["h", "h22"]) == nil)
            #expect(try agreed([]) == nil)
        }

        @Test func `versions, ciphers and curves are as the settings say`() throws {
            var settings = certificates.listening
            settings.handshake.parameters.maximumVersion = .tlsv12
            settings.handshake.parameters.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"
            settings.handshake.parameters.groups = "P-384"
            let old = try #require(try TLSTerminator(settings).visit())
            #expect(old.version == "TLSv1.2")
            #expect(old.cipher == "ECDHE-ECDSA-AES256-GCM-SHA384")
            settings = certificates.listening
            settings.handshake.parameters.minimumVersion = .tlsv13
            settings.handshake.parameters.cipherSuites = "TLS_CHACHA20_POLY1305_SHA256"
            let new = try TLSTerminator(settings)
            #expect(new.visit()?.cipher == "TLS_CHACHA20_POLY1305_SHA256")
            #expect(new.visit(Options(isOld: true)) == nil)
            #expect(new.running.wait { new.reasons == ["unsupported protocol"] })
        }

        @Test func `what no handshake can be done by says what is wrong`() {
            func fault(_ adjust: (inout TLSListenerSettings) -> Void) -> String? {
                var settings = certificates.listening
                adjust(&settings)
                do throws(TLSSettingsError) { _ = try TLSListener(settings) } catch {
                    return error.description
                }
                return nil
            }
            #expect(fault { $0.certificates = [] } == "there is no certificate")
            #expect(
                fault { $0.certificates[0].pem = certificates.good }
                    == "good: its key is not with it, or is locked by a password")
            #expect(
                fault { $0.certificates[0].pem = certificates.good + certificates.strangersKey }
                    == "good: the key with it is not its own")
            #expect(
                fault { $0.certificates[0].pem = Array("x".utf8) }
                    == "good: there is none in PEM format")
            #expect(
                fault { $0.handshake.parameters.groups = "P-1" }
                    == "curves 'P-1': OpenSSL does not know them; X25519:P-256 are two")
            #expect(
                fault { $0.handshake.parameters.ciphers = "nix" }
                    == "ciphers 'nix': OpenSSL knows none of them (openssl ciphers)")
            #expect(
                fault { $0.handshake.verification = .required }
                    == "authorities: no certificate is among them")
            #expect(
                fault {
                    ($0.handshake.verification, $0.handshake.authorities) = (
                        .optional, certificates.authority
                    )
                    $0.handshake.revocationLists = certificates.authority
                } == "revoked certificates: no list of them in PEM format")
        }

        // MARK: What is asked for

        @Test(arguments: [false, true])
        func `a client's certificate is asked for, and verified`(isOld: Bool) throws {
            let own = (pem: certificates.good, key: certificates.key)
            let strangers = (pem: certificates.stranger, key: certificates.strangersKey)
            let revoked = (pem: certificates.expired, key: certificates.key)
            func outcome(
                _ verification: ClientVerification, revokes: Bool = false,
                _ certificate: (pem: [UInt8], key: [UInt8])?
            ) throws -> String {
                var settings = certificates.listening
                settings.handshake.verification = verification
                settings.handshake.authorities = certificates.authority
                settings.handshake.revocationLists = revokes ? certificates.revocations : nil
                let terminator = try TLSTerminator(settings)
                let options = Options(isOld: isOld, certificate: certificate)
                if terminator.answers(options) { return "well" }
                #expect(terminator.running.wait { terminator.refusals == [.handshakeFailed: 1] })
                return terminator.reasons.joined()
            }
            let unknown = "its certificate: self-signed certificate"
            #expect(try outcome(.required, own) == "well")
            #expect(try outcome(.required, nil) == "peer did not return a certificate")
            #expect(try outcome(.required, strangers) == unknown)
            #expect(try outcome(.optional, own) == "well")
            #expect(try outcome(.optional, nil) == "well")
            #expect(try outcome(.optional, strangers) == unknown)
            #expect(try outcome(.off, strangers) == "well")
            #expect(try outcome(.required, revokes: true, own) == "well")
            #expect(
                try outcome(.required, revokes: true, revoked)
                    == "its certificate: certificate revoked")
        }

        @Test(arguments: [false, true])
        func `a session goes on by its ticket, also over a reload`(isOld: Bool) throws {
            var settings = certificates.listening
            (settings.handshake.verification, settings.handshake.authorities) = (
                .required, certificates.authority
            )
            let terminator = try TLSTerminator(settings)
            var options = Options(
                isOld: isOld, certificate: (pem: certificates.good, key: certificates.key))
            func visit(_ terminator: TLSTerminator) throws -> TLSVisitor {
                let visitor = try #require(terminator.visit(options))
                visitor.send("x")
                #expect(visitor.receive(exactly: 1) == "x")
                return visitor
            }
            options.session = try visit(terminator).session
            #expect(try visit(terminator).isResumed)
            let balancer = terminator.running.balancer
            try balancer.adopt(balancer.plan, listeners: [[terminator.running.listener]])
            #expect(try visit(terminator).isResumed)
            settings.options.issuesTickets = false
            let without = try TLSTerminator(settings)
            options.session = try visit(without).session
            #expect(try !visit(without).isResumed)
        }

        @Test(arguments: [false, true])
        func `nodes of the same keys go on with each other's sessions`(isOld: Bool) throws {
            func keys(_ numbers: [UInt8], size: Int = 48) throws -> TicketKeys {
                try TicketKeys(numbers.map { Array(repeating: $0, count: size) })
            }
            func node(
                _ keys: TicketKeys?, _ adjust: (inout TLSListenerSettings) -> Void = { _ in }
            ) throws -> TLSTerminator {
                var settings = certificates.listening
                settings.ticketKeys = keys
                adjust(&settings)
                return try TLSTerminator(settings)
            }
            func session(_ node: TLSTerminator) throws -> TLSVisitor.Session? {
                let visitor = try #require(node.visit(Options(isOld: isOld)))
                visitor.send("x")
                #expect(visitor.receive(exactly: 1) == "x")
                return visitor.session
            }
            func isResumed(_ session: TLSVisitor.Session?, by node: TLSTerminator) throws -> Bool {
                let visitor = try #require(
                    node.visit(Options(isOld: isOld, session: session)))
                visitor.send("x")
                #expect(visitor.receive(exactly: 1) == "x")
                return visitor.isResumed
            }
            let first = try session(try node(try keys([1, 2, 3])))
            #expect(try isResumed(first, by: try node(try keys([1, 2, 3]))))
            // A key later, on this node first.
            #expect(try isResumed(first, by: try node(try keys([1, 2, 3, 4]))))
            #expect(
                try isResumed(
                    try session(try node(try keys([1, 2, 3, 4]))),
                    by: try node(try keys([1, 2, 3]))))
            #expect(try !isResumed(first, by: try node(try keys([4, 5, 6]))))
            #expect(try !isResumed(first, by: try node(nil)))
            let long = try keys([7, 8, 9], size: 80)
            #expect(try isResumed(try session(try node(long)), by: try node(long)))
            // Who was let in without a certificate is asked for one where it is wanted.
            let strict = try node(try keys([1, 2, 3])) {
                ($0.handshake.verification, $0.handshake.authorities) = (
                    .optional, certificates.authority
                )
            }
            #expect(try !isResumed(first, by: strict))
            #expect(throws: TLSSettingsError.self) { try keys([1, 2]) }
            #expect(throws: TLSSettingsError.self) { try keys([1, 2, 3], size: 47) }
        }

        /// Each handshake makes a session's time longer, and looks at no certificate.
        @Test(arguments: [false, true])
        func `a session ends with the time of the client's certificate`(isOld: Bool) throws {
            let brief = try BriefCertificate(seconds: 4)
            var settings = certificates.listening
            (settings.handshake.verification, settings.handshake.authorities) = (
                .required, brief.authority
            )
            let terminator = try TLSTerminator(settings)
            var options = Options(isOld: isOld, certificate: (pem: brief.pem, key: brief.key))
            let first = try #require(terminator.visit(options))
            first.send("x")
            #expect(first.receive(exactly: 1) == "x")
            options.session = first.session
            #expect(try #require(terminator.visit(options)).isResumed)
            let start = MonotonicInstant.now
            while terminator.answers(options), MonotonicInstant.now - start < .seconds(10) {
                Thread.sleep(for: .milliseconds(100))
            }
            #expect(
                terminator.running.wait {
                    terminator.reasons.last == "its certificate: certificate has expired"
                })
        }

        @Test func `without a name both kinds of key are shown that are for the first one's`()
            throws
        {
            var settings = certificates.listening
            settings.certificates.append(
                .init(name: "rsa", pem: certificates.other + certificates.othersKey))
            let terminator = try TLSTerminator(settings)
            func isRSA(_ signatures: String) -> Bool? {
                terminator.visit(Options(serverName: nil, signatures: signatures))?.shown?.isRSA
            }
            #expect(isRSA("rsa_pss_rsae_sha256") == true)
            #expect(isRSA("ecdsa_secp256r1_sha256") == false)
        }

        @Test func `a reset is one however often it is asked for`() throws {
            let security = try TLSListener(certificates.listening)
            let heard = Mutex<[Transfer]>([])
            let server = try TestServer { socket in
                Thread.blockBrokenPipeSignal()
                _ = fcntl(socket.number, F_SETFL, O_NONBLOCK)
                guard let session = security.makeSession(on: socket.number) else { return }
                guard eventually({ session.handshake() == .done }) else { return }
                Thread.sleep(for: .milliseconds(150))
                var buffer = [UInt8](repeating: 0, count: 64)
                let transfers = buffer.withUnsafeMutableBytes { bytes -> [Transfer] in
                    guard let start = bytes.baseAddress else { return [] }
                    return [
                        session.peek(into: start, upTo: 64), session.peek(into: start, upTo: 64),
                        session.receive(into: start, upTo: 64),
                        session.receive(into: start, upTo: 64),
                        session.receive(into: start, upTo: 64),
                    ]
                }
                heard.withLock { $0 = transfers }
            }
            for text in ["abc", ""] {
                heard.withLock { $0 = [] }
                let client = try #require(TLSVisitor(to: server.port))
                if !text.isEmpty { client.send(text) }
                // A reset that a ticket meets is none: who closes without having read it means no harm, and
                // OpenSSL says nothing of it.
                Thread.sleep(for: .milliseconds(30))
                client.socket.reset()
                #expect(eventually { !heard.withLock(\.isEmpty) })
                let reset = Transfer.failed(.connectionReset)
                #expect(
                    heard.withLock(\.self)
                        == (text.isEmpty
                            ? [reset, reset, reset, reset, reset]
                            : [.moved(3), .moved(3), .moved(3), reset, reset]))
            }
        }

        // MARK: What is said of those that fail

        @Test func `who speaks no TLS, goes away or takes too long is counted by cause`() throws {
            let terminator = try TLSTerminator(certificates.listening) {
                $0.frontends[0].handshakeTimeout = .milliseconds(200)
            }
            let plain = terminator.running.connect()
            plain.send("GET / HTTP/1.0\r\n\r\n")
            _ = plain.receiveAll()
            #expect(terminator.reasons == ["http request"])
            let gone = terminator.running.connect()
            gone.send([0x16, 3, 1])
            gone.close()
            terminator.running.connect().close()
            #expect(terminator.running.wait { terminator.refusals[.handshakeCut] == 2 })
            let silent = terminator.running.connect()
            #expect(silent.receiveAll().ending == .end)
            let endless = terminator.running.connect()
            let start = MonotonicInstant.now
            while MonotonicInstant.now - start < .seconds(5) {
                guard endless.sendAll([0x16, 3, 1, 0, 1, 1]) else { break }
                Thread.sleep(for: .milliseconds(20))
            }
            #expect(
                terminator.refusals[.handshakeLate, default: 0]
                    + terminator.refusals[.handshakeFailed, default: 0] == 3)
            #expect(terminator.running.frontend.requestErrors == 5)
            #expect(terminator.running.frontend.admittedSessions == 0)
            #expect(terminator.running.balancer.connectionCount == 0)
        }
    }
}
