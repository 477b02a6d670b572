public import Netlink
public import VRRPCore

/// An address that moves with a virtual router.
public struct HeldAddress: Hashable, Sendable {
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
    /// How far it is valid; `nil`: the kernel's default.
    public var scope: InterfaceAddress.Scope?
    /// The other end of a point-to-point link; `nil`: none.
    public var peerAddress: InternetAddress?
    /// The prefix of the other end, which is the link's; goes with ``peerAddress``.
    public var peer: InternetPrefix?
    /// What the kernel is told beside; empty: what ``InterfaceAddress`` starts with.
    public var flags: InterfaceAddress.Flags = []
    /// Whether the kernel looks for another holder first, over IPv6.
    public var checksDuplicates = false
    /// Seconds for which new connections of the host may start from it; `nil`: the default.
    public var preferredLifetime: UInt32?
    /// Whether it is put back when somebody removes it, and its interface has to be up.
    public var isTracked = true

    /// Makes an address on the virtual router's interface.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - prefixLength: 0 to 32, over IPv6 to 128; `nil`: all bits, keepalived's default.
    public init(address: IPAddress, prefixLength: Int? = nil) {
        self.address = address
        self.prefixLength = prefixLength ?? 8 * address.family.addressByteCount
    }

    /// Makes an IPv4 address on the virtual router's interface.
    public init(address: IPv4Address, prefixLength: Int = 32) {
        self.init(address: .v4(address), prefixLength: prefixLength)
    }
}

/// An address and the interface that holds it: on another interface, it is another one.
struct PlacedAddress: Hashable {
    let held: HeldAddress
    let interface: String

    var address: IPAddress { held.address }
}

/// The virtual hardware address of a virtual router, on a link of its own.
public struct VirtualMAC: Hashable, Sendable {
    /// The name of the link that is made for it.
    public var linkName: String
    /// The address.
    public var address: HardwareAddress
    /// Whether advertisements come from the interface below all the same (`vmac_xmit_base`).
    public var advertisesFromBase = false

    /// Makes a virtual hardware address.
    ///
    /// - Parameters:
    ///   - linkName: The name of the link, 1 to 15 bytes.
    ///   - address: The address, of one station.
    public init(linkName: String, address: HardwareAddress) {
        self.linkName = linkName
        self.address = address
    }
}

extension RouterSettings {
    /// Everything that is claimed, announced and released together, advertised ones first, each
    /// with the interface that is to hold it.
    var placedAddresses: [PlacedAddress] {
        let own = virtualMAC?.linkName ?? interface
        return heldAddresses.map { PlacedAddress(held: $0, interface: $0.interface ?? own) }
    }

    /// The interface that advertisements leave by.
    var sender: String {
        guard let virtualMAC, !virtualMAC.advertisesFromBase, transport.isMulticast else {
            return interface
        }
        return virtualMAC.linkName
    }
}

extension Transport {
    fileprivate var isMulticast: Bool {
        if case .multicast = self { true } else { false }
    }
}
