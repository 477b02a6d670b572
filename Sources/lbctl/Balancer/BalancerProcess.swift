#if Program
internal import Balancer
internal import Control
internal import Glibc
internal import HealthCheck
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor

/// The balancer process: the relay's reactors, the checks and the page.
///
/// Binds nothing: model and listening sockets come from the failover process, which it outlives
/// only to let connections end.
final class BalancerProcess {
    private let loop: EventLoop
    private let log: Log
    fileprivate let link: Link<BalancerOrder, BalancerReport>
    private var service: BalancerService?
    private var drainDeadline: MonotonicInstant?
    private let signals: SignalDescriptor

    /// Takes the end of the pair that the failover process left at `descriptor`.
    init(descriptor: Int32, log: Log) throws(Failure) {
        do {
            loop = try EventLoop()
            link = try Link(owning: descriptor, loop: loop)
            // What concerns the node reaches the failover process; a balancer stops by its order.
            // A service manager signals all processes at once, which must not cut connections.
            signals = try SignalDescriptor([SIGINT, SIGTERM, SIGHUP, SIGPIPE])
        } catch { throw Failure(error, hint: "'lbctl run' starts this command, nobody else") }
        self.log = log
    }

    /// Serves until the last connection has ended after an order to drain.
    func run() throws(Failure) {
        do {
            try loop.watch(signals.descriptor.rawValue, for: .readable) { [weak self] _ in
                while self?.signals.next() != nil {}
            }
        } catch { throw Failure(error) }
        link.onMessage = { [weak self] order, descriptors in
            self?.handle(order, descriptors: descriptors)
        }
        link.onEnd = { [weak self] in self?.becomeOrphan() }
        loop.run()
        service?.stop()
    }

    private func handle(_ order: BalancerOrder, descriptors: [Int32]) {
        guard case .serve(let order) = order else {
            for number in descriptors { _ = Descriptor(owning: number) }
            return handle(order)
        }
        do {
            let sockets = try ListeningSockets(model: order.model, descriptors: descriptors)
            guard service == nil else { return }
            try becomeConfiguredUser(order.model.global)
            prepare(
                try BalancerService(
                    order, sockets: sockets, log: log, onHealth: reporter(), onNews: newsReporter())
            )
        } catch {
            link.send(.refused("\((error as? Failure)?.message ?? "\(error)")"))
        }
    }

    private func handle(_ order: BalancerOrder) {
        switch order {
        case .serve:
            break
        case .show(let status):
            service?.show(status)
        case .reportStatus(let request):
            link.send(.status(request, service?.proxies() ?? []))
        case .administer(let order):
            service?.administer(order)
            guard let deadline = order.deadline else { return }
            loop.schedule(after: .seconds(deadline)) { [weak self] in
                self?.service?.endSessions(after: order)
            }
        case .closeConnections(let addresses):
            service?.closeConnections(through: addresses)
        case .addCounters(let ledger):
            service?.add(ledger)
            toldCounters += ledger
        case .drain(let seconds):
            link.send(.draining)
            drain(for: .seconds(seconds))
        }
    }

    // MARK: Beginning

    /// Clients wait in the kernel's queues until it is known which servers can take them; a server
    /// that does not answer its first check holds them up for no longer than nothing moves.
    private func prepare(_ service: BalancerService) {
        self.service = service
        if service.knowsAllServers { return begin() }
        loop.schedule(after: BalancerProcess.firstChecksTime) { [weak self] in self?.begin() }
    }

    private func begin() {
        guard let service, !hasBegun, drainDeadline == nil else { return }
        hasBegun = true
        do throws(SystemError) {
            try service.begin()
            link.send(.serving)
            link.send(.status(nil, service.proxies()))
            tellCountersRegularly()
        } catch {
            link.send(.refused(error.description))
        }
    }

    // MARK: Counters

    /// So that they go on in the next process, also after a crash of this one.
    private func tellCountersRegularly() {
        loop.schedule(after: BalancerProcess.counterInterval) { [weak self] in
            self?.tellCounters()
            self?.tellCountersRegularly()
        }
    }

    private func tellCounters() {
        guard let ledger = service?.ledger() else { return }
        let news = ledger - toldCounters
        guard !news.isEmpty else { return }
        toldCounters = ledger
        link.send(.counted(news))
    }

    private var hasBegun = false
    /// What the failover process knows of the counters.
    private var toldCounters = CounterLedger()

    /// Gives up root where the configuration says so; everything that needs it is open by now.
    private func becomeConfiguredUser(_ global: GlobalSettings) throws(Failure) {
        do throws(SystemError) {
            try Privileges.become(user: global.userID, group: global.groupID)
        } catch { throw Failure(error) }
    }

    // MARK: Health

    /// Carries changes of servers from the threads of the checks to this loop.
    private func reporter() -> @Sendable (String, CheckMemory) -> Void {
        let poster = loop.poster
        let receiver = HealthReceiver(process: self)
        return { id, memory in poster.post { receiver.process?.tookNote(of: id, memory) } }
    }

    private func newsReporter() -> @Sendable (ServerStandings.News) -> Void {
        let poster = loop.poster
        let receiver = HealthReceiver(process: self)
        return { news in poster.post { receiver.process?.heard(news) } }
    }

    fileprivate func heard(_ news: ServerStandings.News) {
        switch news {
        case .backend(let name, let isUsable):
            link.send(.backend(name, isUsable: isUsable))
        case .allHeard: begin()
        }
    }

    fileprivate func tookNote(of id: String, _ memory: CheckMemory) {
        guard let service else { return }
        link.send(.health(id, memory))
        guard hasBegun else { return }
        // What is shown while this process does not answer.
        link.send(.status(nil, service.proxies()))
    }

    // MARK: Ending

    private func becomeOrphan() {
        log(.alert, "the failover process is gone: no new connections")
        drain(for: BalancerProcess.orphanTime)
        service?.releasePorts()
    }

    /// Ends with the last connection or when `time` is over; an earlier order may make it sooner.
    private func drain(for time: Duration) {
        guard let service, hasBegun else { return loop.stop() }
        let isDraining = drainDeadline != nil
        drainDeadline = min(drainDeadline ?? .now + time, .now + time)
        guard !isDraining else { return }
        service.stopAccepting()
        tellCounters()
        endWhenIdle(service)
    }

    private func endWhenIdle(_ service: BalancerService) {
        guard service.sessionCount > 0, let drainDeadline, MonotonicInstant.now < drainDeadline
        else {
            tellCounters()
            return loop.stop()
        }
        loop.schedule(after: .milliseconds(20)) { [weak self] in self?.endWhenIdle(service) }
    }

    private static let counterInterval = Duration.seconds(2)
    /// How long connections may go on without a failover process.
    private static let orphanTime = Duration.seconds(30)
    /// How long the first checks may hold up clients.
    private static let firstChecksTime = Duration.milliseconds(120)
}

/// Where the threads of the checks find the loop's owner.
private final class HealthReceiver: @unchecked Sendable {
    // SAFETY: `process` is set before it is shared, and read on the loop's thread alone.
    private(set) weak var process: BalancerProcess?

    init(process: BalancerProcess) { self.process = process }
}
#endif
