public import LinuxIO
internal import Reactor
internal import Synchronization

/// Keeps tables in common with other nodes, by haproxy's protocol, on a thread of its own.
///
/// The reactors do not know of it: a change of an entry moves it in the table's order of changes,
/// and the thread takes from there what a peer was not told yet.
///
///     let exchange = try PeerExchange(balancer.view, sockets: [[socket]], processID: getpid()) {
///         print($0)
///     }
///     …
///     exchange.stop()
public final class PeerExchange: Sendable {
    private let poster: Poster
    private let hall: PeerHallBox
    private let thread: Mutex<Thread?>

    /// Begins to listen and to connect.
    ///
    /// - Parameters:
    ///   - view: The balancer's tables, and its ``BalancerPlan/peers``.
    ///   - sockets: The listening sockets of each section, non-blocking; they remain the caller's, who
    ///     keeps them open until after ``stop()``.
    ///   - processID: What peers are told of this process.
    ///   - report: Told what becomes of peers, on the exchange's thread.
    /// - Throws: `SystemError` when descriptors or threads are lacking.
    public init(
        _ view: BalancerView, sockets: [[Int32]], processID: Int32,
        report: @escaping @Sendable (PeerNews) -> Void
    ) throws(SystemError) {
        let hall = try PeerHall(processID: processID, report: report)
        hall.adopt(view, sockets)
        poster = hall.loop.poster
        let box = PeerHallBox(hall)
        self.hall = box
        thread = Mutex(try Thread(name: "peers") { box.hall.run() })
    }

    /// Goes on by another plan of the balancer's.
    ///
    /// Sessions stay where nothing about them changes; others begin anew, from what the peer has.
    ///
    /// - Parameters:
    ///   - view: The balancer's tables from now on.
    ///   - sockets: The listening sockets of each section; those of before that are not among them may
    ///     be closed when this returns.
    public func adopt(_ view: BalancerView, sockets: [[Int32]]) {
        perform { $0.adopt(view, sockets) }
    }

    /// Tells what is still to be told, as far as that takes no time, and ends the sessions.
    public func stop() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        let hall = hall
        poster.post { hall.hall.stop() }
        thread.join()
    }

    /// How it stands with each section; nothing after ``stop()``.
    public var status: [PeersStatus] {
        let answer = Answer()
        perform { hall in answer.status.withLock { $0 = hall.status } }
        return answer.status.withLock { $0 }
    }

    /// Has the thread do something, and waits until it has.
    private func perform(_ action: @escaping @Sendable (PeerHall) -> Void) {
        // The thread cannot end meanwhile.
        thread.withLock { thread in
            let isRunning: Bool =
                switch thread {
                case .some: true
                case .none: false
                }
            guard isRunning else { return }
            let (hall, answer) = (hall, Answer())
            poster.post {
                action(hall.hall)
                answer.isThere.store(true, ordering: .releasing)
            }
            while !answer.isThere.load(ordering: .acquiring) {
                Thread.sleep(for: .microseconds(50))
            }
        }
    }

    private final class Answer: Sendable {
        let isThere = Atomic(false)
        let status = Mutex<[PeersStatus]>([])
    }
}

/// Carries the hall to its thread.
private final class PeerHallBox: @unchecked Sendable {
    // SAFETY: made before the thread begins; from then on the thread alone uses what is in it, also
    // in what others post to its loop.
    let hall: PeerHall

    init(_ hall: PeerHall) { self.hall = hall }
}

/// All sections, on the thread that exchanges tables.
final class PeerHall {
    let loop: EventLoop
    private let bell: PeerBell
    private let processID: Int32
    private let report: (PeerNews) -> Void
    private var sections: [PeerSection] = []
    private var tables: [StickTable] = []
    private var isStopping = false
    /// When peers are told of changes that have rung; `nil`: nothing has.
    private var tellsAt: MonotonicInstant?
    private var lastTold = MonotonicInstant(nanoseconds: 0)

    init(processID: Int32, report: @escaping (PeerNews) -> Void) throws(SystemError) {
        loop = try EventLoop()
        bell = PeerBell(try Waker())
        (self.processID, self.report) = (processID, report)
        try loop.watch(bell.waker.descriptor.rawValue, for: .readable) { [unowned self] _ in
            bell.waker.reset()
            tellsAt = tellsAt ?? max(loop.now, lastTold + PeerHall.leastInterval)
        }
    }

    func run() {
        // OpenSSL writes to sockets that the other side has closed.
        Thread.blockBrokenPipeSignal()
        while !isStopping {
            let now = MonotonicInstant.now
            let due = (sections.compactMap(\.deadline) + [tellsAt].compactMap(\.self)).min()
            loop.turn(longestWait: due.map { max(.zero, $0 - now) })
            for section in sections { section.tick(at: loop.now) }
            if let tellsAt, tellsAt <= loop.now { tell() }
        }
    }

    var status: [PeersStatus] { sections.map(\.status) }

    /// What changes often within a few milliseconds is told once.
    private func tell() {
        (tellsAt, lastTold) = (nil, loop.now)
        // First, so that what changes meanwhile rings again.
        for table in tables { table.armChanges() }
        for section in sections { section.tell() }
    }

    func adopt(_ view: BalancerView, _ sockets: [[Int32]]) {
        var former: [String: PeerSection] = [:]
        for section in sections { former[section.plan.name] = section }
        let shared = view.sharedTables
        tables = shared.map(\.table)
        for table in tables { table.share(by: bell) }
        sections = zip(view.plan.peers, sockets).map { plan, sockets in
            let tables = shared.filter { $0.section == plan.name }.map {
                (table: $0.table, plan: $0.plan)
            }
            let section =
                former.removeValue(forKey: plan.name)
                ?? PeerSection(
                    plan, tables, loop: loop, processID: processID, report: report)
            section.adopt(plan, tables)
            section.listen(on: sockets)
            return section
        }
        for section in former.values { section.stop() }
        tellsAt = loop.now
    }

    func stop() {
        for section in sections { section.stop() }
        isStopping = true
    }

    private static let leastInterval = Duration.milliseconds(5)
}
