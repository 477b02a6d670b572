#if YAML
internal import Yams

extension YAMLReader {
    /// A place of Yams; a line that it counts behind the last is that one's end.
    func position(_ mark: Mark?) -> Position {
        guard let mark else { return .start }
        let row = min(max(mark.line, 1), lines.count) - 1
        let column = mark.line - 1 > row ? lines[row].count + 1 : mark.column
        return Position(line: row + 1, column: min(max(column, 1), lines[row].count + 1))
    }

    /// What is wrong with a text that is no YAML, at the place where a person would look for it.
    func remark(_ error: any Error) -> Remark {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _):
            remark(problem, at: position(mark), from: context.map { position($0.mark) })
        case YamlError.duplicatedKeysInMapping(_, let context):
            duplicate(at: position(context.mark))
        default: .error("this is no YAML (\(error))", at: .start)
        }
    }

    private func duplicate(at position: Position) -> Remark {
        let key = lines[position.line - 1][(position.column - 1)...].prefix { $0 != ":" }
        return .error(
            "the key \(String(String.UnicodeScalarView(key.trimmed)).quoted) comes again further"
                + " down in the same mapping; make one of the two longer, or make a list of them",
            at: position)
    }

    /// libyaml's words for a problem, its place, and the place where what it belongs to begins.
    private func remark(_ problem: String, at place: Position, from start: Position?) -> Remark {
        let start = start ?? place
        switch problem {
        case "found unexpected end of stream", "found unexpected document indicator":
            return .openQuote(at: start)
        case "found unknown escape character":
            let kind = lines[place.line - 1][(place.column - 1)...].dropFirst().first ?? " "
            return .error(
                "'\\\(kind)' stands for nothing in YAML; a backslash itself is '\\\\'", at: place)
        case "did not find expected hexdecimal number",
            "found invalid Unicode character escape code":
            return .error(
                "the number of a character is expected here, of 2 digits after '\\x', 4 after '\\u',"
                    + " 8 after '\\U'", at: place)
        case "mapping values are not allowed in this context": return misplacedColon(at: place)
        case "could not find expected ':'":
            return .error("a key and ':' are expected here", at: start)
        case "did not find expected key", "did not find expected <document start>":
            return misplaced(at: place)
        case "did not find expected '-' indicator":
            return .error("'-' is expected here, as before the other items of the list", at: place)
        case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
            guard !isAtEnd(place) else {
                return .error("this bracket is never closed", at: start)
            }
            return .error("\(problem.suffix(10)) is expected here", at: place)
        case "block sequence entries are not allowed in this context":
            return .error("a list begins on a line of its own", at: place)
        case _ where problem.hasPrefix("Maximum nesting level"): return .tooDeep(at: place)
        case _ where character(at: place)?.isBlank == true && problem.contains("character"):
            return .error("a tab before the text; YAML wants spaces", at: place)
        default:
            let indicators = "&*!|>%@`,]}:"
            return indicator("&!", at: start) ?? indicator(indicators, at: place)
                ?? .error("this is no YAML: \(problem)", at: place)
        }
    }

    private func character(at position: Position) -> Unicode.Scalar? {
        lines[position.line - 1][(position.column - 1)...].first
    }

    private func isAtEnd(_ position: Position) -> Bool {
        lines[position.line - 1][(position.column - 1)...].trimmed.isEmpty
            && lines[position.line...].allSatisfy { $0[...].trimmed.isEmpty }
    }

    /// A colon ends a second key on its line, or the first of one that cannot be a key where it stands.
    private func misplacedColon(at colon: Position) -> Remark {
        let before = lines[colon.line - 1][..<(colon.column - 1)]
        if zip(before, before.dropFirst()).contains(where: { $0 == ":" && $1.isBlank }) {
            return .error("': ' ends a key in YAML; inside of a value write ':\\ '", at: colon)
        }
        let start = Position(line: colon.line, column: before.prefix { $0.isBlank }.count + 1)
        return colon.column - start.column > 1024
            ? .error("a key has at most 1,024 characters", at: start) : .misplaced(at: start)
    }

    private func misplaced(at place: Position) -> Remark {
        guard character(at: place) != ":" else {
            return .error("a key is expected before this ':'", at: place)
        }
        let isFirst = lines[place.line - 1][..<(place.column - 1)].trimmed.isEmpty
        return isFirst
            ? .misplaced(at: place) : .error("nothing can follow on this line", at: place)
    }

    /// What there is to say about one of these characters at the beginning of a text, if it is there.
    func indicator(_ indicators: String, at position: Position) -> Remark? {
        guard let first = character(at: position), indicators.unicodeScalars.contains(first)
        else { return nil }
        return .indicator(first, at: position)
    }
}

extension Remark {
    static func tooDeep(at position: Position) -> Remark {
        .error("nested more than \(YAMLReader.depthLimit) deep", at: position)
    }

    static func openQuote(at position: Position) -> Remark {
        .error("this quote is not closed on its line", at: position)
    }

    static func misplaced(at position: Position) -> Remark {
        .error(
            "this line stands further in or out than it can; what belongs together begins in one"
                + " column", at: position)
    }

    static func indicator(_ first: Unicode.Scalar, at position: Position) -> Remark {
        let what =
            switch first {
            case "&", "*": "begins an anchor or its alias"
            case "!": "begins a tag"
            case "|", ">": "begins a text of several lines"
            default: "begins no text"
            }
        return .error(
            "in YAML '\(first)' \(what), which is not taken here; put quotes around the text",
            at: position)
    }
}
#endif
