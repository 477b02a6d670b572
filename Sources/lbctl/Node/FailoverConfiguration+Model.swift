#if Program
internal import Failover
internal import NodeConfiguration
internal import VRRPCore

extension FailoverConfiguration {
    /// The fact that the node tells about its own balancer.
    static let ownBalancerFact = "own balancer"

    /// What the node does for its virtual routers, as the model has it.
    init(_ model: Model) {
        self.init()
        routers = model.virtualRouters.map { RouterSettings($0, scripts: model.scripts) }
        scripts = model.scripts.map(ScriptSettings.init)
        notificationFIFOs = model.global.notificationFIFOs
    }
}

extension RouterSettings {
    fileprivate init(_ settings: VirtualRouterSettings, scripts: [TrackScript]) {
        self.init(
            name: settings.name, interface: settings.interface, vrid: settings.vrid,
            priority: settings.priority)
        interval = AdvertisementInterval(
            settings.advertisementInterval, version: settings.version == .v2 ? .v2 : .v3)
        preempts = settings.preempts
        checksumCoverage = settings.sendsMessageOnlyChecksum ? .message : .pseudoHeader
        addresses = settings.addresses.map { address in
            var held = HeldAddress(address: address.address, prefixLength: address.prefixLength)
            held.interface = address.interface
            held.label = address.label
            held.broadcast = address.broadcast
            return held
        }
        trackedScripts = settings.trackedScripts.map { tracked in
            let ownWeight = scripts.first { $0.name == tracked.name }?.weight ?? 0
            return TrackedName(name: tracked.name, weight: tracked.weight ?? ownWeight)
        }
        trackedInterfaces = settings.trackedInterfaces.map {
            TrackedName(name: $0.name, weight: $0.weight)
        }
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

extension ScriptSettings {
    fileprivate init(_ script: TrackScript) {
        let source: Source =
            switch script.source {
            case .command(let arguments): .command(arguments)
            case .ownBalancer: .fact(FailoverConfiguration.ownBalancerFact)
            }
        self.init(name: script.name, source: source)
        interval = script.interval
        timeout = script.timeout
        rise = script.rise
        fall = script.fall
        startsFailed = script.startsFailed
    }
}
#endif
