#if Program
internal import NodeConfiguration
internal import VRRPCore

extension Model {
    /// Whether there is anything for a balancer process to do.
    var hasBalancer: Bool {
        !frontends.isEmpty || !statisticsPages.isEmpty
            || backends.contains(where: \.checks.isOnlyCheck)
    }

    /// Whether a check or an agent asks at the same place as in another model, so that what is known
    /// of it there holds here.
    func checksSame(_ id: String, as other: Model) -> Bool {
        let own = checkedPlaces[id]
        return own != nil && own == other.checkedPlaces[id]
    }

    private var checkedPlaces: [String: [String]] {
        var places: [String: [String]] = [:]
        for backend in backends {
            for server in backend.servers {
                let place = "\(server.address):\(server.port)"
                let check = server.check.map {
                    "\($0.address?.description ?? "-"):\($0.port ?? 0)"
                }
                places[HealthTargets.id(backend, server)] = [place, check ?? ""]
                places[HealthTargets.agentID(backend, server)] = [
                    place, server.health.agent.map { "\($0.port)" } ?? "",
                ]
            }
        }
        return places
    }

    /// The part that the balancer process works by; the election's is left out.
    var balancing: Model {
        var part = self
        part.virtualRouters = []
        part.syncGroups = []
        part.scripts = []
        part.trackFiles = []
        part.trackProcesses = []
        part.global.notificationFIFOs = []
        part.global.tellsStatesOnReload = false
        part.global.process = ProcessSettings()
        part.global.dumps = DumpSettings()
        part.global.logsUnknownVRIDs = false
        part.global.mail = nil
        part.global.startupDelay = .zero
        part.global.delayAfterBoot = .zero
        part.global.interfaceDelays = []
        part.global.arpSpacing = .zero
        part.global.neighborSpacing = .zero
        return part
    }
}
#endif
