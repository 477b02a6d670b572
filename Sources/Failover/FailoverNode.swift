internal import LinuxIO
internal import Netlink
public import Reactor
internal import VRRPCore

/// One node: its virtual routers, what they track, and the addresses that they hold.
///
/// Belongs to the thread of its loop, and once started blocks it for no longer than a netlink request takes. It
/// logs nothing: what happens is told by events, whose ``FailoverEvent/logLine`` is keepalived's.
public final class FailoverNode {
    /// How long the end of the node waits, after the last router has resigned, for notification
    /// programs and mails.
    ///
    /// What runs then is left to itself, as keepalived leaves it at once.
    public static let stopNotificationLimit = Duration.seconds(10)
    var stopLimit = FailoverNode.stopNotificationLimit

    var configuration: FailoverConfiguration
    /// The configuration as it was asked for: its routers may follow source addresses.
    var asked: FailoverConfiguration
    var isFollowingSources = false
    let host: Host
    private var lock: NodeLock?
    var drivers: [RouterKey: RouterDriver] = [:]
    /// What drives the elections: one for each sync group, and for each router by itself.
    var elections: [ElectionDriver] = []
    /// Virtual routers that are no more, while their last notification programs run.
    private var retired: [StateNotifier] = []
    private var isStopping = false
    private var isRouteCheckDue = false
    private var lastRouteCheck = MonotonicInstant(nanoseconds: 0)
    /// Those that were told of.
    private var unknownVRIDs: Set<UInt8> = []

    /// Makes a node that takes no part yet.
    ///
    /// - Parameters:
    ///   - configuration: What it is to do.
    ///   - loop: The loop that it lives on.
    ///   - onEvent: Called on the loop with everything that happens; must not call back into the
    ///     node at once, but may do so from a later turn.
    /// - Throws: An inconsistent configuration, or `.system`.
    public init(
        configuration: FailoverConfiguration, loop: EventLoop,
        onEvent: @escaping (FailoverEvent) -> Void
    ) throws(FailoverError) {
        try configuration.validate()
        self.configuration = configuration
        asked = configuration
        do throws(HostError) {
            host = try Host(loop: loop, onEvent: onEvent)
        } catch {
            throw .system(error)
        }
    }

    deinit { elections.forEach { $0.dissolve() } }

    /// Begins to take part.
    ///
    /// Takes the lock of this network namespace, takes off what an earlier run left behind, and
    /// starts every script and every virtual router. An interface that is not there yet puts its
    /// routers in fault until it appears.
    ///
    /// - Throws: `.alreadyRunning`; or `.system`, when the process may not do what is needed
    ///   (CAP_NET_ADMIN, CAP_NET_RAW).
    public func start() throws(FailoverError) {
        let taken = try NodeLock()
        configuration = placed(asked)
        do throws(HostError) {
            try host.follow(configuration.interfaceUses)
        } catch {
            throw .system(error)
        }
        lock = consume taken
        host.mailSettings = configuration.mail
        host.announcementSpacing = configuration.announcementSpacing
        host.writeStates(to: configuration.notificationFIFOs)
        followNetwork()
        host.onDatagram = { [weak self] payload, header, interface in
            self?.receive(payload, header: header, on: interface)
        }
        host.onWrappedMessage = { [weak self] message, header, interface in
            self?.refuseWrapped(message, header: header, on: interface)
        }
        host.removeLeftoverRoutes()
        host.removeLeftoverLinks()
        host.provideLinks(for: configuration.routers)
        host.drop(for: configuration.addressesThatAcceptNothing)
        host.removeLeftovers()
        watchRoutes()
        host.emit(.started)
        let plan = FailoverPlan(from: FailoverConfiguration(), to: configuration)
        startScripts(plan.scripts, isReload: false)
        startFiles(plan.files, isReload: false)
        startProcesses(plan.processes, isReload: false)
        waitBeforeTakingPart()
        for settings in configuration.routers { addDriver(settings) }
        formGroups()
        elections.forEach { $0.start() }
    }

