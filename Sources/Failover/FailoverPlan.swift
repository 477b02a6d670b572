internal import VRRPCore

/// What a new configuration changes in the election: the difference of two configurations.
///
/// ``FailoverNode/reconfigure(_:)`` does exactly this.
public struct FailoverPlan: Hashable, Sendable {
    /// What becomes of something.
    public enum Change: Hashable, Sendable {
        /// It is new.
        case added
        /// It is no more.
        case removed
        /// It stops and starts anew.
        case restarted(because: String)
        /// It goes on with other settings; each as words.
        case changed([String])
    }
    /// One thing that does not stay as it is.
    public struct Step: Hashable, Sendable {
        /// `virtual router VI_1`, `script chk_haproxy`.
        public var subject: String
        /// What becomes of it.
        public var change: Change
    }

    /// What changes, in the order in which it is done; empty: nothing.
    public private(set) var steps: [Step] = []

    /// Compares two configurations.
    ///
    /// - Parameters:
    ///   - old: The one in force.
    ///   - new: The one to come.
    public init(from old: FailoverConfiguration, to new: FailoverConfiguration) {
        let before = Dictionary(old.routers.map { (RouterKey($0), $0) }) { first, _ in first }
        let kept = Set(new.routers.map(RouterKey.init))
        for router in old.routers where !kept.contains(RouterKey(router)) {
            add("virtual router \(router.name)", .removed)
        }
        compare("sync group", old.syncGroups, new.syncGroups, by: \.name)
        compare("script", old.scripts, new.scripts, by: \.name)
        compare("tracked file", old.files, new.files, by: \.name)
        compare("tracked process", old.processes, new.processes, by: \.name)
        for router in new.routers {
            let subject = "virtual router \(router.name)"
            guard let previous = before[RouterKey(router)] else {
                add(subject, .added)
                continue
            }
            if previous.interval.version != router.interval.version {
                let version = router.interval.version == .v2 ? 2 : 3
                add(subject, .restarted(because: "it speaks version \(version) from then on"))
            } else if previous.sourceAddress != router.sourceAddress {
                let source = router.sourceAddress.map { "\($0)" } ?? "the interface's own address"
                add(subject, .restarted(because: "it sends from \(source) from then on"))
            } else if previous != router {
                add(subject, .changed(router.differences(from: previous)))
            }
        }
    }

    private mutating func add(_ subject: String, _ change: Change) {
        steps.append(Step(subject: subject, change: change))
    }

    private mutating func compare<Part: Hashable>(
        _ kind: String, _ old: [Part], _ new: [Part], by name: (Part) -> String
    ) {
        let names = Set(new.map(name))
        for part in old where !names.contains(name(part)) {
            add("\(kind) \(name(part))", .removed)
        }
        for part in new where !old.contains(part) {
            let isKnown = old.contains { name($0) == name(part) }
            add("\(kind) \(name(part))", isKnown ? .changed(["settings"]) : .added)
        }
    }
}

extension RouterSettings {
    /// What differs, each as words; not the version, which can't change in place.
    fileprivate func differences(from old: RouterSettings) -> [String] {
        var words: [String] = []
        func note(_ what: String, _ before: some Equatable, _ after: some Equatable) {
            words.append("\(what) \(before) becomes \(after)")
        }
        if old.name != name { note("name", old.name, name) }
        if old.priority != priority { note("priority", old.priority.rawValue, priority.rawValue) }
        if old.interval != interval {
            note("advertisement interval", old.interval.duration, interval.duration)
        }
        if old.preempts != preempts { note("preemption", old.preempts, preempts) }
        if old.preemptDelay != preemptDelay {
            note("preemption delay", old.preemptDelay, preemptDelay)
        }
        for held in old.heldAddresses where !heldAddresses.contains(held) {
            words.append("address \(held.address)/\(held.prefixLength) goes")
        }
        for held in heldAddresses where !old.heldAddresses.contains(held) {
            words.append("address \(held.address)/\(held.prefixLength) comes")
        }
        if old.virtualMAC != virtualMAC { words.append("virtual hardware address") }
        if old.acceptsTraffic != acceptsTraffic {
            note("acceptance of packets to the addresses", old.acceptsTraffic, acceptsTraffic)
        }
        for route in old.routes where !routes.contains(route) { words.append("\(route) goes") }
        for route in routes where !old.routes.contains(route) { words.append("\(route) comes") }
        for rule in old.rules where !rules.contains(rule) { words.append("\(rule) goes") }
        for rule in rules where !old.rules.contains(rule) { words.append("\(rule) comes") }
        if old.transport != transport || old.admitsUnknownPeers != admitsUnknownPeers
            || old.unicastHopLimit != unicastHopLimit
        {
            words.append("how advertisements travel")
        }
        if old.password != password || old.authentication != authentication {
            words.append("authentication")
        }
        if old.lostAdvertisements != lostAdvertisements {
            note(
                "missing advertisements that count as a failure", old.lostAdvertisements,
                lostAdvertisements)
        }
        if old.trackers != trackers { words.append("what it tracks") }
        if old.announcements != announcements { words.append("announcements") }
        if old.notifications != notifications { words.append("notifications") }
        return words.isEmpty ? ["settings"] : words
    }

    private var trackers: [[TrackedName]] {
        [trackedScripts, trackedFiles, trackedProcesses, trackedInterfaces]
    }
}

extension FailoverPlan.Step: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch change {
        case .added: "\(subject): added"
        case .removed: "\(subject): removed"
        case .restarted(let reason): "\(subject): resigns and starts anew: \(reason)"
        case .changed(let words): "\(subject): changed in place: \(words.joined(separator: ", "))"
        }
    }
}
