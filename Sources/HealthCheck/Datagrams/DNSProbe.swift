#if Probes
public import NIOCore

/// Passes when a DNS server answers a question over UDP.
///
/// The default is keepalived's: the start of authority of the root.
public struct DNSProbe: HealthProbe {
    /// The statuses that pass, 0 to 15: 0 is NOERROR, 3 NXDOMAIN (RFC 1035 §4.1.1).
    public var acceptedStatuses: Set<UInt8> = [0]
    /// How many records the answer needs at least.
    public var minimumAnswers = 0
    let question: DNSQuestion

    /// Makes a probe.
    ///
    /// - Parameters:
    ///   - name: The name that is asked for; `.` is the root.
    ///   - type: The type that is asked for.
    /// - Throws: ``ProbeSettingsError/notADomainName(_:)``. RFC 1035 §2.3.4.
    public init(name: String = ".", type: DNSRecordType = .soa) throws(ProbeSettingsError) {
        question = DNSQuestion(try DomainName(name), type: type)
    }

    /// Asks, and waits for the answer.
    ///
    /// - Parameters:
    ///   - target: Where to ask.
    ///   - timeout: How long the answer may take; the question is sent up to three times.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. RFC 1035 §4.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let exchange = DNSExchange(
            identifier: .random(in: 0 ... .max), question: question,
            acceptedStatuses: acceptedStatuses, minimumAnswers: minimumAnswers)
        return DatagramSession.run(exchange, to: target, timeout: timeout, on: eventLoop)
    }
}

struct DNSExchange: DatagramExchange {
    let identifier: UInt16
    let question: DNSQuestion
    let acceptedStatuses: Set<UInt8>
    let minimumAnswers: Int

    var request: [UInt8] { question.query(identifier) }
    var silence: ProbeOutcome { .answerTimedOut(waitingFor: "answer of DNS") }

    func judge(_ datagram: [UInt8]) -> ProbeOutcome? {
        guard datagram.count >= 12 else {
            return .badAnswer(reason: "not an answer of DNS: \(datagram.count) bytes")
        }
        // An answer to an earlier check, or a forged one.
        guard UInt16(datagram[0]) << 8 | UInt16(datagram[1]) == identifier else { return nil }
        guard datagram[2] & 0xF8 == 0x80 else {
            return .badAnswer(reason: "not an answer of DNS: flags \(datagram[2])")
        }
        let status = datagram[3] & 0x0F
        let answers = Int(datagram[6]) << 8 | Int(datagram[7])
        let name = Self.names[status] ?? "status \(status)"
        var facts = ProbeFacts(detail: "\(name), \(answers) answers")
        facts.statusCode = Int(status)
        guard acceptedStatuses.contains(status), answers >= minimumAnswers else {
            return .wrongAnswer(facts)
        }
        return .answered(facts)
    }

    private static let names: [UInt8: String] = [
        0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
    ]
}
#endif
