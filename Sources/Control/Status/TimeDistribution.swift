/// How many connections took how long, by powers of two of a millisecond.
public struct TimeDistribution: Codable, Hashable, Sendable {
    /// Connections by time: place 0 those of 0 ms, place n those of 2ⁿ⁻¹ to 2ⁿ - 1 ms; empty where
    /// nothing was counted.
    public var counts: [Int]
    /// Their times in all, in milliseconds; `nil`: not known.
    public var sum: Int?
    /// Half of the connections took no longer, in milliseconds; `nil` where nothing was counted.
    public var median: Int?
    /// Of a hundred connections, 99 took no longer, in milliseconds.
    public var ninetyNinth: Int?

    /// Makes a distribution.
    ///
    /// - Parameter counts: Connections by time; places without any at the end are left out.
    public init(counts: [Int] = []) {
        let used = counts.lastIndex { $0 > 0 }.map { $0 + 1 } ?? 0
        self.counts = Array(counts.prefix(used))
    }

    /// How many places there are; the last one has also those that took longer.
    static let placeCount = 24

    private enum CodingKeys: String, CodingKey {
        case counts, sum
        case median = "p50"
        case ninetyNinth = "p99"
    }
}
