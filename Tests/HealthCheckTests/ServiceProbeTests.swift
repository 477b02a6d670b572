#if Program
import NIOCore
import NIOPosix
import TestServers
import Testing

@testable import HealthCheck

extension `One after another` {
    @Suite struct `Probes of mail, directory and name servers` {
        @Test func `SMTP against Exim`() async throws {
            let mail = try await Exim()
            defer { mail.server.stop() }
            let helo = try await probe(SMTPProbe(domain: "lb.example"), port: mail.server.port)
            #expect(helo.code == "L7OK")
            #expect(helo.detail.hasPrefix("250 mail.example.test Hello lb.example"))
            #expect(helo.facts.statusCode == 250)
            let ehlo = try await probe(SMTPProbe(.ehlo), port: mail.server.port)
            #expect(ehlo.code == "L7OK")
            let refused = try await probe(SMTPProbe(domain: "refused"), port: mail.server.port)
            #expect(refused.code == "L7STS")
            #expect(refused.detail == "550 not you")
            try await expectFront(SMTPProbe(), to: mail.server.port)
        }

        @Test func `LDAP against OpenLDAP`() async throws {
            let directory = try await OpenLDAP()
            defer { directory.server.stop() }
            let closed = try await OpenLDAP(allowsAnonymous: false)
            defer { closed.server.stop() }
            let admin = "cn=admin,dc=example"
            let anonymous = try await probe(LDAPProbe(), port: directory.server.port)
            #expect(anonymous == .answered(ProbeFacts(detail: "bound")))
            let simple = try await probe(
                LDAPProbe(name: admin, password: "secret"), port: directory.server.port)
            #expect(simple == .answered(ProbeFacts(detail: "bound")))
            let wrong = try await probe(
                LDAPProbe(name: admin, password: "wrong"), port: directory.server.port)
            #expect(summary(wrong) == FaultTable.password["LDAP login"])
            let long = try await probe(
                LDAPProbe(name: admin, password: String(repeating: "x", count: 300)),
                port: directory.server.port)
            #expect(long == wrong)
            let refused = try await probe(LDAPProbe(), port: closed.server.port)
            #expect(refused.code == "L7STS")
            #expect(refused.detail.hasPrefix("result 48 (inappropriate authentication)"))
            try await expectFront(LDAPProbe(), to: directory.server.port)
        }

        @Test func `DNS against Unbound`() async throws {
            let names = try await Unbound()
            defer { names.server.stop() }
            let root = try await probe(try DNSProbe(), port: names.server.port)
            #expect(root.detail == "NOERROR, 1 answers")
            #expect(root.code == "L7OK")
            var web = try DNSProbe(name: "web.example", type: .a)
            web.minimumAnswers = 1
            #expect(try await probe(web, port: names.server.port).code == "L7OK")
            var missing = try DNSProbe(name: "no.example.", type: .a)
            let absent = try await probe(missing, port: names.server.port)
            #expect(absent.code == "L7STS")
            #expect(absent.detail == "NXDOMAIN, 0 answers")
            missing.acceptedStatuses = [0, 3]
            #expect(try await probe(missing, port: names.server.port).code == "L7OK")
            var empty = try DNSProbe(name: "web.example", type: .aaaa)
            empty.minimumAnswers = 1
            let none = try await probe(empty, port: names.server.port)
            #expect(none.detail == "NOERROR, 0 answers")
            #expect(none.code == "L7STS")
            let refused = try await probe(
                try DNSProbe(name: "secret.example"), port: names.server.port)
            #expect(refused.detail == "REFUSED, 0 answers")
        }

        @Test(arguments: ["", "..", "a..b", ".a", String(repeating: "x", count: 64)])
        func `a name that cannot be asked for is refused`(name: String) {
            #expect(throws: ProbeSettingsError.notADomainName(name)) { try DNSProbe(name: name) }
        }
    }
}

extension `One after another` {
    @Suite struct `Probes by datagrams` {
        private func check(
            _ datagramProbe: any HealthProbe, _ behaviour: UDPPeer.Behaviour,
            timeout: TimeAmount = .seconds(5)
        ) async throws -> ProbeOutcome {
            let peer = try await UDPPeer(behaviour)
            defer { peer.stop() }
            return try await probe(datagramProbe, port: peer.port, timeout: timeout)
        }

