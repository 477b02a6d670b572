/// What there is to say about one place of one file, before the file's name joins it.
struct Remark: Error, Hashable, Sendable {
    let severity: Diagnostic.Severity
    let position: Position
    let message: String
    let suggestion: String?

    static func error(
        _ message: String, at position: Position, suggestion: String? = nil
    ) -> Remark {
        Remark(severity: .error, position: position, message: message, suggestion: suggestion)
    }

    static func warning(
        _ message: String, at position: Position, suggestion: String? = nil
    ) -> Remark {
        Remark(severity: .warning, position: position, message: message, suggestion: suggestion)
    }

    /// The remark about one of several files.
    func diagnostic(in files: [String]) -> Diagnostic {
        diagnostic(in: files.indices.contains(position.source) ? files[position.source] : "")
    }

    func diagnostic(in file: String) -> Diagnostic {
        Diagnostic(
            severity, file: file, line: position.line, column: position.column, message: message,
            suggestion: suggestion)
    }
}

extension StringProtocol {
    /// The text between quotes as a message may carry it: short, and safe to print on a terminal.
    var quoted: String {
        var shown = ""
        for scalar in unicodeScalars.prefix(48) {
            switch scalar.properties.generalCategory {
            case .control, .format, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return "'\(shown)\(unicodeScalars.dropFirst(48).isEmpty ? "" : "…")'"
    }
}
