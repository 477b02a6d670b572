/// How an expectation that is met, or is not, is reported: haproxy's `ok-status` and its like.
public struct ExpectationWords: Hashable, Sendable {
    /// A number that goes with a result (`status-code`).
    public enum Code: Hashable, Sendable {
        /// This number.
        case number(Int)
        /// The number that stands at so many bytes from the beginning of what was received.
        case payload(offset: Int, length: Int)
    }

    /// The status where it is met last of all; `nil`: `L7OK`.
    public var success: ProbeStatus?
    /// The status where it is not met; `nil`: the expectation's own.
    public var failure: ProbeStatus?
    /// The status where the time limit ends the wait for it; `nil`: `L7TOUT`.
    public var timeout: ProbeStatus?
    /// What is said where it is met last of all; `nil`: as usual.
    public var successText: String?
    /// What is said where it is not met; `nil`: as usual.
    public var failureText: String?
    /// The number that goes with the result; `nil`: the protocol's, if it has one.
    public var code: Code?

    /// Makes haproxy's own words.
    public init() {}

    /// The outcome of an expectation that is met last of all.
    func met(_ facts: ProbeFacts, received bytes: some Sequence<UInt8>) -> ProbeOutcome {
        var facts = coded(facts, bytes)
        facts.detail = successText ?? facts.detail
        return ProbeOutcome(success ?? .answered, facts)
    }

    /// The outcome of an expectation that is not met.
    func missed(
        _ usual: ProbeStatus, _ facts: ProbeFacts, comment: String?,
        received bytes: some Sequence<UInt8>
    ) -> ProbeOutcome {
        var facts = coded(facts, bytes)
        facts.detail = failureText ?? facts.detail
        if let comment { facts.detail += " comment: \(comment)" }
        return ProbeOutcome(failure ?? usual, facts)
    }

    private func coded(_ facts: ProbeFacts, _ bytes: some Sequence<UInt8>) -> ProbeFacts {
        var facts = facts
        switch code {
        case nil: break
        case .number(let number): facts.statusCode = number
        case .payload(let offset, let length):
            let text = String(
                decoding: Array(bytes.dropFirst(offset).prefix(length)), as: UTF8.self)
            if let number = Int(text) { facts.statusCode = number }
        }
        return facts
    }
}
