#if Program
internal import NodeConfiguration
internal import VRRPCore

extension Model {
    /// Whether there is anything for a balancer process to do.
    var hasBalancer: Bool {
        !frontends.isEmpty || !statisticsPages.isEmpty
            || backends.contains(where: \.checks.isOnlyCheck) || !peers.isEmpty
    }

    /// Where each check and agent asks, and what each address is the address of, by their names in
    /// ``HealthTargets``.
    var checkedPlaces: [String: String] {
        var places: [String: String] = [:]
        for backend in backends {
            for server in backend.servers {
                let place = "\(server.address):\(server.port)"
                if let check = server.check {
                    places[HealthTargets.id(backend, server)] =
                        "\(place) \(check.address?.description ?? "-"):\(check.port ?? 0)"
                }
                if case .name = server.address {
                    places[HealthTargets.addressID(backend, server)] = place
                }
                if let agent = server.health.agent {
                    places[HealthTargets.agentID(backend, server)] =
                        "\(place) \(agent.address?.description ?? "-"):\(agent.port)"
                }
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
        part.serverSurroundings = ServerSurroundings()
        part.global.notificationFIFOs = []
        part.global.tellsStatesOnReload = false
        part.global.process = ProcessSettings()
        part.global.dumps = DumpSettings()
        part.global.logsUnknownVRIDs = false
        part.global.mail = nil
        part.global.hardStopTime = nil
        part.global.startupDelay = .zero
        part.global.delayAfterBoot = .zero
        part.global.interfaceDelays = []
        part.global.arpSpacing = .zero
        part.global.neighborSpacing = .zero
        return part
    }
}

extension ServiceOrder {
    /// Puts together what came one after the other.
    ///
    /// - Parameters:
    ///   - terms: What came last.
    ///   - model: The model.
    ///   - remembered: What is remembered of targets; what asked elsewhere is left out.
    init(_ terms: ServiceTerms, model: Model, knowing remembered: [String: RememberedTarget]) {
        self.init(administration: terms.administration, node: terms.node)
        guard !remembered.isEmpty else { return }
        let places = model.checkedPlaces
        health = remembered.filter { places[$0] == $1.place }.mapValues(\.memory)
    }
}
#endif
