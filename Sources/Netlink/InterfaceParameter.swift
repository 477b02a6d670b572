public import LinuxIO

/// A parameter of the kernel that each interface has for itself.
///
/// The raw value is the path below `net/IPVERSION/conf/INTERFACE`, but for IPv6's form of a name that
/// both versions have. Of most IPv4 ones the kernel
/// takes the higher of the interface's value and that of `all`. `ip-sysctl.rst` of the kernel.
public enum InterfaceParameter: String, Hashable, Sendable, CaseIterable {
    /// 1: answers ARP only for addresses of the interface that the question came in by.
    case arpIgnore = "arp_ignore"
    /// 2: names no address of another interface as the sender of an ARP question.
    case arpAnnounce = "arp_announce"
    /// 1: packets must come from where their answer would go to; 2: that there is any way suffices.
    case reversePathFilter = "rp_filter"
    /// 1: takes packets that come from an address of this host.
    case acceptLocal = "accept_local"
    /// 1: a secondary address takes the place of a primary one that is removed.
    case promoteSecondaries = "promote_secondaries"
    /// 1: what comes in by the interface for others is sent on, over IPv4.
    case forwarding
    /// The same over IPv6.
    case forwardingIPv6 = "forwarding of IPv6"
    /// 1: no IPv6 on the interface.
    case disableIPv6 = "disable_ipv6"
    /// 1: no link-local IPv6 address is derived.
    case addressGenerationMode = "addr_gen_mode"
    /// 0: what routers of the LAN advertise gives the interface neither addresses nor routes.
    case acceptRouterAdvertisements = "accept_ra"

    /// The parameter of an interface.
    ///
    /// - Parameter interface: The interface's name.
    /// - Returns: The parameter, in the calling thread's namespace.
    public func parameter(of interface: String) -> KernelParameter {
        switch self {
        case .arpIgnore, .arpAnnounce, .reversePathFilter, .acceptLocal, .promoteSecondaries,
            .forwarding:
            KernelParameter("net/ipv4/conf/\(interface)/\(rawValue)")
        case .disableIPv6, .addressGenerationMode, .acceptRouterAdvertisements:
            KernelParameter("net/ipv6/conf/\(interface)/\(rawValue)")
        case .forwardingIPv6: KernelParameter("net/ipv6/conf/\(interface)/forwarding")
        }
    }
}
