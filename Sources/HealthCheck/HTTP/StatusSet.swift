#if Probes
/// A set of HTTP statuses such as `200-399,404`.
public struct StatusSet: Hashable, Sendable, CustomStringConvertible {
    /// The ranges, in the order that they were given in.
    public let ranges: [ClosedRange<Int>]

    /// Makes a set of ranges.
    ///
    /// - Parameter ranges: The ranges.
    public init(_ ranges: ClosedRange<Int>...) { self.ranges = ranges }

    /// Reads a set.
    ///
    /// - Parameter text: Statuses and ranges of them, 100 to 999, separated by commas.
    /// - Throws: ``ProbeSettingsError/notAStatusSet(_:)``.
    public init(_ text: String) throws(ProbeSettingsError) {
        var ranges: [ClosedRange<Int>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false)
                .map { $0.count == 3 ? Int($0) : nil }
            guard (1...2).contains(bounds.count), let low = bounds[0],
                let high = bounds[bounds.count - 1], low >= 100, high >= low
            else { throw .notAStatusSet(text) }
            ranges.append(low...high)
        }
        self.ranges = ranges
    }

    /// The set as it is written.
    public var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    func contains(_ status: Int) -> Bool { ranges.contains { $0.contains(status) } }
}
#endif
