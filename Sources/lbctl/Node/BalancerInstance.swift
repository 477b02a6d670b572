#if Program
internal import Control
internal import Glibc
internal import LinuxIO
internal import NodeConfiguration
internal import Reactor
internal import VRRPCore

/// One balancer process: how it was started, what it said, how it ended.
final class BalancerInstance {
    /// What the process has come to.
    enum Phase: Equatable { case starting, serving, draining }

    /// What became known about the process.
    enum Event {
        /// It serves its model.
        case serving
        /// What is worth remembering of servers' checks and agents: a ``RecordBatch``.
        case memories([UInt8])
        /// A pool has a usable server again, or none any more.
        case backend(String, isUsable: Bool)
        /// It counted this since it last said so: a ``RecordBatch``.
        case counted([UInt8])
        /// It has made another model ready under this number.
        case prepared(Int)
        /// It goes on by the model of this number.
        case adopted(Int)
        /// It cannot go on by the model of this number, for the reason given.
        case unfit(Int, String)
        /// Somebody looks at its page, which needs the state of this process as it is now.
        case asksForNode
        /// It heard the request for a status of that number, and puts it together.
        case preparing(Int)
        /// It told its status, in pieces: the answer to a request of that number, or unasked.
        case status(Int?, [[UInt8]])
        /// It answered the order of that number, in pieces.
        case answer(Int, [[UInt8]])
        /// It is gone, for the reason given. Nothing follows.
        case ended(String)
    }

    /// The process's number; 0 until it has started.
    var processID: Int32 { started?.process.processID ?? 0 }
    private(set) var phase = Phase.starting
    let startedAt = MonotonicInstant.now
    /// How many connections it accepts at once.
    private(set) var connectionLimit = 0
    /// What the process said about its pools so far.
    private(set) var usableBackends: [String: Bool] = [:]

    /// The process; `nil` until it has started.
    private var started: LinkedProcess?
    /// What it said before this process knew that it had started.
    private var early: [Parcel<BalancerReport>] = []
    private let link: Link<Parcel<BalancerReport>, Parcel<BalancerOrder>>
    private let loop: EventLoop
    private let onEvent: (BalancerInstance, Event) -> Void
    private var endingWatch: EventLoop.Watch?
    private var deadline: EventLoop.Deadline?
    /// When it is asked next whether it turns.
    private var nextCall: EventLoop.Deadline?
    /// For how many seconds it has not said so.
    private var silentSeconds = 0
    /// Why it was ended, where that says more than the signal.
    private var complaint: String?
    private var isGone = false
    /// The newest state of the node, while the process does not take what it is sent.
    private var unshown: NodeStatus?
    private var pieces = StatusPieces()
    private var answerPieces = StatusPieces()

    /// Starts this program a second time, as a balancer process.
    ///
    /// - Parameters:
    ///   - loop: The loop that it is watched on.
    ///   - arguments: What it is started with beside its name.
    ///   - onEvent: Called on the loop, never before this returns.
    /// - Throws: `SystemError` when the system allows no further process.
    init(
        loop: EventLoop, arguments: [String],
        onEvent: @escaping (BalancerInstance, Event) -> Void
    ) throws(SystemError) {
        let (own, other) = try Socket.pair()
        let otherEnd = Descriptor(owning: other)
        self.loop = loop
        self.onEvent = onEvent
        link = try Link(owning: own, loop: loop)
        link.onMessage = { [weak self] parcel, descriptors in
            for number in descriptors { _ = Descriptor(owning: number) }
            self?.take(parcel)
        }
        link.onTooLong = { [weak self] byteCount in
            self?.end(because: "was not told \(byteCount) bytes, too many for one message")
        }
        link.onDrained = { [weak self] in self?.showUnshown() }
        // A process that only closed its end serves nobody, but would keep the listening sockets;
        // one that ended is collected before then, and says itself how.
        link.onEnd = { [weak self] in
            self?.setDeadline(BalancerInstance.collectLimit, "closed its link")
        }
        LinkedProcess.start(
            [BalancerCommand.name] + arguments, linkNumber: BalancerCommand.linkDescriptor,
            end: otherEnd, on: loop
        ) { self.hasStarted($0) }
    }

