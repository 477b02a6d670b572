#if Program
internal import Failover
internal import NodeConfiguration
internal import VRRPCore

extension FailoverConfiguration {
    /// The fact that the node tells about its own balancer.
    static let ownBalancerFact = "own balancer"

    /// The fact that the node tells about a pool: whether a server of it takes connections.
    static func backendFact(_ name: String) -> String { "backend \(name)" }

    /// The fact that the node tells about a named check.
    static func checkFact(_ name: String) -> String { "check \(name)" }

    /// What the node does for its virtual routers, as the model has it.
    init(_ model: Model) {
        self.init()
        routers = model.virtualRouters.map { RouterSettings($0, model) }
        syncGroups = model.syncGroups.map { SyncGroupSettings($0, model) }
        mail = model.global.mail.map { MailSettings($0, node: model.global.routerID) }
        startupDelay = model.global.startupDelay
        delayAfterBoot = model.global.delayAfterBoot
        announcementSpacing.ipv4 = model.global.arpSpacing
        announcementSpacing.ipv6 = model.global.neighborSpacing
        for delays in model.global.interfaceDelays {
            linkDelays[delays.interface] = LinkDelays(down: delays.down, up: delays.up)
        }
        let backends =
            model.virtualRouters.flatMap(\.trackedBackends)
            + model.syncGroups.flatMap(\.trackedBackends)
        let checks =
            model.virtualRouters.flatMap(\.trackedChecks)
            + model.syncGroups.flatMap(\.trackedChecks)
        let facts = Set(
            backends.map { FailoverConfiguration.backendFact($0.name) }
                + checks.map { FailoverConfiguration.checkFact($0.name) })
        scripts =
            model.scripts.map(ScriptSettings.init)
            + facts.sorted().map { ScriptSettings(name: $0, source: .fact($0)) }
        files = model.trackFiles.map(TrackedFileSettings.init)
        processes = model.trackProcesses.map(TrackedProcessSettings.init)
        notificationFIFOs = model.global.notificationFIFOs.map { pipe in
            var settings = NotificationFIFOSettings(path: pipe.path)
            settings.owner = pipe.owner?.ownership
            settings.reader = pipe.reader
            return settings
        }
        tellsStatesOnReload = model.global.tellsStatesOnReload
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
        preemptDelay = settings.preemptDelay
        checksumCoverage = settings.sendsMessageOnlyChecksum ? .message : .pseudoHeader
        followsSource = settings.followsSource
        addresses = settings.addresses.map(HeldAddress.init)
        familyWithoutAddresses = settings.familyWithoutAddresses
        excludedAddresses = settings.excludedAddresses.map(HeldAddress.init)
        virtualMAC = settings.virtualMAC.map {
            VirtualMAC($0, vrid: settings.vrid, family: settings.family)
        }
        acceptsTraffic = settings.acceptsTraffic
        tracksOwnInterface = settings.tracksOwnInterface
        routes = settings.routes.map(HeldRoute.init)
        rules = settings.rules.map(HeldRule.init)
        let tracked = TrackedThings(settings, model)
        trackedScripts = tracked.scripts
        trackedFiles = tracked.files
        trackedProcesses = tracked.processes
        trackedInterfaces = tracked.interfaces
        announcements.repetitions = settings.announcements.count
        announcements.secondBurstDelay = settings.announcements.repeatDelay
        announcements.refreshInterval = settings.announcements.refreshInterval
        announcements.refreshRepetitions = settings.announcements.refreshCount
        announcements.contestRepetitions = settings.announcements.contestCount
        announcements.contestBurstDelay = settings.announcements.contestDelay
        notifications = NotificationPrograms(settings.notifications)
        tellsPriorityChanges =
            settings.tellsPriorityChanges
            || model.syncGroups.contains {
                $0.tellsPriorityChanges && $0.members.contains(settings.name)
            }
        sendsMail = settings.sendsMail
    }
}

extension SyncGroupSettings {
    fileprivate init(_ group: VirtualRouterGroup, _ model: Model) {
        self.init(name: group.name, members: group.members)
        tracked = TrackedThings(group, model)
        weighsMembers = group.weighsMembers
        notifications = NotificationPrograms(group.notifications)
        sendsMail = group.sendsMail
    }
}

extension NotificationPrograms {
    fileprivate init(_ settings: NotificationSettings) {
        self.init()
        active = settings.active
        backup = settings.backup
        fault = settings.fault
        stop = settings.stop
        deleted = settings.deleted
        heardInferior = settings.heardInferior
        any = settings.any
    }
}

extension RouterSettings {
    /// How advertisements travel, are authenticated and answered.
    fileprivate mutating func speak(_ settings: VirtualRouterSettings) {
        lostAdvertisements = settings.lostAdvertisements
        if settings.waitsFullSkew { longestReleaseSkew = nil }
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

#endif
