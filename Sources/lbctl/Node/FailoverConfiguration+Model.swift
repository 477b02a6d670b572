#if Program
internal import Failover
internal import NodeConfiguration
internal import VRRPCore

extension FailoverConfiguration {
    /// The fact that the node tells about its own balancer.
    static let ownBalancerFact = "own balancer"

    /// The fact that the node tells about a pool: whether a server of it takes connections.
    static func backendFact(_ name: String) -> String { "backend \(name)" }

    /// What the node does for its virtual routers, as the model has it.
    init(_ model: Model) {
        self.init()
        routers = model.virtualRouters.map { RouterSettings($0, model) }
        let backends = Set(model.virtualRouters.flatMap { $0.trackedBackends.map(\.name) })
        scripts =
            model.scripts.map(ScriptSettings.init)
            + backends.sorted().map { name in
                let fact = FailoverConfiguration.backendFact(name)
                return ScriptSettings(name: fact, source: .fact(fact))
            }
        files = model.trackFiles.map(TrackedFileSettings.init)
        processes = model.trackProcesses.map(TrackedProcessSettings.init)
        notificationFIFOs = model.global.notificationFIFOs
        tellsUnknownVRIDs = model.global.logsUnknownVRIDs
    }
}

extension RouterSettings {
    fileprivate init(_ settings: VirtualRouterSettings, _ model: Model) {
        self.init(
            name: settings.name, interface: settings.interface, vrid: settings.vrid,
            priority: settings.priority)
        interval = settings.advertisementInterval
        speak(settings)
        preempts = settings.preempts
        checksumCoverage = settings.sendsMessageOnlyChecksum ? .message : .pseudoHeader
        addresses = settings.addresses.map(HeldAddress.init)
        excludedAddresses = settings.excludedAddresses.map(HeldAddress.init)
        follow(settings, model)
        announcements.repetitions = settings.announcements.count
        announcements.secondBurstDelay = settings.announcements.repeatDelay
        announcements.refreshInterval = settings.announcements.refreshInterval
        announcements.refreshRepetitions = settings.announcements.refreshCount
        notifications.active = settings.notifications.active
        notifications.backup = settings.notifications.backup
        notifications.fault = settings.notifications.fault
        notifications.stop = settings.notifications.stop
        notifications.any = settings.notifications.any
    }
}

extension RouterSettings {
    /// How advertisements travel, are authenticated and answered.
    fileprivate mutating func speak(_ settings: VirtualRouterSettings) {
        lostAdvertisements = settings.lostAdvertisements
        answersInferiors = settings.answersInferiors
        ignoresOthersAsOwner = settings.ignoresOthersAsOwner
        transport = settings.transport
        admitsUnknownPeers = settings.admitsUnknownPeers
        unicastHopLimit = settings.unicastHopLimit
        sourceAddress = settings.sourceAddress
        needsSourceAddress = settings.tracksSource
        password = settings.password
        authentication = settings.authentication.flatMap { trailer in
            AuthenticationKeys(trailer.keys).map {
                RouterAuthentication(settings: trailer.settings, keys: $0)
            }
        }
    }
}

extension HeldAddress {
    fileprivate init(_ address: VirtualAddress) {
        self.init(address: address.address, prefixLength: address.prefixLength)
        interface = address.interface
        label = address.label
        broadcast = address.broadcast
    }
}
#endif
