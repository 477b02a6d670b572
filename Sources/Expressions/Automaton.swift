/// An expression that is worked out completely: one table, so that a search is one look per byte.
///
/// Plain numbers, for whoever searches where nothing may be allocated, without this library.
public struct Automaton: Hashable, Sendable {
    /// For each byte, its symbol.
    public let symbols: [UInt8]
    /// The symbol of a line end that is the last byte.
    public let lastLineEnd: Int
    /// The symbol of the end of the text.
    public let end: Int
    /// How many symbols there are.
    public let symbolCount: Int
    /// For each state and symbol the next state, at `state · symbolCount + symbol`; a search begins in
    /// state 0.
    public let next: [Int16]

    /// Stands in ``next`` where the expression is found.
    public static let found: Int16 = -1
}

extension RegularExpression {
    /// Works the expression out completely.
    ///
    /// - Returns: Its table.
    /// - Throws: ``ExpressionError`` where that takes more states than there may be.
    public func automaton() throws(ExpressionError) -> Automaton {
        var search = Search(program)
        guard let next = search.allStates() else {
            throw ExpressionError(
                reason: "too many ways lead through it: \(Search.stateLimit) states or more",
                offset: nil)
        }
        return Automaton(
            symbols: program.classes, lastLineEnd: program.classCount,
            end: program.classCount + 1, symbolCount: program.classCount + 2, next: next)
    }
}
