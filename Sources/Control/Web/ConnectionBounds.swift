#if Program
import NIOCore

/// Ends connections that take too long or send too much, and counts their bytes.
///
/// From its start, and from each answer that left in full, a connection has `timeLimit` until the
/// next answer has left, and may send `byteLimit` bytes. So neither one that says nothing, nor one
/// that says a byte per second, nor one that does not read its answer holds a place for long.
final class ConnectionBounds: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let timeLimit: TimeAmount
    private let byteLimit: Int
    private let traffic: SiteTraffic
    private var receivedBytes = 0
    private var deadline: Scheduled<Void>?

    init(timeLimit: TimeAmount, byteLimit: Int, traffic: SiteTraffic) {
        self.timeLimit = timeLimit
        self.byteLimit = byteLimit
        self.traffic = traffic
    }

    func handlerAdded(context: ChannelHandlerContext) { restart(context) }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let count = unwrapInboundIn(data).readableBytes
        traffic.received(count)
        receivedBytes += count
        guard receivedBytes <= byteLimit else {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let count = unwrapOutboundIn(data).readableBytes
        let written = promise ?? context.eventLoop.makePromise()
        let bounds = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenSuccess {
            let (handler, context) = bounds.value
            handler.traffic.sent(count)
            handler.receivedBytes = 0
            if context.channel.isActive { handler.restart(context) }
        }
        context.write(data, promise: written)
    }

    private func restart(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: timeLimit) { channel.close(promise: nil) }
    }
}
#endif
