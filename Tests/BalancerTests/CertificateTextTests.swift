import BalancerTLS
import LinuxIO
import Testing

@testable import Balancer

extension BalancerTests {
    /// What rules and log lines are told of certificates that are unlike others.
    @Suite struct `Texts of odd certificates` {
        private let odd: OddCertificate
        private let listening: TLSListenerSettings

        init() throws {
            odd = try OddCertificate()
            var settings = try #require(TLSCertificates.shared).listening
            // 18: signed by itself.
            (settings.verification, settings.authorities) = (.optional, odd.pem)
            settings.ignoredCertificateErrors = [18]
            listening = settings
        }

        private var manner: TLSVisitor.Manner {
            TLSVisitor.Manner(certificate: (odd.pem, odd.key))
        }

        /// OpenSSL writes no numbers of more than 586 bytes, and says a length below 0.
        @Test(arguments: [
            (CertificateText.subject(nil), "/CN=odd.test/O=a]\u{301}b/=value"),
            (.issuer(nil), "/CN=odd.test/O=a]\u{301}b/=value"),
            (.subject(CertificateNamePart("o")), "a]\u{301}b"),
            (.subject(CertificateNamePart("cn", occurrence: -1)), "odd.test"),
        ])
        func `a part of a kind that has no name stands there without`(
            text: CertificateText, expected: String
        ) throws {
            let running = try Unwrapping(listening, pools: ["a", "b"]) { plan in
                let question = Question.securedText(
                    .certificate(text, of: .client), [TextPattern(.exact, expected)])
                plan.frontends[0].rules.pools = [PoolRule(1, if: Condition([[.init([question])]]))]
            }
            #expect(running.visit(manner)?.receive(exactly: 1) == "b")
        }

        @Test func `what ends a value of structured data is escaped, whatever stands above it`()
            throws
        {
            let sample = SecuredSample.text(
                .certificate(.subject(CertificateNamePart("o")), of: .client))
            let format = LineFormat([
                .text("[x o="), .sample(sample, isQuoted: true, isEscaped: true), .text("]"),
            ])
            let unwrapping = try Unwrapping(listening, pools: ["a"]) { plan in
                var logging = ConnectionLogging(moment: .ending)
                logging.tellsNames = true
                plan.frontends[0].logging = logging
                plan.frontends[0].securedSamples = format.samples
            }
            let visitor = try #require(unwrapping.visit(manner))
            #expect(visitor.receive(exactly: 1) == "a")
            visitor.socket.close()
            let balancer = unwrapping.running.balancer
            var line = ""
            #expect(
                eventually {
                    balancer.records?.take { record, texts in
                        line = ConnectionLine(balancer.plan).text(
                            record, texts, as: format, acceptedAt: CivilTime(microseconds: 0))
                    }
                    return !line.isEmpty
                })
            #expect(line == "[x o=\"a\\]\u{301}b\"]")
        }
    }
}
