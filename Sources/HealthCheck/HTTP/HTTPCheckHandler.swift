#if Probes
import NIOCore
import NIOHTTP1

/// Sends one request, keeps the answer up to the limit, compares it.
final class HTTPCheckHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let probe: HTTPProbe
    private let head: HTTPRequestHead
    private let session: ProbeSession
    private var answer: HTTPAnswer?
    /// The expectation that the answer is compared with now.
    private var index = 0
    private var isSearching = false
    private var certificateDaysLeft: Int?

    init(_ probe: HTTPProbe, head: HTTPRequestHead, session: ProbeSession) {
        self.probe = probe
        self.head = head
        self.session = session
    }

    func channelActive(context: ChannelHandlerContext) {
        session.silence = { [weak self] in self?.silence ?? .answerTimedOut(waitingFor: "answer") }
        certificateDaysLeft =
            probe.connection.tls == nil ? nil : TLSFailure.daysLeft(context.pipeline)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !probe.request.body.isEmpty {
            let body = context.channel.allocator.buffer(bytes: probe.request.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private var silence: ProbeOutcome {
        guard !isSearching else { return .hostWasBusy(with: Search.words) }
        let missing = answer == nil ? "HTTP answer" : "end of the HTTP body"
        var outcome = ProbeOutcome.answerTimedOut(waitingFor: missing)
        if index < probe.expectations.count {
            outcome.status = probe.expectations[index].words.timeout ?? outcome.status
        }
        return outcome
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        // 1xx announces another answer, RFC 9110 §15.2.
        case .head(let head) where (100...199).contains(head.status.code): return
        case .head(let head):
            answer = HTTPAnswer(
                status: Int(head.status.code), reason: head.status.reasonPhrase,
                headers: head.headers.map { ($0.name, $0.value) })
        case .body(let part):
            let space = probe.bodyLimit - (answer?.body.count ?? 0)
            answer?.body += part.readableBytesView.prefix(space)
            if part.readableBytes >= space { answer?.isComplete = true }
        case .end: answer?.isComplete = true
        }
        if !isSearching { compare(on: context.eventLoop) }
    }

    /// Nothing more is read; what an answer had until then is compared.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is HTTPInputGate.Full else {
            return context.fireUserInboundEventTriggered(event)
        }
        guard answer != nil else {
            return session.finish(
                .badAnswer(reason: "no HTTP answer in \(probe.inputLimit) bytes"))
        }
        answer?.isComplete = true
        if !isSearching { compare(on: context.eventLoop) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard answer?.isComplete != true else { return }
        breakOff("the connection was closed")
    }

    private func breakOff(_ reason: String) {
        session.finish(.badAnswer(reason: "\(reason) before the answer was complete"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard answer?.isComplete != true, !TLSFailure.isUncleanEnd(error) else { return }
        switch error {
        case HTTPParserError.headerOverflow:
            session.finish(
                .badAnswer(reason: "the headers are longer than \(probe.headerLimit) bytes"))
        case HTTPParserError.invalidConstant:
            session.finish(.badAnswer(reason: "not an HTTP answer"))
        case is HTTPParserError:
            session.finish(.badAnswer(reason: "not an HTTP answer: \(error)"))
        default: breakOff(TLSFailure.words(for: error))
        }
    }

    /// Goes through the expectations in order, as far as what is there suffices.
    private func compare(on eventLoop: any EventLoop) {
        while let answer, !session.isFinished, !isSearching {
            guard index < probe.expectations.count else { return conclude(answer) }
            let expectation = probe.expectations[index]
            if let length = expectation.bodyLength {
                guard answer.body.count >= length || answer.isComplete else { return }
                guard !answer.body.isEmpty else { return miss(expectation, answer) }
            }
            switch expectation.search(in: answer) {
            case .found(let isFound):
                guard settle(expectation, isFound, answer) else { return }
            case .needsThread(let work): search(work, for: expectation, in: answer, on: eventLoop)
            }
        }
    }

    private func search(
        _ work: @escaping Search.Work, for expectation: HTTPExpectation, in answer: HTTPAnswer,
        on eventLoop: any EventLoop
    ) {
        isSearching = true
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ComputeThreads.search(work, unless: session.ticket, on: eventLoop).whenSuccess { isFound in
            let handler = bound.value
            handler.isSearching = false
            let isSettled = handler.settle(expectation, isFound, answer)
            // What came meanwhile may have what was not found.
            if isSettled || handler.hasMore(than: answer) { handler.compare(on: eventLoop) }
        }
    }

    private func hasMore(than answer: HTTPAnswer) -> Bool {
        guard let now = self.answer else { return false }
        return now.body.count > answer.body.count || now.isComplete != answer.isComplete
    }

    /// Draws the conclusion of one comparison; whether the next expectation has its turn.
    ///
    /// One that found nothing in a body is final only when nothing can come after it, as in
    /// haproxy.
    private func settle(
        _ expectation: HTTPExpectation, _ isFound: Bool, _ answer: HTTPAnswer
    ) -> Bool {
        let isFinal = answer.isComplete || expectation.minimumLength != nil
        if !isFound, !isFinal, expectation.bodyLength != nil { return false }
        guard isFound != expectation.isNegated else {
            miss(expectation, answer)
            return false
        }
        index += 1
        return true
    }

    private func conclude(_ answer: HTTPAnswer) {
        session.finish(probe.passed(answer, days: certificateDaysLeft))
    }

    private func miss(_ expectation: HTTPExpectation, _ answer: HTTPAnswer) {
        session.finish(probe.missed(expectation, answer, days: certificateDaysLeft))
    }
}
#endif
