#if Program
/// What an HTTP answer has to be.
public struct HTTPExpectation: Sendable, CustomStringConvertible {
    /// What is compared.
    @nonexhaustive public enum Condition: Sendable {
        /// The status is in the set.
        case status(StatusSet)
        /// The status, as three digits, has the expression in it.
        case statusMatches(RegularExpression)
        /// The kept part of the body has the pattern in it.
        case body(BytePattern)
        /// One header of that name, in any case, has a value with the pattern in it; `nil`: any.
        case header(name: String, BytePattern?)
        /// One header has such a name and such a value (haproxy's `hdr`; `fhdr` where the value is
        /// taken as a whole and not cut at its commas).
        case headerMatches(name: TextMatch, value: TextMatch?, isWhole: Bool)
    }

    /// What is compared.
    public let condition: Condition
    /// Whether the answer must not be so (haproxy's `!`).
    public let isNegated: Bool

    /// Makes an expectation.
    ///
    /// - Parameters:
    ///   - condition: What is compared.
    ///   - isNegated: Whether the answer must not be so.
    public init(_ condition: Condition, isNegated: Bool = false) {
        self.condition = condition
        self.isNegated = isNegated
    }

    /// The expectation in haproxy's words.
    public var description: String {
        let words =
            switch condition {
            case .status(let set): "status \(set)"
            case .statusMatches(let expression): "rstatus '\(expression)'"
            case .body(let pattern): "\(pattern)"
            case .header(let name, nil): "hdr name '\(name)'"
            case .header(let name, let pattern?): "hdr name '\(name)' value \(pattern)"
            case .headerMatches(let name, nil, let isWhole):
                "\(isWhole ? "fhdr" : "hdr") name \(name)"
            case .headerMatches(let name, let value?, let isWhole):
                "\(isWhole ? "fhdr" : "hdr") name \(name) value \(value)"
            }
        return isNegated ? "! \(words)" : words
    }

    var needsBody: Bool {
        if case .body = condition { return true }
        return false
    }

    func search(in answer: HTTPAnswer) -> BytePattern.Search {
        switch condition {
        case .status(let set): return .found(set.contains(answer.status))
        case .statusMatches(let expression):
            return .needsThread(expression, Array("\(answer.status)".utf8))
        case .body(let pattern): return pattern.search(in: answer.body)
        case .header(let name, let pattern):
            let values = answer.headers.filter { $0.name.lowercased() == name.lowercased() }
            guard let pattern, !values.isEmpty else { return .found(!values.isEmpty) }
            // Values cannot hold a line end, so none is found across two of them.
            return pattern.search(in: Array(values.map(\.value).joined(separator: "\n").utf8))
        case .headerMatches(let name, let value, let isWhole):
            let names = answer.headers.filter { name.matches($0.name, ignoringCase: true) }
            guard let value, !names.isEmpty else { return .found(!names.isEmpty) }
            let values = names.flatMap { isWhole ? [$0.value] : $0.value.listItems }
            guard let expression = value.expression else {
                return .found(values.contains { value.matches($0, ignoringCase: false) })
            }
            return .needsThread(expression, Array(values.joined(separator: "\n").utf8))
        }
    }
}

/// An answer, as far as it was kept.
struct HTTPAnswer: Sendable {
    var status: Int
    var reason: String
    var headers: [(name: String, value: String)]
    var body: [UInt8] = []
}
#endif
