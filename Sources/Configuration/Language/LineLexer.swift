/// What tells the two languages' lines apart.
struct Dialect: Sendable {
    /// What begins a comment that lasts to the end of the line.
    let commentMarks: Set<Unicode.Scalar>
    /// Whether `{` and `}` are tokens.
    let hasBlocks: Bool
    /// Whether a backslash joined to the letter stands for a control character.
    let controlEscapes: [Unicode.Scalar: Unicode.Scalar]
    /// What a backslash takes the meaning from outside quotes; before all else it stands for itself.
    let escapable: Set<Unicode.Scalar>
    /// What a backslash takes the meaning from between double quotes.
    let escapableInQuotes: Set<Unicode.Scalar>

    /// keepalived.conf(5), "Configuration file syntax".
    static let keepalived = Dialect(
        commentMarks: ["#", "!"], hasBlocks: true, controlEscapes: [:],
        escapable: [" ", "\\", "\"", "'", "#", "!", "$", "{", "}"],
        escapableInQuotes: ["\"", "\\"])
    /// haproxy's configuration manual, section 2.2 "Quoting and escaping".
    static let haproxy = Dialect(
        commentMarks: ["#"], hasBlocks: false,
        controlEscapes: ["n": "\n", "r": "\r", "t": "\t"],
        escapable: [" ", "\\", "\"", "'", "#"],
        escapableInQuotes: [" ", "\\", "\"", "'", "#", "$"])
}

/// Cuts one line into words and braces.
///
/// Goes on after a mistake, so that one missing quote is told once and not as a missing keyword too.
struct LineLexer {
    enum Token {
        case word(Word)
        case open(Position)
        case close(Position)
    }

    let line: SourceLine
    private let dialect: Dialect
    private let environment: HAProxyEnvironment?
    var index: Int
    /// The words before the one that is being read, where one variable stands for several.
    var finished: [String] = []
    /// How many bytes variables have put into the line.
    var addedByteCount = 0
    private var waiting: ArraySlice<Word> = []
    /// What is wrong with the line so far.
    var remarks: [Remark] = []
    /// Whether a part of a template stands on it that nothing was put in for.
    private(set) var isUnfilled = false

    /// Begins with a line.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - dialect: Its language.
    ///   - environment: What `$NAME` between double quotes stands for; `nil`: for itself.
    init(_ line: SourceLine, dialect: Dialect, environment: HAProxyEnvironment? = nil) {
        self.line = line
        self.dialect = dialect
        self.environment = environment
        index = line.scalars.startIndex
    }

    var current: Unicode.Scalar? {
        index < line.scalars.endIndex ? line.scalars[index] : nil
    }
    var position: Position { line.position(at: index) }

    /// The next token, or `nil` at the end of the line or the beginning of a comment.
    mutating func next() -> Token? {
        while true {
            if let word = waiting.popFirst() { return .word(word) }
            while let scalar = current, Self.isSpace(scalar) { index += 1 }
            guard let scalar = current, !beginsComment(scalar) else { return nil }
            let position = position
            if dialect.hasBlocks, scalar == "{" || scalar == "}", templateEnd == nil {
                index += 1
                return scalar == "{" ? .open(position) : .close(position)
            }
            let last = word()
            guard environment != nil else { return .word(last) }
            let words = finished.map { Word(text: $0, position: last.position) } + [last]
            finished = []
            // What a variable leaves empty is no word, and is warned of; haproxy ends the line's options there.
            waiting = words.filter { !$0.text.isEmpty || $0.isQuoted }[...]
        }
    }

    /// Names were replaced in a line without its comment: what is left of these marks is text.
    private func beginsComment(_ scalar: Unicode.Scalar) -> Bool {
        line.columns == nil && dialect.commentMarks.contains(scalar)
    }

    private mutating func word() -> Word {
        let start = position
        var text = String.UnicodeScalarView()
        var isQuoted = false
        while let scalar = current {
            if let end = templateEnd {
                template(to: end, into: &text)
                continue
            }
            guard !endsWord(scalar) else { break }
            switch scalar {
            case "\"", "'":
                // What variables stand for has its own meaning.
                if !quotation(closedBy: scalar, into: &text) { isQuoted = true }
            case "\\": escape(dialect.escapable, into: &text)
            case "$" where dialect.hasBlocks && following == "{": variable(into: &text)
            case "$" where dialect.hasBlocks && text.isEmpty && !isQuoted: name(into: &text)
            default:
                text.append(scalar)
                index += 1
            }
        }
        return Word(text: String(text), position: start, isQuoted: isQuoted)
    }