    deinit { forget() }

    private func hasStarted(_ result: Result<LinkedProcess, SystemError>) {
        do throws(SystemError) {
            let started = try result.get()
            self.started = started
            if complaint != nil { started.process.signal(SIGKILL) }
            endingWatch = try loop.watch(started.process.pidfd.rawValue, for: .readable) {
                [weak self] _ in self?.reap()
            }
            let parcels = early
            early = []
            parcels.forEach(take)
        } catch {
            started?.process.end()
            gone(because: "cannot be started: \(error)")
        }
    }

    /// Sends the model, and the descriptors that it listens on.
    ///
    /// - Parameters:
    ///   - model: The model, as it is sent.
    ///   - memories: What is remembered of targets.
    ///   - terms: What else it begins with.
    ///   - descriptors: The listening sockets, in the order of the model's listeners.
    ///   - limit: How long the process may take to serve; then it is ended.
    func serve(
        model: [UInt8], knowing memories: [RecordBatch], _ terms: ServiceTerms,
        descriptors: [Int32], within limit: Duration
    ) {
        deadline = loop.schedule(after: limit) { [weak self] in
            self?.end(because: "did not begin to serve within \(limit)")
        }
        link.send(.bytes(.model, model))
        for batch in memories { link.send(.bytes(.heritage, batch.bytes)) }
        send(.serve(terms), descriptors: descriptors)
    }

    /// Has it make another model ready, with the listening sockets that are new.
    func prepare(_ number: Int, model: [UInt8], descriptors: [Int32]) {
        link.send(.bytes(.model, model))
        send(.prepare(number), descriptors: descriptors)
    }

    /// Has it go on by the model of this number.
    func adopt(_ number: Int) { send(.adopt(number)) }

    /// Has it forget the model of this number.
    func forget(_ number: Int) { send(.forget(number)) }

    /// Tells it what another process remembers of targets.
    func learn(_ memories: [UInt8]) { link.send(.bytes(.memories, memories)) }

    /// Sends an order about a server.
    func administer(_ order: GivenOrder) { send(.administer(order)) }

    /// Has the connections through addresses reset that leave the node.
    func closeConnections(through addresses: [IPAddress]) {
        send(.closeConnections(addresses))
    }

    /// Has it count on from what other processes have counted.
    func add(_ counters: [UInt8]) { link.send(.bytes(.counters, counters)) }

    /// Asks for the status.
    func requestStatus(_ number: Int) { send(.reportStatus(number)) }

    /// Sends an order about a stick table.
    func ask(_ number: Int, _ order: TableOrder) { send(.table(number, order)) }

    /// Asks whether a server could be taken away.
    func ask(_ number: Int, _ order: PoolOrder) { send(.askRemovable(number, order)) }

    /// Sends an order about connections.
    func ask(_ number: Int, _ order: SessionOrder) { send(.session(number, order)) }

    /// Gives the page what it shows of the node; of several that wait, the last.
    func show(_ status: NodeStatus) {
        if link.hasBacklog { unshown = status } else { send(.show(status)) }
    }

    /// Has the process accept no more, and end with its last connection or when `limit` is over.
    func drain(for limit: Duration?) {
        guard phase != .starting else { return end(because: "was not needed any more") }
        phase = .draining
        send(.drain(seconds: limit.map { $0 / .seconds(1) }))
        // One that hangs would go on taking its turn at the listening sockets.
        setDeadline(BalancerInstance.drainAcknowledgeLimit, "did not stop accepting")
    }

    /// Ends the process at once.
    func end(because reason: String) {
        // The number of a process that was collected may be another's.
        guard !isGone else { return }
        complaint = complaint ?? reason
        started?.process.signal(SIGKILL)
    }

