internal import LinuxIO
internal import Netlink

extension Host {
    /// Puts a route into its table.
    ///
    /// - Parameter held: The route.
    /// - Returns: Whether it was not there before.
    /// - Throws: `HostError`: no such interface, no way to the gateway, or somebody else's route in
    ///   its place.
    func add(_ held: HeldRoute) throws(HostError) -> Bool {
        let route = try located(held)
        do throws(NetlinkError) {
            if try routes.add(route) == .added { return true }
            if try routes.isPresent(route) { return false }
        } catch { throw .netlink(error) }
        throw .system(
            SystemError(call: "add", errno: .fileExists, subject: "\(held), another's"))
    }

    /// Puts a route into its table if nothing is in its place.
    ///
    /// - Returns: Whether nothing was.
    /// - Throws: `HostError`, as ``add(_:)-(HeldRoute)``; never where the route is there.
    func addIfFree(_ held: HeldRoute) throws(HostError) -> Bool {
        let route = try located(held)
        do throws(NetlinkError) { return try routes.add(route) == .added } catch {
            // The kernel looks for the gateway before it looks at the place. A route that is there stays,
            // and leads on, when the one to its gateway goes.
            if (try? routes.isPresent(route)) == true { return false }
            throw .netlink(error)
        }
    }

    /// Takes a route out of its table; nothing happens if it is not there.
    func remove(_ held: HeldRoute) throws(HostError) {
        // An interface that is gone took the route along.
        guard let route = try? located(held) else { return }
        do throws(NetlinkError) { _ = try routes.remove(route) } catch { throw .netlink(error) }
    }

    /// Adds a rule.
    ///
    /// - Returns: Whether it was not there before.
    func add(_ held: HeldRule) throws(HostError) -> Bool {
        do throws(NetlinkError) {
            return try rules.add(held.rule) == .added
        } catch { throw .netlink(error) }
    }

    /// Removes a rule; nothing happens if it is not there.
    func remove(_ held: HeldRule) throws(HostError) {
        do throws(NetlinkError) { _ = try rules.remove(held.rule) } catch { throw .netlink(error) }
    }

    /// Watches the routes and rules of this program from now on, or no more.
    func watchRoutes(_ isNeeded: Bool) {
        guard isNeeded else {
            routeMonitor?.stop()
            routeMonitor = nil
            return
        }
        guard routeMonitor == nil else { return }
        do throws(NetlinkError) {
            routeMonitor = try RouteMonitor(of: .lbctl, on: loop) { [weak self] event in
                self?.onRouteRemoval(event)
            }
        } catch { emit(.failed(.netlink(error))) }
    }

    /// Removes the routes and rules that an earlier run left behind.
    ///
    /// The node's lock must be held: it says that no other run of this program is alive.
    func removeLeftoverRoutes() {
        do throws(NetlinkError) {
            for rule in try rules.removeLeftovers(tag: .lbctl) {
                emit(.leftoverPartRemoved("\(rule)"))
            }
            for route in try routes.removeLeftovers(tag: .lbctl) {
                emit(.leftoverPartRemoved("\(route)"))
            }
        } catch { emit(.failed(.netlink(error))) }
    }

    /// The route with its interface's number.
    private func located(_ held: HeldRoute) throws(HostError) -> Route {
        var route = held.route
        guard let name = held.interface else { return route }
        guard let interface = interfaceInUse(name) else {
            throw .system(SystemError(call: "add", errno: .noSuchDevice, subject: "\(held)"))
        }
        route.interfaceIndex = interface.link.index
        return route
    }
}
