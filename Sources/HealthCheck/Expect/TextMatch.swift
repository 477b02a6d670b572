#if Probes
public import Expressions

/// How a text is compared, as haproxy's `-m` has it.
public enum TextMatch: Sendable, CustomStringConvertible {
    /// It is this (`str`).
    case exact(String)
    /// It begins with this (`beg`).
    case prefix(String)
    /// It ends with this (`end`).
    case suffix(String)
    /// It has this in it (`sub`).
    case contains(String)
    /// The expression is found in it (`reg`).
    case matches(RegularExpression)

    /// The comparison in haproxy's words.
    public var description: String {
        switch self {
        case .exact(let text): "'\(text)'"
        case .prefix(let text): "-m beg '\(text)'"
        case .suffix(let text): "-m end '\(text)'"
        case .contains(let text): "-m sub '\(text)'"
        case .matches(let expression): "-m reg '\(expression)'"
        }
    }

    var isExpression: Bool {
        if case .matches = self { return true }
        return false
    }

    /// Whether a text is so; `nil` where an expression's search was ended.
    ///
    /// Whether an expression ignores case, it says itself.
    func matches(_ text: String, ignoringCase: Bool, unless isUnwanted: () -> Bool) -> Bool? {
        let folded = { (text: String) in ignoringCase ? text.lowercased() : text }
        switch self {
        case .exact(let wanted): return folded(text) == folded(wanted)
        case .prefix(let wanted): return folded(text).hasPrefix(folded(wanted))
        case .suffix(let wanted): return folded(text).hasSuffix(folded(wanted))
        case .contains(let wanted): return wanted.isEmpty || folded(text).contains(folded(wanted))
        case .matches(let expression):
            return expression.isFound(in: Array(text.utf8), unless: isUnwanted)
        }
    }
}

/// The name and, if asked for, the value of a header.
struct HeaderMatch: Sendable {
    let name: TextMatch
    let value: TextMatch?
    /// Whether a value counts as a whole, and not item by item.
    let isWhole: Bool

    /// Whether one header is so; each value for itself.
    func search(in headers: [(name: String, value: String)]) -> Search {
        guard name.isExpression || value?.isExpression ?? false else {
            return .found(isFound(in: headers) { false } ?? false)
        }
        return .needsThread { isFound(in: headers, unless: $0) }
    }

    private func isFound(
        in headers: [(name: String, value: String)], unless isUnwanted: () -> Bool
    ) -> Bool? {
        for header in headers {
            guard
                let isNamed = name.matches(
                    header.name, ignoringCase: true, unless: isUnwanted)
            else { return nil }
            guard isNamed else { continue }
            guard let value else { return true }
            for item in isWhole ? [header.value] : header.value.listItems {
                guard
                    let isFound = value.matches(
                        item, ignoringCase: false, unless: isUnwanted)
                else { return nil }
                if isFound { return true }
            }
        }
        return false
    }
}

extension String {
    /// The items of a value that is a list; a comma between quotes ends none.
    ///
    /// RFC 9110 §5.6.1, §5.6.4.
    var listItems: [String] {
        var items: [[UInt8]] = [[]]
        var isQuoted = false
        var isEscaped = false
        for byte in utf8 {
            if byte == UInt8(ascii: ","), !isQuoted {
                items.append([])
                continue
            }
            if byte == UInt8(ascii: "\""), !isEscaped { isQuoted.toggle() }
            isEscaped = byte == UInt8(ascii: "\\") && isQuoted && !isEscaped
            items[items.count - 1].append(byte)
        }
        return items.map { item in
            let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
            let end = item.lastIndex { !isSpace($0) } ?? -1
            return String(decoding: item[...end].drop(while: isSpace), as: UTF8.self)
        }
    }
}
#endif
