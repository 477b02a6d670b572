#if Program
internal import Control
internal import LinuxIO
internal import Reactor

/// Tells the failover process the state of the proxies: when asked, and now and then after a change,
/// for the time when this process does not answer.
///
/// Of thousands of servers it takes a while to put together, which happens on another thread; unasked
/// it takes no more than a twentieth of one's time.
final class StatusTeller {
    private let loop: EventLoop
    private let proxies: @Sendable () -> [ProxyStatus]
    private let send: ([UInt8]) -> Void
    /// What is to be answered next: the number of a request, 0 for an unasked status.
    private var waiting: [Int] = []
    private var isMaking = false
    /// Whether an unasked status is due already.
    private var isChanged = false
    private var quietUntil = MonotonicInstant.now

    /// - Parameters:
    ///   - loop: The loop that all happens on but the putting together.
    ///   - proxies: Puts the state together; called on another thread.
    ///   - send: Called with each piece.
    init(
        loop: EventLoop, proxies: @escaping @Sendable () -> [ProxyStatus],
        send: @escaping ([UInt8]) -> Void
    ) {
        self.loop = loop
        self.proxies = proxies
        self.send = send
    }

    /// Answers a request.
    func answer(_ request: Int) {
        waiting.append(request)
        makeNext()
    }

    /// Takes note that something has changed.
    func noteChange() {
        guard !isChanged else { return }
        isChanged = true
        loop.schedule(at: max(quietUntil, .now + StatusTeller.patience)) { [weak self] in
            guard let self else { return }
            isChanged = false
            waiting.append(0)
            makeNext()
        }
    }

    private func makeNext() {
        guard !isMaking, !waiting.isEmpty else { return }
        isMaking = true
        let requests = waiting
        waiting = []
        let (proxies, poster, teller) = (proxies, loop.poster, OnLoop(self))
        Task.detached {
            let began = MonotonicInstant.now
            let status = ControlCodec.encode(proxies: proxies())
            let duration = MonotonicInstant.now - began
            poster.post { teller.object?.tell(status, to: requests, madeWithin: duration) }
        }
    }

    private func tell(_ status: [UInt8], to requests: [Int], madeWithin duration: Duration) {
        isMaking = false
        quietUntil = .now + max(StatusTeller.shortestInterval, duration * 20)
        for request in Set(requests).sorted() {
            StatusPieces.cut(status, for: request == 0 ? nil : request).forEach(send)
        }
        makeNext()
    }

    private static let patience = Duration.milliseconds(50)
    private static let shortestInterval = Duration.seconds(1)
}
#endif
