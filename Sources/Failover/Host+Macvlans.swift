internal import LinuxIO
internal import Netlink
internal import VRRPCore

extension Host {
    /// Makes the links with a virtual hardware address that are configured and not there, as far as
    /// the interfaces below are.
    func provideLinks(for routers: [RouterSettings]) {
        for router in routers {
            guard let wanted = router.virtualMAC, let parent = interfaces[router.interface]?.link
            else { continue }
            let usesIPv6 = router.heldAddresses.contains { $0.address.family == .ipv6 }
            do throws(NetlinkError) {
                if let made = madeLinks[wanted.linkName] {
                    // By a reload it may have got its first one.
                    if usesIPv6 { try macvlans.allowIPv6(on: made) }
                    continue
                }
                let made = try macvlans.create(
                    name: wanted.linkName, hardwareAddress: wanted.address,
                    parentIndex: parent.index, usesIPv6: usesIPv6)
                madeLinks[wanted.linkName] = made
                linkFailures[wanted.linkName] = nil
                try links.set(index: made.index, isUp: true)
            } catch {
                // Told once: it is tried again with each change of an interface.
                if linkFailures.updateValue(error, forKey: wanted.linkName) != error {
                    emit(.failed(.netlink(error)))
                }
            }
        }
    }

    /// Lets the link of a virtual hardware address send on what comes in for others, while this host is
    /// the one that has the address.
    func setForwarding(_ isOn: Bool, on link: String) throws(HostError) {
        guard let made = madeLinks[link] else { return }
        do throws(NetlinkError) { try macvlans.setForwarding(isOn, on: made) } catch {
            throw .netlink(error)
        }
    }

    /// Makes the links that another configuration adds, so that addresses can move there.
    ///
    /// What is in their way goes first, with the addresses on it: an old link of the same name, or
    /// of the same hardware address on the same interface. All else stays until ``removeLinks(except:)``.
    func replaceLinks(for routers: [RouterSettings]) {
        for (name, made) in madeLinks where !isWanted(made, for: routers) {
            let isInTheWay = routers.contains { router in
                router.virtualMAC?.linkName == name
                    || router.virtualMAC?.address == made.hardwareAddress
                        && interfaces[router.interface]?.link.index == made.parentIndex
            }
            if isInTheWay { remove(made) }
        }
        provideLinks(for: routers)
        catchUp()
    }

    /// Removes the links that are not configured any more, or differently.
    func removeLinks(except routers: [RouterSettings]) {
        for made in madeLinks.values where !isWanted(made, for: routers) { remove(made) }
    }

    private func isWanted(_ made: Macvlan, for routers: [RouterSettings]) -> Bool {
        routers.contains { router in
            router.virtualMAC?.linkName == made.name
                && router.virtualMAC?.address == made.hardwareAddress
                && interfaces[router.interface]?.link.index == made.parentIndex
        }
    }

    private func remove(_ made: Macvlan) {
        madeLinks[made.name] = nil
        do throws(NetlinkError) { _ = try macvlans.remove(made) } catch {
            emit(.failed(.netlink(error)))
        }
    }

    /// Forgets links that somebody deleted, so that they are made again.
    ///
    /// One that was just made may not be known yet: that it is gone has to have been told.
    func forgetLinks(where isGone: (Int32) -> Bool) {
        for (name, made) in madeLinks where isGone(made.index) { madeLinks[name] = nil }
    }

    /// Removes the links that an earlier run left behind, and restores the interfaces below.
    ///
    /// The node's lock must be held: it says that no other run of this program is alive.
    func removeLeftoverLinks() {
        do throws(NetlinkError) {
            for link in try macvlans.removeLeftovers() {
                emit(.leftoverPartRemoved("link \(link.name)"))
            }
        } catch { emit(.failed(.netlink(error))) }
    }
}
