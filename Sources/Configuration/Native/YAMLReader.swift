#if YAML
internal import Yams

/// Reads YAML with the library Yams: mappings, lists and scalars, with the place of each word, and
/// several documents.
///
/// What else YAML has (anchors, tags, block scalars, keys that are no text) is refused by name.
struct YAMLReader {
    /// No file has reason to nest deeper.
    ///
    /// libyaml, which Yams is made of, ends at about 2,000, which the stack has room for.
    static let depthLimit = 32

    /// The text as the places of Yams count it.
    let lines: [[Unicode.Scalar]]
    private var remarks: [Remark] = []

    /// Reads a whole text.
    ///
    /// - Parameter text: The text.
    /// - Returns: Its documents, up to the first that is no YAML, and what is wrong with them.
    static func read(_ text: SourceText) -> (documents: [YAMLNode], remarks: [Remark]) {
        var reader = YAMLReader(lines: text.lines.map { Array($0.scalars) })
        var documents: [YAMLNode] = []
        do throws(Remark) {
            try reader.refuseCharacters()
            try reader.compose { reader, root throws(Remark) in
                documents.append(try reader.node(root, depth: 0))
            }
        } catch {
            reader.remarks.append(error)
        }
        return (documents, reader.remarks)
    }

    private init(lines: [[Unicode.Scalar]]) { self.lines = lines }

    /// What is no character of YAML, or ends a line for it alone.
    private func refuseCharacters() throws(Remark) {
        for (index, line) in lines.enumerated() {
            guard let place = line.firstIndex(where: { !$0.isPrintable || $0 == "\r" }) else {
                continue
            }
            let digits = String(line[place].value, radix: 16, uppercase: true)
            let number = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            throw .error(
                "the character U+\(number) cannot stand in YAML",
                at: Position(line: index + 1, column: place + 1))
        }
    }

    private mutating func compose(
        _ take: (inout YAMLReader, Node) throws(Remark) -> Void
    ) throws(Remark) {
        var text = String.UnicodeScalarView()
        for line in lines {
            text.append(contentsOf: line.lazy.map(\.masked))
            text.append("\n")
        }
        do {
            let parser = try Parser(yaml: String(text), resolver: .basic, encoding: .utf8)
            while let root = try parser.nextRoot() { try take(&self, root) }
        } catch let error as Remark {
            throw error
        } catch {
            throw remark(error)
        }
    }

    private mutating func node(_ node: Node, depth: Int) throws(Remark) -> YAMLNode {
        let position = position(node.mark)
        guard depth <= Self.depthLimit else { throw .tooDeep(at: position) }
        switch node {
        case .scalar(let scalar):
            let text = try self.scalar(scalar, at: position)
            let isNothing = text.words.isEmpty || scalar.style == .plain && text.isNothing
            return isNothing ? .nothing(position) : .scalar(text)
        case .sequence(let sequence):
            try refuseIndicator(at: position)
            var items: [YAMLNode] = []
            for item in sequence { items.append(try self.node(item, depth: depth + 1)) }
            return .sequence(items, position)
        case .mapping(let mapping):
            try refuseIndicator(at: position)
            var pairs: [YAMLPair] = []
            for (key, value) in mapping {
                let key = try self.key(key)
                pairs.append(YAMLPair(key: key, value: try self.node(value, depth: depth + 1)))
            }
            return .mapping(pairs, position)
        case .alias: throw .indicator("*", at: position)
        }
    }

    private mutating func key(_ key: Node) throws(Remark) -> YAMLScalar {
        let position = position(key.mark)
        guard case .scalar(let scalar) = key else {
            throw .error("a key is text, and neither a list nor a mapping", at: position)
        }
        let key = try self.scalar(scalar, at: position)
        guard !key.words.isEmpty else {
            throw .error("a key is expected before this ':'", at: position)
        }
        return key
    }

    private mutating func scalar(
        _ scalar: Node.Scalar, at position: Position
    ) throws(Remark) -> YAMLScalar {
        try refuseIndicator(at: position)
        let text = scalar.string.unicodeScalars
        guard scalar.style == .singleQuoted || scalar.style == .doubleQuoted else {
            return YAMLScalar(words: try words(text, at: position), position: position)
        }
        guard let written = quotation(at: position) else { throw .openQuote(at: position) }
        let masked = text.count { $0 == .maskedAsterisk }
        guard masked == written.count(where: { $0 == "*" }), !text.contains("\u{0}") else {
            throw .error("an escape for U+0000 or U+FFFC, which no text can have", at: position)
        }
        var word = Word(
            text: String(String.UnicodeScalarView(text.map { $0 == .maskedAsterisk ? "*" : $0 })),
            position: position, isQuoted: true)
        // A keyword is one in YAML's quotes too.
        word.isQuoted = word.needsQuotes
        return YAMLScalar(words: [word], position: position)
    }

    /// The words of plain text, which YAML has folded where it goes on further in on more lines.
    private mutating func words(
        _ text: String.UnicodeScalarView, at start: Position
    ) throws(Remark) -> [Word] {
        var words: [Word] = []
        var (row, column) = (start.line - 1, start.column - 1)
        var part = ExpandedText(scalars: [], columns: [])
        for scalar in text {
            if column >= lines[row].count || lines[row][column].masked != scalar {
                // The end of a line is a space, or a break if the next one is empty.
                if scalar.isBlank { continue }
                words += self.words(of: part, row)
                part = ExpandedText(scalars: [], columns: [])
                guard let next = lines[(row + 1)...].firstIndex(where: { !$0[...].trimmed.isEmpty })
                else { break }
                row = next
                column = lines[row].prefix { $0.isBlank }.count
                if scalar == "-", lines[row][(column + 1)...].first?.isBlank ?? true {
                    throw .misplaced(at: Position(line: row + 1, column: column + 1))
                }
            }
            part.scalars.append(lines[row][column])
            part.columns.append(column + 1)
            column += 1
        }
        return words + self.words(of: part, row)
    }

    private mutating func words(of part: ExpandedText, _ row: Int) -> [Word] {
        let line = SourceLine(number: row + 1, scalars: []).expanded(to: part)
        var lexer = LineLexer(line, dialect: .native)
        var words: [Word] = []
        while case .word(let word) = lexer.next() { words.append(word) }
        remarks += lexer.remarks
        return words
    }

    /// What stands between quotes; `nil` if they are not closed on their line.
    private func quotation(at position: Position) -> ArraySlice<Unicode.Scalar>? {
        let line = lines[position.line - 1]
        let quote = line[position.column - 1]
        var place = position.column
        while place < line.count {
            if line[place] == "\\", quote == "\"" {
                place += 1
            } else if line[place] == quote {
                // Two single quotes are one that is text.
                guard quote == "'", line[(place + 1)...].first == "'" else {
                    return line[position.column..<place]
                }
                place += 1
            }
            place += 1
        }
        return nil
    }

    /// What YAML has and this format has not begins with a character of its own.
    private func refuseIndicator(at position: Position) throws(Remark) {
        if let found = indicator("&*!|>", at: position) { throw found }
    }
}

extension Unicode.Scalar {
    fileprivate var masked: Unicode.Scalar { self == "*" ? .maskedAsterisk : self }
}
#else
/// Stands in for the reader of YAML in a build that goes without its library.
enum YAMLReader {
    static func read(_ text: SourceText) -> (documents: [YAMLNode], remarks: [Remark]) {
        ([], [.error("this build reads no YAML: it is one without the trait 'YAML'", at: .start)])
    }
}
#endif
