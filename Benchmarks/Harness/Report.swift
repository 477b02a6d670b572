import Glibc

/// Collects rows, prints them as tables while they come, and all at the end as one document.
final class Report {
    private let asJSON: Bool
    private let machine: Machine
    private var rows: [Row] = []
    private var notes: [(String, String)] = []

    init(asJSON: Bool) {
        self.asJSON = asJSON
        machine = .read()
        if !asJSON { machine.lines.forEach { print($0) } }
    }

    /// Adds the rows of one table: the same measures in each.
    func add(_ title: String, _ added: [Row]) {
        rows += added
        guard !asJSON, let first = added.first else { return }
        let sameWork = added.allSatisfy { $0.work == first.work } && !first.contender.isEmpty
        let names = first.summaries.map { $0.unit.isEmpty ? $0.name : "\($0.name), \($0.unit)" }
        var cells = [[""] + names + ["check"]]
        for row in added {
            let subject = [sameWork ? "" : row.work, row.contender].filter { !$0.isEmpty }
            cells.append(
                [subject.joined(separator: " ")] + row.summaries.map(Self.cell)
                    + [String(row.check, radix: 16)])
        }
        print("\n\(title)")
        Self.printTable(cells)
        // A run takes minutes: what is known is to be seen, also through a pipe.
        fflush(nil)
    }

    /// The median, and the least in brackets where there was more than one run.
    private static func cell(_ summary: Summary) -> String {
        switch summary.samples.count {
        case 0: "-"
        case 1: text(summary.median)
        default: "\(text(summary.median)) [\(text(summary.least))]"
        }
    }

    /// Says what was not run and why, or with which settings something was.
    func note(_ subject: String, _ text: String) {
        notes.append((subject, text))
        guard !asJSON else { return }
        print("\(subject): \(text)")
    }

    /// Says that a figure is above what it may be: the run goes on, and fails at its end.
    func exceed(_ subject: String, _ text: String) {
        hasExceeded = true
        note(subject, "ABOVE THE LIMIT: \(text)")
    }

    /// Whether a figure was above what it may be.
    private(set) var hasExceeded = false

    /// Prints the document, if one was asked for.
    func finish() {
        guard asJSON else { return }
        let results = rows.map { row in
            JSONValue.object([
                ("benchmark", .string(row.benchmark)), ("work", .string(row.work)),
                ("by", .string(row.contender)),
                ("measures", .array(row.summaries.map(Self.json))),
                ("check", .string(String(row.check, radix: 16))),
            ])
        }
        let document = JSONValue.object([
            ("machine", machine.json), ("results", .array(results)),
            (
                "notes",
                .array(
                    notes.map { .object([("subject", .string($0.0)), ("text", .string($0.1))]) })
            ),
        ])
        print(document.text)
    }

    private static func json(_ summary: Summary) -> JSONValue {
        .object([
            ("name", .string(summary.name)), ("unit", .string(summary.unit)),
            ("median", .number(summary.median)), ("min", .number(summary.least)),
            ("samples", .array(summary.samples.map { .number($0) })),
        ])
    }

    private static func printTable(_ cells: [[String]]) {
        let widths = (cells.first ?? []).indices.map { column in
            cells.map { $0[column].count }.max() ?? 0
        }
        for row in cells {
            let columns = row.enumerated().map { index, cell in
                let padding = String(repeating: " ", count: widths[index] - cell.count)
                return index < 1 ? cell + padding : padding + cell
            }
            print("  " + columns.joined(separator: "  "))
        }
    }
}
