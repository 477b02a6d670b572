public import Netlink

/// A route that moves with a virtual router: an entry of keepalived's `virtual_routes`.
public struct HeldRoute: Hashable, Sendable {
    /// The route; its interface's number is found when it is added.
    public var route: Route
    /// The interface to send from; `nil`: the kernel finds it by the gateway.
    public var interface: String?
    /// Whether it is put back when somebody removes it, and its interface has to be up.
    public var isTracked = true

    /// Makes a route.
    ///
    /// - Parameters:
    ///   - route: The route, without an interface's number.
    ///   - interface: The interface to send from.
    public init(_ route: Route, interface: String? = nil) {
        self.route = route
        self.interface = interface
    }
}

/// A rule that moves with a virtual router: an entry of keepalived's `virtual_rules`.
public struct HeldRule: Hashable, Sendable {
    /// The rule.
    public var rule: Rule
    /// Whether it is put back when somebody removes it.
    public var isTracked = true

    /// Makes a rule.
    ///
    /// - Parameter rule: The rule.
    public init(_ rule: Rule) { self.rule = rule }
}

extension HeldRoute: CustomStringConvertible {
    /// `route to 10.5.0.0/16 via 10.1.0.1 on eth0 in table 254`.
    public var description: String {
        let way = route.gateway.map { " via \($0)" } ?? ""
        let place = interface.map { " on \($0)" } ?? ""
        return "route to \(route.destination)\(way)\(place) in table \(route.table.rawValue)"
    }
}

extension HeldRule: CustomStringConvertible {
    /// `rule 500 from 10.9.0.0/16 iif a`.
    public var description: String { "\(rule)" }
}
