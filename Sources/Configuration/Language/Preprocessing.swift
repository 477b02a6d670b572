/// What lines of keepalived's language say about other lines: for which node they count, what a name
/// stands for, and what is said several times.
///
/// Works on text, as keepalived does: a name may stand for half a word, or for whole lines with braces.
/// keepalived.conf(5), "Conditional configuration and configuration id", "Parameter substitution",
/// "Sequence blocks", "List blocks".
struct Preprocessing: Sendable {
    /// The node's name, which `@NAME` at the beginning of a line asks for.
    let identity: String
    /// Where the first line stands that is for another node.
    private(set) var leftOut: Position?
    /// Whether a line named this node, or counts here because it is for all nodes but another.
    private(set) var isNamed = false
    /// For `${_ENV NAME}`.
    private let environment: Environment
    /// The folder of the file that is being read, for `${_PWD}`.
    var folder = ""
    /// What `$NAME=…` lines said so far, line by line.
    private var definitions: [String: [[Unicode.Scalar]]] = [:]
    /// A definition that goes on on the next line; without a name, one that counts for another node.
    private var open: (name: String?, lines: [[Unicode.Scalar]])?
    /// How many lines were made of others.
    private var madeCount = 0
    /// How many times lines were repeated or taken apart for that, also those that came to nothing.
    private var stepCount = 0
    /// How many characters were looked at for that.
    private var characterCount = 0
    private var random: NodeRandom

    /// Definitions may stand for each other, but not without end.
    private static let depthLimit = 64
    private static let replacementLimit = 1000
    private static let lineLimit = 16_384
    private static let madeLimit = 100_000
    private static let stepLimit = 200_000
    private static let characterLimit = 1 << 26

    init(identity: String, environment: Environment) {
        self.identity = identity
        self.environment = environment
        random = NodeRandom(of: identity)
    }

    /// Takes in one line.
    ///
    /// - Parameter line: The line as it stands in the file.
    /// - Returns: The lines to be read in its place.
    /// - Throws: `Remark`: what is wrong with a definition or a condition.
    mutating func take(_ line: SourceLine) throws(Remark) -> [SourceLine] {
        let stripped = line.withoutComment
        guard open == nil else {
            continueDefinition(stripped)
            return []
        }
        guard stripped.contains(where: { $0 == "$" || $0 == "@" || $0 == "~" }) else {
            return [line]
        }
        var made: [SourceLine] = []
        let text = ExpandedText(
            scalars: Array(stripped), columns: (0..<stripped.count).map { $0 + 1 })
        try process(text, of: line, into: &made, depth: 0)
        return made
    }

    /// Ends a definition whose last line asks for another one.
    mutating func endFile() {
        guard let (name, lines) = open else { return }
        if let name { definitions[name] = lines }
        open = nil
    }

    private mutating func continueDefinition(_ line: ArraySlice<Unicode.Scalar>) {
        let text = line.trimmed
        guard !text.isEmpty else { return }
        let goesOn = text.last == "\\"
        open?.lines.append(Array((goesOn ? text.dropLast() : text).trimmed))
        if !goesOn { endFile() }
    }

    private mutating func process(
        _ text: ExpandedText, of line: SourceLine, into made: inout [SourceLine], depth: Int
    ) throws(Remark) {
        var text = text
        for _ in 0..<Self.replacementLimit {
            text.dropLeadingSpace()
            guard let first = text.scalars.first else { return }
            let position = line.position(column: text.columns[0])
            try countCharacters(of: text, at: position)
            guard depth <= Self.depthLimit, text.scalars.count <= Self.lineLimit else {
                throw .error(
                    "what stands for this grows without end, or beyond \(Self.lineLimit) characters",
                    at: position)
            }
            if first == "@" {
                guard try takeCondition(of: &text, at: position) else { return }
                continue
            }
            if try define(text, at: position) { return }
            if let repetition = try Repetition(
                atStartOf: text, at: position,
                expanding: { inner throws(Remark) in try self.inlined(inner, at: position) })
            {
                return try process(repetition, text, of: line, into: &made, depth: depth)
            }
            guard let use = nextUse(in: text) else { return try emit(text, line, &made, position) }
            let pieces = text.replacing(use.range, with: use.value)
            guard pieces.count > 1 else {
                text = pieces[0]
                continue
            }
            try countSteps(pieces.count, at: position)
            for piece in pieces { try process(piece, of: line, into: &made, depth: depth + 1) }
            return
        }
        throw .error(
            "what stands for this names itself", at: line.position(column: text.columns.first ?? 1))
    }

    private mutating func emit(
        _ text: ExpandedText, _ line: SourceLine, _ made: inout [SourceLine], _ position: Position
    ) throws(Remark) {
        madeCount += 1
        guard madeCount <= Self.madeLimit else {
            throw .error("definitions make more than \(Self.madeLimit) lines", at: position)
        }
        made.append(line.expanded(to: text))
    }

