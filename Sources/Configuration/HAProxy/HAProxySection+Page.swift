import TLSOptions

/// A section that shows a page instead of balancing: `mode http` with `stats enable` or `monitor-uri`.
extension HAProxySection {
    /// Whether the section shows a page instead of balancing.
    var isPage: Bool {
        // A site that leads to its backends by rules alone is none because of its metrics.
        let isForMachines =
            (!metricsPaths.isEmpty || settings.page.monitorPath != nil)
            && routing.rules.backends.isEmpty
        return settings.mode == .http && (settings.showsStatistics || isForMachines)
            && kind != .backend && servers.isEmpty && settings.backendName == nil
    }

    /// Reads `http-request …`, of which a page has one line: Prometheus' metrics at some paths.
    mutating func addRequestRule(_ arguments: inout Arguments) {
        let line = arguments.remaining()
        let words = line.map(\.text)
        let start = ["use-service", "prometheus-exporter", "if", "{", "path"]
        let paths = words.dropFirst(start.count).dropLast()
        guard kind == .listen || kind == .frontend, words.starts(with: start), words.last == "}",
            !paths.isEmpty, paths.allSatisfy({ $0.hasPrefix("/") })
        else {
            if let action = line.first, Self.refusals.contains(action.text) {
                requestRefusals.append(action)
            }
            let action = words.first.map { " \($0)" } ?? ""
            return arguments.warn(
                "\("http-request\(action)".quoted) has no effect, since no request is read here:"
                    + " 'tcp-request' refuses clients, and a page takes 'use-service"
                    + " prometheus-exporter if { path /metrics }'")
        }
        metricsPaths += paths
    }

    /// Adds the page to the draft, and remarks on what it cannot have.
    func addPage(file: String, into draft: inout Draft, _ remarks: inout [Remark]) {
        guard !settings.isDisabled else { return }
        for (listener, position) in listeners {
            switch listener.endpoint {
            case .path, .abstractName:
                remarks.append(
                    .error(
                        "\(listener.endpoint): a statistics page needs an address and a port",
                        at: position))
            case .internet, .descriptor: break
            }
            if let word = listener.headerWord {
                remarks.append(
                    .error(
                        "'\(word)' is known but not implemented yet for a statistics page",
                        at: position))
            }
            if let tls = listener.tls { judge(tls, at: position, &remarks) }
            if listener.connectionLimit != nil {
                remarks.append(
                    .warning("'bind … maxconn' has no effect on a statistics page", at: position))
            }
        }
        var page = settings.page
        page.name = name.text
        page.identity = identity
        page.listeners = listeners.map(\.listener)
        if !settings.showsStatistics { page.path = nil }
        page.metricsPaths = metricsPaths
        page.monitorFailures = monitorFailures
        page.rules = routing.rules
        page.rules.backends = []
        if !monitorFailures.isEmpty { routing.note(in: &draft, file: file) }
        refuseRules(&remarks)
        for action in requestRefusals {
            remarks.append(
                .error(
                    "'http-request \(action.text)' is not offered for a statistics page, which everybody"
                        + " would see: 'stats auth NAME:PASSWORD' and 'tcp-request connection reject'"
                        + " say who may look", at: action.position))
        }
        warn(of: Self.balancing, "has no effect on a statistics page", &remarks)
        draft.pages.append(placed(page, file))
    }

    /// Says what of a page's TLS is not done, since it is not by the library of clients' connections.
    private func judge(
        _ tls: ListenerTLS, at position: Position, _ remarks: inout [Remark]
    ) {
        // What holds for who is shown the first certificate, as everybody is.
        let handshake = tls.certificates.first.map(tls.handshake(of:)) ?? tls.handshake
        if handshake.revocationLists != nil {
            remarks.append(
                .error(
                    "'crl-file' is not offered for a statistics page, which would let in whose certificate"
                        + " was revoked", at: position))
        }
        let (parameters, options) = (handshake.parameters, tls.options)
        let idle = [
            ("alpn", parameters.applicationProtocols != []),
            ("ca-ignore-err", options.ignoredAuthorityErrors != []),
            // NIOSSL ends the process where it knows none of them.
            ("ciphers", parameters.ciphers != nil),
            ("ciphersuites", parameters.cipherSuites != nil),
            ("client-sigalgs", parameters.clientSignatureAlgorithms != nil),
            ("crt-ignore-err", options.ignoredCertificateErrors != []),
            ("curves", parameters.groups != nil),
            ("no-tls-tickets", options.issuesTickets == false),
            ("prefer-client-ciphers", options.prefersClientCiphers == true),
            ("sigalgs", parameters.signatureAlgorithms != nil),
            ("strict-sni", options.isStrictSNI == true),
            ("tls-ticket-keys", tls.ticketKeysPath != nil),
        ].filter(\.1).map(\.0.quoted)
        if !idle.isEmpty {
            remarks.append(
                .warning(
                    "without effect on a statistics page: \(idle.joined(separator: ", "))",
                    at: position))
        }
        if tls.certificates.count > 1 {
            remarks.append(
                .warning(
                    "a statistics page shows one certificate, whoever is asked for: the first",
                    at: position))
        }
    }

    /// Refuses rules that could not be carried out where a page's clients come in.
    private func refuseRules(_ remarks: inout [Remark]) {
        let rules = routing.rules.connection + routing.rules.session + routing.rules.content
        let position = written["tcp-request"] ?? name.position
        if rules.contains(where: { $0.action != .accept && $0.action != .reject }) {
            remarks.append(
                .error(
                    "'tcp-request' of a statistics page can accept and reject alone", at: position))
        }
        guard rules.allSatisfy(\.asksAboutEndsAlone) else {
            return remarks.append(
                .error(
                    "'tcp-request' of a statistics page can ask about src, src_port, dst and dst_port"
                        + " alone: it is asked when a client connects", at: position))
        }
    }

    /// What `http-request` keeps somebody from a page by.
    static let refusals: Set<String> = ["auth", "deny", "reject", "silent-drop", "tarpit"]

    /// What only sections that balance go by.
    private static let balancing: Set<String> = [
        "balance", "declare", "error-log-format", "force-persist", "fullconn",
        "hash-balance-factor", "hash-preserve-affinity", "hash-type", "ignore-persist", "log",
        "log-format", "log-format-sd", "maxconn",
        "maxqueue", "option allbackups", "option dontlog-normal", "option dontlognull",
        "option jsonlog", "option log-separate-errors", "option logasap", "option persist",
        "option redispatch",
        "option socket-stats", "option tcplog", "persist", "rate-limit", "retries", "source",
        "stick",
        "stick-table", "timeout client", "timeout client-fin", "unique-id-format", "use-server",
        "use_backend",
    ]
}

extension ConnectionRule {
    /// Whether its condition can be told as soon as somebody connects.
    fileprivate var asksAboutEndsAlone: Bool {
        condition.alternatives.joined().flatMap(\.questions).allSatisfy { question in
            switch question {
            case .constant, .source, .sourcePort, .destination, .destinationPort: true
            default: false
            }
        }
    }
}
