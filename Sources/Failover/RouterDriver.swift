internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// One virtual router: what its election wants is done here, and what it depends on is known here.
///
/// Its ``ElectionDriver`` decides, together with the other members of its sync group.
final class RouterDriver {
    private(set) var settings: RouterSettings
    let host: Host
    /// What drives its election, until it ends or another one does.
    var elections: ElectionDriver?
    let notifier: StateNotifier

    private(set) var state = RouterState.stopped
    private(set) var since: MonotonicInstant?
    private(set) var faultCauses: [FaultCause] = []
    private var following: IPAddress?
    private var understood: UnderstoodForms?
    var lastHeard: HeardAdvertisement?
    /// What stands between the wire and the election; `nil` as long as there is no election.
    var channel: AdvertisementChannel?
    /// Every station that was heard of late.
    var ledger = PeerLedger()
    /// How much is told of what others' packets cause.
    var news = PacketNews()
    var counters = RouterCounters()
    var heldAddresses: [PlacedAddress] = []
    var heldRoutes: [HeldRoute] = []
    var heldRules: [HeldRule] = []
    /// What of them the system refused at the last attempt, and why.
    private(set) var refusedParts: [(part: HeldPart, error: HostError)] = []
    /// Whether it claimed something, and ``judgeClaim()`` has not looked at what came of it.
    var hasClaimed = false
    /// How often each address, route and rule was put back of late.
    var restorations = RestorationRecord<HeldPart>()
    /// Since when it waits for what should come by itself.
    var waits: [FaultCause: MonotonicInstant] = [:]
    /// What it gave way for want of, until this node has it again.
    var lacking: String?
    /// How many addresses go unadvertised because the link carries no more; 0: none.
    var unadvertisedCount = 0

    init(settings: RouterSettings, host: Host) {
        self.settings = settings
        self.host = host
        notifier = StateNotifier(
            host: host, name: settings.name,
            failed: { .router(name: $0, .notificationFailed(program: $1, $2)) },
            slow: { .router(name: $0, .notificationSlow(program: $1)) })
    }

    /// The election; `nil` until something drives it.
    var election: VirtualRouter? { elections?.election(of: self) }

    /// Says that it takes no part any more.
    func stop(_ notice: Notice) {
        enter(.stopped)
        notify(notice)
    }

    /// Begins to follow other settings without leaving its state: what it is not to hold any more goes,
    /// but for what moves to another interface.
    ///
    /// - Returns: What is left to be done once all routers of the node have come this far; `nil`: nothing.
    func beginAdopting(_ next: RouterSettings) -> Adoption? {
        guard next != settings else { return nil }
        settings = next
        forgetRefusals()
        notifier.name = next.name
        guard let election else { return nil }
        let actions = elections?.adopt(
            configuration(from: election.configuration.primaryAddress), for: self)
        prepareChannel()
        release(
            heldRoutes.filter { !next.routes.contains($0) },
            heldRules.filter { !next.rules.contains($0) })
        let wanted = next.placedAddresses
        let given = heldAddresses.filter { !wanted.contains($0) }
        let moving = given.filter { host.transfers.moves($0) }
        release(given.filter { !moving.contains($0) })
        return Adoption(actions: actions ?? [], moving: moving)
    }

    /// Does what the election wants of other settings, and takes what they add.
    func claim(_ adoption: Adoption) {
        elections?.carryOut(adoption.actions)
        // The election knows no more of an address than that it is there.
        if state == .active { claimWhatIsMissing() }
    }

    /// Takes off what is elsewhere by now, so that no connection through it is lost.
    func finish(_ adoption: Adoption) {
        release(adoption.moving)
        judgeClaim()
    }

    /// Keeps what came of an attempt to put something there, and tells of a refusal that is new.
    func note(_ error: HostError?, of part: HeldPart) {
        let former = refusedParts.first { $0.part == part }?.error
        guard error != former else { return }
        refusedParts.removeAll { $0.part == part }
        guard let error else { return }
        refusedParts.append((part, error))
        emit(.failed(error))
    }

    /// Forgets the refusals of what it is not to hold any more.
    private func forgetRefusals() {
        let parts = Set(
            settings.placedAddresses.map(HeldPart.address) + settings.routes.map(HeldPart.route)
                + settings.rules.map(HeldPart.rule))
        refusedParts.removeAll { !parts.contains($0.part) }
    }

    /// Whether the address that it sends from is another one now, or gone.
    var hasLostItsSource: Bool {
        guard let election, election.hasSource else { return false }
        // A link that is down takes its IPv6 addresses along; whether that stops it, is tracked.
        guard let source else { return host.interfaces[settings.interface]?.isUp == true }
        return election.configuration.primaryAddress != source
    }

    /// Whether its election ever had an address to send from.
    var hasSource: Bool { election?.hasSource ?? false }

    /// What its election is to be at this moment.
    var configuration: VirtualRouter.Configuration {
        configuration(from: source ?? .unspecified(settings.family))
    }

    private func configuration(from source: IPAddress) -> VirtualRouter.Configuration {
        let link = host.interfaces[settings.sender]?.link
        return VirtualRouter.Configuration(
            settings, primaryAddress: source, advertisedCount: settings.advertisedCount(on: link))
    }

    /// Advertises as many addresses as the link carries now; the others are held all the same.
    func followLink() {
        let count =
            settings.addresses.count
            - settings.advertisedCount(
                on: host.interfaces[settings.sender]?.link)
        if count != unadvertisedCount {
            unadvertisedCount = count
            emit(.leavesUnadvertised(count, interface: settings.sender))
        }
        guard let election,
            election.configuration.companions.count - settings.excludedAddresses.count != count
        else { return }
        let actions = elections?.adopt(
            configuration(from: election.configuration.primaryAddress), for: self)
        elections?.carryOut(actions ?? [])
    }

