#if Program
internal import Balancer
internal import Control
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor
internal import VRRPCore

/// Keeps one balancer process serving the model, whatever happens to it.
///
/// Listening sockets, administrative states and the servers' last known health live on this side,
/// so that they outlast the process.
final class BalancerSupervisor {
    /// Called with each thing that the election is to hear.
    ///
    /// That nobody serves comes only after ``graceTime`` without service, so that a process which is
    /// back at once moves nothing.
    var onFact: (ServiceFacts.Fact) -> Void = { _ in }

    /// How the last process that ended by itself did so, in words.
    private(set) var lastExit: String?
    /// Processes started after one that ended by itself.
    private(set) var restartCount = 0
    /// The process that serves, or is to serve next.
    private(set) var current: BalancerInstance?
    /// What the last status said, in pieces, for the time when no process answers.
    private(set) var lastProxies: [[UInt8]] = []
    /// Whether the process that serves left the last request for its status unanswered.
    private(set) var isUnresponsive = false

    let loop: EventLoop
    let log: Log
    private let arguments: [String]
    private let nodeStatus: () -> NodeStatus
    var model: ServedModel
    var listeners = ListenerSet()
    var administration: [GivenOrder] = []
    /// What processes remember of targets, which is theirs to understand.
    var memories: [String: [UInt8]] = [:]
    /// What all processes have counted so far.
    var counters = CounterLedger()
    private var instances: [ObjectIdentifier: BalancerInstance] = [:]
    /// The model on its way into force, if any.
    var reload: Reload?
    var lastReloadNumber = 0
    /// When sockets that newcomers do not reach any more are closed.
    var closingDeadline: EventLoop.Deadline?
    private var backOff = BackOff()
    private var facts = ServiceFacts()
    private var isStopping = false
    private var stopped: (() -> Void)?
    private var question = StatusQuestion()
    private var orderQuestions = OrderQuestions()

    /// Prepares a supervisor; nothing is touched before ``start()``.
    ///
    /// - Parameters:
    ///   - model: What the first balancer process serves.
    ///   - loop: The loop that the process is watched on.
    ///   - log: Where it is told what becomes of the process.
    ///   - arguments: What a balancer process is started with beside its own name.
    ///   - nodeStatus: What the balancer's page shows of this process.
    init(
        model: ServedModel, loop: EventLoop, log: Log, arguments: [String],
        nodeStatus: @escaping () -> NodeStatus
    ) {
        self.model = model
        self.loop = loop
        self.log = log
        self.arguments = arguments
        self.nodeStatus = nodeStatus
    }

    /// Opens the listening sockets and starts the process.
    ///
    /// - Throws: `Failure` that names the address which could not be had.
    func start() throws(Failure) {
        _ = try listeners.open(for: model.model)
        startProcess()
    }

    /// Changes what a server may take, now and after every restart.
    func administer(_ order: ServerOrder) {
        let given = GivenOrder(order: order, at: UInt64(MonotonicInstant.now.nanoseconds))
        administration.removeAll { order.replaces($0.order) }
        administration.append(given)
        // Those that were replaced still have connections to the server.
        for instance in instances.values { instance.administer(given) }
    }

    /// Has connections through addresses reset that leave the node, in every process that has some.
    func closeConnections(through addresses: [IPAddress]) {
        for instance in instances.values { instance.closeConnections(through: addresses) }
    }

    /// Gives the balancer's page what it shows of this process, as it is now.
    func showNode() {
        guard let current, current.phase == .serving else { return }
        current.show(nodeStatus())
    }

    /// Accepts no more, lets connections end for a while, and calls back when all processes are
    /// gone.
    func stop(drainTime: Duration, completion: @escaping () -> Void) {
        isStopping = true
        stopped = completion
        abandonReload(because: Failure(.systemRefused, "the program is stopping"))
        listeners.closeAll()
        guard !instances.isEmpty else { return finishStop() }
        for instance in instances.values { instance.drain(for: drainTime) }
        loop.schedule(after: drainTime + BalancerSupervisor.endingTime) { [weak self] in
            self?.endAll(because: "had connections after the drain time")
        }
    }

    /// How many processes that were replaced end with the connections that they have.
    var endingCount: Int {
        instances.values.count { $0.phase == .draining && $0 !== current }
    }

    /// Whether a process that it started is left.
    var hasProcesses: Bool { !instances.isEmpty }

    /// Ends all processes at once, and starts no other: the program ends.
    func endAll(because reason: String) {
        isStopping = true
        for instance in instances.values { instance.end(because: reason) }
    }

    // MARK: Processes

