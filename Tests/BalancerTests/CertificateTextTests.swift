import BalancerTLS
import LinuxIO
import TLSOptions
import Testing

@testable import Balancer

extension BalancerTests {
    /// What rules and log lines are told of certificates that are unlike others.
    @Suite struct `Texts of odd certificates` {
        /// A listener that lets in whoever has a certificate, and a visitor who has this one.
        private func terminator(
            _ certificate: OddCertificate, adjusting adjust: (inout BalancerPlan) -> Void
        ) throws -> (TLSTerminator, TLSVisitor.Options) {
            var settings = try #require(TLSCertificates.shared).listening
            (settings.handshake.verification, settings.handshake.authorities) = (
                .optional, certificate.pem
            )
            return (
                try TLSTerminator(settings, pools: ["a", "b"], adjusting: adjust),
                TLSVisitor.Options(certificate: (certificate.pem, certificate.key))
            )
        }

        private func subject(_ kind: String, _ occurrence: Int16 = 1) -> SecuredText {
            .certificate(
                .subject(CertificateNamePart(kind, occurrence: occurrence)), of: .client)
        }

        /// The line of a visitor, of these samples, each in quotes.
        ///
        /// - Parameters:
        ///   - samples: What the line tells.
        ///   - certificate: The visitor's.
        ///   - former: What it told when he came.
        /// - Returns: The line.
        /// - Throws: What making the balancer throws.
        private func line(
            _ samples: [SecuredSample], _ certificate: OddCertificate,
            insteadOf former: [SecuredSample]? = nil
        ) throws -> String {
            let format = LineFormat(
                samples.map { .sample($0, isQuoted: true, isEscaped: true) })
            #expect(format.tellsNames && format.samples == samples)
            let (terminator, options) = try terminator(certificate) { plan in
                var logging = ConnectionLogging(moment: .ending)
                logging.tellsNames = true
                plan.frontends[0].logging = logging
                plan.frontends[0].securedSamples = former ?? samples
            }
            let balancer = terminator.running.balancer
            let visitor = try #require(terminator.visit(options))
            #expect(visitor.receive(exactly: 1) == "a")
            if former != nil {
                var plan = balancer.plan
                plan.frontends[0].securedSamples = samples
                try balancer.adopt(plan, listeners: [[terminator.running.listener]])
            }
            visitor.socket.close()
            var line = ""
            #expect(
                eventually {
                    balancer.records?.take { record, texts in
                        line = ConnectionLine(balancer.plan).text(
                            record, texts, as: format, acceptedAt: CivilTime(microseconds: 0))
                    }
                    return !line.isEmpty
                })
            return line
        }

        /// OpenSSL writes no numbers of more than 586 bytes, and says a length below 0.
        @Test func `a part of a kind that has no name stands there without`() throws {
            let odd = try OddCertificate("/CN=odd.test/O=one/O=two/long=value")
            let whole = "/CN=odd.test/O=one/O=two/=value"
            for (text, expected) in [
                (.certificate(.subject(nil), of: .client), whole),
                (.certificate(.issuer(nil), of: .client), whole), (subject("o"), "one"),
                (subject("o", 2), "two"), (subject("o", -1), "two"), (subject("o", -2), "one"),
            ] as [(SecuredText, String)] {
                let (terminator, options) = try terminator(odd) { plan in
                    let question = Question.securedText(text, [TextPattern(.exact, expected)])
                    plan.frontends[0].rules.pools = [
                        PoolRule(1, if: Condition([[.init([question])]]))
                    ]
                }
                #expect(terminator.visit(options)?.receive(exactly: 1) == "b", "\(text)")
            }
        }

        @Test func `what could end a value, a field or a line does not, whatever stands above it`()
            throws
        {
            let odd = try OddCertificate("/O=a]\u{301}b/OU=c\"d\\\\e\nf\u{7F}g\u{9B}h\u{A1}")
            #expect(
                try line([.text(subject("o")), .text(subject("ou"))], odd)
                    == "\"a\\]\u{301}b\"\"c?d?e?f?g?h\u{A1}\"")
        }

        /// A line has room for 510 bytes, and one more of each text is taken by its length.
        @Test func `a text for which there is no room is not known, and what follows is`() throws {
            func text(_ number: Int, _ count: Int) -> String {
                "\(number)" + String(repeating: "x", count: count - 1)
            }
            let samples = (1...8).map { SecuredSample.text(subject("ou", $0)) }
            let beginning = (1...7).map { "\"\(text($0, 64))\"" }.joined()
            for (count, rest) in [(54, "\"\(text(8, 54))\"\"\""), (55, "\"\"\"1\"")] {
                let parts = (1...7).map { text($0, 64) } + [text(8, count)]
                let odd = try OddCertificate(parts.map { "/OU=\($0)" }.joined())
                let line = try line(samples + [.number(.isSecured)], odd)
                #expect(line == beginning + rest, "\(count)")
            }
        }

        @Test func `who came before a reload is told of by nobody else's samples`() throws {
            let odd = try OddCertificate("/O=secret/OU=other")
            #expect(
                try line([.text(subject("ou"))], odd, insteadOf: [.text(subject("o"))]) == "\"\"")
        }
    }
}
