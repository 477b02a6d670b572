public import VRRPCore

/// Addresses whose first bits are the same, or a single one.
public struct NetworkPrefix: Hashable, Sendable, Codable {
    /// An address of it.
    public var address: IPAddress
    /// Number of leading bits that count.
    public var length: Int

    /// Makes a prefix.
    ///
    /// - Parameters:
    ///   - address: An address of it.
    ///   - length: Number of leading bits that count; `nil`: all.
    public init(_ address: IPAddress, length: Int? = nil) {
        self.address = address
        self.length = length ?? 8 * address.family.addressByteCount
    }
}

/// A route that moves with a virtual router: a line of `virtual_routes` in keepalived's language.
public struct VirtualRoute: Hashable, Sendable, Codable {
    /// What becomes of packets.
    public enum Kind: String, Hashable, Sendable, Codable {
        /// They are sent on.
        case unicast
        /// They vanish.
        case blackhole
        /// They are refused: host unreachable.
        case unreachable
        /// They are refused: administratively prohibited.
        case prohibit
    }

    /// Where packets go to.
    public var destination: NetworkPrefix
    /// What becomes of them.
    public var kind = Kind.unicast
    /// The router to send them to; `nil`: the destination is on the link.
    public var gateway: IPAddress?
    /// The interface to send them from; `nil`: the one that reaches the gateway.
    public var interface: String?
    /// The address that packets of this host come from; `nil`: the kernel's choice.
    public var source: IPAddress?
    /// The lowest counts; `nil`: the kernel's default.
    public var metric: UInt32?
    /// The table's number.
    public var table: UInt32 = 254
    /// The kernel's number of the scope; `nil`: its default.
    public var scope: UInt8?
    /// Whether the gateway is taken to be on the link whatever the interface's addresses.
    public var isGatewayOnLink = false
    /// Whether it is put back when somebody removes it, and its interface has to be up.
    public var isTracked = true

    /// Makes a route on the link.
    public init(to destination: NetworkPrefix) { self.destination = destination }
}

/// A rule that moves with a virtual router: a line of `virtual_rules` in keepalived's language.
public struct VirtualRule: Hashable, Sendable, Codable {
    /// What a rule does with the packets that it matches.
    public enum Action: Hashable, Sendable, Codable {
        /// They look for a route in the table of this number.
        case lookUp(UInt32)
        /// They vanish.
        case blackhole
        /// They are refused: network unreachable.
        case unreachable
        /// They are refused: administratively prohibited.
        case prohibit
    }

    /// The family of the packets.
    public var family: AddressFamily
    /// The kernel tries the rules from the lowest number on.
    public var priority: UInt32
    /// What it does.
    public var action: Action
    /// Where packets come from; `nil`: anywhere.
    public var from: NetworkPrefix?
    /// Where they go to; `nil`: anywhere.
    public var to: NetworkPrefix?
    /// The interface that they came in by; `nil`: any.
    public var incomingInterface: String?
    /// The interface that their socket is bound to; `nil`: any.
    public var outgoingInterface: String?
    /// The mark that they carry; `nil`: any.
    public var mark: UInt32?
    /// Which bits of the mark are compared.
    public var markMask = UInt32.max
    /// Whether it counts for the packets that it does not match.
    public var isInverted = false
    /// Whether it is put back when somebody removes it.
    public var isTracked = true

    /// Makes a rule for all packets of a family.
    public init(family: AddressFamily, priority: UInt32, action: Action) {
        self.family = family
        self.priority = priority
        self.action = action
    }
}
