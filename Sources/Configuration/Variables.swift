public import VRRPCore

/// A variable's name (`sess.tier`).
public struct VariableName: Hashable, Sendable, Codable {
    /// How long it has its value; haproxy's names.
    public enum Scope: String, Hashable, Sendable, Codable, CaseIterable {
        /// As long as the process runs, and all connections have it in common.
        case process = "proc"
        /// As long as the connection.
        case session = "sess"
        /// As long as the connection; there is none before `tcp-request content`.
        case transaction = "txn"
        /// The same.
        case request = "req"

        /// Whether rules of `tcp-request connection` and `session` can set it.
        var isEarly: Bool { self == .process || self == .session }
    }

    /// How long it has its value.
    public var scope: Scope
    /// What stands behind the scope.
    public var name: String

    /// Makes a name.
    public init(_ scope: Scope, _ name: String) {
        self.scope = scope
        self.name = name
    }

    /// As it is written.
    public var text: String { "\(scope.rawValue).\(name)" }

    /// The most that a configuration may have.
    public static let most = 16
}

/// What a variable is set to.
public enum VariableExpression: Hashable, Sendable, Codable {
    /// `int(5)`, 0 to 4294967295.
    case number(Int)
    /// `str(a)`, of ``longestText`` bytes at most.
    case text(String)
    /// `ipv4(192.0.2.1)`, `ipv6(2001:db8::1)`.
    case address(IPAddress)
    /// Something of the connection.
    case key(ConnectionKeyName)
    /// `var(NAME)`.
    case variable(VariableName)

    /// The most bytes of a text.
    public static let longestText = 255

    /// What of the connection it is.
    var key: ConnectionKeyName? { if case .key(let key) = self { key } else { nil } }
    /// The variable that it is.
    var variableName: VariableName? { if case .variable(let name) = self { name } else { nil } }
}

/// What a variable is compared with.
public enum VariableComparison: Hashable, Sendable, Codable {
    /// Nothing: it has a value (`-m found`).
    case found
    /// Texts.
    case texts([NameMatch])
    /// Numbers (`-m int`).
    case numbers([ClosedRange<Int>])
    /// Networks (`-m ip`).
    case networks([AddressPrefix])
}

extension Model {
    /// The variables that rules name, each once.
    public var variableNames: [VariableName] {
        var rules = frontends.flatMap { $0.rules.connection + $0.rules.session + $0.rules.content }
        rules += backends.flatMap(\.contentRules)
        var conditions = rules.map(\.condition) + backends.flatMap(\.ruleConditions)
        conditions += frontends.flatMap { $0.rules.backends.map(\.condition) }
        var names: [VariableName] = []
        for rule in rules {
            switch rule.action {
            case .setVariable(let name, .variable(let other)): names += [name, other]
            case .setVariable(let name, _), .unsetVariable(let name): names.append(name)
            case .capture(.variable(let name), _): names.append(name)
            default: continue
            }
        }
        for question in conditions.flatMap({ $0.alternatives.joined() }).flatMap(\.questions) {
            if case .variable(let name, _) = question { names.append(name) }
        }
        names += backends.flatMap(\.toldVariables)
        var known: Set<VariableName> = []
        return names.filter { known.insert($0).inserted }
    }
}
