#if Program
import Expressions
import TestServers

@testable import HealthCheck

/// What can be wrong with what is checked.
enum Fault: String, CaseIterable {
    case nothing, hole, silence, end, garbage, flood, expired, password
}

/// A probe, and the word and the reason that it must give for each fault that it can meet.
struct FaultRow {
    enum Reach { case connection, datagram, echo, host }

    let name: String
    let reach: Reach
    /// The probe by the fault: what is asked of this host itself is another file or program each time.
    let probe: @Sendable (Fault) -> any HealthProbe
    let outcomes: [Fault: String]

    init(
        _ name: String, _ probe: any HealthProbe, _ reach: Reach,
        _ outcomes: [Fault: String]
    ) {
        self.init(name, reach, outcomes) { _ in probe }
    }

    init(
        _ name: String, _ reach: Reach, _ outcomes: [Fault: String],
        _ probe: @escaping @Sendable (Fault) -> any HealthProbe
    ) {
        (self.name, self.reach, self.probe, self.outcomes) = (name, reach, probe, outcomes)
    }
}

/// Every probe against every fault.
///
/// A cell that is not there is a fault that cannot come about: TCP and UDP ask nothing that could
/// be answered wrongly with a certificate or a password; a datagram has no connection that could be
/// closed; the kernel answers an echo, and its failures stand in `Datagrams that do not arrive`; a
/// program and a file are reached through no network.
struct FaultTable {
    /// How all connections with TLS do their handshake.
    let tls: ProbeTLS
    /// Holds what is asked of this host.
    let folder: TemporaryFolder

    /// What wrong passwords bring about at the real servers, which the tests of the probes start.
    static let password = [
        "HTTP": "L7STS expected status 200-399, got status 401",
        "Redis login": "L7STS WRONGPASS invalid username-password pair or user is disabled.",
        "PostgreSQL login":
            "L7STS FATAL 28P01: password authentication failed for user \"scram\"",
        "MySQL login":
            "L7STS 1045: Access denied for user 'check'@'127.0.0.1' (using password: YES)",
        "LDAP login": "L7STS result 49 (invalid credentials)",
    ]

    private static let expired = "L6RSP the certificate has expired 3 days ago"

    var rows: [FaultRow] {
        get throws { try web() + scripts() + databases() + services() + datagrams() + host() }
    }

    private func connecting(
        _ name: String, _ probe: any HealthProbe, at place: String = "", _ says: [Fault: String]
    ) -> FaultRow {
        let own: [Fault: String] = [
            .nothing: "L4CON Connection refused" + place, .hole: "L4TOUT" + place,
        ]
        return FaultRow(name, probe, .connection, own.merging(says) { $1 })
    }

    private func web() throws -> [FaultRow] {
        let request = try HTTPCheckRequest(method: "GET", path: "/closed")
        var body = HTTPProbe(request)
        body.expectations = [HTTPExpectation(.body(.expression(try RegularExpression("a+$"))))]
        let answers: [Fault: String] = [
            .silence: "L7TOUT no HTTP answer within the time limit",
            .end: "L7RSP the connection was closed before the answer was complete",
            .garbage: "L7RSP not an HTTP answer", .flood: "L7RSP not an HTTP answer",
        ]
        let refused: [Fault: String] = [.password: Self.password["HTTP"] ?? ""]
        let handshakes: [Fault: String] = [
            .silence: "L6TOUT", .end: "L6RSP the connection was closed during the TLS handshake",
            .garbage: "L6RSP the answer is not TLS", .flood: "L6RSP the answer is not TLS",
            .expired: Self.expired,
        ]
        let sequence = try SequenceProbe([.init(TCPProbe()), .init(HTTPProbe(request))])
        return [
            connecting("HTTP", HTTPProbe(request), answers.merging(refused) { $1 }),
            connecting("HTTP body", body, answers),
            connecting("HTTP twice", sequence, answers),
            connecting("HTTPS", HTTPProbe(request, tls: tls), handshakes),
            connecting("TLS", TLSProbe(tls), handshakes),
            connecting(
                "SSL hello", SSLHelloProbe(),
                [
                    .silence: "L6TOUT",
                    .end: "L6RSP the connection was closed before the answer to the ClientHello",
                    .garbage: "L6RSP the answer begins with 7, no record of SSL",
                    .flood: "L6RSP the answer begins with 120, no record of SSL",
                    // That there is an answer is all that it asks for.
                    .expired: "L6OK SSL answer",
                ]),
        ]
    }

    private func scripts() throws -> [FaultRow] {
        var inside = ScriptStep.Connection()
        inside.settings.tls = tls
        let steps: [ScriptStep] = [.send("x"), .expect(.text("ready"))]
        let place = " at step 1 of tcp-check (connect)"
        let agent: [Fault: String] = [
            .nothing: "L4CON Connection refused", .hole: "L4TOUT",
            .silence: "L7TOUT no line of the agent within the time limit",
            .end: "L7RSP no word of an agent in \"\"",
            .garbage: "L7RSP no word of an agent in \"?garbage\"",
            .flood: "L7RSP no word of an agent in \"\(String(repeating: "x", count: 80))…\"",
        ]
        return [
            // All that is asked of TCP is a connection.
            connecting(
                "TCP", TCPProbe(),
                [.silence: "L4OK", .end: "L4OK", .garbage: "L4OK", .flood: "L4OK"]),
            connecting(
                "script", try ScriptProbe(steps), at: " at initial connection step of tcp-check",
                [
                    .silence: "L7TOUT at step 2 of tcp-check (expect string 'ready')",
                    .end: "L7RSP TCPCHK got an empty response at step 2",
                    .garbage: "L7TOUT at step 2 of tcp-check (expect string 'ready')",
                    .flood: "L7RSP TCPCHK did not match content 'ready' at step 2",
                ]),
            connecting(
                "script over TLS", try ScriptProbe([ScriptStep(.connect(inside))] + steps),
                at: place,
                [
                    .silence: "L6TOUT\(place)",
                    .end: "L6RSP the connection was closed during the TLS handshake\(place)",
                    .garbage: "L6RSP the answer is not TLS\(place)",
                    .flood: "L6RSP the answer is not TLS\(place)",
                    .expired: "\(Self.expired)\(place)",
                ]),
            // What it does not say, an agent does not hold against the server.
            FaultRow(
                "agent", AgentProbe(), .connection,
                agent.mapValues { "SOCKERR the agent did not report: \($0)" }),
        ]
    }

