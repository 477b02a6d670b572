#if Probes
public import NIOCore

/// Passes when a Redis server answers PING; on request with a password, and by its role.
public struct RedisProbe: ConnectingProbe {
    /// The user of AUTH; `nil`: the default user.
    public var user: String?
    /// The password; `nil`: no AUTH.
    public var password: String?
    /// The role that the server must have; `nil`: any, and it is not asked for.
    public var role: ProbeFacts.Role?
    /// Whether the role is asked for as a fact also where any will do.
    public var reportsRole = false
    /// How it connects.
    public var connection = ProbeConnection()

    /// Makes a probe that sends PING.
    public init() {}

    /// Connects and asks.
    ///
    /// - Parameters:
    ///   - target: Where to connect to.
    ///   - timeout: How long connection and answers may take together.
    ///   - eventLoop: Where the check runs.
    /// - Returns: The outcome; never a failed future.
    public func probe(
        _ target: SocketAddress, timeout: TimeAmount, on eventLoop: any EventLoop
    ) -> EventLoopFuture<ProbeOutcome> {
        DialogueHandler.run(
            { RedisDialogue(self) }, over: ConnectionPlan(address: target, connection: connection),
            timeout: timeout,
            on: eventLoop)
    }
}

private struct RedisDialogue: Dialogue {
    private enum State {
        case authenticating, pinging, askingRole
    }

    private let probe: RedisProbe
    private var state = State.pinging

    init(_ probe: RedisProbe) { self.probe = probe }

    var waitingFor: String {
        switch state {
        case .authenticating: "answer to AUTH"
        case .pinging: "answer to PING"
        case .askingRole: "answer to ROLE"
        }
    }

    mutating func next(_ event: DialogueEvent, _ input: inout ByteBuffer) -> DialogueStep {
        switch event {
        case .opened: return open()
        case .sent, .computed: return .read
        case .ended(let end):
            return .finish(.badAnswer(reason: end.words(insteadOf: waitingFor)))
        case .received: break
        }
        switch state {
        case .authenticating:
            guard let line = input.readLine() else { return .read }
            guard line == "+OK" else { return refuse(line) }
            return ping()
        case .pinging:
            guard let line = input.readLine() else { return .read }
            guard line == "+PONG" else { return refuse(line) }
            guard probe.role != nil || probe.reportsRole else {
                return .finish(.answered(ProbeFacts(detail: "PONG")))
            }
            state = .askingRole
            return .send(Self.command(["ROLE"]))
        case .askingRole: return role(&input)
        }
    }

    private mutating func open() -> DialogueStep {
        guard let password = probe.password else { return ping() }
        state = .authenticating
        return .send(Self.command(["AUTH"] + (probe.user.map { [$0] } ?? []) + [password]))
    }

    private mutating func ping() -> DialogueStep {
        state = .pinging
        return .send(Self.command(["PING"]))
    }

    /// An error of the protocol is an answer; anything else is not Redis.
    private func refuse(_ line: String) -> DialogueStep {
        line.hasPrefix("-")
            ? .finish(.wrongAnswer(String(line.dropFirst())))
            : .finish(.badAnswer(reason: "not an answer of Redis: \(line.quoted)"))
    }

    /// The answer is an array; its first element is the role.
    private func role(_ input: inout ByteBuffer) -> DialogueStep {
        var ahead = input
        guard let array = ahead.readLine() else { return .read }
        guard array.hasPrefix("*") else { return refuse(array) }
        guard ahead.readLine() != nil, let word = ahead.readLine() else { return .read }
        var facts = ProbeFacts(detail: "role \(word.quoted)")
        facts.role = ["master": .primary, "slave": .replica][word]
        guard probe.role == nil || probe.role == facts.role else {
            return .finish(.wrongAnswer(facts))
        }
        return .finish(.answered(facts))
    }

    /// A command as an array of strings, so that a password may hold any byte.
    private static func command(_ words: [String]) -> [UInt8] {
        var text = "*\(words.count)\r\n"
        for word in words { text += "$\(word.utf8.count)\r\n\(word)\r\n" }
        return Array(text.utf8)
    }
}
#endif
