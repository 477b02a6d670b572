#if Program
internal import NodeConfiguration

extension Model {
    /// Whether there is anything for a balancer process to do.
    var hasBalancer: Bool { !frontends.isEmpty || !statisticsPages.isEmpty }

    /// The part that the balancer process works by; the election's is left out.
    var balancing: Model {
        var part = self
        part.virtualRouters = []
        part.scripts = []
        part.trackFiles = []
        part.trackProcesses = []
        part.global.notificationFIFOs = []
        part.global.logsUnknownVRIDs = false
        return part
    }
}
#endif
