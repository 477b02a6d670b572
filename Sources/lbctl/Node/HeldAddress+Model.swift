#if Program
internal import Failover
internal import Netlink
internal import NodeConfiguration
internal import VRRPCore

extension HeldAddress {
    /// An address as the model has it.
    init(_ address: VirtualAddress) {
        self.init(address: address.address, prefixLength: address.prefixLength)
        interface = address.interface
        label = address.label
        broadcast = address.broadcast
        scope = address.scope.map(InterfaceAddress.Scope.init)
        if let other = address.peer {
            peerAddress = InternetAddress(other.address)
            peer = InternetPrefix(other)
        }
        if address.hasNoPrefixRoute { flags.insert(.noPrefixRoute) }
        if address.isHome { flags.insert(.home) }
        if address.managesTemporary { flags.insert(.managesTemporary) }
        if address.joinsGroup { flags.insert(.joinsGroup) }
        checksDuplicates = address.checksDuplicates
        preferredLifetime = address.preferredLifetime
        isTracked = address.isTracked
    }
}

extension VirtualMAC {
    /// A virtual hardware address as the model has it.
    init(_ settings: VirtualMACSettings, vrid: VRID, family: AddressFamily) {
        let standard = MACAddress.virtual(vrid, family: family)
        let bits = settings.address ?? standard.octets.reduce(0) { $0 << 8 | UInt64($1) }
        self.init(linkName: settings.linkName, address: HardwareAddress(rawValue: bits))
        advertisesFromBase = settings.advertisesFromBase
    }
}
#endif
