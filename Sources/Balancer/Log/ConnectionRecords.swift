internal import LinuxIO
internal import Reactor
internal import Synchronization

/// Where the records of connections come out: for one thread, which formats and sends them.
///
///     while true {
///         records.take { write($0, $1) }
///         if records.sleep() { /* wait until `records.descriptor` is readable */ }
///     }
public final class ConnectionRecords: Sendable {
    let rings: [RecordRing]
    private let waker: Waker
    /// Whether the reader waits for the bell.
    private let isAsleep = Atomic(true)

    init(reactorCount: Int) throws(SystemError) {
        rings = (0..<reactorCount).map { _ in RecordRing() }
        waker = try Waker()
    }

    /// Readable when records wait and the reader sleeps.
    public var descriptor: Int32 { waker.descriptor.rawValue }

    /// Records lost because they came faster than they were taken.
    public var lostCount: Int { rings.reduce(0) { $0 + $1.lostCount } }

    /// Takes what waits.
    ///
    /// - Parameter body: Called with each record, and with what stands beside it; those of one reactor come
    ///   in their order.
    /// - Returns: How many there were.
    @discardableResult
    public func take(_ body: (ConnectionRecord, LineTexts) -> Void) -> Int {
        waker.reset()
        var count = 0
        for ring in rings {
            while ring.take(body) { count += 1 }
        }
        return count
    }

    /// Asks for the bell at the next record.
    ///
    /// - Returns: Whether the reader may wait; otherwise there are records already.
    public func sleep() -> Bool {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        guard rings.contains(where: { !$0.isEmpty }) else { return true }
        isAsleep.store(false, ordering: .relaxed)
        return false
    }

    /// Adds a record of a reactor's, and rings if the reader sleeps.
    func append(
        _ record: ConnectionRecord, _ names: ClientNames?, _ kept: KeptTexts?, from reactor: Int
    ) {
        rings[reactor].append(record, names, kept)
        guard isAsleep.load(ordering: .sequentiallyConsistent),
            isAsleep.exchange(false, ordering: .sequentiallyConsistent)
        else { return }
        waker.wake()
    }
}
