/// What one run of the generator came to; travels as one line of `name=value`.
struct Outcome {
    /// Connections, requests or bytes, as the workload counts.
    var units = 0
    /// Connections that ended otherwise than they should have.
    var failures = 0
    /// From the first connection to the last answer.
    var nanoseconds: Int64 = 0
    /// Median, 99th and 99.9th percentile of one connection or request, nanoseconds.
    var p50 = 0.0
    var p99 = 0.0
    var p999 = 0.0

    var line: String {
        "units=\(units) failures=\(failures) nanoseconds=\(nanoseconds) "
            + "p50=\(p50) p99=\(p99) p999=\(p999)"
    }

    init() {}

    init?(line: String) {
        let values = Self.values(of: line)
        guard let units = values["units"].flatMap(Int.init),
            let failures = values["failures"].flatMap(Int.init),
            let nanoseconds = values["nanoseconds"].flatMap(Int64.init),
            let p50 = values["p50"].flatMap(Double.init),
            let p99 = values["p99"].flatMap(Double.init),
            let p999 = values["p999"].flatMap(Double.init)
        else { return nil }
        self.units = units
        self.failures = failures
        self.nanoseconds = nanoseconds
        self.p50 = p50
        self.p99 = p99
        self.p999 = p999
    }

    static func values(of line: String) -> [String: String] {
        let pairs = line.split(separator: " ").compactMap { word -> (String, String)? in
            let parts = word.split(separator: "=", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}
