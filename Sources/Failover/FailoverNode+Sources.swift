internal import Netlink
internal import Reactor
internal import VRRPCore

extension FailoverNode {
    /// The configuration with the interfaces that have the source addresses at this moment.
    func placed(_ asked: FailoverConfiguration) -> FailoverConfiguration {
        asked.placed { host.interface(with: $0) }
    }

    /// Lets virtual routers follow their source addresses to other interfaces, in a later turn.
    func followSources() {
        guard placed(asked) != configuration, !isFollowingSources else { return }
        isFollowingSources = true
        host.loop.schedule(at: host.loop.now) { [weak self] in
            guard let self else { return }
            isFollowingSources = false
            do throws(HostError) { try adopt(placed(asked)) } catch { host.emit(.failed(error)) }
        }
    }
}

extension FailoverConfiguration {
    /// The same, each router that follows its source address on the interface that has it.
    ///
    /// Of two that would become the same virtual router, the first is placed.
    ///
    /// - Parameter interface: The name of the interface with an address; `nil`: none has it.
    /// - Returns: The configuration with the interfaces that were found.
    func placed(by interface: (IPAddress) -> String?) -> FailoverConfiguration {
        guard routers.contains(where: \.followsSource) else { return self }
        var next = self
        var keys = Set(routers.filter { !$0.followsSource }.map(RouterKey.init))
        for index in routers.indices where routers[index].followsSource {
            var router = routers[index]
            guard let name = router.sourceAddress.flatMap(interface) else { continue }
            router.interface = name
            if keys.insert(RouterKey(router)).inserted { next.routers[index] = router }
        }
        return next
    }
}

extension Host {
    /// The interface that has an address of the host's own, the first made of several.
    func interface(with address: IPAddress) -> String? {
        guard let state = networkState else { return nil }
        return state.links.keys.sorted().first { index in
            state.addresses(of: index).contains {
                IPAddress($0.address) == address && $0.protocolTag != .lbctl
            }
        }.flatMap { state.links[$0]?.name }
    }
}
