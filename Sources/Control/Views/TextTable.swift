/// Rows of text under headings, their columns aligned.
struct TextTable {
    private let headings: [String]
    private let rightAligned: Set<Int>
    private var rows: [(cells: [String], state: RowState)] = []

    init(_ headings: [String], rightAligned: Set<Int>) {
        self.headings = headings
        self.rightAligned = rightAligned
    }

    /// Adds a row; `state` colours the column `STATE`.
    mutating func add(_ cells: [String], state: RowState) {
        rows.append((cells.map(Readable.line), state))
    }

    func render(colored: Bool) -> String {
        lines(colored: colored).map { $0 + "\n" }.joined()
    }

    /// The headings and the rows, cut where `width` ends; long names are shortened before that.
    func lines(colored: Bool, width: Int = .max) -> [String] {
        let lines = [headings] + rows.map(\.cells)
        let stateColumn = headings.firstIndex(of: "STATE")
        let widths = shortened(
            headings.indices.map { column in lines.map { $0[column].count }.max() ?? 0 },
            ofNames: stateColumn ?? 0, to: width)
        return [line(headings, widths, upTo: width) { $1 }]
            + rows.map { row in
                line(row.cells, widths, upTo: width) { column, cell in
                    colored && column == stateColumn ? row.state.colored(cell) : cell
                }
            }
    }

    /// The widths of columns where names, which are the first ones, make room for what is known of them,
    /// the longest first.
    private func shortened(_ widths: [Int], ofNames count: Int, to width: Int) -> [Int] {
        var widths = widths
        var excess = widths.reduce(2 * (widths.count - 1), +) - width
        for column in (0..<count).sorted(by: { widths[$0] > widths[$1] }) where excess > 0 {
            let share = min(excess, max(0, widths[column] - TextTable.shortestName))
            widths[column] -= share
            excess -= share
        }
        return widths
    }

    private func line(
        _ cells: [String], _ widths: [Int], upTo width: Int, decorate: (Int, String) -> String
    ) -> String {
        var text = ""
        var left = width
        func append(_ part: String, _ decorate: (String) -> String = { $0 }) {
            let cut = left == .max ? part : String(part.prefix(left))
            if left != .max { left -= cut.count }
            if !cut.isEmpty { text += decorate(cut) }
        }
        for column in cells.indices {
            let isWhole = cells[column].count <= widths[column]
            let cell = isWhole ? cells[column] : cells[column].prefix(widths[column] - 1) + "…"
            let space = String(repeating: " ", count: widths[column] - cell.count)
            if column > 0 { append("  ") }
            if rightAligned.contains(column) { append(space) }
            append(cell) { decorate(column, $0) }
            if !rightAligned.contains(column), column < cells.count - 1 { append(space) }
        }
        return text
    }

    /// As long as a name stays at least, and the longest heading.
    private static let shortestName = 14
}

extension RowState {
    /// The text in the state's colour, for terminals.
    ///
    /// ECMA-48 §8.3.117 (SGR).
    fileprivate func colored(_ text: String) -> String {
        let color: Int? =
            switch self {
            case .up, .open: 32
            case .goingDown, .goingUp, .waiting: 33
            case .down: 31
            case .draining: 34
            case .maintenance: 35
            case .unchecked: nil
            }
        guard let color else { return text }
        return "\u{1B}[\(color)m\(text)\u{1B}[0m"
    }
}
