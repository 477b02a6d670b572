#if Probes
import NIOCore
import NIOPosix

/// What came of one question.
enum DNSReply: Sendable {
    /// An answer that is no error, and who gave it.
    case answer(DNSAnswer, from: String)
    /// There is no such name.
    case noSuchName
    /// Name servers refuse to answer.
    case refused
    /// Name servers say that something went wrong.
    case failed
    /// Nobody answered.
    case timedOut

    /// The greater, the more it says.
    fileprivate var rank: Int {
        switch self {
        case .answer: 4
        case .noSuchName: 3
        case .refused: 2
        case .failed: 1
        case .timedOut: 0
        }
    }
}

/// One question to all name servers of a section, by datagrams, and by TCP where an answer is too long
/// for one.
///
/// Each has a socket of its own, whose port the kernel chooses by chance and which hears that name
/// server alone; the number is random, and an answer has to repeat the question.
///
/// SAFETY: all that changes is touched on `eventLoop` only.
final class DNSTransaction: @unchecked Sendable {
    private let question: DNSQuestion
    private let settings: ResolverSettings
    private let eventLoop: any EventLoop
    private let identifier = UInt16.random(in: 0 ... .max)
    private let promise: EventLoopPromise<DNSReply>
    private var channels: [Int: any Channel] = [:]
    /// The name servers that need not be waited for.
    private var settled: Set<Int> = []
    /// Those that are being asked by TCP.
    private var streaming: Set<Int> = []
    private var best = DNSReply.timedOut
    private var attemptCount = 0
    private var timer: Scheduled<Void>?
    private var isFinished = false

    private init(_ question: DNSQuestion, _ settings: ResolverSettings, _ loop: any EventLoop) {
        self.question = question
        self.settings = settings
        eventLoop = loop
        promise = loop.makePromise()
    }

    /// Asks; called on `eventLoop`.
    static func ask(
        _ question: DNSQuestion, _ settings: ResolverSettings, on eventLoop: any EventLoop
    ) -> EventLoopFuture<DNSReply> {
        let transaction = DNSTransaction(question, settings, eventLoop)
        transaction.open()
        return transaction.promise.futureResult
    }

    private func open() {
        for (index, server) in settings.servers.enumerated() {
            guard !server.usesTCP else {
                askByTCP(index)
                continue
            }
            openDatagrams(to: index)
        }
        nextAttempt()
    }

    private func openDatagrams(to index: Int) {
        do {
            let socket = try DatagramSocket.open(to: settings.servers[index].address)
            DatagramSocket.channel(over: socket, on: eventLoop) {
                AnswerHandler(transaction: self, server: index)
            }
            .whenComplete { self.opened(index, $0) }
        } catch {
            // One that cannot be asked now is as one that is silent.
        }
    }

    private func opened(_ index: Int, _ result: Result<any Channel, any Error>) {
        guard case .success(let channel) = result else { return }
        guard !isFinished else { return channel.close(promise: nil) }
        channels[index] = channel
        send(to: index)
    }

    private func nextAttempt() {
        guard !isFinished else { return }
        guard attemptCount < settings.attempts else { return finish(best) }
        attemptCount += 1
        // The first time, each is asked once its socket is open.
        if attemptCount > 1 {
            for index in settings.servers.indices where !settled.contains(index) {
                send(to: index)
            }
        }
        timer = eventLoop.scheduleTask(in: TimeAmount(settings.retryInterval)) {
            self.nextAttempt()
        }
    }

    private func send(to index: Int) {
        guard !streaming.contains(index) else { return }
        guard let channel = channels[index] else { return openDatagrams(to: index) }
        let bytes = question.query(
            identifier, payloadSize: settings.payloadSize > 512 ? settings.payloadSize : nil)
        // One that nobody takes is as one that is lost.
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
    }

    /// Takes note that a socket is of no use any more; the next attempt opens another.
    fileprivate func lost(_ index: Int) { channels[index] = nil }

    fileprivate func received(_ message: [UInt8], from index: Int, byTCP: Bool = false) {
        guard !isFinished, !settled.contains(index), byTCP || !streaming.contains(index),
            let answer = DNSAnswer(message, to: question, identifier)
        else { return }
        guard byTCP || !answer.isTruncated else { return askByTCP(index) }
        switch answer.status {
        case 0:
            let server = settings.servers[index].name
            finish(.answer(answer, from: "\(settings.name)/\(server)"))
        case 3: settle(index, .noSuchName)
        case 5: settle(index, .refused)
        default: settle(index, .failed)
        }
    }

    /// Takes note of a name server that says no; the others may know better.
    private func settle(_ index: Int, _ reply: DNSReply) {
        guard !isFinished else { return }
        settled.insert(index)
        if reply.rank > best.rank { best = reply }
        if settled.count == settings.servers.count { finish(best) }
    }

    private func askByTCP(_ index: Int) {
        streaming.insert(index)
        let query = question.query(identifier)
        let limit = TimeAmount(settings.retryInterval)
        StreamedQuestion.ask(
            query, at: settings.servers[index].address, within: limit, on: eventLoop
        )
        .whenComplete { result in
            guard case .success(let message) = result,
                DNSAnswer(message, to: self.question, self.identifier) != nil
            else { return self.settle(index, .failed) }
            self.received(message, from: index, byTCP: true)
        }
    }

    private func finish(_ reply: DNSReply) {
        guard !isFinished else { return }
        isFinished = true
        timer?.cancel()
        for channel in channels.values { channel.close(promise: nil) }
        channels = [:]
        promise.succeed(reply)
    }
}

private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let transaction: DNSTransaction
    private let server: Int

    init(transaction: DNSTransaction, server: Int) {
        self.transaction = transaction
        self.server = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        transaction.received(Array(unwrapInboundIn(data).readableBytesView), from: server)
    }

    func channelInactive(context: ChannelHandlerContext) { transaction.lost(server) }

    /// That nobody listens may be different at the next attempt.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// One question over a connection of its own, each message after its length.
///
/// RFC 7766 §8.
private final class StreamedQuestion: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let query: [UInt8]
    private let promise: EventLoopPromise<[UInt8]>
    private var input = ByteBuffer()

    private init(_ query: [UInt8], _ promise: EventLoopPromise<[UInt8]>) {
        self.query = query
        self.promise = promise
    }

    static func ask(
        _ query: [UInt8], at server: SocketAddress, within limit: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<[UInt8]> {
        let promise = eventLoop.makePromise(of: [UInt8].self)
        let timer = eventLoop.scheduleTask(in: limit) {
            promise.fail(ChannelError.connectTimeout(limit))
        }
        ClientBootstrap(group: eventLoop)
            .connectTimeout(limit)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        StreamedQuestion(query, promise))
                }
            }
            .connect(to: server)
            .whenComplete { result in
                switch result {
                case .failure(let error): promise.fail(error)
                case .success(let channel):
                    promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
                }
            }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        return promise.futureResult
    }

    func channelActive(context: ChannelHandlerContext) {
        var buffer = context.channel.allocator.buffer(capacity: query.count + 2)
        buffer.writeInteger(UInt16(query.count))
        buffer.writeBytes(query)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        input.writeBuffer(&chunk)
        guard let length: UInt16 = input.getInteger(at: input.readerIndex),
            input.readableBytes >= Int(length) + 2
        else { return }
        promise.succeed(input.getBytes(at: input.readerIndex + 2, length: Int(length)) ?? [])
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ChannelError.inputClosed)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }
}
#endif
