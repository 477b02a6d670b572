internal import LinuxIO
internal import Netlink
internal import Reactor
internal import VRRPCore

extension Host {
    /// Takes addresses off their interfaces with as few calls as possible; nothing happens to those
    /// that are not there.
    ///
    /// What fails is tried again each second until it is done or the address is held anew: another
    /// node has it by then.
    ///
    /// - Parameter placed: The addresses.
    /// - Returns: What the system refused: no permission.
    func remove(_ placed: [PlacedAddress]) -> [HostError] {
        var errors: [HostError] = []
        for (address, result) in takeOff(placed) {
            guard case .failure(let error) = result else { continue }
            unremoved.insert(address)
            // One that is about all of them is one.
            if !errors.contains(error) { errors.append(error) }
        }
        setRemovalTimer()
        return errors
    }

    /// Leaves addresses alone from now on that could not be taken off and are held again.
    func forgetRemovals(of placed: [PlacedAddress]) {
        guard !unremoved.isEmpty else { return }
        unremoved = unremoved.filter { left in
            !placed.contains { $0.address == left.address && $0.interface == left.interface }
        }
    }

    /// Tries for the last time.
    func endRemovals() {
        if let removalRetry { loop.cancel(removalRetry) }
        removalRetry = nil
        removeAgain()
    }

    private func setRemovalTimer() {
        guard !unremoved.isEmpty, removalRetry == nil else { return }
        removalRetry = loop.schedule(after: .seconds(1)) { [weak self] in
            guard let self else { return }
            removalRetry = nil
            removeAgain()
            setRemovalTimer()
        }
    }

    private func removeAgain() {
        guard !unremoved.isEmpty else { return }
        let former = unremoved
        unremoved = []
        for (address, result) in takeOff(Array(former)) {
            switch result {
            case .success(.removed):
                emit(.removedLate(address.address, interface: address.interface))
            case .success(.alreadyAbsent): break
            case .failure: unremoved.insert(address)
            }
        }
    }

    /// Takes off what is on its interface; what came of each.
    private func takeOff(
        _ placed: [PlacedAddress]
    ) -> [(PlacedAddress, Result<AddressManager.Removal, HostError>)] {
        let present = placed.compactMap { address -> (PlacedAddress, HostInterface)? in
            // An interface that is gone took the address along; one with another name did not.
            guard let interface = interfaceInUse(address.interface),
                interface.sourceAddress(address.address.family) != address.address
            else { return nil }
            return (address, interface)
        }
        let results: [Result<AddressManager.Removal, NetlinkError>]
        do throws(NetlinkError) {
            results = try addresses.remove(
                present.map { InterfaceAddress($0.held, on: $1.link) })
        } catch { return present.map { ($0.0, .failure(.netlink(error))) } }
        return zip(present, results).map { placed, result in
            let (address, interface) = placed
            if case .success = result {
                note(address.address, on: interface.link.name, isClaimed: false)
            }
            return (address, result.mapError(HostError.netlink))
        }
    }
}
