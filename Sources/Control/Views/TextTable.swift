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
        let lines = [headings] + rows.map(\.cells)
        let widths = headings.indices.map { column in
            lines.map { $0[column].count }.max() ?? 0
        }
        let stateColumn = headings.firstIndex(of: "STATE")
        var text = line(headings, widths: widths) { $1 }
        for row in rows {
            text += line(row.cells, widths: widths) { column, cell in
                colored && column == stateColumn ? row.state.colored(cell) : cell
            }
        }
        return text
    }

    private func line(
        _ cells: [String], widths: [Int], decorate: (Int, String) -> String
    ) -> String {
        let padded = cells.indices.map { column in
            let cell = cells[column]
            let space = String(repeating: " ", count: widths[column] - cell.count)
            if rightAligned.contains(column) { return space + decorate(column, cell) }
            let isLast = column == cells.count - 1
            return decorate(column, cell) + (isLast ? "" : space)
        }
        return padded.joined(separator: "  ") + "\n"
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
