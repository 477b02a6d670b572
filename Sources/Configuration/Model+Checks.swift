public import TLSOptions
public import VRRPCore

/// When and where one server is checked.
public struct CheckSettings: Hashable, Sendable, Codable {
    /// Time between checks of a server that is up or down for good.
    public var interval = Duration.seconds(2)
    /// Time between checks while the state is changing; `nil`: `interval`.
    public var fastInterval: Duration?
    /// Time between checks while it is down; `nil`: `interval`.
    public var downInterval: Duration?
    /// Successes in a row that bring it up.
    public var rise = 2
    /// Failures in a row that take it down.
    public var fall = 3
    /// The port to connect to; `nil`: the server's.
    public var port: UInt16?
    /// The address to connect to; `nil`: the server's.
    public var address: IPAddress?
    /// What it counts as before its first result (`init-state`).
    public var initialState = InitialServerState.waiting
    /// Whether the check's connection has TLS.
    public var usesTLS = false
    /// How a TLS handshake is done where there is one.
    public var tls = CheckTLS()
    /// Whether the check begins with a header of the PROXY protocol, of the version that the
    /// server's own connections have; 1 where they have none.
    public var sendsProxyHeader = false
    /// Makes haproxy's defaults.
    public init() {}
}

/// What a server counts as before its first result.
public enum InitialServerState: String, Hashable, Sendable, Codable {
    /// It takes nobody until its first result.
    case waiting
    /// Up, one failure from down: what haproxy does without `init-state`.
    case up
    /// Up, `fall` failures from down.
    case fullyUp = "fully-up"
    /// Down, one success from up.
    case down
    /// Down, `rise` successes from up.
    case fullyDown = "fully-down"
}

/// How a check does its TLS handshake.
public struct CheckTLS: Hashable, Sendable, Codable {
    /// How far the server's certificate is checked.
    public enum Verification: String, Hashable, Sendable, Codable {
        /// Not at all.
        case none
        /// That it is valid now and a trusted authority signed it.
        case certificate
        /// That, and the name that it is made out to.
        case certificateAndName
    }

    /// The name that is asked for (SNI) and that the certificate is checked against.
    public var serverName: String?
    /// What is offered by ALPN.
    public var applicationProtocols: [String] = []
    /// How far the certificate is checked.
    public var verification = Verification.certificate
    /// The file of trusted authorities, which stands in ``Model/authorities``; `nil`: the system's.
    public var authoritiesPath: String?
    /// The file of the certificate that is shown to the server, with its key (`crt`); `nil`: none is.
    ///
    /// What is in it stands in ``Model/certificates``.
    public var certificatePath: String?
    /// The lowest version that is spoken (`ssl-min-ver`); `nil`: the library's.
    public var minimumVersion: TLSVersion?
    /// The highest version (`ssl-max-ver`); `nil`: the library's.
    public var maximumVersion: TLSVersion?
    /// The fewest days that the certificate must still be valid for; `nil`: not looked at.
    public var minimumDaysLeft: Int?
    /// Makes a handshake that verifies the certificate against the system's authorities.
    public init() {}
}

/// How the servers of one pool are checked, and what becomes of the results.
public struct PoolCheckSettings: Hashable, Sendable, Codable {
    /// What is asked.
    public var method = CheckMethod.connection
    /// Whether each result that says something new is logged (`option log-health-checks`).
    public var logsResults = false
    /// The program to call when a server goes up (`notify_up`), with its arguments.
    public var upCommand: [String]?
    /// The program to call when a server goes down (`notify_down`).
    public var downCommand: [String]?
    /// Whether the section only checks, and serves nobody (`check NAME`).
    public var isOnlyCheck = false
    /// Makes checks that connect.
    public init() {}
}

/// What a check asks.
public enum CheckMethod: Hashable, Sendable, Codable {
    /// That a connection can be made; with TLS, that the handshake succeeds.
    case connection
    /// That the server answers an old ClientHello (`option ssl-hello-chk`).
    case sslHello
    /// `option httpchk`.
    case http(HTTPCheckSettings)
    /// `option tcp-check` with rules.
    case script([ScriptCheckStep])
    /// `option redis-check`.
    case redis(DatabaseCheckSettings)
    /// `option pgsql-check`.
    case postgreSQL(DatabaseCheckSettings)
    /// `option mysql-check`.
    case mySQL(DatabaseCheckSettings)
    /// `option smtpchk`: the command and the name that it says.
    case smtp(command: String, domain: String)
    /// `option ldap-check`: the name to bind as, empty for an anonymous bind.
    case ldap(name: String, password: String)
    /// `option dns-check`: the name and the type that are asked for.
    case dns(name: String, type: String)
    /// `option udp-check`.
    case udp(payload: [UInt8], reply: UDPCheckReply)
    /// `option icmp-check`: bytes of payload.
    case icmp(payloadLength: Int)
    /// `option external-check`: the program and the variable PATH for it.
    case command(path: String, searchPath: String)
    /// `option file-check`.
    case file(path: String, FileCheckExpectation)
}

