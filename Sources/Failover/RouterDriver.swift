internal import LinuxIO
internal import Reactor
internal import VRRPCore

/// Drives the election of one virtual router: turns packets, time and trackers into its events.
///
/// What is to be done about an event, the election decides; `perform(_:)` does it, in order.
final class RouterDriver {
    private(set) var settings: RouterSettings
    let host: Host
    let notifications: NotificationQueue
    /// The election; `nil` until the interface has an address to send from.
    var election: VirtualRouter?
    /// What the trackers made of the priority when the election last heard of it.
    private var standing = EffectivePriority.fault
    private var isRunning = false
    private var timer: (due: Instant, deadline: EventLoop.Deadline)?

    private(set) var state = RouterState.stopped
    private(set) var since: MonotonicInstant?
    private(set) var faultCauses: [FaultCause] = []
    var lastHeard: HeardAdvertisement?
    /// What stands between the wire and the election; `nil` as long as there is no election.
    var channel: AdvertisementChannel?
    /// Every station that was heard of late.
    var ledger = PeerLedger()
    var refusalLines = RefusalLines()
    var counters = RouterCounters()
    var heldAddresses: [HeldAddress] = []
    /// The number of the last state that was told of; 0: none yet.
    private(set) var lastEpoch: Int64 = 0
    /// How often addresses were put back of late.
    var restorations = RestorationRecord()

    init(settings: RouterSettings, host: Host) {
        self.settings = settings
        self.host = host
        let name = settings.name
        notifications = NotificationQueue(loop: host.loop) { arguments, result in
            host.emit(
                .router(
                    name: name, .notificationFailed(program: arguments[0], result)))
        }
    }

    /// Begins to take part, as soon as the trackers let it.
    func start() {
        isRunning = true
        reconsider()
    }

    /// Takes no part any more; resigns if it is Active.
    func stop() {
        guard isRunning else { return }
        isRunning = false
        deliver(.shutdown)
        enter(.stopped)
        notify(.stopped)
    }

    /// Follows other settings without leaving its state, where that can be done.
    ///
    /// - Returns: Whether it could; otherwise nothing has changed.
    func adopt(_ next: RouterSettings) -> Bool {
        if let election {
            let source =
                next.source(on: host.interfaces[next.interface])
                ?? election.configuration.primaryAddress
            let configuration = VirtualRouter.Configuration(next, primaryAddress: source)
            var changed = election
            guard let configuration,
                let actions = changed.reconfigure(configuration, at: .now)
            else { return false }
            let given = heldAddresses.filter { !next.heldAddresses.contains($0) }
            settings = next
            self.election = changed
            prepareChannel(source: source)
            release(given)
            _ = perform(actions)
            setTimer()
        }
        settings = next
        reconsider()
        return true
    }

    /// Looks at the trackers again, after one of them changed.
    func reconsider() {
        guard isRunning else { return }
        if let election, election.configuration.primaryAddress != source {
            move(to: .fault)
        }
        let inputs = trackers()
        let next = EffectivePriority(base: settings.priority, trackers: inputs.map(\.standing))
        report(causes: next == .fault ? inputs.compactMap(\.faultCause) : [])
        move(to: next)
    }

    /// Resigns on interfaces that are about to be others, or none: deleted, made anew, renamed.
    func leave(_ interfaces: Set<String>) {
        guard isRunning else { return }
        if interfaces.contains(settings.interface) { return move(to: .fault) }
        for held in heldAddresses {
            guard let interface = held.interface, interfaces.contains(interface) else { continue }
            return giveWay(.notRestored(held.address, interface: interface))
        }
    }

    /// The address that advertisements come from; `nil` while there is none.
    var source: IPAddress? { settings.source(on: host.interfaces[settings.interface]) }

    /// The priority that it takes part with, or last did.
    var effectivePriority: Priority { election?.priority ?? settings.priority }

    func emit(_ event: RouterEvent) { host.emit(.router(name: settings.name, event)) }

    private func move(to next: EffectivePriority) {
        let events = next.events(from: standing)
        standing = next
        for event in events {
            prepareElection()
            deliver(event)
        }
    }

    /// Makes the election, or makes it anew for another source address, while it takes no part.
    private func prepareElection() {
        guard election.map({ $0.role == .initialize }) ?? true,
            let source,
            let configuration = VirtualRouter.Configuration(settings, primaryAddress: source)
        else { return }
        prepareChannel(source: source)
        guard election?.configuration != configuration else { return }
        election = VirtualRouter(configuration: configuration)
    }

