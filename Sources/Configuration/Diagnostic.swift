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
    /// The line, the first is 1.
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
        return "\(file):\(line):\(column): \(severity.rawValue): \(message)\(hint)"
    }
}
