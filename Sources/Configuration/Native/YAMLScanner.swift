/// Reads keys and values of one line of a YAML file.
struct YAMLScanner {
    private let line: YAMLLine
    private var index = 0
    private(set) var remarks: [Remark] = []

    init(_ line: YAMLLine) { self.line = line }

    private var current: Unicode.Scalar? {
        index < line.scalars.count ? line.scalars[index] : nil
    }
    private var position: Position { line.position(at: index) }

    private mutating func skipSpace() {
        while let scalar = current, scalar.isBlank { index += 1 }
    }

    /// Whether nothing but a comment is left.
    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return current == nil
                || current == "#" && (index == 0 || line.scalars[index - 1].isBlank)
        }
    }

    /// Whether the value that is next is plain.
    var isPlain: Bool {
        mutating get throws(Remark) {
            skipSpace()
            switch current {
            case "\"", "'", "[", "{": return false
            default: return true
            }
        }
    }

    /// The key that the line begins with, with its colon; `nil` if it has none.
    mutating func key() throws(Remark) -> YAMLScalar? {
        let start = index
        switch current {
        case "[", "{": return nil
        case "\"", "'":
            let word = try quotation()
            skipSpace()
            guard current == ":", isColon(at: index) else { return nil }
            index += 1
            return YAMLScalar(words: [word], position: word.position)
        default:
            guard let colon = endOfPlain(inFlow: false), line.scalars[colon] == ":" else {
                return nil
            }
            try refuseIndicator()
            guard colon > start else {
                throw .error("a key is expected before this ':'", at: position)
            }
            index = colon + 1
            return YAMLScalar(words: words(start..<colon), position: line.position(at: start))
        }
    }

    /// The value that is next, which ends with the line.
    mutating func value() throws(Remark) -> YAMLNode {
        skipSpace()
        let node = try node(inFlow: false, depth: 0)
        guard isAtEnd else {
            throw .error(
                current == ":" && isColon(at: index)
                    ? "': ' ends a key in YAML; inside of a value write ':\\ '"
                    : "nothing can follow on this line", at: position)
        }
        return node
    }

    private mutating func node(inFlow: Bool, depth: Int) throws(Remark) -> YAMLNode {
        guard depth <= YAMLParser.depthLimit else {
            throw .error("nested more than \(YAMLParser.depthLimit) deep", at: position)
        }
        switch current {
        case "\"", "'":
            let word = try quotation()
            return .scalar(YAMLScalar(words: [word], position: word.position))
        case "[": return try flowSequence(depth)
        case "{": return try flowMapping(depth)
        default:
            try refuseIndicator()
            let start = index
            index = endOfPlain(inFlow: inFlow) ?? line.scalars.count
            let scalar = YAMLScalar(
                words: words(start..<index), position: line.position(at: start))
            return scalar.words.isEmpty || scalar.isNothing && inFlow
                ? .nothing(scalar.position) : .scalar(scalar)
        }
    }

    /// `[a, b]`.
    private mutating func flowSequence(_ depth: Int) throws(Remark) -> YAMLNode {
        let opening = position
        var items: [YAMLNode] = []
        index += 1
        while try !ends("]", opening) {
            items.append(try node(inFlow: true, depth: depth + 1))
            try separate("]", opening)
        }
        return .sequence(items, opening)
    }

    /// `{a: b, c}`.
    private mutating func flowMapping(_ depth: Int) throws(Remark) -> YAMLNode {
        let opening = position
        var pairs: [YAMLPair] = []
        index += 1
        while try !ends("}", opening) {
            guard case .scalar(let key) = try node(inFlow: true, depth: depth + 1) else {
                throw .error("a key is expected here", at: position)
            }
            skipSpace()
            var value = YAMLNode.nothing(key.position)
            if current == ":" {
                index += 1
                skipSpace()
                if current != ",", current != "}" {
                    value = try node(inFlow: true, depth: depth + 1)
                }
            }
            pairs.append(YAMLPair(key: key, value: value))
            try separate("}", opening)
        }
        return .mapping(pairs, opening)
    }

    private mutating func ends(
        _ bracket: Unicode.Scalar, _ opening: Position
    ) throws(Remark) -> Bool {
        guard !isAtEnd else {
            throw .error("this bracket is not closed on its line", at: opening)
        }
        guard current == bracket else { return false }
        index += 1
        return true
    }

    private mutating func separate(
        _ bracket: Unicode.Scalar, _ opening: Position
    ) throws(Remark) {
        guard !isAtEnd else {
            throw .error("this bracket is not closed on its line", at: opening)
        }
        if current == "," {
            index += 1
        } else if current != bracket {
            throw .error("',' or '\(bracket)' is expected here", at: position)
        }
    }

    /// Where a plain text ends that begins here: before a colon, a comment, or what ends it in brackets.
    private func endOfPlain(inFlow: Bool) -> Int? {
        for place in index..<line.scalars.count {
            switch line.scalars[place] {
            case ":" where isColon(at: place) || inFlow && isFlowEnd(at: place + 1): return place
            case "#" where place > index && line.scalars[place - 1].isBlank: return place
            case ",", "[", "]", "{", "}": if inFlow { return place }
            default: break
            }
        }
        return nil
    }

    private func isColon(at place: Int) -> Bool {
        place + 1 == line.scalars.count || line.scalars[place + 1].isBlank
    }

    private func isFlowEnd(at place: Int) -> Bool {
        place < line.scalars.count && ",[]{}".unicodeScalars.contains(line.scalars[place])
    }

    /// What YAML has and this format has not.
    private func refuseIndicator() throws(Remark) {
        guard let first = current else { return }
        let isAlone = index + 1 >= line.scalars.count || line.scalars[index + 1].isBlank
        let what: String
        switch first {
        case "&", "*": what = "begins an anchor or its alias"
        case "!": what = "begins a tag"
        case "|", ">": what = "begins a text of several lines"
        case "%", "@", "`", ",", "]", "}": what = "begins no text"
        case "?" where isAlone: what = "begins a key of several lines"
        case "-" where isAlone: what = "begins a list, on a line of its own"
        default: return
        }
        throw .error(
            "in YAML '\(first)' \(what), which is not taken here; put quotes around the text",
            at: position)
    }

    /// The words of plain text.
    private mutating func words(_ range: Range<Int>) -> [Word] {
        let source = SourceLine(number: line.number, scalars: [])
        let text = ExpandedText(
            scalars: Array(line.scalars[range]),
            columns: range.map { line.position(at: $0).column })
        var lexer = LineLexer(source.expanded(to: text), dialect: .native)
        var words: [Word] = []
        while case .word(let word) = lexer.next() { words.append(word) }
        remarks += lexer.remarks
        return words
    }

    /// A text in quotes, which ends on its line.
    private mutating func quotation() throws(Remark) -> Word {
        let opening = position
        let quote = line.scalars[index]
        var text = String.UnicodeScalarView()
        index += 1
        while let scalar = current {
            if scalar == quote {
                index += 1
                guard quote == "'", current == "'" else {
                    var word = Word(text: String(text), position: opening, isQuoted: true)
                    // A keyword is one in YAML's quotes too.
                    word.isQuoted = word.needsQuotes
                    return word
                }
                text.append("'")
                index += 1
            } else if scalar == "\\", quote == "\"" {
                text.append(try escape())
            } else {
                text.append(scalar)
                index += 1
            }
        }
        throw .error("this quote is not closed on its line", at: opening)
    }

    /// What a backslash between double quotes stands for.
    ///
    /// YAML 1.2.2, section 5.7.
    private mutating func escape() throws(Remark) -> Unicode.Scalar {
        let start = position
        let kind = index + 1 < line.scalars.count ? line.scalars[index + 1] : " "
        index += 2
        if let plain = Self.escapes[kind] { return plain }
        let lengths: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
        guard let length = lengths[kind] else {
            throw .error(
                "'\\\(kind)' stands for nothing in YAML; a backslash itself is '\\\\'", at: start)
        }
        let digits = line.scalars[index...].prefix(length)
        index += digits.count
        guard digits.count == length, digits.allSatisfy(\.properties.isASCIIHexDigit),
            let number = UInt32(String(String.UnicodeScalarView(digits)), radix: 16), number > 0,
            let scalar = Unicode.Scalar(number)
        else {
            throw .error("'\\\(kind)' needs \(length) digits of a character's number", at: start)
        }
        return scalar
    }

    private static let escapes: [Unicode.Scalar: Unicode.Scalar] = [
        "a": "\u{7}", "b": "\u{8}", "t": "\t", "n": "\n", "v": "\u{B}", "f": "\u{C}", "r": "\r",
        "e": "\u{1B}", " ": " ", "\t": "\t", "\"": "\"", "/": "/", "\\": "\\", "N": "\u{85}",
        "_": "\u{A0}", "L": "\u{2028}", "P": "\u{2029}",
    ]
}