    private func followNetwork() {
        host.onInterfaceChange = { [weak self] concernsRouters in
            guard let self else { return }
            let failures = host.linkFailures
            host.provideLinks(for: configuration.routers)
            if concernsRouters || host.linkFailures != failures { reconsiderAll() }
            followSources()
            checkRoutes()
        }
        host.onDeparture = { [weak self] names in
            self?.drivers.values.forEach { $0.leave(names) }
        }
        host.onAddressRemoval = { [weak self] address, interface in
            self?.forEachDriverLater { $0.restore(address, on: interface) }
        }
        host.onMissedNews = { [weak self] in
            self?.forEachDriverLater { $0.restoreMissingAddresses() }
        }
        host.onRouteRemoval = { [weak self] event in
            switch event {
            case .routeRemoved(let route): self?.forEachDriverLater { $0.restore(route) }
            case .ruleRemoved(let rule): self?.forEachDriverLater { $0.restore(rule) }
            case .missedSome: self?.checkRoutes()
            }
        }
    }

    /// Once all is known that the kernel tells with something: the link may have gone too.
    private func forEachDriverLater(_ action: @escaping (RouterDriver) -> Void) {
        host.loop.schedule(at: host.loop.now) { [weak self] in self?.drivers.values.forEach(action)
        }
    }

    func watchRoutes() {
        host.watchRoutes(
            configuration.routers.contains { router in
                router.routes.contains(where: \.isTracked)
                    || router.rules.contains(where: \.isTracked)
            })
    }

    /// Looks for the routes that are held: the kernel drops some along with a link and does not say so.
    ///
    /// Ten times a second at most, however much the network changes.
    private func checkRoutes() {
        guard host.routeMonitor != nil, !isRouteCheckDue else { return }
        isRouteCheckDue = true
        let due = max(host.loop.now, lastRouteCheck + Self.routeCheckInterval)
        host.loop.schedule(at: due) { [weak self] in
            guard let self else { return }
            isRouteCheckDue = false
            lastRouteCheck = .now
            drivers.values.forEach { $0.restoreAllRoutes() }
        }
    }

    private static let routeCheckInterval = Duration.milliseconds(100)

    /// Leaves everybody else alone for as long as the configuration says.
    private func waitBeforeTakingPart() {
        // The monotonic clock counts from the start of the host.
        let sinceBoot = Duration.nanoseconds(MonotonicInstant.now.nanoseconds)
        let wait = max(configuration.startupDelay, configuration.delayAfterBoot - sinceBoot)
        guard wait > .zero else { return }
        host.quietUntil = .now + wait
        host.emit(.waitsBeforeTakingPart(wait))
        host.loop.schedule(at: host.quietUntil) { [weak self] in self?.reconsiderAll() }
    }

    /// Resigns: priority 0 and no addresses from this call on, then the notification programs.
    ///
    /// - Parameter then: Called on the loop once the last notification program has ended and the last
    ///   mail is sent, after ``stopNotificationLimit`` at the latest; nothing of the node is left then.
    public func shutDown(then: @escaping () -> Void) {
        guard !isStopping else { return }
        isStopping = true
        host.emit(.stopping)
        let scripts = Array(host.scripts.values)
        scripts.forEach { $0.stop() }
        elections.forEach { $0.stop() }
        host.drop(for: [])
        let stopping = drivers.values.map(\.notifier) + elections.map(\.notifier) + retired
        let filter = host.filter
        // What they were told last is in the pipes already.
        host.fifos.forEach { $0.stop() }
        var waiting = stopping.count + host.fifos.count + 2
        var finish: (() -> Void)? = { [self] in
            abandon(stopping)
            scripts.forEach { $0.kill() }
            drivers = [:]
            elections.forEach { $0.dissolve() }
            elections = []
            retired = []
            let unsent = host.stop()
            if unsent > 0 { host.emit(.mailsLost(unsent)) }
            lock = nil
            then()
        }
        let finishOnce = {
            let action = finish
            finish = nil
            action?()
        }
        let limit = host.loop.schedule(after: stopLimit, finishOnce)
        let oneIsIdle = { [host] in
            waiting -= 1
            guard waiting <= 0 else { return }
            host.loop.cancel(limit)
            // In a turn of its own, so that no handler runs on what it takes down.
            host.loop.schedule(after: .zero, finishOnce)
        }
        stopping.forEach { $0.queue.whenIdle(oneIsIdle) }
        host.fifos.forEach { $0.whenReaderIsGone(oneIsIdle) }
        host.mailbox.whenIdle(oneIsIdle)
        if let filter { filter.whenIdle(oneIsIdle) } else { oneIsIdle() }
    }

