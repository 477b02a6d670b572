internal import VRRPCore

extension FailoverNode {
    /// Starts the scripts that are new or differ, and stops those that are no more.
    func startScripts() {
        var trackers: [String: ScriptTracker] = [:]
        var started: [ScriptTracker] = []
        for settings in configuration.scripts {
            let old = host.scripts.removeValue(forKey: settings.name)
            if let old, old.settings == settings {
                trackers[settings.name] = old
                continue
            }
            let tracker = ScriptTracker(settings: settings, loop: host.loop) {
                [weak self] tracker, step in self?.take(step, of: tracker)
            }
            if let old, old.settings.source == settings.source { tracker.adopt(old) }
            old?.stop()
            trackers[settings.name] = tracker
            started.append(tracker)
        }
        host.scripts.values.forEach { $0.stop() }
        host.scripts = trackers
        for tracker in started {
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
            return reconsiderAll()
        }
        if let previous = step.previous, previous != step.result {
            host.emit(.script(name: name, .returned(step.result)))
        }
        switch step.change {
        case .good: host.emit(.script(name: name, .becameGood(step.result)))
        case .failed: host.emit(.script(name: name, .failed(step.result)))
        case .unknown, nil: return
        }
        reconsiderAll()
    }

    /// Follows the files that are new or differ, and those that are no more no longer.
    func startFiles() {
        var trackers: [String: FileTracker] = [:]
        for settings in configuration.files {
            let old = host.files.removeValue(forKey: settings.name)
            if let old, old.settings == settings {
                trackers[settings.name] = old
                continue
            }
            old?.stop()
            let tracker = FileTracker(settings: settings, loop: host.loop) { [weak self] tracker in
                self?.host.emit(.file(name: tracker.settings.name, number: tracker.number))
                self?.reconsiderAll()
            }
            trackers[settings.name] = tracker
            do throws(HostError) { try tracker.start() } catch { host.emit(.failed(error)) }
        }
        host.files.values.forEach { $0.stop() }
        host.files = trackers
    }

    /// Follows the programs that are new or differ, and those that are no more no longer.
    func startProcesses() {
        var trackers: [String: ProcessTracker] = [:]
        for settings in configuration.processes {
            let old = host.processes.removeValue(forKey: settings.name)
            if let old, old.settings == settings {
                trackers[settings.name] = old
                continue
            }
            old?.stop()
            let tracker = ProcessTracker(settings: settings, loop: host.loop) {
                [weak self] tracker in
                self?.host.emit(
                    .process(
                        name: tracker.settings.name, hasQuorum: tracker.hasQuorum ?? false))
                self?.reconsiderAll()
            }
            trackers[settings.name] = tracker
            tracker.start()
        }
        host.processes.values.forEach { $0.stop() }
        host.processes = trackers
    }
}
