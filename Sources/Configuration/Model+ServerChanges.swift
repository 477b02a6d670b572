/// Why a server cannot be added or taken away while the program runs.
public struct ServerChangeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, on what, and what would be right.
    public let description: String

    init(_ description: String) { self.description = description }
}

extension Model {
    /// Adds a server to a pool, behind those that it has, as haproxy's `add server` does.
    ///
    /// It begins in maintenance, unless its words say `enabled`. What `default-server` says does not hold
    /// for it; what the pool's section and the global section say of all servers does. The numbers of the
    /// others stay; its own is the lowest that is free. Nothing has changed where it throws.
    ///
    /// - Parameters:
    ///   - name: The server's name.
    ///   - words: `ADDRESS[:PORT]` and what else a line of haproxy's language may say of a server.
    ///   - pool: The pool's position.
    ///   - numbers: Which numbers servers have, of which some have their own (``Server/number``).
    /// - Returns: Warnings.
    /// - Throws: ``ServerChangeError``: the pool's algorithm is not dynamic, the name, number or guid is
    ///   another one's, or words are wrong, not implemented or do not fit the model.
    public mutating func addServer(
        _ name: String, _ words: [String], toBackendAt pool: Int,
        numberedBy numbers: ([Int?]) -> [Int]
    ) throws(ServerChangeError) -> [Diagnostic] {
        let backend = backends[pool]
        try backend.checkTakesServers()
        if backend.servers.contains(where: { $0.name == name }) {
            throw ServerChangeError("a server of \(backend.name) has this name already")
        }
        let count = backends.reduce(1) { $0 + $1.servers.count }
        guard count <= Model.mostPlaces else {
            throw ServerChangeError(
                "with it there were \(count) servers; all backends together may have"
                    + " \(Model.mostPlaces)")
        }
        var draft = Draft()
        draft.verifiesServers = serverSurroundings.verifiesServers
        var (server, remarks) = try HAProxySection.addedServer(
            [name] + words, to: backend, in: serverSurroundings, into: &draft)
        try give(&server, aNumberBeside: backend.servers, numbers)
        if let guid = server.guid, guids.contains(guid) {
            throw ServerChangeError("the guid \(guid.quoted) is another one's already")
        }
        var assembler = ModelAssembler(draft, literalScripts: true)
        assembler.settle(&server, addedTo: backend, of: self)
        remarks += assembler.diagnostics
        if let error = remarks.first(where: { $0.severity == .error }) {
            throw ServerChangeError(error.sentence)
        }
        try takeFiles(of: draft)
        backends[pool].servers.append(server)
        return remarks.map {
            Diagnostic(
                $0.severity, file: "\(backend.name)/\(name)", line: 0, message: $0.message,
                suggestion: $0.suggestion)
        }
    }

    /// Takes a server away from its pool, as haproxy's `del server` does; the numbers of the others stay.
    ///
    /// - Parameters:
    ///   - place: The server's position.
    ///   - pool: The pool's position.
    ///   - numbers: Which numbers servers have, of which some have their own (``Server/number``).
    /// - Throws: ``ServerChangeError``: something else of the model names it.
    public mutating func removeServer(
        at place: Int, ofBackendAt pool: Int, numberedBy numbers: ([Int?]) -> [Int]
    ) throws(ServerChangeError) {
        let backend = backends[pool]
        guard !backend.checks.isOnlyCheck else {
            throw ServerChangeError("\(backend.name) is a check, which has one target")
        }
        let reference = ServerReference(
            backend: backend.name, server: backend.servers[place].name)
        if let user = user(of: reference) {
            throw ServerChangeError(
                "\(user) names it, and has to go first")
        }
        var known = numbers(backend.servers.map(\.number))
        known.remove(at: place)
        var servers = backend.servers
        servers.remove(at: place)
        let present = numbers(servers.map(\.number))
        for index in servers.indices where present[index] != known[index] {
            servers[index].number = known[index]
        }
        backends[pool].servers = servers
    }

    /// haproxy's numbers: the one that is asked for, or the lowest that is free.
    private func give(
        _ server: inout Server, aNumberBeside others: [Server], _ numbers: ([Int?]) -> [Int]
    ) throws(ServerChangeError) {
        let own = others.map(\.number)
        let known = numbers(own)
        if let number = server.number {
            guard let index = known.firstIndex(of: number) else { return }
            throw ServerChangeError("the id \(number) is that of \(others[index].name.quoted)")
        }
        let taken = Set(known)
        let free = (1...(known.count + 1)).first { !taken.contains($0) }
        if free != numbers(own + [nil]).last { server.number = free }
    }

