/// One thing that is wrong, doubtful or worth knowing about a place in a configuration file.
///
/// Prints as `FILE:LINE:COLUMN: error: TEXT`, the form that editors and compilers share.
public struct Diagnostic: Error, Hashable, Sendable {
    /// How bad it is.
    public enum Severity: String, Hashable, Sendable, Codable, CaseIterable {
        /// The configuration cannot be used.
        case error
        /// The configuration can be used, but does not do all that it says.
        case warning
        /// The program does something that the text alone does not tell.
        case note
    }

    /// How bad it is.
    public let severity: Severity
    /// The file as the user named it.
    public let file: String
    /// The line, the first is 1; 0: it is about the files as a whole.
    public let line: Int
    /// The column, the first is 1; counts Unicode scalars, not bytes.
    public let column: Int
    /// What is wrong, on what, and what would be right.
    public let message: String
    /// The known word that is nearest to the unknown one.
    public let suggestion: String?

    /// Makes a diagnostic about a place in a file; line and column are counted from 1.
    public init(
        _ severity: Severity, file: String, line: Int = 1, column: Int = 1, message: String,
        suggestion: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.suggestion = suggestion
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `FILE:LINE:COLUMN: SEVERITY: TEXT`, with `; did you mean 'WORD'?` where there is one.
    public var description: String {
        let hint = suggestion.map { "; did you mean '\($0)'?" } ?? ""
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        return "\(place): \(severity.rawValue): \(message)\(hint)"
    }
}

extension [Diagnostic] {
    /// The same, with one line for each warning that a file gets several times in the same words.
    ///
    /// A file of a distribution names seven error pages; whoever reads seven lines about them does not read
    /// the eighth about something else.
    public var condensed: [Diagnostic] {
        var kept: [Diagnostic] = []
        var places: [Wording: (index: Int, further: [Int])] = [:]
        for diagnostic in self {
            let kind = Wording(
                file: diagnostic.file, message: diagnostic.message,
                suggestion: diagnostic.suggestion)
            if diagnostic.severity == .warning, places[kind] != nil {
                places[kind]?.further.append(diagnostic.line)
                continue
            }
            if diagnostic.severity == .warning { places[kind] = (kept.count, []) }
            kept.append(diagnostic)
        }
        for (index, further) in places.values where !further.isEmpty {
            let first = kept[index]
            let numbers = further.prefix(3).map { "\($0)" }.joined(separator: ", ")
            let rest = further.count > 3 ? " and \(further.count - 3) more" : ""
            kept[index] = Diagnostic(
                first.severity, file: first.file, line: first.line, column: first.column,
                message:
                    "\(first.message) (also line\(further.count > 1 ? "s" : "") \(numbers)\(rest))",
                suggestion: first.suggestion)
        }
        return kept
    }
}

private struct Wording: Hashable {
    let file: String
    let message: String
    let suggestion: String?
}
