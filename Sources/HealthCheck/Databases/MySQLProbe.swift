#if Program
public import NIOCore

/// Passes when a MySQL or MariaDB server greets; with a login, when it answers a query too.
public struct MySQLProbe: HealthProbe {
    /// What is done.
    public enum Depth: Hashable, Sendable {
        /// The server's greeting is read. The server counts such a connection as one that was
        /// broken off: after `max_connect_errors` of them it may refuse this host.
        case greeting
        /// Logs in (`mysql_native_password`), and asks whether the server takes writes
        /// (`read_only`); with a role only that one passes.
        case login(SQLLogin, role: ProbeFacts.Role?)
    }

    /// What is done.
    public let depth: Depth

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
    /// - Returns: The outcome; never a failed future. MariaDB manual, "Client/Server Protocol".
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        DialogueHandler.run(
            { MySQLDialogue(depth) }, over: ConnectionPlan(address: target), timeout: timeout,
            on: eventLoop)
    }
}

struct MySQLDialogue: Dialogue {
    private enum State {
        case greeting, loggingIn, switchingMethod
        /// Packets of the result, and how many ends of a part have come.
        case querying(packets: Int, ends: Int)
    }

    private let depth: MySQLProbe.Depth
    private var state = State.greeting
    private var isReadOnly: Bool?

    init(_ depth: MySQLProbe.Depth) { self.depth = depth }

    var waitingFor: String {
        switch state {
        case .greeting: "greeting of MySQL"
        case .loggingIn, .switchingMethod: "answer to the login"
        case .querying: "answer to the query for read_only"
        }
    }

    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
        switch event {
        case .opened, .sent, .computed: return .read
        case .ended(let end):
            return .finish(.badAnswer(reason: "\(end.reason), before the \(waitingFor)"))
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
        switch state {
        case .greeting: return greet(packet)
        case .loggingIn where packet.body.first == 0xFE: return switchMethod(packet)
        case .loggingIn, .switchingMethod:
            guard packet.body.first == 0x00 else {
                return .finish(.wrongAnswer("the server wants more than mysql_native_password"))
            }
            state = .querying(packets: 0, ends: 0)
            return .send(MySQLPacket.query("SELECT @@global.read_only"))
        case .querying(let packets, let ends): return result(packet, packets: packets, ends: ends)
        }
    }

    private mutating func greet(_ packet: MySQLPacket) -> DialogueStep {
        guard let greeting = MySQLGreeting(packet.body) else {
            return .finish(.badAnswer(reason: "not a greeting of MySQL"))
        }
        guard case .login(let login, _) = depth else {
            return .finish(.answered(ProbeFacts(detail: greeting.version)))
        }
        state = .loggingIn
        return .send(
            greeting.response(login).framed(number: packet.number &+ 1))
    }

    /// The account has another method than the server's default.
    private mutating func switchMethod(_ packet: MySQLPacket) -> DialogueStep {
        let parts = packet.body.dropFirst().split(
            separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let method = String(decoding: parts.first ?? [], as: UTF8.self)
        guard method == "mysql_native_password", parts.count == 2,
            case .login(let login, _) = depth
        else {
            let name = method.quoted
            return .finish(
                .wrongAnswer("the account logs in by \(name); only mysql_native_password is known"))
        }
        state = .switchingMethod
        let proof = MySQLGreeting.proof(login.password, challenge: Array(parts[1].prefix(20)))
        return .send(proof.framed(number: packet.number &+ 1))
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
        let quit = [UInt8(0x01)].framed(number: 0)
        guard let isReadOnly, case .login(_, let wanted) = depth else {
            return .finish(.badAnswer(reason: "the query has no result"), farewell: quit)
        }
        let role = isReadOnly ? ProbeFacts.Role.replica : .primary
        var facts = ProbeFacts(detail: role.rawValue)
        facts.role = role
        guard let wanted, wanted != role else { return .finish(.answered(facts), farewell: quit) }
        facts.detail = "is \(role.rawValue), not \(wanted.rawValue)"
        return .finish(.wrongAnswer(facts), farewell: quit)
    }
}
#endif
