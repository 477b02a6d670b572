/// How many connections took how long, by powers of two of a millisecond.
public struct TimeHistogram: Hashable, Sendable {
    /// Connections by time: place 0 those of 0 ms, place n those of 2ⁿ⁻¹ to 2ⁿ - 1 ms; the last
    /// place also those that took longer.
    public private(set) var counts: [Int]
    /// Their times in all, in milliseconds.
    public private(set) var sum = 0

    /// Makes an empty histogram.
    public init() { counts = Array(repeating: 0, count: TimeHistogram.placeCount) }

    /// How many connections were counted.
    public var total: Int { counts.reduce(0, +) }

    /// A time within which a part of the connections stayed.
    ///
    /// - Parameter part: The part, 0.99 for example.
    /// - Returns: The upper end of its place in milliseconds; `nil` where nothing was counted.
    public func quantile(_ part: Double) -> Int? {
        let total = total
        guard total > 0 else { return nil }
        var rest = Double(total) * part
        for (place, count) in counts.enumerated() {
            rest -= Double(count)
            if rest <= 0 { return TimeHistogram.upperEnd(of: place) }
        }
        return TimeHistogram.upperEnd(of: TimeHistogram.placeCount - 1)
    }

    /// The longest time of a place, in milliseconds.
    public static func upperEnd(of place: Int) -> Int { (1 << place) - 1 }

    mutating func add(_ count: Int, at place: Int) { counts[place] += count }

    /// All its numbers, the sum behind the counts.
    var numbers: [Int] { counts + [sum] }

    /// Adds what stood at a place of ``numbers``.
    mutating func add(_ number: Int, atNumber place: Int) {
        if place < TimeHistogram.placeCount { add(number, at: place) } else { sum += number }
    }

    static let placeCount = 24
    static let numberCount = placeCount + 1
    static func place(of milliseconds: Int) -> Int {
        min(Int.bitWidth - max(0, milliseconds).leadingZeroBitCount, placeCount - 1)
    }
}

extension TimeHistogram: Codable {}
