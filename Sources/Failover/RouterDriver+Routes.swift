internal import LinuxIO
internal import Netlink
internal import VRRPCore

extension RouterDriver {
    /// Adds the routes and rules that are not held yet; the addresses must be there.
    func claimRoutes() {
        for route in settings.routes where !heldRoutes.contains(route) {
            do throws(HostError) {
                _ = try host.add(route)
                heldRoutes.append(route)
            } catch { emit(.failed(error)) }
        }
        for rule in settings.rules where !heldRules.contains(rule) {
            do throws(HostError) {
                _ = try host.add(rule)
                heldRules.append(rule)
            } catch { emit(.failed(error)) }
        }
    }

    /// Removes what is held of these, the rules first: they lead to the routes.
    func release(_ routes: [HeldRoute], _ rules: [HeldRule]) {
        for rule in heldRules.reversed() where rules.contains(rule) {
            do throws(HostError) { try host.remove(rule) } catch { emit(.failed(error)) }
        }
        heldRules.removeAll(where: rules.contains)
        for route in heldRoutes.reversed() where routes.contains(route) {
            do throws(HostError) { try host.remove(route) } catch { emit(.failed(error)) }
        }
        heldRoutes.removeAll(where: routes.contains)
    }

    /// Puts back what of its routes and rules is missing, or gives way if that is of no use.
    ///
    /// Called once everything is known that the kernel told together with a removal.
    func restoreRoutes(after event: RouteMonitor.Event) {
        switch event {
        case .routeRemoved(let removed):
            for held in heldRoutes where held.isTracked && held.route.isSamePlace(as: removed) {
                restore("\(held)") { () throws(HostError) in try host.add(held) }
            }
        case .ruleRemoved(let removed):
            for held in heldRules where held.isTracked && held.rule.isSameRule(as: removed) {
                restore("\(held)") { () throws(HostError) in try host.add(held) }
            }
        case .missedSome: restoreAllRoutes()
        }
    }

    /// Looks for each route and rule: the kernel does not tell of all that it drops itself.
    func restoreAllRoutes() {
        guard heldRoutes.contains(where: \.isTracked) || heldRules.contains(where: \.isTracked)
        else { return }
        let present = host.presentRoutes()
        for held in heldRoutes where held.isTracked {
            guard !present.contains(where: held.route.isSamePlace) else { continue }
            restore("\(held)") { () throws(HostError) in try host.add(held) }
        }
        for held in heldRules where held.isTracked {
            do throws(HostError) {
                guard try host.add(held) else { continue }
                noteRestoration(of: "\(held)")
            } catch { emit(.failed(error)) }
        }
    }

    private func restore(_ what: String, _ add: () throws(HostError) -> Bool) {
        guard state == .active else { return }
        guard restorations.grant(at: .now) else { return giveWay(.partRemovedTooOften(what)) }
        do throws(HostError) {
            guard try add() else { return }
            noteRestoration(of: what)
        } catch {
            emit(.failed(error))
            giveWay(.partNotRestored(what))
        }
    }

    private func noteRestoration(of what: String) {
        counters.routesRestored += 1
        emit(.partRestored(what))
    }
}
