#if Probes
import NIOCore

/// Carries a ``Dialogue`` out on a connection of a ``ProbeSession``.
final class DialogueHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long an answer may be, haproxy's `tune.bufsize`.
    static let inputLimit = 16_384

    private let session: ProbeSession
    private var dialogue: any Dialogue
    private var input = ByteBuffer()
    /// What was received since the last send, consumed or not: a server that never comes to the end
    /// of its answer is not read for as long as a check may last.
    private var answerLength = 0
    /// What another thread works out for the dialogue.
    private var computing: String?
    private var end: DialogueEnd?
    private var hasMoreInput = false
    /// The dialogue has said how this connection ends; what still comes changes nothing.
    private var isEnding = false
    /// What was sent after the last input.
    private var lastWrite: EventLoopFuture<Void>?

    init(session: ProbeSession, dialogue: any Dialogue) {
        self.session = session
        self.dialogue = dialogue
    }

    /// Starts a check that consists of one dialogue.
    static func run(
        _ makeDialogue: @escaping @Sendable () -> any Dialogue, over plan: ConnectionPlan,
        timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let session = ProbeSession(timeout: timeout, on: eventLoop)
        session.connect(plan) { channel in
            try channel.pipeline.syncOperations.addHandler(
                DialogueHandler(session: session, dialogue: makeDialogue()))
        }
        return session.outcome
    }

    func channelActive(context: ChannelHandlerContext) {
        session.silence = { [weak self] in
            guard let self else { return .answerTimedOut(waitingFor: "answer") }
            return self.computing.map(ProbeOutcome.hostWasBusy) ?? self.dialogue.silence
        }
        advance(.opened, context: context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        while chunk.readableBytes > 0, !session.isFinished, end == nil {
            let space = Self.inputLimit - max(answerLength, input.readableBytes)
            if var part = chunk.readSlice(length: min(space, chunk.readableBytes)) {
                answerLength += input.writeBuffer(&part)
            }
            lastWrite = nil
            deliver(.received, context: context)
            if max(answerLength, input.readableBytes) == Self.inputLimit {
                finishInput(.full, context: context)
            }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finishInput(.closed(reason: "the connection was closed"), context: context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !TLSFailure.isUncleanEnd(error) else { return }
        finishInput(.closed(reason: TLSFailure.words(for: error)), context: context)
    }

    private func finishInput(_ end: DialogueEnd, context: ChannelHandlerContext) {
        guard self.end == nil, !session.isFinished else { return }
        self.end = end
        deliver(.ended(end), context: context)
    }

    /// While another thread works for the dialogue, what happens is only taken down.
    private func deliver(_ event: DialogueEvent, context: ChannelHandlerContext) {
        guard !isEnding else { return }
        guard computing != nil else { return advance(event, context: context) }
        hasMoreInput = true
    }

    private func advance(_ event: DialogueEvent, context: ChannelHandlerContext) {
        var event = event
        while !session.isFinished {
            switch dialogue.next(event, &input) {
            case .read:
                input.discardReadBytes()
                return
            case .send(let bytes):
                write(bytes, context: context)
                event = .sent
            case .compute(let work):
                let computation = ComputeThreads.derive(
                    work, unless: session.ticket, on: context.eventLoop)
                return resume(after: computation, of: "proof of the password", context: context)
            case .search(let work):
                let found = ComputeThreads.search(
                    work, unless: session.ticket, on: context.eventLoop)
                return resume(
                    after: found.map { .found($0) }, of: Search.words, context: context)
            case .connect(let plan): return afterLastWrite { $0.reconnect(plan) }
            case .finish(let outcome, let farewell):
                if !farewell.isEmpty { write(farewell, context: context) }
                return afterLastWrite { $0.session.finish(outcome) }
            }
        }
    }

    private func write(_ bytes: [UInt8], context: ChannelHandlerContext) {
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        let isWritten = context.writeAndFlush(wrapOutboundOut(buffer))
        lastWrite = isWritten
        answerLength = 0
    }

    /// Where the last thing said is ours, it has to arrive before the connection ends: neither a
    /// close nor a reset may overtake it.
    private func afterLastWrite(_ act: @escaping @Sendable (DialogueHandler) -> Void) {
        isEnding = true
        guard let lastWrite else { return act(self) }
        session.closeCleanly()
        let bound = NIOLoopBound(self, eventLoop: session.eventLoop)
        lastWrite.whenComplete { _ in act(bound.value) }
    }

    private func reconnect(_ plan: ConnectionPlan) {
        let dialogue = NIOLoopBound(self.dialogue, eventLoop: session.eventLoop)
        session.connect(plan) { [session] channel in
            try channel.pipeline.syncOperations.addHandler(
                DialogueHandler(session: session, dialogue: dialogue.value))
        }
    }

    private func resume(
        after computation: EventLoopFuture<Computation>, of what: String,
        context: ChannelHandlerContext
    ) {
        computing = what
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        computation.whenComplete { result in
            let (handler, context) = bound.value
            handler.resume(with: result, context: context)
        }
    }

    private func resume(
        with result: Result<Computation, any Error>, context: ChannelHandlerContext
    ) {
        computing = nil
        switch result {
        case .success(let value): advance(.computed(value), context: context)
        case .failure(let error): session.finish(.notRun(reason: "\(error)"))
        }
        guard hasMoreInput, computing == nil, !isEnding, !session.isFinished else { return }
        hasMoreInput = false
        advance(end.map { .ended($0) } ?? .received, context: context)
    }
}
#endif
