#if Program
/// One proxy's table on the statistics page, as the template wants it.
enum ProxyTable {
    static func entry(of proxy: ProxyStatus) -> [String: Any] {
        var rows: [[String: Any]] = []
        if let frontend = proxy.frontend {
            rows.append(row(of: frontend))
            rows += frontend.shownListeners.map(row(of:))
        }
        rows += proxy.servers.map(row(of:))
        if let backend = proxy.backend { rows.append(row(of: backend)) }
        var entry: [String: Any] = [
            "name": proxy.name, "mode": proxy.mode, "rows": rows,
            "addresses": proxy.frontend?.addresses ?? [],
        ]
        entry["algorithm"] = proxy.backend?.algorithm
        entry["description"] = proxy.description
        entry["times"] = proxy.backend?.timesText
        return entry
    }

    private static func row(of frontend: FrontendStatus) -> [String: Any] {
        [
            "name": "Frontend", "class": RowState(status: frontend.status).rawValue,
            "state": frontend.status,
            "address": frontend.addresses.joined(separator: ", "),
            "cells": cells(frontend.traffic, errors: frontend.requestErrors).map(\.entry),
        ]
    }

    private static func row(of listener: ListenerStatus) -> [String: Any] {
        [
            "name": listener.name, "class": RowState(status: listener.status).rawValue,
            "state": listener.status, "address": listener.address,
            "cells": cells(listener.traffic, errors: nil).map(\.entry),
        ]
    }

    /// The cells of who accepts connections.
    private static func cells(_ traffic: TrafficCounters, errors: Int?) -> [Cell] {
        var cells = [Cell("Weight"), Cell("Queue"), Cell("Queue max")]
        cells += Self.traffic(traffic)
        cells.append(errors.map { Cell("Errors", errors: $0) } ?? Cell("Errors"))
        cells += ["Retried", "Moved", "Client", "Server", "Failed", "Downs", "Down time"].map {
            Cell($0)
        }
        return cells
    }

    private static func row(of server: ServerStatus) -> [String: Any] {
        let check = server.check
        var row: [String: Any] = [
            "name": server.name, "class": RowState(status: server.status).rawValue,
            "state": server.status, "address": server.address, "backup": server.isBackup,
            "cells": cells(
                weight: server.weight, server.traffic, server.service, failures: check?.failures
            ).map(\.entry),
        ]
        // What is not checked never changes.
        row["since"] = check.map { _ in Readable.time(seconds: server.service.sinceLastChange) }
        row["check"] = check.map {
            $0.code + ($0.duration.map { " in \($0) ms" } ?? "")
                + ($0.findings.isEmpty ? "" : ", " + $0.findings)
        }
        row["checkDetail"] = server.checkDetail
        return row
    }

    private static func row(of backend: BackendStatus) -> [String: Any] {
        [
            "name": "Backend", "class": RowState(status: backend.status).rawValue,
            "total": true,
            "state": backend.status,
            "since": Readable.time(seconds: backend.service.sinceLastChange),
            "address": "\(backend.activeServers) active, \(backend.backupServers) backup",
            "cells": cells(
                weight: backend.weight, backend.traffic, backend.service, failures: nil
            ).map(\.entry),
        ]
    }

    private static func cells(
        weight: Int, _ traffic: TrafficCounters, _ service: ServiceCounters, failures: Int?
    ) -> [Cell] {
        var cells = [
            Cell("Weight", weight), Cell("Queue", service.queued),
            Cell("Queue max", service.queuedMax),
        ]
        cells += Self.traffic(traffic)
        cells += [
            Cell("Errors", errors: service.connectErrors), Cell("Retried", service.retries),
            Cell("Moved", service.redispatches), Cell("Client aborts", service.clientAborts),
            Cell("Server aborts", service.serverAborts), Cell("Failed checks", failures),
            Cell("Downs", service.downTransitions),
            Cell("Down time", text: Readable.time(seconds: service.downtime)),
        ]
        return cells
    }

    private static func traffic(_ traffic: TrafficCounters) -> [Cell] {
        [
            Cell("Sessions", traffic.sessions), Cell("Sessions max", traffic.sessionsMax),
            Cell("Limit", traffic.sessionLimit), Cell("Total", traffic.sessionsTotal),
            Cell("Per second", traffic.rate), Cell("Per second max", traffic.rateMax),
            Cell("In", bytes: traffic.bytesIn), Cell("Out", bytes: traffic.bytesOut),
        ]
    }
}

extension BackendStatus {
    /// How long connections took, half of them and all but one in a hundred; `nil` before the first.
    fileprivate var timesText: String? {
        let spans = [
            ("waited at most", queueTimes), ("were connected within", connectTimes),
            ("lasted at most", sessionTimes),
        ]
        let texts = spans.compactMap { what, times in
            times.median.map { median in
                let most = times.ninetyNinth ?? median
                return "\(what) \(Readable.count(median)) and \(Readable.count(most)) ms"
            }
        }
        return texts.isEmpty
            ? nil : "Half and 99 % of the connections " + texts.joined(separator: ", ")
    }
}

extension ServerStatus {
    /// What the last check said, and whoever else has a say in the server's state.
    fileprivate var checkDetail: String? {
        var details = [check?.detail ?? ""]
        if let agent {
            details.append("agent \(agent.code)\(agent.detail.isEmpty ? "" : ": \(agent.detail)")")
        }
        if let tracked { details.append("tracks \(tracked)") }
        let text = details.filter { !$0.isEmpty }.joined(separator: "; ")
        return text.isEmpty ? nil : text
    }
}

/// A figure and what it is called where the table has no room for headings.
private struct Cell {
    let entry: [String: Any]

    init(_ label: String, _ count: Int? = nil) {
        self.init(label, text: count.map(Readable.count), exact: nil)
    }

    init(_ label: String, bytes: Int) {
        self.init(label, text: Readable.bytes(bytes), exact: Readable.count(bytes) + " bytes")
    }

    init(_ label: String, errors: Int) {
        self.init(label, text: Readable.count(errors), exact: nil, isAlarm: errors > 0)
    }

    init(_ label: String, text: String?, exact: String? = nil, isAlarm: Bool = false) {
        var entry: [String: Any] = [
            "label": label, "text": text ?? "", "blank": text == nil, "alarm": isAlarm,
        ]
        entry["exact"] = exact
        self.entry = entry
    }
}
#endif
