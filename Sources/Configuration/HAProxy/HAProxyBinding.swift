/// The table of a section, and what binds clients to servers: `stick` and `use-server`.
struct HAProxyBinding: Sendable {
    private(set) var table: StickTableSettings?
    private var matches = false
    private var stores = false
    /// What the rules tell clients apart by.
    private var key: ConnectionKeyName?
    /// Where the first `stick` stands.
    private var rulePosition: Position?
    /// Where the `stick-table` stands, be it a wrong one.
    private(set) var tablePosition: Position?
    /// The name of those who have the table in common.
    private(set) var peers: Word?

    /// Reads `stick-table …`.
    mutating func readTable(_ arguments: inout Arguments, in section: String) throws(Remark) {
        tablePosition = arguments.keyword.position
        (table, peers) = try HAProxyStickTable.read(&arguments, in: section)
    }

    /// Reads `stick on|match|store-request KEY [table NAME]`.
    mutating func readRule(_ arguments: inout Arguments, in section: String) throws(Remark) {
        let position = arguments.keyword.position
        let kind = try arguments.next("on, match or store-request")
        guard ["on", "match", "store-request"].contains(kind.text) else {
            throw .error(
                "stick \(kind.text.quoted): must be on, match or store-request", at: kind.position)
        }
        let word = try arguments.next("what is a key, such as src or req.ssl_sni")
        let key = try word.connectionKey(after: "stick \(kind.text)")
        guard self.key == nil || self.key == key else {
            throw .error(
                "stick \(kind.text) \(key.name): the rules of a section have one key, and there is"
                    + " one with another above", at: word.position)
        }
        self.key = key
        while let word = arguments.nextIfPresent() {
            guard word.text == "table" else {
                throw .error(
                    "\(word.text.quoted) after 'stick \(kind.text) \(key.name)' is not supported, because all"
                        + " clients of a section are bound alike", at: word.position)
            }
            let name = try arguments.next("the name of this section")
            guard name.text == section else {
                throw .error(
                    "table \(name.text.quoted) is not supported, because each section's servers have a"
                        + " table of their own; put the 'stick-table' into this section",
                    at: name.position)
            }
        }
        if kind.text != "store-request" { matches = true }
        if kind.text != "match" { stores = true }
        rulePosition = rulePosition ?? position
    }

    /// What holds in the end; `nil`: nobody is bound.
    func finish(_ remarks: inout [Remark]) -> StickinessSettings? {
        guard let rulePosition, let key else { return nil }
        guard let table else {
            if tablePosition == nil {
                remarks.append(
                    .error(
                        "'stick' needs a table in its section, such as 'stick-table type ip size"
                            + " 100k expire 30m'", at: rulePosition))
            }
            return nil
        }
        if !table.kind.holds(key) {
            remarks.append(
                .error(
                    "'stick' by \(key.name) needs a table of type \(key.kinds)",
                    at: rulePosition))
        }
        var stickiness = StickinessSettings()
        (stickiness.matches, stickiness.stores, stickiness.key) = (matches, stores, key)
        return stickiness
    }
}

extension StickTableSettings.Kind {
    /// Whether something of a connection can be a key.
    func holds(_ key: ConnectionKeyName) -> Bool {
        !key.needsContent || self == .string || self == .binary
    }
}

extension ConnectionKeyName {
    /// The types of tables that hold it.
    var kinds: String { needsContent ? "string or binary" : "any kind" }
}

extension HAProxySection {
    /// Keywords that bind clients to servers; haproxy's configuration manual, section 4.2.
    static let bindingKeywords: [String: Rule<HAProxySection>] = [
        "stick-table": .line { section, arguments throws(Remark) in
            try section.binding.readTable(&arguments, in: section.name.text)
        },
        "stick": .each { section, arguments throws(Remark) in
            try section.binding.readRule(&arguments, in: section.name.text)
        },
        "use-server": .each { section, arguments throws(Remark) in
            try section.routing.addServer(&arguments)
        },
    ]
}