    func launch(_ model: ServedModel) throws(SystemError) -> BalancerInstance {
        let instance = try BalancerInstance(loop: loop, arguments: arguments) {
            [weak self] instance, event in self?.handle(event, of: instance)
        }
        instances[ObjectIdentifier(instance)] = instance
        instance.serve(
            model: model.bytes, knowing: RecordBatch.batches(of: memories),
            ServiceTerms(administration: administration, node: nodeStatus()),
            descriptors: listeners.descriptors(for: model.model),
            within: BalancerSupervisor.startLimit)
        return instance
    }

    private func startProcess() {
        do {
            let instance = try launch(model)
            setCurrent(instance)
            for batch in counters.batches { instance.add(batch.bytes) }
        } catch {
            log(.error, "the balancer process cannot be started: \(error)")
            startAgain()
        }
    }

    private func handle(_ event: BalancerInstance.Event, of instance: BalancerInstance) {
        switch event {
        case .serving:
            if instance === reload?.instance { return replacementServes(instance) }
            log(
                .notice,
                "balancer process \(instance.processID) serves, \(instance.connectionLimit)"
                    + " connections at most")
            reportServing(instance)
        case .memories(let batch):
            guard instance.phase != .draining else { return }
            let isWhole = RecordBatch.read(batch) { memories[$0] = Array($1) }
            guard isWhole else { return instance.end(because: "sent what cannot be read") }
            // Those that were replaced check no more.
            for other in instances.values where other.phase == .draining { other.learn(batch) }
        case .prepared(let number):
            successorIsReady(number, in: instance)
        case .adopted(let number):
            successorIsInForce(number, in: instance)
        case .unfit(let number, let reason):
            successorIsUnfit(number, in: instance, because: reason)
        case .backend(let name, let isUsable):
            // One that does not serve yet says it again when it does.
            guard instance === current, instance.phase == .serving else { return }
            facts.poolChanged(name, isUsable: isUsable).map(onFact)
        case .counted(let batch):
            guard let ledger = CounterLedger(batch: batch) else {
                return instance.end(because: "sent what cannot be read")
            }
            counters += ledger
            // What a replaced process still counts belongs to its successor's counters.
            if instance !== current { current?.add(batch) }
        case .asksForNode:
            if instance === current { showNode() }
        case .preparing(let request):
            guard instance === current, question.isAsking(request) else { return }
            expectStatus(within: BalancerSupervisor.preparationTime)
        case .status(let request, let proxies):
            guard instance === current else { return }
            lastProxies = proxies
            isUnresponsive = false
            answer(question.answer(request), with: proxies)
        case .answer(let number, let pieces):
            orderQuestions.take(number, in: loop)?(pieces)
        case .ended(let reason):
            ended(instance, reason)
        }
    }

    private func ended(_ instance: BalancerInstance, _ reason: String) {
        instances[ObjectIdentifier(instance)] = nil
        dropQuestions(to: instance)
        let wasCurrent = instance === current
        if wasCurrent { setCurrent(nil) }
        if isStopping {
            if instances.isEmpty { finishStop() }
            return
        }
        if instance === reload?.instance {
            return abandonReload(
                because: Failure(.systemRefused, "the new balancer process \(reason)"))
        }
        guard wasCurrent else {
            return log(.notice, "replaced balancer process \(instance.processID) \(reason)")
        }
        lastExit = reason
        let name = instance.processID == 0 ? "" : " \(instance.processID)"
        log(.alert, "balancer process\(name) \(reason)")
        backOff.processEnded(after: MonotonicInstant.now - instance.startedAt)
        startAgain()
        continueReload(without: instance)
    }

    private func startAgain() {
        restartCount += 1
        loop.schedule(after: backOff.nextDelay()) { [weak self] in
            guard let self, !isStopping, current == nil else { return }
            startProcess()
        }
        loop.schedule(after: BalancerSupervisor.graceTime) { [weak self] in
            guard let self, !isStopping, current?.phase != .serving else { return }
            facts.end(pools: model.backendNames).forEach(onFact)
        }
    }

    func setCurrent(_ instance: BalancerInstance?) {
        if let current { dropQuestions(to: current) }
        current = instance
        isUnresponsive = false
        answer(question.abandon(), with: nil)
    }

    private func finishStop() {
        let completion = stopped
        stopped = nil
        completion?()
    }

    // MARK: What the election hears

