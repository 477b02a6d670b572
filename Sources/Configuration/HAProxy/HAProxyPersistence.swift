/// What a section says of clients whose own server is down: `force-persist`, `ignore-persist`.
///
/// haproxy's configuration manual, section 4.2.
struct HAProxyPersistence: Sendable {
    private(set) var rules: [PersistenceRule] = []
    private var positions: [Position] = []

    mutating func add(_ rule: PersistenceRule, _ position: Position) {
        rules.append(rule)
        positions.append(position)
    }

    /// As in haproxy, nothing in mode tcp is persistence that could be ignored: it is left to make an
    /// exception from a `force-persist` after it.
    var warnings: [Remark] {
        let last = rules.lastIndex(where: \.isForced) ?? 0
        return zip(rules, positions).dropFirst(last).filter { !$0.0.isForced }.map { _, position in
            .warning(
                "'ignore-persist' has no effect without a 'force-persist' after it: no cookie is looked"
                    + " at, and 'stick' holds all the same, as in haproxy", at: position)
        }
    }
}

extension HAProxyRouting {
    /// Reads `force-persist if|unless …` or `ignore-persist if|unless …`.
    mutating func addPersistence(
        isForced: Bool, _ arguments: inout Arguments
    ) throws(Remark) {
        let keyword = arguments.keyword
        guard arguments.upcoming != nil else {
            throw .error("\(keyword.text.quoted) needs 'if' or 'unless'", at: keyword.position)
        }
        let condition = try serverCondition(&arguments, of: keyword.text, at: keyword.position)
        persistence.add(PersistenceRule(isForced: isForced, condition: condition), keyword.position)
    }
}