    /// `@NAME rest` counts on the node of this name, `@^NAME rest` on all others.
    ///
    /// - Returns: Whether it counts here; the text is the rest then.
    private mutating func takeCondition(
        of text: inout ExpandedText, at position: Position
    ) throws(Remark) -> Bool {
        let isNegated = text.scalars.dropFirst().first == "^"
        let start = isNegated ? 2 : 1
        let end = text.scalars[start...].firstIndex { $0.isBlank } ?? text.scalars.endIndex
        let name = String(String.UnicodeScalarView(text.scalars[start..<end]))
        guard !name.isEmpty else {
            throw .error("'@' needs the name of a node right after it", at: position)
        }
        let counts = (name == identity) != isNegated
        if counts || name == identity { isNamed = true } else { leftOut = leftOut ?? position }
        text.dropFirst(end)
        text.dropLeadingSpace()
        // A definition of several lines is skipped as a whole.
        if !counts, text.definition != nil, text.scalars.last == "\\" { open = (nil, []) }
        return counts
    }

    /// `$NAME=value` up to the end of the line, or over several that end in `\`.
    private mutating func define(
        _ text: ExpandedText, at position: Position
    ) throws(Remark) -> Bool {
        guard let (name, value) = text.definition else { return false }
        guard value.last == "\\" else {
            definitions[name] = [Array(value.trimmed)]
            return true
        }
        let first = Array(value.dropLast().trimmed)
        open = (name, first.isEmpty ? [] : [first])
        return true
    }

    private mutating func process(
        _ repetition: Repetition, _ text: ExpandedText, of line: SourceLine,
        into made: inout [SourceLine], depth: Int
    ) throws(Remark) {
        var rest = text
        rest.dropFirst(repetition.length)
        let position = line.position(column: text.columns[0])
        try countSteps(repetition.values.count, at: position)
        let outer = definitions
        for values in repetition.values {
            for (name, value) in zip(repetition.names, values) {
                definitions[name] = [Array(value.unicodeScalars)]
            }
            try process(rest, of: line, into: &made, depth: depth + 1)
        }
        for name in repetition.names { definitions[name] = outer[name] }
    }

    private mutating func countSteps(_ count: Int, at position: Position) throws(Remark) {
        stepCount += count
        guard stepCount > Self.stepLimit else { return }
        throw .error(
            "definitions and repetitions take more than \(Self.stepLimit) steps", at: position)
    }

    private mutating func countCharacters(
        of text: ExpandedText, at position: Position
    ) throws(Remark) {
        characterCount += text.scalars.count
        guard characterCount > Self.characterLimit else { return }
        throw .error(
            "definitions and repetitions go through more than \(Self.characterLimit) characters",
            at: position)
    }

    /// A text with the names in it replaced that stand for one line; for what is inside of `~SEQ(…)`.
    private mutating func inlined(_ text: String, at position: Position) throws(Remark) -> String {
        var result = text
        for (name, lines) in definitions where lines.count == 1 && result.contains("$") {
            let pieces = result.split(separator: "${\(name)}", omittingEmptySubsequences: false)
            let count = result.utf8.count + (pieces.count - 1) * lines[0].count
            characterCount += result.utf8.count
            guard count <= Self.lineLimit else {
                throw .error(
                    "what stands for names between these brackets is longer than"
                        + " \(Self.lineLimit) characters", at: position)
            }
            result = pieces.joined(separator: String(String.UnicodeScalarView(lines[0])))
        }
        return result
    }

    /// The first name in a text that stands for something.
    private mutating func nextUse(
        in text: ExpandedText
    ) -> (range: Range<Int>, value: [[Unicode.Scalar]])? {
        let scalars = text.scalars
        for start in scalars.indices
        where scalars[start] == "$" && (start == 0 || scalars[start - 1] != "\\") {
            if let (range, name) = text.braced(at: start) {
                if let value = definitions[name] ?? builtIn(name) { return (range, value) }
                continue
            }
            // Without braces, up to a space.
            let end = scalars[(start + 1)...].firstIndex { !$0.isNamePart } ?? scalars.endIndex
            guard end > start + 1, end == scalars.endIndex || scalars[end].isBlank,
                let value = definitions[
                    String(String.UnicodeScalarView(scalars[(start + 1)..<end]))]
            else { continue }
            return (start..<end, value)
        }
        return nil
    }

    /// keepalived.conf(5), "Pre-defined definitions".
    private mutating func builtIn(_ text: String) -> [[Unicode.Scalar]]? {
        let words = text.split(separator: " ")
        guard let name = words.first, name.hasPrefix("_") else { return nil }
        let value: String
        switch (name, words.count) {
        case ("_PWD", 1): value = folder
        case ("_INSTANCE", 1): value = identity
        case ("_HASH", 1): value = "#"
        case ("_BANG", 1): value = "!"
        case ("_ENV", 2):
            guard let found = environment[String(words[1])] else { return nil }
            value = found
        case ("_RANDOM", 1...3):
            let lowest = words.count > 1 ? UInt32(words[1]) : 0
            let highest = words.count > 2 ? UInt32(words[2]) : 32_767
            guard let lowest, let highest, lowest <= highest else { return nil }
            value = "\(random.next(in: lowest...highest))"
        default: return nil
        }
        return [Array(value.unicodeScalars)]
    }
}

/// Numbers that are the same on each reading, and others on another node.
///
/// So a reload of a file that uses `${_RANDOM}` changes nothing by itself.
private struct NodeRandom: Hashable, Sendable {
    private var state: UInt64

    /// FNV-1a over the node's name.
    init(of identity: String) {
        state = identity.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// SplitMix64.
    mutating func next(in range: ClosedRange<UInt32>) -> UInt32 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return range.lowerBound
            + UInt32(mixed % (UInt64(range.upperBound - range.lowerBound) + 1))
    }
}
