import Balancer
import BalancerTLS
import LinuxIO
import TLSOptions
import Testing

extension BalancerTests {
    /// What certificates have for themselves where clients' TLS ends here: names, and how handshakes are done
    /// that they are shown in.
    @Suite struct `Options of certificates` {
        let certificates: TLSCertificates
        private typealias Options = TLSVisitor.Options
        private typealias Handshake = TLSHandshakeOptions<[UInt8]>
        private typealias Certificate = TLSListenerSettings.Certificate

        init() throws { certificates = try #require(TLSCertificates.shared) }

        private var own: (pem: [UInt8], key: [UInt8]) { (certificates.good, certificates.key) }

        private func certificate(
            _ names: String..., isWild: Bool = false,
            handshake adjust: (inout Handshake) -> Void = { _ in }
        ) -> Certificate {
            var certificate = Certificate(
                name: names.first ?? "own",
                pem: isWild
                    ? certificates.wild + certificates.wildKey
                    : certificates.good + certificates.key, serverNames: names)
            adjust(&certificate.handshake)
            return certificate
        }

        private func verify(_ handshake: inout Handshake) {
            (handshake.verification, handshake.authorities) = (.required, certificates.authority)
        }

        /// A listener whose first certificate has the settings' options.
        private func terminator(
            _ further: Certificate...,
            adjusting adjust: (inout TLSListenerSettings) -> Void = { _ in }
        ) throws -> TLSTerminator {
            var settings = TLSListenerSettings([certificate("first.test")] + further)
            adjust(&settings)
            return try TLSTerminator(settings)
        }

        // MARK: How handshakes are done

        @Test(arguments: [false, true])
        func `who asks for its name is verified as it says`(isOld: Bool) throws {
            let strict = certificate("strict.test", handshake: verify)
            let free = certificate("free.test") {
                $0.verification = .off
            }
            func answers(_ terminator: TLSTerminator, _ name: String?, shows: Bool) -> Bool {
                terminator.answers(
                    Options(serverName: name, isOld: isOld, certificate: shows ? own : nil))
            }
            let plain = try terminator(strict)
            #expect(answers(plain, "first.test", shows: false))
            #expect(answers(plain, nil, shows: false))
            #expect(!answers(plain, "strict.test", shows: false))
            #expect(answers(plain, "strict.test", shows: true))
            #expect(plain.reasons == ["peer did not return a certificate"])
            let verifying = try terminator(free) {
                ($0.handshake.verification, $0.handshake.authorities) = (
                    .required, certificates.authority
                )
            }
            #expect(answers(verifying, "free.test", shows: false))
            #expect(!answers(verifying, "first.test", shows: false))
            #expect(!answers(verifying, "elsewhere.test", shows: false))
            #expect(answers(verifying, "first.test", shows: true))
            // What the first one has holds for who asks for no name.
            var settings = TLSListenerSettings([strict, certificate("free.test")])
            settings.handshake.parameters.applicationProtocols = ["h2"]
            let first = try TLSTerminator(settings)
            #expect(!answers(first, nil, shows: false))
            #expect(!answers(first, "elsewhere.test", shows: false))
            #expect(answers(first, "free.test", shows: false))
        }

        @Test func `protocols, versions, ciphers and groups are its own`() throws {
            let terminator = try terminator(
                certificate("http.test") { $0.parameters.applicationProtocols = ["http/1.1"] },
                certificate("none.test") { $0.parameters.applicationProtocols = [] },
                certificate("old.test") {
                    $0.parameters.maximumVersion = .tlsv12
                    $0.parameters.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"
                },
                certificate("new.test") {
                    $0.parameters.minimumVersion = .tlsv13
                    $0.parameters.cipherSuites = "TLS_CHACHA20_POLY1305_SHA256"
                }, certificate("group.test") { $0.parameters.groups = "P-384" }
            ) {
                $0.handshake.parameters.applicationProtocols = ["h2", "http/1.1"]
                $0.handshake.parameters.groups = "P-256:P-384"
            }
            func visit(_ name: String, _ adjust: (inout Options) -> Void = { _ in }) -> TLSVisitor?
            {
                var options = Options(serverName: name, protocols: ["h2", "http/1.1"])
                adjust(&options)
                return terminator.visit(options)
            }
            #expect(visit("first.test")?.applicationProtocol == "h2")
            #expect(visit("http.test")?.applicationProtocol == "http/1.1")
            #expect(try #require(visit("none.test")).applicationProtocol == nil)
            let old = try #require(visit("old.test"))
            #expect(old.version == "TLSv1.2")
            #expect(old.cipher == "ECDHE-ECDSA-AES128-GCM-SHA256")
            #expect(old.applicationProtocol == "h2")
            let new = try #require(visit("new.test"))
            #expect(new.cipher == "TLS_CHACHA20_POLY1305_SHA256")
            #expect(visit("new.test") { $0.isOld = true } == nil)
            #expect(visit("first.test") { $0.isOld = true }?.version == "TLSv1.2")
            #expect(visit("group.test") { $0.groups = "P-256" } == nil)
            #expect(visit("group.test") { $0.groups = "P-384" } != nil)
            #expect(visit("first.test") { $0.groups = "P-256" } != nil)
        }

        /// Sessions of all of a listener's certificates are encrypted by the same keys.
        @Test(arguments: [false, true], [false, true])
        func `a session does not cross to a name that verifies in another way`(
            isOld: Bool, sharesKeys: Bool
        ) throws {
            let keys = try TicketKeys([[1], [2], [3]].map { Array(repeating: $0[0], count: 48) })
            let terminator = try terminator(
                certificate("same.test"), certificate("strict.test", handshake: verify),
                certificate("asked.test") {
                    ($0.verification, $0.authorities) = (.optional, certificates.authority)
                }
            ) { $0.ticketKeys = sharesKeys ? keys : nil }
            func visit(
                _ name: String, shows: Bool = false, _ session: TLSVisitor.Session? = nil
            ) -> TLSVisitor? {
                let visitor = terminator.visit(
                    Options(
                        serverName: name, isOld: isOld, certificate: shows ? own : nil,
                        session: session))
                visitor?.send("x")
                return visitor?.receive(exactly: 1) == "x" ? visitor : nil
            }
            let first = try #require(visit("first.test")?.session)
            #expect(visit("first.test", first)?.isResumed == true)
            #expect(visit("same.test", first)?.isResumed == true)
            #expect(visit("strict.test", first) == nil)
            #expect(visit("asked.test", first)?.isResumed == false)
            // A certificate that was shown to one is none for the others.
            let strict = try #require(visit("strict.test", shows: true)?.session)
            #expect(visit("strict.test", strict)?.isResumed == true)
            #expect(visit("first.test", strict)?.isResumed == false)
            let asked = try #require(visit("asked.test")?.session)
            #expect(visit("strict.test", asked) == nil)
        }

        /// Where both have the same keys of tickets, as the listeners of one node may.
        @Test(arguments: [false, true])
        func `a session does not cross to a listener that verifies, or encrypts, in another way`(
            isOld: Bool
        ) throws {
            let keys = try TicketKeys([[1], [2], [3]].map { Array(repeating: $0[0], count: 48) })
            func listener(
                _ adjust: (inout TLSListenerSettings) -> Void = { _ in }
            ) throws -> TLSTerminator {
                try terminator {
                    ($0.handshake.verification, $0.handshake.authorities) = (
                        .optional, certificates.authority
                    )
                    $0.ticketKeys = keys
                    adjust(&$0)
                }
            }
            func visit(_ terminator: TLSTerminator, _ session: TLSVisitor.Session?) -> TLSVisitor? {
                let visitor = terminator.visit(
                    Options(isOld: isOld, certificate: own, session: session))
                visitor?.send("x")
                return visitor?.receive(exactly: 1) == "x" ? visitor : nil
            }
            let session = try #require(visit(listener(), nil)?.session)
            #expect(try visit(listener(), session)?.isResumed == true)
            #expect(
                try visit(
                    listener { $0.handshake.parameters.applicationProtocols = ["h2"] }, session)?
                    .isResumed == true
            )
            let others: [(String, (inout TLSListenerSettings) -> Void)] = [
                ("verification", { $0.handshake.verification = .required }),
                (
                    "authorities",
                    { $0.handshake.authorities = certificates.authority + certificates.stranger }
                ),
                ("further ones", { $0.handshake.unsentAuthorities = certificates.stranger }),
                ("revoked", { $0.handshake.revocationLists = certificates.revocations }),
                ("own errors", { $0.options.ignoredCertificateErrors = [10] }),
                ("errors above", { $0.options.ignoredAuthorityErrors = [10] }),
                ("ciphers", { $0.handshake.parameters.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256" }),
            ]
            for (name, adjust) in others {
                #expect(try visit(listener(adjust), session)?.isResumed == false, "\(name)")
            }
        }

        @Test func `certificates share no trust where one of them trusts others`() throws {
            let terminator = try terminator(
                certificate("silent.test") { $0.sendsAuthorityNames = false },
                certificate("wide.test") { $0.unsentAuthorities = certificates.stranger },
                certificate("strict.test") { $0.revocationLists = certificates.revocations }
            ) {
                ($0.handshake.verification, $0.handshake.authorities) = (
                    .required, certificates.authority
                )
                // It has expired, and was revoked.
                $0.options.ignoredCertificateErrors = [10]
            }
            func visit(_ name: String, _ shown: (pem: [UInt8], key: [UInt8])) -> Options {
                Options(serverName: name, isOld: true, certificate: shown)
            }
            let strangers = (pem: certificates.stranger, key: certificates.strangersKey)
            let expired = (pem: certificates.expired, key: certificates.key)
            let names = ["first.test", "silent.test", "wide.test", "strict.test"]
            #expect(
                names.map { terminator.visit(visit($0, own))?.namedAuthorityCount } == [1, 0, 1, 1])
            #expect(
                names.map { terminator.answers(visit($0, strangers)) }
                    == [false, false, true, false])
            #expect(
                names.map { terminator.answers(visit($0, expired)) } == [true, true, true, false])
        }