    private var guids: Set<String> {
        Set(
            (frontends.map(\.identity.guid) + statisticsPages.map(\.identity.guid)
                + backends.flatMap { [$0.identity.guid] + $0.servers.map(\.guid) })
                .compactMap(\.self))
    }

    /// Files stand in the model once, for all servers that name them: what one is read as now must not
    /// become what others trust.
    private mutating func takeFiles(of draft: Draft) throws(ServerChangeError) {
        let files = [
            (\Model.authorities, draft.authorities), (\.certificates, draft.certificates),
            (\.revocationLists, draft.revocationLists),
        ]
        for (kind, read) in files {
            for (path, bytes) in read {
                guard self[keyPath: kind][path] ?? bytes == bytes else {
                    throw ServerChangeError(
                        "\(path) has changed since the configuration was read, for other servers too:"
                            + " reload first")
                }
            }
        }
        for (kind, read) in files { self[keyPath: kind].merge(read) { known, _ in known } }
    }

    /// What of the model names a server, beside its line; `nil`: nothing.
    private func user(of reference: ServerReference) -> String? {
        for backend in backends {
            for server in backend.servers where server.health.tracked == reference {
                return "'track' of \(backend.name)/\(server.name)"
            }
            for rule in backend.serverRules
            where backend.name == reference.backend && rule.serverName == reference.server {
                return "'use-server' of \(backend.name)"
            }
        }
        for (section, conditions) in conditions {
            let questions = conditions.flatMap { $0.alternatives.joined() }.flatMap(\.questions)
            if questions.contains(where: { $0.server == reference }) {
                return "a rule of \(section)"
            }
        }
        return nil
    }

    /// The conditions of all rules, by their sections' names.
    private var conditions: [(section: String, conditions: [RuleCondition])] {
        frontends.map { ($0.name, $0.rules.conditions) }
            + statisticsPages.map { ($0.name, $0.rules.conditions + $0.monitorFailures) }
            + backends.map { ($0.name, $0.ruleConditions) }
    }
}

extension ConnectionRules {
    fileprivate var conditions: [RuleCondition] {
        (connection + session + content).map(\.condition) + backends.map(\.condition)
    }
}

extension ConnectionQuestion {
    /// The server that it is about.
    fileprivate var server: ServerReference? {
        switch self {
        case .serverIsUp(let server), .server(_, let server, _): server
        default: nil
        }
    }
}

extension Backend {
    /// As in haproxy, where places that depend on all servers are made once.
    fileprivate func checkTakesServers() throws(ServerChangeError) {
        guard !checks.isOnlyCheck else {
            throw ServerChangeError("\(name) is a check, which has one target")
        }
        let isDynamic =
            switch algorithm {
            case .roundrobin, .leastconn, .first, .random, .maglev: true
            case .source, .hash: selection.isConsistent
            case .staticRoundrobin: false
            }
        guard !isDynamic else { return }
        let remedy =
            algorithm == .staticRoundrobin
            ? "'balance roundrobin' takes some" : "with 'hash-type consistent' it takes some"
        throw ServerChangeError(
            "\(name) is balanced by \(algorithm), which takes no server at run time; \(remedy)")
    }
}

extension ModelAssembler {
    /// Checks what only shows beside the other sections of a model, and settles what they decide.
    fileprivate mutating func settle(
        _ server: inout Server, addedTo backend: Backend, of model: Model
    ) {
        func placed<Value>(_ value: Value) -> Placed<Value> {
            Placed(value: value, location: Location(file: "", position: .start))
        }
        var backend = backend
        backend.servers.append(server)
        draft.backends = (model.backends.filter { $0.name != backend.name } + [backend]).map(placed)
        checkTrackedServers()
        // Of the others all is said.
        backend.servers = [server]
        draft.backends = [placed(backend)]
        draft.frontends = model.frontends.map(placed)
        judgeServers()
        server = draft.backends[0].value.servers[0]
    }
}

extension Diagnostic {
    /// What it says, without a place.
    var sentence: String {
        message + (suggestion.map { "; did you mean '\($0)'?" } ?? "")
    }
}
