/// A line in the making: its characters, each with the column of the file that it comes from.
struct ExpandedText: Sendable {
    var scalars: [Unicode.Scalar]
    /// Counted from 1; what stands for a name has the column of the name.
    var columns: [Int]

    mutating func dropFirst(_ count: Int) {
        scalars.removeFirst(count)
        columns.removeFirst(count)
    }

    mutating func dropLeadingSpace() {
        dropFirst(scalars.prefix { $0.isBlank }.count)
    }

    /// The text with lines in place of a part of it: one text for each of them.
    func replacing(_ range: Range<Int>, with lines: [[Unicode.Scalar]]) -> [ExpandedText] {
        let column = columns[range.lowerBound]
        let before = ExpandedText(
            scalars: Array(scalars[..<range.lowerBound]),
            columns: Array(columns[..<range.lowerBound]))
        var texts = [before]
        for (index, line) in lines.enumerated() {
            if index > 0 { texts.append(ExpandedText(scalars: [], columns: [])) }
            texts[index].scalars += line
            texts[index].columns += line.map { _ in column }
        }
        texts[texts.count - 1].scalars += scalars[range.upperBound...]
        texts[texts.count - 1].columns += columns[range.upperBound...]
        return texts
    }

    /// The name and the value, where the text is a definition: `$NAME=value`.
    var definition: (name: String, value: ArraySlice<Unicode.Scalar>)? {
        guard scalars.first == "$" else { return nil }
        let end = scalars.dropFirst().firstIndex { !$0.isNamePart } ?? scalars.endIndex
        guard end > 1, end < scalars.endIndex, scalars[end] == "=" else { return nil }
        return (
            String(String.UnicodeScalarView(scalars[1..<end])), scalars[(end + 1)...].trimmed
        )
    }

    /// `${NAME}` at a place, with what is between the braces.
    func braced(at start: Int) -> (range: Range<Int>, name: String)? {
        guard start + 1 < scalars.endIndex, scalars[start + 1] == "{",
            let end = scalars[start...].firstIndex(of: "}")
        else { return nil }
        let name = String(String.UnicodeScalarView(scalars[(start + 2)..<end]))
        return (start..<(end + 1), name)
    }
}

/// What stands before a line that is said several times: `~SEQ(NAME, …)`, `~LST(NAME, …)`.
struct Repetition: Sendable {
    /// The names that get a value each time.
    let names: [String]
    /// Their values, one list for each time.
    let values: [[String]]
    /// How many characters of the line it takes.
    let length: Int

    private static let limit = 65_536

    /// Reads one, where a line begins with it.
    ///
    /// - Parameters:
    ///   - text: The line.
    ///   - position: Where it begins.
    ///   - expand: Puts what they stand for in place of names.
    /// - Throws: `Remark`: it has no end, is not one that can be counted, or what `expand` says.
    init?(
        atStartOf text: ExpandedText, at position: Position,
        expanding expand: (String) throws(Remark) -> String
    ) throws(Remark) {
        guard text.scalars.first == "~" else { return nil }
        let line = String(String.UnicodeScalarView(text.scalars))
        guard let kind = ["~SEQ(", "~SEQx(", "~LST("].first(where: line.hasPrefix) else {
            throw .error(
                "'~' begins ~SEQ(NAME, START, STEP, END), ~SEQx or ~LST(NAME, VALUE, …)",
                at: position)
        }
        guard let end = text.scalars.firstIndex(of: ")") else {
            throw .error("\(kind.quoted) is not closed on its line", at: position)
        }
        length = end + 1
        let inner = try expand(String(String.UnicodeScalarView(text.scalars[kind.count..<end])))
        if kind == "~LST(" {
            let parts = Self.parts(of: inner)
            guard let first = parts.first, parts.count > 1 else {
                throw .error("~LST needs a name and values", at: position)
            }
            names = first
            values = Array(parts.dropFirst())
            guard values.allSatisfy({ $0.count == first.count }) else {
                throw .error(
                    "~LST: each value must be of \(first.count) part\(first.count == 1 ? "" : "s"),"
                        + " as the names are", at: position)
            }
        } else {
            let parts = inner.split(separator: ",", omittingEmptySubsequences: false)
                .map { String($0).trimmed }
            let numbers = try Self.sequence(parts.dropFirst(), at: position)
            names = [parts[0]]
            values = numbers.map { [kind == "~SEQx(" ? String($0, radix: 16) : "\($0)"] }
        }
        guard names.allSatisfy({ !$0.isEmpty && $0.unicodeScalars.allSatisfy(\.isNamePart) }) else {
            throw .error("\(kind.dropLast()) needs a name of letters, digits and '_'", at: position)
        }
    }

