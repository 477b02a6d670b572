/// The table of a section, and what binds clients to servers: `stick` and `use-server`.
struct HAProxyBinding: Sendable {
    private(set) var table: StickTableSettings?
    private(set) var rules: [StickRuleSettings] = []
    /// Where each rule says which table it means.
    private var positions: [Position] = []
    /// Where the `stick-table` stands, be it a wrong one.
    private(set) var tablePosition: Position?
    /// The name of those who have the table in common.
    private(set) var peers: Word?

    /// Reads `stick-table …`.
    mutating func readTable(_ arguments: inout Arguments, in section: String) throws(Remark) {
        tablePosition = arguments.keyword.position
        (table, peers) = try HAProxyStickTable.read(&arguments, in: section)
    }

    /// Reads `stick on|match|store-request KEY [table NAME] [if|unless …]`.
    mutating func readRule(
        _ arguments: inout Arguments, _ routing: inout HAProxyRouting
    ) throws(Remark) {
        let section = routing.section
        var position = arguments.keyword.position
        let kind = try arguments.next("on, match or store-request")
        guard ["on", "match", "store-request"].contains(kind.text) else {
            throw .error(
                "stick \(kind.text.quoted): must be on, match or store-request", at: kind.position)
        }
        let key = try arguments.nextSample("what is a key, such as src or req.ssl_sni")
            .connectionKey(after: "stick \(kind.text)")
        var rule = StickRuleSettings(tableName: section, key: key)
        (rule.matches, rule.stores) = (kind.text != "store-request", kind.text != "match")
        if arguments.upcoming?.text == "table" {
            arguments.skip(1)
            let name = try arguments.next("the name of a table's section")
            (rule.tableName, position) = (name.text, name.position)
        }
        rule.condition = try routing.serverCondition(
            &arguments, of: "stick", at: kind.position)
        guard rules.count < StickRuleSettings.most else {
            throw .error(
                "a section may have \(StickRuleSettings.most) rules of 'stick'", at: kind.position)
        }
        rules.append(rule)
        positions.append(position)
    }

    /// Takes down the tables, which are looked up once all are known.
    ///
    /// - Returns: What does not make sense in the section as a whole.
    func note(in draft: inout Draft, file: String, section: String) -> [Remark] {
        var remarks: [Remark] = []
        for (rule, position) in zip(rules, positions) {
            guard rule.tableName != section || tablePosition != nil else {
                if remarks.isEmpty {
                    remarks.append(
                        .error(
                            "'stick' needs a table: a 'stick-table' in its section, such as"
                                + " 'stick-table type ip size 100k expire 30m', or 'table' and the name"
                                + " of another section", at: position))
                }
                continue
            }
            draft.tableReferences.append(
                Placed(
                    value: .init(keyword: "stick", tables: [rule.tableName], key: rule.key),
                    location: Location(file: file, position: position)))
        }
        return remarks
    }
}

extension StickTableSettings.Kind {
    /// Whether something of a connection can be a key.
    func holds(_ key: ConnectionKeyName) -> Bool {
        !key.isText || self == .string || self == .binary
    }
}

extension ConnectionKeyName {
    /// The types of tables that hold it.
    var kinds: String { isText ? "string or binary" : "any kind" }

    /// Whether it is made of bytes.
    var isText: Bool {
        if case .headerText = unconverted { true } else { needsContent || needsHandshake }
    }

    private var unconverted: ConnectionKeyName {
        if case .converted(let key, _) = self { key.unconverted } else { self }
    }
}

extension HAProxySection {
    /// Keywords that bind clients to servers; haproxy's configuration manual, section 4.2.
    static let bindingKeywords: [String: Rule<HAProxySection>] = [
        "stick-table": .line { section, arguments throws(Remark) in
            try section.binding.readTable(&arguments, in: section.name.text)
        },
        "stick": .each { section, arguments throws(Remark) in
            try section.binding.readRule(&arguments, &section.routing)
        },
        "use-server": .each { section, arguments throws(Remark) in
            try section.routing.addServer(&arguments)
        },
        "force-persist": .each { section, arguments throws(Remark) in
            try section.routing.addPersistence(isForced: true, &arguments)
        },
        "ignore-persist": .each { section, arguments throws(Remark) in
            try section.routing.addPersistence(isForced: false, &arguments)
        },
    ]
}