    private func take(_ parcel: Parcel<BalancerReport>) {
        guard started != nil else { return early.append(parcel) }
        switch parcel {
        case .word(let report): handle(report)
        case .bytes(let kind, let bytes): take(kind, bytes)
        }
    }

    private func handle(_ report: BalancerReport) {
        switch report {
        case .serving(let connections):
            connectionLimit = connections
            guard phase == .starting, complaint == nil else { return }
            cancelDeadline()
            phase = .serving
            callRoll()
            onEvent(self, .serving)
        case .turns:
            silentSeconds = 0
        case .draining:
            cancelDeadline()
        case .refused(let reason):
            end(because: "cannot serve: \(reason)")
        case .backend(let name, let isUsable):
            usableBackends[name] = isUsable
            onEvent(self, .backend(name, isUsable: isUsable))
        case .asksForNode:
            onEvent(self, .asksForNode)
        case .preparing(let request):
            onEvent(self, .preparing(request))
        case .prepared(let number):
            onEvent(self, .prepared(number))
        case .adopted(let number, let connections):
            connectionLimit = connections
            onEvent(self, .adopted(number))
        case .unfit(let number, let reason):
            onEvent(self, .unfit(number, reason))
        }
    }

    private func take(_ kind: Parcel<BalancerReport>.Kind, _ bytes: [UInt8]) {
        switch kind {
        case .memories: onEvent(self, .memories(bytes))
        case .counters: onEvent(self, .counted(bytes))
        case .status:
            guard let whole = pieces.append(bytes) else { return }
            onEvent(self, .status(whole.request, whole.status))
        case .answer:
            guard let whole = answerPieces.append(bytes), let number = whole.request else { return }
            onEvent(self, .answer(number, whole.status))
        case .model, .heritage: break
        }
    }

    /// Asks each second whether it turns, and ends it if it hangs: its clients would wait for ever, and
    /// the addresses stay.
    ///
    /// The seconds are turns of this loop, so that a host that stood still has its processes answer first.
    private func callRoll() {
        // One that drains has clients, too, and its own clock of the time to end.
        guard phase != .starting, !isGone else { return }
        guard silentSeconds < BalancerInstance.longestSilence else {
            return end(because: "hung: no answer for \(silentSeconds) s")
        }
        if silentSeconds == 0 { send(.callRoll) }
        silentSeconds += 1
        nextCall = loop.schedule(after: .seconds(1)) { [weak self] in self?.callRoll() }
    }

    private func send(_ order: BalancerOrder, descriptors: [Int32] = []) {
        link.send(.word(order), descriptors: descriptors)
    }

    private func showUnshown() {
        guard let status = unshown else { return }
        unshown = nil
        send(.show(status))
    }

    private func setDeadline(_ limit: Duration, _ reason: String) {
        cancelDeadline()
        deadline = loop.schedule(after: limit) { [weak self] in self?.end(because: reason) }
    }

    private func cancelDeadline() {
        if let deadline { loop.cancel(deadline) }
        deadline = nil
    }

    private func forget() {
        cancelDeadline()
        if let nextCall { loop.cancel(nextCall) }
        nextCall = nil
        if let endingWatch { loop.unwatch(endingWatch) }
        endingWatch = nil
        link.close()
    }

    private func reap() {
        guard let ending = started?.process.reap() else { return }
        gone(because: complaint ?? ending.words)
    }

    private func gone(because reason: String) {
        isGone = true
        forget()
        onEvent(self, .ended(reason))
    }

    /// How long a process may live without its link.
    private static let collectLimit = Duration.milliseconds(100)
    /// For how many seconds it may not answer while it serves.
    private static let longestSilence = 5
    /// How long the order to accept no more may go unheard.
    private static let drainAcknowledgeLimit = Duration.seconds(2)
}
#endif