    /// A process that comes back and ends again and again must not look well in between: once the
    /// election has heard of a failure, service counts from when it has lasted.
    func reportServing(_ instance: BalancerInstance) {
        guard facts.serves == false else {
            return facts.begin(knowing: instance.usableBackends).forEach(onFact)
        }
        loop.schedule(after: backOff.provingTime) { [weak self, weak instance] in
            guard let self, let instance, current === instance, instance.phase == .serving else {
                return
            }
            facts.begin(knowing: instance.usableBackends).forEach(onFact)
        }
    }

    /// How long the balancer may be away before the election hears of it.
    private static let graceTime = Duration.milliseconds(200)
    /// How long a new process may take until it serves.
    private static let startLimit = Duration.seconds(10)
    /// How much longer than its drain time a process may take to end.
    private static let endingTime = Duration.milliseconds(500)
    /// How long it may take until a request for a status is heard.
    private static let answerTime = Duration.milliseconds(500)
    /// How long a question may take whose answer is known at once.
    private static let glanceTime = Duration.seconds(2)
    /// How long it may take from then on until it is there, and until another model is ready.
    static let preparationTime = Duration.seconds(10)
    /// How long handshakes may take that began at a socket which goes; those who come meanwhile wait for
    /// the next one.
    static let handshakeTime = Duration.milliseconds(200)
}

// MARK: - Status

extension BalancerSupervisor {
    /// Asks for the status; answers with `nil` when no process does in time.
    func requestProxies(completion: @escaping StatusQuestion.Completion) {
        guard let current, current.phase == .serving else { return completion(nil) }
        guard question.ask(completion) else { return }
        expectStatus(within: BalancerSupervisor.answerTime)
        if let number = question.nextToSend() { current.requestStatus(number) }
    }

    /// Has an order about a stick table carried out; answers with `nil` when no process does in time.
    func ask(_ order: TableOrder, completion: @escaping OrderQuestions.Completion) {
        guard let current, current.phase == .serving else { return completion(nil) }
        current.ask(number(of: completion, to: current), order)
    }

    /// Asks whether a server could be taken away; answers with `nil` when no process does in time.
    ///
    /// Other changes of the configuration wait meanwhile.
    func askRemovable(_ order: PoolOrder, completion: @escaping (ControlResponse?) -> Void) {
        guard let current, current.phase == .serving else { return completion(nil) }
        let number = number(
            of: { completion($0.flatMap(ControlCodec.response)) }, to: current,
            within: BalancerSupervisor.glanceTime)
        current.ask(number, order)
    }

    /// Has a part of an order about connections carried out; answers with `nil` when no process does in
    /// time.
    ///
    /// Processes that were replaced have connections too. They are asked one after the other, by their
    /// numbers, each until it has no more.
    func ask(_ order: SessionOrder, completion: @escaping OrderQuestions.Completion) {
        let wanted = order.filter.id?.process ?? order.from?.process
        let instance = instances.values.filter { $0.phase != .starting }
            .filter { instance in
                if let id = order.filter.id { return instance.processID == id.process }
                guard let from = order.from else { return true }
                return from.reactor == nil
                    ? instance.processID > from.process : instance.processID >= from.process
            }.min { $0.processID < $1.processID }
        guard let instance else {
            // Nobody is left, or the one that is meant ended with all that it had.
            return completion(
                wanted == nil ? nil : [ControlCodec.encode(.sessions(SessionPart()))])
        }
        var order = order
        if order.from?.process != instance.processID || order.from?.reactor == nil {
            order.from = SessionPart.Place(process: instance.processID, reactor: 0, place: 0)
        }
        instance.ask(number(of: completion, to: instance), order)
    }

    /// Takes an order down that a process is about to get.
    private func number(
        of completion: @escaping OrderQuestions.Completion, to instance: BalancerInstance,
        within limit: Duration = preparationTime
    ) -> Int {
        orderQuestions.ask(of: instance.processID, completion) { number in
            loop.schedule(after: limit) { [weak self] in
                guard let self else { return }
                orderQuestions.take(number, in: loop)?(nil)
            }
        }
    }

    private func dropQuestions(to instance: BalancerInstance) {
        for completion in orderQuestions.takeAll(of: instance.processID, in: loop) {
            completion(nil)
        }
    }

    private func expectStatus(within limit: Duration) {
        if let deadline = question.deadline { loop.cancel(deadline) }
        question.deadline = loop.schedule(after: limit) { [weak self] in
            guard let self else { return }
            isUnresponsive = true
            answer(question.expire(), with: nil)
        }
    }

    private func answer(_ waiting: [StatusQuestion.Completion], with proxies: [[UInt8]]?) {
        guard !waiting.isEmpty else { return }
        if let deadline = question.deadline { loop.cancel(deadline) }
        question.deadline = nil
        waiting.forEach { $0(proxies) }
    }
}
#endif
