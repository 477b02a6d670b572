import VRRPCore

/// A section `defaults`, `listen`, `frontend` or `backend` of haproxy's language.
struct HAProxySection: Sendable {
    enum Kind: String, Sendable { case defaults, listen, frontend, backend, check }

    let kind: Kind
    let name: Word
    var settings: HAProxySettings
    private(set) var listeners: [(listener: Listener, position: Position)] = []
    var routing: HAProxyRouting
    var binding = HAProxyBinding()
    var description = ""
    /// Where Prometheus' metrics are asked for.
    var metricsPaths: [String] = []
    var requestRefusals: [Word] = []
    var monitorFailures: [RuleCondition] = []
    var identity = SectionIdentity()
    var identityPositions = (number: Position.start, guid: Position.start)
    private(set) var serverGUIDs: [Word] = []
    /// Whether an address to listen on was written, be it a wrong one.
    private var wasBound = false
    private(set) var servers: [Server] = []
    /// The words that lines begin with, one and two of each, and where they first stand.
    private(set) var written: [String: Position] = [:]
    /// Servers that have the section's `source`, wherever it stands.
    private var serversWithoutSource: Set<String> = []
    private var tlsLines = HAProxyTLSLines()
    private var tlsFiles = HAProxyTLSFiles()
    private var serverPositions: [String: Position] = [:]
    private var trackPositions: [String: Position] = [:]
    private var resolverReferences: [Word] = []
    private var serverWords = HAProxyServerWords()
    /// What this section and those before it have.
    var counts = Draft.Counts()

    init(_ kind: Kind, name: Word, inheriting settings: HAProxySettings) {
        self.kind = kind
        self.name = name
        self.settings = settings
        routing = HAProxyRouting(name.text, kind)
        self.settings.checks.inherit()
        self.settings.serverOptions.words = []
    }

    /// Takes down what a line begins with, and says so where it replaces an earlier one.
    mutating func note(_ directive: Directive, _ remarks: inout [Remark]) {
        let words = directive.words.drop { $0.text == "no" }.prefix(2)
        guard let keyword = words.first else { return }
        for name in Set([keyword.text, words.map(\.text).joined(separator: " ")]) {
            guard let earlier = written[name] else {
                written[name] = keyword.position
                continue
            }
            guard HAProxySection.single.contains(name) else { continue }
            remarks.append(
                .warning(
                    "\(name.quoted) replaces the one of line \(earlier.line)", at: keyword.position)
            )
        }
    }

    /// Reads an address to listen on and its options, after `bind` or the section's name.
    mutating func bind(_ arguments: inout Arguments) throws(Remark) {
        wasBound = true
        let endpoints = try arguments.next("ADDRESS:PORT")
            .endpoints(
                countedBy: &counts.listeners, under: settings.bindSurroundings.unix.prefix)
        let bind = try HAProxyBind(&arguments, in: settings.bindSurroundings)
        tlsFiles.add(bind.tls.files)
        try listeners.map(\.listener).checkNumber(of: bind, for: endpoints.count)
        for (endpoint, position) in endpoints {
            if case .descriptor = endpoint, let option = bind.listener.optionOfBinding {
                throw .error(
                    "\(option.quoted) cannot be given to \(endpoint), which is bound already: say it"
                        + " where the socket is opened", at: position)
            }
            listeners.append((bind.listener(at: endpoint), position))
        }
    }

    /// Reads a server's name, address and options, after `server`.
    mutating func addServer(_ arguments: inout Arguments) throws(Remark) {
        let name = try arguments.next("a name and ADDRESS:PORT")
        let location = try arguments.next("ADDRESS:PORT after the name")
            .serverLocation()
        guard try counts.servers.add(1, at: name.position) else { return _ = arguments.remaining() }
        try addServers([name], at: location, &arguments)
    }

