/// A regular expression as a table: one look per byte, and nothing is allocated.
///
/// Made by whoever has a library for expressions; the balancer needs none.
public struct TextAutomaton: Hashable, Sendable {
    private let symbols: [UInt8]
    private let lastLineEnd: Int
    private let end: Int
    private let symbolCount: Int
    private let next: [Int16]

    /// Takes a table over.
    ///
    /// - Parameters:
    ///   - symbols: The symbol of each of the 256 bytes.
    ///   - lastLineEnd: The symbol of a line end that is the last byte.
    ///   - end: The symbol of the end of the text.
    ///   - next: For each state, one row after the other, and each symbol the next state; below 0: the
    ///     expression is found. A search begins in state 0.
    ///   - symbolCount: The length of a row.
    public init(
        symbols: [UInt8], lastLineEnd: Int, end: Int, next: [Int16], symbolCount: Int
    ) {
        let places = symbols.map(Int.init) + [lastLineEnd, end]
        precondition(
            symbols.count == 256 && symbolCount > 0 && !next.isEmpty
                && next.count % symbolCount == 0
                && places.allSatisfy((0..<symbolCount).contains)
                && next.allSatisfy { Int($0) < next.count / symbolCount },
            "a table leads out of itself")
        self.symbols = symbols
        self.lastLineEnd = lastLineEnd
        self.end = end
        self.symbolCount = symbolCount
        self.next = next
    }

    /// Whether the expression is found in a text.
    func isFound(in text: Span<UInt8>) -> Bool {
        var state = 0
        for place in text.indices {
            let byte = text[place]
            let isLastLineEnd = byte == 0x0A && place == text.count - 1
            let symbol = isLastLineEnd ? lastLineEnd : Int(symbols[Int(byte)])
            state = Int(next[state * symbolCount + symbol])
            if state < 0 { return true }
        }
        return next[state * symbolCount + end] < 0
    }
}
