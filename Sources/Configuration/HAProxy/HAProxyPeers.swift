import VRRPCore

/// A section `peers`, before it is known which of its peers this node is.
struct HAProxyPeers: Sendable {
    /// A `peer` or `server`.
    struct Member: Sendable {
        let name: String
        /// `nil`: it is said by `bind`.
        let address: (address: IPAddress, port: UInt16)?
        let position: Position
        /// What its line and `default-server` say.
        let options: HAProxyServerOptions
    }

    let name: Word
    private(set) var members: [Member] = []
    /// What `bind` says.
    private(set) var listeners: [(listener: Listener, position: Position)] = []
    private var listenerCount = Draft.Counts().listeners
    /// What `default-bind` says.
    private var defaults: HAProxyBind
    /// What `default-server` says.
    private var serverOptions = HAProxyServerOptions()
    private var tlsFiles = HAProxyTLSFiles()
    private(set) var tables: [(settings: StickTableSettings, position: Position)] = []
    private(set) var isDisabled = false

    /// Begins a section, with what lines before it say for all.
    init(_ name: Word, after draft: Draft) {
        self.name = name
        defaults = HAProxyBind(in: draft.bindSurroundings)
        serverOptions.follow(draft)
    }

    /// haproxy's configuration manual, section 3.5.
    static let table = KeywordTable<HAProxyPeers>(
        "keyword", scope: "in a peers section",
        [
            "peer": member, "server": member,
            "bind": .each { peers, arguments throws(Remark) in
                var bind = peers.defaults
                let prefix = bind.tls.surroundings.unix.prefix
                let endpoints = try arguments.next("ADDRESS:PORT")
                    .endpoints(countedBy: &peers.listenerCount, under: prefix)
                try bind.read(&arguments)
                peers.tlsFiles.add(bind.tls.files)
                for (endpoint, position) in endpoints {
                    try peers.listen(bind.listener(at: endpoint), at: position)
                }
            },
            "default-bind": .each { peers, arguments throws(Remark) in
                try peers.defaults.read(&arguments)
                peers.tlsFiles.add(peers.defaults.tls.files)
            },
            "default-server": .each { peers, arguments throws(Remark) in
                try peers.serverOptions.readTLS(&arguments)
            },
            "table": .each { peers, arguments throws(Remark) in
                let name = try arguments.next("a name and what is kept")
                try name.checkSectionName()
                var (settings, others) = try HAProxyStickTable.read(
                    &arguments, in: "\(peers.name.text)/\(name.text)")
                if let others {
                    throw .error(
                        "'peers' of 'table': those of its section have it", at: others.position)
                }
                settings.peers = peers.name.text
                settings.peersName = "/\(name.text)"
                peers.tables.append((settings, name.position))
            },
            "disabled": .set(\.isDisabled, to: true),
            "enabled": .set(\.isDisabled, to: false),
            "log": .notYet("what becomes of peers is in the program's own log"),
            "shards": .notYet("each peer is told all"),
        ])

    private static let member = Rule<HAProxyPeers>.each { peers, arguments throws(Remark) in
        try peers.addMember(&arguments)
    }

    /// Reads `peer NAME ADDRESS:PORT`, of which the local one may have its address elsewhere.
    private mutating func addMember(_ arguments: inout Arguments) throws(Remark) {
        let name = try arguments.next("a name and ADDRESS:PORT")
        guard !members.contains(where: { $0.name == name.text }) else {
            throw .error("peer \(name.text.quoted) is already there", at: name.position)
        }
        var place: (IPAddress, UInt16)?
        if let word = arguments.nextIfPresent() {
            let (address, port) = try word.serverAddress()
            guard let address = address.internet else {
                throw .error(
                    "peer \(word.text.quoted): must be an IP address and a port", at: word.position)
            }
            place = (address, port)
        }
        var options = serverOptions
        try options.readTLS(&arguments)
        if options.tls.isUsed { tlsFiles.add(options.tlsFiles) }
        members.append(
            Member(
                name: name.text, address: place, position: name.position, options: options))
    }

    private mutating func listen(_ listener: Listener, at position: Position) throws(Remark) {
        if let word = listener.headerWord {
            throw .error("'\(word)' is not supported in a peers section", at: position)
        }
        listeners.append((listener, position))
    }

    /// Where this node listens if the address stands in its own line.
    func listener(at address: IPAddress, port: UInt16) -> Listener {
        var listener = defaults.listener
        listener.endpoint = .internet(address: address, port: port)
        return listener
    }

    /// Adds the section to the draft.
    func finish(file: String, into draft: inout Draft) {
        tlsFiles.note(in: &draft)
        draft.peers.append(
            Placed(value: self, location: Location(file: file, position: name.position)))
        for (settings, position) in tables {
            draft.tableNames.insert(settings.name)
            draft.tables.append(
                Placed(value: settings, location: Location(file: file, position: position)))
        }
    }
}

extension HAProxyServerOptions {
    /// Reads what the rest of a peer's line says, which can be of TLS alone.
    fileprivate mutating func readTLS(_ arguments: inout Arguments) throws(Remark) {
        while arguments.upcoming != nil {
            let word = try arguments.nextKeyword("server option")
            guard HAProxyServerTLS.wordsOfPeers.contains(word.text) else {
                throw .error(
                    "\(word.text.quoted) is not supported for peers; what a server's line says of TLS is"
                        + " (ssl, verify, ca-file, crt, …)", at: word.position)
            }
            try Self.table.rule(for: word).body(&self, &arguments)
            guard tls.settings.serverNameSource == nil else {
                throw .error(
                    "sni: no client is there whose name could be asked for; write str(NAME)",
                    at: word.position)
            }
        }
    }
}
