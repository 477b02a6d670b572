internal import LinuxIO
internal import VRRPCore

extension RouterDriver {
    /// Does what the election asks for, in its order.
    ///
    /// - Returns: The states that the router entered meanwhile.
    func perform(_ actions: [VirtualRouter.Action]) -> [RouterState] {
        var entered: [RouterState] = []
        for action in actions {
            switch action {
            case .advertise(let priority): advertise(priority)
            case .claimAddresses: claimAddresses()
            case .announceAddresses(let repetitions): announceAddresses(repetitions: repetitions)
            case .releaseAddresses: releaseAddresses()
            case .report(.transition(let old, let new)):
                count(from: old, to: new)
                if let state = follow(to: new) { entered.append(state) }
            // Whoever delivered the advertisement knows its sender, and counts it.
            case .report(.rejected): break
            case .report(.releaseReceived(let sender)):
                counters.releasesReceived += 1
                emit(.heardRelease(from: sender, as: state))
            case .report(let observation): emit(.observed(observation))
            }
        }
        return entered
    }

    private func count(from old: VirtualRouter.Role, to new: VirtualRouter.Role) {
        if old == .active { counters.releasedActive += 1 }
        if new == .active { counters.becameActive += 1 }
    }

    private func claimAddresses() {
        emit(.claimsAddresses)
        for address in settings.heldAddresses where !heldAddresses.contains(address) {
            do throws(HostError) {
                try host.add(address, defaultInterface: settings.interface)
                heldAddresses.append(address)
            } catch {
                emit(.failed(error))
            }
        }
    }

    private func releaseAddresses() {
        emit(.releasesAddresses)
        // Also those whose addition failed: nothing is to stay behind.
        release(settings.heldAddresses)
    }

    /// Takes addresses off their interfaces.
    func release(_ addresses: [HeldAddress]) {
        for address in addresses {
            do throws(HostError) {
                try host.remove(address, defaultInterface: settings.interface)
            } catch {
                emit(.failed(error))
            }
        }
        heldAddresses.removeAll(where: addresses.contains)
    }

    private func announceAddresses(repetitions: Int) {
        guard repetitions > 0 else { return }
        for address in settings.heldAddresses {
            let interface = address.interface ?? settings.interface
            emit(.announces(address.address, interface: interface))
        }
        for _ in 0..<repetitions {
            for address in settings.heldAddresses { announce(address) }
        }
    }

    func announce(_ address: HeldAddress) {
        let interface = address.interface ?? settings.interface
        do throws(HostError) {
            try host.announce(address.address, on: interface)
            host.emit(.announced(address.address, interface: interface))
        } catch {
            emit(.failed(error))
        }
    }
}
