internal import LinuxIO
internal import VRRPCore

extension RouterDriver {
    /// Puts an address back that somebody else took off, or gives way if that is of no use.
    ///
    /// Called once everything is known that the kernel told together with the removal: where the
    /// link or the source address went too, the router is in fault by now, and holds no address.
    func restore(_ address: IPAddress, on interface: String) {
        guard
            let held = heldAddresses.first(where: {
                $0.held.isTracked && $0.address == address && $0.interface == interface
            })
        else { return }
        restore(held)
    }

    /// Puts back each address that is missing: the kernel may have dropped the news of it.
    func restoreMissingAddresses() {
        for held in heldAddresses where held.held.isTracked && !host.isPresent(held) {
            restore(held)
        }
    }

    private func restore(_ held: PlacedAddress) {
        guard state == .active else { return }
        do throws(HostError) {
            // It is there after all where the kernel took it off along with another router's, which
            // has put it back.
            guard try host.add([held])[0].get() else { return }
        } catch {
            emit(.failed(error))
            return giveWay(.notRestored(held.address, interface: held.interface))
        }
        // What is too much goes with all that is held.
        guard restorations.grant(.address(held), at: .now) else {
            return giveWay(.removedTooOften(held.address, interface: held.interface))
        }
        counters.addressesRestored += 1
        emit(.addressRestored(held.address, interface: held.interface))
        announce([held], repetitions: 1)
    }

    /// Gives way if it has become Active, or was given more to hold, and the system refused some of it.
    ///
    /// What nobody is to put back (`no_track`) does not count.
    func judgeClaim() {
        guard hasClaimed else { return }
        hasClaimed = false
        if let lacking = refusedParts.first(where: \.part.isTracked) {
            giveWay(.notClaimed("\(lacking.part)"))
        }
    }

    /// Resigns if it is Active, and lets another router be Active for a while.
    func giveWay(_ cause: GivingWayCause) {
        guard let elections, let actions = elections.actions(givingWayBecause: cause) else {
            return
        }
        counters.gaveWay += 1
        emit(.gaveWay(cause))
        elections.carryOut(actions)
    }

    /// Gives way if it is Active though this node lacks what a router needs to be of use.
    func giveWay(lacking name: String) {
        guard state == .active else { return }
        giveWay(.lacks(name))
        lacking = name
    }

    /// Is Active again, now that this node has what it lacked, if no other took over meanwhile: of none
    /// of those that move together.
    func resume(having name: String) {
        guard lacking == name else { return }
        lacking = nil
        guard state == .backup, let elections,
            !elections.members.contains(where: \.followsAnyone)
        else { return }
        // It can't be refused: nobody is Active whom it would have to outrank.
        if let actions = try? elections.takeOver() { elections.carryOut(actions) }
    }

    /// Becomes Active, whatever its priority.
    ///
    /// - Throws: `TakeoverRefusal`: it is in fault, or the Active router can't be outranked.
    func takeOver() throws(VirtualRouter.TakeoverRefusal) {
        guard let elections else { throw .takesNoPart }
        let actions = try elections.takeOver()
        emit(.tookOver)
        elections.carryOut(actions)
    }
}

/// Something that moves with a virtual router, and that somebody may take off.
enum HeldPart: Hashable {
    case address(PlacedAddress)
    case route(HeldRoute)
    case rule(HeldRule)

    /// Whether it is put back when somebody removes it.
    var isTracked: Bool {
        switch self {
        case .address(let placed): placed.held.isTracked
        case .route(let held): held.isTracked
        case .rule(let held): held.isTracked
        }
    }
}

extension HeldPart: CustomStringConvertible {
    /// `10.9.0.100 on eth1`, or the route or rule.
    var description: String {
        switch self {
        case .address(let placed): "\(placed.address) on \(placed.interface)"
        case .route(let held): "\(held)"
        case .rule(let held): "\(held)"
        }
    }
}

extension ElectionDriver {
    /// Makes all members give way.
    ///
    /// - Returns: What the elections want, to be carried out; `nil`: they stay.
    fileprivate func actions(givingWayBecause cause: GivingWayCause) -> [SyncGroup.MemberAction]? {
        switch cause {
        case .notClaimed: giveWayForWant()
        case .removedTooOften, .notRestored, .partRemovedTooOften, .partNotRestored:
            giveWay(deferring: .until(.now + VirtualRouter.Deference.timeAfterLoss))
        case .lacks: giveWay(deferring: .none)
        case .asked: giveWay(deferring: .untilNeeded)
        }
    }
}
