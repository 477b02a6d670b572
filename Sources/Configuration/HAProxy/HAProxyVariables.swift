import VRRPCore

/// Variables that the rules of a section set and ask for: `set-var`, `unset-var`, `var`.
///
/// haproxy's configuration manual, sections 2.8 and 7.3.2.
struct HAProxyVariables: Sendable {
    /// A variable that a word names, and whether it sets it.
    struct Reference: Sendable {
        let name: VariableName
        let sets: Bool
        let position: Position
    }

    private var references: [Reference] = []

    /// Whether a word, without its parentheses, is an action of these.
    static func isAction(_ name: String) -> Bool { name == "set-var" || name == "unset-var" }

    /// Reads `set-var(NAME) SAMPLE` or `unset-var(NAME)`, whose first word is given.
    mutating func action(
        _ word: Word, _ arguments: inout Arguments
    ) throws(Remark) -> ConnectionRule.Action {
        let isSetting = word.text.hasPrefix("set-var")
        let start = isSetting ? "set-var(" : "unset-var("
        guard word.text.hasPrefix(start), word.text.hasSuffix(")") else {
            throw .error(
                "\(word.text.quoted) needs a variable in parentheses, such as \(start)sess.tier)",
                at: word.position)
        }
        let name = try word.variableName(word.text.dropFirst(start.count).dropLast())
        references.append(Reference(name: name, sets: isSetting, position: word.position))
        guard isSetting else { return .unsetVariable(name) }
        let sample = try arguments.next("what \(name.text) is set to, such as src or int(1)")
        let expression = try sample.variableExpression(after: word.text)
        if case .variable(let other) = expression {
            references.append(Reference(name: other, sets: false, position: sample.position))
        }
        return .setVariable(name, expression)
    }

    /// Takes down a criterion's variable.
    mutating func note(_ name: VariableName, at position: Position) {
        references.append(Reference(name: name, sets: false, position: position))
    }

    /// Takes down all that were named, which are looked up once all are known.
    func note(in draft: inout Draft, file: String) {
        draft.variableReferences += references.map { reference in
            Placed(
                value: reference, location: Location(file: file, position: reference.position))
        }
    }
}

extension Word {
    /// A variable's name, which stands within the word.
    func variableName(_ text: Substring) throws(Remark) -> VariableName {
        let name = text.drop { $0 != "." }.dropFirst()
        guard let scope = VariableName.Scope(rawValue: String(text.prefix { $0 != "." })) else {
            throw .error(
                "\(self.text.quoted): a variable's name begins with proc., sess., txn. or req., such as"
                    + " sess.tier", at: position)
        }
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard !name.isEmpty, isPlain else {
            throw .error(
                "\(self.text.quoted): the name of a variable is of letters, digits, '_' and '.'",
                at: position)
        }
        return VariableName(scope, String(name))
    }

    /// What a variable is set to.
    fileprivate func variableExpression(
        after action: String
    ) throws(Remark) -> VariableExpression {
        let expression = try sampleExpression(after: action)
        if case .key(.payload(let slice)) = expression,
            slice.length > VariableExpression.longestText
        {
            throw .error(
                "\(action) \(text.quoted): a variable has \(VariableExpression.longestText) bytes of"
                    + " text at most", at: position)
        }
        return expression
    }

    /// What a rule takes of a connection.
    func sampleExpression(after action: String) throws(Remark) -> VariableExpression {
        func inside(_ name: String) -> Substring? {
            guard text.hasPrefix("\(name)("), text.hasSuffix(")") else { return nil }
            return text.dropFirst(name.count + 1).dropLast()
        }
        if let digits = inside("int") {
            guard let number = UInt32(digits) else {
                throw .error("\(text.quoted): must be a number of 0 to \(UInt32.max)", at: position)
            }
            return .number(Int(number))
        }
        if let words = inside("str") {
            guard words.utf8.count <= VariableExpression.longestText else {
                throw .error(
                    "\(action): a text has \(VariableExpression.longestText) bytes at most",
                    at: position)
            }
            return .text(String(words))
        }
        for name in ["ipv4", "ipv6"] {
            guard let words = inside(name) else { continue }
            guard let address = IPAddress(String(words)),
                (address.family == .ipv4) == (name == "ipv4")
            else {
                throw .error("\(text.quoted) has no address of \(name)", at: position)
            }
            return .address(address)
        }
        if let name = inside("var") { return .variable(try variableName(name)) }
        guard let key = try knownConnectionKey(after: action) else {
            throw .error(
                "\(action) \(text.quoted) is not offered; write int(N), str(TEXT), ipv4(ADDRESS),"
                    + " ipv6(ADDRESS), var(NAME), \(Word.connectionKeys)", at: position)
        }
        return .key(key)
    }
}

extension HAProxyRouting {
    /// Whether a rule comes before what it sets, as `txn` does: then it is passed over with a warning.
    func isLost(
        _ rule: ConnectionRule, at stage: Word, _ arguments: inout Arguments
    ) -> Bool {
        let name: VariableName
        switch rule.action {
        case .setVariable(let own, _), .unsetVariable(let own): name = own
        default: return false
        }
        guard !name.scope.isEarly else { return false }
        arguments.warn(
            "\(name.text.quoted) has no value before 'tcp-request content', as in haproxy: the rule has"
                + " no effect; write sess.\(name.name)", at: stage.position)
        return true
    }
}
