internal import LinuxIO
internal import VRRPCore

extension FailoverConfiguration {
    /// The virtual routers that are to move together, in the order of the configuration.
    var compositions: [(members: [RouterKey], settings: SyncGroupSettings?)] {
        let keys = Dictionary(routers.map { ($0.name, RouterKey($0)) }) { $1 }
        var compositions: [([RouterKey], SyncGroupSettings?)] = []
        var grouped: Set<RouterKey> = []
        for group in syncGroups {
            let members = group.members.compactMap { keys[$0] }
            grouped.formUnion(members)
            compositions.append((members, group))
        }
        let alone = routers.map(RouterKey.init).filter { !grouped.contains($0) }
        return compositions + alone.map { ([$0], nil) }
    }
}

extension FailoverNode {
    /// Lets the virtual routers of groups that change move by themselves, where they stand.
    func disband(_ plan: FailoverPlan) {
        for driver in elections where plan.disbanded.contains(driver.keys) {
            elections.removeAll { $0 === driver }
            keepUntilIdle(driver.notifier)
            elections += driver.members.map { ElectionDriver([$0], settings: nil, host: host) }
        }
    }

    /// Makes the drivers of what is to move together, out of those that move by themselves.
    func formGroups() {
        var formed: [ElectionDriver] = []
        for (keys, settings) in configuration.compositions {
            let members = keys.compactMap { drivers[$0] }
            guard !members.isEmpty else { continue }
            if let known = elections.first(where: { $0.keys == keys }) {
                known.adopt(settings)
                formed.append(known)
            } else {
                formed.append(ElectionDriver(members, settings: settings, host: host))
            }
        }
        elections = formed
    }
}

extension ElectionDriver {
    /// Everything that changes the priority of a member, or may: what it tracks itself, and in a sync
    /// group what counts for all of them.
    func contributions(to member: RouterDriver) -> [TrackerSnapshot] {
        func tracked(by other: RouterDriver) -> [TrackerSnapshot] {
            host.trackers(of: other.settings.tracked).compactMap { tracked in
                guard var snapshot = tracked.snapshot else { return nil }
                if let settings {
                    snapshot.counts = SyncGroup.counts(
                        tracked.standing, weighsMembers: settings.weighsMembers)
                }
                if other !== member { snapshot.owner = other.settings.name }
                return snapshot
            }
        }
        guard let settings else { return tracked(by: member) }
        let others = members.filter { $0 !== member }.flatMap(tracked).filter(\.counts)
        let shared = host.trackers(of: settings.tracked).compactMap { tracked in
            var snapshot = tracked.snapshot
            snapshot?.owner = settings.name
            return snapshot
        }
        return tracked(by: member) + others + shared
    }

    /// What a status display shows of the group; `nil` for a router by itself.
    var snapshot: GroupSnapshot? {
        settings.map {
            GroupSnapshot(
                settings: $0, state: state, since: since,
                trackers: host.trackers(of: $0.tracked).compactMap(\.snapshot))
        }
    }
}
