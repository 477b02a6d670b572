/// What one keyword means.
struct Rule<Target>: Sendable {
    typealias Body = @Sendable (inout Target, inout Arguments) throws(Remark) -> Void

    enum Form { case line, block, either }

    /// Whether a block must, may or must not follow.
    var form = Form.line
    /// Whether a second occurrence adds to the first instead of replacing it.
    var isRepeatable = false
    /// Whether this program does not act on it, though it could.
    var isMissing = false
    let body: Body

    /// A keyword whose words are all on its line; the last occurrence counts.
    static func line(_ body: @escaping Body) -> Rule { Rule(body: body) }

    /// A keyword that may occur several times.
    static func each(_ body: @escaping Body) -> Rule { Rule(isRepeatable: true, body: body) }

    /// A keyword with a block; several blocks add up.
    static func block(_ body: @escaping Body) -> Rule {
        Rule(form: .block, isRepeatable: true, body: body)
    }

    /// A keyword that the language has and this program does not act on: always a warning.
    ///
    /// - Parameters:
    ///   - count: Number of words that belong to it; `nil`: all to the end of the line.
    ///   - consequence: What happens because it is ignored, where that could surprise.
    /// - Returns: A rule that warns.
    static func notYet(taking count: Int? = nil, _ consequence: String? = nil) -> Rule {
        Rule(form: .either, isRepeatable: true, isMissing: true) { _, arguments in
            let tail = consequence.map { ": \($0)" } ?? ""
            arguments.warn(
                "\(arguments.label.quoted) is known but not implemented yet;"
                    + " it is ignored\(tail)")
            if let count { arguments.skip(count) } else { _ = arguments.remaining() }
        }
    }

    /// A keyword that the language has and that has nothing to act on here, by design: always a warning.
    ///
    /// - Parameters:
    ///   - count: How many words belong to it; `nil`: all the rest of the line.
    ///   - reason: Why.
    /// - Returns: A rule that warns.
    static func noEffect(taking count: Int? = nil, _ reason: String) -> Rule {
        Rule(form: .either, isRepeatable: true) { _, arguments in
            arguments.warn("\(arguments.label.quoted) has no effect: \(reason)")
            if let count { arguments.skip(count) } else { _ = arguments.remaining() }
        }
    }

    /// A keyword that changes nothing here, because the program always does what it asks for.
    static var alwaysSo: Rule { Rule { _, _ in } }
}

/// The keywords of one block, section or list of options.
struct KeywordTable<Target>: Sendable {
    /// What a word of the table is called: "keyword", scope: "server option".
    private let noun: String
    /// Where its words stand: " in vrrp_instance"; empty where the noun says it all.
    private let place: String
    private let rules: [String: Rule<Target>]
    /// What there is, for who typed something that is near to none of it; empty where that is too much.
    private let choices: String
    /// Where a word belongs that is not in the table, or what it is called there.
    private let hint: @Sendable (String) -> String?
    /// What a mistyped word may have meant.
    let vocabulary: [String]

    /// Makes a table.
    ///
    /// - Parameters:
    ///   - noun: What a word of the table is called.
    ///   - scope: Where its words stand, where the noun does not say it.
    ///   - rules: The keywords that have a meaning of their own.
    ///   - notYet: Further keywords that are known but not implemented, in one text.
    ///   - ofHTTP: Further keywords about what is said by HTTP, which nobody reads here, in one text.
    ///   - neighbours: Words of other tables that a mistyped one may have meant.
    ///   - choices: What there is, as a complaint lists it.
    ///   - hint: Where a word belongs that is not in the table, or what it is called there; asked only
    ///     for a complaint, so it may look into other tables.
    init(
        _ noun: String, scope: String? = nil, _ rules: [String: Rule<Target>],
        notYet: String = "", ofHTTP: String = "", neighbours: [String] = [], choices: String = "",
        hint: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.noun = noun
        self.choices = choices
        self.hint = hint
        self.place = scope.map { " \($0)" } ?? ""
        let ignored = notYet.split(whereSeparator: \.isWhitespace).map {
            (String($0), Rule<Target>.notYet())
        }
        let needless = ofHTTP.split(whereSeparator: \.isWhitespace).map {
            (String($0), Rule<Target>.noEffect("no HTTP is read here"))
        }
        self.rules = rules.merging(ignored + needless) { own, _ in own }
        vocabulary = self.rules.keys + neighbours
    }

