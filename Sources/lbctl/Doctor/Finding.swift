#if Program
internal import Foundation

/// One thing that `lbctl doctor` found.
struct Finding: Hashable, Encodable {
    /// Whether the host can run the configuration; the graver comes first.
    enum Severity: String, Encodable, CaseIterable {
        /// Something would not run.
        case fail
        /// It runs, with less than it could have; or it could not be looked at.
        case warn
        /// It was tried, or seen.
        case ok
    }

    let severity: Severity
    /// What it is about: a virtual router, a listener, a limit.
    let place: String
    /// What is so.
    let text: String
    /// What would be right, and the command that makes it so; `nil`: nothing has to be done.
    var remedy: String?

    static func fail(_ place: String, _ text: String, _ remedy: String? = nil) -> Finding {
        Finding(severity: .fail, place: place, text: text, remedy: remedy)
    }

    static func warn(_ place: String, _ text: String, _ remedy: String? = nil) -> Finding {
        Finding(severity: .warn, place: place, text: text, remedy: remedy)
    }

    static func ok(_ place: String, _ text: String) -> Finding {
        Finding(severity: .ok, place: place, text: text)
    }
}

extension Finding: CustomStringConvertible {
    var description: String {
        "\(severity.rawValue): \(place): \(text)" + (remedy.map { "; \($0)" } ?? "")
    }
}

/// What `--json` prints.
private struct FindingsDocument: Encodable {
    let canRun: Bool
    let findings: [Finding]
}

extension [Finding] {
    /// The gravest first, else in their order.
    var sortedBySeverity: [Finding] {
        Finding.Severity.allCases.flatMap { severity in filter { $0.severity == severity } }
    }

    /// Whether the configuration could run, as far as was looked at.
    var canRun: Bool { !contains { $0.severity == .fail } }

    /// All of them as one document.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        // Encoding fails only for numbers that are not finite, and there is none.
        let document = FindingsDocument(canRun: canRun, findings: self)
        return (try? encoder.encode(document)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
#endif
