/// Who put a route or a rule into the kernel's tables, as the kernel remembers it.
///
/// `rtm_protocol` of `rtnetlink(7)`, FRA_PROTOCOL (Linux 4.17). Above 4 the kernel gives it no
/// meaning.
public struct RouteProtocol: RawRepresentable, Hashable, Sendable {
    /// The kernel's number; 0 to 4 are the kernel's, the boot's and the administrator's.
    public let rawValue: UInt8

    /// Wraps the kernel's number.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// This program's routes and rules: 108, the number that its addresses have too
    /// (``AddressProtocol/lbctl``).
    public static let lbctl = RouteProtocol(rawValue: 108)
    /// Put there by hand; what `ip route add` says (`RTPROT_BOOT`).
    public static let boot = RouteProtocol(rawValue: 3)
    /// Put there by the kernel itself (`RTPROT_KERNEL`).
    public static let kernel = RouteProtocol(rawValue: 2)
}

/// A table of routes.
///
/// `ip-route(8)`; names are in `/etc/iproute2/rt_tables`.
public struct RouteTable: RawRepresentable, Hashable, Sendable {
    /// The kernel's number, 1 or above.
    public let rawValue: UInt32

    /// Wraps the kernel's number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The table that counts where no rule says otherwise (254).
    public static let main = RouteTable(rawValue: 254)
    /// The kernel's own table of this host's addresses (255).
    public static let local = RouteTable(rawValue: 255)
}
