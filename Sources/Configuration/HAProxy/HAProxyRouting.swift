import VRRPCore

/// What the rules of one section say: `acl`, `tcp-request`, `use_backend`.
struct HAProxyRouting: Sendable {
    /// The section's name.
    let section: String
    let kind: HAProxySection.Kind
    /// A pool that a rule names.
    struct Reference: Sendable {
        let value: Draft.RuleReference
        let position: Position
    }

    init(_ section: String, _ kind: HAProxySection.Kind) {
        self.section = section
        self.kind = kind
    }

    private(set) var rules = ConnectionRules()
    /// `use-server`.
    private(set) var servers: [ServerRule] = []
    /// `force-persist` and `ignore-persist`.
    var persistence = HAProxyPersistence()
    private(set) var references: [Reference] = []
    /// Whether there is a `use_backend`, be it one that makes no sense.
    private(set) var hasBackendRules = false
    /// Backends that are not known before all sections are, by the positions of their rules.
    private(set) var samples: [(sample: HAProxyBackendSample, rule: Int, position: Position)] = []
    private var tables = HAProxyTableReferences()
    var variables = HAProxyVariables()
    private var filters = HAProxyFilters()
    private var listUses = HAProxyListUses()
    /// The questions of each access list; several lines of one name add up.
    private var lists: [String: [ConnectionQuestion]] = [:]
    /// Bytes that each capture keeps.
    var captureLengths: [Int] = []
    /// How often rules of `content` change what tables count.
    var effectCount = 0
    /// Where a rule first looks at what the client says.
    private var contentPosition: Position?

    /// Reads `acl NAME CRITERION …`.
    mutating func addList(_ arguments: inout Arguments) throws(Remark) {
        let name = try arguments.next("a name and a criterion")
        guard HAProxySamples.predefined[name.text] == nil, name.text != "if", name.text != "or"
        else {
            throw .error(
                "\(name.text.quoted) has a meaning of its own; give the list another name",
                at: name.position)
        }
        var words = arguments.remaining()[...]
        // One that is wrong has its own complaint; those who name it have none.
        lists[name.text, default: []] += []
        lists[name.text, default: []].append(try question(&words, after: name))
    }

    /// Reads `use_backend NAME [if|unless …]`.
    mutating func addBackend(_ arguments: inout Arguments) throws(Remark) {
        hasBackendRules = true
        let name = try arguments.next("the name of a backend")
        let sample = try HAProxyBackendSample(name)
        if let sample {
            samples.append((sample, rule: rules.backends.count, name.position))
            if sample.key.needsContent { contentPosition = contentPosition ?? name.position }
        } else {
            note("use_backend", name)
        }
        let condition = try condition(&arguments)
        try refuseEffects(of: condition, in: "use_backend", at: name.position)
        let target = sample.map { BackendRule.Target.looked(BackendTable(key: $0.key)) }
        rules.backends.append(BackendRule(target ?? .named(name.text), condition: condition))
    }

    /// Reads `use-server NAME if|unless …`.
    mutating func addServer(_ arguments: inout Arguments) throws(Remark) {
        let name = try arguments.next("the name of a server")
        guard arguments.upcoming != nil else {
            throw .error("'use-server' needs 'if' or 'unless'", at: name.position)
        }
        note("use-server", Word(text: section, position: name.position), server: name.text)
        let condition = try serverCondition(&arguments, of: "use-server", at: name.position)
        servers.append(ServerRule(serverName: name.text, condition: condition))
    }

    /// Reads `[if|unless …]` of a rule that says which server a client of the section gets.
    mutating func serverCondition(
        _ arguments: inout Arguments, of keyword: String, at position: Position
    ) throws(Remark) -> RuleCondition {
        let earlier = contentPosition
        let condition = try condition(&arguments)
        // It waits as long as the rules that lead to the backend, or as those of `content`.
        if kind == .backend { contentPosition = earlier }
        try refuseEffects(of: condition, in: keyword, at: position)
        return condition
    }

