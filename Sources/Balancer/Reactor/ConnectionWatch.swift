internal import Synchronization

/// Hears how connecting to a server ended: the pool's and the server's position, and what came of it.
public typealias ConnectionObserver =
    @Sendable (_ pool: Int, _ server: Int, _ outcome: ConnectionOutcome) -> Void

/// What came of connecting to a server.
public enum ConnectionOutcome: Hashable, Sendable {
    /// The connection was made, and encrypted where it is to be.
    case made
    /// It was not made.
    case failed
    /// It was made but could not be encrypted (``ServerSecurity``); why.
    case notSecured(String)
}

/// Tells of failed connections to servers, and of the first one that succeeds after.
///
/// A connection that succeeds where none failed costs one load.
@safe final class ConnectionWatch: @unchecked Sendable {
    // SAFETY: the memory is allocated for as long as this object lives, and all access is atomic.
    private let failing: UnsafeMutablePointer<Atomic<Bool>>
    private let layout: TallyLayout
    private let observer: ConnectionObserver

    init(_ layout: TallyLayout, observer: @escaping ConnectionObserver) {
        self.layout = layout
        self.observer = observer
        unsafe failing = .allocate(capacity: max(1, layout.serverCount))
        for number in 0..<layout.serverCount {
            unsafe (failing + number).initialize(to: Atomic(false))
        }
    }

    deinit {
        unsafe failing.deinitialize(count: layout.serverCount)
        unsafe failing.deallocate()
    }

    /// Goes on from what was noted before.
    ///
    /// - Parameters:
    ///   - former: Who noted it.
    ///   - places: For each server's number there, its number here.
    func goOn(from former: ConnectionWatch, places: [Int?]) {
        for (index, place) in places.enumerated() {
            guard let place, index < former.layout.serverCount else { continue }
            unsafe failing[place].store(
                former.failing[index].load(ordering: .relaxed), ordering: .relaxed)
        }
    }

    /// Takes note of a connection that was made.
    func connected(to number: Int) {
        guard number < layout.serverCount, unsafe failing[number].load(ordering: .relaxed),
            unsafe failing[number].exchange(false, ordering: .relaxed)
        else { return }
        tell(number, .made)
    }

    /// Takes note of one that could not be made.
    ///
    /// - Parameters:
    ///   - number: The server, counted over all pools.
    ///   - reason: Why it could not be encrypted; `nil`: it did not come to that.
    func failed(toReach number: Int, because reason: String? = nil) {
        guard number < layout.serverCount else { return }
        unsafe failing[number].store(true, ordering: .relaxed)
        tell(number, reason.map { .notSecured($0) } ?? .failed)
    }

    private func tell(_ number: Int, _ outcome: ConnectionOutcome) {
        guard let pool = layout.firstServers.lastIndex(where: { $0 <= number }) else { return }
        observer(pool, number - layout.firstServers[pool], outcome)
    }
}
