import Balancer
import BalancerTLS
import Glibc
import LinuxIO
import Synchronization
import Testing

extension BalancerTests {
    /// What servers are asked for on behalf of each client (`sni SAMPLE`), and whose certificates pass.
    @Suite struct `Names for secured servers` {
        let certificates: TLSCertificates

        init() throws { certificates = try #require(TLSCertificates.shared) }

        /// A server that says what it was asked for, and whether the session was there before.
        private func server() throws -> TestServer {
            try TLSPeer.server(TLSPeer.Options(certificates)) { peer in
                peer.send("\(peer.serverName ?? "nobody") \(peer.isResumed ? "again" : "anew")\n")
                _ = peer.receive()
            }
        }

        /// A balancer that asks it for what a client says.
        ///
        /// - Parameters:
        ///   - key: What of a client it is; `nil`: the variable.
        ///   - endsTLS: Whether clients' TLS ends here.
        ///   - verifiedName: Whose certificate is taken for a client who names nobody.
        ///   - reactors: How many there are.
        ///   - delay: How long it waits for what clients say.
        ///   - adjust: Has the settings' last word.
        ///   - adjustPlan: Has the plan's last word.
        /// - Returns: The balancer, and what became of its attempts.
        /// - Throws: What making certificates, servers or the balancer throws.
        private func balancer(
            by key: ConnectionKey?, endsTLS: Bool = true, verifiedName: String? = nil,
            reactors: Int = 1, waiting delay: Duration = .seconds(5),
            _ adjust: (inout TLSSettings) -> Void = { _ in },
            _ adjustPlan: (inout BalancerPlan) -> Void = { _ in }
        ) throws -> (RunningBalancer, Outcomes) {
            var plan = try certificates.secured(server(), named: nil)
            var settings = TLSSettings()
            settings.authorities = .pem(certificates.authority)
            adjust(&settings)
            plan.connection.security = try TLSServer(
                TLSContext(settings), verifiedName: verifiedName)
            plan.connection.nameSource = key.map { VariableSource.key($0) } ?? .variable(0)
            let listener = try TLSListener(
                TLSListenerSettings([
                    .init(name: "own", pem: certificates.good + certificates.key)
                ]))
            let outcomes = Outcomes()
            let running = try RunningBalancer(
                reactors: reactors, servers: [plan],
                adjusting: {
                    $0.pools[0].retries = 0
                    $0.frontends[0].rules.inspectDelay = delay
                    $0.frontends[0].listeners = [ListenerPlan()]
                    if endsTLS { $0.frontends[0].listeners[0].security = listener }
                    $0.variables = [VariablePlan(name: "sess.name")]
                    adjustPlan(&$0)
                }, observer: { _, _, outcome in outcomes.all.withLock { $0.append(outcome) } })
            return (running, outcomes)
        }

        private final class Outcomes: Sendable { let all = Mutex<[ConnectionOutcome]>([]) }

        /// What a client hears who asks for a name; empty: an end.
        private func answer(of running: RunningBalancer, to name: String?) -> String {
            guard let visitor = TLSVisitor(to: running.port, .init(serverName: name)) else {
                return "no handshake"
            }
            var text = ""
            while text.last != "\n" {
                let next = visitor.receive(exactly: 1)
                guard !next.isEmpty else { break }
                text += next
            }
            return text
        }

        @Test(arguments: [1, 2])
        func `a server is asked for what its client asked for, and must be it`(reactors: Int) throws
        {
            let (running, outcomes) = try balancer(
                by: .securedText(.serverName), reactors: reactors)
            #expect(answer(of: running, to: "server.test") == "server.test anew\n")
            #expect(outcomes.all.withLock(\.self) == [])
            #expect(answer(of: running, to: "other.test") == "")
            let mismatch = ConnectionOutcome.notSecured("its certificate: hostname mismatch")
            #expect(eventually { outcomes.all.withLock(\.self) == [mismatch] })
        }

        @Test func `who says nothing is not waited for without end`() throws {
            let (running, _) = try balancer(
                by: .serverName, endsTLS: false, verifiedName: "server.test",
                waiting: .milliseconds(100))
            #expect(running.connect().receive(exactly: 12) == "nobody anew\n")
        }

        @Test func `for who names nobody the server's own name holds`() throws {
            let (own, _) = try balancer(
                by: .securedText(.serverName), verifiedName: "server.test")
            #expect(answer(of: own, to: nil) == "nobody anew\n")
            let (others, outcomes) = try balancer(
                by: .securedText(.serverName), verifiedName: "other.test")
            #expect(answer(of: others, to: nil) == "")
            let mismatch = ConnectionOutcome.notSecured("its certificate: hostname mismatch")
            #expect(eventually { outcomes.all.withLock(\.self) == [mismatch] })
            // It is not for those who do.
            #expect(answer(of: others, to: "server.test") == "server.test anew\n")
            let (open, _) = try balancer(by: .securedText(.serverName))
            #expect(answer(of: open, to: nil) == "nobody anew\n")
        }

        @Test func `a session goes on under its own name alone`() throws {
            let (running, _) = try balancer(by: .securedText(.serverName)) { $0.verifies = false }
            let names = ["a.test", "b.test", "a.test", "b.test", nil, "a.test", nil]
            #expect(
                names.map { answer(of: running, to: $0) } == [
                    "a.test anew\n", "b.test anew\n", "a.test again\n", "b.test again\n",
                    "nobody anew\n", "a.test again\n", "nobody again\n",
                ])
        }

