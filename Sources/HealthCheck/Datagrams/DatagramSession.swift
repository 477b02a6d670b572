#if Probes
import NIOCore

/// What is asked by datagrams, and how an answer is judged.
protocol DatagramExchange: Sendable {
    /// The request; the same each time that it is sent.
    var request: [UInt8] { get }
    /// What silence up to the time limit means.
    var silence: ProbeOutcome { get }

    /// The outcome that a datagram leads to; `nil`: it is not the answer, wait on.
    func judge(_ datagram: [UInt8]) -> ProbeOutcome?
}

/// One check by datagrams: sends up to three times, for a datagram may be lost.
///
/// SAFETY: all that changes is touched on `eventLoop` only.
final class DatagramSession: @unchecked Sendable {
    private let exchange: any DatagramExchange
    private let eventLoop: any EventLoop
    private let timeout: TimeAmount
    private let promise: EventLoopPromise<ProbeOutcome>
    private var timers: [Scheduled<Void>] = []
    private var channel: (any Channel)?
    /// Where the channel is shared: how to send, with what the system says against it, and how the
    /// hearing ends.
    private var shared: (send: () -> CInt?, leave: () -> Void)?
    private var isFinished = false

    private init(
        _ exchange: any DatagramExchange, timeout: TimeAmount, on eventLoop: any EventLoop
    ) {
        self.exchange = exchange
        self.timeout = timeout
        self.eventLoop = eventLoop
        promise = eventLoop.makePromise()
    }

    /// Carries out a check over UDP; called on `eventLoop`.
    ///
    /// - Parameters:
    ///   - exchange: What is asked.
    ///   - target: Whom.
    ///   - timeout: How long the answer may take.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome.
    static func run(
        _ exchange: any DatagramExchange, to target: SocketAddress, timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        do {
            let socket = try DatagramSocket.open(to: target)
            return run(exchange, over: socket, timeout: timeout, on: eventLoop)
        } catch {
            return eventLoop.makeSucceededFuture(TCPProbe.outcome(errno: error.code))
        }
    }

    /// Carries out a check; called on `eventLoop`.
    ///
    /// - Parameters:
    ///   - exchange: What is asked.
    ///   - socket: An open socket that is connected to the target, and taken over.
    ///   - timeout: How long the answer may take.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome.
    static func run(
        _ exchange: any DatagramExchange, over socket: CInt, timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let session = begin(exchange, timeout: timeout, on: eventLoop)
        DatagramSocket.channel(over: socket, on: eventLoop) { DatagramHandler(session) }
            .whenComplete { session.opened($0) }
        return session.promise.futureResult
    }

    /// Carries out a check through a socket that others use too; called on `eventLoop`.
    static func run(
        _ exchange: ICMPExchange, to target: SocketAddress, through line: ICMPSockets.Line,
        timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let session = begin(exchange, timeout: timeout, on: eventLoop)
        line.listen(for: exchange.cookie) { datagram in
            eventLoop.execute { session.received(datagram) }
        }
        session.shared = (
            { line.send(exchange.request, to: target) }, { line.leave(exchange.cookie) }
        )
        line.opened(on: eventLoop).hop(to: eventLoop).whenComplete { session.opened($0) }
        return session.promise.futureResult
    }

    private static func begin(
        _ exchange: any DatagramExchange, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> DatagramSession {
        let session = DatagramSession(exchange, timeout: timeout, on: eventLoop)
        // What means something by its silence has to say so before the time limit does.
        let patience = timeout - .nanoseconds(min(timeout.nanoseconds / 10, 50_000_000))
        session.timers = [
            eventLoop.scheduleTask(in: session.meansSomethingBySilence ? patience : timeout) {
                session.finish(exchange.silence)
            }
        ]
        return session
    }

    private var meansSomethingBySilence: Bool { exchange.silence.verdict == true }

    private func opened(_ result: Result<any Channel, any Error>) {
        switch result {
        case .failure(let error): finish(TCPProbe.outcome(of: error))
        case .success(let channel) where isFinished:
            if shared == nil { channel.close(promise: nil) }
        case .success(let channel):
            self.channel = channel
            send()
            for part in 1...2 {
                let delay = TimeAmount.nanoseconds(timeout.nanoseconds / 3 * Int64(part))
                timers.append(eventLoop.scheduleTask(in: delay) { self.send() })
            }
        }
    }

    private func send() {
        guard let channel, !isFinished else { return }
        if let shared {
            if let code = shared.send() { finish(TCPProbe.outcome(errno: code)) }
        } else {
            let data = channel.allocator.buffer(bytes: exchange.request)
            channel.writeAndFlush(data).whenFailure { self.fail($0) }
        }
    }

    /// Takes a datagram that has no bytes, after which no other one can be read.
    fileprivate func receivedEmpty() {
        guard !isFinished else { return }
        received([])
        finish(.badAnswer(reason: "an empty datagram"))
    }

    fileprivate func received(_ datagram: [UInt8]) {
        if let outcome = exchange.judge(datagram) { finish(outcome) }
    }

    fileprivate func fail(_ error: any Error) { finish(TCPProbe.outcome(of: error)) }

    private func finish(_ outcome: ProbeOutcome) {
        guard !isFinished else { return }
        isFinished = true
        for timer in timers { timer.cancel() }
        if let shared { shared.leave() } else { channel?.close(promise: nil) }
        promise.succeed(outcome)
    }
}

private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let session: DatagramSession

    init(_ session: DatagramSession) { self.session = session }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        session.received(Array(unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { session.receivedEmpty() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { session.fail(error) }
}
#endif
