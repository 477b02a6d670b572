internal import LinuxIO
internal import Netlink
internal import Reactor
internal import VRRPCore

extension RouterDriver {
    /// One thing that the priority depends on, and the cause of a fault if it is not as it must be.
    struct Tracked {
        let standing: TrackerStanding
        let faultCause: FaultCause?
        /// What a status display shows; `nil` for what every router depends on.
        var snapshot: TrackerSnapshot?

        /// Something that the router can't do without; `cause` is `nil` while all is well.
        init(needed cause: FaultCause?) {
            standing = TrackerStanding(weight: 0, verdict: cause == nil ? .good : .failed)
            faultCause = cause
            snapshot = nil
        }

        init(
            _ kind: TrackerSnapshot.Kind, _ tracked: TrackedName, _ standing: TrackerStanding,
            number: Int? = nil, method: ProcessTrackingMethod? = nil,
            otherwise cause: FaultCause
        ) {
            self.standing = standing
            faultCause = standing.effect == .faults ? cause : nil
            snapshot = TrackerSnapshot(
                kind: kind, name: tracked.name, weight: tracked.weight, verdict: standing.verdict,
                effect: standing.effect, number: number, method: method)
        }

        init(
            _ kind: TrackerSnapshot.Kind, _ tracked: TrackedName,
            verdict: TrackerRecord.Verdict, number: Int? = nil,
            method: ProcessTrackingMethod? = nil, otherwise cause: FaultCause
        ) {
            self.init(
                kind, tracked,
                TrackerStanding(
                    weight: tracked.weight, verdict: verdict, isReversed: tracked.isReversed),
                number: number, method: method,
                otherwise: verdict == .good ? .reversedIsGood(tracked.name) : cause)
        }
    }

    /// Everything that the priority depends on: the own interface, its address, what is tracked.
    func trackers() -> [Tracked] {
        let earlier = waits
        waits = [:]
        let own = host.interfaces[settings.interface]
        let fault = linkFault(of: settings.interface)
        var inputs = [Tracked(needed: settings.tracksOwnInterface || own == nil ? fault : nil)]
        if let link = settings.virtualMAC?.linkName, own?.isUp == true,
            host.interfaces[link]?.isUp != true
        {
            let refusal = host.linkFailures[link].map { FaultCause.linkRefused($0) }
            inputs.append(
                Tracked(
                    needed: refusal
                        ?? awaited(.linkPending(link), since: earlier, else: linkFault(of: link))))
        }
        if own?.isUp == true || own != nil && !settings.tracksOwnInterface && !hasSource {
            inputs.append(Tracked(needed: sourceFault(earlier)))
        }
        if settings.transport == .unicast([]) { inputs.append(Tracked(needed: .peersMissing)) }
        if let error = own?.socketErrors[settings.family] {
            inputs.append(Tracked(needed: .socketRefused(error)))
        }
        inputs += farInterfaces.map { Tracked(needed: linkFault(of: $0)) }
        return inputs + host.trackers(of: settings.tracked)
    }

    /// The other interfaces that its addresses and routes are on, in order.
    private var farInterfaces: [String] {
        var names: [String] = []
        let all =
            settings.heldAddresses.filter(\.isTracked).map(\.interface)
            + settings.routes.filter(\.isTracked).map(\.interface)
        for case let name? in all where name != settings.interface && !names.contains(name) {
            names.append(name)
        }
        return names
    }

    private func linkFault(of name: String) -> FaultCause? { host.linkFault(of: name) }

    private func sourceFault(_ earlier: [FaultCause: MonotonicInstant]) -> FaultCause? {
        let interface = settings.interface
        guard let source else {
            guard settings.family == .ipv6 else { return .addressMissing(interface: interface) }
            return awaited(
                .addressAwaited(interface: interface), since: earlier,
                else: .ipv6AddressMissing(
                    interface: interface, host.obstacle(toIPv6On: interface)))
        }
        guard settings.needsSourceAddress,
            host.interfaces[interface]?.lastingAddresses.contains(source) != true
        else { return nil }
        return .sourceMissing(source, interface: interface)
    }

    /// What is waited for, which is no fault before it has been for a while.
    private func awaited(
        _ cause: FaultCause, since earlier: [FaultCause: MonotonicInstant],
        else fault: @autoclosure () -> FaultCause?
    ) -> FaultCause? {
        let begun = earlier[cause] ?? .now
        waits[cause] = begun
        if begun + Self.longestWait <= .now { return fault() }
        if earlier[cause] == nil {
            host.loop.schedule(at: begun + Self.longestWait) { [weak self] in
                self?.elections?.reconsider()
            }
        }
        return cause
    }

