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
            case .report(.rejected(let reason)):
                refuse(.rejected(reason), source: lastHeard?.source)
            case .report(let observation):
                if case .releaseReceived = observation { counters.releasesReceived += 1 }
                emit(.observed(observation))
            }
        }
        return entered
    }

    private func count(from old: VirtualRouter.Role, to new: VirtualRouter.Role) {
        if old == .active { counters.releasedActive += 1 }
        if new == .active { counters.becameActive += 1 }
    }

    private func advertise(_ priority: Priority) {
        guard let election, let source = election.configuration.primaryAddress.ipv4 else { return }
        let message = election.advertisement(priority: priority)
            .encoded(coverage: coverage, source: source)
        let socket = host.interfaces[settings.interface]?.socket
        guard case .moved = socket?.send(message, from: source) else {
            counters.sendFailures += 1
            return
        }
        counters.sent += 1
        if priority == .release {
            counters.releasesSent += 1
            emit(.sentRelease)
        }
    }

    private func claimAddresses() {
        emit(.claimsAddresses)
        for address in settings.addresses {
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
        for address in settings.addresses {
            do throws(HostError) {
                try host.remove(address, defaultInterface: settings.interface)
            } catch {
                emit(.failed(error))
            }
        }
        heldAddresses = []
    }

    private func announceAddresses(repetitions: Int) {
        guard repetitions > 0 else { return }
        for address in settings.addresses {
            let interface = address.interface ?? settings.interface
            emit(.announces(address.address, interface: interface))
        }
        for _ in 0..<repetitions {
            for address in settings.addresses { announce(address) }
        }
    }

    private func announce(_ address: HeldAddress) {
        let interface = address.interface ?? settings.interface
        do throws(HostError) {
            try host.announce(address.address, on: interface)
            host.emit(.announced(address.address, interface: interface))
        } catch {
            emit(.failed(error))
        }
    }

    /// Puts an address back that somebody else took off.
    func restore(_ address: IPv4Address, on interface: String) {
        guard
            let held = heldAddresses.first(where: {
                $0.address == address && ($0.interface ?? settings.interface) == interface
            })
        else { return }
        do throws(HostError) {
            guard try host.add(held, defaultInterface: settings.interface) else { return }
            counters.addressesRestored += 1
            emit(.addressRestored(address, interface: interface))
            announce(held)
        } catch {
            emit(.failed(error))
        }
    }
}
