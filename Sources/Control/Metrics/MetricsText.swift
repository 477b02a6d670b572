/// Writes metrics in Prometheus' text format, version 0.0.4: a family's samples stand together, below
/// its one HELP and TYPE.
struct MetricsText {
    private(set) var bytes: [UInt8] = []

    /// Begins a family.
    ///
    /// - Parameters:
    ///   - name: Letters, digits and `_`.
    ///   - kind: What its samples are.
    ///   - help: What it says, on one line without a backslash.
    mutating func begin(_ name: String, _ kind: MetricKind, _ help: String) {
        append("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n")
    }

    /// Adds a sample.
    ///
    /// - Parameters:
    ///   - name: The family's name; of a histogram, with what the sample is of it behind.
    ///   - labels: What it is about.
    ///   - value: The value.
    mutating func add(_ name: String, _ labels: MetricLabels, _ value: MetricValue) {
        append(name)
        if !labels.text.isEmpty {
            append("{")
            append(labels.text)
            append("}")
        }
        append(" ")
        append(value.description)
        append("\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

/// What the samples of a family are.
enum MetricKind: String {
    /// Goes up and down.
    case gauge
    /// Only grows, while the program runs.
    case counter
    /// How many were how great.
    case histogram
}

/// The value of a sample.
enum MetricValue: Hashable, CustomStringConvertible {
    /// A number.
    case number(Int)
    /// A time that is told in seconds.
    case milliseconds(Int)
    /// There is none, such as a limit where there is no limit; haproxy says it so.
    case absent

    /// A number, or that there is none.
    init(_ number: Int?) { self = number.map(Self.number) ?? .absent }

    /// The value as the format has it.
    var description: String {
        switch self {
        case .number(let number): return "\(number)"
        case .milliseconds(let count):
            let digits = "\(count.magnitude % 1_000)"
            let padding = String(repeating: "0", count: 3 - digits.utf8.count)
            return "\(count < 0 ? "-" : "")\(count.magnitude / 1_000).\(padding)\(digits)"
        case .absent: return "NaN"
        }
    }
}

/// What a sample is about: names and their values, written out once for all samples about it.
struct MetricLabels: Hashable {
    /// As between the braces; empty: the sample is about the node.
    private(set) var text = ""

    /// Makes labels of names, which are letters, and values, which may be any text.
    init(_ labels: KeyValuePairs<String, String> = [:]) {
        for (name, value) in labels { add(name, value) }
    }

    /// The same and one more.
    func adding(_ name: String, _ value: String) -> MetricLabels {
        var labels = self
        labels.add(name, value)
        return labels
    }

    private mutating func add(_ name: String, _ value: String) {
        if !text.isEmpty { text += "," }
        text += name
        text += "=\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
