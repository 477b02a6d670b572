#if Probes
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Two sockets for echo requests, of IPv4 and of IPv6, that many checks share.
///
/// For a process that gives up the right to open such sockets: it makes these before.
public final class ICMPSockets: Sendable {
    /// One socket, and who waits for what it hears.
    ///
    /// Requests go out past NIO, whose channel would end for all by the error of one, and the channel
    /// has a copy of the descriptor, so that another can be made when it ends all the same.
    final class Line: Sendable {
        let isRaw: Bool
        private let isIPv6: Bool
        private let descriptor: CInt
        private let waiting = Mutex<[[UInt8]: @Sendable ([UInt8]) -> Void]>([:])
        private let channel = Mutex<EventLoopFuture<any Channel>?>(nil)

        fileprivate init?(isIPv6: Bool) {
            guard let socket = try? ICMPSocket(isIPv6: isIPv6) else { return nil }
            (descriptor, isRaw, self.isIPv6) = (socket.descriptor, socket.isRaw, isIPv6)
        }

        deinit {
            channel.withLock(\.self)?.whenSuccess { $0.close(promise: nil) }
            close(descriptor)
        }

        /// What is heard through, which is made by the first check, and anew after it has ended.
        func opened(on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
            let (opened, isNew) = channel.withLock { channel in
                if let channel { return (channel, false) }
                let made = listen(on: eventLoop)
                channel = made
                return (made, true)
            }
            guard isNew else { return opened }
            opened.flatMap(\.closeFuture).whenComplete { [weak self] _ in
                self?.channel.withLock { if $0 === opened { $0 = nil } }
            }
            return opened
        }

        private func listen(on eventLoop: any EventLoop) -> EventLoopFuture<any Channel> {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else {
                return eventLoop.makeFailedFuture(IOError(errnoCode: errno, reason: "dup"))
            }
            return DatagramBootstrap(group: eventLoop).channelInitializer { [weak self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LineHandler(self))
                }
            }.withBoundSocket(copy)
        }

        /// Sends a request; one that finds no room counts as lost on the way.
        ///
        /// A full socket says so by `EAGAIN`, and a raw one by `ENOBUFS`.
        ///
        /// - Returns: What the system says against it, by its number; `nil`: nothing. sendto(2).
        func send(_ request: [UInt8], to target: SocketAddress) -> CInt? {
            // A raw socket of IPv6 takes the port for a protocol, and refuses one that isn't its own.
            let count = target.at(port: 0).withSockAddr { address, length in
                sendto(
                    descriptor, request, request.count, CInt(MSG_DONTWAIT), address,
                    socklen_t(length))
            }
            let code = errno
            return count >= 0 || code == EAGAIN || code == ENOBUFS ? nil : code
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
}

private final class LineHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    private weak let line: ICMPSockets.Line?

    init(_ line: ICMPSockets.Line?) { self.line = line }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        line?.received(Array(unwrapInboundIn(data).data.readableBytesView))
    }

    // An error of one datagram says nothing about the others.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
#endif
