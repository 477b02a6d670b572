extension HAProxySection {
    /// Reads a keyword that only some kinds of section may have.
    ///
    /// - Throws: Where the keyword would be lost; where it is merely idle, a warning is added.
    func checkScope(of directive: Directive, _ remarks: inout [Remark]) throws(Remark) {
        let words = directive.words.drop { $0.text == "no" }.prefix(2)
        guard let keyword = words.first else { return }
        let both = words.map(\.text).joined(separator: " ")
        let name = Self.scopes[both] == nil ? keyword.text : both
        guard let scope = Self.scopes[name], !scope.kinds.contains(kind) else { return }
        let place = "a \(kind.rawValue) section"
        if scope.isStrict {
            throw .error("\(name.quoted) is not allowed in \(place)", at: keyword.position)
        }
        remarks.append(
            .warning("\(name.quoted) has no effect in \(place)", at: keyword.position))
    }

    private typealias Scope = (kinds: Set<Kind>, isStrict: Bool)

    /// haproxy's configuration manual, section 4.1; two words where the first has several scopes.
    private static let scopes: [String: Scope] = ownScopes.merging(
        HAProxyChecks.options.keys.map { "option \($0)" }.map { ($0, checking) }
    ) { own, _ in own }

    private static let checking: Scope = ([.defaults, .listen, .backend, .check], false)
    private static let accepting: Scope = ([.defaults, .listen, .frontend], false)
    private static let connecting: Scope = ([.defaults, .listen, .backend], false)

    private static let ownScopes: [String: Scope] = [
        "bind": ([.listen, .frontend], true),
        "server": ([.listen, .backend], true),
        "server-template": ([.listen, .backend], true),
        "default_backend": ([.defaults, .listen, .frontend], true),
        "backlog": accepting,
        "clitcpka-cnt": accepting,
        "clitcpka-idle": accepting,
        "clitcpka-intvl": accepting,
        "srvtcpka-cnt": connecting,
        "srvtcpka-idle": connecting,
        "srvtcpka-intvl": connecting,
        "fullconn": connecting,
        "log-format": accepting,
        "error-log-format": accepting,
        "log-format-sd": accepting,
        "unique-id-format": accepting,
        "declare": ([.listen, .frontend], true),
        "log-tag": accepting,
        "maxconn": accepting,
        "clitimeout": accepting,
        "balance": connecting,
        "hash-type": connecting,
        "hash-balance-factor": connecting, "hash-preserve-affinity": connecting,
        "persist": connecting,
        "force-persist": ([.listen, .backend], false),
        "ignore-persist": ([.listen, .backend], false),
        "maxqueue": connecting,
        "description": ([.listen, .frontend, .backend], false),
        "id": ([.listen, .frontend, .backend], true),
        "guid": ([.listen, .frontend, .backend], true),
        "rate-limit": accepting,
        "contimeout": checking,
        "default-server": ([.defaults, .listen, .backend, .check], false),
        "target": ([.check], true),
        "acl": ([.listen, .frontend, .backend], true),
        "use-server": ([.listen, .backend], false),
        "stick-table": ([.listen, .frontend, .backend], false),
        "stick": ([.listen, .backend], false),
        "filter": ([.listen, .frontend, .backend], true),
        "tcp-request": ([.listen, .frontend, .backend], true),
        "use_backend": ([.listen, .frontend], true),
        "source": connecting,
        "retries": connecting,
        "srvtimeout": connecting,
        "timeout client": accepting,
        "timeout client-fin": accepting, "timeout client-hs": accepting,
        "timeout server": connecting,
        "timeout server-fin": connecting,
        "timeout tunnel": connecting,
        "timeout queue": connecting,
        "timeout no-server": connecting,
        "timeout connect": checking, "timeout check": checking,
        "http-check": checking, "tcp-check": checking, "external-check": checking,
        "notify_up": checking, "notify_down": checking,
        "option abortonclose": connecting, "option allbackups": connecting,
        "option nolinger": connecting, "option one-backup-per-failure": connecting,
        "option persist": connecting, "option redispatch": connecting,
        "option srvtcpka": connecting,
        "option clitcpka": accepting, "option dontlog-normal": accepting,
        "option dontlognull": accepting, "option jsonlog": accepting,
        "option log-separate-errors": accepting, "option logasap": accepting,
        "option socket-stats": accepting, "option tcplog": accepting,
        "option tcp-smart-accept": accepting, "option tcp-smart-connect": connecting,
        "stats": accepting, "monitor-uri": accepting,
        "monitor": ([.listen, .frontend], true),
    ]

    /// haproxy's configuration manual, section 4.2.
    static let table = KeywordTable<HAProxySection>(
        "keyword", scope: "in this section",
        implemented
            .merging(selectionKeywords) { own, _ in own }
            .merging(limitKeywords) { own, _ in own }
            .merging(transportKeywords) { own, _ in own }
            .merging(bindingKeywords) { own, _ in own }
            .merging(routing) { own, _ in own }
            .merging(identityKeywords) { own, _ in own }
            .merging(monitorKeywords) { own, _ in own }
            .merging(HAProxyChecks.keywords) { own, _ in own }
            .merging(consequential) { own, _ in own },
        notYet: """
            email-alert grace log-steps max-session-srv-conns
            monitor-net quic-initial server-state-file-name
            transparent
            bind-process
            """,
        ofHTTP: """
            appsession block capture compression errorfile errorfiles errorloc errorloc302 errorloc303
            http-after-response http-error http-reuse http-send-name-header max-keep-alive-queue
            redirect reqadd reqdel reqrep rspadd rspdel rsprep unique-id-header
            """,
        neighbours: HAProxyReader.sections)

    private static let implemented: [String: Rule<HAProxySection>] = [
        "mode": .line { section, arguments throws(Remark) in
            section.settings.modePosition = arguments.upcoming?.position ?? .start
            try modes.read(into: &section, &arguments)
        },
        "bind": .line { section, arguments throws(Remark) in try section.bind(&arguments) },
        "server": .line { section, arguments throws(Remark) in try section.addServer(&arguments) },
        "server-template": .line { section, arguments throws(Remark) in
            try section.addServers(&arguments)
        },
        "default-server": .line { section, arguments throws(Remark) in
            try section.settings.serverOptions.readAll(&arguments)
            guard
                let word = section.settings.serverOptions.words.first(where: {
                    $0.text == "id" || $0.text == "guid"
                })
            else { return }
            throw .error(
                "\(word.text.quoted) is one server's; it cannot stand in 'default-server'",
                at: word.position)
        },
        "default_backend": .line { section, arguments throws(Remark) in
            section.settings.backendName = try arguments.next("the name of a backend")
        },
        "maxconn": .line { section, arguments throws(Remark) in
            let limit = try arguments.integer(in: .atLeast(0))
            section.settings.connectionLimit = limit == 0 ? nil : limit
        },
        "retries": .integer(\.settings.retries, 0...100),
        "clitimeout": .time(\.settings.clientTimeout),
        "srvtimeout": .time(\.settings.serverTimeout),
        "contimeout": .time(\.settings.connectTimeout),
        "timeout": .line { section, arguments throws(Remark) in
            try timeouts.read(into: &section, &arguments)
        },
        "option": option,
        "no": .line { section, arguments throws(Remark) in
            arguments.isNegated = true
            try negatable.read(into: &section, &arguments)
        },
        "stats": .line { section, arguments throws(Remark) in
            section.settings.showsStatistics = true
            try statistics.read(into: &section, &arguments)
        },
        "log": log,
        "log-format": logFormat,
        "error-log-format": errorLogFormat,
        "log-format-sd": structuredData,
        "unique-id-format": identifierFormat,
        "declare": declaration,
        "log-tag": logTag,
        "load-server-state-from-file": .noEffect(
            "what is known of servers outlasts a reload and an end of the balancer process by itself"
        ),
        "description": .line { section, arguments throws(Remark) in
            let first = try arguments.next("a text")
            let words = [first] + arguments.remaining()
            section.description = words.map(\.text).joined(separator: " ")
        },
        "disabled": .set(\.settings.isDisabled, to: true),
        "enabled": .set(\.settings.isDisabled, to: false),
    ]

    /// Known keywords whose absence a client, a server or an operator would notice.
    private static let consequential: [String: Rule<HAProxySection>] = [
        "cookie": .notYet("no cookie is looked at"),
        "dispatch": .notYet("no connection goes there"),
        "http-request": .each { section, arguments throws(Remark) in
            section.addRequestRule(&arguments)
        },
        "http-response": .notYet("no response is looked at"),
        "retry-on": .notYet("only a failed connection is tried again"),
        "tcp-response": .notYet("no connection is refused or changed by it"),
        "use-fcgi-app": .notYet("lbctl balances TCP"),
    ]

    private static let modes = KeywordTable<HAProxySection>(
        "mode",
        [
            "tcp": .set(\.settings.mode, to: .tcp), "http": .set(\.settings.mode, to: .http),
            // An addition: haproxy has no datagrams.
            "udp": .set(\.settings.mode, to: .udp),
            "health": gone, "log": gone, "spop": gone, "haterm": gone,
        ])

    private static let gone = Rule<HAProxySection>.line { _, arguments throws(Remark) in
        throw .error(
            "\(arguments.label.quoted) is known but not implemented yet; write 'mode tcp'",
            at: arguments.keyword.position)
    }

    private static let timeouts = KeywordTable<HAProxySection>(
        "timeout",
        [
            "client": .time(\.settings.clientTimeout), "server": .time(\.settings.serverTimeout),
            "connect": .time(\.settings.connectTimeout), "queue": .time(\.settings.queueTimeout),
            "check": .time(\.settings.checkTimeout), "clitimeout": .time(\.settings.clientTimeout),
            "srvtimeout": .time(\.settings.serverTimeout),
            "contimeout": .time(\.settings.connectTimeout),
        ].merging(limitTimeouts) { own, _ in own },
        ofHTTP: "http-keep-alive http-request tarpit")

    /// An option that cannot be left out.
    private static func always(_ reason: String) -> Rule<HAProxySection> {
        .line { _, arguments throws(Remark) in
            guard arguments.isNegated else { return }
            arguments.warn("\(arguments.label.quoted) has no effect: \(reason), always")
        }
    }

    /// An option that has nothing to act on here, by design.
    private static func never(_ reason: String) -> Rule<HAProxySection> {
        .line { _, arguments throws(Remark) in
            guard !arguments.isNegated else { return }
            arguments.warn("\(arguments.label.quoted) has no effect: \(reason)")
        }
    }

    private static let option = Rule<HAProxySection>.line { section, arguments throws(Remark) in
        try options.read(into: &section, &arguments)
    }

    private static let negatable = KeywordTable<HAProxySection>(
        "keyword", scope: "after 'no'",
        ["option": option, "log": log])

    private static let options = KeywordTable<HAProxySection>(
        "option",
        [
            "redispatch": .line { section, arguments throws(Remark) in
                section.settings.redispatches = !arguments.isNegated
                section.settings.redispatchInterval = -1
                guard let word = arguments.nextIfPresent() else { return }
                let interval = try word.integer(in: -100...100, of: arguments.label)
                // haproxy's way to say no.
                if interval == 0 { section.settings.redispatches = false }
                section.settings.redispatchInterval = interval == 0 ? -1 : interval
            },
            "socket-stats": .line { section, arguments throws(Remark) in
                section.settings.showsListeners = !arguments.isNegated
            },
            "dontlognull": .line { section, arguments throws(Remark) in
                section.settings.omitsEmptyConnectionsFromLog = !arguments.isNegated
            },
            "independent-streams": never(
                "who hears something is not idle, and who takes nothing has a time of his own"),
            "contstats": always("connections are counted as they go on"),
            "splice-auto": always("bytes pass inside the kernel"),
            "splice-request": always("bytes pass inside the kernel"),
            "splice-response": always("bytes pass inside the kernel"),
        ].merging(selectionOptions) { own, _ in own }
            .merging(logOptions) { own, _ in own }
            .merging(transportOptions) { own, _ in own }
            .merging(HAProxyChecks.options) { own, _ in own },
        notYet: """
            assume-rfc6587-ntf idle-close-on-response prefer-last-server spop-check transparent
            """,
        ofHTTP: """
            accept-invalid-http-request accept-invalid-http-response
            accept-unsafe-violations-in-http-request accept-unsafe-violations-in-http-response
            checkcache disable-h2-upgrade
            forceclose forwarded forwardfor h1-case-adjust-bogus-client
            h1-case-adjust-bogus-server http-buffer-request http-drop-request-trailers
            http-drop-response-trailers http-ignore-probes http-keep-alive http-no-delay
            http-pretend-keepalive http-proxy http-restrict-req-hdr-names http-server-close
            http-tunnel http-use-htx http-use-proxy-header httpclose httpslog
            originalto
            """)

    /// haproxy's configuration manual, the keywords that begin with `stats`.
    private static let statistics = KeywordTable<HAProxySection>(
        "stats keyword",
        [
            "enable": .line { _, _ throws(Remark) in },
            "hide-version": .alwaysSo,
            "uri": .line { section, arguments throws(Remark) in
                let word = try arguments.next("a path such as /stats")
                guard word.text.hasPrefix("/") else {
                    throw .error(
                        "stats uri \(word.text.quoted): must begin with '/'", at: word.position)
                }
                section.settings.page.path = word.text
            },
            "realm": .line { section, arguments throws(Remark) in
                let first = try arguments.next("a text")
                let words = [first] + arguments.remaining()
                section.settings.page.realm = words.map(\.text).joined(separator: " ")
            },
            "auth": .line { section, arguments throws(Remark) in
                let word = try arguments.next("NAME:PASSWORD")
                let parts = word.text.split(
                    separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[0].isEmpty else {
                    throw .error("'stats auth' needs NAME:PASSWORD", at: word.position)
                }
                section.settings.page.users.append(
                    .init(name: String(parts[0]), password: String(parts[1])))
            },
            "refresh": .line { section, arguments throws(Remark) in
                section.settings.page.refreshInterval = try arguments.time(unit: "s")
            },
            "admin": .notYet("the page only shows"),
            "http-request": .line { _, arguments throws(Remark) in
                let action = try arguments.next("allow, auth or deny")
                guard !HAProxySection.refusals.contains(action.text) else {
                    throw .error(
                        "'stats http-request \(action.text)' is not offered, and everybody would see the"
                            + " page: 'stats auth NAME:PASSWORD' and 'tcp-request connection reject' say"
                            + " who may look", at: action.position)
                }
                _ = arguments.remaining()
                arguments.warn(
                    "'stats http-request \(action.text)' has no effect: who may look is said by"
                        + " 'stats auth'")
            },
            "scope": .notYet("the page shows every section"),
        ], notYet: "maxconn show-desc show-legends show-modules show-node socket timeout")
}
