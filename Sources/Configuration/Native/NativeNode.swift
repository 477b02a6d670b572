/// A part of a YAML file that is to be written; its texts are written already.
indirect enum NativeNode: Hashable, Sendable {
    case nothing
    case text(String)
    case sequence([NativeNode])
    case mapping([Pair])

    /// A key as it is written, and what YAML takes it for, which can be once in a mapping.
    struct Key: Hashable, Sendable {
        let text: String
        let name: String

        static func == (lhs: Key, rhs: Key) -> Bool { lhs.name == rhs.name }

        func hash(into hasher: inout Hasher) { hasher.combine(name) }
    }

    /// A key and its value.
    struct Pair: Hashable, Sendable {
        let key: Key
        let value: NativeNode
    }

    /// The lines of a collection; without what it belongs to.
    var lines: [String] {
        switch self {
        case .nothing: []
        case .text(let text): [text]
        case .mapping(let pairs): pairs.flatMap(\.lines)
        case .sequence(let items):
            items.flatMap { item in
                item.lines.enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
            }
        }
    }
}

extension NativeNode.Pair {
    /// The lines of the pair.
    var lines: [String] {
        switch value {
        case .nothing: ["\(key.text):"]
        case .text(let text): ["\(key.text): \(text)"]
        case .mapping([]), .sequence([]): ["\(key.text): {}"]
        case .mapping, .sequence: ["\(key.text):"] + value.lines.map { "  \($0)" }
        }
    }
}
