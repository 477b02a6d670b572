internal import LinuxIO
internal import VRRPCore

extension RouterDriver {
    /// Does one thing that the election asks for.
    ///
    /// - Returns: The state that the router entered by it, if it did.
    func perform(_ action: VirtualRouter.Action, for elections: ElectionDriver) -> RouterState? {
        switch action {
        case .advertise(let priority):
            openLink()
            if let advertisement = elections.advertisement(of: self, priority) {
                send(advertisement)
            }
        case .echo(let priority, let form):
            openLink()
            if let advertisement = elections.advertisement(of: self, priority, in: form) {
                send(advertisement, isEcho: true)
            }
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
            if news.admit(.release) { emit(.heardRelease(from: sender, as: state)) }
        case .report(let observation):
            count(observation)
            if let kind = PacketNews.Kind(observation), !news.admit(kind) { break }
            emit(.observed(observation))
            tell(of: observation, in: elections)
        }
        return nil
    }

    private func count(_ observation: VirtualRouter.Observation) {
        switch observation {
        case .inferiorAnswered: counters.inferiorsHeard += 1
        case .reaffirmed: counters.conflictsWon += 1
        default: break
        }
    }

    /// Tells named pipes, and programs that asked for it, of what changes no state.
    private func tell(of observation: VirtualRouter.Observation, in elections: ElectionDriver) {
        switch observation {
        case .inferiorAnswered: notify(.heardInferior)
        // The other one's state was told of later than this one's: the greater epoch has to be ours.
        case .reaffirmed:
            notify(.entered(.active), isAgain: true)
            elections.notifyAgain()
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
        hasClaimed = true
    }

    /// Takes what a reload added or changed; announces the addresses of it.
    func claimWhatIsMissing() {
        let before = Set(heldAddresses)
        claimMissingAddresses()
        claimRoutes()
        hasClaimed = true
        let claimed = heldAddresses.filter { !before.contains($0) }
        announce(claimed, repetitions: settings.announcements.repetitions)
    }

    private func claimMissingAddresses() {
        openLink()
        let held = Set(heldAddresses)
        let missing = settings.placedAddresses.filter { !held.contains($0) }
        for (address, result) in zip(missing, host.add(missing)) {
            do throws(HostError) {
                _ = try result.get()
                heldAddresses.append(address)
                note(nil, of: .address(address))
            } catch { note(error, of: .address(address)) }
        }
    }

    /// What comes in for the virtual hardware address is for the Active router alone (RFC 9568
    /// §6.4.2, §6.4.3), and it says its first word through the link.
    private func openLink() {
        guard let link = settings.virtualMAC?.linkName else { return }
        do throws(HostError) { try host.openLink(link, usesIPv6: settings.usesIPv6) } catch {
            emit(.failed(error))
        }
    }

    private func shutLink() {
        guard let link = settings.virtualMAC?.linkName else { return }
        do throws(HostError) { try host.shutLink(link) } catch { emit(.failed(error)) }
    }

    private func releaseAddresses() {
        emit(.releasesAddresses)
        release(heldRoutes, heldRules)
        // Also those whose addition failed: nothing is to stay behind.
        release(settings.placedAddresses)
        shutLink()
    }

    /// Takes addresses off their interfaces, but for those that another router is to hold there.
    ///
    /// Connections through those that leave the node are dead from then on.
    func release(_ addresses: [PlacedAddress]) {
        let held = addresses.filter(heldAddresses.contains)
        let leaving = held.map(\.address).filter {
            !host.transfers.withholds($0, by: settings.name)
        }
        if !leaving.isEmpty { emit(.loses(leaving)) }
        withdrawAnnouncements(of: addresses)
        let left = held.filter { host.transfers.leave($0) }
        for error in host.remove(addresses.filter { !left.contains($0) }) { emit(.failed(error)) }
        let gone = Set(addresses)
        heldAddresses.removeAll(where: gone.contains)
    }

    private func announceAddresses(repetitions: Int) {
        // The cause of a refusal may have gone: one attempt more each time.
        if !refusedParts.isEmpty {
            claimMissingAddresses()
            claimRoutes()
        }
        guard repetitions > 0 else { return }
        // Of an address that is not here, this node must not say that it is.
        let held = Set(heldAddresses)
        let addresses = settings.placedAddresses.filter(held.contains)
        // What still waits of an earlier burst says the same.
        withdrawAnnouncements(of: addresses)
        for placed in addresses { emit(.announces(placed.address, interface: placed.interface)) }
        announce(addresses, repetitions: repetitions)
    }

    /// Announces addresses that many times, the whole list at each turn, the first time in both forms
    /// that receivers know.
    func announce(_ addresses: [PlacedAddress], repetitions: Int) {
        for turn in 0..<max(repetitions, 0) {
            for address in addresses { announce(address, inBothForms: turn == 0) }
        }
    }

    private func withdrawAnnouncements(of addresses: [PlacedAddress]) {
        for (interface, placed) in Dictionary(grouping: addresses, by: \.interface) {
            host.withdrawAnnouncements(of: placed.map(\.address), on: interface)
        }
    }

    private func announce(_ placed: PlacedAddress, inBothForms: Bool) {
        do throws(HostError) {
            try host.announceInTurn(
                placed.address, on: placed.interface, inBothForms: inBothForms)
        } catch {
            emit(.failed(error))
        }
    }
}

extension RouterSettings {
    /// Whether it says or holds anything over IPv6.
    fileprivate var usesIPv6: Bool {
        family == .ipv6 || excludedAddresses.contains { $0.address.family == .ipv6 }
    }
}

/// How much is told of what others' packets cause, in the log, to named pipes and to programs.
///
/// Of each kind a few things at once, then one in ten seconds; all of it is counted.
struct PacketNews {
    enum Kind: Hashable {
        case refusal, release, follower, discarded, inferior, superior, silence, mismatch, owner
        case conflict, unsent
    }

    private var limits: [Kind: RateLimit] = [:]

    /// Whether one more may be told.
    mutating func admit(_ kind: Kind) -> Bool { limits[kind, default: RateLimit()].admit(at: .now) }
}

extension PacketNews.Kind {
    /// What an observation is news of; `nil`: it is not for packets alone to cause.
    init?(_ observation: VirtualRouter.Observation) {
        switch observation {
        case .inferiorDiscarded: self = .discarded
        case .inferiorAnswered: self = .inferior
        // Who says a high priority and then 0 moves the addresses each time: the states tell of it.
        case .superiorReceived: self = .superior
        case .activeDownTimerExpired: self = .silence
        case .intervalDiffers, .addressesDiffer: self = .mismatch
        case .anotherOwner: self = .owner
        case .reaffirmed: self = .conflict
        case .releaseReceived: self = .release
        case .transition, .priorityChanged, .stalled, .rejected:
            return nil
        }
    }
}
