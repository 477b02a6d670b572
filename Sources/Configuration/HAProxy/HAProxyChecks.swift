/// What a section says about how its servers are checked.
struct HAProxyChecks: Sendable {
    enum Kind: Sendable {
        case connection, http, script
        /// One whose words are all on one line.
        case whole(CheckMethod)
        case command(Position)
    }

    /// Keywords that say more about a kind of check, and ask for none.
    enum Family: String, CaseIterable {
        case http = "http-check", script = "tcp-check", command = "external-check"

        var option: String { self == .http ? "httpchk" : rawValue }

        func belongs(to kind: Kind) -> Bool {
            switch (self, kind) {
            case (.http, .http), (.script, .script), (.command, .command): true
            default: false
            }
        }
    }

    /// Rules of `http-check` or `tcp-check`; the first one of a section replaces those that it has
    /// from `defaults`.
    struct Rules<Rule: Sendable>: Sendable {
        private(set) var all: [Rule] = []
        private var areInherited = false
        private var lineCount = 0
        /// The text of the last `comment` line, for as long as it holds.
        private var comment: String?
        private var lastKind: String?

        /// Takes a rule in.
        ///
        /// - Parameters:
        ///   - kind: Its keyword: a comment line holds for the rules after it up to another keyword.
        ///   - own: The rule's own comment.
        ///   - make: Makes it from its comment and its number, which counts comment lines too.
        mutating func append(
            _ kind: String, comment own: String?,
            _ make: (_ comment: String?, _ number: Int) -> Rule
        ) {
            begin()
            if lastKind != nil, lastKind != kind { comment = nil }
            all.append(make(own ?? comment, lineCount))
            if kind == "connect" { comment = nil }
            lastKind = kind
        }

        /// Takes a line in that is only a comment.
        mutating func append(comment: String) {
            begin()
            self.comment = comment
            lastKind = nil
        }

        mutating func inherit() { areInherited = true }

        private mutating func begin() {
            if areInherited { self = Self() }
            lineCount += 1
        }
    }

    var kind = Kind.connection
    /// Where each family's first words stand, and whether that is in `defaults`.
    private var beginnings: [Family: (position: Position, isInherited: Bool)] = [:]
    /// The options that name a kind, by their lines; the last one counts.
    private var options: [(label: String, line: Int)] = []
    /// The request of `option httpchk`.
    var request = HTTPCheckExchange()
    var httpRules = Rules<HAProxyHTTPCheck.Rule>()
    var steps = Rules<ScriptCheckStep>()
    var drainsOn404 = false
    var sendsState = false
    var commandPath: Word?
    var searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    var logsResults = false
    var upCommand: [String]?
    var downCommand: [String]?
    /// Where the target of a `check` section stands.
    var target: Word?

    /// Marks everything as coming from `defaults`.
    mutating func inherit() {
        httpRules.inherit()
        steps.inherit()
        for family in beginnings.keys { beginnings[family]?.isInherited = true }
        options = []
    }

    /// Takes down where a family's words begin; a section's own count before those of `defaults`.
    private mutating func begin(_ family: Family, at position: Position) {
        if beginnings[family]?.isInherited ?? true { beginnings[family] = (position, false) }
    }

    /// Takes down an option that names a kind; those of `defaults` are replaced without a word.
    mutating func note(_ option: Word) {
        options.append((option.text, option.position.line))
    }

    /// After `no option` nothing takes the place of anything.
    mutating func forgetOptions() { options = [] }