/// Who logs in to a database for a check, and what it must be.
public struct DatabaseCheckSettings: Hashable, Sendable, Codable {
    /// What a server is in a group that replicates.
    public enum Role: String, Hashable, Sendable, Codable, CaseIterable { case primary, replica }
    /// The user; `nil`: none.
    public var user: String?
    /// The password; `nil`: no login.
    public var password: String?
    /// The database; `nil`: the server's choice.
    public var database: String?
    /// What the server must be; `nil`: either.
    public var role: Role?
    /// Makes settings of a check that does not log in.
    public init() {}
}

/// What answers a datagram.
public enum UDPCheckReply: Hashable, Sendable, Codable {
    /// Nothing has to.
    case none
    /// Any datagram.
    case any
    /// A datagram that begins with these bytes.
    case bytes([UInt8])
}

/// What a checked file has to be.
public enum FileCheckExpectation: Hashable, Sendable, Codable {
    /// There.
    case exists
    /// There, with this text in it.
    case contains(String)
    /// There, with a number that becomes the server's weight.
    case weight
}

/// What is looked for in bytes.
public enum CheckPattern: Hashable, Sendable, Codable {
    /// A text.
    case text(String)
    /// Bytes.
    case bytes([UInt8])
    /// A regular expression.
    case expression(String)
    /// A regular expression over the bytes as hexadecimal digits.
    case hexExpression(String)
    /// A text with names in it that differ from server to server.
    case filled(CheckText)
}

/// A connection that a rule of a check makes.
public struct CheckConnection: Hashable, Sendable, Codable {
    /// Whether the server's own settings hold (`default`): TLS and the PROXY header.
    public var usesServerSettings = false
    /// The port; `nil`: the check's.
    public var port: UInt16?
    /// The address; `nil`: the check's.
    public var address: IPAddress?
    /// Whether it has TLS, verified as the server's settings say.
    public var usesTLS = false
    /// The name that is asked for by SNI; `nil`: the server's settings'.
    public var serverName: String?
    /// What is offered by ALPN; empty: the server's settings'.
    public var applicationProtocols: [String] = []
    /// Whether it begins with a header of the PROXY protocol, of the version that the server's own
    /// connections have; 1 where they have none.
    public var sendsProxyHeader = false
    /// Whether it is closed by a clean end instead of a reset.
    public var lingers = false
    /// Makes a connection without TLS to where the check goes.
    public init() {}
}

/// One step of `option tcp-check`.
public struct ScriptCheckStep: Hashable, Sendable, Codable {
    /// What is done.
    public enum Action: Hashable, Sendable, Codable {
        /// Connects.
        case connect(CheckConnection)
        /// Sends bytes.
        case send([UInt8])
        /// Sends a text with names in it.
        case sendFilled(CheckText)
        /// Waits for an answer.
        case expect(CheckExpectation)
    }
    /// What is done.
    public var action: Action
    /// What a report says where it fails.
    public var comment: String?
    /// The number that a report gives it: haproxy's, which counts lines with comments too.
    public var number: Int?
    /// Makes a step.
    public init(_ action: Action, comment: String? = nil) {
        self.action = action
        self.comment = comment
    }
}

/// What `option httpchk` and `http-check` ask.
public struct HTTPCheckSettings: Hashable, Sendable, Codable {
    /// Requests with what their answers have to be, one after another.
    public var exchanges: [HTTPCheckExchange] = []
    /// Whether status 404 means that the server wishes no new clients.
    public var drainsOn404 = false
    /// Whether requests tell the server how it is seen here (`http-check send-state`).
    public var sendsState = false
    /// Makes settings without a request.
    public init() {}
}

