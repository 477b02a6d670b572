extension HAProxySection {
    /// Keywords that bound what a section takes; haproxy's configuration manual, section 4.2.
    static let limitKeywords: [String: Rule<HAProxySection>] = [
        "rate-limit": .line { section, arguments throws(Remark) in
            try rates.read(into: &section, &arguments)
        },
        "fullconn": .integer(\.settings.poolLimits.fullConnections, .atLeast(1)),
        // An addition to haproxy's language, where only servers have it.
        "maxqueue": .line { section, arguments throws(Remark) in
            section.settings.poolLimits.queueLimit = try arguments.limit()
        },
    ]

    /// Time-outs of an established connection, and of a client without a server.
    static let limitTimeouts: [String: Rule<HAProxySection>] = [
        "tunnel": .time(\.settings.poolLimits.tunnelTimeout),
        "client-fin": .time(\.settings.frontendLimits.clientFinTimeout),
        "client-hs": .time(\.settings.frontendLimits.handshakeTimeout),
        "server-fin": .time(\.settings.poolLimits.serverFinTimeout),
        // An addition to haproxy's language.
        "no-server": .time(\.settings.poolLimits.noServerTimeout),
    ]

    private static let rates = KeywordTable<HAProxySection>(
        "rate limit",
        [
            "sessions": .line { section, arguments throws(Remark) in
                section.settings.frontendLimits.sessionRate = try arguments.limit()
            },
            // An addition to haproxy's language.
            "sessions-per-source": .line { section, arguments throws(Remark) in
                section.settings.frontendLimits.sessionRatePerSource = try arguments.limit()
            },
        ])
}

extension HAProxyServerOptions {
    /// Options that bound what a server takes; haproxy's configuration manual, section 5.2.
    static let limitOptions: [String: Rule<HAProxyServerOptions>] = [
        "maxqueue": .line { options, arguments throws(Remark) in
            options.queueLimit = try arguments.limit()
        },
        "minconn": .line { options, arguments throws(Remark) in
            options.leastConnectionLimit = try arguments.limit()
        },
        "slowstart": .time(\.slowStart),
    ]
}

extension Arguments {
    /// A number where 0 means "as many as come".
    fileprivate mutating func limit() throws(Remark) -> Int? {
        let limit = try integer(in: .atLeast(0))
        return limit == 0 ? nil : limit
    }
}
