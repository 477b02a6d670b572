#if Probes
import Glibc
import NIOCore
import NIOPosix

/// A socket of datagrams to one target, as a channel whose reads and writes are one datagram each.
///
/// Carried as a pipe, not as NIO's own kind of channel for datagrams: that one ends the process when a
/// router answers with anything but "port unreachable" (its `readEOF0` finds neither data nor an end).
enum DatagramSocket {
    struct Failure: Error {
        let code: CInt
        /// Whether the host refuses to open such a socket, whoever the target is.
        let isAboutOpening: Bool
    }

    /// Opens a socket and connects it.
    ///
    /// - Parameters:
    ///   - target: The only one that is heard.
    ///   - kind: The type, such as SOCK_DGRAM.
    ///   - number: The protocol; 0 is UDP.
    /// - Returns: The descriptor.
    /// - Throws: `Failure`, by the system's number. socket(2), connect(2).
    static func open(
        to target: SocketAddress, kind: CInt = CInt(SOCK_DGRAM.rawValue), protocol number: CInt = 0
    ) throws(Failure) -> CInt {
        let isIPv6 = target.protocol == .inet6
        let opened = try open(isIPv6: isIPv6, kind: kind, protocol: number)
        // So that a router which says that there is no way is heard: ip(7), ipv6(7).
        var yes: CInt = 1
        setsockopt(
            opened, CInt(isIPv6 ? IPPROTO_IPV6 : IPPROTO_IP), isIPv6 ? IPV6_RECVERR : IP_RECVERR,
            &yes, socklen_t(MemoryLayout<CInt>.size))
        let result = target.withSockAddr { address, length in
            Glibc.connect(opened, address, socklen_t(length))
        }
        guard result == 0 else {
            let code = errno
            close(opened)
            throw Failure(code: code, isAboutOpening: false)
        }
        return opened
    }

    /// Opens a socket that hears everybody.
    ///
    /// - Throws: `Failure`, by the system's number. socket(2).
    static func open(
        isIPv6: Bool, kind: CInt, protocol number: CInt
    ) throws(Failure) -> CInt {
        let flags = CInt(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let opened = socket(isIPv6 ? AF_INET6 : AF_INET, kind | flags, number)
        guard opened >= 0 else { throw Failure(code: errno, isAboutOpening: true) }
        return opened
    }

    /// Makes a channel of a socket; called on `eventLoop`.
    ///
    /// An empty datagram ends the channel, and so does an error.
    ///
    /// - Parameters:
    ///   - socket: An open socket, which is taken over.
    ///   - eventLoop: Where it is read.
    ///   - handler: What reads and writes; made for the channel.
    /// - Returns: The channel.
    static func channel(
        over socket: CInt, on eventLoop: any EventLoop,
        handler: @escaping @Sendable () -> any ChannelHandler
    ) -> EventLoopFuture<any Channel> {
        let second = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard second >= 0 else {
            let code = errno
            close(socket)
            return eventLoop.makeFailedFuture(IOError(errnoCode: code, reason: "dup"))
        }
        let opened = NIOPipeBootstrap(group: eventLoop)
            // A datagram that is longer than what it is read into would be cut.
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65_535)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(handler())
                }
            }
            .takingOwnershipOfDescriptors(input: socket, output: second)
        opened.whenFailure { _ in
            close(socket)
            close(second)
        }
        return opened
    }
}
#endif
