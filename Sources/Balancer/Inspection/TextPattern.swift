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
        /// Any text at all (`-m found`).
        case found
        /// What an expression finds (`-m reg`).
        case expression
    }

    /// How it is compared.
    public var match: Match
    /// The bytes.
    public var bytes: [UInt8]
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
        self.match = match
        self.bytes = bytes
        self.ignoresCase = ignoresCase
    }

    /// Makes an expression.
    public init(_ automaton: TextAutomaton) {
        self.init(.expression, "")
        self.automaton = automaton
    }

    /// Whether bytes match; nothing is allocated.
    func matches(_ text: Span<UInt8>) -> Bool {
        guard match != .found else { return true }
        guard match != .expression else { return automaton?.isFound(in: text) ?? false }
        guard bytes.count <= text.count else { return false }
        let places: ClosedRange<Int>
        switch match {
        case .exact:
            guard bytes.count == text.count else { return false }
            places = 0...0
        case .beginning, .found, .expression: places = 0...0
        case .end: places = (text.count - bytes.count)...(text.count - bytes.count)
        case .part: places = 0...(text.count - bytes.count)
        }
        var place = places.lowerBound
        while place <= places.upperBound {
            if stands(at: place, in: text) { return true }
            place += 1
        }
        return false
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
            case .part, .found, .expression: true
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
