import VRRPCore

/// A line of `virtual_rules`, in the grammar of ip-rule(8).
struct KeepalivedRule: Sendable {
    private(set) var from: NetworkPrefix?
    private(set) var to: NetworkPrefix?
    private var family: AddressFamily?
    private var priority: UInt32?
    private var action: VirtualRule.Action?
    private var incomingInterface: String?
    private var outgoingInterface: String?
    private var mark: UInt32?
    private var markMask = UInt32.max
    private var isInverted = false
    private var isTracked = true

    /// keepalived's number for the first rule that has none; later ones come before it.
    private static let defaultPriority: UInt32 = 16_384

    /// Reads the line of a directive.
    ///
    /// - Parameters:
    ///   - directive: The line.
    ///   - index: How many rules of the instance came before it.
    ///   - remarks: What there is to say.
    /// - Returns: The rule; `nil` where something is wrong with it.
    static func read(
        _ directive: Directive, index: Int, _ remarks: inout [Remark]
    ) -> VirtualRule? {
        guard var arguments = Arguments(directive) else { return nil }
        var rule = KeepalivedRule()
        defer { remarks += arguments.remarks }
        do throws(Remark) {
            if let block = directive.block {
                throw .error("a rule is expected here, not a block", at: block.opening)
            }
            try table.readAll(into: &rule, &arguments)
            return try rule.finished(directive.words[0], index: index, &arguments)
        } catch {
            arguments.add(error)
            return nil
        }
    }

    private func finished(
        _ word: Word, index: Int, _ arguments: inout Arguments
    ) throws(Remark) -> VirtualRule {
        guard let action else {
            throw .error(
                "a rule needs 'table' with a table, or blackhole, unreachable or prohibit",
                at: word.position)
        }
        let families = Set([from?.address.family, to?.address.family, family].compactMap(\.self))
        guard families.count < 2 else {
            throw .error("'from' and 'to' are of different versions of IP", at: word.position)
        }
        var rule = VirtualRule(
            family: families.first ?? .ipv4,
            priority: try takenPriority(word, index: index, &arguments), action: action)
        rule.from = from
        rule.to = to
        rule.incomingInterface = incomingInterface
        rule.outgoingInterface = outgoingInterface
        rule.mark = mark
        rule.markMask = markMask
        rule.isInverted = isInverted
        rule.isTracked = isTracked
        return rule
    }

    /// The priority as written, or else keepalived's.
    private func takenPriority(
        _ word: Word, index: Int, _ arguments: inout Arguments
    ) throws(Remark) -> UInt32 {
        if let priority { return priority }
        guard index < Self.defaultPriority else {
            throw .error(
                "this rule has no 'priority', and \(Self.defaultPriority) rules before it leave none"
                    + " to take: write one", at: word.position)
        }
        let number = Self.defaultPriority - UInt32(index)
        arguments.warn(
            "this rule has no 'priority': \(number) is taken, as keepalived does",
            at: word.position)
        return number
    }

    private static let priorityRule = Rule<KeepalivedRule>.line { rule, arguments throws(Remark) in
        rule.priority = try arguments.number32()
    }
    private static let tableRule = Rule<KeepalivedRule>.line { rule, arguments throws(Remark) in
        rule.action = .lookUp(try arguments.routeTable())
    }
    private static let incomingRule = Rule<KeepalivedRule>.line { rule, arguments throws(Remark) in
        rule.incomingInterface = try arguments.interface()
    }

    private static let table = KeywordTable<KeepalivedRule>(
        "option of a rule",
        [
            "from": .line { rule, arguments throws(Remark) in
                rule.from = try arguments.prefixOrAll()
            },
            "to": .line { rule, arguments throws(Remark) in
                rule.to = try arguments.prefixOrAll()
            },
            "inet": .set(\.family, to: .ipv4), "inet6": .set(\.family, to: .ipv6),
            "priority": priorityRule, "preference": priorityRule, "pref": priorityRule,
            "order": priorityRule,
            "table": tableRule, "lookup": tableRule,
            "blackhole": .set(\.action, to: .blackhole),
            "unreachable": .set(\.action, to: .unreachable),
            "prohibit": .set(\.action, to: .prohibit),
            "iif": incomingRule, "dev": incomingRule,
            "oif": .line { rule, arguments throws(Remark) in
                rule.outgoingInterface = try arguments.interface()
            },
            "fwmark": .line { rule, arguments throws(Remark) in
                let word = try arguments.next("a mark")
                let parts = word.text.split(separator: "/", maxSplits: 1)
                    .map { Word(text: String($0), position: word.position) }
                guard let first = parts.first else {
                    throw .error("fwmark needs a number", at: word.position)
                }
                rule.mark = try first.number32(of: "fwmark")
                if parts.count == 2 { rule.markMask = try parts[1].number32(of: "fwmark") }
            },
            "not": .set(\.isInverted, to: true),
            "no_track": .set(\.isTracked, to: false),
            "track_group": .notYet(taking: 1), "protocol": .notYet(taking: 1),
            "tos": refused, "dsfield": refused, "realms": refused, "suppress_prefixlength": refused,
            "suppress_ifgroup": refused, "goto": refused, "nat": refused, "nop": refused,
            "ipproto": refused, "sport": refused, "dport": refused, "uidrange": refused,
            "tun_id": refused, "l3mdev": refused,
        ])

    /// What would make the rule match other packets than it should, if it were passed over.
    private static let refused = Rule<KeepalivedRule>.line { _, arguments throws(Remark) in
        throw .error(
            "\(arguments.label.quoted) is known but not implemented yet; without it the rule would"
                + " be another one", at: arguments.keyword.position)
    }
}

extension Arguments {
    /// `ADDRESS[/LENGTH]`, or `all`, which says nothing.
    fileprivate mutating func prefixOrAll() throws(Remark) -> NetworkPrefix? {
        let word = try next("an address with its prefix length")
        if ["all", "any", "default"].contains(word.text) { return nil }
        return try word.prefix()
    }
}