        @Test func `a reply is compared under a mask`() async throws {
            let echo = UDPProbe(payload: [1, 2, 3], reply: .bytes([1, 0xF2], mask: [0xFF, 0x0F]))
            #expect(try await check(echo, .echoes) == .answered(ProbeFacts(detail: "3 bytes")))
            let other = UDPProbe(payload: [1, 2, 3], reply: .bytes([1, 3]))
            #expect(
                try await check(other, .echoes)
                    == .badAnswer(reason: "another reply than expected: 010203"))
            let longer = UDPProbe(payload: [1], reply: .bytes([1, 2]))
            #expect(try await check(longer, .echoes).code == "L7RSP")
        }

        @Test func `silence fails where a reply is expected, and passes where none is`()
            async throws
        {
            let any = try await check(UDPProbe(payload: [1]), .silent, timeout: .milliseconds(150))
            #expect(any == .timedOut)
            let none = UDPProbe(payload: [1], reply: .none)
            #expect(try await check(none, .silent, timeout: .milliseconds(150)) == .passed)
            #expect(try await probe(none, port: try await UDPPeer.closedPort()) == .refused)
        }

        @Test(arguments: [
            (
                UDPProbe(payload: [1], reply: .bytes([1])) as any HealthProbe,
                [
                    "L7RSP another reply than expected: 5A5A5A5A5A",
                    "L7RSP another reply than expected: ",
                ]
            ),
            (UDPProbe(payload: [1]), ["L7OK 5 bytes", "L7OK 0 bytes"]),
            (
                DNSProbe.root,
                ["L7RSP not an answer of DNS: 5 bytes", "L7RSP not an answer of DNS: 0 bytes"]
            ),
        ])
        func `a reply too short is judged too`(
            datagramProbe: any HealthProbe, outcomes: [String]
        ) async throws {
            for (length, outcome) in zip([5, 0], outcomes) {
                let reply = UDPPeer.Behaviour.says([UInt8](repeating: 0x5A, count: length))
                #expect(summary(try await check(datagramProbe, reply)) == outcome)
            }
        }

        @Test func `a lost datagram is sent again`() async throws {
            let outcome = try await check(
                UDPProbe(payload: [7]), .echoesFromSecond, timeout: .milliseconds(2_400))
            #expect(outcome.code == "L7OK")
        }

        @Test func `DNS takes no answer to another question`() async throws {
            let outcome = try await check(
                try DNSProbe(), .says([UInt8](repeating: 0x5A, count: 3)), timeout: .seconds(1))
            #expect(outcome == .badAnswer(reason: "not an answer of DNS: 3 bytes"))
            let exchange = DNSExchange(
                identifier: 0x0102, question: DNSQuestion(try DomainName("."), type: .soa),
                acceptedStatuses: [0], minimumAnswers: 0)
            let tail = [UInt8](repeating: 0, count: 9)
            #expect(exchange.judge([9, 9, 0x80] + tail) == nil)
            #expect(exchange.judge([1, 2, 0x00] + tail)?.code == "L7RSP")
            #expect(exchange.judge([1, 2, 0x80] + tail)?.code == "L7OK")
        }

        @Test func `this host answers an echo, over IPv4 and IPv6`() async throws {
            for address in ["127.0.0.1", "::1"] {
                let target = try SocketAddress(ipAddress: address, port: 0)
                let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
                let outcome = try await eventLoop.flatSubmit {
                    ICMPProbe().probe(target, timeout: .seconds(5), on: eventLoop)
                }.get()
                if outcome.code == "SOCKERR" {
                    print("NOT RUN: ICMP echo to \(address): \(outcome.detail)")
                } else {
                    #expect(outcome == .answered(ProbeFacts(detail: "echo reply")), "\(address)")
                }
            }
        }

        @Test func `an echo takes no reply but its own`() {
            let exchange = ICMPExchange(isIPv6: false, isRaw: true, cookie: [1, 2, 3, 4])
            let header = [0x45] + [UInt8](repeating: 0, count: 19)
            #expect(exchange.judge(header + [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])?.code == "L7OK")
            #expect(exchange.judge(header + [8, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]) == nil)
            #expect(exchange.judge(header + [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 5]) == nil)
            #expect(exchange.judge([0x4F]) == nil)
            #expect(exchange.judge([]) == nil)
            // RFC 1071 §3: the sum of these is 0xDDF2.
            #expect(
                ICMPExchange.checksum([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7]) == 0x220D)
        }
    }
}

extension DNSProbe {
    /// Asks for the root's SOA.
    fileprivate static var root: DNSProbe {
        guard let probe = try? DNSProbe() else { preconditionFailure("the root is a name") }
        return probe
    }
}
#endif