    /// Reads several servers of one name, after `server-template`.
    mutating func addServers(_ arguments: inout Arguments) throws(Remark) {
        let prefix = try arguments.next("a prefix, how many, and NAME:PORT")
        let count = try arguments.next("how many: N, or FIRST-LAST")
        let target = try arguments.next("NAME:PORT after the number")
        let location = try target.serverLocation()
        guard case .name = location.address else {
            throw .error(
                "server-template \(target.text.quoted): needs a name, whose addresses the servers"
                    + " share", at: target.position)
        }
        let bounds = count.text.split(separator: "-", omittingEmptySubsequences: false).map {
            Int($0)
        }
        let first = bounds.count == 1 ? 1 : bounds.first ?? nil
        guard (1...2).contains(bounds.count), let first, let last = bounds.last ?? nil,
            first >= 0, last >= first, last - first < 4096
        else {
            throw .error(
                "server-template \(count.text.quoted): must be N, or FIRST-LAST, of 4096 servers at"
                    + " most", at: count.position)
        }
        guard try counts.servers.add(last - first + 1, at: count.position) else {
            return _ = arguments.remaining()
        }
        let names = (first...last).map {
            Word(text: "\(prefix.text)\($0)", position: prefix.position)
        }
        try addServers(names, at: location, &arguments)
    }

    private mutating func addServers(
        _ names: [Word], at location: ServerLocation,
        _ arguments: inout Arguments
    ) throws(Remark) {
        var options = settings.serverOptions
        try options.readAll(&arguments)
        options.warnOfMissingHeader(&arguments)
        if case .internet = location.address {} else { options.hasFixedAddress = false }
        serverWords.add(options)
        for name in names { try addServer(name, at: location, options) }
        tlsLines.add(names, options)
        if let resolvers = options.resolvers, !resolverReferences.contains(resolvers) {
            resolverReferences.append(resolvers)
        }
    }

    private mutating func addServer(
        _ name: Word, at location: ServerLocation,
        _ options: HAProxyServerOptions
    ) throws(Remark) {
        try name.checkSectionName()
        if let earlier = serverPositions.updateValue(name.position, forKey: name.text) {
            throw .error(
                "server \(name.text.quoted) is already on line \(earlier.line)", at: name.position)
        }
        if options.source == nil { serversWithoutSource.insert(name.text) }
        let server = try options.server(name: name, at: location, in: self.name)
        try servers.checkNumber(of: server, at: name.position)
        if let guid = options.guid { serverGUIDs.append(guid) }
        trackPositions[name.text] = options.health.tracked?.position
        servers.append(server)
    }

    /// What the section says of all its listeners, wherever it stands.
    private mutating func completeListeners() {
        for index in listeners.indices {
            listeners[index].listener.isDatagram = settings.mode == .udp
            guard settings.mode != .udp else { continue }
            listeners[index].listener.backlog =
                listeners[index].listener.backlog ?? settings.backlog
            listeners[index].listener.keepAlive = settings.clientProbes.settings
            listeners[index].listener.savesAcknowledgement = settings.savesAcknowledgement
        }
    }

    /// Adds what the section says to the draft, and remarks where it does not make sense.
    mutating func finish(file: String, into draft: inout Draft, _ remarks: inout [Remark]) {
        completeListeners()
        draft.counts = counts
        draft.proxyCount += 1
        identity.position = draft.proxyCount
        noteIdentity(file: file, in: &draft)
        if kind == .check { return finishCheck(file: file, into: &draft, &remarks) }
        if kind != .frontend { draft.backendNames.insert(name.text) }
        if settings.logsToSyslog { draft.global.logsToSyslog = true }
        if kind != .backend {
            if wasBound, listeners.isEmpty { return }
            guard wasBound else {
                remarks.append(
                    .error(
                        "\(name.text.quoted) listens nowhere; add 'bind ADDRESS:PORT'",
                        at: name.position))
                return
            }
            for (listener, position) in listeners where !settings.isDisabled {
                let listener = Draft.Listening(listener: listener, section: name.text)
                draft.listeners.append(placed(listener, file, at: position))
            }
        }
        warnAboutMonitor(&remarks)
        if isPage {
            tlsFiles.note(in: &draft)
            return addPage(file: file, into: &draft, &remarks)
        }
        warnAboutStatistics(&remarks)
        guard settings.mode != .http || isTableAlone else { return remarks.append(httpRefusal) }
        if settings.mode == .udp {
            refuseStreamWords(&remarks)
            boundFlows(&remarks)
        }
        if kind != .backend { addFrontend(file: file, into: &draft, &remarks) }
        if kind != .frontend { addBackend(file: file, into: &draft, &remarks) }
        addTable(file: file, into: &draft)
        routing.note(in: &draft, file: file)
        remarks += routing.warnings
        if settings.mode == .tcp { warnAboutTimeouts(&remarks) }
        warnAboutAffinity(&remarks)
        refuseTwoHeaders(&remarks)
    }

