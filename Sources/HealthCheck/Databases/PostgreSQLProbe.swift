#if Probes
public import NIOCore

/// Passes when a PostgreSQL server takes a start-up; with a login, when it answers a query too.
public struct PostgreSQLProbe: ConnectingProbe {
    /// What is done.
    public enum Depth: Hashable, Sendable {
        /// The start-up for this user is answered by a request to authenticate, as in haproxy's
        /// `pgsql-check`. A server that is still starting up, or that refuses the user's host,
        /// fails.
        case startup(user: String)
        /// Logs in (SCRAM-SHA-256, MD5, cleartext or trust), and asks whether the server is a
        /// replica; with a role only that one passes.
        case login(SQLLogin, role: ProbeFacts.Role?)
    }

    /// What is done.
    public let depth: Depth
    /// How it connects; its TLS begins at once, without PostgreSQL's request for it.
    public var connection = ProbeConnection()
    private let keys = SCRAMKeys()

    /// Makes a probe.
    ///
    /// - Parameter depth: What is done.
    public init(_ depth: Depth) { self.depth = depth }

    /// Connects and asks.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long connection and answers may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. PostgreSQL manual, "Frontend/Backend
    ///   Protocol", version 3.0.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        DialogueHandler.run(
            { PostgreSQLDialogue(depth, keys) },
            over: ConnectionPlan(address: target, connection: connection), timeout: timeout,
            on: eventLoop)
    }
}

struct PostgreSQLDialogue: Dialogue {
    private enum State {
        case starting, loggedIn, querying
    }

    private let depth: PostgreSQLProbe.Depth
    private var state = State.starting
    private let exchange: SCRAMExchange
    /// What the server has asked for to log in: each once at most.
    private var requests: Set<UInt32> = []
    private var serverSignature: [UInt8]?
    private var role: ProbeFacts.Role?

    init(_ depth: PostgreSQLProbe.Depth, _ keys: SCRAMKeys) {
        self.depth = depth
        exchange = SCRAMExchange(keys)
    }

    var waitingFor: String {
        switch state {
        case .starting: "answer of PostgreSQL to the start-up"
        case .loggedIn: "readiness for a query"
        case .querying: "answer to pg_is_in_recovery()"
        }
    }

    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
        switch event {
        case .opened: return .send(startup)
        case .sent: return .read
        case .computed(.proof(let message, let signature)):
            serverSignature = signature
            return .send(PostgreSQLMessage.bytes("p", message))
        case .ended(let end):
            return .finish(.badAnswer(reason: end.words(insteadOf: waitingFor)))
        case .received, .computed(.found): break
        }
        do {
            while let message = try PostgreSQLMessage.read(from: &input) {
                if let step = take(message) { return step }
            }
            return .read
        } catch {
            return .finish(.badAnswer(reason: "not an answer of PostgreSQL: \(error.reason)"))
        }
    }

    private var user: String {
        switch depth {
        case .startup(let user): user
        case .login(let login, _): login.user
        }
    }

    private var startup: [UInt8] {
        var body: [UInt8] = [0, 3, 0, 0]
        var settings = [("user", user), ("application_name", "health check")]
        if case .login(let login, _) = depth, let database = login.database {
            settings.append(("database", database))
        }
        for (name, value) in settings {
            body += Array(name.utf8) + [0] + value.utf8.filter { $0 != 0 } + [0]
        }
        body.append(0)
        return PostgreSQLMessage.length(body.count) + body
    }

    /// The step that a message leads to; `nil`: read the next one.
    private mutating func take(_ message: PostgreSQLMessage) -> DialogueStep? {
        switch (message.kind, state) {
        case ("E", _): return .finish(.wrongAnswer(message.errorText))
        case ("R", .starting): return authenticate(message)
        case ("Z", .loggedIn):
            state = .querying
            return .send(
                PostgreSQLMessage.bytes("Q", Array("SELECT pg_is_in_recovery()\0".utf8)))
        case ("D", .querying):
            // One column: a count of 2 bytes, a length of 4, the value.
            role = message.body.dropFirst(6).first == UInt8(ascii: "t") ? .replica : .primary
            return nil
        case ("Z", .querying): return conclude()
        case ("Z", .starting), ("D", _): return .finish(.badAnswer(reason: "answers out of order"))
        default: return nil  // Parameters, notices and the like.
        }
    }

    private func conclude() -> DialogueStep {
        guard let role else { return .finish(.badAnswer(reason: "the query has no result")) }
        var facts = ProbeFacts(detail: role.rawValue)
        facts.role = role
        if case .login(_, let wanted?) = depth, wanted != role {
            facts.detail = "is \(role.rawValue), not \(wanted.rawValue)"
            return .finish(.wrongAnswer(facts), farewell: PostgreSQLMessage.bytes("X", []))
        }
        return .finish(.answered(facts), farewell: PostgreSQLMessage.bytes("X", []))
    }

    private mutating func authenticate(_ message: PostgreSQLMessage) -> DialogueStep? {
        guard case .login(let login, _) = depth else {
            return .finish(
                .answered(ProbeFacts(detail: "PostgreSQL takes connections")),
                farewell: PostgreSQLMessage.bytes("X", []))
        }
        let body = Array(message.body.dropFirst(4))
        guard requests.insert(message.authentication ?? 0).inserted else {
            return .finish(.badAnswer(reason: "answers out of order"))
        }
        switch message.authentication {
        case 0:
            guard serverSignature == nil else {
                return .finish(.badAnswer(reason: "the server did not prove itself"))
            }
            state = .loggedIn
            return nil
        case 3: return .send(PostgreSQLMessage.bytes("p", Array(login.password.utf8) + [0]))
        case 5 where body.count == 4:
            let proof = PostgreSQLPassword.md5(login, salt: body)
            return .send(PostgreSQLMessage.bytes("p", proof))
        case 10:
            guard body.split(separator: 0).contains(Array("SCRAM-SHA-256".utf8)[...]) else {
                return .finish(
                    .wrongAnswer("the server asks for a way to log in that is not known"))
            }
            return .send(PostgreSQLMessage.bytes("p", exchange.initialResponse))
        case 11:
            guard let work = exchange.work(challenge: body, password: login.password) else {
                return .finish(.badAnswer(reason: "not a challenge of SCRAM"))
            }
            return .compute(work)
        case 12:
            guard let signature = serverSignature, exchange.isProof(body, of: signature) else {
                return .finish(.badAnswer(reason: "the server did not prove itself"))
            }
            serverSignature = nil
            return nil
        default:
            return .finish(
                .wrongAnswer("the server asks for a way to log in that is not known"))
        }
    }
}
#endif