    /// The rule of a keyword; an unknown one is an error with the nearest known word.
    func rule(for word: Word) throws(Remark) -> Rule<Target> {
        if !word.isQuoted, let rule = rules[word.text] { return rule }
        // `random(3)`: only words that nothing is done with have parameters in parentheses.
        let name = word.text.prefix { $0 != "(" }
        if name.count < word.text.count, let rule = rules[String(name)], rule.form == .either {
            return rule
        }
        if let hint = hint(word.text) {
            throw .error(
                "unknown \(noun) \(word.text.quoted)\(place); \(hint)", at: word.position)
        }
        let suggestion = vocabulary.nearest(to: word.text)
        let list = suggestion == nil && !choices.isEmpty ? "; there are \(choices)" : ""
        throw .error(
            "unknown \(noun) \(word.text.quoted)\(place)\(list)", at: word.position,
            suggestion: suggestion)
    }

    /// Whether a word is a keyword of the table.
    func knows(_ word: Word) -> Bool { !word.isQuoted && knows(word.text) }

    /// Whether a word is a keyword that this program does not act on, though it could.
    func lacks(_ word: Word) -> Bool { rules[word.text]?.isMissing ?? false }

    /// Whether a text is a keyword of the table.
    func knows(_ text: String) -> Bool { rules[text] != nil }

    /// Reads the second half of a keyword and its arguments.
    func read(into target: inout Target, _ arguments: inout Arguments) throws(Remark) {
        let keyword = try arguments.nextSubkeyword("a further word, the \(noun)")
        try rule(for: keyword).body(&target, &arguments)
    }

    /// Reads keywords and their arguments until the line ends.
    func readAll(into target: inout Target, _ arguments: inout Arguments) throws(Remark) {
        while arguments.upcoming != nil {
            try rule(for: arguments.nextKeyword(noun)).body(&target, &arguments)
        }
    }

    /// Reads one whole line.
    ///
    /// - Parameters:
    ///   - directive: The line.
    ///   - target: What it is about.
    ///   - remarks: What there is to say.
    ///   - isLenient: Whether words that are too many are ignored, with a warning.
    func read(
        _ directive: Directive, into target: inout Target, remarks: inout [Remark],
        isLenient: Bool = false
    ) {
        guard var arguments = Arguments(directive) else { return }
        do throws(Remark) {
            let rule = try rule(for: arguments.nextKeyword(noun))
            try rule.check(arguments)
            try rule.body(&target, &arguments)
            if isLenient { arguments.ignoreRest() } else { try arguments.finish() }
        } catch {
            arguments.add(error)
        }
        remarks += arguments.remarks
    }

    /// Reads the lines of a block of keepalived's language; says so where a line replaces an earlier
    /// one.
    func read(_ directives: [Directive], into target: inout Target, remarks: inout [Remark]) {
        var seen: [String: Position] = [:]
        for directive in directives {
            read(directive, into: &target, remarks: &remarks, isLenient: true)
            guard let keyword = directive.words.first, let rule = rules[keyword.text],
                !rule.isRepeatable
            else { continue }
            if let earlier = seen.updateValue(keyword.position, forKey: keyword.text) {
                remarks.append(
                    .warning(
                        "\(keyword.text.quoted) replaces the one of line \(earlier.line)",
                        at: keyword.position))
            }
        }
    }
}

extension Rule {
    fileprivate func check(_ arguments: Arguments) throws(Remark) {
        switch (form, arguments.block) {
        case (.line, let block?):
            throw .error("\(arguments.keyword.text.quoted) takes no block", at: block.opening)
        case (.block, nil):
            throw .error(
                "\(arguments.keyword.text.quoted) needs a block in braces",
                at: arguments.keyword.position)
        case (.line, nil), (.block, _?), (.either, _): break
        }
    }
}
