internal import FoundationEssentials

extension NodeStatus {
    /// The document as JSON on one line, its keys in order, without a line end.
    ///
    /// - Parameter indented: Whether to break lines and indent, for people.
    /// - Returns: UTF-8 text; the same bytes for equal documents.
    public func json(indented: Bool = false) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            indented
            ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
            : [.sortedKeys, .withoutEscapingSlashes]
        // Encoding fails only for numbers that are not finite, and the document has none.
        return (try? encoder.encode(self)).map(Array.init) ?? Array("{}".utf8)
    }
}
