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
                note(nil, of: .route(route))
            } catch { note(error, of: .route(route)) }
        }
        for rule in settings.rules where !heldRules.contains(rule) {
            do throws(HostError) {
                _ = try host.add(rule)
                heldRules.append(rule)
                note(nil, of: .rule(rule))
            } catch { note(error, of: .rule(rule)) }
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

    /// Puts a route back that is missing, or gives way if that is of no use.
    ///
    /// Called once everything is known that the kernel told together with the removal.
    func restore(_ removed: Route) {
        for held in heldRoutes where held.isTracked && held.route.isSamePlace(as: removed) {
            restore(.route(held), "\(held)") { () throws(HostError) in try host.add(held) }
        }
    }

    /// Puts a rule back that is missing, as a route.
    func restore(_ removed: Rule) {
        for held in heldRules where held.isTracked && held.rule.isSameRule(as: removed) {
            restore(.rule(held), "\(held)") { () throws(HostError) in try host.add(held) }
        }
    }

    /// Puts back each route and rule that is missing: the kernel does not tell of all that it drops.
    ///
    /// Asks for what is held and for nothing else, whatever the tables hold besides: one request for
    /// each route, and a look for one that the kernel refuses.
    func restoreAllRoutes() {
        for held in heldRoutes where held.isTracked {
            restore(.route(held), "\(held)") { () throws(HostError) in try host.addIfFree(held) }
        }
        for held in heldRules where held.isTracked {
            restore(.rule(held), "\(held)") { () throws(HostError) in try host.add(held) }
        }
    }

    /// Puts something back, and counts that if it was not there.
    private func restore(_ part: HeldPart, _ what: String, _ add: () throws(HostError) -> Bool) {
        guard state == .active else { return }
        do throws(HostError) {
            guard try add() else { return }
        } catch {
            emit(.failed(error))
            return giveWay(.partNotRestored(what))
        }
        // What is too much goes with all that is held.
        guard restorations.grant(part, at: .now) else {
            return giveWay(.partRemovedTooOften(what))
        }
        counters.routesRestored += 1
        emit(.partRestored(what))
    }
}