    /// Takes down the pools and servers that rules name, which are looked up once all are known.
    func note(in draft: inout Draft, file: String) {
        draft.ruleReferences += references.map { reference in
            Placed(
                value: reference.value,
                location: Location(file: file, position: reference.position))
        }
        draft.backendSamples += samples.map { sample, rule, position in
            Placed(
                value: .init(frontend: section, rule: rule, sample: sample),
                location: Location(file: file, position: position))
        }
        tables.note(in: &draft, file: file)
        filters.note(in: &draft, file: file)
        listUses.note(in: &draft, file: file)
        variables.note(in: &draft, file: file)
    }

    /// Reads `filter bwlim-in|bwlim-out NAME …`.
    mutating func addFilter(_ arguments: inout Arguments) throws(Remark) {
        try filters.add(&arguments, in: section, kind)
    }

    /// Reads `tcp-request connection|session|content|inspect-delay …`.
    mutating func addRequestRule(_ arguments: inout Arguments) throws(Remark) {
        let stage = try arguments.nextSubkeyword("connection, session, content or inspect-delay")
        switch stage.text {
        case "inspect-delay":
            rules.inspectDelay = try arguments.time(isZeroAllowed: false)
        case "connection" where kind == .backend, "session" where kind == .backend:
            throw .error(
                "'tcp-request \(stage.text)' is not allowed in a backend section: a connection has a"
                    + " backend later; write 'content', or give the rule to the frontend",
                at: stage.position)
        case "connection":
            guard let rule = try rule(&arguments, mayExpectProxy: true),
                !isLost(rule, at: stage, &arguments)
            else { return }
            guard !rule.needsHandshake else {
                throw .error(
                    "'tcp-request connection' comes before the client's TLS handshake; use"
                        + " 'tcp-request session'", at: stage.position)
            }
            rules.connection.append(try refusingContent(rule, at: stage))
        case "session":
            guard let rule = try rule(&arguments), !isLost(rule, at: stage, &arguments) else {
                return
            }
            rules.session.append(try refusingContent(rule, at: stage))
        case "content":
            guard let rule = try rule(&arguments) else { return }
            try countEffects(of: rule, at: stage.position)
            if rule.needsContent { contentPosition = contentPosition ?? stage.position }
            rules.content.append(rule)
        default:
            throw .error(
                "unknown stage \(stage.text.quoted) of tcp-request", at: stage.position,
                suggestion: ["connection", "session", "content", "inspect-delay"]
                    .nearest(to: stage.text))
        }
    }

    /// A frontend's rules once the section is complete.
    func finish(hasDefault: Bool) -> ConnectionRules {
        var rules = rules
        rules.refusesOthers = !hasDefault
        (rules.inspectDelay, rules.captureLengths) = (inspectDelay, captureLengths)
        return rules
    }

    /// What `tcp-request content` says.
    var content: [ConnectionRule] { rules.content }

    /// How long clients are waited for; 5 s where it has to be said and is not.
    var inspectDelay: Duration? { rules.inspectDelay ?? contentPosition.map { _ in .seconds(5) } }

    /// What does not make sense in the section as a whole.
    var warnings: [Remark] {
        // What a backend asks about may be tracked by any frontend that leads to it.
        var warnings = kind == .backend ? [] : tables.untracked
        warnings += persistence.warnings
        if rules.inspectDelay == nil, let contentPosition {
            warnings.append(
                .warning(
                    "a rule looks at what the client says, but there is no 'tcp-request"
                        + " inspect-delay': clients are waited for 5s at most", at: contentPosition)
            )
        }
        return warnings
    }

    // MARK: Rules

    /// An action and its condition; `nil` for an action that is passed over with a warning.
    private mutating func rule(
        _ arguments: inout Arguments, mayExpectProxy: Bool = false
    ) throws(Remark) -> ConnectionRule? {
        let action = try action(&arguments, mayExpectProxy: mayExpectProxy)
        let condition = try condition(&arguments)
        return action.map { ConnectionRule(action: $0, condition: condition) }
    }

