#if Program
internal import Expressions
internal import HealthCheck
internal import LinuxIO
internal import NodeConfiguration

extension ProbeFacts.Role {
    init(_ role: DatabaseCheckSettings.Role) {
        self =
            switch role {
            case .primary: .primary
            case .replica: .replica
            }
    }
}

extension SQLLogin {
    /// The login; `nil` where no more than the user is named.
    fileprivate init?(_ settings: DatabaseCheckSettings) {
        guard let user = settings.user,
            settings.password != nil || settings.role != nil || settings.database != nil
        else { return nil }
        self.init(user: user, password: settings.password ?? "", database: settings.database)
    }
}

extension PostgreSQLProbe.Depth {
    init(_ settings: DatabaseCheckSettings) {
        self =
            SQLLogin(settings).map { .login($0, role: settings.role.map(ProbeFacts.Role.init)) }
            ?? .startup(user: settings.user ?? "")
    }
}

extension MySQLProbe.Depth {
    init(_ settings: DatabaseCheckSettings) {
        self =
            SQLLogin(settings).map { .login($0, role: settings.role.map(ProbeFacts.Role.init)) }
            ?? settings.user.map { .user($0) } ?? .greeting
    }
}

extension UDPProbe.Reply {
    init(_ reply: UDPCheckReply) {
        self =
            switch reply {
            case .none: .none
            case .any: .any
            case .bytes(let bytes): .bytes(bytes)
            }
    }
}

extension FileProbe.Expectation {
    init(_ expectation: FileCheckExpectation) {
        self =
            switch expectation {
            case .exists: .exists
            case .contains(let text): .contains(text)
            case .weight: .weight
            }
    }
}

/// What stands in a text of a check for its names.
struct CheckNames {
    let server: String
    let backend: String

    func fill(_ text: CheckText) -> String {
        text.filled(server: server, backend: backend, host: HostName.current)
    }
}

extension BytePattern {
    fileprivate init(_ pattern: CheckPattern, _ names: CheckNames) throws {
        self =
            switch pattern {
            case .text(let text): .text(text)
            case .bytes(let bytes): .bytes(bytes)
            case .expression(let text): .expression(try RegularExpression(text))
            case .hexExpression(let text): .hexExpression(try RegularExpression(text))
            case .filled(let text): .text(names.fill(text))
            }
    }
}

extension ExpectationWords {
    fileprivate init(_ words: CheckExpectationWords, _ names: CheckNames) {
        self.init()
        success = words.success.flatMap { ProbeStatus(rawValue: $0.rawValue) }
        failure = words.failure.flatMap { ProbeStatus(rawValue: $0.rawValue) }
        timeout = words.timeout.flatMap { ProbeStatus(rawValue: $0.rawValue) }
        successText = words.successText.map(names.fill)
        failureText = words.failureText.map(names.fill)
        switch words.code {
        case .number(let number)?: code = .number(number)
        case .payload(let offset, let length)?: code = .payload(offset: offset, length: length)
        case nil: break
        }
    }
}

extension ScriptStep.Expectation {
    init(_ expectation: CheckExpectation, _ names: CheckNames) throws {
        self.init(try BytePattern(expectation.pattern, names))
        isNegated = expectation.isNegated
        minimumLength = expectation.minimumLength
        words = ExpectationWords(expectation.words, names)
    }
}

extension TextMatch {
    /// An expression knows whether it ignores case; the other comparisons are told when they are made.
    fileprivate init(_ match: HTTPCheckExpectation.Match, ignoringCase: Bool) throws {
        self =
            switch match {
            case .exact(let text): .exact(text)
            case .prefix(let text): .prefix(text)
            case .suffix(let text): .suffix(text)
            case .contains(let text): .contains(text)
            case .expression(let text):
                .matches(try RegularExpression(text, ignoringCase: ignoringCase))
            }
    }
}

extension HTTPExpectation {
    init(_ expectation: HTTPCheckExpectation, _ names: CheckNames) throws {
        let condition: Condition =
            switch expectation.condition {
            case .status(let text): .status(try StatusSet(text))
            case .statusExpression(let text): .statusMatches(try RegularExpression(text))
            case .body(let pattern): .body(try BytePattern(pattern, names))
            case .header(let name, let value, let isWhole):
                .header(
                    name: try TextMatch(name, ignoringCase: true),
                    value: try value.map { try TextMatch($0, ignoringCase: false) },
                    isWhole: isWhole)
            }
        self.init(condition, isNegated: expectation.isNegated)
        minimumLength = expectation.minimumLength
        words = ExpectationWords(expectation.words, names)
        comment = expectation.comment
    }
}

extension HealthRecord.InitialState {
    init(_ state: InitialServerState) {
        self =
            switch state {
            case .waiting: .waiting
            case .up: .up
            case .fullyUp: .fullyUp
            case .down: .down
            case .fullyDown: .fullyDown
            }
    }
}

extension TrafficObservation.Reaction {
    init(_ reaction: ServerHealthSettings.ErrorReaction) {
        self =
            switch reaction {
            case .fastinter: .fastInterval
            case .failCheck: .failCheck
            case .suddenDeath: .suddenDeath
            case .markDown: .markDown
            }
    }
}
#endif
