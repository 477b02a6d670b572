import Balancer
import BalancerTLS
import Glibc
import LinuxIO
import TLSOptions
import Testing

extension BalancerTests {
    /// What rules and servers learn of clients whose TLS ends here.
    @Suite struct `Rules and terminated TLS` {
        let certificates: TLSCertificates
        private typealias Options = TLSVisitor.Options

        init() throws { certificates = try #require(TLSCertificates.shared) }

        private func when(_ questions: Question..., isNot: Bool = false) -> Condition {
            Condition([questions.map { Condition.Term([$0], isNegated: isNot) }])
        }

        /// A balancer with pools `a` and `b`, whose servers say their names first.
        private func running(
            _ adjustSettings: (inout TLSListenerSettings) -> Void = { _ in },
            adjusting adjust: (inout BalancerPlan) -> Void
        ) throws -> RunningBalancer {
            var settings = certificates.listening
            adjustSettings(&settings)
            let security = try TLSListener(settings)
            let pools = try ["a", "b"].map { name in
                let server = try TestServer { socket in
                    socket.send(name)
                    while case .bytes(let bytes) = socket.receive() { socket.send(bytes) }
                }
                return PoolPlan(
                    name: name, servers: [ServerPlan(name: "s", address: server.address)])
            }
            return try RunningBalancer(servers: []) { plan in
                plan.pools = pools
                plan.frontends[0].listeners = [ListenerPlan()]
                plan.frontends[0].listeners[0].security = security
                adjust(&plan)
            }
        }

        private func answer(_ running: RunningBalancer, _ options: Options = Options()) -> String? {
            TLSVisitor(to: running.port, options)?.receive(exactly: 1)
        }

        @Test func `each sample leads to a pool`() throws {
            let own = (pem: certificates.good, key: certificates.key)
            let cases: [(Question, yes: Options, no: Options)] = [
                (
                    .securedText(.serverName, [TextPattern(.end, ".TEST", ignoresCase: true)]),
                    Options(serverName: "x.test"), Options(serverName: "x.org")
                ),
                (
                    .securedText(.applicationProtocol, [TextPattern(.exact, "h2")]),
                    Options(protocols: ["h2"]), Options(protocols: ["http/1.1"])
                ),
                (
                    .securedText(.version, [TextPattern(.exact, "TLSv1.2")]), Options(isOld: true),
                    Options()
                ),
                (
                    .securedText(.cipher, [TextPattern(.beginning, "TLS_AES_")]), Options(),
                    Options(isOld: true)
                ),
                (
                    .securedText(.subjectName, [TextPattern(.exact, "server.test")]),
                    Options(certificate: own), Options()
                ),
                (
                    .securedText(
                        .certificate(.issuer(nil), of: .client),
                        [TextPattern(.exact, "/CN=Authority")]), Options(certificate: own),
                    Options()
                ),
                (.securedNumber(.hasServerName, [1...1]), Options(), Options(serverName: nil)),
                (.securedNumber(.usesCertificate, [1...1]), Options(certificate: own), Options()),
                (.securedNumber(.showedCertificate, [1...1]), Options(certificate: own), Options()),
                (.securedNumber(.isResumed, [0...0]), Options(), Options()),
                (.securedNumber(.verification, [0...0]), Options(), Options()),
            ]
            for (question, yes, no) in cases {
                let running = try running {
                    ($0.handshake.verification, $0.handshake.authorities) = (
                        .optional, certificates.authority
                    )
                    $0.handshake.parameters.applicationProtocols = ["h2", "http/1.1"]
                } adjusting: {
                    $0.frontends[0].rules.pools = [PoolRule(1, if: when(question))]
                }
                #expect(answer(running, yes) == "b", "\(question)")
                let isAlways = if case .securedNumber(_, [0...0]) = question { true } else { false }
                #expect(answer(running, no) == (isAlways ? "b" : "a"), "\(question)")
            }
        }

        @Test func `without TLS all of it is empty or 0`() throws {
            let running = try running { plan in
                plan.frontends[0].listeners = [ListenerPlan()]
                plan.frontends[0].rules.pools =
                    [SecuredText.serverName, .version, .sessionID(inDigits: true), .subjectName].map
                {
                    PoolRule(1, if: when(.securedText($0, [TextPattern(.found, "")])))
                }
                    + SecuredNumber.allCases.map {
                        PoolRule(1, if: when(.securedNumber($0, [1...Int.max])))
                    }
            }
            #expect(running.connect().receive(exactly: 1) == "a")
        }

        @Test func `rules of sessions and of content see the client behind his TLS`() throws {
            let running = try running { plan in
                plan.frontends[0].rules.session = [
                    Rule(
                        .reject,
                        if: when(.securedText(.serverName, [TextPattern(.exact, "no.test")])))
                ]
                plan.frontends[0].rules.inspectDelay = .seconds(5)
                plan.frontends[0].rules.pools = [
                    PoolRule(
                        1,
                        if: when(
                            .payload(
                                offset: 20_000 - 16_384, length: 3, [TextPattern(.exact, "key")])
                        ))
                ]
            }
            #expect(answer(running, Options(serverName: "no.test")) == "")
            #expect(running.frontend.refusalsByCause == [.deniedSession: 1])
            // More than one record, looked at as it comes, and all of it is relayed.
            let client = try #require(TLSVisitor(to: running.port))
            var bytes = [UInt8](repeating: 0x2e, count: 20_000)
            bytes.replaceSubrange(3_616..<3_619, with: Array("key".utf8))
            #expect(client.send(bytes[..<1_000]))
            Thread.sleep(for: .milliseconds(30))
            #expect(client.send(bytes[1_000...]))
            #expect(client.receive(exactly: 20_001) == "b" + String(decoding: bytes, as: UTF8.self))
            // Who says too little is waited for, and who ends then is cut.
            let brief = try #require(TLSVisitor(to: running.port))
            brief.endSending()
            #expect(brief.receiveAll().text == "")
            #expect(running.wait { running.frontend.refusalsByCause[.cut] == 1 })
        }

        @Test func `a PROXY header stands before the handshake`() throws {
            let server = try TestServer { socket in socket.send(socket.receiveAll().text) }
            let running = try running { plan in
                plan.frontends[0].listeners[0].acceptsProxyHeader = true
                plan.pools[0].servers = [ServerPlan(name: "s", address: server.address)]
                plan.pools[0].servers[0].connection.header = .versionOne
            }
            let header = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"
            let client = try #require(TLSVisitor(to: running.port, after: Array(header.utf8)))
            client.send("hello")
            client.endSending()
            #expect(client.receiveAll() == (header + "hello", .end))
            #expect(running.frontend.refusalsByCause == [:])
        }

        @Test func `a server hears the name in its PROXY header`() throws {
            let server = try TestServer { socket in socket.send(socket.receiveAll().text) }
            let running = try running { plan in
                plan.pools[0].servers = [ServerPlan(name: "s", address: server.address)]
                plan.pools[0].servers[0].connection.header = .versionTwo(.authority)
            }
            let client = try #require(TLSVisitor(to: running.port))
            client.endSending()
            #expect(client.receiveAll().text.contains("server.test"))
        }

        @Test func `a key of the handshake binds clients to a server`() throws {
            let server = try TestServer.named("1")
            let other = try TestServer.named("2")
            let running = try running { plan in
                plan.pools[0].servers = servers([("x", server), ("y", other)])
                var table = StickTablePlan(name: "t", size: 10)
                table.keys = .text(32)
                plan.tables = [table]
                plan.pools[0].stickRules = [
                    StickRule(in: 0, by: .cased(.securedText(.serverName), .lower))
                ]
            }
            let first = answer(running, Options(serverName: "one.test"))
            #expect(answer(running, Options(serverName: "two.test")) != first)
            for _ in 0..<3 { #expect(answer(running, Options(serverName: "ONE.test")) == first) }
        }
    }
}
