#if Probes
public import NIOCore

/// Passes when a TLS handshake ends well; says in how many days the certificate expires.
public struct TLSProbe: ConnectingProbe {
    /// How it connects.
    public var connection = ProbeConnection()

    /// Makes a probe.
    ///
    /// - Parameter tls: How the handshake is done.
    public init(_ tls: ProbeTLS) { connection.tls = tls }

    /// Connects and does the handshake.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long connection and handshake may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome, ``ProbeOutcome/handshakeDone(_:)`` where it passed; never a failed
    ///   future. RFC 8446.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let session = ProbeSession(timeout: timeout, on: eventLoop)
        let plan = ConnectionPlan(address: target, connection: connection)
        session.connect(plan) { channel in
            try channel.pipeline.syncOperations.addHandler(HandshakeObserver(session: session))
        }
        return session.outcome
    }
}

private final class HandshakeObserver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let session: ProbeSession

    init(session: ProbeSession) { self.session = session }

    func channelActive(context: ChannelHandlerContext) {
        var facts = ProbeFacts()
        facts.certificateDaysLeft = TLSFailure.daysLeft(context.pipeline)
        facts.detail = facts.certificateDaysLeft.map { "certificate expires in \($0) days" } ?? ""
        session.finish(.handshakeDone(facts))
    }
}
#endif
