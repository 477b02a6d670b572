internal import LinuxIO
internal import Reactor

/// Where the peers of one section connect to, on the thread that exchanges tables.
final class PeerListeners {
    private struct Listener {
        let number: Int32
        let watch: EventLoop.Watch
        /// What ends the TLS of those who connect; `nil`: they talk in the clear.
        var security: (any ClientSecurity)?
    }

    private let loop: EventLoop
    private let take: (consuming Descriptor, (any SecureSession)?) -> Void
    private var listeners: [Listener] = []
    /// When it is listened again after the process had no descriptor left; `nil`: it is.
    private(set) var pauseEnd: MonotonicInstant?

    /// - Parameters:
    ///   - loop: The thread's.
    ///   - take: Takes who has connected, and his TLS, which is yet to be agreed on.
    init(
        on loop: EventLoop, _ take: @escaping (consuming Descriptor, (any SecureSession)?) -> Void
    ) {
        (self.loop, self.take) = (loop, take)
    }

    /// Listens on these sockets, and no others.
    func listen(on sockets: [Int32], securedBy securities: [(any ClientSecurity)?]) {
        for listener in listeners where !sockets.contains(listener.number) {
            loop.unwatch(listener.watch)
        }
        let former = listeners
        listeners = sockets.enumerated().compactMap { place, number in
            let security = place < securities.count ? securities[place] : nil
            let watch =
                former.first { $0.number == number }?.watch
                ?? (try? loop.watch(number, for: .readable) { [weak self] _ in
                    self?.accept(number)
                })
            return watch.map { Listener(number: number, watch: $0, security: security) }
        }
    }

    /// Does what is due.
    func tick(at now: MonotonicInstant) {
        guard let end = pauseEnd, end <= now else { return }
        pauseEnd = nil
        for listener in listeners { loop.change(listener.watch, to: .readable) }
    }

    private func accept(_ listener: Int32) {
        let security = listeners.first { $0.number == listener }?.security
        // What else waits comes in the next turn.
        for _ in 0..<PeerListeners.acceptedAtOnce {
            var peer = RawPeerAddress()
            let number = StreamSocket.accept(from: listener, peer: &peer)
            guard number >= 0 else { return pause(after: Errno(result: number)) }
            let socket = Descriptor(owning: Int32(number))
            StreamSocket.disableDelay(socket.rawValue)
            guard let security else {
                take(socket, nil)
                continue
            }
            // Without memory for a session nobody is served in the clear instead.
            if let session = security.makeSession(on: socket.rawValue) { take(socket, session) }
        }
    }

    /// Whoever waits goes on waiting while there is no descriptor for him.
    private func pause(after errno: Errno) {
        guard errno == .tooManyOpenFiles || errno == .tooManyOpenFilesInSystem else { return }
        pauseEnd = loop.now + .milliseconds(100)
        for listener in listeners { loop.change(listener.watch, to: []) }
    }

    private static let acceptedAtOnce = 8
}
