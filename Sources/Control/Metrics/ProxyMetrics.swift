/// What is told of proxies and their parts, under the names of haproxy's exporter, so that dashboards
/// which were made for it go on.
///
/// haproxy's `addons/promex/README`; the order is its own as well.
enum ProxyMetrics {
    /// Of places where connections are accepted.
    static let frontends: [MetricFamily<FrontendStatus>] =
        traffic("haproxy_frontend", \.traffic, limit: { MetricValue($0.sessionLimit) })
        + [
            .counter("haproxy_frontend_requests_denied_total", Help.denied, \.deniedRequests),
            .zero(.counter, "haproxy_frontend_responses_denied_total"),
            .counter(
                "haproxy_frontend_request_errors_total",
                "Connections that ended before a server was chosen", \.requestErrors),
            .state("haproxy_frontend_status", Help.state, of: ["DOWN", "UP"]) {
                $0.status == "STOP" || $0.status == "PAUSED" ? "DOWN" : "UP"
            },
            .one(
                .gauge, "haproxy_frontend_limit_session_rate",
                "How many connections a second may bring, 0 for any number"
            ) { .number($0.traffic.rateLimit ?? 0) },
            .gauge("haproxy_frontend_max_session_rate", Help.rateMax, \.traffic.rateMax),
            .gauge("haproxy_frontend_connections_rate_max", Help.rateMax, \.connectionRateMax),
            .counter(
                "haproxy_frontend_connections_total",
                "Connections since the start, with those that a rule closed at once",
                \.connectionsTotal),
            .counter(
                "haproxy_frontend_denied_connections_total",
                "Connections that a rule closed at once", \.deniedConnections),
            .counter(
                "haproxy_frontend_denied_sessions_total",
                "Connections that a rule closed once their PROXY header was read",
                \.deniedSessions),
            .zero(.counter, "haproxy_frontend_internal_errors_total"),
            .several(
                .counter, "lbctl_frontend_refusals_total",
                "Connections that were not relayed, or ended before their time", by: "cause"
            ) { $0.refusals.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } },
            .several(
                .gauge, "lbctl_frontend_certificate_end_timestamp_seconds",
                "When a certificate that clients are shown ends, in seconds since 1970",
                by: "certificate"
            ) { Self.sorted($0.certificateEnds) },
        ]

    /// Ends of certificates by their files.
    private static func sorted(_ ends: [String: Int]?) -> [(String, Int)] {
        (ends ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Of the places that a section listens at.
    static let listeners: [MetricFamily<ListenerStatus>] =
        traffic("haproxy_listener", \.traffic, limit: { .number($0.sessionLimit ?? 0) })
        + [
            .state("haproxy_listener_status", Help.state, of: ["WAITING", "OPEN", "FULL"]) {
                $0.status
            }
        ]

    /// Of pools.
    static let backends: [MetricFamily<ProxyStatus>] = {
        let pools: [MetricFamily<BackendStatus>] =
            queue("haproxy_backend", \.service)
            + traffic("haproxy_backend", \.traffic, limit: { MetricValue($0.sessionLimit) })
            + [.zero(.counter, "haproxy_backend_requests_denied_total")]
            + service("haproxy_backend", \.service)
            + [
                .state("haproxy_backend_status", Help.state, of: ["DOWN", "UP"], \.status),
                .gauge(
                    "haproxy_backend_weight", "The weight of its usable servers in all", \.weight),
                .gauge(
                    "haproxy_backend_active_servers", "Usable servers that are no backups",
                    \.activeServers),
                .gauge("haproxy_backend_backup_servers", "Usable backups", \.backupServers),
                .gauge("haproxy_backend_max_session_rate", Help.rateMax, \.traffic.rateMax),
                .gauge(
                    "haproxy_backend_uweight", "The weight of its usable servers in all", \.weight),
            ]
        return pools.map { $0.of(\.backend) } + [
            .several(
                .gauge, "haproxy_backend_agg_server_status", "Servers in each state", by: "state"
            ) { count($0.servers.map(\.stateWord), of: ServerStatus.states) },
            .several(
                .gauge, "haproxy_backend_agg_check_status",
                "Servers whose last check ended so", by: "state"
            ) { count($0.servers.compactMap(\.check?.code), of: CheckStatus.codes) },
        ]
    }()

    /// Of servers.
    static let servers: [MetricFamily<ServerStatus>] =
        queue("haproxy_server", \.service)
        + traffic("haproxy_server", \.traffic, limit: { MetricValue($0.sessionLimit) })
        + service("haproxy_server", \.service)
        + [
            .state(
                "haproxy_server_status", Help.state, of: ServerStatus.states, \.stateWord),
            .gauge("haproxy_server_weight", "Its share, 0 to 256", \.weight),
            .gauge("haproxy_server_uweight", "Its share, 0 to 256", \.weight),
            .gauge("haproxy_server_max_session_rate", Help.rateMax, \.traffic.rateMax),
            .one(.gauge, "haproxy_server_queue_limit", "How many clients may wait for it") {
                MetricValue($0.service.queueLimit)
            },
            .one(
                .gauge, "haproxy_server_current_throttle",
                "The percentage of its share that it has come to while it starts slowly"
            ) { MetricValue($0.warmth) },
            .several(
                .gauge, "lbctl_server_certificate_end_timestamp_seconds",
                "When the certificate that it is shown ends, in seconds since 1970",
                by: "certificate"
            ) { Self.sorted($0.certificateEnds) },
        ] + checks

    /// Of the checks of servers.
    private static let checks: [MetricFamily<ServerStatus>] = [
        .one(
            .counter, "haproxy_server_check_failures_total", "Checks that failed while it was up"
        ) { MetricValue($0.check?.failures) },
        .one(.counter, "haproxy_server_check_up_down_total", "Times that it went down") { server in
            MetricValue(server.check.map { _ in server.service.downTransitions })
        },
        .gauge(
            "haproxy_server_check_last_change_seconds", "Time since it last went up or down",
            \.service.sinceLastChange),
        .one(.counter, "haproxy_server_downtime_seconds_total", "Time spent down") { server in
            MetricValue(server.check.map { _ in server.service.downtime })
        },
        .state(
            "haproxy_server_check_status", "How its last check ended: 1 for its code",
            of: CheckStatus.codes
        ) { $0.check?.code },
        .one(
            .gauge, "haproxy_server_check_code",
            "The status in the answer to its last check, 0 where there was none"
        ) { $0.check.map { .number($0.statusCode ?? 0) } },
        .one(
            .gauge, "haproxy_server_check_duration_seconds", "How long its last check took"
        ) { $0.check.map { $0.duration.map(MetricValue.milliseconds) ?? .absent } },
        .one(
            .gauge, "lbctl_server_check_certificate_days",
            "Whole days until its certificate expires, where its check sees one"
        ) { $0.check?.certificateDaysLeft.map(MetricValue.number) },
    ]

    // MARK: What several of them have

    private static func traffic<Subject>(
        _ scope: String, _ counters: @escaping @Sendable (Subject) -> TrafficCounters,
        limit: @escaping @Sendable (TrafficCounters) -> MetricValue
    ) -> [MetricFamily<Subject>] {
        [
            .gauge("\(scope)_current_sessions", "Connections now") { counters($0).sessions },
            .gauge("\(scope)_max_sessions", "The greatest number of connections at a time") {
                counters($0).sessionsMax
            },
            .one(.gauge, "\(scope)_limit_sessions", "How many connections may be at a time") {
                limit(counters($0))
            },
            .counter("\(scope)_sessions_total", Help.sessionsTotal) { counters($0).sessionsTotal },
            .counter("\(scope)_bytes_in_total", "Bytes from clients") { counters($0).bytesIn },
            .counter("\(scope)_bytes_out_total", "Bytes to clients") { counters($0).bytesOut },
        ]
    }

    private static func queue<Subject>(
        _ scope: String, _ counters: @escaping @Sendable (Subject) -> ServiceCounters
    ) -> [MetricFamily<Subject>] {
        [
            .gauge("\(scope)_current_queue", "Clients that wait now") { counters($0).queued },
            .gauge("\(scope)_max_queue", "The greatest number of waiting clients at a time") {
                counters($0).queuedMax
            },
        ]
    }

    private static func service<Subject>(
        _ scope: String, _ counters: @escaping @Sendable (Subject) -> ServiceCounters
    ) -> [MetricFamily<Subject>] {
        [
            .zero(.counter, "\(scope)_responses_denied_total"),
            .counter("\(scope)_connection_errors_total", "Attempts to connect that failed") {
                counters($0).connectErrors
            },
            .zero(.counter, "\(scope)_response_errors_total"),
            .counter("\(scope)_retry_warnings_total", "Further attempts at the same server") {
                counters($0).retries
            },
            .counter(
                "\(scope)_redispatch_warnings_total", "Further attempts at another server"
            ) { counters($0).redispatches },
            .counter("\(scope)_loadbalanced_total", "Connections that were given to it") {
                counters($0).chosen
            },
            .counter("\(scope)_client_aborts_total", "Connections that the client broke off") {
                counters($0).clientAborts
            },
            .counter("\(scope)_server_aborts_total", "Connections that the server broke off") {
                counters($0).serverAborts
            },
            .gauge(
                "\(scope)_last_session_seconds",
                "Time since a connection was last given to it, -1 for never"
            ) { counters($0).sinceLastSession ?? -1 },
            .average("\(scope)_queue_time_average_seconds", "in the queue") {
                counters($0).queueTime
            },
            .average("\(scope)_connect_time_average_seconds", "to connect") {
                counters($0).connectTime
            },
            .zero(.gauge, "\(scope)_response_time_average_seconds"),
            .average("\(scope)_total_time_average_seconds", "in all") { counters($0).totalTime },
            .zero(.counter, "\(scope)_internal_errors_total"),
        ]
    }

    /// As haproxy, which tells no such states of a pool without servers.
    private static func count(_ words: [String], of states: [String]) -> [(String, Int)] {
        guard !words.isEmpty else { return [] }
        let counts = Dictionary(words.map { ($0, 1) }, uniquingKeysWith: +)
        return states.map { ($0, counts[$0] ?? 0) }
    }

    private enum Help {
        static let denied = "Connections that a rule closed for what their client said first"
        static let state = "1 for the state that it is in"
        static let rateMax = "The greatest number of connections in a second"
        static let sessionsTotal = "Connections since the start"
    }
}

extension MetricFamily {
    fileprivate static func gauge(
        _ name: String, _ help: String, _ value: @escaping @Sendable (Subject) -> Int
    ) -> MetricFamily { one(.gauge, name, help) { .number(value($0)) } }

    fileprivate static func counter(
        _ name: String, _ help: String, _ value: @escaping @Sendable (Subject) -> Int
    ) -> MetricFamily { one(.counter, name, help) { .number(value($0)) } }

    /// The average of a time in milliseconds.
    fileprivate static func average(
        _ name: String, _ help: String, _ value: @escaping @Sendable (Subject) -> Int
    ) -> MetricFamily {
        one(.gauge, name, "Average time \(help) of the last 1024 connections") {
            .milliseconds(value($0))
        }
    }

    /// What haproxy never counts in mode tcp either, for sums that take it in.
    fileprivate static func zero(_ kind: MetricKind, _ name: String) -> MetricFamily {
        one(kind, name, "Of HTTP alone: always 0 here") { _ in .number(0) }
    }
}

extension ServerStatus {
    fileprivate static let states = ["DOWN", "UP", "MAINT", "DRAIN", "NOLB"]

    /// haproxy's word for its state, of the five that its exporter tells.
    fileprivate var stateWord: String {
        switch status.prefix(while: { $0 != " " }) {
        case "no": "UP"
        case "INI": "DOWN"
        case let word: String(word)
        }
    }
}

extension CheckStatus {
    /// What haproxy's exporter tells apart.
    fileprivate static let codes = [
        "HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT", "L7RSP",
        "L7OK", "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK",
    ]
}