    @discardableResult
    func deliver(
        _ event: VirtualRouter.Event, at now: Instant = .now
    ) -> [VirtualRouter.Action] {
        let previousPeer = election?.peerAddress
        guard let actions = election?.handle(event, at: now) else { return [] }
        carryOut(actions, previousPeer: previousPeer)
        return actions
    }

    /// Does what the election asks for, then tells of it, then waits for what is next.
    func carryOut(_ actions: [VirtualRouter.Action], previousPeer: IPAddress? = nil) {
        let entered = perform(actions)
        if let peer = election?.peerAddress, peer != previousPeer { emit(.followed(peer)) }
        for state in entered { notify(state) }
        setTimer()
    }

    private func setTimer() {
        let due = election?.nextWake
        guard due != timer?.due else { return }
        if let timer { host.loop.cancel(timer.deadline) }
        timer = due.map { due in
            let deadline = host.loop.schedule(at: MonotonicInstant(due)) { [weak self] in
                self?.wake()
            }
            return (due, deadline)
        }
    }

    private func wake() {
        timer = nil
        // After a stall, what arrived meanwhile counts before the deadline that passed meanwhile.
        // The clock is read first: another stall, after the reading, must not pass for silence.
        let now = Instant.now
        host.readDry(settings.interface)
        deliver(.wake, at: now)
        setTimer()
    }

    /// Follows a transition of the election; it knows no difference between a fault and a stop.
    func follow(to role: VirtualRouter.Role) -> RouterState? {
        switch role {
        case .active: enter(.active)
        case .backup: enter(.backup)
        case .initialize: isRunning ? enter(.fault) : nil
        }
    }

    @discardableResult
    private func enter(_ next: RouterState) -> RouterState? {
        emit(.entered(next, isFirst: since == nil))
        state = next
        since = .now
        return next
    }

    private func report(causes: [FaultCause]) {
        for cause in causes where !faultCauses.contains(cause) && !cause.isPending {
            emit(.faulted(cause))
        }
        faultCauses = causes
        // The election never left its initial state, so there was no transition to tell of. A
        // router that only waits for the first result of its scripts does so silently.
        if state == .stopped, causes.contains(where: { !$0.isPending }) {
            enter(.fault)
            notify(.fault)
        }
    }

    private func notify(_ state: RouterState) {
        let programs = settings.notifications
        let specific: [String]? =
            switch state {
            case .active: programs.active
            case .backup: programs.backup
            case .fault: programs.fault
            case .stopped: programs.stop
            }
        let any = programs.any.map {
            $0
                + notificationArguments(
                    name: settings.name, state: state, priority: effectivePriority)
        }
        lastEpoch = host.epoch.next(realTime: RealTimeClock.microseconds)
        notifications.tell(
            [specific, any].compactMap(\.self), environment: [epochVariable(lastEpoch)])
        host.write(
            notificationLine(name: settings.name, state: state, priority: effectivePriority))
    }
}

extension VirtualRouter {
    /// The Active router that a Backup follows.
    fileprivate var peerAddress: IPAddress? {
        guard case .backup(let watch) = state else { return nil }
        return watch.following?.address
    }
}

extension VirtualRouter.Configuration {
    /// What the settings say; `nil` unless there are 1 to 255 addresses.
    init?(_ settings: RouterSettings, primaryAddress: IPAddress) {
        guard let addresses = VirtualAddressList(settings.addresses.map(\.address)) else {
            return nil
        }
        self.init(
            vrid: settings.vrid, priority: settings.priority, interval: settings.interval,
            primaryAddress: primaryAddress, addresses: addresses)
        companions = settings.excludedAddresses.map(\.address)
        preempts = settings.preempts
        lostAdvertisements = settings.lostAdvertisements
        answersInferiors = settings.answersInferiors
        ignoresOthersAsOwner = settings.ignoresOthersAsOwner
        announcements = settings.announcements
    }
}

extension MonotonicInstant {
    /// The protocol's clock is the kernel's monotonic one.
    fileprivate init(_ instant: Instant) { self.init(nanoseconds: instant.nanoseconds) }
}

extension Instant {
    static var now: Instant { Instant(nanoseconds: MonotonicInstant.now.nanoseconds) }
}
