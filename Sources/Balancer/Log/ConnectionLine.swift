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
        var line = LineBuffer()
        write(record, acceptedAt: date, to: &line)
        return line.text
    }

    /// Writes ``text(_:acceptedAt:)``.
    ///
    /// - Parameters:
    ///   - record: What is to be told.
    ///   - date: When the connection was accepted.
    ///   - line: Gets the line at its end.
    public func write(
        _ record: ConnectionRecord, acceptedAt date: CivilTime, to line: inout LineBuffer
    ) {
        guard record.kind != .accepted else { return writeGreeting(record, to: &line) }
        let plus = record.kind == .connected ? "+" : ""
        line.append(record.client)
        line.append(" [")
        date.writeLogDate(to: &line)
        line.append("] ")
        line.append(plan.frontends[record.frontend].name)
        line.append(record.isSecured ? "~ " : " ")
        line.append(plan.pools[record.pool].name)
        line.append("/")
        line.append(record.server.map { plan.pools[record.pool].servers[$0].name } ?? "<NOSRV>")
        line.append(record.queueTime ?? -1, after: " ")
        line.append(record.connectTime ?? -1, after: "/")
        line.append(record.totalTime, after: "/" + plus)
        line.append(record.bytesOut, after: " " + plus)
        line.append(" ")
        line.append(byte: record.ending.cause.rawValue)
        line.append(byte: record.ending.stage.rawValue)
        line.append(record.processConnections, after: " ")
        line.append(record.frontendConnections, after: "/")
        line.append(record.poolConnections, after: "/")
        line.append(record.serverConnections, after: "/")
        line.append(record.retries, after: record.wasRedispatched ? "/+" : "/")
        line.append(record.serverQueue, after: " ")
        line.append(record.poolQueue, after: "/")
    }

    private func writeGreeting(_ record: ConnectionRecord, to line: inout LineBuffer) {
        line.append("Connect from ")
        line.append(record.client)
        line.append(" to ")
        line.append(record.local)
        line.append(" (")
        line.append(plan.frontends[record.frontend].name)
        line.append("/TCP)")
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

extension LineBuffer {
    /// Adds an end as haproxy's lines have it, without brackets (`%ci:%cp`).
    fileprivate mutating func append(_ end: IPEndpoint) {
        guard end.isPresent else { return append(end.description) }
        if end.isIPv4 {
            let octets = Int(end.ipv4)
            append(octets >> 24)
            append(octets >> 16 & 255, after: ".")
            append(octets >> 8 & 255, after: ".")
            append(octets & 255, after: ".")
        } else {
            append(end.host)
        }
        append(Int(end.port), after: ":")
    }

    /// Adds a mark and a number.
    fileprivate mutating func append(_ number: some BinaryInteger, after mark: String) {
        append(mark)
        append(Int(clamping: number))
    }
}
