/// Counts of times by size, each class at most 3 % wide; recording allocates nothing.
struct Histogram {
    private var counts = [Int](repeating: 0, count: 64 * 32)
    private(set) var total = 0

    mutating func record(nanoseconds: Int64) {
        counts[Self.index(UInt64(max(nanoseconds, 1)))] += 1
        total += 1
    }

    /// The time in nanoseconds that a share of all stays within, 0.5 for the median.
    func quantile(_ share: Double) -> Double {
        let rank = Int(share * Double(total))
        var seen = 0
        for (index, count) in counts.enumerated() where count > 0 {
            seen += count
            if seen > rank { return Self.middle(index) }
        }
        return 0
    }

    private static func index(_ value: UInt64) -> Int {
        let exponent = 63 - value.leadingZeroBitCount
        guard exponent >= 5 else { return Int(value) }
        return (exponent - 4) * 32 + Int(value >> UInt64(exponent - 5) & 31)
    }

    private static func middle(_ index: Int) -> Double {
        guard index >= 64 else { return Double(index) }
        let width = Double(UInt64(1) << UInt64(index / 32 - 1))
        return (Double(32 + index % 32) + 0.5) * width
    }
}
