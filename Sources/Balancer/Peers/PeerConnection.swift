internal import LinuxIO
internal import Reactor

/// A connection with a peer, or with somebody who has yet to say who it is.
final class PeerConnection {
    let descriptor: Descriptor
    let began: MonotonicInstant
    var session: PeerSession
    /// Its TLS; `nil`: it has none.
    private let security: (any SecureSession)?
    /// Whether TLS is still to be agreed on.
    private(set) var isSecuring: Bool
    /// Whether bytes that came may wait where the socket does not tell of them.
    private(set) var holdsBytes = false
    /// How it ended, as far as the other side has told.
    private(set) var end = "it has closed the connection"
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
        securedBy security: (any SecureSession)?, at now: MonotonicInstant
    ) {
        self.descriptor = descriptor
        self.session = session
        self.security = security
        isSecuring = security != nil
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

    /// Goes on with agreeing on TLS, as far as that is possible without waiting.
    func secure() -> Securing {
        guard isSecuring, let security else { return .done }
        // Otherwise an address at which nobody listens would look like a fault of TLS.
        var byte: UInt8 = 0
        if isBlocked,
            case .failed(let errno) = unsafe StreamSocket.peek(
                at: descriptor.rawValue, into: &byte, upTo: 1)
        {
            return .ended("\(errno)")
        }
        isBlocked = false
        switch security.handshake() {
        case .done:
            (isSecuring, hasSent) = (false, true)
            return .done
        case .waits(let forRoom):
            (isBlocked, hasSent) = (forRoom, true)
            return .waits
        case .ended: return .ended("it has closed the connection while TLS was agreed on")
        case .failed(let reason): return .failed("no TLS with it: \(reason)")
        }
    }

    /// How far TLS is agreed on.
    enum Securing {
        case done, waits
        /// There is no connection, or none any more.
        case ended(String)
        case failed(String)
    }

    /// Takes bytes in.
    ///
    /// - Returns: Whether there may be more; `nil`: the connection has ended, and ``end`` says how.
    func read(at now: MonotonicInstant) -> Bool? {
        let room = PeerConnection.chunk
        var transfer = Transfer.wouldBlock
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: room) { memory, count in
            guard let start = memory.baseAddress else { return }
            transfer = unsafe receive(into: UnsafeMutableRawPointer(start), upTo: room)
            if case .moved(let moved) = transfer { count = moved }
        }
        holdsBytes = false
        switch transfer {
        case .moved(0): return nil
        case .moved(let count):
            lastHeard = now
            session.receive(bytes)
            holdsBytes = security != nil && count == room
            return count == room
        case .wouldBlock: return false
        case .failed(let errno):
            end = fault(errno)
            return nil
        }
    }

    @unsafe
    private func receive(into buffer: UnsafeMutableRawPointer, upTo byteCount: Int) -> Transfer {
        guard let security else {
            return unsafe StreamSocket.receive(
                from: descriptor.rawValue, into: buffer, upTo: byteCount)
        }
        return unsafe security.receive(into: buffer, upTo: byteCount)
    }

    @unsafe
    private func send(_ bytes: UnsafeRawPointer, count: Int) -> Transfer {
        guard let security else {
            return unsafe StreamSocket.send(bytes, count: count, to: descriptor.rawValue)
        }
        return unsafe security.send(bytes, count: count)
    }

    /// What an error means.
    private func fault(_ errno: Errno) -> String {
        security?.complaint.map { "it has broken TLS off: \($0)" } ?? "\(errno)"
    }

    /// Sends what there is, as far as the socket takes it.
    ///
    /// - Returns: What went wrong; `nil`: nothing.
    func flush(at now: MonotonicInstant) -> String? {
        guard !isSecuring else { return nil }
        isBlocked = false
        while !session.output.isEmpty {
            let transfer = unsafe session.output.withUnsafeBytes { bytes in
                guard let start = bytes.baseAddress else { return Transfer.moved(0) }
                return unsafe send(start, count: bytes.count)
            }
            switch transfer {
            case .moved(let count):
                session.output.removeFirst(count)
                (lastSent, hasSent) = (now, true)
            case .wouldBlock:
                isBlocked = true
                return nil
            case .failed(let errno): return fault(errno)
            }
        }
        return nil
    }

    /// Says that nothing more follows.
    func endSending() {
        if !isSecuring { _ = security?.endSending() }
        StreamSocket.endSending(descriptor.rawValue)
    }

    private static let chunk = 16_384
    /// haproxy's times.
    private static let silence = Duration.seconds(5)
    private static let beat = Duration.seconds(3)
}
