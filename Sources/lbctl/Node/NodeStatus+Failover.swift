#if Program
internal import Control
internal import Failover
internal import Glibc
internal import LinuxIO
internal import VRRPCore

extension VirtualRouterStatus {
    /// What the page and the command line show of a virtual router.
    init(_ router: RouterSnapshot, scripts: [ScriptSnapshot]) {
        let settings = router.settings
        self.init(
            name: settings.name, interface: settings.interface,
            vrid: Int(settings.vrid.rawValue),
            protocolVersion: settings.interval.version == .v2 ? 2 : 3,
            basePriority: Int(settings.priority.rawValue),
            advertisementInterval: Int(settings.interval.duration / .milliseconds(1)))
        state =
            switch router.state {
            case .active: .active
            case .backup: .backup
            case .fault: .fault
            case .stopped: .initialize
            }
        stateWord = router.state.word
        effectivePriority = Int(router.effectivePriority.rawValue)
        addresses = (settings.addresses + settings.excludedAddresses).map {
            "\($0.address)/\($0.prefixLength)"
        }
        trackers = router.trackers.map { TrackerStatus($0, scripts: scripts) }
        counters.advertisementsSent = router.counters.sent
        counters.advertisementsReceived = router.counters.received
        counters.becameActive = router.counters.becameActive
        counters.releasedActive = router.counters.releasedActive
        counters.addressesRestored = router.counters.addressesRestored
        counters.routesRestored = router.counters.routesRestored
        counters.gaveWay = router.counters.gaveWay
        counters.advertisementsEchoed = router.counters.echoed
        counters.advertisementsNotSent = router.counters.sendFailures
        counters.priorityZeroSent = router.counters.releasesSent
        counters.priorityZeroReceived = router.counters.releasesReceived
        counters.inferiorsHeard = router.counters.inferiorsHeard
        counters.conflictsWon = router.counters.conflictsWon
        notes = router.notes
        syncGroup = router.group
        preemptionCountdown = router.preemptionCountdown.map { Int($0 / .milliseconds(1)) }
        for (cause, count) in router.counters.refused.nonZero {
            counters.rejected[cause.rawValue] = count
        }
        peers = router.peers.map(PeerStatus.init)
        if router.state != .active { activePeer = router.lastHeard.map { "\($0.source)" } }
        lastTransition = router.since.map { since in
            time(nil) - Int((MonotonicInstant.now - since).components.seconds)
        }
    }
}

extension PeerStatus {
    fileprivate init(_ peer: PeerSnapshot) {
        self.init(
            address: "\(peer.address)",
            lastHeardAgo: Int((MonotonicInstant.now - peer.lastHeardAt) / .milliseconds(1)),
            accepted: peer.acceptedCount)
        advertisement = peer.advertisement.map {
            Advertisement(
                priority: Int($0.priority.rawValue), version: $0.version.rawValue,
                interval: Int($0.interval.duration / .milliseconds(1)))
        }
        for (cause, count) in peer.refused.nonZero { refused[cause.rawValue] = count }
        refusal = peer.refusal?.description
        mismatches = peer.mismatches.map(\.words)
    }
}

extension VirtualRouter.Mismatch {
    fileprivate var words: String {
        switch self {
        case .interval(let theirs, let own):
            "advertises every \(Int(theirs.duration / .milliseconds(1))) ms, this router every "
                + "\(Int(own.duration / .milliseconds(1))) ms"
        case .addresses(let theirs, let own):
            "lists \(theirs.words), this router \(own.words)"
        }
    }
}

extension VirtualAddressList {
    fileprivate var words: String {
        let shown = 4
        let rest = count - shown
        return prefix(shown).map(\.description).joined(separator: " ")
            + (rest > 0 ? " and \(rest) more" : "")
    }
}

extension ElectionStatus {
    /// What the page and the command line show of the elections of a node together.
    init(_ snapshot: FailoverSnapshot) {
        self.init()
        for (cause, count) in snapshot.strays.nonZero { strays[cause.rawValue] = count }
        longestLag = Int(snapshot.lag.longest / .microseconds(1))
        stalls = snapshot.lag.stallCount
        lastStall = snapshot.lag.lastStall.map { stall in
            Stall(
                length: Int(stall.length / .microseconds(1)),
                ago: Int((MonotonicInstant.now - stall.at) / .milliseconds(1)))
        }
        lostMails = snapshot.lostMails
    }
}

extension SyncGroupStatus {
    /// What the page and the command line show of a sync group.
    init(_ group: GroupSnapshot, scripts: [ScriptSnapshot]) {
        self.init(
            name: group.settings.name, members: group.settings.members,
            stateWord: group.state == .stopped ? "INIT" : group.state.word)
        trackers = group.trackers.map { TrackerStatus($0, scripts: scripts) }
    }
}

extension NotificationPipeStatus {
    /// What the page and the command line show of a named pipe.
    init(_ pipe: NotificationFIFOSnapshot) {
        self.init(path: pipe.path, written: pipe.written, lost: pipe.lost)
    }
}

extension ScriptSnapshot {
    /// How the last run came out; of one that failed also what it wrote, on one line.
    var words: String {
        guard let lastResult else { return "" }
        guard lastResult != .exited(status: 0), !lastOutput.isEmpty else { return lastResult.words }
        let lines = lastOutput.split(whereSeparator: \.isNewline).joined(separator: "; ")
        return "\(lastResult.words): \(lines)"
    }
}

extension TrackerStatus {
    fileprivate init(_ tracker: TrackerSnapshot, scripts: [ScriptSnapshot]) {
        let isGood: Bool? =
            switch tracker.verdict {
            case .good: true
            case .failed: false
            case .unknown: nil
            }
        self.init(name: tracker.name, isGood: isGood, weight: tracker.weight)
        switch tracker.kind {
        case .interface:
            detail = "interface"
        case .file:
            detail = "file, holds \(tracker.number ?? 0)"
        case .process:
            detail = "processes running: \(tracker.number ?? 0)"
            if tracker.method == .looking { detail += ", looked for once a second" }
        case .script:
            guard let script = scripts.first(where: { $0.settings.name == tracker.name }) else {
                break
            }
            detail = script.words
            if case .fact(let fact) = script.settings.source {
                detail = isGood == true ? "\(fact) serves" : "\(fact) does not serve"
            }
            runTime = script.lastRunTime.map { Int($0 / .milliseconds(1)) }
        }
        owner = tracker.owner
        guard tracker.counts else {
            detail += ", does not count in its sync group"
            return
        }
        switch tracker.effect {
        case .adds(0): break
        case .adds(let share): detail += ", \(share > 0 ? "+" : "")\(share)"
        case .faults: detail += ", stops the router"
        }
    }
}

extension BalancerStatus {
    /// What is known about the balancer process, whether it answers or not.
    init(_ supervisor: BalancerSupervisor) {
        self.init()
        restarts = supervisor.restartCount
        lastExit = supervisor.lastExit
        guard let current = supervisor.current else {
            state = .restarting
            return
        }
        processID = Int(current.processID)
        let ending = supervisor.endingCount
        if ending > 0 { self.ending = ending }
        if current.phase == .serving { connectionLimit = current.connectionLimit }
        uptime = Int((MonotonicInstant.now - current.startedAt).components.seconds)
        state =
            switch current.phase {
            case .starting: .starting
            case .serving: supervisor.isUnresponsive ? .unresponsive : .running
            case .draining: .stopping
            }
    }
}
#endif