    /// Says which words have no effect, because nothing asks for their kind of check.
    ///
    /// Words of `defaults` are for whichever section wants them: what misleads is only a section
    /// whose servers are checked, and that chose no kind at all.
    func warnAboutIdleRules(
        section: Word, isChecked: Bool, _ remarks: inout [Remark]
    ) {
        for family in Family.allCases where !family.belongs(to: kind) {
            guard let (position, isInherited) = beginnings[family] else { continue }
            var consequence = ""
            if case .connection = kind, isChecked { consequence = "; its checks only connect" }
            guard !isInherited || !consequence.isEmpty else { continue }
            let wanted = "option \(family.option)"
            if let lost = options.last(where: { $0.label == wanted }), let last = options.last {
                remarks.append(
                    .warning(
                        "\(family.rawValue.quoted) has no effect in \(section.text.quoted):"
                            + " \(last.label.quoted) in line \(last.line) takes the place of"
                            + " \(wanted.quoted) in line \(lost.line)", at: position))
                continue
            }
            remarks.append(
                .warning(
                    "\(family.rawValue.quoted) has no effect in \(section.text.quoted) without"
                        + " 'option \(family.option)'\(consequence)", at: position))
        }
    }

    /// The settings, with a remark where a rule has no effect or something is missing.
    func finish(
        section: Word, isOnlyCheck: Bool, _ remarks: inout [Remark]
    ) -> PoolCheckSettings {
        var settings = PoolCheckSettings()
        settings.logsResults = logsResults
        settings.upCommand = upCommand
        settings.downCommand = downCommand
        settings.isOnlyCheck = isOnlyCheck
        switch kind {
        case .connection: break
        case .http:
            var http = HTTPCheckSettings()
            http.exchanges = HAProxyHTTPCheck.exchanges(of: httpRules.all, first: request)
            http.drainsOn404 = drainsOn404
            http.sendsState = sendsState
            settings.method = .http(http)
        case .script: settings.method = steps.all.isEmpty ? .connection : .script(steps.all)
        case .whole(let method): settings.method = method
        case .command(let position):
            if let path = commandPath {
                settings.method = .command(path: path.text, searchPath: searchPath)
            } else {
                remarks.append(
                    .error(
                        "'option external-check' of \(section.text.quoted) needs"
                            + " 'external-check command PATH'", at: position))
            }
        }
        return settings
    }

    /// haproxy's configuration manual, section 4.2, and additions to it.
    static let keywords: [String: Rule<HAProxySection>] = [
        "http-check": .line { section, arguments throws(Remark) in
            section.settings.checks.begin(.http, at: arguments.position)
            try HAProxyHTTPCheck.table.read(into: &section.settings.checks, &arguments)
        },
        "tcp-check": .line { section, arguments throws(Remark) in
            section.settings.checks.begin(.script, at: arguments.position)
            try HAProxyTCPCheck.table.read(into: &section.settings.checks, &arguments)
        },
        "external-check": .line { section, arguments throws(Remark) in
            section.settings.checks.begin(.command, at: arguments.position)
            try commands.read(into: &section.settings.checks, &arguments)
        },
        "notify_up": .line { section, arguments throws(Remark) in
            section.settings.checks.upCommand = try arguments.notification()
        },
        "notify_down": .line { section, arguments throws(Remark) in
            section.settings.checks.downCommand = try arguments.notification()
        },
        "target": .line { section, arguments throws(Remark) in
            section.settings.checks.target = try arguments.next("an address")
        },
    ]

    /// The options that say what is asked: an option without `no` replaces the one before it.
    static let options: [String: Rule<HAProxySection>] = HAProxyCheckOptions.rules.merging([
        "log-health-checks": .line { section, arguments throws(Remark) in
            section.settings.checks.logsResults = !arguments.isNegated
        }
    ]) { own, _ in own }

    private static let commands = KeywordTable<HAProxyChecks>(
        "external-check keyword",
        [
            "command": .line { checks, arguments throws(Remark) in
                let word = try arguments.next("the path of a program")
                _ = try word.program(of: arguments.label)
                checks.commandPath = word
            },
            "path": .line { checks, arguments throws(Remark) in
                checks.searchPath = try arguments.next("directories").text
            },
        ])
}

extension Arguments {
    /// A program and its arguments, to the end of the line.
    fileprivate mutating func notification() throws(Remark) -> [String] {
        let program = try next("a program")
        return [try program.program(of: label)] + remaining().map(\.text)
    }
}
