internal import Synchronization

/// A question to all reactors whether they turn, and how many have not answered yet.
final class RollCall: Sendable {
    private let missingCount: Atomic<Int>
    private let completion: @Sendable () -> Void

    /// - Parameters:
    ///   - count: How many are asked, 1 or more.
    ///   - completion: Called by the last one to answer; must not wait for anything.
    init(of count: Int, _ completion: @escaping @Sendable () -> Void) {
        missingCount = Atomic(count)
        self.completion = completion
    }

    /// Takes note of one that turns.
    func answer() {
        guard missingCount.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else {
            return
        }
        completion()
    }
}
