internal import LinuxIO
internal import Reactor

/// A connection with a peer, or with somebody who has yet to say who it is.
final class PeerConnection {
    let descriptor: Descriptor
    let began: MonotonicInstant
    var session: PeerSession
    /// Who it is; `nil`: it has not said.
    var remote: PeerRemote?
    var watch: EventLoop.Watch?
    private(set) var lastHeard: MonotonicInstant
    private(set) var lastSent: MonotonicInstant
    /// Whether anything was sent, so that the other end is there.
    private(set) var hasSent = false
    /// Whether the socket takes no more now.
    private(set) var isBlocked: Bool
    /// Tables that it was told are unfit.
    var unfitTables: Set<String> = []
    /// Finished resyncs that are to be confirmed.
    var confirmations = 0
    /// What the peer is told for having asked for all: the last change of each table; `nil`: nothing.
    var lesson: [UInt64]?

    init(
        _ descriptor: consuming Descriptor, _ session: PeerSession, isConnecting: Bool,
        at now: MonotonicInstant
    ) {
        self.descriptor = descriptor
        self.session = session
        isBlocked = isConnecting
        (began, lastHeard, lastSent) = (now, now, now)
    }

    /// When something is to be done unless something else happens.
    var deadline: MonotonicInstant {
        guard session.isOpen else { return began + PeerConnection.silence }
        let end = lastHeard + PeerConnection.silence
        return isBlocked ? end : min(end, lastSent + PeerConnection.beat)
    }

    /// Whether it is over: nothing was heard, or nobody said who it is.
    func isOver(at now: MonotonicInstant) -> Bool {
        now >= (session.isOpen ? lastHeard : began) + PeerConnection.silence
    }

    /// Whether the peer is to hear that this node is there.
    func isToBeat(at now: MonotonicInstant) -> Bool {
        session.isOpen && !isBlocked && now >= lastSent + PeerConnection.beat
    }

    /// Takes bytes in.
    ///
    /// - Returns: Whether there may be more; `nil`: the connection has ended.
    func read(at now: MonotonicInstant) -> Bool? {
        let room = PeerConnection.chunk
        var transfer = Transfer.wouldBlock
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: room) { memory, count in
            guard let start = memory.baseAddress else { return }
            transfer = unsafe StreamSocket.receive(
                from: descriptor.rawValue, into: UnsafeMutableRawPointer(start), upTo: room)
            if case .moved(let moved) = transfer { count = moved }
        }
        switch transfer {
        case .moved(0): return nil
        case .moved(let count):
            lastHeard = now
            session.receive(bytes)
            return count == room
        case .wouldBlock: return false
        case .failed: return nil
        }
    }

    /// Sends what there is, as far as the socket takes it.
    ///
    /// - Returns: What went wrong; `nil`: nothing.
    func flush(at now: MonotonicInstant) -> Errno? {
        isBlocked = false
        while !session.output.isEmpty {
            let transfer = unsafe session.output.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return Transfer.moved(0) }
                return unsafe StreamSocket.send(
                    start, count: bytes.count, to: descriptor.rawValue)
            }
            switch transfer {
            case .moved(let count):
                session.output.removeFirst(count)
                (lastSent, hasSent) = (now, true)
            case .wouldBlock:
                isBlocked = true
                return nil
            case .failed(let errno): return errno
            }
        }
        return nil
    }

    private static let chunk = 16_384
    /// haproxy's times.
    private static let silence = Duration.seconds(5)
    private static let beat = Duration.seconds(3)
}
