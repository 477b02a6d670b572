#if Program
import NIOCore
import NIOPosix
import TestServers

/// A socket of datagrams on loopback.
final class UDPPeer: Sendable {
    enum Behaviour: Sendable {
        case silent, echoes, echoesFromSecond
        case says([UInt8])
        /// Says that so many times at once.
        case floods(count: Int, [UInt8])
    }

    let port: Int
    private let channel: any Channel

    init(_ behaviour: Behaviour, on host: String = "127.0.0.1") async throws {
        channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(behaviour))
                }
            }
            .bind(host: host, port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func stop() { channel.close(promise: nil) }

    /// A port that nothing is bound to.
    static func closedPort() async throws -> Int {
        let peer = try await UDPPeer(.silent)
        try await peer.channel.close().get()
        return peer.port
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>
        private let behaviour: Behaviour
        private var count = 0

        init(_ behaviour: Behaviour) { self.behaviour = behaviour }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            count += 1
            switch behaviour {
            case .silent: return
            case .echoesFromSecond where count == 1: return
            case .echoes, .echoesFromSecond:
                context.writeAndFlush(wrapOutboundOut(envelope), promise: nil)
            case .says(let bytes):
                let answer = AddressedEnvelope(
                    remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: bytes))
                context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
            case .floods(let count, let bytes):
                let answer = AddressedEnvelope(
                    remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: bytes))
                for _ in 0..<count { context.write(wrapOutboundOut(answer), promise: nil) }
                context.flush()
            }
        }
    }
}
#endif
