public import LinuxIO

/// Log lines of connections.
public struct ConnectionLine: Sendable {
    let plan: BalancerPlan

    /// - Parameter plan: The plan of the balancer whose records are written.
    public init(_ plan: BalancerPlan) { self.plan = plan }

    /// A line in haproxy's form: `option tcplog`, or the default one for a connection that was
    /// accepted.
    ///
    /// haproxy's configuration manual, sections 8.2.1 and 8.2.2. Deviation: `Tw` counts from
    /// accepting; haproxy's is one too high.
    ///
    /// - Parameters:
    ///   - record: What is to be told.
    ///   - date: When the connection was accepted.
    /// - Returns: The line, without an end.
    public func text(_ record: ConnectionRecord, acceptedAt date: CivilTime) -> String {
        let frontend = plan.frontends[record.frontend].name
        guard record.kind != .accepted else {
            return
                "Connect from \(record.client.inLine) to \(record.local.inLine) (\(frontend)/TCP)"
        }
        let plus = record.kind == .connected ? "+" : ""
        return "\(record.client.inLine) [\(date.logDate)] \(frontend) \(place(of: record)) "
            + "\(record.queueTime ?? -1)/\(record.connectTime ?? -1)/\(plus)\(record.totalTime) "
            + "\(plus)\(record.bytesOut) \(record.ending) "
            + "\(record.processConnections)/\(record.frontendConnections)/"
            + "\(record.poolConnections)/\(record.serverConnections)/"
            + "\(record.wasRedispatched ? "+" : "")\(record.retries) "
            + "\(record.serverQueue)/\(record.poolQueue)"
    }

    /// A line that is a JSON object.
    ///
    /// - Parameters:
    ///   - record: What is to be told.
    ///   - texts: What stands beside it.
    ///   - date: When the connection was accepted.
    /// - Returns: The line, without an end.
    public func json(
        _ record: ConnectionRecord, _ texts: LineTexts = .none, acceptedAt date: CivilTime
    ) -> String {
        func number(_ value: Int?) -> String { value.map { "\($0)" } ?? "null" }
        let pool = plan.pools[record.pool]
        let server = record.server.map { quoted(pool.servers[$0].name) } ?? "null"
        let kind =
            switch record.kind {
            case .accepted: "accepted"
            case .connected: "connected"
            case .ended: "ended"
            }
        return "{\"event\":\"\(kind)\",\"accepted\":\"\(date.timestamp)\""
            + ",\"client\":\"\(record.client)\""
            + ",\"frontend\":\(quoted(plan.frontends[record.frontend].name))"
            + ",\"backend\":\(quoted(pool.name)),\"server\":\(server)"
            + ",\"queue_ms\":\(number(record.queueTime))"
            + ",\"connect_ms\":\(number(record.connectTime)),\"total_ms\":\(record.totalTime)"
            + ",\"bytes_in\":\(record.bytesIn),\"bytes_out\":\(record.bytesOut)"
            + ",\"state\":\"\(record.ending)\",\"retries\":\(record.retries)"
            + ",\"redispatched\":\(record.wasRedispatched)"
            + ",\"connections\":\(record.processConnections)"
            + ",\"frontend_connections\":\(record.frontendConnections)"
            + ",\"backend_connections\":\(record.poolConnections)"
            + ",\"server_connections\":\(record.serverConnections)"
            + ",\"server_queue\":\(record.serverQueue),\"backend_queue\":\(record.poolQueue)"
            + "\(json(texts.kept, of: record))}"
    }

    /// The identifier and the captures, where its frontend has any.
    private func json(_ kept: KeptTexts, of record: ConnectionRecord) -> String {
        func value(_ bytes: [UInt8]) -> String { bytes.isEmpty ? "null" : quoted(bytes.printable) }
        let hasIdentifier = plan.frontends[record.frontend].identifierFormat != nil
        let captures = captures(of: record, kept).map(value)
        return (hasIdentifier ? ",\"unique_id\":\(value(kept.identifier))" : "")
            + (captures.isEmpty ? "" : ",\"captures\":[\(captures.joined(separator: ","))]")
    }

    private func place(of record: ConnectionRecord) -> String {
        let pool = plan.pools[record.pool]
        return "\(pool.name)/\(record.server.map { pool.servers[$0].name } ?? "<NOSRV>")"
    }

    /// RFC 8259 §7.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..."\u{1f}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
