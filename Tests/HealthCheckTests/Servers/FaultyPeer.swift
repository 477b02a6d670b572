#if Program
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A server on loopback that does something wrong, or one thing right.
final class FaultyPeer: Sendable {
    enum Behaviour: Sendable {
        case silent
        case closesAtOnce
        /// Says that, and stays.
        case says([UInt8])
        /// Says that, and closes.
        case saysAndCloses([UInt8])
        /// Sends as many bytes of `x`, and stays.
        case floods(Int)
        /// Greets, answers each of what it receives in turn, and stays.
        case answers([[UInt8]], greeting: [UInt8] = [])
    }

    let port: Int
    private let channel: any Channel
    private let ears = Ears()

    /// All that was received, over all connections.
    var text: String { String(decoding: ears.bytes, as: UTF8.self) }
    var openConnections: Int { ears.connections.withLock { $0 } }
    /// How many connections its peers reset.
    var resetCount: Int { ears.resets.withLock { $0 } }

    /// Listens on loopback, or on a Unix socket.
    init(
        _ behaviour: Behaviour, on host: String = "127.0.0.1", path: String? = nil
    ) async throws {
        let ears = self.ears
        // Made once: it is all that some tests of many connections would do.
        let flood =
            if case .floods(let count) = behaviour {
                ByteBuffer(repeating: UInt8(ascii: "x"), count: count)
            } else { ByteBuffer() }
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(behaviour, flood, ears: ears))
                }
            }
        channel =
            if let path {
                try await bootstrap.bind(unixDomainSocketPath: path).get()
            } else {
                try await bootstrap.bind(host: host, port: 0).get()
            }
        port = channel.localAddress?.port ?? 0
    }

    /// Waits until its peers have ended all their connections.
    func idle() async throws {
        for _ in 0..<400 where openConnections > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    func stop() { channel.close(promise: nil) }

    deinit { channel.close(promise: nil) }

    final class Ears: Sendable {
        private let kept = Mutex<[UInt8]>([])
        let connections = Mutex(0)
        let resets = Mutex(0)
        var bytes: [UInt8] { kept.withLock { $0 } }
        @Sendable func hear(_ bytes: [UInt8]) { kept.withLock { $0 += bytes } }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let behaviour: Behaviour
        private let flood: ByteBuffer
        private let ears: Ears
        private var turn = 0

        init(_ behaviour: Behaviour, _ flood: ByteBuffer, ears: Ears) {
            self.behaviour = behaviour
            self.flood = flood
            self.ears = ears
        }

        func channelInactive(context: ChannelHandlerContext) {
            ears.connections.withLock { $0 -= 1 }
        }

        func channelActive(context: ChannelHandlerContext) {
            ears.connections.withLock { $0 += 1 }
            switch behaviour {
            case .silent: break
            case .answers(_, let greeting): if !greeting.isEmpty { say(greeting, context) }
            case .closesAtOnce: context.close(promise: nil)
            case .says(let bytes): say(bytes, context)
            case .saysAndCloses(let bytes):
                say(bytes, context)
                context.close(promise: nil)
            case .floods: context.writeAndFlush(wrapOutboundOut(flood), promise: nil)
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            ears.hear(Array(unwrapInboundIn(data).readableBytesView))
            if case .answers(let answers, _) = behaviour, turn < answers.count {
                say(answers[turn], context)
                turn += 1
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            if (error as? IOError)?.errnoCode == ECONNRESET { ears.resets.withLock { $0 += 1 } }
            context.close(promise: nil)
        }

        private func say(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
        }
    }
}
#endif