    private func addTable(file: String, into draft: inout Draft) {
        guard let position = binding.tablePosition else { return }
        draft.tableNames.insert(name.text)
        guard let table = binding.table else { return }
        draft.tables.append(placed(table, file, at: position))
        guard let peers = binding.peers else { return }
        draft.peersReferences.append(placed(peers.text, file, at: peers.position))
    }

    private func addFrontend(
        file: String, into draft: inout Draft, _ remarks: inout [Remark]
    ) {
        if let reference = settings.backendName {
            draft.backendReferences.append(placed(reference.text, file, at: reference.position))
        } else if kind == .frontend, !routing.hasBackendRules {
            remarks.append(
                .error(
                    "frontend \(name.text.quoted) has no backend; add "
                        + (settings.showsStatistics
                            ? "'mode http', if it is to show the statistics page"
                            : "'default_backend NAME'"),
                    at: name.position))
        }
        var frontend = Frontend(
            name: name.text,
            backendName: settings.backendName?.text
                ?? (kind == .frontend ? routing.rules.backendNames.first : nil)
                ?? name.text)
        frontend.identity = identity
        frontend.description = description
        frontend.listeners = listeners.map(\.listener)
        settings.clientProbes.warnIfIdle("clitcpka", &remarks)
        frontend.rules = routing.finish(hasDefault: settings.backendName != nil || kind == .listen)
        frontend.connectionLimit = settings.connectionLimit
        frontend.clientTimeout = settings.clientTimeout.unlessZero
        frontend.omitsEmptyConnectionsFromLog = settings.omitsEmptyConnectionsFromLog
        frontend.log = finishedLog(&remarks)
        frontend.limits = settings.frontendLimits
        frontend.limits.clientFinTimeout = frontend.limits.clientFinTimeout.unlessZero
        frontend.limits.handshakeTimeout = frontend.limits.handshakeTimeout.unlessZero
        frontend.showsListeners = settings.showsListeners
        frontend.isDisabled = settings.isDisabled
        tlsFiles.note(in: &draft)
        warnOfPassingTLS(frontend, &remarks)
        draft.frontends.append(placed(frontend, file))
    }

    private func addBackend(
        file: String, into draft: inout Draft, _ remarks: inout [Remark]
    ) {
        // A line that is wrong has its own complaint.
        let hasLine = written["server"] != nil || written["server-template"] != nil
        if !hasLine, !isTableAlone, kind == .backend || settings.backendName == nil {
            remarks.append(
                .warning(
                    "\(name.text.quoted) has no server; its connections are closed at once",
                    at: name.position))
        }
        var backend = Backend(name: name.text)
        backend.identity = identity
        backend.description = description
        backend.isDatagram = settings.mode == .udp
        backend.algorithm = settings.algorithm
        backend.selection = settings.selection
        backend.limits = settings.poolLimits
        backend.limits.tunnelTimeout = backend.limits.tunnelTimeout.unlessZero
        backend.limits.serverFinTimeout = backend.limits.serverFinTimeout.unlessZero
        backend.limits.noServerTimeout = backend.limits.noServerTimeout.unlessZero
        (backend.contentRules, backend.inspectDelay) = (routing.content, routing.inspectDelay)
        backend.serverRules = routing.servers
        backend.stickRules = binding.rules
        backend.persistenceRules = routing.persistence.rules
        backend.keepsToServers = settings.keepsToServers
        remarks += binding.note(in: &draft, file: file, section: name.text)
        settings.serverProbes.warnIfIdle("srvtcpka", &remarks)
        backend.connectTimeout = settings.connectTimeout.unlessZero
        backend.serverTimeout = settings.serverTimeout.unlessZero
        backend.queueTimeout = settings.queueTimeout.unlessZero
        backend.checkTimeout = settings.checkTimeout.unlessZero
        backend.retries = settings.retries
        backend.redispatches = settings.redispatches
        backend.redispatchInterval = settings.redispatchInterval
        backend.checks = settings.checks.finish(
            section: name, isOnlyCheck: false, &remarks)
        settings.checks.warnAboutIdleRules(
            section: name, isChecked: servers.contains { $0.check != nil }, &remarks)
        finishServers(of: &backend, &remarks)
        let surroundings = ServerSurroundings.Section(
            source: settings.source, keepAlive: settings.serverProbes.settings)
        if surroundings != ServerSurroundings.Section() {
            draft.surroundings.sections[name.text] = surroundings
        }
        note(backend, file, in: &draft)
        draft.backends.append(placed(backend, file))
    }

