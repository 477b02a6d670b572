#if Program
internal import LinuxIO
internal import NodeConfiguration

extension Node {
    /// Sees to it that neither load nor memory shortage delays an advertisement, where it may.
    ///
    /// Processes that this one starts do not inherit it, and the balancer process goes back to the
    /// processors that this one was started on.
    func actInTime() {
        let settings = model.global.process
        if !settings.processors.isEmpty {
            attempt("it runs on any processor") { () throws(SystemError) in
                try ProcessorSet(settings.processors).restrictThread()
            }
        }
        if let niceness = settings.niceness {
            attempt("the nice value stays") { () throws(SystemError) in
                try RealTime.setNiceness(niceness)
            }
        }
        guard options.usesRealTime else { return }
        attempt("no real-time scheduling") { () throws(SystemError) in
            try RealTime.scheduleFirst(at: Int32(settings.realTimePriority ?? 1))
        }
        attempt("memory is not locked") { () throws(SystemError) in try RealTime.lockMemory() }
    }

    func attempt(_ otherwise: String, _ body: () throws(SystemError) -> Void) {
        do throws(SystemError) { try body() } catch { log(.notice, "\(otherwise): \(error)") }
    }
}
#endif
