/// One line of a table of proxies: a frontend, one of its listeners, a server, or a pool as a whole.
struct ProxyRow {
    let proxy: String
    /// `FRONTEND`, `BACKEND`, or the name of the listener or server.
    let name: String
    let status: String
    /// What is known of a server's checks.
    var check = "-"
    /// A server's share; `nil`: it is no server.
    var weight: Int?
    let traffic: TrafficCounters
    /// Clients that wait; `nil`: none can.
    var queued: Int?
    var errors = 0
}

extension ProxyStatus {
    /// The lines of a table, in the order of the configuration.
    var rows: [ProxyRow] {
        var rows: [ProxyRow] = []
        if let frontend {
            rows.append(
                ProxyRow(
                    proxy: name, name: "FRONTEND", status: frontend.status,
                    traffic: frontend.traffic, errors: frontend.requestErrors))
            rows += frontend.shownListeners.map {
                ProxyRow(proxy: name, name: $0.name, status: $0.status, traffic: $0.traffic)
            }
        }
        rows += servers.map {
            ProxyRow(
                proxy: name, name: $0.name, status: $0.status, check: $0.checkWords,
                weight: $0.weight, traffic: $0.traffic, queued: $0.service.queued,
                errors: $0.service.connectErrors)
        }
        if let backend {
            rows.append(
                ProxyRow(
                    proxy: name, name: "BACKEND", status: backend.status, traffic: backend.traffic,
                    queued: backend.service.queued, errors: backend.service.connectErrors))
        }
        return rows
    }
}

extension ServerStatus {
    fileprivate var checkWords: String {
        guard let check else {
            if let tracked { return "as \(Readable.line(tracked))" }
            return agent.map { "agent \($0.code)" } ?? "-"
        }
        let status = check.statusCode.map { "/\($0)" } ?? ""
        let findings = check.findings.isEmpty ? "" : ", \(Readable.line(check.findings))"
        return check.code + status + (check.duration.map { " \($0) ms" } ?? "") + findings
    }
}

extension TrafficCounters {
    /// Connections now, and how many there may be.
    var sessionWords: String { "\(sessions)" + (sessionLimit.map { "/\($0)" } ?? "") }
}
