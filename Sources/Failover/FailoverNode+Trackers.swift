internal import VRRPCore

extension FailoverNode {
    /// Starts the scripts that are new or differ, and stops those that are no more.
    ///
    /// - Parameters:
    ///   - difference: What becomes of the scripts.
    ///   - isReload: Whether routers are running that must not stop for want of a first result.
    func startScripts(_ difference: NamedDifference<ScriptSettings>, isReload: Bool) {
        let former = difference.removed(from: &host.scripts)
        former.values.forEach { $0.stop() }
        for settings in difference.begun {
            let tracker = ScriptTracker(settings: settings, loop: host.loop) {
                [weak self] tracker, step in self?.take(step, of: tracker)
            }
            let old = former[settings.name]
            if let old, old.settings.source == settings.source, old.record.verdict != .unknown {
                tracker.adopt(old)
            } else if isReload {
                tracker.assume(old)
                if tracker.record.verdict == .good, !settings.isFactItself {
                    host.emit(.script(name: settings.name, .assumedGood))
                }
            }
            host.scripts[settings.name] = tracker
        }
        // Once all are there: a result counts at once.
        for tracker in difference.begun.compactMap({ host.scripts[$0.name] }) {
            tracker.start()
            if case .fact(let name) = tracker.settings.source, let isGood = host.facts[name] {
                tracker.setFact(isGood: isGood)
            }
        }
    }

    private func take(_ step: ScriptTracker.Step, of tracker: ScriptTracker) {
        let name = tracker.settings.name
        guard !tracker.settings.isFactItself else {
            guard let change = step.change else { return }
            host.emit(.fact(name: name, isGood: change == .good))
            return reconsiderAll(since: tracker)
        }
        if let previous = step.previous, previous != step.result {
            host.emit(.script(name: name, .returned(step.result)))
        }
        switch step.change {
        case .good: host.emit(.script(name: name, .becameGood(step.result)))
        case .failed: host.emit(.script(name: name, .failed(step.result)))
        case .unknown, nil: return
        }
        reconsiderAll(since: tracker)
    }

    /// Has all routers look at their trackers, one of which has come to another verdict.
    private func reconsiderAll(since tracker: ScriptTracker) {
        guard tracker.settings.givesWay else { return reconsiderAll() }
        let name = tracker.settings.name
        let all = drivers.values.map { ($0, $0.effectivePriority) }
        reconsiderAll()
        switch tracker.record.verdict {
        case .good: for (driver, _) in all { driver.resume(having: name) }
        case .failed:
            for (driver, former) in all where driver.effectivePriority < former {
                driver.giveWay(lacking: name)
            }
        case .unknown: break
        }
    }

    /// Follows the files that are new or differ, and those that are no more no longer.
    ///
    /// - Parameters:
    ///   - difference: What becomes of the files.
    ///   - isReload: Whether routers are running, which go on by the number that a file of this name held.
    func startFiles(_ difference: NamedDifference<TrackedFileSettings>, isReload: Bool) {
        let former = difference.removed(from: &host.files)
        former.values.forEach { $0.stop() }
        for settings in difference.begun {
            let tracker = FileTracker(
                settings: settings, number: former[settings.name]?.number ?? 0, loop: host.loop
            ) { [weak self] tracker in
                self?.host.emit(.file(name: tracker.settings.name, number: tracker.number))
                self?.reconsiderAll()
            } onFailure: { [weak self] error in
                self?.host.emit(.failed(.system(error)))
            }
            host.files[settings.name] = tracker
            tracker.start(waits: !isReload)
        }
    }

    /// Follows the programs that are new or differ, and those that are no more no longer.
    ///
    /// - Parameters:
    ///   - difference: What becomes of the programs.
    ///   - isReload: Whether routers are running that must not stop for want of a first look.
    func startProcesses(_ difference: NamedDifference<TrackedProcessSettings>, isReload: Bool) {
        let former = difference.removed(from: &host.processes)
        former.values.forEach { $0.stop() }
        for settings in difference.begun {
            let tracker = ProcessTracker(settings: settings, loop: host.loop) {
                [weak self] tracker in
                self?.host.emit(
                    .process(
                        name: tracker.settings.name, hasQuorum: tracker.hasQuorum ?? false))
                self?.reconsiderAll()
            }
            if isReload { tracker.assume(former[settings.name]) }
            host.processes[settings.name] = tracker
        }
        host.processSurvey.follow(Array(host.processes.values), waits: !isReload)
    }
}