    private mutating func action(
        _ arguments: inout Arguments, mayExpectProxy: Bool
    ) throws(Remark) -> ConnectionRule.Action? {
        let word = try arguments.next("an action: accept, reject or silent-drop")
        let name = String(word.text.prefix { $0 != "(" })
        if HAProxyTableReferences.isAction(name) {
            return try tables.action(word, &arguments, in: section)
        }
        if HAProxyVariables.isAction(name) { return try variables.action(word, &arguments) }
        if let action = try lineAction(word, &arguments) { return action }
        if word.text == "set-bandwidth-limit" { return try filters.action(&arguments) }
        if let action = try HAProxyConnectionSetting.action(word, &arguments) { return action }
        if Self.otherActions.contains(name) || name.hasPrefix("sc-") || name.hasPrefix("lua.") {
            arguments.warn(
                "the action \(name.quoted) is known but not implemented yet; it is ignored",
                at: word.position)
            _ = arguments.remaining()
            return nil
        }
        guard let action = Self.actions[word.text] else {
            throw .error(
                "unknown action \(word.text.quoted)", at: word.position,
                suggestion: (Self.actions.keys + HAProxyTableReferences.actions
                    + HAProxyConnectionSetting.actions
                    + ["capture", "set-bandwidth-limit", "set-log-level", "set-var", "unset-var"])
                    .nearest(to: word.text))
        }
        if action == .expectProxy {
            guard mayExpectProxy else {
                throw .error(
                    "'expect-proxy' stands after 'tcp-request connection' only", at: word.position)
            }
            let layer = try arguments.next("layer4")
            guard layer.text == "layer4" else {
                throw .error("\(layer.text.quoted): must be layer4", at: layer.position)
            }
        }
        return action
    }

    private func refusingContent(
        _ rule: ConnectionRule, at stage: Word
    ) throws(Remark) -> ConnectionRule {
        try refuseLineAction(of: rule, at: stage)
        guard rule.needsContent else { return rule }
        throw .error(
            "'tcp-request \(stage.text)' comes before anything that the client says; use"
                + " 'tcp-request content'", at: stage.position)
    }

    // MARK: Conditions

    /// `if|unless` and what follows, or nothing: always.
    mutating func condition(
        _ arguments: inout Arguments
    ) throws(Remark) -> RuleCondition {
        guard let keyword = arguments.nextIfPresent() else { return RuleCondition() }
        guard keyword.text == "if" || keyword.text == "unless" else {
            throw .error("\(keyword.text.quoted): must be if or unless", at: keyword.position)
        }
        var words = arguments.remaining()[...]
        var condition = RuleCondition(isNegated: keyword.text == "unless")
        while let word = words.popFirst() {
            if word.text == "or" || word.text == "||" {
                guard condition.alternatives.last?.isEmpty == false else {
                    throw .error(
                        "\(word.text.quoted) needs a condition before it", at: word.position)
                }
                condition.alternatives.append([])
            } else {
                let term = try term(word, &words)
                if contentPosition == nil, term.questions.contains(where: \.needsContent) {
                    contentPosition = word.position
                }
                condition.alternatives[condition.alternatives.count - 1].append(term)
            }
        }
        guard condition.alternatives.last?.isEmpty == false else {
            throw .error("\(keyword.text.quoted) needs a condition", at: keyword.position)
        }
        return condition
    }

