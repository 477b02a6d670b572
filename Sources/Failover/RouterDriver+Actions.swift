internal import LinuxIO
internal import VRRPCore

extension RouterDriver {
    /// Does one thing that the election asks for.
    ///
    /// - Returns: The state that the router entered by it, if it did.
    func perform(_ action: VirtualRouter.Action) -> RouterState? {
        switch action {
        case .advertise(let priority): advertise(priority)
        case .claimAddresses: claimAddresses()
        case .announceAddresses(let repetitions): announceAddresses(repetitions: repetitions)
        case .releaseAddresses: releaseAddresses()
        case .report(.transition(let old, let new)):
            count(from: old, to: new)
            return follow(to: new)
        // Whoever delivered the advertisement knows its sender, and counts it.
        case .report(.rejected): break
        case .report(.releaseReceived(let sender)):
            counters.releasesReceived += 1
            emit(.heardRelease(from: sender, as: state))
        case .report(let observation):
            emit(.observed(observation))
            tell(of: observation)
        }
        return nil
    }

    /// Tells named pipes, and programs that asked for it, of what changes no state.
    private func tell(of observation: VirtualRouter.Observation) {
        switch observation {
        case .inferiorAnswered: notify(.heardInferior)
        case .priorityChanged where settings.tellsPriorityChanges && state != .stopped:
            notifier.write(
                .priorityChanged(isActive: state == .active),
                of: .router(name: settings.name, effectivePriority))
        default: break
        }
    }

    private func count(from old: VirtualRouter.Role, to new: VirtualRouter.Role) {
        if old == .active { counters.releasedActive += 1 }
        if new == .active { counters.becameActive += 1 }
    }

    private func claimAddresses() {
        emit(.claimsAddresses)
        claimMissingAddresses()
        claimRoutes()
    }

    /// Takes what a reload added or changed; announces the addresses of it.
    func claimWhatIsMissing() {
        let before = heldAddresses
        claimMissingAddresses()
        claimRoutes()
        for address in heldAddresses where !before.contains(address) { announce(address) }
    }

    private func claimMissingAddresses() {
        for address in settings.heldAddresses where !heldAddresses.contains(address) {
            do throws(HostError) {
                try host.add(address, defaultInterface: settings.ownHolder)
                heldAddresses.append(address)
            } catch {
                emit(.failed(error))
            }
        }
    }

    private func releaseAddresses() {
        emit(.releasesAddresses)
        release(heldRoutes, heldRules)
        // Also those whose addition failed: nothing is to stay behind.
        release(settings.heldAddresses)
    }

    /// Takes addresses off their interfaces.
    func release(_ addresses: [HeldAddress]) {
        for error in host.remove(addresses, defaultInterface: settings.ownHolder) {
            emit(.failed(error))
        }
        heldAddresses.removeAll(where: addresses.contains)
    }

    private func announceAddresses(repetitions: Int) {
        guard repetitions > 0 else { return }
        for address in settings.heldAddresses {
            let interface = settings.holder(of: address)
            emit(.announces(address.address, interface: interface))
        }
        for _ in 0..<repetitions {
            for address in settings.heldAddresses { announce(address) }
        }
    }

    func announce(_ address: HeldAddress) {
        let interface = settings.holder(of: address)
        do throws(HostError) {
            try host.announce(address.address, on: interface)
            host.emit(.announced(address.address, interface: interface))
        } catch {
            emit(.failed(error))
        }
    }
}
