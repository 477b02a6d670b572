/// Numbers what rules change that are asked again as a client says more, so that it is changed once for each
/// connection: a bit for each rule or question.
///
/// haproxy's rules of `content` count again with each byte that comes. A reload that changes such rules has them
/// counted anew for who waits.
struct EffectNumbers {
    /// How many rules and questions of one list can be told apart; further ones share a bit.
    static let count = 32

    /// The bit of the next one.
    private var next: UInt64
    private let last: UInt64

    /// - Parameter isOfPool: Whether the rules are a pool's: those of a frontend, which the same connection
    ///   is asked by, have the lower bits.
    init(isOfPool: Bool) {
        next = isOfPool ? 1 << 32 : 1
        last = next << 31
    }

    /// The same rules with their bits.
    mutating func number(_ rules: [Rule]) -> [Rule] {
        rules.map { rule in
            var rule = rule
            if case .countMark = rule.action { rule.effect = take() }
            for alternative in rule.condition.alternatives.indices {
                for term in rule.condition.alternatives[alternative].indices {
                    number(&rule.condition.alternatives[alternative][term].questions)
                }
            }
            return rule
        }
    }

    private mutating func number(_ questions: inout [Question]) {
        for index in questions.indices {
            guard case .counter(var question, let ranges) = questions[index],
                question.asked.changes
            else { continue }
            question.effect = take()
            questions[index] = .counter(question, ranges)
        }
    }

    private mutating func take() -> UInt64 {
        defer { if next != last { next <<= 1 } }
        return next
    }
}
