internal import LinuxIO
internal import Reactor
internal import Synchronization

/// One reactor: a thread's loop over its own connections.
///
/// A local variable of the thread's function whose methods all mutate it, so that nothing on the
/// path of an event counts references, checks exclusivity or allocates: a token leads to a place in
/// a slab, and a handful of system calls does the rest. What users can see across reactors
/// (turns, limits, lines) is in ``SharedState``, touched when a connection begins and ends.
///
/// Each turn: wait, read the clock once, what is ready, what was left for later, what is due.
@safe struct Worker: ~Copyable {
    /// What never changes about a frontend and a pool that it leads to.
    struct Route: Sendable {
        let frontend: Int
        let pool: Int
        let firstServer: Int
        let timeouts: Timeouts
        let retries: Int
        let redispatches: Bool
        /// Whether clients go to their own server while that is down.
        let keepsToServers: Bool
        /// As ``PoolPlan/redispatchInterval``.
        let redispatchInterval: Int
        let isDatagram: Bool
        let resetsServers: Bool
        let dropsLeavers: Bool
        let savesAcknowledgement: Bool
        /// Whether rules ask how many are led to the pool, or were within a second.
        let countsArrivals: Bool
        /// Whether the limits of its servers follow the pool's connections.
        let followsCrowd: Bool
        /// Whether rules of any frontend that leads to its pool say when somebody who waits came.
        let hasOffsets: Bool
        /// Whether clients belong to servers, and whether that is taken note of.
        let sticks: Bool
        let storesServers: Bool
        let key: ClientKey?
        let logging: ConnectionLogging?
    }

    /// A listening socket, which all reactors share.
    struct Listener {
        let socket: Int32
        let frontend: Int
        let isDatagram: Bool
        var isWatched = false
        /// Whether it stands in a list, and the one behind it there.
        var isWaiting = false
        var next: Int32 = -1
        /// How many connections an event brings, as far as is known.
        var batch = 1
        /// The turn in which that many were taken, and more may have waited.
        var filledAtTurn: UInt64 = .max
    }

    private let stays = StaysInPlace()
    let number: Int
    let shared: SharedState
    let epoll: Epoll
    let tables: WorkerTables
    let page: WorkerPage
    let layout: TallyLayout
    let histograms: HistogramBoard
    var introductions = Introductions()
    /// The flows of datagrams, by the index of their client half.
    var flows: [FlowKey: Int32] = [:]
    /// Of the connections whose servers are spoken to by TLS.
    var sessions = SecureSessions()
    /// Counts `unique-id`s.
    var identifierCount: UInt64 = 0
    var slab: ConnectionSlab
    var wheel: TimerWheel
    var pool: LeasePool
    var spares: SpareSockets
    var listeners: [Listener] = []
    /// Notices to this reactor's own connections: handled at the end of the turn, since a chain of
    /// connections that fail at once would otherwise nest as deep as the line is long.
    var ownNotices: [(pool: Int, notice: PoolState.Notice)] = []
    /// The messages that are being handled.
    var news: [Message] = []
    /// Milliseconds of the monotonic clock, as read at the beginning of the turn.
    var now: UInt64
    var turnNumber: UInt64 = 0
    var firstReady: Int32 = -1
    var lastReady: Int32 = -1
    var isAccepting = true
    /// Connections that are being accepted and not yet counted in.
    var uncounted = 0
    /// How many more there is room reserved for.
    var unusedRoom = 0
    var isStopping = false
    /// Where the reactors are to meet at the end of this turn.
    var handover: Handover?
    /// No accepting before then: descriptors ran out.
    var acceptPauseEnd: UInt64?
    /// When the shares of servers that warm up are to be computed anew.
    var warmingDueAt: UInt64?
    /// Listeners that wait for room: see ``ListenerList``.
    var waitingLists: [ListenerList] = []
    /// Where there is room that listeners of this reactor wait for.
    var openPlaces: [Admission.Place] = []
    /// The first instant at which a frontend that is over its rate may accept again.
    var rateDueAt: UInt64?

    init(number: Int, shared: SharedState) throws(SystemError) {
        let epoll = try Epoll(capacity: 256)
        let slab = try ConnectionSlab(capacity: SharedState.placeCount)
        self.epoll = epoll
        self.slab = slab
        self.number = number
        self.shared = shared
        layout = shared.layout
        histograms = shared.histograms[number]
        now = MonotonicInstant.now.milliseconds
        wheel = TimerWheel(at: now)
        pool = LeasePool(capacity: SharedState.pipeCount(of: shared.plan))
        spares = SpareSockets(serverCount: shared.layout.serverCount)
        page = WorkerPage()
        tables = WorkerTables(shared, number: number)
        listeners = Worker.listeners(of: shared)
        waitingLists = Worker.lists(for: shared)
        introductions.keepVariables(shared.plan.variables.count)
        introductions.keepTexts(of: shared.plan)
        reserveFlows()
    }

