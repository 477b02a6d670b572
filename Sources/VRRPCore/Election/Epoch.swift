/// A number that grows with each change of state, across all routers whose clocks agree.
///
/// After a split, scripts have heard two routers say that they are Active; the greater epoch is the
/// one to believe.
public struct Epoch: RawRepresentable, Hashable, Comparable, Sendable, Codable {
    /// The number; microseconds since 1970 unless changes came faster or the clock was set back.
    public let rawValue: Int64

    /// Makes an epoch from its number.
    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// Whether `lhs` is the earlier one.
    public static func < (lhs: Epoch, rhs: Epoch) -> Bool { lhs.rawValue < rhs.rawValue }

    /// The epoch that follows: the greater of the next number and real time.
    ///
    /// - Parameters:
    ///   - last: The one before; `nil`: there was none.
    ///   - realTime: Microseconds since 1970.
    public init(after last: Epoch?, realTime: Int64) {
        guard let last else {
            rawValue = realTime
            return
        }
        let (next, isBeyond) = last.rawValue.addingReportingOverflow(1)
        rawValue = max(isBeyond ? last.rawValue : next, realTime)
    }
}
