/// What the words after a `bind` address say.
struct HAProxyBind: Sendable {
    /// The options; the endpoint is filled in for each address of the line.
    var listener = Listener(.internet(address: nil, port: 1))
    /// Where `id` has its number.
    private(set) var numberPosition = Position.start

    /// What is said of TLS.
    var tls: HAProxyBindTLS

    /// What lines before say for all addresses.
    struct Surroundings: Sendable {
        /// `crt-base`, `ca-base`: where files are that have no absolute path.
        var certificatesFolder: String?
        var authoritiesFolder: String?
        /// `ssl-default-bind-…`.
        var defaults = HAProxyBindTLSDefaults()
        /// `unix-bind`.
        var unix = HAProxyUnixBind()
    }

    /// Says nothing yet.
    init(in surroundings: HAProxyBind.Surroundings = .init()) {
        tls = HAProxyBindTLS(in: surroundings)
    }

    /// Reads the options of one line.
    init(
        _ arguments: inout Arguments, in surroundings: HAProxyBind.Surroundings
    ) throws(Remark) {
        self.init(in: surroundings)
        try read(&arguments)
    }

    /// Reads further options.
    mutating func read(_ arguments: inout Arguments) throws(Remark) {
        let position = arguments.keyword.position
        try Self.table.readAll(into: &self, &arguments)
        listener.tls = try tls.finished(at: position, &arguments)
        guard listener.insertionMagic == nil || !listener.acceptsProxyHeader else {
            throw .error(
                "'accept-proxy' beside 'accept-netscaler-cip': a connection begins with one of the two",
                at: arguments.keyword.position)
        }
    }

    /// What listens at an endpoint of the line.
    func listener(at endpoint: Endpoint) -> Listener {
        var listener = listener
        listener.endpoint = endpoint
        if case .path = endpoint { tls.surroundings.unix.complete(&listener) }
        return listener
    }

    /// haproxy's configuration manual, section 5.1.
    private static let table = KeywordTable<HAProxyBind>(
        "bind option",
        implemented.merging(HAProxyBindTLS.rules) { own, _ in own }
            .merging(
                HAProxyUnixBind.rules(
                    \.listener.mode, user: \.listener.userID, group: \.listener.groupID)
            ) { own, _ in own }
            .merging(idle) { own, _ in own }.merging(
                ignored.flatMap { count, names in
                    names.split(whereSeparator: \.isWhitespace).map {
                        (String($0), Rule<HAProxyBind>.notYet(taking: count))
                    }
                }
            ) { own, _ in own })

    private static let implemented: [String: Rule<HAProxyBind>] = [
        "accept-proxy": .set(\.listener.acceptsProxyHeader, to: true),
        "accept-netscaler-cip": .line { bind, arguments throws(Remark) in
            let word = try arguments.next("the number that headers begin with")
            guard let magic = UInt32(word.text), magic > 0 else {
                throw .error(
                    "accept-netscaler-cip \(word.text.quoted): must be 1 to 4294967295",
                    at: word.position)
            }
            bind.listener.insertionMagic = magic
        },
        "interface": .line { bind, arguments throws(Remark) in
            bind.listener.interface = try arguments.interfaceName()
        },
        "name": .line { bind, arguments throws(Remark) in
            bind.listener.name = try arguments.next("a name").text
        },
        "id": .line { bind, arguments throws(Remark) in
            bind.numberPosition = arguments.upcoming?.position ?? .start
            bind.listener.number = try arguments.integer(in: 1...Int(Int32.max))
        },
        "backlog": .integer(\.listener.backlog, 1...Int(Int32.max)),
        "maxconn": .line { bind, arguments throws(Remark) in
            let limit = try arguments.integer(in: .atLeast(0))
            bind.listener.connectionLimit = limit == 0 ? nil : limit
        },
        "tfo": .set(\.listener.isFastOpen, to: true),
        "defer-accept": .set(\.listener.defersAccept, to: true),
        "mss": .integer(\.listener.segmentByteCount, 88...65_535),
        "tcp-ut": .line { bind, arguments throws(Remark) in
            bind.listener.userTimeout = try arguments.time(isZeroAllowed: false)
        },
        "cc": .line { bind, arguments throws(Remark) in
            bind.listener.congestionControl = try arguments.congestionControl()
        },
        "transparent": .set(\.listener.isTransparent, to: true),
        "v4v6": .set(\.listener.servesIPv6Alone, to: false),
        "v6only": .set(\.listener.servesIPv6Alone, to: true),
    ]

    /// Options that have nothing to act on here, by why; each takes a word.
    private static let idle: [String: Rule<HAProxyBind>] = [
        "guid-prefix": "nothing asks for a listening socket by such a name",
        "label": "nothing asks for a listening socket by such a name",
        "nice": "the reactors serve all connections alike",
        "process": sharing, "shards": sharing, "thread": sharing,
        "tcp-ss": "nothing here looks at a client's first packet",
    ].mapValues { .noEffect(taking: 1, $0) }

    private static let sharing = "all reactors accept at every listening socket"

    /// Further known options, by the number of words that each takes.
    private static let ignored: [Int: String] = [
        0: """
        quic-force-retry
        """,
        1: """
        ca-sign-file ca-sign-pass expose-fd idle-ping level namespace nbconn npn ocsp-update proto
        quic-cc-algo quic-socket severity-output tcp-md5sig
        """,
    ]
}

extension Arguments {
    /// The name of an algorithm of congestion control that is next; which ones there are the kernel knows.
    mutating func congestionControl() throws(Remark) -> String {
        let word = try next("an algorithm of congestion control, such as bbr")
        guard (1...15).contains(word.text.utf8.count) else {
            throw .error(
                "\(word.text.quoted): the name of an algorithm has 1 to 15 bytes", at: word.position
            )
        }
        return word.text
    }

    /// The name of an interface that is next.
    mutating func interfaceName() throws(Remark) -> String {
        let word = try next("an interface, such as eth0")
        guard (1...15).contains(word.text.utf8.count) else {
            throw .error(
                "\(word.text.quoted): an interface's name has 1 to 15 bytes", at: word.position)
        }
        return word.text
    }
}
