#if Program
internal import HealthCheck
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

extension BytePattern {
    init(_ pattern: CheckPattern) throws {
        self =
            switch pattern {
            case .text(let text): .text(text)
            case .bytes(let bytes): .bytes(bytes)
            case .expression(let text): .expression(try RegularExpression(text))
            case .hexExpression(let text): .hexExpression(try RegularExpression(text))
            }
    }
}

extension TextMatch {
    fileprivate init(_ match: HTTPCheckExpectation.Match) throws {
        self =
            switch match {
            case .exact(let text): .exact(text)
            case .prefix(let text): .prefix(text)
            case .suffix(let text): .suffix(text)
            case .contains(let text): .contains(text)
            case .expression(let text): .matches(try RegularExpression(text))
            }
    }
}

extension HTTPExpectation {
    init(_ expectation: HTTPCheckExpectation) throws {
        let condition: Condition =
            switch expectation.condition {
            case .status(let text): .status(try StatusSet(text))
            case .statusExpression(let text): .statusMatches(try RegularExpression(text))
            case .body(let pattern): .body(try BytePattern(pattern))
            case .header(let name, let value, let isWhole):
                .headerMatches(
                    name: try TextMatch(name), value: try value.map(TextMatch.init),
                    isWhole: isWhole)
            }
        self.init(condition, isNegated: expectation.isNegated)
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
