#if Probes
public import NIOCore

/// Passes when a server answers a ClientHello of SSL 3.0, be it by an alert.
///
/// haproxy's `ssl-hello-chk`. No handshake is done: ``TLSProbe`` says more.
public struct SSLHelloProbe: ConnectingProbe {
    /// How it connects; without TLS of its own.
    public var connection = ProbeConnection()

    /// Makes the probe.
    public init() {}

    /// Connects, sends a ClientHello and looks at the first byte of the answer.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long connection and answer may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. RFC 6101 §5.2, §5.6.1.2.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let plan = ConnectionPlan(address: target, connection: connection)
        return DialogueHandler.run(
            { SSLHelloDialogue() }, over: plan, timeout: timeout, on: eventLoop)
    }
}

private struct SSLHelloDialogue: Dialogue {
    var waitingFor: String { "answer to the ClientHello" }
    var silence: ProbeOutcome { .handshakeTimedOut }

    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
        switch event {
        case .opened: return .send(Self.hello)
        case .sent, .computed: return .read
        case .ended(let end):
            return .finish(
                .handshakeFailed(reason: end.words(insteadOf: waitingFor)))
        case .received: break
        }
        // The type of a record: 21 is an alert, 22 a handshake.
        switch input.getInteger(at: input.readerIndex, as: UInt8.self) {
        case nil: return .read
        case 21, 22: return .finish(.handshakeDone(ProbeFacts(detail: "SSL answer")))
        case let first?:
            return .finish(
                .handshakeFailed(reason: "the answer begins with \(first), no record of SSL"))
        }
    }

    /// Version 3.0, a random of 32 bytes, no session, the ciphers of its time, no compression.
    private static let hello: [UInt8] = {
        let ciphers: [UInt8] = [
            0x00, 0x35, 0x00, 0x2F, 0x00, 0x0A, 0x00, 0x05, 0x00, 0x04, 0x00, 0x09, 0x00, 0x06,
            0x00, 0x03, 0x00, 0x13, 0x00, 0x12, 0x00, 0x11, 0x00, 0x16,
        ]
        let body: [UInt8] =
            [3, 0] + (0..<32).map { UInt8($0) } + [0, 0, UInt8(ciphers.count)] + ciphers + [1, 0]
        let message: [UInt8] = [1, 0, 0, UInt8(body.count)] + body
        return [22, 3, 0, 0, UInt8(message.count)] + message
    }()
}
#endif
