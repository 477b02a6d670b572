internal import LinuxIO
internal import Netlink
internal import Reactor
internal import VRRPCore

/// An interface that virtual routers need, as the kernel last described it.
struct HostInterface {
    let link: Link
    let addresses: [InterfaceAddress]
    /// The addresses that virtual routers hold here from time to time: no source to rely on.
    private(set) var virtualAddresses: Set<IPAddress>
    /// The addresses that this run put here: without tags, only it knows.
    private(set) var claimedAddresses: Set<IPAddress> = []
    /// The usable addresses that somebody else put here.
    private(set) var lastingAddresses: [IPAddress] = []
    /// The ones among them to send from.
    private var sources: [SourceKind: IPAddress] = [:]
    /// The sockets, one for each family in which virtual routers advertise here.
    var sockets: [AddressFamily: AdvertisementSocket] = [:]
    /// Hears messages inside an IPsec authentication header; `nil` where that can't be.
    var headerSocket: AuthenticationHeaderSocket?
    /// Why there is no socket of a family, or none that hears its groups.
    var socketErrors: [AddressFamily: SystemError] = [:]

    /// What it counts as, where changes of it have to last; `nil`: they count at once.
    var settledState: Bool?

    /// Describes an interface.
    ///
    /// - Parameters:
    ///   - link: The link.
    ///   - addresses: Its addresses, in the kernel's order.
    ///   - virtualAddresses: Those that virtual routers hold here from time to time.
    ///   - former: The same interface as it was known before.
    init(
        link: Link, addresses: [InterfaceAddress], virtualAddresses: Set<IPAddress>,
        following former: HostInterface? = nil
    ) {
        self.link = link
        self.addresses = addresses
        self.virtualAddresses = virtualAddresses
        claimedAddresses = former?.claimedAddresses ?? []
        if let former, former.link.index == link.index { sources = former.sources }
        chooseSources()
    }

    /// Whether it is set up and has a carrier, as far as that counts.
    var isUp: Bool { settledState ?? link.isRunning }

    /// The address that advertisements come from.
    ///
    /// Over IPv6 it is a link-local one (RFC 9568 §5.1.2.1).
    func sourceAddress(_ family: AddressFamily) -> IPAddress? {
        sources[family == .ipv4 ? .ipv4 : .linkLocal]
    }

    /// The IPv6 address that routers are sent to from which are no neighbours.
    var globalSource: IPAddress? { sources[.global] }

    /// Whether virtual routers find it as they found another one: of what they hold here, nothing counts.
    func isLike(_ other: HostInterface?) -> Bool {
        guard let other else { return false }
        return link == other.link && isUp == other.isUp && sources == other.sources
            && lastingAddresses == other.lastingAddresses && socketErrors == other.socketErrors
    }

    /// The same interface, with other addresses that move.
    func with(virtualAddresses: Set<IPAddress>) -> HostInterface {
        var other = self
        other.virtualAddresses = virtualAddresses
        other.chooseSources()
        return other
    }

    /// Remembers that this run put an address here, or took it off again.
    mutating func note(_ address: IPAddress, isClaimed: Bool) {
        guard isClaimed else {
            claimedAddresses.remove(address)
            return
        }
        claimedAddresses.insert(address)
        if lastingAddresses.contains(address) { chooseSources() }
    }

    /// Chooses the addresses to send from, but for those that still do.
    ///
    /// One that never moves goes before a virtual one: the owner's is its own, put there by somebody
    /// else. Of IPv4 addresses, the kernel's first is taken. IPv6 ones it lists in the order in which
    /// it pleases, another one after a restart: there the most lasting is, the lowest of several.
    private mutating func chooseSources() {
        let lasting = addresses.filter {
            $0.protocolTag != .lbctl && $0.isUsable
                && !claimedAddresses.contains(IPAddress($0.address))
        }
        lastingAddresses = lasting.map { IPAddress($0.address) }
        let former = sources
        sources = [:]
        for (kind, usable) in Dictionary(grouping: lasting, by: SourceKind.init) {
            let unmoving = usable.filter { !virtualAddresses.contains(IPAddress($0.address)) }
            let candidates = unmoving.isEmpty ? usable : unmoving
            let kept = candidates.first { IPAddress($0.address) == former[kind] }
            let best = candidates.min { $0.sourceRank < $1.sourceRank }
            sources[kind] = (kept ?? best).map { IPAddress($0.address) }
        }
    }
}

/// What an address to send from is good for.
private enum SourceKind {
    case ipv4, linkLocal, global

    init(_ address: InterfaceAddress) {
        self =
            switch IPAddress(address.address) {
            case .v4: .ipv4
            case .v6(let address): address.isLinkLocal ? .linkLocal : .global
            }
    }
}

extension InterfaceAddress {
    /// Where it stands among those that could be sent from, the best first.
    fileprivate var sourceRank: (flaws: Int, order: IPAddress) {
        guard case .v6 = address else { return (0, .unspecified(.ipv4)) }
        // The kernel's bit for a secondary IPv4 address says of an IPv6 one that it is temporary.
        let isPassing = !flags.isDisjoint(with: [.secondary, .deprecated])
        return (isPassing ? 2 : flags.contains(.permanent) ? 0 : 1, IPAddress(address))
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
