internal import LinuxIO
internal import VRRPCore

extension RouterDriver {
    /// One thing that the priority depends on, and the cause of a fault if it is not as it must be.
    struct Tracked {
        let standing: TrackerStanding
        let faultCause: FaultCause?

        /// Something that the router can't do without; `cause` is `nil` while all is well.
        init(needed cause: FaultCause?) {
            standing = TrackerStanding(weight: 0, verdict: cause == nil ? .good : .failed)
            faultCause = cause
        }

        init(_ tracked: TrackedName, verdict: TrackerRecord.Verdict, otherwise cause: FaultCause) {
            standing = TrackerStanding(weight: tracked.weight, verdict: verdict)
            faultCause = tracked.weight == 0 && verdict != .good ? cause : nil
        }
    }

    /// Everything that the priority depends on: the own interface, its address, what is tracked.
    func trackers() -> [Tracked] {
        let own = host.interfaces[settings.interface]
        var inputs = [Tracked(needed: linkFault(of: settings.interface))]
        if own?.isUp == true, own?.sourceAddress == nil {
            inputs.append(Tracked(needed: .addressMissing(interface: settings.interface)))
        }
        if let error = own?.socketError { inputs.append(Tracked(needed: .socketRefused(error))) }
        for tracked in settings.trackedScripts {
            let verdict = host.scripts[tracked.name]?.record.verdict ?? .unknown
            inputs.append(
                Tracked(
                    tracked, verdict: verdict,
                    otherwise: verdict == .unknown
                        ? .scriptPending(tracked.name) : .scriptFailed(tracked.name)))
        }
        for tracked in settings.trackedInterfaces {
            let fault = linkFault(of: tracked.name)
            inputs.append(
                Tracked(
                    tracked, verdict: fault == nil ? .good : .failed,
                    otherwise: fault ?? .interfaceDown(tracked.name)))
        }
        return inputs
    }

    private func linkFault(of name: String) -> FaultCause? {
        guard let interface = host.interfaces[name] else { return .interfaceMissing(name) }
        return interface.isUp ? nil : .interfaceDown(name)
    }

    /// What a status display shows of this router.
    var snapshot: RouterSnapshot {
        let scripts = settings.trackedScripts.map { tracked in
            TrackerSnapshot(
                kind: .script, name: tracked.name, weight: tracked.weight,
                verdict: host.scripts[tracked.name]?.record.verdict ?? .unknown)
        }
        let interfaces = settings.trackedInterfaces.map { tracked in
            TrackerSnapshot(
                kind: .interface, name: tracked.name, weight: tracked.weight,
                verdict: linkFault(of: tracked.name) == nil ? .good : .failed)
        }
        return RouterSnapshot(
            settings: settings, state: faultCauses.isEmpty ? state : .fault, since: since,
            faultCauses: faultCauses, effectivePriority: effectivePriority,
            sourceAddress: host.interfaces[settings.interface]?.sourceAddress,
            trackers: scripts + interfaces, lastHeard: lastHeard, heldAddresses: heldAddresses,
            epoch: lastEpoch, obsoleteNotifications: notifications.obsoleteCount,
            isDeferring: election?.isDeferring(at: .now) ?? false, raise: election?.raise ?? 0,
            counters: counters)
    }
}

extension FaultCause {
    /// Whether nothing is wrong yet: a result is waited for.
    var isPending: Bool {
        if case .scriptPending = self { true } else { false }
    }
}
