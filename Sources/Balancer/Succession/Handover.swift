internal import LinuxIO
internal import Synchronization

/// Where all reactors of a balancer meet between two turns, so that what they share can change.
///
/// Whoever changes it waits until all have come, does so, and lets them go. A turn is short, and what
/// takes time was made before.
final class Handover: Sendable {
    /// What they go on with.
    let successor: SharedState
    /// What stands where from then on.
    let succession: Succession
    /// The place of each route before.
    let routes: [Int?]
    private let arrived = Atomic(0)
    private let isOver = Atomic(false)
    private let left = Atomic(0)

    init(to successor: SharedState, _ succession: Succession, routes: [Int?]) {
        self.successor = successor
        self.succession = succession
        self.routes = routes
    }

    /// A reactor has come; returns when it may go on.
    func arrive() {
        arrived.add(1, ordering: .acquiringAndReleasing)
        wait { isOver.load(ordering: .acquiring) }
    }

    /// A reactor goes on with the successor alone.
    func leave() { left.add(1, ordering: .acquiringAndReleasing) }

    /// Waits until all reactors have come.
    func gather(_ count: Int) { wait { arrived.load(ordering: .acquiring) == count } }

    /// Lets them go, and waits until they have gone on.
    func release(_ count: Int) {
        isOver.store(true, ordering: .releasing)
        wait { left.load(ordering: .acquiring) == count }
    }

    private func wait(until isTrue: () -> Bool) {
        while !isTrue() { Thread.sleep(for: .microseconds(20)) }
    }
}
