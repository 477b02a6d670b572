internal import LinuxIO
internal import Netlink
internal import VRRPCore

extension Host {
    /// Puts an address onto its interface.
    ///
    /// One that is there already without our tag becomes ours, so that it is removed with the
    /// others; only the address that the interface itself speaks from stays its own.
    ///
    /// - Parameters:
    ///   - held: The address.
    ///   - name: The interface, unless the address names its own.
    /// - Returns: Whether it was not there before.
    /// - Throws: `HostError`: no such interface, or no permission.
    @discardableResult
    func add(_ held: HeldAddress, defaultInterface name: String) throws(HostError) -> Bool {
        let interface = try interface(of: held, defaultInterface: name)
        let address = InterfaceAddress(held, on: interface.link)
        do throws(NetlinkError) {
            switch try addresses.add(address) {
            case .added:
                note(held.address, on: interface.link.name, isClaimed: true)
                return true
            case .alreadyPresent(let present):
                if present.protocolTag != .lbctl,
                    interface.sourceAddress(held.address.family) != held.address
                {
                    try addresses.replace(address)
                    note(held.address, on: interface.link.name, isClaimed: true)
                }
                return false
            }
        } catch {
            throw .netlink(error)
        }
    }

    /// Takes an address off its interface; nothing happens if it is not there.
    ///
    /// - Parameters:
    ///   - held: The address.
    ///   - name: The interface, unless the address names its own.
    /// - Throws: `HostError`: no permission.
    func remove(_ held: HeldAddress, defaultInterface name: String) throws(HostError) {
        // An interface that is gone took the address along; one with another name did not.
        guard let interface = interfaceInUse(held.interface ?? name),
            interface.sourceAddress(held.address.family) != held.address
        else { return }
        do throws(NetlinkError) {
            _ = try addresses.remove(InterfaceAddress(held, on: interface.link))
            note(held.address, on: interface.link.name, isClaimed: false)
        } catch {
            throw .netlink(error)
        }
    }

    /// Tells the LAN of an interface that this host has an address now.
    ///
    /// - Throws: `HostError`: no such interface, one that is no Ethernet, or one that is down.
    func announce(_ address: IPAddress, on name: String) throws(HostError) {
        guard let link = interfaces[name]?.link, let hardware = link.hardwareAddress,
            let mac = MACAddress(octets: hardware.octets)
        else { throw .system(SystemError(call: "announce", errno: .noSuchDevice, subject: name)) }
        let frame = address.announcementFrame(from: mac)
        let result = announcer.sendFrame(frame.span, interfaceIndex: link.index)
        if case .failed(let errno) = result {
            throw .system(
                SystemError(call: "announce", errno: errno, subject: "\(address) on \(name)"))
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

    private func tell(_ removed: InterfaceAddress) {
        let name = interfaces.first { $0.value.link.index == removed.interfaceIndex }?.key
        emit(
            .leftoverRemoved(
                IPAddress(removed.address),
                interface: name ?? "interface \(removed.interfaceIndex)"))
    }

    private func interface(
        of held: HeldAddress, defaultInterface name: String
    ) throws(HostError) -> HostInterface {
        let name = held.interface ?? name
        guard let interface = interfaces[name] else {
            throw .system(
                SystemError(
                    call: "add", errno: .noSuchDevice, subject: "\(held.address) to \(name)"))
        }
        return interface
    }
}

extension InterfaceAddress {
    init(_ held: HeldAddress, on link: Link) {
        self.init(
            InternetAddress(held.address), prefixLength: UInt8(held.prefixLength),
            interfaceIndex: link.index)
        broadcast = held.broadcast.map { .v4($0.rawValue) }
        label = held.label
        protocolTag = .lbctl
    }
}
