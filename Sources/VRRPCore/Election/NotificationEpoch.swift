/// Numbers the states that a node tells others of, so that the latest can be told from older ones.
///
/// Each number is one more than the last, or the real time in microseconds, whichever is greater:
/// numbers of one node never go back, not even with its clock; and of two nodes whose clocks agree
/// the one that entered its state later has the greater number.
public struct NotificationEpoch: Hashable, Sendable {
    /// The last number given; 0: none yet.
    public private(set) var last: Int64 = 0

    /// Makes a source that has given no number.
    public init() {}

    /// Gives the next number.
    ///
    /// - Parameter realTime: Microseconds since 1970.
    /// - Returns: max(last + 1, `realTime`).
    public mutating func next(realTime: Int64) -> Int64 {
        last = max(last + 1, realTime)
        return last
    }
}
