internal import VRRPCore

extension FailoverNode {
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
