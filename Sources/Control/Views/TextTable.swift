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

    /// The headings and the rows, cut where `width` ends.
    func lines(colored: Bool, width: Int = .max) -> [String] {
        let lines = [headings] + rows.map(\.cells)
        let widths = headings.indices.map { column in
            lines.map { $0[column].count }.max() ?? 0
        }
        let stateColumn = headings.firstIndex(of: "STATE")
        return [line(headings, widths, upTo: width) { $1 }]
            + rows.map { row in
                line(row.cells, widths, upTo: width) { column, cell in
                    colored && column == stateColumn ? row.state.colored(cell) : cell
                }
            }
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
            let cell = cells[column]
            let space = String(repeating: " ", count: widths[column] - cell.count)
            if column > 0 { append("  ") }
            if rightAligned.contains(column) { append(space) }
            append(cell) { decorate(column, $0) }
            if !rightAligned.contains(column), column < cells.count - 1 { append(space) }
        }
        return text
    }
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
