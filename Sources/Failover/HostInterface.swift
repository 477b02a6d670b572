internal import LinuxIO
internal import Netlink
internal import Reactor
internal import VRRPCore

/// An interface that virtual routers need, as the kernel last described it.
struct HostInterface {
    var link: Link
    var addresses: [InterfaceAddress] = []
    /// The addresses that virtual routers hold here from time to time: no source to rely on.
    var virtualAddresses: Set<IPAddress> = []
    /// The addresses that this run put here: without tags, only it knows.
    var claimedAddresses: Set<IPAddress> = []
    /// The sockets, one for each family in which virtual routers advertise here.
    var sockets: [AddressFamily: AdvertisementSocket] = [:]
    /// Hears messages inside an IPsec authentication header; `nil` where that can't be.
    var headerSocket: AuthenticationHeaderSocket?
    /// Why there is no socket of a family, or none that hears its groups.
    var socketErrors: [AddressFamily: SystemError] = [:]

    /// What it counts as, where changes of it have to last; `nil`: they count at once.
    var settledState: Bool?

    /// Whether it is set up and has a carrier, as far as that counts.
    var isUp: Bool { settledState ?? link.isRunning }

    /// The address that advertisements come from: the first that does not move.
    ///
    /// Over IPv6 it is a link-local one that is not being checked for a duplicate (RFC 9568
    /// §5.1.2.1). The owner's virtual address is its own one, put there by somebody else: without
    /// our tag.
    func sourceAddress(_ family: AddressFamily) -> IPAddress? {
        lastingAddress { address in
            guard address.family == family else { return false }
            return address.ipv6?.isLinkLocal ?? true
        }
    }

    /// The first usable address for which `condition` holds, rather one that never moves.
    func lastingAddress(where condition: (IPAddress) -> Bool) -> IPAddress? {
        let lasting = addresses.filter { $0.protocolTag != .lbctl && $0.isUsable }
            .map { IPAddress($0.address) }
            .filter { condition($0) && !claimedAddresses.contains($0) }
        return lasting.first { !virtualAddresses.contains($0) } ?? lasting.first
    }
}

extension IPAddress {
    /// The same address in the words of the protocol's room.
    init(_ address: InternetAddress) {
        switch address {
        case .v4(let bits): self = .v4(IPv4Address(rawValue: bits))
        case .v6(let high, let low): self = .v6(IPv6Address(high: high, low: low))
        }
    }
}

extension InternetAddress {
    /// The same address in the words of netlink's room.
    init(_ address: IPAddress) {
        switch address {
        case .v4(let address): self = .v4(address.rawValue)
        case .v6(let address): self = .v6(high: address.high, low: address.low)
        }
    }
}
