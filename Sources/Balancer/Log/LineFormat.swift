public import LinuxIO

/// A form of log lines that somebody wrote (`log-format`).
public struct LineFormat: Hashable, Sendable {
    /// A piece of a line.
    public enum Piece: Hashable, Sendable {
        /// These words.
        case text(String)
        /// What the variable has for the connection; a name in quotes or not.
        case variable(Variable, isQuoted: Bool)
        /// What is known of the client's TLS that ended here; in quotes or not.
        case sample(SecuredSample, isQuoted: Bool)
    }

    /// What a line can say of a connection; haproxy's names.
    public enum Variable: String, Hashable, Sendable, CaseIterable {
        /// Who the client is.
        case clientAddress = "ci", clientPort = "cp"
        /// Where the client connected to.
        case frontendAddress = "fi", frontendPort = "fp"
        /// Where the server saw the connection come from.
        case sourceAddress = "bi", sourcePort = "bp"
        /// Where the server is.
        case serverAddress = "si", serverPort = "sp"
        /// The frontend, twice, its pool, and the server, twice: where there was none, it says so or not.
        case frontend = "f", frontendName = "ft", pool = "b", server = "s"
        case serverName = "[srv_name]"
        /// What the client asked for and offered by TLS.
        case helloServerName = "[req.ssl_sni]", helloProtocols = "[req.ssl_alpn]"
        /// What it asked for and what was agreed on, where its TLS ended here.
        case securedServerName = "[ssl_fc_sni]", securedProtocol = "[ssl_fc_alpn]"
        case securedVersion = "sslv", securedCipher = "sslc"
        /// When it was accepted.
        case date = "t", localDate = "Tl", universalDate = "T", timestamp = "Ts", milliseconds =
            "ms"
        /// How long it took, in milliseconds.
        case headerTime = "Th", queueTime = "Tw", connectTime = "Tc", dataTime = "Td"
        case totalTime = "Tt"
        /// Bytes to the client, and from it.
        case bytesOut = "B", bytesIn = "U"
        /// How it ended.
        case ending = "ts"
        /// How many connections there were.
        case processConnections = "ac", frontendConnections = "fc", poolConnections = "bc"
        /// How many connections there were to the server.
        case serverConnections = "sc"
        /// Further attempts.
        case retries = "rc"
        /// Places in the lines.
        case serverQueue = "sq", poolQueue = "bq"
        /// This process.
        case hostName = "H", processID = "pid"
    }

    /// The pieces.
    public var pieces: [Piece]

    /// Makes a form.
    public init(_ pieces: [Piece]) { self.pieces = pieces }

    /// Whether lines say where clients connected to.
    ///
    /// The port of a server may follow from it.
    public var tellsDestination: Bool {
        tells(.frontendAddress) || tells(.frontendPort) || tells(.serverPort)
    }

    /// Whether lines say where servers were.
    public var tellsServerEnd: Bool { tells(.serverAddress) || tells(.serverPort) }

    /// Whether lines say where servers saw connections come from.
    public var tellsSourceEnd: Bool { tells(.sourceAddress) || tells(.sourcePort) }

    /// Whether lines say how long PROXY headers took.
    public var tellsHeaderTime: Bool { tells(.headerTime) }

    /// Whether lines say what the client's TLS does.
    public var tellsNames: Bool {
        tells(.helloServerName) || tells(.helloProtocols) || tells(.securedServerName)
            || tells(.securedProtocol) || tells(.securedVersion) || tells(.securedCipher)
            || !samples.isEmpty
    }

    /// What of clients' TLS is to be kept for lines, each once (``FrontendPlan/securedSamples``).
    public var samples: [SecuredSample] {
        var all: [SecuredSample] = []
        for case .sample(let sample, _) in pieces where !all.contains(sample) { all.append(sample) }
        return all
    }

    private func tells(_ variable: Variable) -> Bool {
        pieces.contains {
            if case .variable(let own, _) = $0 { own == variable } else { false }
        }
    }
}