    /// A `${NAME}` that stands for nothing: its braces open and close no block.
    private mutating func variable(into text: inout String.UnicodeScalarView) {
        remarks.append(
            .warning(
                "nothing above defines this name ($NAME=…); it is taken as written",
                at: position))
        while let part = current {
            text.append(part)
            index += 1
            if part == "}" { return }
        }
    }

    /// A `$` that begins a word: with a name behind it, one that stands for nothing.
    private mutating func name(into text: inout String.UnicodeScalarView) {
        let start = position
        text.append("$")
        index += 1
        let name = line.scalars[index...].prefix { $0.isNamePart }
        guard let first = name.first, !("0"..."9").contains(first) else { return }
        text.append(contentsOf: name)
        index = name.endIndex
        // keepalived looks for such a name up to a space.
        let isWhole = current.map(endsWord) ?? true
        remarks.append(
            .warning(
                isWhole
                    ? "nothing above defines this name ($NAME=…); it is taken as written"
                    : "a name that more follows is written in braces, as ${NAME}; this is taken as"
                        + " written", at: start))
    }

    /// Where `{{ … }}` or `{% … %}` ends that begins here: neither is of keepalived's language.
    private var templateEnd: Int? {
        guard dialect.hasBlocks, current == "{", let mark = following, mark == "{" || mark == "%"
        else { return nil }
        let rest = line.scalars[(index + 2)...]
        let closing: Unicode.Scalar = mark == "{" ? "}" : "%"
        return rest.indices.dropLast().first { rest[$0] == closing && rest[$0 + 1] == "}" }
            .map { $0 + 2 }
    }

    private mutating func template(to end: Int, into text: inout String.UnicodeScalarView) {
        let part = String.UnicodeScalarView(line.scalars[index..<end])
        isUnfilled = true
        remarks.append(
            .error(
                "\(String(part).quoted) looks like a part of a template that nothing was filled in for",
                at: position))
        text.append(contentsOf: part)
        index = end
    }

    /// - Returns: Whether a variable stands in it that could be read.
    private mutating func quotation(
        closedBy quote: Unicode.Scalar, into text: inout String.UnicodeScalarView
    ) -> Bool {
        let opening = position
        var hasVariable = false
        index += 1
        while let scalar = current {
            switch scalar {
            case quote:
                index += 1
                return hasVariable
            case "\\" where quote == "\"": escape(dialect.escapableInQuotes, into: &text)
            case "$" where quote == "\"" && environment != nil:
                if let environment, variable(from: environment, into: &text) {
                    hasVariable = true
                }
            case "$" where dialect.hasBlocks && following == "{": variable(into: &text)
            default:
                text.append(scalar)
                index += 1
            }
        }
        remarks.append(.error("this quote is not closed on its line", at: opening))
        return hasVariable
    }

    /// A backslash takes the meaning from the next character; before any other it stands for itself.
    private mutating func escape(
        _ escapable: Set<Unicode.Scalar>, into text: inout String.UnicodeScalarView
    ) {
        guard let next = following else {
            text.append("\\")
            index += 1
            return
        }
        if let control = dialect.controlEscapes[next] {
            text.append(control)
        } else if next == "x", !dialect.controlEscapes.isEmpty {
            remarks.append(.error("\\x escapes are known but not implemented yet", at: position))
        } else {
            if !escapable.contains(next) { text.append("\\") }
            text.append(next)
        }
        index += 2
    }

    private var following: Unicode.Scalar? {
        index + 1 < line.scalars.endIndex ? line.scalars[index + 1] : nil
    }

    private func endsWord(_ scalar: Unicode.Scalar) -> Bool {
        Self.isSpace(scalar) || beginsComment(scalar)
            || dialect.hasBlocks && (scalar == "{" || scalar == "}")
    }

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar == " " || (0x09...0x0D).contains(scalar.value)
    }
}
