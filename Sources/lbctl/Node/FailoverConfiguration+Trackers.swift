#if Program
internal import Failover
internal import NodeConfiguration
internal import VRRPCore

extension TrackedThings {
    /// What a virtual router tracks; what it does not say, the tracked thing does.
    init(_ settings: VirtualRouterSettings, _ model: Model) {
        self.init(
            settings.trackedScripts, settings.trackedFiles, settings.trackedProcesses,
            settings.trackedBackends, settings.trackedChecks, settings.trackedInterfaces, model)
    }

    /// What a sync group tracks itself.
    init(_ group: VirtualRouterGroup, _ model: Model) {
        self.init(
            group.trackedScripts, group.trackedFiles, group.trackedProcesses,
            group.trackedBackends, group.trackedChecks, group.trackedInterfaces, model)
    }

    private init(
        _ scripts: [TrackedScript], _ files: [TrackedObject], _ processes: [TrackedObject],
        _ backends: [TrackedObject], _ checks: [TrackedObject], _ interfaces: [TrackedInterface],
        _ model: Model
    ) {
        self.init()
        self.scripts =
            scripts.map { tracked in
                let script = model.scripts.first { $0.name == tracked.name }
                return TrackedName(
                    tracked.name, tracked.weight, script?.weight ?? 0, tracked.isReversed,
                    script?.isReversed)
            }
            + backends.map { tracked in
                TrackedName(
                    FailoverConfiguration.backendFact(tracked.name), tracked.weight, 0,
                    tracked.isReversed, nil)
            }
            + checks.map { tracked in
                TrackedName(
                    FailoverConfiguration.checkFact(tracked.name), tracked.weight, 0,
                    tracked.isReversed, nil)
            }
        self.files = files.map { tracked in
            let file = model.trackFiles.first { $0.name == tracked.name }
            return TrackedName(
                tracked.name, tracked.weight, file?.weight ?? 1, tracked.isReversed,
                file?.isReversed)
        }
        self.processes = processes.map { tracked in
            let process = model.trackProcesses.first { $0.name == tracked.name }
            return TrackedName(
                tracked.name, tracked.weight, process?.weight ?? 0, tracked.isReversed,
                process?.isReversed)
        }
        self.interfaces = interfaces.map { tracked in
            TrackedName(tracked.name, tracked.weight, 0, tracked.isReversed, nil)
        }
    }
}

extension TrackedName {
    /// What the reference does not say, the tracked thing does.
    fileprivate init(
        _ name: String, _ weight: Int?, _ ownWeight: Int, _ isReversed: Bool?,
        _ isOwnReversed: Bool?
    ) {
        self.init(name: name, weight: weight ?? ownWeight)
        self.isReversed = isReversed ?? isOwnReversed ?? false
    }
}

extension ScriptSettings {
    init(_ script: TrackScript) {
        let source: Source =
            switch script.source {
            case .command(let arguments): .command(script.user?.running(arguments) ?? arguments)
            case .ownBalancer: .fact(FailoverConfiguration.ownBalancerFact)
            }
        self.init(name: script.name, source: source)
        if case .ownBalancer = script.source { givesWay = true }
        interval = script.interval
        timeout = script.timeout
        rise = script.rise
        fall = script.fall
        startsFailed = script.startsFailed
    }
}

extension TrackedFileSettings {
    init(_ file: TrackFile) {
        self.init(name: file.name, path: file.path)
        initialNumber = file.initialNumber
        overwrites = file.overwrites
    }
}

extension TrackedProcessSettings {
    init(_ process: TrackProcess) {
        self.init(name: process.name, command: process.command)
        quorum = process.quorum
        argumentMatch =
            switch process.argumentMatch {
            case .all: .all
            case .initial: .initial
            case .partial: .partial
            }
        matchesWholePath = process.matchesWholePath
        quorumLimit = process.quorumLimit
        gainDelay = process.gainDelay
        lossDelay = process.lossDelay
    }
}
#endif
