/// What the words after a server's address say, and `default-server` for all of them.
struct HAProxyServerOptions: Sendable {
    var weight = 1
    var number: Int?
    var guid: Word?
    var hashKey = ServerHashKey.number
    /// Whether the servers of the line have an address that stays.
    var hasFixedAddress = true
    var connectionLimit: Int?
    var leastConnectionLimit: Int?
    var queueLimit: Int?
    var slowStart: Duration?
    var isChecked = false
    var check = CheckSettings()
    var isBackup = false
    var isDisabled = false
    var isNonStick = false
    var connection = ServerConnection()
    /// `source`; `nil`: as the section has it.
    var source: ConnectionSource?
    var interface: String?
    var health = HAProxyServerHealth()
    /// Where a `ca-file` is that is no absolute path; `nil`: in this process's directory.
    var authoritiesFolder: String?
    /// What is in the file of `ca-file`.
    var authorities: [UInt8] = []
    var tls = HAProxyServerTLS()
    var resolvers: Word?
    var resolution = ServerResolution()
    /// The words of the section that the options come from; none of `defaults`.
    var words: [Word] = []

    /// Reads the rest of a line.
    mutating func readAll(_ arguments: inout Arguments) throws(Remark) {
        while arguments.upcoming != nil {
            let word = try arguments.nextKeyword("server option")
            words.append(word)
            try Self.table.rule(for: word).body(&self, &arguments)
        }
    }

    /// haproxy's configuration manual, section 5.2.
    static let table = KeywordTable<HAProxyServerOptions>(
        "server option",
        implemented.merging(connectionRules) { own, _ in own }
            .merging(limitOptions) { own, _ in own }
            .merging(HAProxyServerHealth.rules) { own, _ in own }
            .merging(nameRules) { own, _ in own }
            .merging(HAProxyServerTLS.rules) { own, _ in own }
            .merging(consequential) { own, _ in own }
            .merging(
                ignored.flatMap { count, names in
                    names.split(whereSeparator: \.isWhitespace).map {
                        (String($0), Rule<HAProxyServerOptions>.notYet(taking: count))
                    }
                }
            ) { own, _ in own })

    private static let implemented: [String: Rule<HAProxyServerOptions>] = [
        "check": .set(\.isChecked, to: true),
        "no-check": .set(\.isChecked, to: false),
        "backup": .set(\.isBackup, to: true),
        "no-backup": .set(\.isBackup, to: false),
        "disabled": .set(\.isDisabled, to: true),
        "enabled": .set(\.isDisabled, to: false),
        "non-stick": .set(\.isNonStick, to: true),
        "stick": .set(\.isNonStick, to: false),
        // Each client of a server has a connection of its own, so that both are one number.
        "strict-maxconn": .alwaysSo,
        "weight": .integer(\.weight, 0...256),
        "id": .integer(\.number, 1...Int(Int32.max)),
        "guid": .line { options, arguments throws(Remark) in
            options.guid = try arguments.guid()
        },
        "hash-key": .line { options, arguments throws(Remark) in
            let word = try arguments.next("id, id32, guid, addr or addr-port")
            guard let key = ServerHashKey(rawValue: word.text) else {
                throw .error(
                    "hash-key \(word.text.quoted): must be id, id32, guid, addr or addr-port",
                    at: word.position)
            }
            options.hashKey = key
        },
        "rise": .integer(\.check.rise, .atLeast(1)),
        "fall": .integer(\.check.fall, .atLeast(1)),
        "maxconn": .line { options, arguments throws(Remark) in
            let limit = try arguments.integer(in: .atLeast(0))
            options.connectionLimit = limit == 0 ? nil : limit
        },
        "inter": .line { options, arguments throws(Remark) in
            options.check.interval = try arguments.time(isZeroAllowed: false)
        },
        "fastinter": .line { options, arguments throws(Remark) in
            options.check.fastInterval = try arguments.time(isZeroAllowed: false)
        },
        "downinter": .line { options, arguments throws(Remark) in
            options.check.downInterval = try arguments.time(isZeroAllowed: false)
        },
        "port": .line { options, arguments throws(Remark) in
            options.check.port = UInt16(try arguments.integer(in: 1...65_535))
        },
        "addr": .line { options, arguments throws(Remark) in
            options.check.address = try arguments.anyAddress()
        },
    ]

    /// Known options whose absence a server or a client would notice.
    private static let consequential: [String: Rule<HAProxyServerOptions>] = [
        "cookie": .notYet(taking: 1, "no cookie is looked at")
    ]

    /// Further known options, by the number of words that each takes.
    private static let ignored: [Int: String] = [
        0: """
        allow-0rtt no-send-proxy-v2-ssl no-send-proxy-v2-ssl-cn
        check-via-socks4 no-tfo check-sni-auto no-check-sni-auto
        check-reuse-pool no-check-reuse-pool sni-auto no-sni-auto renegotiate no-renegotiate
        """,
        1: """
        check-pool-conn-name check-proto client-sigalgs curves
        from healthcheck idle-ping
        log-bufsize log-proto max-reuse namespace npn
        pool-conn-name pool-low-conn pool-max-conn pool-purge-delay proto
        redir shard sigalgs socks4 tcp-md5sig
        ws
        """,
    ]

    func server(
        name: Word, at location: ServerLocation, in section: Word
    ) throws(Remark) -> Server {
        var server = Server(name: name.text, at: location.address, port: location.port)
        server.portOffset = location.portOffset
        server.connection = finishedConnection
        server.resolution = try finishedResolution(of: name, at: location.address)
        if location.address.isLocal, health.asksAgent, health.agent.address == nil {
            throw .error(
                "server \(name.text.quoted): the agent of a server that is a Unix socket needs"
                    + " 'agent-addr'", at: name.position)
        }
        server.weight = weight
        server.number = number
        server.guid = guid?.text
        server.hashKey = hashKey
        server.connectionLimit = connectionLimit
        server.leastConnectionLimit = leastConnectionLimit
        // As haproxy: alone, or not below it, it is the limit itself.
        if let least = leastConnectionLimit, least >= connectionLimit ?? 0 {
            (server.connectionLimit, server.leastConnectionLimit) = (least, nil)
        }
        server.queueLimit = queueLimit
        server.slowStart = slowStart == .zero ? nil : slowStart
        server.tls = try finishedTLS(of: name)
        server.check = try finishedCheck(of: name)
        server.health = try finishedHealth(of: name, in: section)
        server.isBackup = isBackup
        server.isDisabled = isDisabled
        server.isNonStick = isNonStick
        return server
    }
}
