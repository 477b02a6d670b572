/// A family of metrics about one kind of thing: how its samples are named, explained and read off.
struct MetricFamily<Subject>: Sendable {
    /// A sample: what it is about beside the thing itself, and its value.
    typealias Sample = (more: (name: String, value: String)?, value: MetricValue)

    private let name: String
    private let kind: MetricKind
    private let help: String
    private let samples: @Sendable (Subject) -> [Sample]

    fileprivate init(
        name: String, kind: MetricKind, help: String,
        samples: @escaping @Sendable (Subject) -> [Sample]
    ) {
        (self.name, self.kind, self.help, self.samples) = (name, kind, help, samples)
    }

    /// A family with one sample for each thing; `nil`: this one has none.
    static func one(
        _ kind: MetricKind, _ name: String, _ help: String,
        _ value: @escaping @Sendable (Subject) -> MetricValue?
    ) -> MetricFamily {
        MetricFamily(name: name, kind: kind, help: help) { subject in
            value(subject).map { [(nil, $0)] } ?? []
        }
    }

    /// A family with several samples for each thing, told apart by a label.
    static func several(
        _ kind: MetricKind, _ name: String, _ help: String, by label: String,
        _ values: @escaping @Sendable (Subject) -> [(String, Int)]
    ) -> MetricFamily {
        MetricFamily(name: name, kind: kind, help: help) { subject in
            values(subject).map { ((label, $0.0), .number($0.1)) }
        }
    }

    /// A family that says which of some states each thing is in; `nil`: this one has none.
    static func state(
        _ name: String, _ help: String, of states: [String],
        _ state: @escaping @Sendable (Subject) -> String?
    ) -> MetricFamily {
        several(.gauge, name, help, by: "state") { subject in
            guard let present = state(subject) else { return [] }
            return states.map { ($0, $0 == present ? 1 : 0) }
        }
    }

    /// The same of a part, where there is one.
    func of<Whole>(
        _ part: @escaping @Sendable (Whole) -> Subject?
    ) -> MetricFamily<Whole> {
        let samples = samples
        return MetricFamily<Whole>(name: name, kind: kind, help: help) {
            part($0).map(samples) ?? []
        }
    }

    /// Writes the family; none of it where no thing has a sample.
    func write(_ subjects: [(labels: MetricLabels, value: Subject)], to text: inout MetricsText) {
        var hasBegun = false
        for (labels, subject) in subjects {
            for (more, value) in samples(subject) {
                if !hasBegun { text.begin(name, kind, help) }
                hasBegun = true
                text.add(name, more.map { labels.adding($0.name, $0.value) } ?? labels, value)
            }
        }
    }
}

extension Array {
    /// Each thing once by its labels, which may be free to choose, as a listener's name is: two samples
    /// with the same ones would spoil all others.
    func unique<Subject>() -> [Element] where Element == (labels: MetricLabels, value: Subject) {
        var seen: Set<MetricLabels> = []
        return filter { seen.insert($0.labels).inserted }
    }
}

extension [(labels: MetricLabels, value: TimeDistribution)] {
    /// Writes a histogram of times in seconds; none of it where there is nothing that could have one.
    func write(_ name: String, _ help: String, to text: inout MetricsText) {
        guard !isEmpty else { return }
        text.begin(name, .histogram, help)
        for (labels, times) in unique() {
            var total = 0
            // Always the same bounds: what adds up several takes them to be.
            for place in 0..<TimeDistribution.placeCount - 1 {
                total += place < times.counts.count ? times.counts[place] : 0
                let bound = MetricValue.milliseconds(1 << place).description
                text.add("\(name)_bucket", labels.adding("le", bound), .number(total))
            }
            total = times.counts.reduce(0, +)
            text.add("\(name)_bucket", labels.adding("le", "+Inf"), .number(total))
            text.add("\(name)_sum", labels, times.sum.map(MetricValue.milliseconds) ?? .absent)
            text.add("\(name)_count", labels, .number(total))
        }
    }
}
