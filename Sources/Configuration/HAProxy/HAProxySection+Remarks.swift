/// What is wrong with a section as a whole.
extension HAProxySection {
    /// What a section has once: haproxy goes by the last one, and says nothing.
    static let single: Set<String> = [
        "balance", "default_backend", "fullconn", "hash-type", "maxconn", "mode", "retries",
        "timeout check", "timeout client", "timeout connect", "timeout queue", "timeout server",
        "timeout tunnel",
    ]

    /// Warns of words that the section itself has, and that come to nothing.
    func warn(of names: Set<String>, _ reason: String, _ remarks: inout [Remark]) {
        for name in names {
            guard let position = written[name] else { continue }
            remarks.append(.warning("\(name.quoted) \(reason)", at: position))
        }
    }

    /// The refusal of a section that would have to understand HTTP.
    var httpRefusal: Remark {
        let own = settings.modePosition > name.position
        let origin = own ? "" : " (from line \(settings.modePosition.line))"
        return .error(
            "\(name.text.quoted) is in mode http\(origin), which is not offered: lbctl balances"
                + " TCP; write 'mode tcp', or 'stats enable' or 'monitor-uri' alone for a page",
            at: own ? settings.modePosition : name.position)
    }

    /// Says that a page is asked for where there can be none.
    func warnAboutStatistics(_ remarks: inout [Remark]) {
        guard settings.mode != .http, kind != .backend else { return }
        if !metricsPaths.isEmpty, let position = written["http-request"] {
            remarks.append(
                .warning(
                    "'http-request' of \(name.text.quoted) is ignored: metrics need 'mode http'",
                    at: position))
        }
        guard settings.showsStatistics else { return }
        remarks.append(
            .warning(
                "the 'stats' keywords of \(name.text.quoted) are ignored: a statistics page needs"
                    + " 'mode http'", at: name.position))
    }

    /// Says that a rule asks for what a client says by TLS where that is taken off.
    func warnOfPassingTLS(_ frontend: Frontend, _ remarks: inout [Remark]) {
        let rules = frontend.rules
        let conditions =
            (rules.connection + rules.session + rules.content).map(\.condition)
            + rules.backends.map(\.condition)
        let questions = conditions.flatMap { $0.alternatives.joined().flatMap(\.questions) }
        guard !frontend.listeners.isEmpty, frontend.listeners.allSatisfy({ $0.tls != nil }),
            questions.contains(where: \.needsHello)
        else { return }
        remarks.append(
            .warning(
                "\(name.text.quoted) ends its clients' TLS, and a rule asks for TLS behind that"
                    + " (req.ssl_…); of what has ended here tell ssl_fc_sni, ssl_fc_alpn and their like",
                at: name.position))
    }

    /// A connection begins with one header.
    func refuseTwoHeaders(_ remarks: inout [Remark]) {
        guard routing.rules.connection.contains(where: { $0.action == .expectProxy }) else {
            return
        }
        for (listener, position) in listeners where listener.insertionMagic != nil {
            remarks.append(
                .error(
                    "'accept-netscaler-cip' beside 'tcp-request connection expect-proxy': a connection"
                        + " begins with one of the two headers", at: position))
        }
    }

    /// Says that no client has a place on a circle.
    func warnAboutAffinity(_ remarks: inout [Remark]) {
        guard let position = written["hash-preserve-affinity"],
            settings.selection.affinity != .always
        else { return }
        switch settings.algorithm {
        case .source where settings.selection.isConsistent: return
        case .hash where settings.selection.isConsistent: return
        default:
            remarks.append(
                .warning(
                    "'hash-preserve-affinity' has no effect without 'hash-type consistent' and 'balance"
                        + " source' or 'balance hash'", at: position))
        }
    }

    /// Like haproxy: without these a peer that says nothing holds its connection for ever.
    func warnAboutTimeouts(_ remarks: inout [Remark]) {
        guard !isTableAlone else { return }
        let wanted: [(String, Duration?, Bool)] = [
            ("client", settings.clientTimeout, kind != .backend),
            ("connect", settings.connectTimeout, kind != .frontend),
            ("server", settings.serverTimeout, kind != .frontend),
        ]
        let missing = wanted.filter { $0.2 && $0.1 == nil }.map { "'timeout \($0.0)'" }
        guard !missing.isEmpty else { return }
        remarks.append(
            .warning(
                "\(name.text.quoted) has no \(missing.joined(separator: ", no ")): a peer that says"
                    + " nothing holds its connection for ever", at: name.position))
    }
}
