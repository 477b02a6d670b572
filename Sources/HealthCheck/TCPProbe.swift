#if Probes
import Glibc
public import NIOCore
import NIOPosix

/// Passes when a TCP connection can be made; sends nothing, or the PROXY header alone.
///
/// ``TLSProbe`` is for a server with TLS.
public struct TCPProbe: ConnectingProbe {
    /// How it connects; TLS and `answerTimeout` play no part.
    ///
    /// With a PROXY header the connection is ended cleanly, for a reset would overtake it.
    public var connection = ProbeConnection()

    /// Makes the probe.
    ///
    /// - Parameter closing: How the connection of a check that passed is ended.
    public init(closing: ProbeConnection.Closing = .reset) { connection.closing = closing }

    /// Connects to the target, and ends the connection.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long that may take.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. connect(2).
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        let timeout = min(timeout, connection.timeout ?? timeout)
        if let header = connection.proxyHeader {
            return introduce(by: header, to: target, within: timeout, on: eventLoop)
        }
        switch BareConnection.begin(to: target, closing: connection.closing) {
        case .failure(let error):
            return eventLoop.makeSucceededFuture(Self.outcome(of: error))
        case .success(let bare):
            var progress = bare.advance()
            // What the other end's answer was, if it came at once.
            if progress == .pending { progress = bare.advance() }
            guard progress == .pending else {
                return eventLoop.makeSucceededFuture(bare.end(progress))
            }
            return ConnectionWaiter.wait(for: bare, within: timeout, on: eventLoop)
        }
    }

    private func introduce(
        by header: ProxyHeader, to target: SocketAddress, within timeout: TimeAmount,
        on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            // A server that speaks first would have its greeting read before the close.
            .channelOption(.autoRead, value: false)
            .connect(to: target)
            .map { channel in
                let bytes = header.bytes(from: channel.localAddress, to: target)
                // A close at once would overtake it: the loop still has to see that it can write.
                channel.writeAndFlush(channel.allocator.buffer(bytes: bytes))
                    .whenComplete { _ in channel.close(mode: .all, promise: nil) }
                return .passed
            }
            .recover(Self.outcome(of:))
    }

    static func resetOnClose(_ channel: any Channel) {
        guard let options = channel as? any SocketOptionProvider else { return }
        // Unread bytes make the kernel reset by itself, so this may fail without harm.
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenFailure { _ in }
    }

    static func outcome(of error: any Error) -> ProbeOutcome {
        switch error {
        case ChannelError.connectTimeout: .timedOut
        case let error as IOError: outcome(errno: error.errnoCode)
        default: .notRun(reason: "\(error)")
        }
    }

    /// Sorts by whose fault it is: the target's, the network's or this host's.
    ///
    /// EACCES may be this host's rule or a router's word (ICMPv6), and keeps clients away as well.
    /// connect(2), socket(2), RFC 4443 §3.1.
    static func outcome(errno code: CInt) -> ProbeOutcome {
        switch code {
        case ECONNREFUSED: .refused
        case ETIMEDOUT: .timedOut
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EPERM, EAFNOSUPPORT:
            .notRun(reason: text(errno: code))
        default: .unreachable(reason: text(errno: code))
        }
    }

    static func text(errno code: CInt) -> String {
        // glibc keeps a text per thread since 2.32, and answers numbers that it doesn't know.
        strerror(code).map { String(cString: $0) } ?? "errno \(code)"
    }
}
#endif
