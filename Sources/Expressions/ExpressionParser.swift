/// Reads an expression into a tree.
///
/// pcre2pattern(3), without UTF-8 and without what needs to go back.
struct ExpressionParser {
    /// What `(?imsx)` switches.
    struct Options {
        var ignoresCase: Bool
        var isMultiline = false
        var dotTakesNewlines = false
        var isExtended = false
    }

    private let pattern: [UInt8]
    var position = 0
    private(set) var options: Options
    /// Whether the parser stands between `\Q` and `\E`.
    var isQuoting = false
    private var depth = 0

    private static let depthLimit = 100

    init(_ pattern: [UInt8], ignoringCase: Bool) {
        self.pattern = pattern
        options = Options(ignoresCase: ignoringCase)
    }

    mutating func parse() throws(ExpressionError) -> Node {
        let node = try choice()
        guard upcoming == nil else { throw error("')' closes no group", at: position) }
        return node
    }

    var upcoming: UInt8? { position < pattern.count ? pattern[position] : nil }

    /// The byte after the upcoming one.
    var following: UInt8? { position + 1 < pattern.count ? pattern[position + 1] : nil }

    func error(_ reason: String, at offset: Int) -> ExpressionError {
        ExpressionError(reason: reason, offset: offset)
    }

    /// Takes the text off the front where it is next.
    mutating func take(_ text: String) -> Bool {
        guard pattern[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    func folded(_ set: ByteSet) -> ByteSet { options.ignoresCase ? set.ignoringCase : set }

    // MARK: Choices and sequences

    /// Everything up to the end or to the `)` of the group that it stands in.
    private mutating func choice() throws(ExpressionError) -> Node {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else {
            throw error("more than \(Self.depthLimit) groups in each other", at: position)
        }
        let outer = options
        defer { options = outer }
        var choices: [Node] = []
        repeat { choices.append(try sequence()) } while take("|")
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(ExpressionError) -> Node {
        var nodes: [Node] = []
        while let next = upcoming {
            if isQuoting {
                nodes.append(try quantified(quoted(next)))
                continue
            }
            switch next {
            case UInt8(ascii: "|"), UInt8(ascii: ")"): return .sequence(nodes)
            case _ where options.isExtended && skipped(next): continue
            default: nodes.append(try quantified(try atom(next)))
            }
        }
        return .sequence(nodes)
    }

    /// Passes over space and comments, where `(?x)` holds.
    private mutating func skipped(_ next: UInt8) -> Bool {
        if ByteSet.space.contains(next) {
            position += 1
            return true
        }
        guard next == UInt8(ascii: "#") else { return false }
        while let byte = upcoming, byte != 0x0A { position += 1 }
        return true
    }

    private mutating func quoted(_ next: UInt8) -> Node {
        position += 1
        // A quantifier after the end belongs to the last byte.
        if take("\\E") { isQuoting = false }
        return .byte(folded(ByteSet(next...next)))
    }

    // MARK: Atoms

    private mutating func atom(_ next: UInt8) throws(ExpressionError) -> Node {
        let begin = position
        switch next {
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "["): return .byte(try byteClass())
        case UInt8(ascii: "\\"): return try escape()
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"):
            throw error("there is nothing before it to repeat", at: begin)
        case UInt8(ascii: "{") where repetition() != nil:
            throw error("there is nothing before it to repeat", at: begin)
        default: break
        }
        position += 1
        switch next {
        case UInt8(ascii: "."):
            return .byte(options.dotTakesNewlines ? .all : ByteSet.newline.inverted)
        case UInt8(ascii: "^"): return .place(options.isMultiline ? .lineStart : .start)
        case UInt8(ascii: "$"): return .place(options.isMultiline ? .lineEnd : .lastLineEnd)
        default: return .byte(folded(ByteSet(next...next)))
        }
    }

    private mutating func group() throws(ExpressionError) -> Node {
        let begin = position
        let outer = options
        position += 1
        if take("*") { throw error("verbs (*…) are not offered", at: begin) }
        if take("?#") {
            while let byte = upcoming, byte != UInt8(ascii: ")") { position += 1 }
            return try closed(.empty, begin)
        }
        if take("?"), !(try groupOpening(begin)) { return .empty }
        let node = try choice()
        options = outer
        return try closed(node, begin)
    }

    private mutating func closed(_ node: Node, _ begin: Int) throws(ExpressionError) -> Node {
        guard take(")") else { throw error("the group has no ')'", at: begin) }
        return node
    }

    /// What follows `(?`: whether a group begins, or options hold from here on.
    private mutating func groupOpening(_ begin: Int) throws(ExpressionError) -> Bool {
        for text in ["=", "!", "<=", "<!", ">", "|", "R", "&", "("]
        where take(text) {
            throw error(
                "'(?\(text)' is not offered: a search goes through the bytes once", at: begin)
        }
        if take(":") { return true }
        for (opening, closing) in [("P<", ">"), ("<", ">"), ("'", "'")]
        where take(opening) {
            while let byte = upcoming, ByteSet.word.contains(byte) { position += 1 }
            guard take(closing) else { throw error("the group's name has no end", at: begin) }
            return true
        }
        return try switchOptions(begin)
    }

    /// `imsx-imsx`, with `)` for what follows in the enclosing group, or with `:` for a group.
    private mutating func switchOptions(_ begin: Int) throws(ExpressionError) -> Bool {
        var isOn = true
        while let byte = upcoming {
            position += 1
            switch byte {
            case UInt8(ascii: "i"): options.ignoresCase = isOn
            case UInt8(ascii: "m"): options.isMultiline = isOn
            case UInt8(ascii: "s"): options.dotTakesNewlines = isOn
            case UInt8(ascii: "x"): options.isExtended = isOn
            case UInt8(ascii: "-") where isOn: isOn = false
            case UInt8(ascii: ")"): return false
            case UInt8(ascii: ":"): return true
            default:
                throw error(
                    "'(?' is followed by what is not offered; groups are (…), (?:…), (?<name>…)"
                        + " and (?i:…)", at: begin)
            }
        }
        throw error("the group has no ')'", at: begin)
    }

    // MARK: Repetition

    private mutating func quantified(_ node: Node) throws(ExpressionError) -> Node {
        guard !isQuoting else { return node }
        while options.isExtended, let next = upcoming, skipped(next) {}
        let begin = position
        guard let bounds = repetition() else { return node }
        switch node {
        case .place, .empty: throw error("there is nothing before it to repeat", at: begin)
        case .byte, .sequence, .choice, .repeated: position = bounds.end
        }
        guard bounds.most.map({ $0 >= bounds.least }) ?? true else {
            throw error("the least number of repetitions is above the most", at: begin)
        }
        if take("+") {
            throw error("a quantifier that gives nothing back (with '+') is not offered", at: begin)
        }
        _ = take("?")
        guard repetition() == nil else {
            throw error("there is nothing before it to repeat", at: position)
        }
        return .repeated(node, least: bounds.least, most: bounds.most)
    }

    /// The quantifier that is next, and where it ends; `nil`: none, `{` may be a plain character.
    private func repetition() -> (least: Int, most: Int?, end: Int)? {
        switch upcoming {
        case UInt8(ascii: "*"): return (0, nil, position + 1)
        case UInt8(ascii: "+"): return (1, nil, position + 1)
        case UInt8(ascii: "?"): return (0, 1, position + 1)
        case UInt8(ascii: "{"): break
        default: return nil
        }
        guard let end = pattern[position...].firstIndex(of: UInt8(ascii: "}")) else { return nil }
        let bounds = pattern[(position + 1)..<end].split(
            separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard bounds.count <= 2, let least = number(bounds[0]) else { return nil }
        guard bounds.count == 2 else { return (least, least, end + 1) }
        if bounds[1].isEmpty { return (least, nil, end + 1) }
        return number(bounds[1]).map { (least, $0, end + 1) }
    }

    private func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...5).contains(digits.count), digits.allSatisfy(ByteSet.digits.contains) else {
            return nil
        }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
