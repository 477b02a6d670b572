/// What a text is compared with.
public struct TextPattern: Hashable, Sendable {
    /// How it is compared.
    public enum Match: UInt8, Hashable, Sendable {
        /// The whole text (`-m str`).
        case exact
        /// How it begins (`-m beg`).
        case beginning
        /// How it ends (`-m end`).
        case end
        /// A part (`-m sub`).
        case part
        /// A part between slashes, question marks or the ends (`-m dir`).
        case directory
        /// A part between these, dots or colons (`-m dom`).
        case domain
        /// Any text whose bytes are as many as ``lengths`` says (`-m len`).
        case length
        /// Any text at all (`-m found`).
        case found
        /// What an expression finds (`-m reg`).
        case expression
    }

    /// How it is compared.
    public var match: Match
    /// The bytes, of ``Match/directory`` and ``Match/domain`` without delimiters around them.
    public let bytes: [UInt8]
    /// How many bytes a text may have; of ``Match/length``.
    public var lengths = 0...Int.max
    /// The expression's table; of ``Match/expression``.
    public var automaton: TextAutomaton?
    /// Whether capital and small letters of ASCII are the same (`-i`).
    public var ignoresCase: Bool

    /// Makes a pattern.
    public init(_ match: Match, _ text: String, ignoresCase: Bool = false) {
        self.init(match, bytes: Array(text.utf8), ignoresCase: ignoresCase)
    }

    /// Makes a pattern of bytes.
    public init(_ match: Match, bytes: [UInt8], ignoresCase: Bool = false) {
        let word = bytes.drop { match.hasDelimiter($0) }
        let end = word.lastIndex { !match.hasDelimiter($0) }
        self.match = match
        self.bytes = end.map { Array(word[...$0]) } ?? []
        self.ignoresCase = ignoresCase
    }

    /// Makes an expression.
    public init(_ automaton: TextAutomaton) {
        self.init(.expression, "")
        self.automaton = automaton
    }

    /// Whether bytes match; nothing is allocated.
    func matches(_ text: Span<UInt8>) -> Bool {
        switch match {
        case .found: return true
        case .length: return lengths.contains(text.count)
        case .expression: return automaton?.isFound(in: text) ?? false
        case .exact: return bytes.count == text.count && stands(at: 0, in: text)
        case .beginning: return bytes.count <= text.count && stands(at: 0, in: text)
        case .end:
            return bytes.count <= text.count && stands(at: text.count - bytes.count, in: text)
        case .part, .directory, .domain:
            guard bytes.count <= text.count else { return false }
            var place = 0
            while place <= text.count - bytes.count {
                if stands(at: place, in: text), isApart(at: place, in: text) { return true }
                place += 1
            }
            return false
        }
    }

    /// Whether what stands at a place is a whole word, where such are compared.
    private func isApart(at place: Int, in text: Span<UInt8>) -> Bool {
        guard match != .part else { return true }
        let end = place + bytes.count
        return (place == 0 || match.hasDelimiter(text[place - 1]))
            && (end == text.count || match.hasDelimiter(text[end]))
    }

    private func stands(at place: Int, in text: Span<UInt8>) -> Bool {
        for index in bytes.indices {
            let byte = text[place + index]
            guard byte == bytes[index] || ignoresCase && byte.lowercased == bytes[index].lowercased
            else { return false }
        }
        return true
    }
}

extension TextPattern.Match {
    /// Whether words stand between bytes such as this.
    fileprivate func hasDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "/"), UInt8(ascii: "?"): self == .directory || self == .domain
        case UInt8(ascii: "."), UInt8(ascii: ":"): self == .domain
        default: false
        }
    }
}

extension UInt8 {
    /// A capital letter of ASCII as a small one; another byte as it is.
    var lowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

/// Patterns of which one has to match a text.
///
/// Compiled for looking up, so that a list of a hundred thousand names costs a connection little more than a
/// short one: whole texts by one binary search, beginnings and ends by one for each length; what else there is
/// one after another. A look-up allocates nothing.
public struct TextPatterns: Hashable, Sendable {
    private var tables: [Table] = []
    private var others: [TextPattern] = []

    /// Patterns that are compared in one way.
    private struct Table: Hashable {
        let texts: TextTable
        let isWhole: Bool
    }

    /// Prepares patterns.
    public init(_ patterns: [TextPattern]) {
        for match in [TextPattern.Match.exact, .beginning, .end] {
            for ignoresCase in [false, true] {
                let own = patterns.filter { $0.match == match && $0.ignoresCase == ignoresCase }
                guard !own.isEmpty else { continue }
                let texts = TextTable(
                    own.map(\.bytes), ignoringCase: ignoresCase, fromTheEnd: match == .end)
                tables.append(Table(texts: texts, isWhole: match == .exact))
            }
        }
        others = patterns.filter { pattern in
            switch pattern.match {
            case .exact, .beginning, .end: false
            case .part, .directory, .domain, .length, .found, .expression: true
            }
        }
    }

    /// Whether one matches.
    func match(_ text: Span<UInt8>) -> Bool {
        for table in tables {
            let isFound =
                table.isWhole
                ? table.texts.position(of: text) != nil
                : table.texts.longestBeginning(of: text) != nil
            if isFound { return true }
        }
        return others.contains { $0.matches(text) }
    }

    /// Whether one matches a text that is there.
    func match(_ text: borrowing ShortText) -> Bool {
        guard text.count > 0 else { return false }
        return match(text, in: 0..<text.count)
    }

    /// Whether one matches a part of a text.
    func match(_ text: borrowing ShortText, in range: Range<Int>) -> Bool {
        text.withBytes(in: range) { match($0) }
    }
}

extension TextPatterns: ExpressibleByArrayLiteral {
    /// Prepares patterns.
    public init(arrayLiteral patterns: TextPattern...) { self.init(patterns) }
}
