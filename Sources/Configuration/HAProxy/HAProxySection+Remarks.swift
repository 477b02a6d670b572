/// What is wrong with a section as a whole.
extension HAProxySection {
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
