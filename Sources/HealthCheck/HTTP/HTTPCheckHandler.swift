#if Program
import NIOCore
import NIOHTTP1

/// Sends one request, keeps the answer up to the limit, compares it.
final class HTTPCheckHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let probe: HTTPProbe
    private let head: HTTPRequestHead
    private let session: ProbeSession
    private let needsBody: Bool
    private var answer: HTTPAnswer?
    private var isCompared = false
    private var certificateDaysLeft: Int?

    init(_ probe: HTTPProbe, head: HTTPRequestHead, session: ProbeSession) {
        self.probe = probe
        self.head = head
        self.session = session
        needsBody = probe.expectations.contains(where: \.needsBody)
    }

    func channelActive(context: ChannelHandlerContext) {
        session.waitingFor = { [weak self] in
            self?.isCompared == true
                ? "end of the search by regular expressions"
                : self?.answer == nil ? "HTTP answer" : "end of the HTTP body"
        }
        certificateDaysLeft =
            probe.connection.tls == nil ? nil : TLSFailure.daysLeft(context.pipeline)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !probe.request.body.isEmpty {
            let body = context.channel.allocator.buffer(bytes: probe.request.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isCompared else { return }
        switch unwrapInboundIn(data) {
        // 1xx announces another answer, RFC 9110 §15.2.
        case .head(let head) where (100...199).contains(head.status.code): break
        case .head(let head):
            answer = HTTPAnswer(
                status: Int(head.status.code), reason: head.status.reasonPhrase,
                headers: head.headers.map { ($0.name, $0.value) })
            if !needsBody || probe.bodyLimit <= 0 { compare(context) }
        case .body(let part):
            let space = probe.bodyLimit - (answer?.body.count ?? 0)
            answer?.body += part.readableBytesView.prefix(space)
            if part.readableBytes >= space { compare(context) }
        case .end: if answer != nil { compare(context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !isCompared else { return }
        session.finish(
            .badAnswer(reason: "the connection was closed before the answer was complete"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isCompared, !TLSFailure.isUncleanEnd(error) else { return }
        if error is HTTPParserError {
            session.finish(.badAnswer(reason: "not an HTTP answer: \(error)"))
        } else {
            session.fail(error)
        }
    }

    private func compare(_ context: ChannelHandlerContext) {
        guard let answer, !isCompared else { return }
        isCompared = true
        compare(answer, from: 0, on: context.eventLoop)
    }

    /// Goes through the expectations in order; those with an expression on another thread.
    private func compare(_ answer: HTTPAnswer, from index: Int, on eventLoop: any EventLoop) {
        guard index < probe.expectations.count else {
            return finish(answer, failing: nil)
        }
        let expectation = probe.expectations[index]
        switch expectation.search(in: answer) {
        case .found(let isFound):
            guard isFound != expectation.isNegated else {
                return finish(answer, failing: expectation)
            }
            compare(answer, from: index + 1, on: eventLoop)
        case .needsThread(let expression, let bytes):
            let bound = NIOLoopBound(self, eventLoop: eventLoop)
            expression.search(bytes, on: eventLoop).whenSuccess { isFound in
                guard isFound != expectation.isNegated else {
                    return bound.value.finish(answer, failing: expectation)
                }
                bound.value.compare(answer, from: index + 1, on: eventLoop)
            }
        }
    }

    private func finish(_ answer: HTTPAnswer, failing: HTTPExpectation?) {
        session.finish(
            probe.outcome(of: answer, failing: failing, days: certificateDaysLeft))
    }
}
#endif
