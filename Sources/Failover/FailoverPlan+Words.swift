internal import VRRPCore

extension RouterSettings {
    /// Why it can't go on with these settings; `nil`: it can.
    ///
    /// - Parameters:
    ///   - old: The settings in force.
    ///   - sources: The addresses that it sends from now, and would send from.
    /// - Returns: The reason, in words.
    func reasonToRestart(_ old: RouterSettings, _ sources: (IPAddress?, IPAddress?)) -> String? {
        guard old.interval.version == interval.version else {
            return "it speaks version \(interval.version.rawValue) from then on"
        }
        guard let before = sources.0, let after = sources.1, before != after else { return nil }
        return "it sends from \(after) from then on"
    }

    /// What differs, each as words; not the version, which can't change in place.
    func differences(from old: RouterSettings) -> [String] {
        var words: [String] = []
        func note(_ what: String, _ path: KeyPath<RouterSettings, some Equatable>) {
            let (before, after) = (old[keyPath: path], self[keyPath: path])
            if before != after { words.append("\(what) \(before) becomes \(after)") }
        }
        func mention(_ what: String, _ path: KeyPath<RouterSettings, some Equatable>) {
            if old[keyPath: path] != self[keyPath: path] { words.append(what) }
        }
        note("name", \.name)
        note("priority", \.priority.rawValue)
        note("advertisement interval", \.interval.duration)
        note("preemption", \.preempts)
        note("preemption delay", \.preemptDelay)
        let (before, after) = (old.heldAddresses, heldAddresses)
        words += before.filter { !after.contains($0) }.map { "address \($0.words) goes" }
        words += after.filter { !before.contains($0) }.map { "address \($0.words) comes" }
        if words.isEmpty, before != after { words.append("which addresses are advertised") }
        mention("virtual hardware address", \.virtualMAC)
        note("acceptance of packets to the addresses", \.acceptsTraffic)
        words += old.routes.filter { !routes.contains($0) }.map { "\($0) goes" }
        words += routes.filter { !old.routes.contains($0) }.map { "\($0) comes" }
        words += old.rules.filter { !rules.contains($0) }.map { "\($0) goes" }
        words += rules.filter { !old.rules.contains($0) }.map { "\($0) comes" }
        mention("how advertisements travel", \.travel)
        mention("authentication", \.secrets)
        mention("form of the checksum", \.checksumCoverage)
        note("missing advertisements that count as a failure", \.lostAdvertisements)
        mention("the wait after a release", \.longestReleaseSkew)
        mention("what it tracks", \.dependencies)
        mention("answers to routers of lower priority", \.answersInferiors)
        mention("what an owner hears", \.ignoresOthersAsOwner)
        mention("announcements", \.announcements)
        mention("notifications", \.notifications)
        mention("notification of priorities", \.tellsPriorityChanges)
        mention("mail", \.sendsMail)
        return words.isEmpty ? ["settings"] : words
    }

    private struct Travel: Equatable {
        var transport: Transport
        var admitsUnknownPeers: Bool
        var hopLimit: UInt8
        var source: IPAddress?
        var followsSource: Bool
        var familyWithoutAddresses: AddressFamily
    }

    private var travel: Travel {
        Travel(
            transport: transport, admitsUnknownPeers: admitsUnknownPeers,
            hopLimit: unicastHopLimit, source: sourceAddress, followsSource: followsSource,
            familyWithoutAddresses: familyWithoutAddresses)
    }

    private struct Secrets: Equatable {
        var password: Password?
        var authentication: RouterAuthentication?
    }

    private var secrets: Secrets { Secrets(password: password, authentication: authentication) }

    private struct Dependencies: Equatable {
        var things: TrackedThings
        var ownInterface: Bool
        var source: Bool
    }

    private var dependencies: Dependencies {
        Dependencies(
            things: tracked, ownInterface: tracksOwnInterface, source: needsSourceAddress)
    }
}

extension HeldAddress {
    fileprivate var words: String { "\(address)/\(prefixLength)" }
}

extension SyncGroupSettings {
    /// What differs, each as words.
    func differences(from old: SyncGroupSettings) -> [String] {
        var words: [String] = []
        if old.members != members { words.append("members") }
        if old.tracked != tracked { words.append("what it tracks") }
        if old.weighsMembers != weighsMembers { words.append("weights of its members") }
        if old.notifications != notifications { words.append("notifications") }
        if old.sendsMail != sendsMail { words.append("mail") }
        return words.isEmpty ? ["settings"] : words
    }
}
