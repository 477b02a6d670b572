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
        let before = Set(heldAddresses)
        claimMissingAddresses()
        claimRoutes()
        let claimed = heldAddresses.filter { !before.contains($0) }
        for _ in 0..<settings.announcements.repetitions { claimed.forEach(announce) }
    }

    private func claimMissingAddresses() {
        let held = Set(heldAddresses)
        let missing = settings.placedAddresses.filter { !held.contains($0) }
        for (address, result) in zip(missing, host.add(missing)) {
            do throws(HostError) {
                _ = try result.get()
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
        release(settings.placedAddresses)
    }

    /// Takes addresses off their interfaces.
    func release(_ addresses: [PlacedAddress]) {
        for error in host.remove(addresses) { emit(.failed(error)) }
        let gone = Set(addresses)
        heldAddresses.removeAll(where: gone.contains)
    }

    private func announceAddresses(repetitions: Int) {
        guard repetitions > 0 else { return }
        let addresses = settings.placedAddresses
        for placed in addresses { emit(.announces(placed.address, interface: placed.interface)) }
        for _ in 0..<repetitions { addresses.forEach(announce) }
    }

    func announce(_ placed: PlacedAddress) {
        do throws(HostError) {
            try host.announce(placed.address, on: placed.interface)
            host.emit(.announced(placed.address, interface: placed.interface))
        } catch {
            emit(.failed(error))
        }
    }
}
