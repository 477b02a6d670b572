#if Program
internal import Balancer
internal import Expressions
internal import NodeConfiguration

extension TextPatterns {
    /// Patterns of the model.
    init(_ matches: [NameMatch]) { self.init(matches.map(TextPattern.init)) }
}

extension TextPattern {
    /// A pattern of the model.
    init(_ text: NameMatch) {
        let match: Match =
            switch text.method {
            case .expression: .expression
            case .exact: .exact
            case .beginning: .beginning
            case .end: .end
            case .part: .part
            case .directory: .directory
            case .domain: .domain
            case .length: .length
            case .found: .found
            case .binary: .exact
            }
        guard text.method != .binary else {
            self.init(match, bytes: text.bytes)
            return
        }
        self.init(match, text.text, ignoresCase: text.ignoresCase)
        if let lengths = text.lengths { self.lengths = lengths }
        guard text.method == .expression else { return }
        // The reader has refused what is no expression; without a table nothing is found.
        automaton = (try? RegularExpression(text.text, ignoringCase: text.ignoresCase).automaton())
            .map(TextAutomaton.init)
    }
}

extension TextAutomaton {
    /// An expression's table.
    init(_ table: Automaton) {
        self.init(
            symbols: table.symbols, lastLineEnd: table.lastLineEnd, end: table.end,
            next: table.next, symbolCount: table.symbolCount)
    }
}
#endif