    /// `NAME`, `{ CRITERION … }`, or the opposite of either with `!`.
    private mutating func term(
        _ word: Word, _ rest: inout ArraySlice<Word>
    ) throws(Remark) -> RuleCondition.Term {
        var text = Substring(word.text)
        var isNegated = false
        while text.hasPrefix("!") {
            isNegated.toggle()
            text = text.dropFirst()
        }
        if text.isEmpty, let next = rest.popFirst() {
            var term = try term(next, &rest)
            if isNegated { term.isNegated.toggle() }
            return term
        }
        guard text == "{" else {
            guard let questions = lists[String(text)] ?? HAProxySamples.predefined[String(text)]
            else {
                guard !HAProxySamples.isListOfHTTP(text) else {
                    throw .error(
                        "the predefined acl \(text.quoted) asks about HTTP, which lbctl does not read",
                        at: word.position)
                }
                throw .error(
                    "no acl before this line is named \(text.quoted)", at: word.position,
                    suggestion: lists.keys.nearest(to: String(text)))
            }
            listUses.note(questions, named: text.quoted, at: word.position)
            return RuleCondition.Term(questions: questions, isNegated: isNegated)
        }
        guard let end = rest.firstIndex(where: { $0.text == "}" && !$0.isQuoted }) else {
            throw .error("this brace is not closed on its line", at: word.position)
        }
        var inner = rest[..<end]
        rest = rest[(end + 1)...]
        let more = inner.count > 6 ? " … }" : " }"
        let name = "{ " + inner.prefix(6).map(\.text).joined(separator: " ") + more
        let questions = [try question(&inner, after: word)]
        listUses.note(questions, named: name, at: word.position)
        return RuleCondition.Term(questions: questions, isNegated: isNegated)
    }

    private mutating func question(
        _ words: inout ArraySlice<Word>, after word: Word
    ) throws(Remark) -> ConnectionQuestion {
        let question = try HAProxyCriterion.read(
            &words, after: word, in: section, hasServers: kind != .frontend)
        switch question {
        case .pool(let quantity, let name, _):
            note(quantity.rawValue, Word(text: name, position: word.position))
        case .serverIsUp(let server):
            note(
                "srv_is_up", Word(text: server.backend, position: word.position),
                server: server.server)
        case .server(let quantity, let server, _):
            note(
                quantity.rawValue, Word(text: server.backend, position: word.position),
                server: server.server)
        case .connectionCount(let name?, _): noteFrontend("fe_conn", name, word)
        case .sessionRate(let name?, _): noteFrontend("fe_sess_rate", name, word)
        case .variable(let name, _): variables.note(name, at: word.position)
        case .counter(let counter, _): tables.note(counter, at: word.position)
        default: break
        }
        return question
    }

    private mutating func noteFrontend(_ keyword: String, _ name: String, _ word: Word) {
        let value = Draft.RuleReference(keyword: keyword, backend: name, isFrontend: true)
        references.append(Reference(value: value, position: word.position))
    }

    private mutating func note(_ keyword: String, _ name: Word, server: String? = nil) {
        references.append(
            Reference(
                value: Draft.RuleReference(
                    keyword: keyword, backend: name.text, server: server),
                position: name.position))
    }

    private static let actions: [String: ConnectionRule.Action] = [
        "accept": .accept, "reject": .reject, "silent-drop": .silentDrop,
        "expect-proxy": .expectProxy,
    ]

    /// Actions of `tcp-request` that decide nothing here.
    private static let otherActions: Set<String> = [
        "accept-netscaler-cip", "do-log", "do-resolve", "pause", "send-spoe-group",
        "set-bc-mark", "set-bc-tos", "set-nice",
        "set-var-fmt", "switch-mode", "use-service",
    ]
}

extension HAProxySection {
    /// The keywords of rules.
    static let routing: [String: Rule<HAProxySection>] = [
        "acl": .each { section, arguments throws(Remark) in
            try section.routing.addList(&arguments)
        },
        "use_backend": .each { section, arguments throws(Remark) in
            try section.routing.addBackend(&arguments)
        },
        "filter": .each { section, arguments throws(Remark) in
            try section.routing.addFilter(&arguments)
        },
        "tcp-request": .each { section, arguments throws(Remark) in
            try section.routing.addRequestRule(&arguments)
        },
        "source": .line { section, arguments throws(Remark) in
            section.settings.source = try arguments.connectionSource()
        },
    ]
}