    /// More than a link takes to come up, and an IPv6 address to be checked for a duplicate.
    private static let longestWait = Duration.seconds(5)
}

extension Host {
    /// What somebody tracks, in the order of the configuration: scripts, files, programs, interfaces.
    func trackers(of things: TrackedThings) -> [RouterDriver.Tracked] {
        typealias Tracked = RouterDriver.Tracked
        return things.scripts.map { tracked in
            let verdict = scripts[tracked.name]?.record.verdict ?? .unknown
            return Tracked(
                .script, tracked, verdict: verdict, otherwise: cause(tracked.name, verdict))
        }
            + things.files.map { tracked in
                let number = files[tracked.name]?.number ?? 0
                return Tracked(
                    .file, tracked,
                    TrackerStanding(
                        number: number, weight: tracked.weight, isReversed: tracked.isReversed),
                    number: number, otherwise: .fileStops(tracked.name, number: number))
            }
            + things.processes.map { tracked in
                let process = processes[tracked.name]
                let count = process?.count ?? 0
                return Tracked(
                    .process, tracked, verdict: process?.hasQuorum == true ? .good : .failed,
                    number: count, method: process?.method,
                    otherwise: .processCount(tracked.name, count))
            }
            + things.interfaces.map { tracked in
                let fault = linkFault(of: tracked.name)
                return Tracked(
                    .interface, tracked, verdict: fault == nil ? .good : .failed,
                    otherwise: fault ?? .interfaceDown(tracked.name))
            }
    }

    private func cause(_ name: String, _ verdict: TrackerRecord.Verdict) -> FaultCause {
        if verdict == .unknown { return .scriptPending(name) }
        return scripts[name]?.settings.isFactItself == true ? .factBad(name) : .scriptFailed(name)
    }

    /// What keeps an interface from having an IPv6 address, if that can be seen.
    func obstacle(toIPv6On name: String) -> IPv6Obstacle? {
        guard let interface = interfaces[name] else { return nil }
        if interface.link.mtu < Self.leastIPv6MTU { return .mtu(interface.link.mtu) }
        if (try? InterfaceParameter.disableIPv6.parameter(of: name).value()) == 1 {
            return .switchedOff
        }
        let duplicate = interface.addresses.first { $0.flags.contains(.duplicate) }
        return duplicate.map { .duplicate(IPAddress($0.address)) }
    }

    /// Why an interface can't be used; `nil`: it can.
    func linkFault(of name: String) -> FaultCause? {
        guard let interface = interfaces[name] else { return .interfaceMissing(name) }
        return interface.isUp ? nil : .interfaceDown(name)
    }
}

extension RouterDriver {
    /// What a status display shows of this router.
    var snapshot: RouterSnapshot {
        RouterSnapshot(
            settings: settings, state: faultCauses.allSatisfy(\.isAwaited) ? state : .fault,
            since: since,
            faultCauses: faultCauses, effectivePriority: effectivePriority,
            sourceAddress: source,
            trackers: elections?.contributions(to: self) ?? [],
            lastHeard: lastHeard,
            peers: ledger.entries.map { PeerSnapshot($0, beside: election) },
            heldAddresses: heldAddresses.map(\.held),
            refusedParts: refusedParts.map { RefusedPart(part: "\($0.part)", reason: $0.error) },
            unadvertisedCount: unadvertisedCount,
            epoch: notifier.lastEpoch,
            obsoleteNotifications: notifier.queue.obsoleteCount,
            isDeferring: election?.isDeferring(at: .now) ?? false, raise: election?.raise ?? 0,
            preemptionCountdown: election?.preemptionCountdown(at: .now),
            settlingLinks: host.settlingLinks(
                among: [settings.interface] + farInterfaces
                    + settings.trackedInterfaces.map(\.name)),
            group: elections?.settings?.name,
            counters: counters)
    }
}

extension FaultCause {
    /// Whether it is what a link that has just come up brings along by itself.
    fileprivate var isAwaited: Bool {
        if case .addressAwaited = self { true } else { false }
    }

    /// Whether nothing is wrong yet: something is waited for.
    var isPending: Bool {
        switch self {
        case .scriptPending, .memberPending, .addressAwaited, .linkPending: true
        default: false
        }
    }
}
