internal import LinuxIO
internal import Netlink
internal import VRRPCore

extension Host {
    /// Puts addresses onto their interfaces with as few calls as possible.
    ///
    /// One that is there already without our tag becomes ours, so that it is removed with the
    /// others; only the address that the interface itself speaks from stays its own.
    ///
    /// - Parameter placed: The addresses, each to be put where it is placed.
    /// - Returns: For each, whether it was not there before, or why it is not there now: no such
    ///   interface, or no permission.
    func add(_ placed: [PlacedAddress]) -> [Result<Bool, HostError>] {
        forgetRemovals(of: placed)
        let located = placed.map { address in
            interfaces[address.interface].map {
                (interface: $0, address: request(for: address, on: $0))
            }
        }
        var additions: IndexingIterator<[Result<AddressManager.Addition, NetlinkError>]>
        do throws(NetlinkError) {
            additions = try addresses.add(located.compactMap { $0?.address }).makeIterator()
        } catch { return placed.map { _ in .failure(.netlink(error)) } }
        return zip(placed, located).map { placed, located in
            guard let located, let addition = additions.next() else {
                let subject = "\(placed.address) to \(placed.interface)"
                return .failure(
                    .system(SystemError(call: "add", errno: .noSuchDevice, subject: subject)))
            }
            return Result { () throws(HostError) in
                try settle(addition, of: located.address, on: located.interface)
            }
        }
    }

    /// Whether an address is on its interface, as the kernel last told.
    func isPresent(_ placed: PlacedAddress) -> Bool {
        let address = InternetAddress(placed.address)
        return interfaces[placed.interface]?.addresses.contains { $0.address == address } ?? false
    }

    /// What the kernel is asked to add.
    private func request(
        for placed: PlacedAddress, on interface: HostInterface
    ) -> InterfaceAddress {
        var address = InterfaceAddress(placed.held, on: interface.link)
        // Two routes to one network would make the answers depend on which of them came first.
        if let made = madeLinks[interface.link.name], hasNetwork(of: placed.held, below: made) {
            address.flags.insert(.noPrefixRoute)
        }
        return address
    }

    /// Makes an address ours that was there before; whether it was not.
    private func settle(
        _ addition: Result<AddressManager.Addition, NetlinkError>, of address: InterfaceAddress,
        on interface: HostInterface
    ) throws(HostError) -> Bool {
        let claimed = IPAddress(address.address)
        do throws(NetlinkError) {
            switch try addition.get() {
            case .added:
                note(claimed, on: interface.link.name, isClaimed: true)
                return true
            case .alreadyPresent(let present):
                guard present.protocolTag != .lbctl,
                    interface.sourceAddress(claimed.family) != claimed
                else { return false }
                if present.isSameAddress(as: address) {
                    try addresses.replace(address)
                } else {
                    // An IPv6 address with another prefix: the kernel would keep that, and not find
                    // what is taken off by ours.
                    _ = try addresses.remove(present)
                    _ = try addresses.add(address)
                }
                note(claimed, on: interface.link.name, isClaimed: true)
                return false
            }
        } catch { throw .netlink(error) }
    }

    /// Tells the LAN of an interface that this host has an address now.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - name: The interface.
    ///   - inBothForms: Whether hosts are told too that heed a reply only.
    /// - Throws: `HostError`: no such interface, one that is no Ethernet, or one that is down.
    func announce(
        _ address: IPAddress, on name: String, inBothForms: Bool
    ) throws(HostError) {
        guard let link = interfaces[name]?.link, let hardware = link.hardwareAddress,
            let mac = MACAddress(octets: hardware.octets)
        else { throw .system(SystemError(call: "announce", errno: .noSuchDevice, subject: name)) }
        var frames = [address.announcementFrame(from: mac)]
        if inBothForms, let reply = address.announcementReply(from: mac) { frames.append(reply) }
        for frame in frames {
            let result = announcer.sendFrame(frame.span, interfaceIndex: link.index)
            if case .failed(let errno) = result {
                throw .system(
                    SystemError(call: "announce", errno: errno, subject: "\(address) on \(name)"))
            }
        }
    }

    /// Takes off what an earlier run left behind, of this program by its tag, of others by address.
    ///
    /// The node's lock must be held: it says that no other run of this program is alive.
    func removeLeftovers() {
        do throws(NetlinkError) {
            for removed in try addresses.removeLeftovers(tag: .lbctl) { tell(removed) }
            for (name, virtual) in uses.virtualAddresses {
                guard let interface = interfaces[name] else { continue }
                let leftovers = interface.addresses.filter { present in
                    let address = IPAddress(present.address)
                    return virtual.contains(address)
                        && address != interface.sourceAddress(address.family)
                        && present.protocolTag != .lbctl
                }
                for leftover in leftovers where try addresses.remove(leftover) == .removed {
                    tell(leftover)
                }
            }
        } catch {
            emit(.failed(.netlink(error)))
        }
    }

    /// Whether the interface below a link is in the network of an address.
    private func hasNetwork(of held: HeldAddress, below made: Macvlan) -> Bool {
        let below = interfaces.values.first { $0.link.index == made.parentIndex }
        return below?.addresses.contains { present in
            InternetAddress(held.address).matches(
                present.address, prefixLength: UInt8(held.prefixLength))
        } ?? false
    }

    private func tell(_ removed: InterfaceAddress) {
        let name = interfaces.first { $0.value.link.index == removed.interfaceIndex }?.key
        emit(
            .leftoverRemoved(
                IPAddress(removed.address),
                interface: name ?? "interface \(removed.interfaceIndex)"))
    }
}

extension InterfaceAddress {
    init(_ held: HeldAddress, on link: Link) {
        self.init(
            InternetAddress(held.address), prefixLength: UInt8(held.prefixLength),
            interfaceIndex: link.index)
        broadcast = held.broadcast.map { .v4($0.rawValue) }
        label = held.label
        scope = held.scope
        if let peer = held.peer {
            self.peer = held.peerAddress
            prefixLength = peer.length
        }
        flags.formUnion(held.flags)
        if held.checksDuplicates { flags.remove(.noDuplicateDetection) }
        if let seconds = held.preferredLifetime {
            lifetime = Lifetime(validSeconds: Lifetime.forever, preferredSeconds: seconds)
        }
        protocolTag = .lbctl
    }
}
