/// The figures of one measure over all runs.
struct Summary {
    let name: String
    let unit: String
    let samples: [Double]

    init(_ name: String, _ unit: String, _ samples: [Double]) {
        self.name = name
        self.unit = unit
        self.samples = samples
    }

    var median: Double {
        let sorted = samples.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
    var least: Double { samples.min() ?? 0 }
    var greatest: Double { samples.max() ?? 0 }
}

/// One line of the report: who was measured at what, and the figures.
struct Row {
    /// The benchmark, `codec` for example.
    let benchmark: String
    /// What was done.
    let work: String
    /// Who did it; empty where only this project can.
    var contender = ""
    var summaries: [Summary]
    /// Made of the results of the work, so that the compiler cannot leave it out, and the same on
    /// every machine where the work is fixed.
    var check: UInt64
}

/// A number for people: three digits that count.
func text(_ value: Double) -> String {
    let size = abs(value)
    if size >= 100 || value == value.rounded() && size >= 10 {
        return grouped(Int(value.rounded()))
    }
    if value == 0 { return "0" }
    let places = size >= 10 ? 1 : size >= 1 ? 2 : 3
    return decimal(value, places: places)
}

/// A number with so many places behind the point.
func decimal(_ value: Double, places: Int) -> String {
    var scale = 1
    for _ in 0..<places { scale *= 10 }
    let whole = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(whole)" }
    let fraction = String(whole % scale)
    let zeros = String(repeating: "0", count: places - fraction.count)
    return "\(sign)\(whole / scale).\(zeros)\(fraction)"
}

private func grouped(_ value: Int) -> String {
    var digits = Array(String(abs(value)))
    var place = digits.count - 3
    while place > 0 {
        digits.insert(",", at: place)
        place -= 3
    }
    return (value < 0 ? "-" : "") + String(digits)
}
