internal import VRRPCore

extension FailoverNode {
    /// Says what another configuration would change, and changes nothing.
    ///
    /// - Parameter next: What the node might do from now on.
    /// - Returns: What ``reconfigure(_:)`` would do at this moment.
    /// - Throws: An inconsistent configuration.
    public func plan(for next: FailoverConfiguration) throws(FailoverError) -> FailoverPlan {
        try next.validate()
        return plan(following: placed(next))
    }

    private func plan(following next: FailoverConfiguration) -> FailoverPlan {
        let uses = next.interfaceUses
        return FailoverPlan(from: configuration, to: next) { [drivers] router in
            let election = drivers[RouterKey(router)]?.election
            return election?.hasSource == true ? election?.configuration.primaryAddress : nil
        } nextSource: { [host] router in
            router.source(on: host.interface(router.interface, usedAs: uses))
        }
    }

    /// Follows another configuration; virtual routers that it leaves as they are go on untouched.
    ///
    /// Does what ``plan(for:)`` says, and nothing else. A virtual router is recognised by what tells
    /// it from others on the wire. One that is gone resigns; one that is new starts; one that would
    /// be another to its peers resigns and starts anew; any other change applies without a change of
    /// state.
    ///
    /// - Parameter next: What the node is to do from now on.
    /// - Returns: What was changed.
    /// - Throws: An inconsistent configuration, or `.system`; the old one then stays in force.
    @discardableResult
    public func reconfigure(
        _ next: FailoverConfiguration
    ) throws(FailoverError) -> FailoverPlan {
        try next.validate()
        let plan: FailoverPlan
        do throws(HostError) { plan = try adopt(placed(next)) } catch { throw .system(error) }
        asked = next
        if next.tellsStatesOnReload {
            drivers.values.forEach { $0.writeState() }
            elections.forEach { $0.writeState() }
        }
        host.emit(.reloaded)
        return plan
    }

    /// Does what the plan for a configuration says whose routers are all placed.
    ///
    /// - Returns: The plan.
    @discardableResult
    func adopt(_ next: FailoverConfiguration) throws(HostError) -> FailoverPlan {
        let plan = plan(following: next)
        try host.follow(next.interfaceUses)
        configuration = next
        // What the kernel tells meanwhile counts once all follow the new configuration.
        host.holdEvents()
        watchRoutes()
        disband(plan)
        host.transfers = AddressTransfers(addresses(heldBy: next.routers, plan))
        for key in plan.endings.keys { retire(key, plan) }
        host.replaceLinks(for: next.routers)
        handOn(next.routers, plan)
        endTransfers()
        host.removeLinks(except: next.routers)
        host.drop(for: next.addressesThatAcceptNothing)
        host.mailSettings = next.mail
        host.announcementSpacing = next.announcementSpacing
        host.writeStates(to: next.notificationFIFOs)
        startScripts(plan.scripts, isReload: true)
        startFiles(plan.files, isReload: true)
        startProcesses(plan.processes, isReload: true)
        for settings in next.routers where drivers[RouterKey(settings)] == nil {
            addDriver(settings)
        }
        formGroups()
        elections.forEach { $0.start() }
        host.forgetDeparted()
        host.releaseEvents()
        return plan
    }

    /// Lets what goes on follow its new settings, under what it is recognised by from now on.
    ///
    /// Step by step for all of them, since one may be given what another one gives up.
    private func handOn(_ routers: [RouterSettings], _ plan: FailoverPlan) {
        var following: [RouterKey: RouterDriver] = [:]
        var adoptions: [(driver: RouterDriver, rest: Adoption)] = []
        for settings in routers {
            let key = RouterKey(settings)
            guard let driver = plan.predecessors[key].flatMap({ drivers[$0] }) else { continue }
            if let rest = driver.beginAdopting(settings) { adoptions.append((driver, rest)) }
            following[key] = driver
        }
        drivers = following
        for (driver, rest) in adoptions { driver.claim(rest) }
        for (driver, rest) in adoptions { driver.finish(rest) }
    }

    /// What the virtual routers are to hold that are Active and go on.
    private func addresses(
        heldBy routers: [RouterSettings], _ plan: FailoverPlan
    ) -> [PlacedAddress] {
        routers.filter { settings in
            guard let key = plan.predecessors[RouterKey(settings)], plan.endings[key] == nil
            else { return false }
            return drivers[key]?.state == .active
        }.flatMap(\.placedAddresses)
    }

    /// Takes off what was left for a virtual router that does not hold it after all, and tells of
    /// what none holds.
    private func endTransfers() {
        let transfers = host.transfers
        host.transfers = AddressTransfers()
        let held = Set(drivers.values.flatMap(\.heldAddresses))
        let addresses = Set(held.map(\.address))
        for (address, router) in transfers.untold where !addresses.contains(address) {
            host.emit(.router(name: router, .loses([address])))
        }
        let unheld = transfers.left.filter { !held.contains($0) }
        for error in host.remove(unheld) { host.emit(.failed(error)) }
    }

    /// Stops a virtual router, and keeps its notifications until the last program has ended.
    private func retire(_ key: RouterKey, _ plan: FailoverPlan) {
        guard let driver = drivers.removeValue(forKey: key) else { return }
        let isDeleted = plan.endings[key] == .removed
        if let ended = driver.elections {
            ended.stop(because: isDeleted ? .deleted : .entered(.stopped))
            ended.dissolve()
            elections.removeAll { $0 === ended }
        }
        keepUntilIdle(driver.notifier)
    }
}
