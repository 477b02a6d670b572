import LinuxIO

@testable import Balancer

extension PoolState {
    /// Counts a connection in that belongs to no server, and chooses one.
    mutating func enter(_ waiter: Waiter, key: UInt32?, at now: UInt64) -> Choice {
        enter(waiter, key: key, own: nil, at: now).choice
    }
}
