/// A frontend's rules, with the routes that they lead to.
final class RuleProgram: Sendable {
    /// Yes, no, or not known as long as the client has not said more.
    enum Answer {
        case no, unknown, yes
    }

    /// What a list of rules comes to.
    enum Verdict: Equatable {
        /// The connection goes on.
        case passes
        /// It cannot be told before the client says more.
        case waits
        /// It is closed.
        case reject
        /// It is closed, and the client is not told.
        case silentDrop
    }

    let plan: RulePlan
    /// The plan's rules of `content`, with their ``EffectNumbers``.
    let content: [Rule]
    /// Milliseconds.
    let inspectDelay: UInt64
    /// Where each of the plan's pool rules leads to, as numbers of routes.
    let ways: [PoolRule.Target]
    /// The first of the routes that the frontend has.
    let firstRoute: Int
    /// For each of them, the rules of its pool; `nil`: it has none, or they are the frontend's own.
    let contents: [PoolContent?]
    /// For each of them, the servers that rules of its pool name, by their positions.
    let servers: [[(server: Int, condition: Condition)]]
    /// For each of them, the rules that say whether clients go to their own server while that is down.
    let forcing: [[ForcingRule]]
    /// For each of them, when the rules hold that bind clients of its pool.
    let stickConditions: [[Condition]]
    /// For each of them, the servers that clients of RDP may say they were at.
    let tokens: [TokenServers?]
    /// For each of them, what names those that its pool's servers are asked for (`sni`).
    let nameKeys: [[ConnectionKey]]
    /// Whether a rule looks at what the client says.
    let needsContent: Bool
    /// Whether one looks at the client's first TLS message.
    let needsHello: Bool
    /// Whether one has another answer with each further byte, perhaps.
    let isOpenEnded: Bool

    /// What is decided about the connections that a pool gets.
    struct PoolContent {
        let rules: [Rule]
        /// How long the rules wait for what clients say, in milliseconds; 0: not at all.
        let inspectDelay: UInt64
        /// How long what names a server waits as well: that time, or the frontend's where it is 0.
        let longestWait: UInt64
    }

    /// Prepares rules.
    ///
    /// - Parameters:
    ///   - plan: The rules.
    ///   - ways: Where each of the plan's pool rules leads to, as numbers of routes.
    ///   - firstRoute: The first of the routes that the frontend has.
    ///   - pools: The pool of each of them.
    ///   - twin: Which of them is one section with the frontend.
    init(
        _ plan: RulePlan, ways: [PoolRule.Target], firstRoute: Int, pools: [PoolPlan],
        twin: Int? = nil
    ) {
        self.plan = plan
        var frontend = EffectNumbers(isOfPool: false)
        content = frontend.number(plan.content)
        self.ways = ways
        inspectDelay = milliseconds(plan.inspectDelay)
        self.firstRoute = firstRoute
        contents = pools.enumerated().map { index, pool in
            guard index != twin, !pool.contentRules.isEmpty else { return nil }
            let own = milliseconds(pool.inspectDelay)
            var numbers = EffectNumbers(isOfPool: true)
            return PoolContent(
                rules: numbers.number(pool.contentRules), inspectDelay: own,
                longestWait: own > 0 ? own : milliseconds(plan.inspectDelay))
        }
        servers = pools.map { pool in
            pool.serverRules.compactMap { rule in
                pool.servers.firstIndex { $0.name == rule.serverName }.map { ($0, rule.condition) }
            }
        }
        forcing = pools.map(\.forcingRules)
        stickConditions = pools.map { $0.stickRules.map(\.condition) }
        tokens = pools.map { TokenServers($0) }
        nameKeys = pools.map(\.nameKeys)
        let rules = plan.content + contents.flatMap { $0?.rules ?? [] }
        let conditions =
            rules.map(\.condition) + plan.pools.map(\.condition)
            + servers.joined().map(\.condition) + stickConditions.joined()
            + forcing.joined().map(\.condition)
        let questions = conditions.flatMap(\.questions)
        let keys =
            rules.compactMap(\.key) + pools.flatMap(\.keys) + plan.pools.compactMap(\.key)
        needsContent =
            questions.contains(where: \.needsContent) || keys.contains(where: \.needsContent)
            || pools.contains { $0.tokenCookie != nil }
        needsHello = questions.contains(where: \.needsHello) || keys.contains(where: \.needsHello)
        isOpenEnded =
            questions.contains(where: \.isOpenEnded) || keys.contains(where: \.isOpenEnded)
    }

    /// The rules of a route's pool.
    subscript(contentOf route: Int) -> PoolContent? { contents[route - firstRoute] }
}

extension RuleProgram.Answer {
    /// Both: no as soon as one is no, as haproxy's conditions have it.
    static func && (first: Self, second: @autoclosure () -> Self) -> Self {
        guard first != .no else { return .no }
        let second = second()
        if first == .yes { return second }
        return second == .no ? .no : .unknown
    }

    /// The opposite; what is not known stays so.
    func negated(_ isNegated: Bool) -> Self {
        guard isNegated else { return self }
        return switch self {
        case .no: .yes
        case .unknown: .unknown
        case .yes: .no
        }
    }
}
