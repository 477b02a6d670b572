public import LinuxIO
internal import Synchronization

/// What rules remember under a name: of each connection until a server is chosen, or of the process.
public struct VariablePlan: Hashable, Sendable {
    /// The name, its scope included (`sess.tier`).
    public var name: String
    /// Whether all connections have it in common (`proc`).
    public var isOfProcess: Bool
    /// Whether it is there for the rules of frontends that are leaving.
    var isLeaving = false

    /// The most of a plan.
    public static let most = 16
    /// The most bytes of a text; a longer one is not remembered.
    public static let longestText = 255

    /// Makes a variable.
    public init(name: String, isOfProcess: Bool = false) {
        self.name = name
        self.isOfProcess = isOfProcess
    }
}

/// What a variable is set to.
public enum VariableSource: Hashable, Sendable {
    /// A number (`int(5)`).
    case number(Int)
    /// A text (`str(a)`), of ``VariablePlan/longestText`` bytes at most.
    case text([UInt8])
    /// An address (`ipv4(192.0.2.1)`).
    case address(IPEndpoint)
    /// Something of the connection, as far as it is known by then.
    case key(ConnectionKey)
    /// What the variable at another position in ``BalancerPlan/variables`` is set to.
    case variable(Int)

    /// What of the connection it is.
    var key: ConnectionKey? { if case .key(let key) = self { key } else { nil } }

    /// The variable whose value it is, by its position.
    var variable: Int? { if case .variable(let variable) = self { variable } else { nil } }
}

/// What is asked of a variable's value, which becomes what it is compared with as haproxy's samples do.
public enum VariableTest: Hashable, Sendable {
    /// Whether it has one (`-m found`).
    case found
    /// Whether one of these matches it as a text (`-m str` and the like).
    case texts(TextPatterns)
    /// Whether it is in one of these ranges as a number (`-m int`).
    case numbers([ClosedRange<Int>])
    /// Whether it is in one of these networks as an address (`-m ip`).
    case addresses(PrefixTable)
}

/// What a variable is set to, of fixed size.
enum VariableValue {
    case none
    case number(Int)
    /// Its port does not matter.
    case address(IPEndpoint)
    case text(ShortText)

    /// Copies a key; `nil`: there is none, or it is too long.
    init?(_ key: StickKey) {
        switch key {
        case .none: return nil
        case .number(let number): self = .number(Int(number))
        case .address(let end):
            guard end.isPresent else { return nil }
            self = .address(end)
        case .bytes(let bytes):
            guard let text = ShortText(bytes) else { return nil }
            self = .text(text)
        }
    }

    /// Answers a question; what has no value, or can't become what is asked for, is none of it.
    func satisfies(_ test: VariableTest) -> Bool {
        switch test {
        case .found: if case .none = self { false } else { true }
        case .numbers(let ranges):
            number.map { number in ranges.contains { $0.contains(number) } } ?? false
        case .addresses(let table): address.map { table.value(for: $0) != nil } ?? false
        case .texts(let patterns):
            withText { text in patterns.match(text) } ?? false
        }
    }

    private var number: Int? {
        switch self {
        case .none: nil
        case .number(let number): number
        case .address(let end): end.isIPv4 ? Int(end.ipv4) : nil
        case .text(let text): text.number
        }
    }

    private var address: IPEndpoint? {
        switch self {
        case .none: nil
        case .number(let number): IPEndpoint(ipv4: UInt32(truncatingIfNeeded: number), port: 0)
        case .address(let end): end
        case .text(let text):
            text.withBytes(in: 0..<text.count) { AddressText.ipv4($0) ?? AddressText.ipv6($0) }
        }
    }

    /// Calls with the value as a text; `nil`: there is none.
    func withText<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        switch self {
        case .none: nil
        case .text(let text): text.withBytes(in: 0..<text.count, body)
        case .number(let number): ByteWriter.withShort({ $0.append(decimal: number) }, body)
        case .address(let end): ByteWriter.withShort({ $0.append(addressOf: end) }, body)
        }
    }
}

extension ShortText {
    /// The decimal number that it begins with; 0: it begins with none, as in haproxy.
    fileprivate var number: Int {
        let isSigned = count > 0 && (self[0] == UInt8(ascii: "-") || self[0] == UInt8(ascii: "+"))
        let sign = isSigned && self[0] == UInt8(ascii: "-") ? -1 : 1
        var number = 0
        for index in (isSigned ? 1 : 0)..<count {
            guard case UInt8(ascii: "0")...UInt8(ascii: "9") = self[index] else { break }
            let (tens, isOver) = number.multipliedReportingOverflow(by: 10)
            let (sum, isBeyond) = tens.addingReportingOverflow(sign * Int(self[index] & 15))
            guard !isOver, !isBeyond else { return sign < 0 ? .min : .max }
            number = sum
        }
        return number
    }
}

extension Rule {
    /// The variables that the action names, by their positions.
    var variables: [Int] {
        switch action {
        case .setVariable(let variable, .variable(let other)): [variable, other]
        case .setVariable(let variable, _), .unsetVariable(let variable): [variable]
        case .capture(.variable(let variable), _): [variable]
        default: []
        }
    }

    /// Whether it sets a variable to a text that has no room there.
    var setsTooMuch: Bool {
        guard case .setVariable(_, .text(let bytes)) = action else { return false }
        return bytes.count > VariablePlan.longestText
    }
}

extension Question {
    /// The variable that is asked for, by its position.
    var variable: Int? { if case .variable(let variable, _) = self { variable } else { nil } }
}

extension Worker {
    /// Sets a variable; what is not known leaves it as it is, as in haproxy.
    mutating func setVariable(
        _ variable: Int, to source: VariableSource, _ client: Int, _ facts: Facts
    ) {
        let value = value(of: source, client, facts.source, facts.hello)
        guard let value else { return }
        if case .none = value { return }
        keep(value, in: variable, client, facts)
    }

    /// What something is by now; `nil`: it is not known.
    func value(
        of source: VariableSource, _ client: Int, _ address: IPEndpoint,
        _ hello: @autoclosure () -> ClientHello.Reading
    ) -> VariableValue? {
        switch source {
        case .number(let number): .number(number)
        case .text(let bytes): VariableValue(.bytes(bytes.span))
        case .address(let end): .address(end)
        case .key(let key): withKey(key, of: client, address, hello()) { VariableValue($0) }
        case .variable(let other): value(of: other, client)
        }
    }

    /// Takes a variable's value away.
    mutating func unsetVariable(_ variable: Int, _ client: Int, _ facts: Facts) {
        keep(.none, in: variable, client, facts)
    }

    /// A variable's value.
    func value(of variable: Int, _ client: Int) -> VariableValue {
        guard !shared.plan.variables[variable].isOfProcess else {
            return shared.variables.withLock { $0[variable] }
        }
        let place = slab[client].introduction
        return place < 0 ? .none : introductions[variable, at: place]
    }

    private mutating func keep(
        _ value: VariableValue, in variable: Int, _ client: Int, _ facts: Facts
    ) {
        guard !shared.plan.variables[variable].isOfProcess else {
            return shared.variables.withLock { $0[variable] = value }
        }
        introductions[variable, at: placeAside(client, facts.source)] = value
    }
}