        @Test func `sessions of so many names are kept, and no more`() throws {
            let (running, _) = try balancer(by: .securedText(.serverName)) { $0.verifies = false }
            let names = (0..<80).map { "n\($0).test" }
            for name in names { #expect(answer(of: running, to: name) == "\(name) anew\n") }
            // Those that were forgotten take others' places as they come again.
            let kept = names.filter { answer(of: running, to: $0).hasSuffix("again\n") }
            #expect((1...64).contains(kept.count), "\(kept.count)")
        }

        @Test func `a hello that passes through names the server, in small letters`() throws {
            let (running, _) = try balancer(by: .cased(.serverName, .lower), endsTLS: false) {
                $0.verifies = false
            }
            let own = Array("shop.example.org".utf8)
            let place = try #require(
                opensslHello.indices.first { opensslHello[$0...].starts(with: own) })
            let hello =
                opensslHello.prefix(place) + Array("SHOP.Example.org".utf8)
                + opensslHello.dropFirst(place + own.count)
            let client = running.connect()
            client.send(Array(hello.prefix(60)))
            // Nobody is asked before it is known for what.
            Thread.sleep(for: .milliseconds(50))
            #expect(running.pool.servers[0].totalSessions == 0)
            client.send(Array(hello.dropFirst(60)))
            let expected = "shop.example.org anew\n"
            #expect(client.receive(exactly: expected.count) == expected)
        }

        @Test func `a server is asked for what a proxy before us says`() throws {
            let (running, _) = try balancer(
                by: .cased(.headerText(2), .lower), endsTLS: false,
                { $0.verifies = false }, { $0.frontends[0].listeners[0].acceptsProxyHeader = true })
            let header = bytes("0D0A0D0A000D0A515549540A 21 11 0015 C0000201 C6336402 DC04 01BB")
            for (name, expected) in [("A.test", "a.test anew\n"), ("ANSWER", "nobody anew\n")] {
                let client = running.connect()
                // The other one says its name as it wants to be known by.
                client.send(header + [name == "A.test" ? 2 : 5, 0, 6] + Array(name.utf8))
                #expect(client.receive(exactly: expected.count) == expected)
            }
        }

        @Test func `a server is asked for what a rule remembers`() throws {
            let (running, _) = try balancer(
                by: nil, endsTLS: false, { $0.verifies = false },
                {
                    $0.frontends[0].rules.content = [
                        Rule(
                            .setVariable(0, .key(.cased(.payload(offset: 0, length: 6), .lower))),
                            if: Condition([[.init([.byteCount([7...Int.max])])]]))
                    ]
                    $0.frontends[0].rules.inspectDelay = .milliseconds(200)
                })
            for (words, expected) in [("A.test!", "a.test anew\n"), ("short", "nobody anew\n")] {
                let client = running.connect()
                client.send(words)
                #expect(client.receive(exactly: expected.count) == expected)
            }
        }

        @Test(arguments: ["192.0.2.1", "not a name", "nu\0l.test"])
        func `what is no name is not asked for`(text: String) throws {
            let count = text.utf8.count
            let (running, _) = try balancer(
                by: .payload(offset: 0, length: count), endsTLS: false
            ) { $0.verifies = false }
            let client = running.connect()
            client.send(text)
            #expect(client.receive(exactly: 12) == "nobody anew\n")
        }

        @Test func `a certificate that was revoked passes no more`() throws {
            let lists: [([UInt8]?, [UInt8], String)] = [
                (nil, certificates.expired, "certificate has expired"),
                (certificates.revocations, certificates.expired, "certificate revoked"),
            ]
            for (list, certificate, reason) in lists {
                var options = TLSPeer.Options(certificates)
                options.certificate = certificate
                let server = try TLSPeer.server(options) { $0.send("not reached") }
                let outcomes = Outcomes()
                let running = try RunningBalancer(
                    servers: [try certificates.secured(server) { $0.revocationList = list }],
                    adjusting: { $0.pools[0].retries = 0 },
                    observer: { _, _, outcome in outcomes.all.withLock { $0.append(outcome) } })
                #expect(running.answer() == "")
                #expect(
                    outcomes.all.withLock(\.self) == [.notSecured("its certificate: \(reason)")])
            }
            let good = try TLSPeer.server(TLSPeer.Options(certificates)) { $0.send("good") }
            let list = certificates.revocations
            let running = try RunningBalancer(
                servers: [try certificates.secured(good) { $0.revocationList = list }])
            #expect(running.answer() == "good")
            #expect(throws: TLSSettingsError.self) {
                var settings = TLSSettings()
                settings.revocationList = []
                _ = try TLSContext(settings)
            }
        }
    }
}
