#if Program
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
    /// The expression is found in it (`reg`); in a header's name it finds nothing.
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

    var expression: RegularExpression? {
        if case .matches(let expression) = self { return expression }
        return nil
    }

    func matches(_ text: String, ignoringCase: Bool) -> Bool {
        let folded = { (text: String) in ignoringCase ? text.lowercased() : text }
        let text = folded(text)
        return switch self {
        case .exact(let wanted): text == folded(wanted)
        case .prefix(let wanted): text.hasPrefix(folded(wanted))
        case .suffix(let wanted): text.hasSuffix(folded(wanted))
        case .contains(let wanted): wanted.isEmpty || text.contains(folded(wanted))
        case .matches: false
        }
    }
}

extension String {
    /// The items of a value that is a list.
    ///
    /// RFC 9110 §5.6.1.
    var listItems: [String] {
        split(separator: ",", omittingEmptySubsequences: false).map { item in
            let start = item.drop { $0 == " " || $0 == "\t" }
            let end = start.lastIndex { $0 != " " && $0 != "\t" }
            return end.map { String(start[...$0]) } ?? ""
        }
    }
}
#endif