        /// By another name in his second message a client would be known by what he was not asked for.
        @Test func `who is asked for another key may not ask for another name`() throws {
            let terminator = try terminator(
                certificate("other.test") { $0.parameters.applicationProtocols = ["h2"] }
            ) { $0.handshake.parameters.groups = "P-384" }
            var options = Options(serverName: "first.test", groups: "P-256:P-384")
            #expect(terminator.answers(options))
            options.changesName = true
            #expect(!terminator.answers(options))
            #expect(terminator.running.wait { terminator.refusals == [.handshakeFailed: 1] })
        }

        @Test func `two for one name must say the same`() throws {
            func fault(_ adjust: (inout Handshake) -> Void) -> String? {
                var other = Certificate(
                    name: "rsa", pem: certificates.other + certificates.othersKey,
                    serverNames: ["one.test"])
                adjust(&other.handshake)
                let settings = TLSListenerSettings([certificate("one.test"), other])
                do throws(TLSSettingsError) { _ = try TLSListener(settings) } catch {
                    return error.description
                }
                return nil
            }
            #expect(fault { _ in } == nil)
            // What the listener has anyway is no difference.
            #expect(fault { $0.parameters.minimumVersion = .tlsv12 } == nil)
            #expect(
                fault(verify)
                    == "'one.test' and 'rsa' are both for 'one.test', with different options: a client could choose which of them hold; give both the same"
            )
        }

        // MARK: Names

        @Test func `a name behind an exclamation mark is taken from a star`() throws {
            let terminator = try terminator(
                certificate("*.wild.test", "!a.wild.test", "!B.wild.test", isWild: true),
                certificate("b.wild.test", "own.wild.test"))
            func isWild(_ name: String) throws -> Bool {
                try #require(terminator.visit(Options(serverName: name))?.shown).name
                    == "*.wild.test"
            }
            #expect(try isWild("x.wild.test"))
            #expect(try !isWild("a.wild.test"))
            #expect(try !isWild("A.wild.test"))
            #expect(try !isWild("b.wild.test"))
            #expect(try !isWild("own.wild.test"))
            // What is taken from one star is not taken from another, nor from a certificate of its own.
            let others = try self.terminator(
                certificate("*.wild.test", "!a.own.test", "!b.wild.test", isWild: true),
                certificate("*.own.test"), certificate("b.wild.test"),
                adjusting: { $0.options.isStrictSNI = true })
            for name in ["a.own.test", "b.wild.test"] {
                #expect(others.visit(Options(serverName: name))?.shown?.name == "server.test")
            }
            // Of a star that two lines have, one takes what the other leaves.
            let shared = try self.terminator(
                certificate("*.x.test", "!a.x.test", isWild: true), certificate("*.x.test"),
                adjusting: { $0.options.isStrictSNI = true })
            let name = try #require(shared.visit(Options(serverName: "a.x.test"))?.shown?.name)
            #expect(name == "server.test")
            #expect(shared.visit(Options(serverName: "b.x.test"))?.shown?.name == "*.wild.test")
            // Without a name of its own, or with a star alone, it is nobody's.
            let idle = try self.terminator(
                certificate("!a.wild.test", isWild: true), certificate("*", isWild: true),
                adjusting: { $0.options.isStrictSNI = true })
            for name in ["a.wild.test", "x.wild.test", "*"] {
                #expect(idle.visit(Options(serverName: name)) == nil)
            }
            #expect(idle.visit(Options(serverName: "first.test")) != nil)
            // The first one is for who asks for no name, whoever it is for.
            let nobodys = try TLSTerminator(
                TLSListenerSettings([
                    certificate("!a.wild.test", isWild: true), certificate("first.test"),
                ]))
            #expect(nobodys.visit(Options(serverName: nil))?.shown?.name == "*.wild.test")
        }

        // MARK: Whom it trusts

        @Test func `further authorities are trusted, and not named`() throws {
            func visit(_ adjust: (inout TLSListenerSettings) -> Void) throws -> (Bool, Int?) {
                let terminator = try terminator {
                    $0.handshake.verification = .required
                    adjust(&$0)
                }
                let options = Options(serverName: "first.test", isOld: true, certificate: own)
                let visitor = terminator.visit(options)
                return (terminator.answers(options), visitor?.namedAuthorityCount)
            }
            #expect(try visit { $0.handshake.authorities = certificates.authority } == (true, 1))
            #expect(
                try visit {
                    ($0.handshake.authorities, $0.handshake.sendsAuthorityNames) = (
                        certificates.authority, false
                    )
                } == (true, 0))
            #expect(
                try visit { $0.handshake.unsentAuthorities = certificates.authority } == (true, 0))
            #expect(
                try visit {
                    $0.handshake.authorities = certificates.stranger
                    $0.handshake.unsentAuthorities = certificates.authority
                } == (true, 1))
            #expect(try visit { $0.handshake.authorities = certificates.stranger }.0 == false)
        }

        /// OpenSSL's numbers: 10 has expired, 18 is signed by itself, 23 is revoked.
        @Test(arguments: [false, true])
        func `what may be wrong with a certificate is told, and lets in`(isOld: Bool) throws {
            func outcome(
                _ ignored: [Int], _ certificate: (pem: [UInt8], key: [UInt8])?,
                revokes: Bool = false, expecting error: Int, last: Int? = nil
            ) throws -> String? {
                var settings = certificates.listening
                (settings.handshake.verification, settings.handshake.authorities) = (
                    .optional, certificates.authority
                )
                settings.options.ignoredCertificateErrors = ignored
                settings.handshake.revocationLists = revokes ? certificates.revocations : nil
                let numbers: [(SecuredNumber, Int)] = [
                    (.certificateError, error), (.verification, last ?? error),
                ]
                let terminator = try TLSTerminator(settings, pools: ["a", "b"]) { plan in
                    plan.frontends[0].rules.pools = [
                        PoolRule(
                            1,
                            if: Condition([
                                numbers.map {
                                    Condition.Term([.securedNumber($0, [$1...$1])])
                                }
                            ]))
                    ]
                }
                let visitor = terminator.visit(Options(isOld: isOld, certificate: certificate))
                return visitor?.receive(exactly: 1)
            }
            let strangers = (pem: certificates.stranger, key: certificates.strangersKey)
            let expired = (pem: certificates.expired, key: certificates.key)
            #expect(try outcome([], own, expecting: 0) == "b")
            #expect(try outcome([18], nil, expecting: 0) == "b")
            #expect(try outcome([18], strangers, expecting: 18) == "b")
            #expect(try outcome([10], expired, expecting: 10) == "b")
            #expect(try outcome([23, 10], expired, revokes: true, expecting: 23) != "b")
            // Of two errors the first is told; verification has the last word.
            #expect(try outcome([23, 10], expired, revokes: true, expecting: 23, last: 10) == "b")
            #expect(try outcome([10], strangers, expecting: 18) ?? "" == "")
            #expect(try outcome([18], expired, expecting: 10) ?? "" == "")
        }
    }
}
