/// A place in a text: line and column, both counted from 1.
struct Position: Hashable, Comparable, Sendable {
    /// Which of the files that are read together, the first is 0.
    var source = 0
    var line: Int
    var column: Int

    static let start = Position(line: 1, column: 1)

    static func < (lhs: Position, rhs: Position) -> Bool {
        (lhs.source, lhs.line, lhs.column) < (rhs.source, rhs.line, rhs.column)
    }
}

/// A place in one of the files that are read together.
struct Location: Hashable, Sendable {
    let file: String
    let position: Position

    /// `FILE:LINE`, as a message refers to another place.
    var reference: String { "\(file):\(position.line)" }
}

/// A value and the place that it was read from.
struct Placed<Value: Sendable>: Sendable {
    var value: Value
    let location: Location
}
