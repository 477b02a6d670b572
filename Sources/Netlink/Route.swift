internal import CNetlink

/// A route: where packets for a destination go.
///
/// `rtnetlink(7)`, RTM_NEWROUTE.
public struct Route: Hashable, Sendable {
    /// What becomes of the packets.
    public enum Kind: Hashable, Sendable {
        /// They are sent on.
        case unicast
        /// They vanish.
        case blackhole
        /// They are refused: host unreachable.
        case unreachable
        /// They are refused: administratively prohibited.
        case prohibit
        /// Another kind, by the kernel's number: local addresses, broadcasts.
        case other(UInt8)
    }

    /// How far away the destination is.
    public typealias Scope = InterfaceAddress.Scope

    /// Where the packets go to.
    public var destination: InternetPrefix
    /// What becomes of them.
    public var kind: Kind
    /// The router to send them to; `nil`: the destination is on the link.
    public var gateway: InternetAddress?
    /// The interface to send them from; `nil`: the kernel finds it by the gateway.
    public var interfaceIndex: Int32?
    /// The lowest counts; `nil`: 0 for IPv4, 1024 for IPv6.
    public var metric: UInt32?
    /// The table.
    public var table: RouteTable
    /// The address that packets of this host come from; `nil`: the kernel chooses.
    public var source: InternetAddress?
    /// How far away the destination is; `nil`: `link` for IPv4 without a gateway, else `global`.
    public var scope: Scope?
    /// Whether the gateway is taken to be on the link though no subnet there holds it.
    public var isGatewayOnLink: Bool
    /// Who put it there.
    public var protocolTag: RouteProtocol

    /// Describes a route of this program through an interface or a gateway.
    ///
    /// - Parameters:
    ///   - destination: Where packets go to.
    ///   - gateway: The router to send them to.
    ///   - interfaceIndex: The interface to send them from.
    ///   - table: The table.
    public init(
        to destination: InternetPrefix, gateway: InternetAddress? = nil,
        interfaceIndex: Int32? = nil, table: RouteTable = .main
    ) {
        self.destination = destination
        self.gateway = gateway
        self.interfaceIndex = interfaceIndex
        self.table = table
        kind = .unicast
        isGatewayOnLink = false
        protocolTag = .lbctl
    }

    /// Whether both have one place in a table, where the kernel keeps one route.
    ///
    /// - Parameter other: The other route.
    /// - Returns: True if table, destination and metric are the same.
    public func isSamePlace(as other: Route) -> Bool {
        table == other.table && destination == other.destination
            && effectiveMetric == other.effectiveMetric
    }

    private var effectiveMetric: UInt32 {
        metric ?? (destination.address.family == .v4 ? 0 : 1024)
    }
}

extension Route: CustomStringConvertible {
    /// `route to 10.5.0.0/16 via 10.1.0.1 on interface 2 in table 254`.
    public var description: String {
        let way = gateway.map { " via \($0)" } ?? ""
        let interface = interfaceIndex.map { " on interface \($0)" } ?? ""
        return "route to \(destination)\(way)\(interface) in table \(table.rawValue)"
    }
}

extension Route.Kind: RawRepresentable {
    /// Wraps the kernel's number (`RTN_UNICAST` and so on).
    public init(rawValue: UInt8) {
        switch Int(rawValue) {
        case RTN_UNICAST: self = .unicast
        case RTN_BLACKHOLE: self = .blackhole
        case RTN_UNREACHABLE: self = .unreachable
        case RTN_PROHIBIT: self = .prohibit
        default: self = .other(rawValue)
        }
    }

    /// The kernel's number.
    public var rawValue: UInt8 {
        switch self {
        case .unicast: UInt8(RTN_UNICAST)
        case .blackhole: UInt8(RTN_BLACKHOLE)
        case .unreachable: UInt8(RTN_UNREACHABLE)
        case .prohibit: UInt8(RTN_PROHIBIT)
        case .other(let number): number
        }
    }
}

