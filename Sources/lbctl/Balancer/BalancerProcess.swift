#if Program
internal import Balancer
internal import Control
internal import FoundationEssentials
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
    private let link: Link<Parcel<BalancerOrder>, Parcel<BalancerReport>>
    private let signals: SignalDescriptor
    private var service: BalancerService?
    private var status: StatusTeller?
    private var counters: CounterTeller?
    private var drainDeadline: MonotonicInstant?
    /// Orders that are being carried out: who gave one hears of it, be it that it ended the last connection.
    private var openOrders = 0
    /// Where probes find the checker.
    private let reference = CheckerReference()
    private let security: ListenerSecurity
    private let certificates: CertificateWatch
    /// The model to serve next, as it came.
    private var modelBytes: [UInt8] = []
    /// What is to follow the model in force.
    private var successor: Successor?
    /// What is remembered of targets for it.
    private var remembered: [String: RememberedTarget] = [:]
    private var hasBegun = false
    /// What this process could not open any more.
    private var icmp: ICMPSockets?
    /// When what is left of a server's connections is reset, by the server's name.
    private var deadlines: [String: EventLoop.Deadline] = [:]
    /// What became worth remembering and is not told yet.
    private var untold = RecordBatch()

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
        security = ListenerSecurity(log)
        certificates = CertificateWatch(loop) { log(.warning, $0) }
    }

    /// Serves until the last connection has ended after an order to drain.
    func run() throws(Failure) {
        do {
            try loop.watch(signals.descriptor.rawValue, for: .readable) { [weak self] _ in
                while self?.signals.next() != nil {}
            }
        } catch { throw Failure(error) }
        link.onMessage = { [weak self] parcel, descriptors in
            guard let self else { return }
            switch parcel {
            case .word(let order): handle(order, ReceivedDescriptors(descriptors))
            case .bytes(let kind, let bytes): take(kind, bytes)
            }
        }
        link.onTooLong = { [log] in log(.error, "a report of \($0) bytes is too long to be sent") }
        link.onEnd = { [weak self] in self?.becomeOrphan() }
        loop.run()
        service?.stop()
    }

    private func take(_ kind: Parcel<BalancerOrder>.Kind, _ bytes: [UInt8]) {
        switch kind {
        case .model: modelBytes = bytes
        case .memories, .heritage:
            _ = RecordBatch.read(bytes) { id, value in
                remembered[id] = try? JSONDecoder().decode(
                    RememberedTarget.self, from: Data(value))
            }
            guard drainDeadline != nil else { return }
            // Who follows this process checks for both.
            service?.learn(remembered)
            remembered = [:]
        case .counters: CounterLedger(batch: bytes).map { counters?.add($0) }
        case .status, .answer: break
        }
    }

    private func handle(_ order: BalancerOrder, _ descriptors: ReceivedDescriptors) {
        switch order {
        case .serve(let terms):
            serve(terms, descriptors.take())
        case .prepare(let number):
            prepareSuccessor(number, descriptors)
        case .adopt(let number):
            adopt(number)
        case .forget(let number):
            if successor?.number == number { successor = nil }
        case .show(let status):
            service?.show(status)
        case .reportStatus(let request):
            send(.preparing(status: request))
            status?.answer(request)
        case .administer(let given):
            administer(given.order)
        case .askRemovable(let number, let order):
            guard let response = service?.removability(of: order) else { return }
            answer(number) { response }
        case .table(let number, let order):
            guard let carryOut = service?.carryOut else { return }
            answer(number) { carryOut(order) }
        case .session(let number, let order):
            guard let carryOut = service?.carryOutOnSessions else { return }
            answer(number) { await carryOut(order) }
        case .callRoll:
            let (poster, process) = (loop.poster, OnLoop(self))
            service?.balancer.callRoll { poster.post { process.object?.send(.turns) } }
        case .closeConnections(let addresses):
            service?.closeConnections(through: addresses)
        case .drain(let seconds):
            send(.draining)
            drain(for: seconds.map { .seconds($0) })
        }
    }

    private func send(_ report: BalancerReport) { link.send(.word(report)) }

    /// Carries an order out on another thread, and answers it.
    private func answer(
        _ number: Int, by carryOut: @escaping @Sendable () async -> ControlResponse
    ) {
        let (poster, process) = (loop.poster, OnLoop(self))
        openOrders += 1
        Task.detached {
            let pieces = StatusPieces.cut(ControlCodec.encode(await carryOut()), for: number)
            poster.post {
                for piece in pieces { process.object?.link.send(.bytes(.answer, piece)) }
                process.object?.openOrders -= 1
            }
        }
    }

    /// A later word on what a server takes also takes back the deadline of the earlier one.
    private func administer(_ order: ServerOrder) {
        service?.administer(order)
        guard order.setsState else { return }
        if let deadline = deadlines.removeValue(forKey: order.serverName) { loop.cancel(deadline) }
        guard let deadline = order.deadline else { return }
        deadlines[order.serverName] = loop.schedule(after: .seconds(deadline)) { [weak self] in
            self?.deadlines[order.serverName] = nil
            self?.service?.endSessions(after: order)
        }
    }

    // MARK: Beginning

    private func serve(_ terms: ServiceTerms, _ descriptors: [Int32]) {
        do {
            let model = try Model(decoding: modelBytes)
            let sockets = try ListeningSockets(model: model, descriptors: descriptors)
            guard service == nil else { return }
            try becomeConfiguredUser(model.global)
            let order = ServiceOrder(terms, model: model, knowing: remembered)
            (modelBytes, remembered) = ([], [:])
            let prepared = try PreparedModel(
                model, icmp: icmp, checker: reference, terminatingTLSBy: security)
            prepare(
                try BalancerService(
                    order, prepared, sockets: sockets, checker: reference, log: log,
                    events: BalancerService.Events(
                        remember: reporter(), tell: newsReporter(), askForNode: nodeQuestioner())))
            certificates.watch(prepared.certificateEnds)
        } catch {
            send(.refused(Failure.message(of: error)))
        }
    }

    /// Clients wait in the kernel's queues until it is known which servers can take them; a server
    /// that does not answer its first check holds them up for no longer than nothing moves.
    private func prepare(_ service: BalancerService) {
        self.service = service
        status = StatusTeller(loop: loop, proxies: service.proxies) { [weak self] in
            self?.link.send(.bytes(.status, $0))
        }
        counters = CounterTeller(loop: loop, balancer: service.balancer) { [weak self] in
            self?.link.send(.bytes(.counters, $0))
        }
        if service.knowsAllServers { return begin() }
        loop.schedule(after: BalancerProcess.firstChecksTime) { [weak self] in self?.begin() }
    }

    private func begin() {
        guard let service, !hasBegun, drainDeadline == nil else { return }
        hasBegun = true
        do throws(SystemError) {
            try service.begin()
            send(.serving(connections: service.balancer.connectionLimit))
            status?.noteChange()
            counters?.tellRegularly()
        } catch {
            send(.refused(error.description))
        }
    }

    /// Gives up root where the configuration says so; everything that needs it is open by now.
    private func becomeConfiguredUser(_ global: GlobalSettings) throws(Failure) {
        if global.userID ?? 0 != 0, Privileges.isRoot { icmp = ICMPSockets() }
        do throws(SystemError) {
            try Privileges.become(user: global.userID, group: global.groupID)
        } catch { throw Failure(error) }
    }

    // MARK: Another model

    /// Makes the model that came last ready, on another thread.
    private func prepareSuccessor(_ number: Int, _ descriptors: ReceivedDescriptors) {
        successor = Successor(number: number, descriptors: descriptors)
        let (bytes, icmp, reference, security) = (modelBytes, icmp, reference, security)
        let (poster, process) = (loop.poster, OnLoop(self))
        modelBytes = []
        Task.detached {
            let result = Result<PreparedModel, any Error> {
                try PreparedModel(
                    try Model(decoding: bytes), icmp: icmp, checker: reference,
                    terminatingTLSBy: security)
            }
            poster.post { process.object?.prepared(number, result) }
        }
    }

    private func prepared(_ number: Int, _ result: Result<PreparedModel, any Error>) {
        guard let successor, successor.number == number else { return }
        do {
            successor.model = try result.get()
            send(.prepared(number))
        } catch { refuse(number, error) }
    }

    private func adopt(_ number: Int) {
        guard let service, let successor, successor.number == number, let model = successor.model
        else { return }
        do {
            let sockets = try ListeningSockets(
                model: model.model, descriptors: successor.descriptors.take(),
                goingOnFrom: service.sockets)
            try service.adopt(model, sockets: sockets)
            certificates.watch(model.certificateEnds)
            self.successor = nil
            send(.adopted(number, connections: service.balancer.connectionLimit))
            status?.noteChange()
        } catch { refuse(number, error) }
    }

    private func refuse(_ number: Int, _ error: any Error) {
        successor = nil
        send(.unfit(number, Failure.message(of: error)))
    }

    // MARK: Health

    /// Carries changes of servers from the threads of the checks to this loop.
    private func reporter() -> @Sendable (String, CheckMemory) -> Void {
        let (poster, process) = (loop.poster, OnLoop(self))
        return { id, memory in poster.post { process.object?.tookNote(of: id, memory) } }
    }

    private func newsReporter() -> @Sendable (ServerStandings.News) -> Void {
        let (poster, process) = (loop.poster, OnLoop(self))
        return { news in poster.post { process.object?.heard(news) } }
    }

    private func nodeQuestioner() -> @Sendable () -> Void {
        let (poster, process) = (loop.poster, OnLoop(self))
        return { poster.post { process.object?.send(.asksForNode) } }
    }

    private func heard(_ news: ServerStandings.News) {
        switch news {
        case .backend(let name, let isUsable): send(.backend(name, isUsable: isUsable))
        case .allHeard: begin()
        }
    }

    /// What comes within a few milliseconds is told together.
    private func tookNote(of id: String, _ memory: CheckMemory) {
        guard let place = service?.place(of: id),
            let value = try? JSONEncoder().encode(RememberedTarget(place: place, memory: memory))
        else { return }
        if untold.bytes.isEmpty {
            loop.schedule(after: BalancerProcess.batchTime) { [weak self] in
                self?.tellMemories()
            }
        }
        untold.append(id, Array(value))
        if untold.isFull { tellMemories() }
        if hasBegun { status?.noteChange() }
    }

    private func tellMemories() {
        guard !untold.bytes.isEmpty else { return }
        link.send(.bytes(.memories, untold.bytes))
        untold = RecordBatch()
    }

    // MARK: Ending

    private func becomeOrphan() {
        log(.alert, "the failover process is gone: no new connections")
        drain(for: BalancerProcess.orphanTime)
        service?.releasePorts()
    }

    /// Ends with the last connection or when `time` is over; an earlier order may make it sooner.
    private func drain(for time: Duration?) {
        guard let service, hasBegun else { return loop.stop() }
        let isDraining = drainDeadline != nil
        let deadline = time.map { .now + $0 } ?? MonotonicInstant(nanoseconds: .max)
        drainDeadline = min(drainDeadline ?? deadline, deadline)
        guard !isDraining else { return }
        service.stopAccepting()
        certificates.watch([:])
        counters?.tell()
        endWhenIdle(service)
    }

    private func endWhenIdle(_ service: BalancerService) {
        let isBusy = service.sessionCount > 0 || openOrders > 0
        guard isBusy, let drainDeadline, MonotonicInstant.now < drainDeadline else {
            counters?.tell()
            let count = service.openSessionCount
            if count > 0 {
                let connections = count == 1 ? "1 connection is" : "\(count) connections are"
                log(.notice, "the time to end is over: \(connections) reset")
            }
            return loop.stop()
        }
        loop.schedule(after: .milliseconds(20)) { [weak self] in self?.endWhenIdle(service) }
    }

    private static let batchTime = Duration.milliseconds(2)
    /// How long connections may go on without a failover process.
    private static let orphanTime = Duration.seconds(30)
    /// How long the first checks may hold up clients.
    private static let firstChecksTime = Duration.milliseconds(120)
}

/// A model on its way into force, with the descriptors that came for it.
private final class Successor {
    let number: Int
    let descriptors: ReceivedDescriptors
    var model: PreparedModel?

    init(number: Int, descriptors: ReceivedDescriptors) {
        self.number = number
        self.descriptors = descriptors
    }
}

/// Descriptors that came with an order: those that nobody takes are closed.
private final class ReceivedDescriptors {
    private var numbers: [Int32]

    init(_ numbers: [Int32]) { self.numbers = numbers }

    deinit { for number in numbers { _ = Descriptor(owning: number) } }

    /// Gives them to whoever closes them from then on.
    func take() -> [Int32] {
        defer { numbers = [] }
        return numbers
    }
}
#endif
