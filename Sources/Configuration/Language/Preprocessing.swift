/// What lines of keepalived's language say about other lines: for which node they count, and what a
/// name stands for.
///
/// keepalived.conf(5), "Conditional configuration and configuration id", "Parameter substitution".
struct Preprocessing: Sendable {
    /// The node's name, which `@NAME` at the beginning of a line asks for.
    var identity: String
    /// What `$NAME=…` lines said so far.
    var definitions: [String: String] = [:]

    /// A text that is inserted must not grow without end.
    private static let valueLimit = 16_384

    /// What is left of a line to be read.
    enum Outcome {
        /// From this index on.
        case from(Int)
        /// Nothing: it counts for another node, or was a definition.
        case nothing
    }

    /// Takes in one line.
    mutating func take(_ line: SourceLine) throws(Remark) -> Outcome {
        guard let start = Self.firstIndex(in: line, from: line.scalars.startIndex) else {
            return .nothing
        }
        switch line.scalars[start] {
        case "@": return try condition(line, start)
        case "$": return try definition(line, start)
        default: return .from(start)
        }
    }

    /// `@NAME rest` counts on the node of this name, `@^NAME rest` on all others.
    private mutating func condition(_ line: SourceLine, _ start: Int) throws(Remark) -> Outcome {
        var index = start + 1
        let isNegated = index < line.scalars.endIndex && line.scalars[index] == "^"
        if isNegated { index += 1 }
        let end =
            line.scalars[index...].firstIndex { $0 == " " || $0 == "\t" } ?? line.scalars.endIndex
        let name = String(String.UnicodeScalarView(line.scalars[index..<end]))
        guard !name.isEmpty else {
            throw .error(
                "'@' needs the name of a node right after it", at: line.position(at: start))
        }
        guard (name == identity) != isNegated,
            let rest = Self.firstIndex(in: line, from: end)
        else { return .nothing }
        return line.scalars[rest] == "$" ? try definition(line, rest) : .from(rest)
    }

    /// `$NAME=value` up to the end of the line or a comment.
    private mutating func definition(_ line: SourceLine, _ start: Int) throws(Remark) -> Outcome {
        let nameEnd =
            line.scalars[(start + 1)...].firstIndex { !Self.isNamePart($0) }
            ?? line.scalars.endIndex
        guard nameEnd > start + 1, nameEnd < line.scalars.endIndex, line.scalars[nameEnd] == "="
        else { return .from(start) }
        let name = String(String.UnicodeScalarView(line.scalars[(start + 1)..<nameEnd]))
        let rest = line.scalars[(nameEnd + 1)...]
        let end = rest.firstIndex { $0 == "#" || $0 == "!" } ?? rest.endIndex
        var value = Array(rest[..<end])
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        if value.last == "\\" {
            throw .error(
                "a definition of several lines is known but not implemented yet; write it on one",
                at: line.position(at: start))
        }
        let text = expanded(String(String.UnicodeScalarView(value.drop { $0 == " " })))
        guard text.utf8.count <= Self.valueLimit else {
            throw .error(
                "the definition is longer than \(Self.valueLimit) bytes",
                at: line.position(at: start))
        }
        definitions[name] = text
        return .nothing
    }

    /// The text with what is defined by now in place of `${NAME}`.
    private func expanded(_ text: String) -> String {
        var result = text
        for (name, value) in definitions where result.contains("${\(name)}") {
            result = result.replacing("${\(name)}", with: value)
        }
        return result
    }

    private static func firstIndex(in line: SourceLine, from index: Int) -> Int? {
        line.scalars[index...].firstIndex { $0 != " " && !(0x09...0x0D).contains($0.value) }
    }

    private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || ("0"..."9").contains(scalar) || ("A"..."Z").contains(scalar)
            || ("a"..."z").contains(scalar)
    }
}
