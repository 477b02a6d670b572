import VRRPCore

/// What `use_vmac` says, before the defaults.
struct KeepalivedVirtualMAC: Sendable {
    let keyword: Word
    var name: String?
    var address: UInt64?

    /// The settings; keepalived's name for the link is `vrrp.VRID`, over IPv6 `vrrp6.VRID`.
    func settings(
        _ vrid: VRID, _ family: AddressFamily, advertisesFromBase: Bool
    ) -> VirtualMACSettings {
        let standard = family == .ipv4 ? "vrrp.\(vrid.rawValue)" : "vrrp6.\(vrid.rawValue)"
        var settings = VirtualMACSettings(linkName: name ?? standard)
        settings.address = address
        settings.advertisesFromBase = advertisesFromBase
        return settings
    }
}

extension Word {
    /// The word as the Ethernet address of one station.
    func macAddress() throws(Remark) -> UInt64 {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let octets = parts.compactMap { part in
            (1...2).contains(part.utf8.count) ? UInt64(part, radix: 16) : nil
        }
        let isGroup = octets.first.map { $0 & 1 == 1 } ?? true
        guard octets.count == 6, !isGroup, octets.contains(where: { $0 != 0 }) else {
            throw .error(
                "\(text.quoted): must be the MAC address of one station, such as 02:00:5e:00:01:33",
                at: position)
        }
        return octets.reduce(0) { $0 << 8 | $1 }
    }
}
