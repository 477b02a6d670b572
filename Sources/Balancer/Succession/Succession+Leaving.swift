// What stays behind of a plan names parts by their places in the next one.

extension FrontendPlan {
    /// The pools that it leads to or asks about.
    var allPoolIndices: [Int] {
        let conditions =
            (rules.connection + rules.session + rules.content).map(\.condition)
            + rules.pools.map(\.condition)
        return poolIndices + conditions.flatMap(\.questions).compactMap(\.askedPool)
    }

    /// The same without listeners, and with the places of pools, tables and variables in the next plan.
    func leaving(
        pools: Succession.Map, tables: Succession.Map, variables: Succession.Map
    ) -> FrontendPlan {
        let places = Places(pools: pools, tables: tables, variables: variables)
        var plan = self
        plan.isLeaving = true
        plan.listeners = []
        plan.poolIndex = places.pool(poolIndex)
        plan.twinPoolIndex = twinPoolIndex.map(places.pool)
        plan.rules.connection = rules.connection.map { $0.moved(places) }
        plan.rules.session = rules.session.map { $0.moved(places) }
        plan.rules.content = rules.content.map { $0.moved(places) }
        plan.rules.pools = rules.pools.map {
            PoolRule($0.target.mapped(places.pool), if: $0.condition.moved(places))
        }
        return plan
    }
}

private struct Places {
    let pools: Succession.Map
    let tables: Succession.Map
    let variables: Succession.Map

    func variable(_ index: Int) -> Int { variables[index] ?? 0 }
    func pool(_ index: Int) -> Int { pools[index] ?? 0 }
    func table(_ index: Int) -> Int { tables[index] ?? 0 }
}

extension Rule {
    fileprivate func moved(_ places: Places) -> Rule {
        var action = action
        switch action {
        case .track(var tracking):
            tracking.tableIndex = places.table(tracking.tableIndex)
            action = .track(tracking)
        case .shareBandwidth(var sharing):
            sharing.tableIndex = places.table(sharing.tableIndex)
            action = .shareBandwidth(sharing)
        case .setVariable(let variable, .variable(let other)):
            action = .setVariable(places.variable(variable), .variable(places.variable(other)))
        case .setVariable(let variable, let source):
            action = .setVariable(places.variable(variable), source)
        case .unsetVariable(let variable): action = .unsetVariable(places.variable(variable))
        case .capture(.variable(let variable), let number):
            action = .capture(.variable(places.variable(variable)), number)
        default: break
        }
        return Rule(action, if: condition.moved(places))
    }
}

extension ConnectionPlan {
    /// Names variables by their places in the next plan.
    mutating func move(_ variables: Succession.Map) {
        nameSource?.move(variables)
        for index in headerTexts.indices { headerTexts[index].source.move(variables) }
    }
}

extension VariableSource {
    /// Names a variable by its place in the next plan.
    mutating func move(_ variables: Succession.Map) {
        if case .variable(let variable) = self { self = .variable(variables[variable] ?? 0) }
    }
}

extension Condition {
    fileprivate func moved(_ places: Places) -> Condition {
        Condition(
            alternatives.map { terms in
                terms.map { term in
                    Term(term.questions.map { $0.moved(places) }, isNegated: term.isNegated)
                }
            }, isNegated: isNegated)
    }
}

extension Question {
    /// The same about parts at other places.
    fileprivate func moved(_ places: Places) -> Question {
        switch self {
        case .pool(let quantity, let pool, let ranges):
            return .pool(quantity, poolIndex: places.pool(pool), ranges)
        case .serverIsUp(let pool, let name):
            return .serverIsUp(poolIndex: places.pool(pool), serverName: name)
        case .server(let quantity, let pool, let name, let ranges):
            return .server(quantity, poolIndex: places.pool(pool), serverName: name, ranges)
        case .variable(let variable, let test):
            return .variable(places.variable(variable), test)
        case .counter(var question, let ranges):
            question.tableIndex = question.tableIndex.map(places.table)
            return .counter(question, ranges)
        default: return self
        }
    }
}
