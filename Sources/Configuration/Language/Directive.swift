/// A run of characters that belong together, with quotes and escapes resolved.
struct Word: Hashable, Sendable {
    let text: String
    let position: Position
    /// Whether any part of it stood in quotes, so that it is a text and no keyword or brace.
    var isQuoted = false
}

/// One line of a configuration as words, the keyword first, with the block that follows it.
struct Directive: Sendable {
    var words: [Word]
    var block: Block?
}

/// What stands between `{` and `}`.
struct Block: Sendable {
    let opening: Position
    var directives: [Directive] = []
}

/// Lines, and the names of the files that their positions number.
struct PlacedLines: Sendable {
    var directives: [Directive]
    let files: [String]
    /// The lines, column 0, that have parts of a template in them: nothing else is said of these.
    var unfilled: Set<Position> = []
}
