internal import LinuxIO
internal import Netlink
internal import VRRPCore

extension Host {
    /// Makes the links with a virtual hardware address that are configured and not there, as far as
    /// the interfaces below are, and sets them up.
    func provideLinks(for routers: [RouterSettings]) {
        for router in routers {
            guard let wanted = router.virtualMAC, let parent = interfaces[router.interface]?.link
            else { continue }
            let known = madeLinks[wanted.linkName]
            // Somebody may have set it down.
            let isDown = interfaces[wanted.linkName]?.link.isUp == false
            guard known == nil || isDown || linksToSetUp.contains(wanted.linkName) else { continue }
            do throws(NetlinkError) {
                // One that another link with its hardware address keeps down stays: to make it anew
                // would be a change of an interface, and the reason to try again at once.
                let made = if let known { known } else { try make(wanted, below: parent) }
                try links.set(index: made.index, isUp: true)
                linksToSetUp.remove(wanted.linkName)
                linkFailures[wanted.linkName] = nil
            } catch {
                // Told once: it is tried again with each change of an interface.
                if linkFailures.updateValue(error, forKey: wanted.linkName) != error {
                    emit(.failed(.netlink(error)))
                }
            }
        }
    }

    private func make(_ wanted: VirtualMAC, below parent: Link) throws(NetlinkError) -> Macvlan {
        let made = try macvlans.create(
            name: wanted.linkName, hardwareAddress: wanted.address, parentIndex: parent.index)
        openLinks[wanted.linkName] = nil
        madeLinks[wanted.linkName] = made
        linksToSetUp.insert(wanted.linkName)
        return made
    }

    /// Lets the link of a virtual hardware address take part, with or without IPv6, while this host is
    /// the one that has the address; nothing happens to one that does.
    func openLink(_ name: String, usesIPv6: Bool) throws(HostError) {
        guard openLinks[name] != usesIPv6, let made = madeLinks[name] else { return }
        do throws(NetlinkError) { try macvlans.open(made, usesIPv6: usesIPv6) } catch {
            throw .netlink(error)
        }
        openLinks[name] = usesIPv6
    }

    /// Lets it take part no more; its IPv6 addresses go.
    func shutLink(_ name: String) throws(HostError) {
        openLinks[name] = nil
        guard let made = madeLinks[name] else { return }
        do throws(NetlinkError) { try macvlans.shut(made) } catch { throw .netlink(error) }
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
