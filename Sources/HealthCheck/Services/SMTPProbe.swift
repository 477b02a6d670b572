#if Probes
public import NIOCore

/// Passes when a mail server greets and answers HELO or EHLO with a status 2xx.
public struct SMTPProbe: ConnectingProbe {
    /// How the client says its name.
    public enum Greeting: String, Hashable, Sendable, Codable {
        /// `HELO`, haproxy's default.
        case helo = "HELO"
        /// `EHLO`.
        case ehlo = "EHLO"
    }

    /// How the client says its name.
    public let greeting: Greeting
    /// The name.
    public let domain: String
    /// How it connects; its TLS begins at once, without STARTTLS.
    public var connection = ProbeConnection()

    /// Makes a probe.
    ///
    /// - Parameters:
    ///   - greeting: How the client says its name.
    ///   - domain: The name; what is not printable in it is left out.
    public init(_ greeting: Greeting = .helo, domain: String = "localhost") {
        self.greeting = greeting
        self.domain = String(domain.unicodeScalars.filter { (0x21...0x7E).contains($0.value) })
    }

    /// Connects, greets and says goodbye.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long connection and answers may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. RFC 5321 §4.1.1.1.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        DialogueHandler.run(
            { SMTPDialogue(hello: "\(greeting.rawValue) \(domain)\r\n") },
            over: ConnectionPlan(address: target, connection: connection), timeout: timeout,
            on: eventLoop)
    }
}

private struct SMTPDialogue: Dialogue {
    private let hello: String
    private var isGreeted = false

    init(hello: String) { self.hello = hello }

    var waitingFor: String { isGreeted ? "answer to HELO" : "greeting" }

    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
        switch event {
        case .opened, .sent, .computed: return .read
        case .ended(let end):
            return .finish(.badAnswer(reason: end.words(insteadOf: waitingFor)))
        case .received: break
        }
        while let line = input.readLine() {
            guard line.utf8.count >= 3, let status = Int(line.prefix(3)) else {
                return .finish(.badAnswer(reason: "not an answer of SMTP: \(line.quoted)"))
            }
            var facts = ProbeFacts(detail: line)
            facts.statusCode = status
            guard (200...299).contains(status) else {
                return .finish(.wrongAnswer(facts), farewell: Array("QUIT\r\n".utf8))
            }
            // A hyphen says that more lines belong to the answer, RFC 5321 §4.2.1.
            guard line.utf8.dropFirst(3).first != 0x2D else { continue }
            guard isGreeted else {
                isGreeted = true
                return .send(Array(hello.utf8))
            }
            return .finish(.answered(facts), farewell: Array("QUIT\r\n".utf8))
        }
        return .read
    }
}
#endif
