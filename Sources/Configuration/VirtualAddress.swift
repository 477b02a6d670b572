public import VRRPCore

/// An address that moves with the virtual router.
public struct VirtualAddress: Hashable, Sendable, Codable {
    /// The address.
    public var address: IPAddress
    /// Number of leading bits that are the network's, 0 to 32, over IPv6 to 128.
    public var prefixLength: Int
    /// The interface that holds it; `nil`: the virtual router's.
    public var interface: String?
    /// The label, as `eth1:vip` in `ip address`; `nil`: none.
    public var label: String?
    /// The broadcast address; `nil`: none.
    public var broadcast: IPv4Address?
    /// The kernel's number of the scope; `nil`: its default.
    public var scope: UInt8?
    /// The other end of a point-to-point link, whose prefix is the link's; `nil`: none.
    public var peer: NetworkPrefix?
    /// Whether the kernel looks for another holder first, over IPv6 (`-nodad`).
    public var checksDuplicates = false
    /// Whether the kernel makes no route to the address' network (`noprefixroute`).
    public var hasNoPrefixRoute = false
    /// Whether it is a home address of Mobile IPv6 (`home`).
    public var isHome = false
    /// Whether the kernel derives temporary addresses from it (`mngtmpaddr`).
    public var managesTemporary = false
    /// Whether the kernel joins it as a group on the link (`autojoin`).
    public var joinsGroup = false
    /// Seconds for which new connections of the host may start from it; `nil`: the default.
    public var preferredLifetime: UInt32?
    /// Whether it is put back when somebody removes it, and its interface has to be up.
    public var isTracked = true

    /// Makes an address on the virtual router's interface; all bits of it by default, as keepalived.
    public init(address: IPAddress, prefixLength: Int? = nil) {
        self.address = address
        self.prefixLength = prefixLength ?? 8 * address.family.addressByteCount
    }

    /// Makes an IPv4 address on the virtual router's interface.
    public init(address: IPv4Address, prefixLength: Int = 32) {
        self.init(address: .v4(address), prefixLength: prefixLength)
    }
}

/// The virtual hardware address of a virtual router: `use_vmac` in keepalived's language.
public struct VirtualMACSettings: Hashable, Sendable, Codable {
    /// The name of the link that has it.
    public var linkName: String
    /// Its six octets as a number; `nil`: the one of the protocol (RFC 9568 §7.3).
    public var address: UInt64?
    /// Whether advertisements come from the interface below all the same (`vmac_xmit_base`).
    public var advertisesFromBase = false

    /// Makes the hardware address of the protocol.
    public init(linkName: String) { self.linkName = linkName }
}
