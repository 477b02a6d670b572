#if Program
internal import HealthCheck
internal import NIOCore
internal import NodeConfiguration
internal import VRRPCore

/// Makes the probe of one server from what the model says of it and of its pool.
struct ProbeBuilder {
    let backend: Backend
    let server: Server
    let check: CheckSettings
    /// What is shared with the probes of other servers.
    let parts: ProbeParts
    /// Where the check goes.
    let target: SocketAddress
    /// What haproxy tells an external check.
    let subject: CommandSubject
    /// How the server is seen here, for `http-check send-state`.
    let state: @Sendable () -> String
    /// Whether the server is known to be down, for `http-check disable-on-404`.
    let isDown: @Sendable () -> Bool

    /// The probe.
    ///
    /// - Throws: `ProbeSettingsError` where TLS cannot be set up; the readers let nothing else pass.
    func probe() throws -> any HealthProbe {
        switch backend.checks.method {
        case .connection: return try connectionProbe()
        case .sslHello: return try connecting(SSLHelloProbe())
        case .http(let settings): return try http(settings)
        case .script(let steps): return try script(steps)
        case .redis(let settings):
            var probe = RedisProbe()
            (probe.user, probe.password) = (settings.user, settings.password)
            probe.role = settings.role.map(ProbeFacts.Role.init)
            return try connecting(probe)
        case .postgreSQL(let settings):
            return try connecting(PostgreSQLProbe(PostgreSQLProbe.Depth(settings)))
        case .mySQL(let settings):
            return try connecting(MySQLProbe(MySQLProbe.Depth(settings)))
        case .smtp(let command, let domain):
            let greeting = SMTPProbe.Greeting(rawValue: command) ?? .helo
            return try connecting(SMTPProbe(greeting, domain: domain))
        case .ldap(let name, let password):
            return try connecting(LDAPProbe(name: name, password: password))
        case .dns(let name, let type): return try DNSProbe(name: name, type: .init(named: type))
        case .udp(let payload, let reply):
            return UDPProbe(payload: payload, reply: UDPProbe.Reply(reply))
        case .icmp(let length):
            var probe = ICMPProbe(payloadLength: length)
            probe.sockets = parts.icmp
            return probe
        case .command(let path, let searchPath):
            return CommandProbe(path: path, searchPath: searchPath, subject: subject)
        case .file(let path, let expectation):
            return FileProbe(path: path, expectation: .init(expectation))
        }
    }

    private func connectionProbe() throws -> any HealthProbe {
        guard check.usesTLS else { return try connecting(TCPProbe()) }
        return try connecting(TLSProbe(parts.tls(check.tls)))
    }

    private func http(_ settings: HTTPCheckSettings) throws -> any HealthProbe {
        let parts = try settings.exchanges.enumerated().map { index, exchange in
            let said = resolved(exchange.connection ?? .asTheServer)
            let request = try HTTPCheckRequest(
                method: exchange.method, path: names.fill(exchange.path),
                version: exchange.isHTTP11 ? .http11 : .http10,
                headers: exchange.headers.map { ($0.name, names.fill($0.value)) },
                body: Array(names.fill(exchange.body).utf8))
            var probe = HTTPProbe(request)
            probe.connection = try connection(said)
            probe.place = exchange.place(index, of: settings.exchanges.count)
            if settings.drainsOn404 { probe.drainsOn404 = { [isDown] in !isDown() } }
            if settings.sendsState {
                probe.stateHeader = { [state] in ("X-Haproxy-Server-State", state()) }
            }
            if !exchange.expectations.isEmpty {
                probe.expectations = try exchange.expectations.map {
                    try HTTPExpectation($0, names)
                }
            }
            return SequenceProbe.Part(
                probe, address: try address(of: said), port: said.port.map(Int.init))
        }
        if parts.count == 1, parts[0].address == nil, parts[0].port == nil {
            return parts[0].probe
        }
        return try SequenceProbe(parts)
    }

    private func script(_ steps: [ScriptCheckStep]) throws -> any HealthProbe {
        var probe = try ScriptProbe(steps.map(step))
        probe.firstConnection = try scriptConnection(.asTheServer)
        return probe
    }

    private func step(_ step: ScriptCheckStep) throws -> ScriptStep {
        let action: ScriptStep.Action =
            switch step.action {
            case .connect(let connection): .connect(try scriptConnection(connection))
            case .send(let bytes): .send(bytes)
            case .sendFilled(let text): .send(Array(names.fill(text).utf8))
            case .expect(let expectation): .expect(try ScriptStep.Expectation(expectation, names))
            }
        var made = ScriptStep(action, comment: step.comment)
        made.number = step.number
        return made
    }

    private var names: CheckNames { CheckNames(server: server.name, backend: backend.name) }
}

extension HTTPCheckExchange {
    /// What a report says where the connection fails; empty where that is clear.
    fileprivate func place(_ index: Int, of count: Int) -> String {
        let port = connection?.port.map { " (connect port \($0))" } ?? ""
        let comment = comment.map { " comment: '\($0)'" } ?? ""
        return count > 1 ? "at request \(index + 1) of http-check\(port)\(comment)" : comment
    }
}

// MARK: Connections

extension ProbeBuilder {
    /// A probe that connects as the server's own words have it.
    private func connecting<Probe: ConnectingProbe>(_ probe: Probe) throws -> Probe {
        var probe = probe
        probe.connection = try connection(resolved(.asTheServer))
        return probe
    }

    private func scriptConnection(_ said: CheckConnection) throws -> ScriptStep.Connection {
        let said = resolved(said)
        var connection = ScriptStep.Connection()
        connection.address = try address(of: said)
        connection.port = said.port.map(Int.init)
        connection.settings = try self.connection(said)
        return connection
    }

    /// What a rule `connect` says; with its word `default`, the server's own settings too.
    private func resolved(_ connection: CheckConnection) -> CheckConnection {
        guard connection.usesServerSettings else { return connection }
        var connection = connection
        connection.usesTLS = connection.usesTLS || check.usesTLS
        connection.sendsProxyHeader = connection.sendsProxyHeader || check.sendsProxyHeader
        return connection
    }

    private func connection(_ said: CheckConnection) throws -> ProbeConnection {
        let limits = CheckLimits(interval: check.interval, in: backend)
        var connection = ProbeConnection()
        connection.tls = try tls(of: said)
        if said.sendsProxyHeader {
            connection.proxyHeader = server.connection.header == .versionTwo ? .v2 : .v1
        }
        connection.closing = said.lingers ? .clean : .reset
        connection.timeout = TimeAmount(limits.connecting)
        connection.answerTimeout = limits.answering.map(TimeAmount.init)
        return connection
    }

    private func address(of connection: CheckConnection) throws -> SocketAddress? {
        guard let address = connection.address else { return nil }
        return try SocketAddress(ipAddress: address.description, port: target.port ?? 0)
    }

    private func tls(of connection: CheckConnection) throws -> ProbeTLS? {
        guard connection.usesTLS else { return nil }
        var settings = check.tls
        if let name = connection.serverName {
            settings.serverName = name
            if settings.verification == .certificate { settings.verification = .certificateAndName }
        }
        if !connection.applicationProtocols.isEmpty {
            settings.applicationProtocols = connection.applicationProtocols
        }
        return try parts.tls(settings)
    }
}

extension CheckConnection {
    /// Where no rule says how to connect.
    fileprivate static var asTheServer: CheckConnection {
        var connection = CheckConnection()
        connection.usesServerSettings = true
        return connection
    }
}
#endif