/// One request of a check and what its answer has to be.
public struct HTTPCheckExchange: Hashable, Sendable, Codable {
    /// A header of a request.
    public struct Header: Hashable, Sendable, Codable {
        /// The name.
        public var name: String
        /// The value.
        public var value: CheckText
        /// Makes a header.
        public init(name: String, value: CheckText) {
            self.name = name
            self.value = value
        }
    }
    /// How it connects; `nil`: as the server's settings say.
    public var connection: CheckConnection?
    /// What a report says where it cannot connect.
    public var comment: String?
    /// The method.
    public var method = "OPTIONS"
    /// The path.
    public var path: CheckText = "/"
    /// Whether HTTP/1.1 is spoken instead of HTTP/1.0.
    public var isHTTP11 = false
    /// The headers.
    public var headers: [Header] = []
    /// The body.
    public var body: CheckText = ""
    /// What the answer has to be; empty: a status from 200 to 399.
    public var expectations: [HTTPCheckExpectation] = []
    /// Makes haproxy's default, `OPTIONS / HTTP/1.0`.
    public init() {}
}

/// What an answer to a request has to be.
public struct HTTPCheckExpectation: Hashable, Sendable, Codable {
    /// How a text is compared.
    public enum Match: Hashable, Sendable, Codable {
        /// It is this.
        case exact(String)
        /// It begins with this.
        case prefix(String)
        /// It ends with this.
        case suffix(String)
        /// It has this in it.
        case contains(String)
        /// The expression is found in it.
        case expression(String)
    }
    /// What is compared.
    public enum Condition: Hashable, Sendable, Codable {
        /// The status is one of a set such as `200-399,404`.
        case status(String)
        /// The expression is found in the status.
        case statusExpression(String)
        /// The pattern is found in the body.
        case body(CheckPattern)
        /// A header of that name has that value; a value that is a list counts item by item, or as
        /// a whole.
        case header(name: Match, value: Match?, isWhole: Bool)
    }
    /// What is compared.
    public var condition: Condition
    /// Whether the answer must not be so.
    public var isNegated: Bool
    /// How many bytes of the body must be there before the comparison is final (`min-recv`);
    /// `nil`: it is repeated with all that comes.
    public var minimumLength: Int?
    /// How the result is reported.
    public var words = CheckExpectationWords()
    /// What a report says where the answer is not so.
    public var comment: String?
    /// Makes an expectation.
    public init(_ condition: Condition, isNegated: Bool) {
        self.condition = condition
        self.isNegated = isNegated
    }
}

/// A server of a pool by its names.
public struct ServerReference: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The pool's name.
    public var backend: String
    /// The server's name.
    public var server: String
    /// Makes a reference.
    public init(backend: String, server: String) {
        self.backend = backend
        self.server = server
    }
    /// `BACKEND/SERVER`.
    public var description: String { "\(backend)/\(server)" }
}

/// What else decides about a server's health, and what its changes bring about.
public struct ServerHealthSettings: Hashable, Sendable, Codable {
    /// What too many failed connections of clients do (`on-error`).
    public enum ErrorReaction: String, Hashable, Sendable, Codable, CaseIterable {
        /// The next check comes sooner.
        case fastinter
        /// They count as one failed check.
        case failCheck = "fail-check"
        /// They count as failed checks up to the last but one before down.
        case suddenDeath = "sudden-death"
        /// The server is down.
        case markDown = "mark-down"
    }
    /// The agent that is asked; `nil`: none.
    public var agent: AgentSettings?
    /// The server whose state this one has (`track`); `nil`: its own.
    public var tracked: ServerReference?
    /// Whether failed connections of clients count (`observe layer4`).
    public var observesTraffic = false
    /// How many in a row are too many.
    public var errorLimit = 10
    /// What they do.
    public var errorReaction = ErrorReaction.failCheck
    /// Whether its connections are reset when it goes down (`on-marked-down shutdown-sessions`).
    public var endsSessionsWhenDown = false
    /// Whether connections to backups are reset when it goes up (`on-marked-up
    /// shutdown-backup-sessions`).
    public var endsBackupSessionsWhenUp = false
    /// Makes settings by which only checks decide.
    public init() {}
}

/// An agent on a server that is asked how the server is.
public struct AgentSettings: Hashable, Sendable, Codable {
    /// The port that it listens on.
    public var port: UInt16
    /// Its address; `nil`: the server's.
    public var address: IPAddress?
    /// Time from one question to the next.
    public var interval = Duration.seconds(2)
    /// What is sent first; may be empty.
    public var request = ""
    /// Makes an agent with haproxy's interval.
    public init(port: UInt16) { self.port = port }
}
