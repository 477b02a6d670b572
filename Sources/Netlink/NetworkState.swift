/// The links of a namespace and their addresses, as far as they were reported.
///
/// Pure: what changes it comes from the caller.
public struct NetworkState: Hashable, Sendable {
    /// One report of the kernel.
    enum Change: Hashable {
        case link(Link)
        case linkRemoved(index: Int32)
        case address(InterfaceAddress)
        case addressRemoved(InterfaceAddress)
    }

    /// The links by number.
    public private(set) var links: [Int32: Link] = [:]
    private var addressesByLink: [Int32: [InterfaceAddress]] = [:]

    /// Makes the state of a network without links.
    public init() {}

    init(links: [Link], addresses: [InterfaceAddress]) {
        for link in links { self.links[link.index] = link }
        for address in addresses {
            addressesByLink[address.interfaceIndex, default: []].append(address)
        }
    }

    /// The link of a name, or `nil`.
    ///
    /// - Parameter name: `eth1` for example.
    /// - Returns: The link that has the name now.
    /// - Complexity: O(n) in the number of links.
    public func link(named name: String) -> Link? { links.values.first { $0.name == name } }

    /// The addresses of a link, primaries before their secondaries, else in the order of arrival.
    ///
    /// - Parameter index: The link's number.
    /// - Returns: The addresses; none for a link that does not exist.
    public func addresses(of index: Int32) -> [InterfaceAddress] {
        let all = addressesByLink[index] ?? []
        return all.filter { !$0.isSecondary } + all.filter(\.isSecondary)
    }

    /// The address that a link speaks from: its first one.
    ///
    /// - Parameters:
    ///   - index: The link's number.
    ///   - family: The version.
    ///   - excluded: Addresses that do not count, such as those that move between nodes.
    /// - Returns: The first address that counts, or `nil`.
    public func primaryAddress(
        of index: Int32, family: InternetAddress.Family = .v4,
        excluding excluded: Set<InternetAddress> = []
    ) -> InterfaceAddress? {
        addresses(of: index).first {
            $0.address.family == family && !excluded.contains($0.address)
        }
    }

    /// The IPv6 address that a link speaks to its neighbours from.
    ///
    /// Without one, or while the kernel checks whether another node has it, nothing that needs a
    /// link-local source can be sent. RFC 4291 §2.8.
    ///
    /// - Parameters:
    ///   - index: The link's number.
    ///   - excluded: Addresses that do not count, such as those that move between nodes.
    /// - Returns: The first usable one, or `nil`.
    public func linkLocalAddress(
        of index: Int32, excluding excluded: Set<InternetAddress> = []
    ) -> InterfaceAddress? {
        addresses(of: index).first {
            $0.address.family == .v6 && $0.address.isLinkLocal && $0.isUsable
                && !excluded.contains($0.address)
        }
    }

    /// Takes a report in.
    ///
    /// - Parameter change: The report.
    /// - Returns: What is different now; nothing for a report of what was known. An address that is gone is
    ///   told of even if nobody told that it came.
    mutating func apply(_ change: Change) -> [NetworkEvent] {
        switch change {
        case .link(let link):
            guard links.updateValue(link, forKey: link.index) != link else { return [] }
            return [.linkChanged(link)]
        case .linkRemoved(let index):
            let removed = addresses(of: index).map(NetworkEvent.addressRemoved)
            addressesByLink[index] = nil
            guard let link = links.removeValue(forKey: index) else { return removed }
            return removed + [.linkRemoved(index: index, name: link.name)]
        case .address(let address):
            let index = address.interfaceIndex
            guard let position = addressesByLink[index]?.firstIndex(where: address.isSameAddress)
            else {
                addressesByLink[index, default: []].append(address)
                return [.addressAdded(address)]
            }
            let former = addressesByLink[index]?[position]
            addressesByLink[index]?[position] = address
            return former?.differs(from: address) == false ? [] : [.addressAdded(address)]
        case .addressRemoved(let address):
            let known = addressesByLink[address.interfaceIndex] ?? []
            // The kernel tells of a new IPv6 address from a work queue, and of none that is gone by then.
            guard let position = known.firstIndex(where: address.isSameAddress) else {
                return [.addressRemoved(address)]
            }
            addressesByLink[address.interfaceIndex]?.remove(at: position)
            return [.addressRemoved(known[position])]
        }
    }

    /// The same, with what was known before in the order in which it was, ahead of what is new.
    ///
    /// The kernel lists the IPv6 address that came last first, and tells of it last. Who has chosen one
    /// by its place would find another there, though nothing has changed.
    ///
    /// - Parameter earlier: The state before.
    /// - Returns: The same links and addresses.
    func inOrder(of earlier: NetworkState) -> NetworkState {
        var ordered = self
        for (index, listed) in addressesByLink {
            let known = earlier.addressesByLink[index] ?? []
            let kept = known.compactMap { listed.first(where: $0.isSameAddress) }
            ordered.addressesByLink[index] =
                kept + listed.filter { address in !known.contains(where: address.isSameAddress) }
        }
        return ordered
    }

    /// What happened between this state and a later one, as far as it can still be told.
    ///
    /// - Parameter later: The later state.
    /// - Returns: The events that lead from this state to the later one.
    func events(until later: NetworkState) -> [NetworkEvent] {
        var events: [NetworkEvent] = []
        for index in addressesByLink.keys.sorted() {
            let kept = later.addressesByLink[index] ?? []
            events += addresses(of: index)
                .filter { address in !kept.contains(where: address.isSameAddress) }
                .map(NetworkEvent.addressRemoved)
        }
        for (index, link) in links.sorted(by: { $0.key < $1.key }) where later.links[index] == nil {
            events.append(.linkRemoved(index: index, name: link.name))
        }
        for (index, link) in later.links.sorted(by: { $0.key < $1.key })
        where links[index] != link {
            events.append(.linkChanged(link))
        }
        for index in later.addressesByLink.keys.sorted() {
            let known = addressesByLink[index] ?? []
            events += later.addresses(of: index)
                .filter { address in
                    !known.contains { $0.isSameAddress(as: address) && !$0.differs(from: address) }
                }
                .map(NetworkEvent.addressAdded)
        }
        return events
    }
}

extension InterfaceAddress {
    /// Whether anything but the remaining lifetime is different, which runs by itself.
    fileprivate func differs(from other: InterfaceAddress) -> Bool {
        var normalized = other
        normalized.lifetime = lifetime
        return self != normalized
    }
}
