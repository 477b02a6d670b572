internal import LinuxIO
internal import Netlink
internal import Reactor
internal import VRRPCore

/// An interface that virtual routers need, as the kernel last described it.
struct HostInterface {
    var link: Link
    var addresses: [InterfaceAddress] = []
    /// The addresses that virtual routers hold here from time to time: no source to rely on.
    var virtualAddresses: Set<IPv4Address> = []
    /// The addresses that this run put here: without tags, only it knows.
    var claimedAddresses: Set<IPv4Address> = []
    /// The socket, where virtual routers advertise here.
    var socket: AdvertisementSocket?
    /// Why there is no socket.
    var socketError: SystemError?

    /// Whether it is set up and has a carrier.
    var isUp: Bool { link.isRunning }

    /// The address that advertisements come from: the first that does not move.
    ///
    /// The owner's virtual address is its own one, put there by somebody else: without our tag.
    var sourceAddress: IPv4Address? {
        let lasting = addresses.filter { $0.protocolTag != .lbctl }
            .compactMap(IPv4Address.init)
            .filter { !claimedAddresses.contains($0) }
        return lasting.first { !virtualAddresses.contains($0) } ?? lasting.first
    }
}

extension IPv4Address {
    /// Takes the address out of what netlink says; `nil` for IPv6.
    init?(_ address: InterfaceAddress) {
        guard case .v4(let bits) = address.address else { return nil }
        self.init(rawValue: bits)
    }
}