    /// Leaves the notification programs that still run to themselves.
    private func abandon(_ notifiers: [StateNotifier]) {
        let left = notifiers.map { $0.queue.abandon() }
        let running = left.count { $0.isRunning }
        let lost = left.map(\.leftOut).reduce(0, +)
        if running + lost > 0 { host.emit(.notificationsLeft(running: running, lost: lost)) }
    }

    /// Keeps what tells of states until its last program has ended.
    func keepUntilIdle(_ notifier: StateNotifier) {
        guard notifier.queue.isBusy else { return }
        retired.append(notifier)
        notifier.queue.whenIdle { [weak self] in
            self?.retired.removeAll { $0 === notifier }
        }
    }

    /// Tells what is known about the node itself, to the scripts whose source is this fact.
    ///
    /// - Parameters:
    ///   - name: The fact's name, as in ``ScriptSettings/Source/fact(_:)``.
    ///   - isGood: Whether it is as it should be.
    public func setFact(name: String, isGood: Bool) {
        host.facts[name] = isGood
        for script in host.scripts.values where script.settings.source == .fact(name) {
            script.setFact(isGood: isGood)
        }
    }

    /// Everything that a status display shows.
    public var snapshot: FailoverSnapshot {
        FailoverSnapshot(
            routers: configuration.routers.compactMap { drivers[RouterKey($0)]?.snapshot },
            groups: elections.compactMap(\.snapshot),
            scripts: configuration.scripts.compactMap { host.scripts[$0.name]?.snapshot },
            notificationFIFOs: host.fifos.map {
                NotificationFIFOSnapshot(
                    path: $0.settings.path, written: $0.writtenCount, lost: $0.lostCount)
            },
            strays: host.strays, lag: host.lag, lostMails: host.mailbox.lostCount,
            startupCountdown: host.quietUntil > .now ? host.quietUntil - .now : nil)
    }

    /// Counts from 0 on, for all virtual routers.
    public func clearCounters() {
        for driver in drivers.values { driver.counters = RouterCounters() }
    }

    func addDriver(_ settings: RouterSettings) {
        drivers[RouterKey(settings)] = RouterDriver(settings: settings, host: host)
    }

    func reconsiderAll() { elections.forEach { $0.reconsider() } }

    /// Gives a datagram to the virtual router that it names, whatever else is wrong with it.
    private func receive(_ payload: Span<UInt8>, header: IPHeader?, on interface: String) {
        let vridOffset = 1
        guard let header, payload.count > vridOffset else {
            return tell(.malformed, from: header?.source, on: interface)
        }
        let number = payload[vridOffset]
        if let driver = driver(of: number, header: header, on: interface) {
            return driver.receive(payload, header: header)
        }
        host.strays.count(.unknownVRID)
        guard configuration.tellsUnknownVRIDs, unknownVRIDs.count < Self.unknownVRIDLimit,
            unknownVRIDs.insert(number).inserted
        else { return }
        host.emit(.unknownVRID(number, from: header.source, interface: interface))
    }

    /// Refuses a message inside an authentication header, where the operator looks for it.
    private func refuseWrapped(_ message: Span<UInt8>, header: IPHeader, on interface: String) {
        let vridOffset = 1
        guard message.count > vridOffset,
            let driver = driver(of: message[vridOffset], header: header, on: interface)
        else { return tell(.authenticationHeader, from: header.source, on: interface) }
        driver.refuse(.malformed(.authenticationHeader), from: header.source)
    }

    /// The virtual router that a datagram is for; one of its VRID, if it goes elsewhere.
    private func driver(
        of number: UInt8, header: IPHeader, on interface: String
    ) -> RouterDriver? {
        guard let vrid = VRID(rawValue: number) else { return nil }
        let name = RouterKey.Name(interface: interface, family: header.family, vrid: vrid)
        let destination = header.destination
        let key = RouterKey(name: name, group: destination.isMulticast ? destination : nil)
        return drivers[key] ?? drivers.first { $0.key.name == name }?.value
    }

    private func tell(_ cause: StrayCause, from source: IPAddress?, on interface: String) {
        host.strays.count(cause)
        guard host.news.admit(.refusal) else { return }
        host.emit(.strayDatagram(cause, from: source, interface: interface))
    }

    private static let unknownVRIDLimit = 64
}
