#if Probes
public import NIOCore

/// Passes when a MySQL or MariaDB server greets; with a user, when it lets the user in too.
public struct MySQLProbe: ConnectingProbe {
    /// What is done.
    public enum Depth: Hashable, Sendable {
        /// The server's greeting is read. The server counts such a connection as one that was
        /// broken off: after `max_connect_errors` of them it may refuse this host.
        case greeting
        /// Logs in without a password, as haproxy's `mysql-check user`.
        case user(String)
        /// Logs in, and asks whether the server takes writes (`read_only`); with a role only that
        /// one passes.
        case login(SQLLogin, role: ProbeFacts.Role?)
    }

    /// What is done.
    public let depth: Depth
    /// How it connects; its TLS begins at once, without MySQL's request for it.
    public var connection = ProbeConnection()

    /// Makes a probe.
    ///
    /// - Parameter depth: What is done.
    public init(_ depth: Depth) { self.depth = depth }

    /// Connects and asks.
    ///
    /// Knows the accounts of `mysql_native_password` and `caching_sha2_password`. Of the latter a
    /// server that was just started asks for the password itself: it is told over TLS, or else
    /// encrypted for the key that the server shows, which proves nothing about the server.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long connection and answers may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future. MariaDB manual, "Client/Server Protocol";
    ///   MySQL internals, "caching_sha2_password".
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        DialogueHandler.run(
            { MySQLDialogue(depth, isSecure: connection.tls != nil) },
            over: ConnectionPlan(address: target, connection: connection), timeout: timeout,
            on: eventLoop)
    }
}

struct MySQLDialogue: Dialogue {
    private enum State {
        case greeting
        case loggingIn(MySQLMethod, challenge: [UInt8])
        /// The server was asked for its key.
        case awaitingKey(challenge: [UInt8])
        /// Packets of the result, and how many ends of a part have come.
        case querying(packets: Int, ends: Int)
    }

    private let depth: MySQLProbe.Depth
    /// Whether nobody else reads what is sent.
    private let isSecure: Bool
    private var state = State.greeting
    private var isReadOnly: Bool?
    /// Each is asked for once at most, so that nobody can be made to answer for ever.
    private var hasSwitchedMethod = false
    private var hasToldPassword = false

    init(_ depth: MySQLProbe.Depth, isSecure: Bool) {
        self.depth = depth
        self.isSecure = isSecure
    }

