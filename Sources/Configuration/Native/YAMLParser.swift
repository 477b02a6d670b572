/// Reads the part of YAML that configurations are written in: mappings, lists and scalars, plain or
/// quoted, in blocks or in brackets on one line, and several documents.
///
/// What else YAML has (anchors, tags, block scalars, complex keys) is refused by name. YAML 1.2.2.
struct YAMLParser {
    /// No file has reason to nest deeper.
    static let depthLimit = 32

    private var lines: [YAMLLine] = []
    private var next = 0
    private(set) var remarks: [Remark] = []

    /// Reads a whole text.
    ///
    /// - Parameter text: The text.
    /// - Returns: Its documents, up to the first place that is no YAML, and what is wrong with them.
    static func parse(_ text: SourceText) -> (documents: [YAMLNode], remarks: [Remark]) {
        var parser = YAMLParser()
        var documents: [YAMLNode] = []
        do throws(Remark) {
            for line in text.lines {
                if let line = try YAMLLine(line) { parser.lines.append(line) }
            }
            while let line = parser.upcoming {
                guard !line.isMarker else {
                    parser.next += 1
                    continue
                }
                documents.append(try parser.block(parent: -1, depth: 0))
                if let line = parser.upcoming, !line.isMarker { throw line.misplaced }
            }
        } catch {
            parser.remarks.append(error)
        }
        return (documents, parser.remarks)
    }

    private var upcoming: YAMLLine? { next < lines.count ? lines[next] : nil }

    /// The next line, if it belongs to what is further out than it by at least one column.
    private func upcoming(beyond indentation: Int) -> YAMLLine? {
        guard let line = upcoming, !line.isMarker, line.indentation > indentation else {
            return nil
        }
        return line
    }

    /// What begins on the next line; `parent` is the indentation of what it belongs to.
    private mutating func block(parent: Int, depth: Int) throws(Remark) -> YAMLNode {
        let line = lines[next]
        guard depth <= Self.depthLimit else {
            throw .error("nested more than \(Self.depthLimit) deep", at: line.position)
        }
        if line.isItem { return try sequence(line.indentation, depth) }
        var scanner = YAMLScanner(line)
        if try scanner.key() != nil { return try mapping(line.indentation, depth) }
        scanner = YAMLScanner(line)
        defer { remarks += scanner.remarks }
        return try value(&scanner, parent: parent)
    }

    private mutating func sequence(_ indentation: Int, _ depth: Int) throws(Remark) -> YAMLNode {
        let position = lines[next].position
        var items: [YAMLNode] = []
        while let line = upcoming, !line.isMarker, line.indentation == indentation, line.isItem {
            if let rest = line.afterDash {
                lines[next] = rest
                items.append(try block(parent: indentation, depth: depth + 1))
            } else {
                next += 1
                items.append(
                    upcoming(beyond: indentation) == nil
                        ? .nothing(line.position)
                        : try block(parent: indentation, depth: depth + 1))
            }
        }
        if let line = upcoming(beyond: indentation) { throw line.misplaced }
        return .sequence(items, position)
    }

    private mutating func mapping(_ indentation: Int, _ depth: Int) throws(Remark) -> YAMLNode {
        let position = lines[next].position
        var pairs: [YAMLPair] = []
        var places: [[Word.Spelling]: Int] = [:]
        while let line = upcoming, !line.isMarker, line.indentation == indentation, !line.isItem {
            var scanner = YAMLScanner(line)
            guard let key = try scanner.key() else {
                throw .error("a key and ':' are expected here", at: line.position)
            }
            if let earlier = places.updateValue(line.number, forKey: key.words.map(\.spelling)) {
                throw .error(
                    "the key \(key.text.quoted) is already on line \(earlier); make one of the two"
                        + " longer, or make a list of them", at: key.position)
            }
            let value =
                try scanner.isAtEnd
                ? nested(after: line, indentation, depth) : value(&scanner, parent: indentation)
            remarks += scanner.remarks
            pairs.append(YAMLPair(key: key, value: value))
        }
        if let line = upcoming, !line.isMarker, line.indentation >= indentation {
            throw line.misplaced
        }
        return .mapping(pairs, position)
    }

    /// The value of a key that has nothing behind it: further in, or a list right below.
    private mutating func nested(
        after line: YAMLLine, _ indentation: Int, _ depth: Int
    ) throws(Remark) -> YAMLNode {
        next += 1
        if upcoming(beyond: indentation) != nil {
            return try block(parent: indentation, depth: depth + 1)
        }
        if let item = upcoming, !item.isMarker, item.isItem, item.indentation == indentation {
            return try sequence(indentation, depth + 1)
        }
        return .nothing(line.position)
    }

    /// A value that begins on the line of its key or dash; plain text may go on further in.
    private mutating func value(
        _ scanner: inout YAMLScanner, parent: Int
    ) throws(Remark) -> YAMLNode {
        next += 1
        let isPlain = try scanner.isPlain
        var node = try scanner.value()
        guard isPlain, case .scalar(var scalar) = node else { return node }
        while let line = upcoming(beyond: parent), !line.isItem {
            var further = YAMLScanner(line)
            guard try further.key() == nil else { throw line.misplaced }
            further = YAMLScanner(line)
            guard try further.isPlain, case .scalar(let rest) = try further.value() else {
                throw line.misplaced
            }
            remarks += further.remarks
            scalar.words += rest.words
            next += 1
        }
        node = scalar.isNothing ? .nothing(scalar.position) : .scalar(scalar)
        return node
    }
}

/// A line of a YAML file that says something.
struct YAMLLine {
    let number: Int
    /// Columns before its text.
    let indentation: Int
    /// Its text, up to the last character that is no space.
    let scalars: [Unicode.Scalar]

    private init(number: Int, indentation: Int, scalars: [Unicode.Scalar]) {
        (self.number, self.indentation, self.scalars) = (number, indentation, scalars)
    }

    /// Takes in a line; `nil` if there is nothing on it but space and a comment.
    init?(_ line: SourceLine) throws(Remark) {
        let text = line.scalars.trimmed
        guard let first = text.first, first != "#" else { return nil }
        let indentation = line.scalars.prefix { $0.isBlank }
        if let tab = indentation.firstIndex(where: { $0 != " " }) {
            throw .error("a tab before the text; YAML wants spaces", at: line.position(at: tab))
        }
        self.init(number: line.number, indentation: indentation.count, scalars: Array(text))
    }

    var position: Position { position(at: 0) }

    func position(at index: Int) -> Position {
        Position(line: number, column: indentation + index + 1)
    }

    /// Whether it ends or begins a document.
    var isMarker: Bool {
        guard indentation == 0, scalars.count >= 3, scalars[0] == "-" || scalars[0] == ".",
            scalars[1] == scalars[0], scalars[2] == scalars[0]
        else { return false }
        return scalars.count == 3 || scalars[3].isBlank && scalars[3...].trimmed.first == "#"
    }

    /// Whether it is an item of a list.
    var isItem: Bool { scalars[0] == "-" && (scalars.count == 1 || scalars[1].isBlank) }

    /// What follows the dash of an item, as a line of its own.
    var afterDash: YAMLLine? {
        guard let start = scalars.indices.dropFirst().first(where: { !scalars[$0].isBlank }),
            scalars[start] != "#"
        else { return nil }
        return YAMLLine(
            number: number, indentation: indentation + start, scalars: Array(scalars[start...]))
    }

    /// It stands where nothing can.
    var misplaced: Remark {
        .error(
            "this line stands further in or out than it can; what belongs together begins in one"
                + " column", at: position)
    }
}
