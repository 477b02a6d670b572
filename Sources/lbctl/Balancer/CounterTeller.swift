#if Program
internal import Balancer
internal import Reactor

/// Tells the failover process what this process has counted, so that it goes on in the next one,
/// also after a crash of this one.
final class CounterTeller {
    private let loop: EventLoop
    private let balancer: Balancer
    private let send: ([UInt8]) -> Void
    /// What the failover process knows.
    private var told = CounterLedger()

    /// - Parameters:
    ///   - loop: The loop that it is told on.
    ///   - balancer: Who counts.
    ///   - send: Called with each batch.
    init(loop: EventLoop, balancer: Balancer, send: @escaping ([UInt8]) -> Void) {
        self.loop = loop
        self.balancer = balancer
        self.send = send
    }

    /// Counts on from what other processes have counted.
    func add(_ ledger: CounterLedger) {
        balancer.add(ledger)
        told += ledger
    }

    /// Tells what was counted since the last time.
    func tell() {
        let ledger = balancer.ledger()
        told.leave { ledger.vectors[$0] == nil }
        let news = ledger - told
        told = ledger
        for batch in news.batches { send(batch.bytes) }
    }

    /// Tells now and again from now on.
    func tellRegularly() {
        loop.schedule(after: CounterTeller.interval) { [weak self] in
            self?.tell()
            self?.tellRegularly()
        }
    }

    private static let interval = Duration.seconds(2)
}
#endif
