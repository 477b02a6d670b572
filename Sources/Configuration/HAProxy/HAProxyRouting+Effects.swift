/// Rules that change what tables count by being asked.
extension HAProxyRouting {
    /// Counts what changes a table in rules that are asked as often as bytes come: each once only.
    mutating func countEffects(
        of rule: ConnectionRule, at position: Position
    ) throws(Remark) {
        if case .countMark = rule.action { effectCount += 1 }
        effectCount += rule.condition.alternatives.joined().flatMap(\.questions).count(
            where: \.hasEffect)
        guard effectCount <= 32 else {
            throw .error(
                "'tcp-request content' of a section changes counters at 32 places at most",
                at: position)
        }
    }

    /// Asking changes a table: then a rule has to be asked once, and not as often as bytes come.
    func refuseEffects(
        of condition: RuleCondition, in keyword: String, at position: Position
    ) throws(Remark) {
        for question in condition.alternatives.joined().flatMap(\.questions)
        where question.hasEffect {
            guard case .counter(let counter, _) = question else { continue }
            throw .error(
                "\(counter.name.quoted) stands after 'tcp-request' only: rules of"
                    + " \(keyword.quoted) are asked again as bytes come", at: position)
        }
    }
}
