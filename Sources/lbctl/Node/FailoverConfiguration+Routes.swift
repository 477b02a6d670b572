#if Program
internal import Failover
internal import Netlink
internal import NodeConfiguration
internal import VRRPCore

extension HeldRoute {
    /// A route as the model has it.
    init(_ settings: VirtualRoute) {
        var route = Route(
            to: InternetPrefix(settings.destination),
            gateway: settings.gateway.map(InternetAddress.init),
            table: RouteTable(rawValue: settings.table))
        route.kind =
            switch settings.kind {
            case .unicast: .unicast
            case .blackhole: .blackhole
            case .unreachable: .unreachable
            case .prohibit: .prohibit
            }
        route.metric = settings.metric
        route.source = settings.source.map(InternetAddress.init)
        route.scope = settings.scope.map(Route.Scope.init)
        route.isGatewayOnLink = settings.isGatewayOnLink
        self.init(route, interface: settings.interface)
        isTracked = settings.isTracked
    }
}

extension HeldRule {
    /// A rule as the model has it.
    init(_ settings: VirtualRule) {
        let action: Rule.Action =
            switch settings.action {
            case .lookUp(let table): .lookUp(RouteTable(rawValue: table))
            case .blackhole: .blackhole
            case .unreachable: .unreachable
            case .prohibit: .prohibit
            }
        var rule = Rule(
            settings.family == .ipv4 ? .v4 : .v6, priority: settings.priority, action)
        rule.from = settings.from.map(InternetPrefix.init)
        rule.to = settings.to.map(InternetPrefix.init)
        rule.incomingInterface = settings.incomingInterface
        rule.outgoingInterface = settings.outgoingInterface
        rule.mark = settings.mark.map { Rule.Mark($0, mask: settings.markMask) }
        rule.isInverted = settings.isInverted
        self.init(rule)
        isTracked = settings.isTracked
    }
}

extension InternetPrefix {
    /// A prefix as the model has it.
    init(_ prefix: NetworkPrefix) {
        self.init(InternetAddress(prefix.address), length: UInt8(clamping: prefix.length))
    }
}

extension InternetAddress {
    /// An address in the words of netlink's room.
    init(_ address: IPAddress) {
        switch address {
        case .v4(let address): self = .v4(address.rawValue)
        // 16 octets are always an address.
        case .v6(let address):
            self = InternetAddress(octets: address.octets) ?? .v6(high: 0, low: 0)
        }
    }
}
#endif