    /// Goes on by what a handover brought; connections are yet to be told where everything stands.
    init(succeeding former: consuming Worker, _ shared: SharedState) {
        number = former.number
        self.shared = shared
        layout = shared.layout
        histograms = shared.histograms[former.number]
        tables = WorkerTables(shared, number: former.number)
        spares = SpareSockets(serverCount: shared.layout.serverCount)
        listeners = Worker.listeners(of: shared)
        waitingLists = Worker.lists(for: shared)
        introductions = former.introductions
        flows = former.flows
        sessions = former.sessions
        identifierCount = former.identifierCount
        now = former.now
        turnNumber = former.turnNumber
        (firstReady, lastReady) = (former.firstReady, former.lastReady)
        isAccepting = former.isAccepting
        isStopping = former.isStopping
        acceptPauseEnd = former.acceptPauseEnd
        warmingDueAt = former.warmingDueAt
        epoll = former.epoll
        page = former.page
        slab = former.slab
        wheel = former.wheel
        pool = former.pool
        reserveFlows()
    }

    /// Makes room ahead: a table that grows while datagrams come would lose some of them.
    private mutating func reserveFlows() {
        if shared.plan.frontends.contains(where: { $0.logging?.tellsNames == true }) {
            introductions.reserveNames(min(shared.connectionLimit, SharedState.placeCount))
        }
        guard listeners.contains(where: \.isDatagram) else { return }
        let count = min(shared.connectionLimit, 4096)
        flows.reserveCapacity(count)
        introductions.reserve(count)
    }

    static func listeners(of shared: SharedState) -> [Listener] {
        zip(shared.sockets.joined(), shared.paths.entries).map { socket, entry in
            Listener(socket: socket, frontend: entry.frontend, isDatagram: entry.isDatagram)
        }
    }

    private static func lists(for shared: SharedState) -> [ListenerList] {
        Array(
            repeating: ListenerList(),
            count: 3 + shared.plan.frontends.count + shared.paths.entries.count)
    }

    var buffer: UnsafeMutableRawPointer { unsafe page.start }
    var tallies: UnsafeMutablePointer<Tally> { unsafe tables.tallies }
    var routes: UnsafeMutablePointer<Route> { unsafe tables.routes }
    /// One for each listener.
    var entries: UnsafeMutablePointer<PathTable.Entry> { unsafe tables.entries }
    /// The servers, counted over all pools.
    var destinations: UnsafeMutablePointer<Destination> { unsafe tables.destinations }

    /// Serves until told to stop.
    mutating func run() {
        Thread.blockBrokenPipeSignal()
        let bell = shared.inboxes[number].waker.descriptor.rawValue
        _ = epoll.add(bell, for: .readable, token: bellToken)
        watchListeners()
        while !isStopping {
            turn()
            if let handover { succeed(handover) }
        }
        closeAll()
    }

    private mutating func turn() {
        let count = epoll.wait(nanoseconds: longestWait)
        now = MonotonicInstant.now.milliseconds
        turnNumber &+= 1
        for index in 0..<count {
            let (token, readiness) = epoll.event(index)
            let generation = UInt32(truncatingIfNeeded: token >> 32)
            let half = Int(token & 0xffff_ffff)
            if generation == specialGeneration {
                token == bellToken ? readInbox() : accept(at: half)
            } else if slab[half].generation == generation {
                handle(half, readiness)
            }
        }
        runReady()
        while let client = wheel.popDue(at: now, in: slab) { timerFired(client) }
        if let end = acceptPauseEnd, now >= end {
            acceptPauseEnd = nil
            watchListeners()
        }
        if let due = warmingDueAt, now >= due { warmServers() }
        if let due = rateDueAt, now >= due { useRate() }
        takeOwnNotices()
        useRoom()
    }

    /// Handles the notices that came up in this turn, those of one another included.
    private mutating func takeOwnNotices() {
        guard !ownNotices.isEmpty else { return }
        var next = 0
        while next < ownNotices.count {
            let (pool, notice) = ownNotices[next]
            next += 1
            take(notice, pool: pool)
        }
        ownNotices.removeAll(keepingCapacity: true)
    }

    /// Nanoseconds until something is due; below 0: nothing is.
    private var longestWait: Int64 {
        if firstReady >= 0 || !ownNotices.isEmpty || !openPlaces.isEmpty { return 0 }
        var due = wheel.nextTurnAt ?? .max
        if let acceptPauseEnd { due = min(due, acceptPauseEnd) }
        if let warmingDueAt { due = min(due, warmingDueAt) }
        if let rateDueAt { due = min(due, rateDueAt) }
        guard due != .max else { return -1 }
        return max(0, Int64(due) * 1_000_000 - MonotonicInstant.now.nanoseconds)
    }

