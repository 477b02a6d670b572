internal import Netlink
internal import VRRPCore

extension NotificationPrograms {
    fileprivate var all: [[String]] {
        [active, backup, fault, stop, deleted, heardInferior, any].compactMap(\.self)
    }
}

/// What tells one virtual router of a node from another: RFC 9568 §3, §5.2.3.
///
/// One VRID may serve several groups of one interface, and unicast beside them, as in keepalived:
/// their advertisements never meet.
struct RouterKey: Hashable {
    /// What datagrams tell that are no one's by their destination.
    struct Name: Hashable {
        let interface: String
        let family: AddressFamily
        let vrid: VRID
    }

    let name: Name
    /// The group that it hears; `nil`: unicast.
    let group: IPAddress?

    init(name: Name, group: IPAddress?) {
        self.name = name
        self.group = group
    }

    init(_ settings: RouterSettings) {
        self.init(
            name: Name(
                interface: settings.interface, family: settings.family, vrid: settings.vrid),
            group: settings.group)
    }
}

extension RouterSettings {
    /// Everything that is claimed, announced and released together, advertised ones first.
    var heldAddresses: [HeldAddress] { addresses + excludedAddresses }

    /// The group that its advertisements are sent to; `nil`: unicast.
    var group: IPAddress? { transport.group(of: family) }

    /// Looks whether addresses, transport and authentication fit together.
    fileprivate func validateWire() throws(FailoverError) {
        for held in heldAddresses
        where !(0...(8 * held.address.family.addressByteCount)).contains(held.prefixLength) {
            throw .prefixLength(held.prefixLength, held.address, router: name)
        }
        var others = addresses.map(\.address)
        if let sourceAddress { others.append(sourceAddress) }
        switch transport {
        case .multicast(let group): others += [group].compactMap(\.self)
        case .unicast(let peers): others += peers.map(\.address)
        }
        if let stranger = others.first(where: { $0.family != family }) {
            throw .mixedFamilies(stranger, router: name)
        }
        if authentication != nil, !AuthenticationKeys.areUsable {
            throw .authenticationUnavailable(router: name)
        }
    }
}

extension FailoverConfiguration {
    /// Looks whether the parts fit together; ``FailoverNode`` refuses a configuration that does not.
    ///
    /// - Throws: The first thing that is wrong, with what would be right.
    public func validate() throws(FailoverError) {
        try validateGroups()
        var names: Set<String> = []
        var keys: Set<RouterKey> = []
        let scriptNames = Set(scripts.map(\.name))
        for script in scripts where script.source == .command([]) {
            throw .emptyCommand(of: "script \(script.name)")
        }
        for process in processes where process.command.isEmpty {
            throw .emptyCommand(of: "tracked process \(process.name)")
        }
        for pipe in notificationFIFOs where pipe.reader?.isEmpty == true {
            throw .emptyCommand(of: "the reader of named pipe \(pipe.path)")
        }
        for script in scripts where script.interval <= .zero {
            throw .interval(script.interval, script: script.name)
        }
        for router in routers {
            guard names.insert(router.name).inserted else { throw .duplicateName(router.name) }
            guard keys.insert(RouterKey(router)).inserted else {
                throw .duplicateVRID(router.vrid, interface: router.interface)
            }
            guard router.addresses.count <= 255 else {
                throw .addressCount(router.addresses.count, router: router.name)
            }
            try router.validateWire()
            let announced = router.announcements
            for count in [announced.repetitions, announced.refreshRepetitions]
            where !(0...100).contains(count) {
                throw .announcementCount(count, router: router.name)
            }
            for arguments in router.notifications.all where arguments.isEmpty {
                throw .emptyCommand(of: "a notification of virtual router \(router.name)")
            }
            for tracked in router.trackedScripts where !scriptNames.contains(tracked.name) {
                throw .unknownScript(tracked.name, router: router.name)
            }
            for tracked in router.trackedFiles
            where !files.contains(where: { $0.name == tracked.name }) {
                throw .unknownTracker("file \(tracked.name)", router: router.name)
            }
            for tracked in router.trackedProcesses
            where !processes.contains(where: { $0.name == tracked.name }) {
                throw .unknownTracker("process \(tracked.name)", router: router.name)
            }
        }
    }

    /// Looks whether each group has members, and each router one group at most.
    func validateGroups() throws(FailoverError) {
        var names: Set<String> = []
        var grouped: Set<String> = []
        let known = Set(routers.map(\.name))
        for group in syncGroups {
            guard names.insert(group.name).inserted else { throw .duplicateName(group.name) }
            guard !group.members.isEmpty else { throw .emptyGroup(group.name) }
            for member in group.members {
                guard known.contains(member) else { throw .unknownMember(member, group.name) }
                guard grouped.insert(member).inserted else { throw .sharedMember(member) }
            }
            for arguments in group.notifications.all where arguments.isEmpty {
                throw .emptyCommand(of: "a notification of sync group \(group.name)")
            }
        }
    }

    /// The addresses of routers that hold them for others only.
    ///
    /// An owner of the addresses takes what comes in for them whatever is configured (RFC 9568 §6.1).
    var addressesThatAcceptNothing: Set<InternetAddress> {
        Set(
            routers.filter { router in
                let election = VirtualRouter.Configuration(
                    router, primaryAddress: .unspecified(router.family), advertisedCount: 1)
                return !election.takesTraffic
            }
            .flatMap(\.heldAddresses).map { InternetAddress($0.address) })
    }

    /// How the virtual routers use the interfaces of the host.
    var interfaceUses: InterfaceUses {
        var uses = InterfaceUses()
        uses.delays = keptDelays
        uses.followsSources = routers.contains(where: \.followsSource)
        for group in syncGroups { uses.watched.formUnion(group.tracked.interfaces.map(\.name)) }
        for router in routers {
            uses.advertising[router.interface, default: [:]][router.family, default: []]
                .formUnion([router.group].compactMap(\.self))
            uses.watched.insert(router.interface)
            if router.sender != router.interface {
                // To send by; what arrives is heard on the interface below.
                uses.advertising[router.sender, default: [:]][router.family] = []
                uses.watched.insert(router.sender)
            }
            uses.watched.formUnion(router.trackedInterfaces.map(\.name))
            uses.watched.formUnion(router.routes.compactMap(\.interface))
            for placed in router.placedAddresses {
                uses.watched.insert(placed.interface)
                uses.virtualAddresses[placed.interface, default: []].insert(placed.address)
            }
        }
        return uses
    }
}
