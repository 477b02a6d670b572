/// A part of a YAML file, with its places.
enum YAMLNode: Sendable {
    /// No value.
    case nothing(Position)
    /// A text.
    case scalar(YAMLScalar)
    /// A list.
    case sequence([YAMLNode], Position)
    /// Keys and values, in the order of the file.
    case mapping([YAMLPair], Position)

    /// Where it begins.
    var position: Position {
        switch self {
        case .nothing(let position), .sequence(_, let position), .mapping(_, let position): position
        case .scalar(let scalar): scalar.position
        }
    }
}

/// A key and its value.
struct YAMLPair: Sendable {
    let key: YAMLScalar
    let value: YAMLNode
}

/// A text of a YAML file: one word where it is quoted as a whole, otherwise the words of a line.
struct YAMLScalar: Sendable {
    var words: [Word]
    let position: Position

    /// The text as messages show it.
    var text: String { words.map(\.text).joined(separator: " ") }

    /// Whether it is one of YAML's ways to write that there is no value.
    var isNothing: Bool {
        guard words.count == 1, !words[0].isQuoted else { return false }
        return words[0].text == "null" || words[0].text == "~"
    }
}

extension Dialect {
    /// The words of a plain scalar of native YAML: haproxy's quotes and escapes, without comments, which
    /// YAML takes off before.
    static let native = Dialect(
        commentMarks: [], hasBlocks: false, controlEscapes: haproxy.controlEscapes,
        escapable: haproxy.escapable, escapableInQuotes: haproxy.escapableInQuotes)
}

extension Word {
    /// A word wherever it stands.
    struct Spelling: Hashable {
        let text: String
        let isQuoted: Bool
    }

    /// The word without its place.
    var spelling: Spelling { Spelling(text: text, isQuoted: isQuoted) }
}
