#if Probes
public import Expressions

/// What an HTTP answer has to be.
public struct HTTPExpectation: Sendable, CustomStringConvertible {
    /// What is compared.
    @nonexhaustive public enum Condition: Sendable {
        /// The status is in the set.
        case status(StatusSet)
        /// The status, as three digits, has the expression in it.
        case statusMatches(RegularExpression)
        /// The kept part of the body has the pattern in it; an answer without a body never does
        /// what is expected, as in haproxy.
        case body(BytePattern)
        /// One header has such a name, whose case plays no part, and such a value (haproxy's `hdr`;
        /// `fhdr` where the value is taken as a whole and not cut at its commas).
        case header(name: TextMatch, value: TextMatch?, isWhole: Bool)
    }

    /// What is compared.
    public let condition: Condition
    /// Whether the answer must not be so (haproxy's `!`).
    public let isNegated: Bool
    /// How many bytes of the body must be there before the comparison is final; `nil`: it is
    /// repeated with all that comes, up to the limit or the end (haproxy's `min-recv`).
    public var minimumLength: Int?
    /// How the result is reported.
    public var words = ExpectationWords()
    /// What a report says about the expectation where it is not met.
    public var comment: String?

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
            case .header(let name, nil, let isWhole): "\(isWhole ? "fhdr" : "hdr") name \(name)"
            case .header(let name, let value?, let isWhole):
                "\(isWhole ? "fhdr" : "hdr") name \(name) value \(value)"
            }
        return isNegated ? "! \(words)" : words
    }

    /// The least part of the body that can be compared; `nil`: the body plays no part.
    var bodyLength: Int? {
        guard case .body(let pattern) = condition else { return nil }
        return max(minimumLength ?? 1, pattern.length ?? 1)
    }

    func search(in answer: HTTPAnswer) -> Search {
        switch condition {
        case .status(let set): return .found(set.contains(answer.status))
        case .statusMatches(let expression):
            let digits = Array("\(answer.status)".utf8)
            return .needsThread { expression.isFound(in: digits, unless: $0) }
        case .body(let pattern): return pattern.search(in: answer.body)
        case .header(let name, let value, let isWhole):
            return HeaderMatch(name: name, value: value, isWhole: isWhole)
                .search(in: answer.headers)
        }
    }
}

/// An answer, as far as it was kept.
struct HTTPAnswer: Sendable {
    var status: Int
    var reason: String
    var headers: [(name: String, value: String)]
    var body: [UInt8] = []
    /// Nothing comes after it, or is kept.
    var isComplete = false
}
#endif