    /// Takes in what has arrived, before a deadline counts; not if that was done within `age`.
    func readDry(unlessWithin age: Duration) {
        host.readDry(settings.interface, unlessWithin: age)
    }

    /// Resigns on interfaces that are about to be others, or none: deleted, made anew, renamed.
    func leave(_ interfaces: Set<String>) {
        guard elections?.isRunning == true else { return }
        if interfaces.contains(settings.interface) {
            elections?.suspend()
            return
        }
        guard let lost = heldAddresses.first(where: { interfaces.contains($0.interface) }) else {
            return
        }
        giveWay(.notRestored(lost.address, interface: lost.interface))
    }

    /// The address that advertisements come from; `nil` while there is none.
    var source: IPAddress? { settings.source(on: host.interfaces[settings.interface]) }

    /// The priority that it takes part with, or last did.
    var effectivePriority: Priority { election?.priority ?? settings.priority }

    func emit(_ event: RouterEvent) { host.emit(.router(name: settings.name, event)) }

    /// Whether it is Backup of a router that it heard.
    var followsAnyone: Bool { following != nil }

    /// Tells of the Active router that it follows, when it is another.
    func noteWhomItFollows(in elections: ElectionDriver) {
        let peer = elections.peerAddress(of: self)
        // Whoever is Active since, or may be by when it takes part again, is not to be displaced.
        if peer != nil || state != .backup { lacking = nil }
        guard peer != following else { return }
        following = peer
        if let peer, news.admit(.follower) { emit(.followed(peer)) }
    }

    /// Tells of it when an Active router is understood in other forms than before.
    func noteLastWords(in election: VirtualRouter) {
        guard election.role == .active, let coverage = channel?.coverage else {
            understood = nil
            return
        }
        let next = UnderstoodForms(forms: election.spokenForms, coverage: coverage)
        guard next != understood else { return }
        // With a transition, all is told anew.
        if understood != nil { emit(.lastWordsChanged) }
        understood = next
    }

    /// Follows a transition of the election; it knows no difference between a fault and a stop.
    func follow(to role: VirtualRouter.Role) -> RouterState? {
        switch role {
        case .active: enter(.active)
        case .backup: enter(.backup)
        case .initialize: elections?.isRunning == true ? enter(.fault) : nil
        }
    }

    @discardableResult
    private func enter(_ next: RouterState) -> RouterState? {
        emit(.entered(next, isFirst: since == nil))
        state = next
        since = .now
        return next
    }

    func report(causes: [FaultCause]) {
        for cause in causes where !faultCauses.contains(cause) && !cause.isPending {
            emit(.faulted(cause))
        }
        faultCauses = causes
        // The election never left its initial state, so there was no transition to tell of. A
        // router that only waits for the first result of its scripts does so silently.
        if state == .stopped, causes.contains(where: { !$0.isPending }) {
            enter(.fault)
            notify(.entered(.fault))
        }
    }

    /// Tells the named pipes where it stands.
    func writeState() {
        notifier.write(.entered(state), of: .router(name: settings.name, effectivePriority))
    }

    /// Tells programs and named pipes.
    ///
    /// - Parameters:
    ///   - notice: What there is to tell.
    ///   - isAgain: Whether it was told before; people need not be told of it again.
    func notify(_ notice: Notice, isAgain: Bool = false) {
        notifier.tell(
            notice, of: .router(name: settings.name, effectivePriority), settings.notifications,
            sendsMail: settings.sendsMail && !isAgain)
    }
}

/// What is left to be done of other settings that a router follows.
struct Adoption {
    /// What its election wants.
    let actions: [SyncGroup.MemberAction]
    /// Addresses that are to be on another interface before they are taken off.
    let moving: [PlacedAddress]
}

/// What peers are known to understand.
private struct UnderstoodForms: Equatable {
    let forms: [VirtualRouter.Form]
    let coverage: ChecksumCoverage
}

extension VirtualRouter {
    /// Whether it ever had an address to send from; before that it takes no part.
    var hasSource: Bool {
        configuration.primaryAddress != .unspecified(configuration.primaryAddress.family)
    }

    /// The Active router that a Backup follows.
    var peerAddress: IPAddress? {
        guard case .backup(let watch) = state else { return nil }
        return watch.following?.address
    }
}

extension VirtualRouter.Configuration {
    /// What the settings say.
    ///
    /// - Parameters:
    ///   - settings: The settings; they have been validated.
    ///   - primaryAddress: The address to send from.
    ///   - advertisedCount: How many of the addresses are advertised; at least one, if there is one.
    init(_ settings: RouterSettings, primaryAddress: IPAddress, advertisedCount: Int) {
        let listed = settings.addresses.map(\.address)
        let none = listed.isEmpty ? VirtualAddressList(none: settings.family) : nil
        guard let addresses = none ?? VirtualAddressList(Array(listed.prefix(advertisedCount)))
        else {
            preconditionFailure(
                "a configuration in force has been validated: 255 addresses at most")
        }
        self.init(
            vrid: settings.vrid, priority: settings.priority,
            interval: settings.interval.carried(over: settings.family),
            primaryAddress: primaryAddress, addresses: addresses)
        companions =
            listed.dropFirst(advertisedCount) + settings.excludedAddresses.map(\.address)
        acceptsTraffic = settings.acceptsTraffic
        preempts = settings.preempts
        preemptDelay = settings.preemptDelay
        lostAdvertisements = settings.lostAdvertisements
        longestReleaseSkew = settings.longestReleaseSkew
        answersInferiors = settings.answersInferiors
        ignoresOthersAsOwner = settings.ignoresOthersAsOwner
        announcements = settings.announcements
    }
}
