import VRRPCore

/// A section `peers`, before it is known which of its peers this node is.
struct HAProxyPeers: Sendable {
    /// A `peer` or `server`.
    struct Member: Sendable {
        let name: String
        /// `nil`: it is said by `bind`.
        let address: (address: IPAddress, port: UInt16)?
        let position: Position
    }

    let name: Word
    private(set) var members: [Member] = []
    /// What `bind` says.
    private(set) var listeners: [(listener: Listener, position: Position)] = []
    private var listenerCount = Draft.Counts().listeners
    /// What `default-bind` says.
    private var defaults = HAProxyBind()
    private(set) var tables: [(settings: StickTableSettings, position: Position)] = []
    private(set) var isDisabled = false

    init(_ name: Word) { self.name = name }

    /// haproxy's configuration manual, section 3.5.
    static let table = KeywordTable<HAProxyPeers>(
        "keyword", scope: "in a peers section",
        [
            "peer": member, "server": member,
            "bind": .each { peers, arguments throws(Remark) in
                let endpoints = try arguments.next("ADDRESS:PORT")
                    .endpoints(countedBy: &peers.listenerCount)
                var bind = peers.defaults
                try bind.read(&arguments)
                for (endpoint, position) in endpoints {
                    bind.listener.endpoint = endpoint
                    try peers.listen(bind.listener, at: position)
                }
            },
            "default-bind": .each { peers, arguments throws(Remark) in
                try peers.defaults.read(&arguments)
            },
            "default-server": .each { _, arguments throws(Remark) in
                if let word = arguments.nextIfPresent() { throw refusal(of: word) }
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
        members.append(Member(name: name.text, address: place, position: name.position))
        if let word = arguments.nextIfPresent() { throw HAProxyPeers.refusal(of: word) }
    }

    private mutating func listen(_ listener: Listener, at position: Position) throws(Remark) {
        if let word = listener.headerWord {
            throw .error("'\(word)' is not supported in a peers section", at: position)
        }
        guard listener.tls == nil else {
            throw HAProxyPeers.refusal(of: Word(text: "ssl", position: position))
        }
        listeners.append((listener, position))
    }

    private static func refusal(of word: Word) -> Remark {
        .error(
            "\(word.text.quoted) is not supported for peers, which talk in the clear: keep them on a"
                + " network of their own", at: word.position)
    }

    /// Adds the section to the draft.
    func finish(file: String, into draft: inout Draft) {
        draft.peers.append(
            Placed(value: self, location: Location(file: file, position: name.position)))
        for (settings, position) in tables {
            draft.tableNames.insert(settings.name)
            draft.tables.append(
                Placed(value: settings, location: Location(file: file, position: position)))
        }
    }
}