    /// `END`, `START, END` or `START, STEP, END`.
    private static func sequence(
        _ parts: ArraySlice<String>, at position: Position
    ) throws(Remark) -> [Int] {
        let numbers = parts.compactMap(number)
        guard numbers.count == parts.count, (1...3).contains(numbers.count), let end = numbers.last
        else {
            throw .error(
                "~SEQ needs a name and whole numbers: NAME, START, STEP, END; START and STEP may be"
                    + " left out", at: position)
        }
        let start = numbers.count > 1 ? numbers[0] : (end > 0 ? 1 : -1)
        let step = numbers.count > 2 ? numbers[1] : (end >= start ? 1 : -1)
        guard step != 0, (end - start).signum() * step.signum() >= 0 else {
            throw .error("~SEQ: steps of \(step) do not lead from \(start) to \(end)", at: position)
        }
        guard abs(end - start) / abs(step) < limit else {
            throw .error("~SEQ: more than \(limit) steps", at: position)
        }
        return Array(stride(from: start, through: end, by: step))
    }

    private static func number(_ text: String) -> Int? {
        let isNegative = text.hasPrefix("-")
        let digits = isNegative ? text.dropFirst() : text[...]
        let value = digits.hasPrefix("0x") ? Int32(digits.dropFirst(2), radix: 16) : Int32(digits)
        guard let value, value >= 0 else { return nil }
        return isNegative ? -Int(value) : Int(value)
    }

    /// The parts between commas, each of one text, or of several in braces.
    private static func parts(of text: String) -> [[String]] {
        var parts: [[String]] = []
        var rest = text[...]
        while true {
            rest = rest.drop { $0.isWhitespace }
            if rest.hasPrefix("{"), let end = rest.firstIndex(of: "}") {
                parts.append(
                    rest[rest.index(after: rest.startIndex)..<end]
                        .split(separator: ",", omittingEmptySubsequences: false)
                        .map { String($0).trimmed })
                rest = rest[rest.index(after: end)...]
            } else {
                parts.append([String(rest.prefix { $0 != "," }).trimmed])
            }
            guard let comma = rest.firstIndex(of: ",") else { return parts }
            rest = rest[rest.index(after: comma)...]
        }
    }
}

extension SourceLine {
    /// What stands before a comment of keepalived's language.
    var withoutComment: ArraySlice<Unicode.Scalar> {
        var quote: Unicode.Scalar?
        var isEscaped = false
        for index in scalars.indices {
            let scalar = scalars[index]
            if isEscaped {
                isEscaped = false
            } else if scalar == "\\", quote != "'" {
                isEscaped = true
            } else if let open = quote {
                if scalar == open { quote = nil }
            } else if scalar == "\"" || scalar == "'" {
                quote = scalar
            } else if Dialect.keepalived.commentMarks.contains(scalar) {
                return scalars[..<index]
            }
        }
        return scalars
    }
}

extension SourceLine {
    /// What is between spaces, quotes and braces being nothing special: the pattern of an `include` has
    /// braces of its own.
    ///
    /// - Parameter limit: As many words are enough.
    /// - Returns: The words, at most that many.
    func plainWords(limit: Int = .max) -> [Word] {
        var words: [Word] = []
        let text = columns == nil ? withoutComment : scalars
        var rest = text.drop { $0.isBlank }
        while !rest.isEmpty, words.count < limit {
            let word = rest.prefix { !$0.isBlank }
            words.append(
                Word(
                    text: String(String.UnicodeScalarView(word)),
                    position: position(at: word.startIndex)))
            rest = rest[word.endIndex...].drop { $0.isBlank }
        }
        return words
    }
}

extension ArraySlice<Unicode.Scalar> {
    /// Without space at both ends.
    var trimmed: ArraySlice<Unicode.Scalar> {
        var rest = drop { $0.isBlank }
        while let last = rest.last, last.isBlank { rest.removeLast() }
        return rest
    }
}

extension String {
    /// Without space at both ends.
    fileprivate var trimmed: String {
        String(String.UnicodeScalarView(Array(unicodeScalars)[...].trimmed))
    }
}

extension Unicode.Scalar {
    /// Whether it is a space or a control character that separates words.
    var isBlank: Bool { self == " " || (0x09...0x0D).contains(value) }

    /// Whether a name of a definition may have it.
    var isNamePart: Bool {
        self == "_" || ("0"..."9").contains(self) || ("A"..."Z").contains(self)
            || ("a"..."z").contains(self)
    }
}