    var waitingFor: String {
        switch state {
        case .greeting: "greeting of MySQL"
        case .loggingIn: "answer to the login"
        case .awaitingKey: "key for the password"
        case .querying: "answer to the query for read_only"
        }
    }

    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
        switch event {
        case .opened, .sent, .computed: return .read
        case .ended(let end):
            return .finish(.badAnswer(reason: end.words(insteadOf: waitingFor)))
        case .received: break
        }
        while true {
            switch MySQLPacket.read(from: &input) {
            case .incomplete: return .read
            case .tooLong(let length):
                return .finish(
                    .badAnswer(reason: "not an answer of MySQL: a packet of \(length) bytes"))
            case .packet(let packet): if let step = take(packet) { return step }
            }
        }
    }

    /// The step that a packet leads to; `nil`: read the next one.
    private mutating func take(_ packet: MySQLPacket) -> DialogueStep? {
        if packet.body.first == 0xFF { return .finish(.wrongAnswer(packet.errorText)) }
        switch (state, packet.body.first) {
        case (.greeting, _): return greet(packet)
        case (.loggingIn, 0x00): return loggedIn()
        case (.loggingIn, 0xFE) where !hasSwitchedMethod: return switchMethod(packet)
        case (.loggingIn(.cachingSHA2, let challenge), 0x01) where !hasToldPassword:
            return tellPassword(packet, challenge)
        case (.awaitingKey(let challenge), 0x01): return encryptPassword(packet, challenge)
        case (.loggingIn, _), (.awaitingKey, _):
            return .finish(.badAnswer(reason: "not an answer of MySQL to a login"))
        case (.querying(let packets, let ends), _):
            return result(packet, packets: packets, ends: ends)
        }
    }

    private mutating func greet(_ packet: MySQLPacket) -> DialogueStep {
        guard let greeting = MySQLGreeting(packet.body) else {
            return .finish(.badAnswer(reason: "not a greeting of MySQL"))
        }
        guard let login else {
            return .finish(.answered(ProbeFacts(detail: greeting.version)))
        }
        // The account may have another one, which the server asks for then.
        let method = greeting.method ?? .native
        state = .loggingIn(method, challenge: greeting.challenge)
        return .send(greeting.response(login, by: method).framed(number: packet.number &+ 1))
    }

    private var login: SQLLogin? {
        switch depth {
        case .greeting: nil
        case .user(let name): SQLLogin(user: name, password: "")
        case .login(let login, _): login
        }
    }

    private mutating func loggedIn() -> DialogueStep {
        guard case .login = depth else {
            return .finish(.answered(ProbeFacts(detail: "logged in")), farewell: Self.quit)
        }
        state = .querying(packets: 0, ends: 0)
        return .send(MySQLPacket.query("SELECT @@global.read_only"))
    }

    /// The account has another method than the server's default.
    private mutating func switchMethod(_ packet: MySQLPacket) -> DialogueStep {
        let parts = packet.body.dropFirst().split(
            separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(decoding: parts.first ?? [], as: UTF8.self)
        guard let method = MySQLMethod(rawValue: name), parts.count == 2 else {
            return .finish(
                .wrongAnswer(
                    "the account logs in by \(name.quoted); mysql_native_password and"
                        + " caching_sha2_password are known"))
        }
        hasSwitchedMethod = true
        let challenge = Array(parts[1].prefix(20))
        state = .loggingIn(method, challenge: challenge)
        let proof = method.proof(login?.password ?? "", challenge: challenge)
        return .send(proof.framed(number: packet.number &+ 1))
    }

    /// With 3 the proof was enough, and the login's end follows; with 4 the password itself is wanted.
    private mutating func tellPassword(
        _ packet: MySQLPacket, _ challenge: [UInt8]
    ) -> DialogueStep? {
        switch packet.body.dropFirst().first {
        case 3: return nil
        case 4 where isSecure:
            hasToldPassword = true
            return .send(
                MySQLPassword.plain(login?.password ?? "").framed(number: packet.number &+ 1))
        case 4:
            hasToldPassword = true
            state = .awaitingKey(challenge: challenge)
            return .send([UInt8(2)].framed(number: packet.number &+ 1))
        default: return .finish(.badAnswer(reason: "not an answer of MySQL to a login"))
        }
    }

    private mutating func encryptPassword(
        _ packet: MySQLPacket, _ challenge: [UInt8]
    ) -> DialogueStep {
        let key = Array(packet.body.dropFirst())
        guard
            let sealed = MySQLPassword.encrypted(
                login?.password ?? "", challenge: challenge, key: key)
        else { return .finish(.badAnswer(reason: "not a key that a password can be sent by")) }
        state = .loggingIn(.cachingSHA2, challenge: challenge)
        return .send(sealed.framed(number: packet.number &+ 1))
    }

    /// A count, a definition, an end, a row, an end.
    private mutating func result(
        _ packet: MySQLPacket, packets: Int, ends: Int
    ) -> DialogueStep? {
        let isEnd = packets > 0 && packet.body.first == 0xFE && packet.body.count < 9
        state = .querying(packets: packets + 1, ends: ends + (isEnd ? 1 : 0))
        guard isEnd else {
            if ends == 1 {
                let value = String(decoding: packet.body.dropFirst(), as: UTF8.self).uppercased()
                isReadOnly = value != "0" && value != "OFF"
            }
            return nil
        }
        return ends == 1 ? conclude() : nil
    }

    private func conclude() -> DialogueStep {
        guard let isReadOnly, case .login(_, let wanted) = depth else {
            return .finish(.badAnswer(reason: "the query has no result"), farewell: Self.quit)
        }
        let role = isReadOnly ? ProbeFacts.Role.replica : .primary
        var facts = ProbeFacts(detail: role.rawValue)
        facts.role = role
        guard let wanted, wanted != role else {
            return .finish(.answered(facts), farewell: Self.quit)
        }
        facts.detail = "is \(role.rawValue), not \(wanted.rawValue)"
        return .finish(.wrongAnswer(facts), farewell: Self.quit)
    }

    private static let quit = [UInt8(0x01)].framed(number: 0)
}
#endif
