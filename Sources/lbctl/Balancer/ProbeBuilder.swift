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
    /// Where the check goes.
    let target: SocketAddress
    /// What haproxy tells an external check.
    let subject: CommandSubject
    /// How the server is seen here, for `http-check send-state`.
    let state: @Sendable () -> String

    /// The probe.
    ///
    /// - Throws: `ProbeSettingsError` where TLS cannot be set up; the readers let nothing else pass.
    func probe() throws -> any HealthProbe {
        switch backend.checks.method {
        case .connection: return try connectionProbe()
        case .sslHello:
            var probe = SSLHelloProbe()
            probe.proxyHeader = header(check.proxyHeader)
            return probe
        case .http(let settings): return try http(settings)
        case .script(let steps): return try script(steps)
        case .redis(let settings):
            var probe = RedisProbe()
            (probe.user, probe.password) = (settings.user, settings.password)
            probe.role = settings.role.map(ProbeFacts.Role.init)
            return probe
        case .postgreSQL(let settings):
            let user = settings.user ?? ""
            guard let login = SQLLogin(settings) else {
                return PostgreSQLProbe(.startup(user: user))
            }
            return PostgreSQLProbe(
                .login(login, role: settings.role.map(ProbeFacts.Role.init)))
        case .mySQL(let settings):
            guard let login = SQLLogin(settings) else { return MySQLProbe(.greeting) }
            return MySQLProbe(.login(login, role: settings.role.map(ProbeFacts.Role.init)))
        case .smtp(let command, let domain):
            return SMTPProbe(SMTPProbe.Greeting(rawValue: command) ?? .helo, domain: domain)
        case .ldap(let name, let password): return LDAPProbe(name: name, password: password)
        case .dns(let name, let type): return try DNSProbe(name: name, type: .init(named: type))
        case .udp(let payload, let reply):
            return UDPProbe(payload: payload, reply: UDPProbe.Reply(reply))
        case .icmp(let length): return ICMPProbe(payloadLength: length)
        case .command(let path, let searchPath):
            return CommandProbe(path: path, searchPath: searchPath, subject: subject)
        case .file(let path, let expectation):
            return FileProbe(path: path, expectation: .init(expectation))
        }
    }

    private func connectionProbe() throws -> any HealthProbe {
        guard check.usesTLS else {
            var probe = TCPProbe()
            probe.proxyHeader = header(check.proxyHeader)
            return probe
        }
        var probe = TLSProbe(try tls(check.tls))
        probe.proxyHeader = header(check.proxyHeader)
        return probe
    }

    private func http(_ settings: HTTPCheckSettings) throws -> any HealthProbe {
        let parts = try settings.exchanges.map { exchange in
            let connection = connection(of: exchange)
            let request = try HTTPCheckRequest(
                method: exchange.method, path: exchange.path,
                version: exchange.isHTTP11 ? .http11 : .http10,
                headers: exchange.headers.map { ($0.name, $0.value) },
                body: Array(exchange.body.utf8))
            var probe = HTTPProbe(request, tls: try tls(of: connection))
            probe.proxyHeader = header(connection.proxyHeader)
            probe.drainsOn404 = settings.drainsOn404
            if settings.sendsState {
                probe.stateHeader = { [state] in ("X-Haproxy-Server-State", state()) }
            }
            if !exchange.expectations.isEmpty {
                probe.expectations = try exchange.expectations.map(HTTPExpectation.init)
            }
            return SequenceProbe.Part(
                probe, address: try address(of: connection), port: connection.port.map(Int.init))
        }
        if parts.count == 1, parts[0].address == nil, parts[0].port == nil {
            return parts[0].probe
        }
        return try SequenceProbe(parts)
    }

    /// Without a rule `connect`, or with its word `default`, the server's own settings hold.
    private func connection(of exchange: HTTPCheckExchange) -> CheckConnection {
        var own = CheckConnection()
        own.usesServerSettings = true
        return resolved(exchange.connection ?? own)
    }

    private func script(_ steps: [ScriptCheckStep]) throws -> any HealthProbe {
        var own = CheckConnection()
        own.usesServerSettings = true
        var probe = try ScriptProbe(steps.map(step))
        probe.firstConnection = try scriptConnection(own)
        return probe
    }

    private func step(_ step: ScriptCheckStep) throws -> ScriptStep {
        let action: ScriptStep.Action =
            switch step.action {
            case .connect(let connection): .connect(try scriptConnection(connection))
            case .send(let bytes): .send(bytes)
            case .expect(let pattern, let isNegated, let minimumLength):
                .expect(
                    try expectation(
                        pattern, isNegated: isNegated, minimumLength: minimumLength))
            }
        return ScriptStep(action, comment: step.comment)
    }

    private func expectation(
        _ pattern: CheckPattern, isNegated: Bool, minimumLength: Int?
    ) throws -> ScriptStep.Expectation {
        var expectation = ScriptStep.Expectation(try BytePattern(pattern))
        expectation.isNegated = isNegated
        expectation.minimumLength = minimumLength
        return expectation
    }

    private func scriptConnection(
        _ connection: CheckConnection
    ) throws -> ScriptStep.Connection {
        let settings = resolved(connection)
        var connection = ScriptStep.Connection()
        connection.address = try address(of: settings)
        connection.port = settings.port.map(Int.init)
        connection.tls = try tls(of: settings)
        connection.proxyHeader = header(settings.proxyHeader)
        connection.closing = settings.lingers ? .clean : .reset
        return connection
    }

    private func resolved(_ connection: CheckConnection) -> CheckConnection {
        guard connection.usesServerSettings else { return connection }
        var connection = connection
        connection.usesTLS = connection.usesTLS || check.usesTLS
        connection.proxyHeader = connection.proxyHeader ?? check.proxyHeader
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
        return try tls(settings)
    }

    private func tls(_ settings: CheckTLS) throws -> ProbeTLS {
        let verification: ProbeTLS.Verification =
            switch settings.verification {
            case .none: .none
            case .certificate: .certificate
            case .certificateAndName: .certificateAndName
            }
        var tls = try ProbeTLS(
            serverName: settings.serverName, applicationProtocols: settings.applicationProtocols,
            verification: verification,
            authorities: settings.authoritiesPath.map { .file($0) } ?? .system)
        tls.minimumDaysLeft = settings.minimumDaysLeft
        return tls
    }

    private func header(_ header: CheckProxyHeader?) -> ProxyHeader? {
        switch header {
        case .v1: .v1
        case .v2: .v2
        case nil: nil
        }
    }
}
#endif
