internal import CNetlink

/// A rule: which packets look for their route in which table.
///
/// `ip-rule(8)`, RTM_NEWRULE.
public struct Rule: Hashable, Sendable {
    /// What a rule does with the packets that it matches.
    public enum Action: Hashable, Sendable {
        /// They look for a route in a table.
        case lookUp(RouteTable)
        /// They vanish.
        case blackhole
        /// They are refused: network unreachable.
        case unreachable
        /// They are refused: administratively prohibited.
        case prohibit
    }

    /// A mark that a packet must carry.
    public struct Mark: Hashable, Sendable {
        /// The bits.
        public var value: UInt32
        /// Which bits are compared.
        public var mask: UInt32

        /// Makes a mark.
        public init(_ value: UInt32, mask: UInt32 = .max) {
            self.value = value
            self.mask = mask
        }
    }

    /// The version of the packets.
    public var family: InternetAddress.Family
    /// The kernel tries the rules from the lowest number on.
    ///
    /// Always said: one that the kernel chooses depends on what else is there.
    public var priority: UInt32
    /// Where the packets come from; `nil`: anywhere.
    public var from: InternetPrefix?
    /// Where they go to; `nil`: anywhere.
    public var to: InternetPrefix?
    /// The interface that they came in by; `lo` for those of this host; `nil`: any.
    public var incomingInterface: String?
    /// The interface that the sending socket is bound to; `nil`: any.
    public var outgoingInterface: String?
    /// The mark that they carry; `nil`: any.
    public var mark: Mark?
    /// Whether the rule counts for the packets that it does *not* match.
    public var isInverted: Bool
    /// What it does.
    public var action: Action
    /// Who put it there.
    public var protocolTag: RouteProtocol

    /// Describes a rule of this program for all packets of a version.
    ///
    /// - Parameters:
    ///   - family: The version.
    ///   - priority: Its number among the rules.
    ///   - action: What it does.
    public init(_ family: InternetAddress.Family, priority: UInt32, _ action: Action) {
        self.family = family
        self.priority = priority
        self.action = action
        isInverted = false
        protocolTag = .lbctl
    }
}

extension Rule: CustomStringConvertible {
    /// `rule 500 from 10.9.0.0/16 iif a`.
    public var description: String {
        let parts = [
            from.map { "from \($0)" }, to.map { "to \($0)" }, incomingInterface.map { "iif \($0)" },
            outgoingInterface.map { "oif \($0)" },
            mark.map { "fwmark 0x\(String($0.value, radix: 16))" },
        ]
        return (["rule \(priority)"] + parts.compactMap(\.self)).joined(separator: " ")
    }
}

extension Rule.Action {
    /// Reads an action; `nil` for one that only the kernel and other programs use (goto, nop).
    fileprivate init?(rawValue: UInt8, table: RouteTable) {
        switch Int(rawValue) {
        case FR_ACT_TO_TBL: self = .lookUp(table)
        case FR_ACT_BLACKHOLE: self = .blackhole
        case FR_ACT_UNREACHABLE: self = .unreachable
        case FR_ACT_PROHIBIT: self = .prohibit
        default: return nil
        }
    }

    fileprivate var rawValue: UInt8 {
        switch self {
        case .lookUp: UInt8(FR_ACT_TO_TBL)
        case .blackhole: UInt8(FR_ACT_BLACKHOLE)
        case .unreachable: UInt8(FR_ACT_UNREACHABLE)
        case .prohibit: UInt8(FR_ACT_PROHIBIT)
        }
    }
}

extension Rule {
    /// Reads a rule from RTM_NEWRULE or RTM_DELRULE; `nil` for one that this type can't describe.
    init?(_ message: ReceivedMessage) {
        guard message.type == RTM_NEWRULE || message.type == RTM_DELRULE,
            let header = message.payload(as: fib_rule_hdr.self),
            let family = InternetAddress.Family(rawFamily: Int32(header.family))
        else { return nil }
        func attribute(_ number: Int) -> ReceivedAttribute? {
            message.attribute(number, after: MemoryLayout<fib_rule_hdr>.size)
        }
        func prefix(_ number: Int, _ length: UInt8) -> InternetPrefix? {
            attribute(number).flatMap { InternetAddress(octets: $0.bytes) }
                .map { InternetPrefix($0, length: length) }
        }
        let table = RouteTable(rawValue: attribute(FRA_TABLE)?.value() ?? UInt32(header.table))
        guard let action = Action(rawValue: header.action, table: table) else { return nil }
        self.init(family, priority: attribute(FRA_PRIORITY)?.value() ?? 0, action)
        from = prefix(FRA_SRC, header.src_len)
        to = prefix(FRA_DST, header.dst_len)
        incomingInterface = attribute(FRA_IIFNAME)?.text
        outgoingInterface = attribute(FRA_OIFNAME)?.text
        let value: UInt32? = attribute(FRA_FWMARK)?.value()
        let mask: UInt32? = attribute(FRA_FWMASK)?.value()
        if value != nil || mask != nil { mark = Mark(value ?? 0, mask: mask ?? .max) }
        isInverted = header.flags & UInt32(FIB_RULE_INVERT) != 0
        protocolTag = RouteProtocol(rawValue: attribute(FRA_PROTOCOL)?.value() ?? 0)
    }

    /// The rule as the kernel tells of it: what says nothing is left out.
    var canonical: Rule {
        var rule = self
        if from?.length == 0 { rule.from = nil }
        if to?.length == 0 { rule.to = nil }
        return rule
    }

    /// Whether both do the same, whoever put them there.
    ///
    /// - Parameter other: The other rule.
    /// - Returns: True if they differ in nothing but the tag.
    public func isSameRule(as other: Rule) -> Bool {
        var (mine, theirs) = (canonical, other.canonical)
        mine.protocolTag = .lbctl
        theirs.protocolTag = .lbctl
        return mine == theirs
    }

    /// The request that adds or removes the rule.
    func request(_ type: Int, flags: Int32 = 0) throws(NetlinkError) -> RequestMessage {
        var header = fib_rule_hdr()
        header.family = UInt8(family.rawFamily)
        header.src_len = from?.length ?? 0
        header.dst_len = to?.length ?? 0
        header.action = action.rawValue
        if isInverted { header.flags = UInt32(FIB_RULE_INVERT) }
        let request = try RequestMessage(type: type, flags: flags, header: header)
        try request.put(FRA_PRIORITY, priority)
        try request.put(FRA_PROTOCOL, protocolTag.rawValue)
        if case .lookUp(let table) = action { try request.put(FRA_TABLE, table.rawValue) }
        if let from, from.length > 0 { try request.put(FRA_SRC, from.address.octets) }
        if let to, to.length > 0 { try request.put(FRA_DST, to.address.octets) }
        if let incomingInterface { try request.put(FRA_IIFNAME, incomingInterface) }
        if let outgoingInterface { try request.put(FRA_OIFNAME, outgoingInterface) }
        if let mark {
            try request.put(FRA_FWMARK, mark.value)
            try request.put(FRA_FWMASK, mark.mask)
        }
        return request
    }
}
