#if Probes
import NIOCore
import NIOPosix

/// One check over one or more connections, one after another, under one time limit.
///
/// SAFETY: all that changes is touched on `eventLoop` only; every entry comes from a handler, a
/// future or a timer of that loop.
final class ProbeSession: @unchecked Sendable {
    enum Phase {
        case connecting, handshaking, talking
    }

    let eventLoop: any EventLoop
    private let promise: EventLoopPromise<ProbeOutcome>
    private let deadline: NIODeadline
    /// When the present connection has to be made, or the answers to be there.
    private var phaseDeadline: NIODeadline
    private var timer: Scheduled<Void>?
    private var answerTimeout: TimeAmount?
    /// The front of the pipeline, before TLS: ends the connection without another exchange.
    private var transport: ChannelHandlerContext?
    private var closing = ProbeConnection.Closing.reset
    private(set) var isFinished = false
    /// Counts connections, so that what the last one still says is not taken for the next one's.
    private(set) var connectionNumber = 0
    private(set) var phase = Phase.connecting
    /// What silence means; asked for when the time limit ends the check.
    var silence: () -> ProbeOutcome = { .answerTimedOut(waitingFor: "answer") }
    /// What the check has other threads do.
    let ticket = WorkTicket()
    private var place = ""

    /// Begins the time limit, which ``connect(_:install:)`` sees to; called on `eventLoop`.
    init(timeout: TimeAmount, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        promise = eventLoop.makePromise()
        deadline = .now() + timeout
        phaseDeadline = deadline
    }

    var outcome: EventLoopFuture<ProbeOutcome> { promise.futureResult }

    /// Makes a connection and hands it to the handlers that `install` adds, after TLS.
    func connect(
        _ plan: ConnectionPlan, install: @escaping @Sendable (any Channel) throws -> Void
    ) {
        guard !isFinished else { return }
        // Before the last one is closed, which says so at once.
        connectionNumber += 1
        endConnection()
        phase = .connecting
        closing = plan.connection.closing
        answerTimeout = plan.connection.answerTimeout
        place = plan.place
        limitPhase(to: plan.connection.timeout)
        ClientBootstrap(group: eventLoop)
            // The timer comes first, which knows the phase.
            .connectTimeout(max(phaseDeadline - .now(), .milliseconds(1)) + .seconds(1))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(TransportHandler(session: self, plan: plan))
                    let tls = plan.connection.tls
                    if let tls { try pipeline.addHandler(tls.makeHandler()) }
                    try pipeline.addHandler(PhaseHandler(session: self, tls: tls))
                    try install(channel)
                }
            }
            .connect(to: plan.address)
            .whenFailure { self.fail(with: TCPProbe.outcome(of: $0)) }
    }

    func beginHandshake() { phase = .handshaking }

    /// The connection can be used.
    func beginTalking() {
        phase = .talking
        if let answerTimeout { limitPhase(to: answerTimeout) }
    }

    private func limitPhase(to time: TimeAmount?) {
        phaseDeadline = min(deadline, time.map { .now() + $0 } ?? deadline)
        restartTimer()
    }

    private func restartTimer() {
        timer?.cancel()
        timer = eventLoop.scheduleTask(deadline: phaseDeadline) { self.timedOut() }
    }

    func attach(_ transport: ChannelHandlerContext) { self.transport = transport }

    func detach(_ transport: ChannelHandlerContext) {
        if self.transport === transport { self.transport = nil }
    }

    /// Ends the check; only the first outcome counts.
    func finish(_ outcome: ProbeOutcome) {
        guard !isFinished else { return }
        isFinished = true
        timer?.cancel()
        timer = nil
        silence = { .answerTimedOut(waitingFor: "answer") }
        ticket.makeVoid()
        endConnection()
        promise.succeed(outcome)
    }

    /// Ends the check because of an error of the connection.
    func fail(_ error: any Error) {
        switch phase {
        case .connecting: fail(with: TCPProbe.outcome(of: error))
        case .handshaking:
            let place = error is IOError ? " during the TLS handshake" : ""
            fail(with: .handshakeFailed(reason: TLSFailure.words(for: error) + place))
        case .talking: finish(.badAnswer(reason: TLSFailure.words(for: error)))
        }
    }

    /// Ends the check because the connection could not be made, and says where that was.
    func fail(with outcome: ProbeOutcome) {
        var outcome = outcome
        let words = [outcome.detail, place].filter { !$0.isEmpty }
        outcome.facts.detail = words.joined(separator: " ")
        finish(outcome)
    }

    private func timedOut() {
        switch phase {
        case .connecting: fail(with: .timedOut)
        case .handshaking: fail(with: .handshakeTimedOut)
        case .talking: finish(silence())
        }
    }

    private func endConnection() {
        guard let transport else { return }
        self.transport = nil
        if closing == .reset { TCPProbe.resetOnClose(transport.channel) }
        transport.close(mode: .all, promise: nil)
    }

    /// Lets what was just written arrive: a reset would overtake it.
    func closeCleanly() { closing = .clean }
}

/// Stands in front of everything: sends the PROXY header before TLS begins.
private final class TransportHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let session: ProbeSession
    private let plan: ConnectionPlan

    init(session: ProbeSession, plan: ConnectionPlan) {
        self.session = session
        self.plan = plan
    }

    func handlerAdded(context: ChannelHandlerContext) { session.attach(context) }

    func handlerRemoved(context: ChannelHandlerContext) { session.detach(context) }

    func channelActive(context: ChannelHandlerContext) {
        if let header = plan.connection.proxyHeader {
            let bytes = header.bytes(from: context.channel.localAddress, to: plan.address)
            let buffer = context.channel.allocator.buffer(bytes: bytes)
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        }
        context.fireChannelActive()
    }
}

/// Holds `channelActive` back until the TLS handshake is over, so that who comes after it need
/// not know whether there is one.
private final class PhaseHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let session: ProbeSession
    private let tls: ProbeTLS?
    private let connectionNumber: Int

    init(session: ProbeSession, tls: ProbeTLS?) {
        self.session = session
        self.tls = tls
        connectionNumber = session.connectionNumber
    }

    private var isCurrent: Bool {
        !session.isFinished && connectionNumber == session.connectionNumber
    }

    func channelActive(context: ChannelHandlerContext) {
        guard isCurrent else { return }
        guard tls == nil else { return session.beginHandshake() }
        session.beginTalking()
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard isCurrent else { return }
        if TLSFailure.isHandshakeCompleted(event), session.phase == .handshaking {
            session.beginTalking()
            guard !expiresTooSoon(context) else { return }
            context.fireChannelActive()
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func expiresTooSoon(_ context: ChannelHandlerContext) -> Bool {
        guard let wanted = tls?.minimumDaysLeft, let days = TLSFailure.daysLeft(context.pipeline),
            days < wanted
        else { return false }
        session.fail(
            with: .handshakeFailed(
                reason: "the certificate expires in \(days) days, and \(wanted) are asked for"))
        return true
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isCurrent { context.fireChannelRead(data) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard isCurrent else { return }
        switch session.phase {
        case .connecting: session.fail(with: .refused)
        case .handshaking:
            session.fail(with: .handshakeFailed(reason: TLSFailure.closedInHandshake))
        case .talking: context.fireChannelInactive()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard isCurrent else { return }
        if session.phase == .handshaking, let reason = TLSFailure.certificateProblem(context) {
            session.fail(with: .handshakeFailed(reason: reason))
        } else if session.phase == .talking {
            context.fireErrorCaught(error)
        } else {
            session.fail(error)
        }
    }
}
#endif