extension ConnectionLine {
    /// A line in a form that somebody wrote.
    ///
    /// haproxy's configuration manual, section 8.2.6; what is not known is `-`, or -1 for a time.
    ///
    /// - Parameters:
    ///   - record: What is to be told.
    ///   - names: What its client said by TLS.
    ///   - format: The form.
    ///   - date: When the connection was accepted.
    /// - Returns: The line, without an end.
    public func text(
        _ record: ConnectionRecord, _ names: ClientNames = .none, as format: LineFormat,
        acceptedAt date: CivilTime
    ) -> String {
        var line = ""
        for piece in format.pieces {
            switch piece {
            case .text(let text): line += text
            case .variable(let variable, let isQuoted):
                let value = value(variable, of: record, names, acceptedAt: date)
                line += isQuoted ? "\"\(value)\"" : value
            case .sample(let sample, let isQuoted):
                let value = names.samples.text(of: sample, among: format.samples)
                line += isQuoted ? "\"\(value)\"" : value
            }
        }
        return line
    }

    private func value(
        _ variable: LineFormat.Variable, of record: ConnectionRecord, _ names: ClientNames,
        acceptedAt date: CivilTime
    ) -> String {
        let plus = record.kind == .connected ? "+" : ""
        return switch variable {
        case .clientAddress: record.client.host
        case .clientPort: record.client.portText
        case .frontendAddress: record.local.host
        case .frontendPort: record.local.portText
        case .sourceAddress: record.sourceEnd.host
        case .sourcePort: record.sourceEnd.portText
        case .serverAddress: serverEnd(of: record).host
        case .serverPort: serverEnd(of: record).portText
        case .frontend, .frontendName: plan.frontends[record.frontend].name
        case .pool: plan.pools[record.pool].name
        case .serverName:
            record.server.map { plan.pools[record.pool].servers[$0].name } ?? "-"
        case .helloServerName: names.isSecured ? "-" : names.serverNameText
        case .helloProtocols: names.isSecured ? "-" : names.protocolsText
        case .securedServerName: names.isSecured ? names.serverNameText : "-"
        case .securedProtocol: names.isSecured ? names.protocolsText : "-"
        case .securedVersion: names.version.text
        case .securedCipher: names.cipher.text
        case .server:
            record.server.map { plan.pools[record.pool].servers[$0].name } ?? "<NOSRV>"
        case .date: date.logDate
        case .localDate: date.localLogDate
        case .universalDate: date.universalLogDate
        case .timestamp: "\(date.secondsSince1970)"
        case .milliseconds: date.millisecondDigits
        case .headerTime: "\(record.headerTime)"
        case .queueTime: "\(record.queueTime ?? -1)"
        case .connectTime: "\(record.connectTime ?? -1)"
        case .dataTime: "\(dataTime(of: record))"
        case .totalTime: "\(plus)\(record.totalTime)"
        case .bytesOut: "\(plus)\(record.bytesOut)"
        case .bytesIn: "\(record.bytesIn)"
        case .ending: record.ending.description
        case .processConnections: "\(record.processConnections)"
        case .frontendConnections: "\(record.frontendConnections)"
        case .poolConnections: "\(record.poolConnections)"
        case .serverConnections: "\(record.serverConnections)"
        case .retries: "\(record.wasRedispatched ? "+" : "")\(record.retries)"
        case .serverQueue: "\(record.serverQueue)"
        case .poolQueue: "\(record.poolQueue)"
        case .hostName: HostName.current
        case .processID: "\(SystemLimits.processID)"
        }
    }

    /// Milliseconds since the server answered; -1: it did not.
    private func dataTime(of record: ConnectionRecord) -> Int {
        guard let queueTime = record.queueTime, let connectTime = record.connectTime else {
            return -1
        }
        return max(0, record.totalTime - queueTime - connectTime)
    }

    private func serverEnd(of record: ConnectionRecord) -> IPEndpoint {
        guard let server = record.server else { return .none }
        if record.serverEnd.isPresent { return record.serverEnd }
        let plan = plan.pools[record.pool].servers[server]
        return switch plan.address(forClientsOf: record.local.port) {
        case .ipv4(let address): IPEndpoint(ipv4: address.address, port: address.port)
        case .ipv6(let end): end
        default: .none
        }
    }
}

extension IPEndpoint {
    /// The address alone.
    fileprivate var host: String {
        guard isPresent else { return "-" }
        let text = description
        let end = text.lastIndex(of: ":") ?? text.endIndex
        return text[..<end].hasPrefix("[")
            ? String(text[..<end].dropFirst().dropLast()) : String(text[..<end])
    }

    fileprivate var portText: String { isPresent ? "\(port)" : "-" }
}
