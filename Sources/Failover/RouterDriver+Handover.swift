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
        guard restorations.grant(.address(held), at: .now) else {
            return giveWay(.removedTooOften(address, interface: interface))
        }
        do throws(HostError) {
            guard try host.add([held])[0].get() else { return }
            counters.addressesRestored += 1
            emit(.addressRestored(address, interface: interface))
            announce([held], repetitions: 1)
        } catch {
            emit(.failed(error))
            giveWay(.notRestored(address, interface: interface))
        }
    }

    /// Resigns if it is Active, and lets another router be Active for a while.
    func giveWay(_ cause: GivingWayCause) {
        let deference: VirtualRouter.Deference =
            switch cause {
            case .removedTooOften, .notRestored, .partRemovedTooOften, .partNotRestored:
                .until(.now + VirtualRouter.Deference.timeAfterLoss)
            case .asked: .untilNeeded
            }
        guard let elections else { return }
        let actions = elections.giveWay(deferring: deference)
        counters.gaveWay += 1
        emit(.gaveWay(cause))
        elections.carryOut(actions)
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
}