    /// A probe with one thing that it waits for first.
    private func asking(
        _ name: String, _ probe: any HealthProbe, for missing: String, garbage: String,
        flood: String
    ) -> FaultRow {
        var says: [Fault: String] = [
            .silence: "L7TOUT no \(missing) within the time limit",
            .end: "L7RSP the connection was closed before the \(missing)",
            .garbage: "L7RSP \(garbage)", .flood: "L7RSP \(flood)", .expired: Self.expired,
        ]
        says[.password] = Self.password[name]
        return connecting(name, probe, says)
    }

    private func databases() -> [FaultRow] {
        let login = SQLLogin(user: "u", password: "p", database: "d")
        var redis = RedisProbe()
        redis.password = "p"
        redis.role = .primary
        func postgres(_ name: String, _ depth: PostgreSQLProbe.Depth) -> FaultRow {
            asking(
                name, PostgreSQLProbe(depth), for: "answer of PostgreSQL to the start-up",
                garbage: "not an answer of PostgreSQL: begins with byte 7",
                flood: "not an answer of PostgreSQL: begins with byte 120")
        }
        func mysql(_ name: String, _ depth: MySQLProbe.Depth) -> FaultRow {
            asking(
                name, MySQLProbe(depth), for: "greeting of MySQL",
                garbage: "not an answer of MySQL: a packet of 6383367 bytes",
                flood: "not an answer of MySQL: a packet of 7895160 bytes")
        }
        return [
            asking(
                "Redis", RedisProbe(), for: "answer to PING",
                garbage: "not an answer of Redis: \"?garbage\"",
                flood: "no answer to PING in 16384 bytes"),
            asking(
                "Redis login", redis, for: "answer to AUTH",
                garbage: "not an answer of Redis: \"?garbage\"",
                flood: "no answer to AUTH in 16384 bytes"),
            postgres("PostgreSQL", .startup(user: "u")),
            postgres("PostgreSQL login", .login(login, role: .primary)),
            mysql("MySQL", .greeting),
            mysql("MySQL login", .login(login, role: nil)),
        ]
    }

    private func services() -> [FaultRow] {
        func ldap(_ name: String, _ probe: LDAPProbe) -> FaultRow {
            asking(
                name, probe, for: "answer to the bind",
                garbage: "not an answer of LDAP to the bind",
                flood: "not an answer of LDAP to the bind")
        }
        return [
            asking(
                "SMTP", SMTPProbe(), for: "greeting",
                garbage: "not an answer of SMTP: \"?garbage\"",
                flood: "no greeting in 16384 bytes"),
            ldap("LDAP", LDAPProbe()),
            ldap("LDAP login", LDAPProbe(name: "cn=a", password: "p")),
        ]
    }

    private func datagrams() throws -> [FaultRow] {
        let other = "L7RSP another reply than expected: "
        // It answers another question, so that the right one is waited for.
        let missing = "L7TOUT no answer of DNS within the time limit"
        return [
            FaultRow(
                "UDP", UDPProbe(payload: [1], reply: .bytes([1])), .datagram,
                [
                    .nothing: "L4CON Connection refused", .hole: "L4TOUT", .silence: "L4TOUT",
                    .garbage: other + "07676172626167650D0A0D0A00010203",
                    .flood: other + String(repeating: "78", count: 16),
                ]),
            FaultRow(
                "DNS", try DNSProbe(), .datagram,
                [
                    .nothing: "L4CON Connection refused", .hole: missing, .silence: missing,
                    .garbage: missing, .flood: missing,
                ]),
            FaultRow("ICMP", ICMPProbe(), .echo, [.hole: "L4TOUT"]),
        ]
    }

    private func host() -> [FaultRow] {
        let folder = self.folder
        return [
            FaultRow(
                "command", .host,
                [
                    .nothing:
                        "PROCERR FOLDER/nothing could not be run: no such program, or it may not"
                        + " be run",
                    .silence: "PROCTOUT", .end: "PROCERR ended by signal 9",
                    .garbage: "PROCERR FOLDER/garbage could not be run: Exec format error",
                    .flood: "PROCERR exit status 4",
                ]
            ) { CommandProbe(path: "\(folder.path)/\($0)") },
            FaultRow(
                "file", .host,
                [
                    .nothing: "L7STS FOLDER/nothing.txt: No such file or directory",
                    // A pipe that is written to by somebody who says nothing.
                    .silence: "L7STS FOLDER/silence.txt: Resource temporarily unavailable",
                    .end: "L7STS FOLDER/end.txt does not contain \"ready\"",
                    .garbage: "L7STS FOLDER/garbage.txt does not contain \"ready\"",
                    .flood: "L7STS FOLDER/flood.txt does not contain \"ready\"",
                ]
            ) { FileProbe(path: "\(folder.path)/\($0).txt", expectation: .contains("ready")) },
        ]
    }
}
#endif
