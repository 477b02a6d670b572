extension ModelAssembler {
    /// Each table that rules name is there and holds what they want of it, and each one has a use.
    mutating func checkTables() {
        refuseDuplicates(draft.tables, by: \.name) { "a 'stick-table' of \($0.name.quoted)" }
        var tables: [String: StickTableSettings] = [:]
        for table in draft.tables { tables[table.value.name] = table.value }
        for reference in draft.tableReferences { check(reference, tables) }
        let used = Set(draft.tableReferences.flatMap(\.value.tables))
        for table in draft.tables where draft.isRight && !used.contains(table.value.name) {
            report(
                "'stick-table' has no effect: its section has no 'stick', and no rule names it",
                at: table.location, as: .warning)
        }
        warnOfEmptyBackends(tables)
        waitForKeys()
    }

    /// A client is waited for who has yet to say what decides which server he gets.
    private mutating func waitForKeys() {
        var keys: [String: (keyword: String, key: ConnectionKeyName)] = [:]
        for backend in draft.backends.map(\.value) {
            if let name = backend.selection.tokenCookie {
                keys[backend.name] = ("persist", .rdpCookie(name))
            } else if let key = backend.stickRules.map(\.key).first(where: \.needsContent) {
                keys[backend.name] = ("stick", key)
            } else if case .hash(let key) = backend.algorithm, key.needsContent {
                keys[backend.name] = ("balance", key)
            } else if let key = backend.nameKeys.first(where: \.needsContent) {
                keys[backend.name] = ("sni", key)
            }
        }
        for index in draft.frontends.indices where !keys.isEmpty {
            let (frontend, location) = (
                draft.frontends[index].value, draft.frontends[index].location
            )
            let names = [frontend.backendName] + frontend.rules.backendNames
            guard frontend.rules.inspectDelay == nil, !frontend.isDatagram,
                let name = names.first(where: { keys[$0] != nil }),
                let (keyword, key) = keys[name]
            else { continue }
            draft.frontends[index].value.rules.inspectDelay = .seconds(5)
            report(
                "\(keyword.quoted) of \(name.quoted) looks at \(key.name), but \(frontend.name.quoted) has no"
                    + " 'tcp-request inspect-delay': clients are waited for 5s at most",
                at: location, as: .warning)
        }
    }

    private mutating func check(
        _ reference: Placed<Draft.TableReference>, _ tables: [String: StickTableSettings]
    ) {
        let (keyword, names) = (reference.value.keyword, reference.value.tables)
        let known = names.compactMap { tables[$0] }
        guard known.count == names.count, let first = known.first else {
            guard !reference.value.isImplied, let name = names.first,
                !draft.tableNames.contains(name)
            else { return }
            return report(
                "\(keyword) \(name.quoted): no section of this name has a 'stick-table'",
                at: reference.location, suggestion: draft.tableNames.nearest(to: name))
        }
        if let key = reference.value.key, !first.kind.holds(key) {
            report(
                "\(keyword) \(first.name.quoted): \(key.name) needs a table of type"
                    + " \(key.kinds)", at: reference.location)
        }
        if reference.value.asksForServer, !binds(first.name) {
            report(
                "\(keyword) \(first.name.quoted): nobody's server is remembered there; add 'stick on … table"
                    + " \(first.name)' to a backend", at: reference.location, as: .warning)
        }
        let (data, index) = (reference.value.data, reference.value.index)
        guard let datum = data.first,
            !known.contains(where: { table in
                table.counters.contains { counter in data.contains { counter.counts($0, index) } }
            })
        else { return }
        let arguments = [datum.isArray ? "\(index + 1)" : nil, datum.isRate ? "10s" : nil]
            .compactMap(\.self)
        let example =
            datum.rawValue + (arguments.isEmpty ? "" : "(\(arguments.joined(separator: ",")))")
        report(
            "\(keyword): 'stick-table' of \(first.name.quoted) does not count it; add 'store"
                + " \(example)'", at: reference.location,
            as: reference.value.needsData ? .error : .warning)
    }

    /// There are not too many variables, and each that is asked for can have a value.
    mutating func checkVariables() {
        let references = draft.variableReferences
        let set = Set(references.filter(\.value.sets).map(\.value.name))
        var known: Set<VariableName> = []
        for reference in references {
            let name = reference.value.name
            guard known.insert(name).inserted else { continue }
            if known.count == VariableName.most + 1 {
                report(
                    "\(name.text.quoted) is one variable too many: there may be \(VariableName.most)",
                    at: reference.location)
            }
            guard !set.contains(name) else { continue }
            report(
                "\(name.text.quoted) has no value: no 'set-var(\(name.text))' sets it",
                at: reference.location, as: .warning)
        }
    }

    /// Whether a section's clients belong to servers by a table.
    private func binds(_ table: String) -> Bool {
        draft.backends.contains { $0.value.stickRules.contains { $0.tableName == table } }
    }

    /// A section that is there for its table serves nobody.
    private mutating func warnOfEmptyBackends(_ tables: [String: StickTableSettings]) {
        let empty = Set(draft.backends.filter { $0.value.servers.isEmpty }.map(\.value.name))
            .intersection(tables.keys)
        for frontend in draft.frontends {
            let names =
                [frontend.value.backendName] + frontend.value.rules.backendNames
            for name in Set(names).intersection(empty) where name != frontend.value.name {
                report(
                    "\(frontend.value.name.quoted) leads to \(name.quoted), which has no server;"
                        + " its connections are closed at once", at: frontend.location, as: .warning
                )
            }
        }
    }
}