extension Route {
    /// Reads a route from RTM_NEWROUTE or RTM_DELROUTE; `nil` for what is no entry of a table of IPv4 or IPv6.
    init?(_ message: ReceivedMessage) {
        guard message.type == RTM_NEWROUTE || message.type == RTM_DELROUTE,
            let header = message.payload(as: rtmsg.self),
            let family = InternetAddress.Family(rawFamily: Int32(header.rtm_family)),
            header.rtm_flags & UInt32(RTM_F_CLONED) == 0
        else { return nil }
        func attribute(_ number: rtattr_type_t) -> ReceivedAttribute? {
            message.attribute(Int(number.rawValue), after: MemoryLayout<rtmsg>.size)
        }
        func address(_ number: rtattr_type_t) -> InternetAddress? {
            attribute(number).flatMap { InternetAddress(octets: $0.bytes) }
        }
        let destination = address(RTA_DST) ?? InternetPrefix.all(family).address
        guard destination.family == family else { return nil }
        self.init(
            to: InternetPrefix(destination, length: header.rtm_dst_len),
            gateway: address(RTA_GATEWAY), interfaceIndex: attribute(RTA_OIF)?.value(),
            table: RouteTable(rawValue: attribute(RTA_TABLE)?.value() ?? UInt32(header.rtm_table)))
        kind = Kind(rawValue: header.rtm_type)
        metric = attribute(RTA_PRIORITY)?.value()
        source = address(RTA_PREFSRC)
        scope = Scope(rawValue: header.rtm_scope)
        isGatewayOnLink = header.rtm_flags & UInt32(RTNH_F_ONLINK) != 0
        protocolTag = RouteProtocol(rawValue: header.rtm_protocol)
    }

    /// The request that adds the route where its place is free.
    func additionRequest() throws(NetlinkError) -> RequestMessage {
        let isDirect = kind == .unicast && gateway == nil && destination.address.family == .v4
        return try request(
            RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, scope ?? (isDirect ? .link : .global))
    }

    /// The request that removes the route.
    func removalRequest() throws(NetlinkError) -> RequestMessage {
        let anyScope = Scope(rawValue: UInt8(RT_SCOPE_NOWHERE.rawValue))
        return try request(RTM_DELROUTE, 0, scope ?? anyScope)
    }

    private func request(
        _ type: Int, _ flags: Int32, _ scope: Scope
    ) throws(NetlinkError) -> RequestMessage {
        var header = rtmsg()
        header.rtm_family = UInt8(destination.address.family.rawFamily)
        header.rtm_dst_len = destination.length
        header.rtm_protocol = protocolTag.rawValue
        header.rtm_scope = scope.rawValue
        header.rtm_type = kind.rawValue
        if isGatewayOnLink { header.rtm_flags = UInt32(RTNH_F_ONLINK) }
        let request = try RequestMessage(type: type, flags: flags, header: header)
        try request.put(RTA_TABLE, table.rawValue)
        if destination.length > 0 { try request.put(RTA_DST, destination.address) }
        try request.put(RTA_GATEWAY, gateway)
        try request.put(RTA_OIF, interfaceIndex.map(UInt32.init(bitPattern:)))
        try request.put(RTA_PRIORITY, metric)
        try request.put(RTA_PREFSRC, source)
        return request
    }
}

extension RequestMessage {
    /// Adds an attribute of a route, unless there is nothing to say.
    fileprivate borrowing func put(
        _ attribute: rtattr_type_t, _ value: UInt32?
    ) throws(NetlinkError) {
        if let value { try put(Int(attribute.rawValue), value) }
    }

    /// Adds an address to a route, unless there is none.
    fileprivate borrowing func put(
        _ attribute: rtattr_type_t, _ address: InternetAddress?
    ) throws(NetlinkError) {
        if let address { try put(Int(attribute.rawValue), address.octets) }
    }
}