    /// Gives a pool the section's servers, with what the section says of all of them.
    func finishServers(of backend: inout Backend, _ remarks: inout [Remark]) {
        backend.servers = servers.map(withSource)
        for index in backend.servers.indices {
            backend.servers[index].connection.keepAlive = settings.serverProbes.settings
            // Nobody is sent to a section that is disabled, nor asked whether it could be.
            if settings.isDisabled { backend.servers[index].isDisabled = true }
        }
        remarkOnServers(of: backend, &remarks)
    }

    /// The first word of a server that says what is not implemented.
    var missingServerWord: Word? { serverWords.missing }

    private func remarkOnServers(of backend: Backend, _ remarks: inout [Remark]) {
        serverWords.warn(in: backend, &remarks)
        remarks += backend.uncheckableServers.map { server, option in
            .error(
                "server \(server.quoted): a Unix socket is checked by connections; 'option \(option)'"
                    + " asks a host", at: serverPositions[server] ?? name.position)
        }
        for server in backend.servers where backend.isDatagram && server.tls != nil {
            remarks.append(
                .error(
                    "server \(server.name.quoted): 'ssl' is for connections, not for mode udp: DTLS is"
                        + " not spoken; leave it out",
                    at: serverPositions[server.name] ?? name.position))
        }
        remarks += backend.unfindableServers.map { server in
            .warning(
                "server \(server.quoted): nobody is asked for its address; add 'resolvers NAME', or"
                    + " libc to 'init-addr'", at: serverPositions[server] ?? name.position)
        }
    }

    private func withSource(_ server: Server) -> Server {
        guard let source = settings.source, serversWithoutSource.contains(server.name) else {
            return server
        }
        var server = server
        let interface = server.connection.source.interface ?? source.interface
        server.connection.source = source
        server.connection.source.interface = interface
        return server
    }

    /// Takes down what can only be looked up once all sections are known.
    func note(_ backend: Backend, _ file: String, in draft: inout Draft) {
        tlsLines.note(in: &draft, file: file, section: name)
        for server in backend.servers {
            let reference = ServerReference(backend: backend.name, server: server.name)
            draft.serverLocations[reference] = serverPositions[server.name].map {
                Location(file: file, position: $0)
            }
            guard let tracked = server.health.tracked else { continue }
            let position = trackPositions[server.name] ?? name.position
            draft.trackedServers.append(placed(tracked, file, at: position))
        }
        if case .command(let position) = settings.checks.kind {
            draft.commandChecks.append(Location(file: file, position: position))
        }
        for word in resolverReferences {
            draft.resolverReferences.append(placed(word.text, file, at: word.position))
        }
    }

    /// Whether the section is there for its table, which others name.
    var isTableAlone: Bool { kind == .backend && servers.isEmpty && binding.table != nil }

    /// A value with the place where it was written, or where the section begins.
    func placed<Value: Sendable>(
        _ value: Value, _ file: String, at position: Position? = nil
    ) -> Placed<Value> {
        Placed(value: value, location: Location(file: file, position: position ?? name.position))
    }
}

extension Duration? {
    /// haproxy writes "for ever" as 0.
    var unlessZero: Duration? { self == .zero ? nil : self }
}

extension Listener {
    /// What it asks for that only a socket which is not bound yet can be given; haproxy's word.
    fileprivate var optionOfBinding: String? {
        if interface != nil { return "interface" }
        if isTransparent { return "transparent" }
        if let servesIPv6Alone { return servesIPv6Alone ? "v6only" : "v4v6" }
        if mode != nil { return "mode" }
        if userID != nil { return "user" }
        return groupID == nil ? nil : "group"
    }
}
