#if Probes
import Glibc
import NIOCore

/// A TCP connection that is made in order to be ended, without a channel of NIO's.
///
/// To make a channel and take it down costs a check that neither reads nor writes more than all that
/// the kernel does for it. Most servers of a local network are connected, or refuse, before
/// `connect(2)` returns; the others are waited for by ``ConnectionWaiter``.
struct BareConnection {
    /// What became of the connection.
    enum Progress: Hashable {
        case made
        case pending
        case failed(errno: CInt)
    }

    /// The descriptor, which whoever has this value closes by ``end(_:)``.
    let descriptor: CInt
    let target: SocketAddress
    let closing: ProbeConnection.Closing

    /// Begins to connect.
    ///
    /// - Returns: The connection, or the number of the error that kept it from being begun.
    static func begin(
        to target: SocketAddress, closing: ProbeConnection.Closing
    ) -> Result<BareConnection, IOError> {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let family = target.withSockAddr { address, _ in CInt(address.pointee.sa_family) }
        let descriptor = socket(family, type, 0)
        guard descriptor >= 0 else {
            return .failure(IOError(errnoCode: errno, reason: "socket"))
        }
        return .success(BareConnection(descriptor: descriptor, target: target, closing: closing))
    }

    /// How far it is; the first call begins.
    ///
    /// A second `connect(2)` says what became of the first one.
    func advance() -> Progress {
        let result = target.withSockAddr { connect(descriptor, $0, socklen_t($1)) }
        guard result < 0 else { return .made }
        return switch errno {
        case EISCONN: .made
        case EINPROGRESS, EALREADY, EINTR: .pending
        case let code: .failed(errno: code)
        }
    }

    /// Closes it, in the way that was chosen if it was made.
    ///
    /// - Returns: What the check came to; one that is pending has had its time.
    func end(_ progress: Progress) -> ProbeOutcome {
        defer { close(descriptor) }
        switch progress {
        case .made:
            if closing == .reset {
                var atOnce = linger(l_onoff: 1, l_linger: 0)
                let size = socklen_t(MemoryLayout<linger>.size)
                // Refused for a Unix socket, which has no reset.
                setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &atOnce, size)
            }
            return .passed
        case .pending: return .timedOut
        case .failed(let code): return TCPProbe.outcome(errno: code)
        }
    }
}
#endif
