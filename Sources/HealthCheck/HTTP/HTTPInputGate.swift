#if Probes
import NIOCore

/// Stands before the decoder, and lets no more pass than an answer may have: announcements of
/// another answer (RFC 9110 §15.2) and the frame of chunks have no end by themselves.
final class HTTPInputGate: ChannelInboundHandler {
    /// Comes behind the last bytes that pass.
    struct Full: Sendable {}

    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    private var space: Int

    /// - Parameter limit: How many bytes pass.
    init(limit: Int) { space = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        guard space > 0, let part = chunk.readSlice(length: min(space, chunk.readableBytes)) else {
            return
        }
        space -= part.readableBytes
        context.fireChannelRead(wrapInboundOut(part))
        if space == 0 { context.fireUserInboundEventTriggered(Full()) }
    }
}
#endif