    private mutating func handle(_ half: Int, _ readiness: Readiness) {
        switch slab[half & ~1].phase {
        case .relaying: relay(half, readiness)
        case .connecting where half & 1 == 1: connectionAnswered(half, readiness)
        case .waiting, .pausing, .connecting: clientStirred(half, readiness)
        case .introducing: introductionStirred(half, readiness)
        case .flowing: flowStirred(half, readiness)
        case .free: break
        }
    }

    /// Gives a turn to each direction that used up its share of the one before.
    private mutating func runReady() {
        let last = lastReady
        while firstReady >= 0 {
            let half = Int(firstReady)
            firstReady = slab[half].readyLink
            if firstReady < 0 { lastReady = -1 }
            slab[half].marks.remove(.isOnReadyList)
            // The connection may have ended, and another one begun in its place: then this is one
            // look too many, and no more.
            if slab[half & ~1].phase == .relaying { pump(half) }
            if half == Int(last) { return }
        }
    }

    private mutating func readInbox() {
        shared.inboxes[number].takeAll(into: &news)
        defer { news.removeAll(keepingCapacity: true) }
        for index in news.indices {
            switch news[index] {
            case .notice(let pool, let notice): take(notice, pool: pool)
            case .roomToAccept(let place): openPlaces.append(place)
            case .addressLeft(let address): closeConnections(through: address)
            case .setAccepting(let accepts):
                isAccepting = accepts
                accepts ? watchListeners() : leaveListeners()
            case .warm: warmServers()
            case .endSessions(let server, let cause): endSessions(of: server, because: cause)
            case .look(let look): take(look)
            case .answer(let call): call.answer()
            case .handOver(let handover):
                self.handover = handover
                sweepListeners(missingIn: handover.succession.sockets)
            case .stop: isStopping = true
            }
        }
    }

    /// Ends what is open.
    private mutating func closeAll() {
        unwatchListeners()
        for client in stride(from: 0, to: 2 * slab.usedCount, by: 2)
        where slab[client].phase != .free {
            cut(client, because: .operatorsOrder)
        }
    }
}

extension Worker.Route {
    /// Takes what holds for a frontend and one of the pools that it leads to, by their positions in
    /// the plan.
    init(
        _ index: Int, to poolIndex: Int, in plan: BalancerPlan, layout: TallyLayout,
        countsArrivals: Bool
    ) {
        let frontend = plan.frontends[index]
        let pool = plan.pools[poolIndex]
        self.init(
            frontend: index, pool: poolIndex, firstServer: layout.firstServers[poolIndex],
            timeouts: Timeouts(frontend, pool),
            retries: pool.retries, redispatches: pool.redispatches,
            keepsToServers: pool.keepsToServers, redispatchInterval: pool.redispatchInterval,
            isDatagram: frontend.isDatagram,
            resetsServers: pool.resetsServers, dropsLeavers: pool.dropsLeavers,
            savesAcknowledgement: pool.savesAcknowledgement,
            countsArrivals: countsArrivals, followsCrowd: pool.followsCrowd,
            hasOffsets: pool.contentRules.setsOffsets
                || plan.frontends.contains {
                    $0.rules.setsOffsets && $0.poolIndices.contains(poolIndex)
                }, sticks: !pool.stickRules.isEmpty,
            storesServers: pool.stickRules.contains(where: \.stores),
            key: ClientKey(pool), logging: frontend.logging)
    }
}

extension Worker.Route {
    /// Whether a key's connection may go to another server at a retry, counted from 1.
    func mayLeave(at retry: Int) -> Bool {
        let interval =
            redispatchInterval < 0 ? max(1, retries + 1 + redispatchInterval) : redispatchInterval
        return interval > 0 && retry % interval == 0
    }
}

/// Makes a value that has one as a field stay where it is.
///
/// The compiler may copy a structure for each call of a method that only reads it, as long as its bytes
/// are all that it is; an atomic's place is part of it. A worker has half a kilobyte, and each step of a
/// connection makes several such calls.
private struct StaysInPlace: ~Copyable {
    private let place = Atomic<UInt8>(0)
}

extension MonotonicInstant {
    /// Whole milliseconds since the host started.
    var milliseconds: UInt64 { UInt64(nanoseconds) / 1_000_000 }
}

/// Bytes that one copy moves at most.
let bufferByteCount = 65_536
/// Tells tokens of listeners and of the bell from those of connections.
let specialGeneration = UInt32.max
private let bellToken = UInt64.max
