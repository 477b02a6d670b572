#if Program
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Two sockets for echo requests, of IPv4 and of IPv6, that many checks share.
///
/// For a process that gives up the right to open such sockets: it makes these before.
public final class ICMPSockets: Sendable {
    /// One socket, and who waits for what it hears.
    final class Line: Sendable {
        let isRaw: Bool
        private let isIPv6: Bool
        fileprivate let descriptor: CInt
        fileprivate let waiting = Mutex<[[UInt8]: @Sendable ([UInt8]) -> Void]>([:])
        fileprivate let channel = Mutex<EventLoopFuture<any Channel>?>(nil)

        fileprivate init?(isIPv6: Bool) {
            guard let socket = try? ICMPSocket(isIPv6: isIPv6) else { return nil }
            (descriptor, isRaw, self.isIPv6) = (socket.descriptor, socket.isRaw, isIPv6)
        }

        /// What is sent and heard through, which is made by the first check.
        func opened(on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
            channel.withLock { channel in
                if let channel { return channel }
                let made = DatagramBootstrap(group: eventLoop).channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(LineHandler(self))
                    }
                }.withBoundSocket(descriptor)
                channel = made
                return made
            }
        }

        /// Has whoever asked by a cookie hear the answers.
        func listen(for cookie: [UInt8], _ body: @escaping @Sendable ([UInt8]) -> Void) {
            waiting.withLock { $0[cookie] = body }
        }

        /// Ends that.
        func leave(_ cookie: [UInt8]) { waiting.withLock { $0[cookie] = nil } }

        fileprivate func received(_ datagram: [UInt8]) {
            guard let cookie = ICMPExchange.cookie(in: datagram, isRaw: isRaw, isIPv6: isIPv6)
            else { return }
            waiting.withLock { $0[cookie] }?(datagram)
        }
    }

    /// `nil`: not permitted.
    let ipv4: Line?
    /// `nil`: not permitted, or there is no IPv6.
    let ipv6: Line?

    /// Opens what is permitted.
    public init() {
        ipv4 = Line(isIPv6: false)
        ipv6 = Line(isIPv6: true)
    }

    deinit {
        for line in [ipv4, ipv6] {
            guard let line else { continue }
            if let channel = line.channel.withLock(\.self) {
                channel.whenSuccess { $0.close(promise: nil) }
            } else {
                close(line.descriptor)
            }
        }
    }
}

private final class LineHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    private let line: ICMPSockets.Line

    init(_ line: ICMPSockets.Line) { self.line = line }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        line.received(Array(unwrapInboundIn(data).data.readableBytesView))
    }

    // An error of one datagram says nothing about the others.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
#endif
