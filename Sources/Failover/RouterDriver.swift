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
    private(set) var lastHeard: HeardAdvertisement?
    /// The form of checksum that the peers understand: theirs, once one was heard.
    private(set) var coverage: ChecksumCoverage
    var counters = RouterCounters()
    var heldAddresses: [HeldAddress] = []
    /// The number of the last state that was told of; 0: none yet.
    private(set) var lastEpoch: Int64 = 0
    /// How often addresses were put back of late.
    var restorations = RestorationRecord()

    init(settings: RouterSettings, host: Host) {
        self.settings = settings
        self.host = host
        coverage = settings.checksumCoverage
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
            let configuration = VirtualRouter.Configuration(
                next, primaryAddress: election.configuration.primaryAddress)
            var changed = election
            guard let configuration,
                let actions = changed.reconfigure(configuration, at: .now)
            else { return false }
            let given = heldAddresses.filter { !next.addresses.contains($0) }
            settings = next
            self.election = changed
            release(given)
            _ = perform(actions)
            setTimer()
        }
        settings = next
        coverage = next.checksumCoverage
        reconsider()
        return true
    }

    /// Looks at the trackers again, after one of them changed.
    func reconsider() {
        guard isRunning else { return }
        let source = host.interfaces[settings.interface]?.sourceAddress
        if let election, election.configuration.primaryAddress != source.map(IPAddress.v4) {
            move(to: .fault)
        }
        let inputs = trackers()
        let next = EffectivePriority(base: settings.priority, trackers: inputs.map(\.standing))
        report(causes: next == .fault ? inputs.compactMap(\.faultCause) : [])
        move(to: next)
    }

    /// Resigns on interfaces that are about to be others, or none: deleted, made anew, renamed.
    func leave(_ interfaces: Set<String>) {
        let used = [settings.interface] + heldAddresses.compactMap(\.interface)
        if isRunning, !interfaces.isDisjoint(with: used) { move(to: .fault) }
    }

    /// Takes in an advertisement that is well formed and of this virtual router.
    func receive(_ received: ReceivedAdvertisement) {
        let message = received.advertisement
        let source = received.header.source
        // An answer is sent while this is handled, in the form that the peer understands.
        let previousCoverage = coverage
        coverage = received.coverage
        if let reason = deliver(.received(message, from: source)).rejection {
            coverage = previousCoverage
            refuse(.rejected(reason), source: source)
            return
        }
        lastHeard = HeardAdvertisement(
            source: source, priority: message.priority, interval: message.interval, at: .now)
        counters.received += 1
    }

    /// Counts a datagram that is not an advertisement, and tells of the first of its kind.
    func refuse(_ refusal: Refusal, source: IPAddress?) {
        guard counters.countRefusal(RefusalKind(refusal: refusal, source: source)) else { return }
        emit(.refused(refusal, source: source))
    }

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
            let source = host.interfaces[settings.interface]?.sourceAddress,
            let configuration = VirtualRouter.Configuration(settings, primaryAddress: .v4(source)),
            election?.configuration != configuration
        else { return }
        election = VirtualRouter(configuration: configuration)
    }

    @discardableResult
    private func deliver(
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
        host.interfaces[settings.interface]?.socket?.readDry()
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
        preempts = settings.preempts
        announcements = settings.announcements
    }
}

extension [VirtualRouter.Action] {
    /// Why the election refused what it was given, if it did.
    fileprivate var rejection: RejectionReason? {
        guard case .report(.rejected(let reason)) = first else { return nil }
        return reason
    }
}

extension MonotonicInstant {
    /// The protocol's clock is the kernel's monotonic one.
    fileprivate init(_ instant: Instant) { self.init(nanoseconds: instant.nanoseconds) }
}

extension Instant {
    static var now: Instant { Instant(nanoseconds: MonotonicInstant.now.nanoseconds) }
}
