/// A server as its pool sees it.
struct PooledServer {
    let isBackup: Bool
    /// What orders and circles know it by.
    let number: Int
    /// Where its places on a circle of hashes begin.
    let firstPlace: UInt32
    /// How many may wait for this server alone.
    let queueLimit: Int
    /// Milliseconds from its coming up to its full share; 0: at once.
    let slowStart: UInt64
    /// Its share when it has warmed up, 0 to 256.
    var weight: Int
    var administrativeState: AdministrativeState
    var isUp: Bool
    /// Whether it is there for the connections that it has.
    private let isLeaving: Bool
    private let configuredWeight: Int
    private let configuredLimit: Int
    /// Whether connections go to it now.
    var isCandidate = false

    /// Its share now, in 1/16ths of a weight's unit.
    private(set) var share: Int
    /// Connections that it may hold now.
    private(set) var limit: Int
    /// Connections that it may hold when it has warmed up.
    var fullLimit: Int {
        didSet {
            crowdLimit = fullLimit
            settleLimit()
        }
    }
    /// Connections that it may hold while its pool has few (`minconn`); `nil`: as many as ever.
    private let leastLimit: Int?
    /// What the pool's connections leave of ``fullLimit``.
    private var crowdLimit: Int
    /// How far it has warmed up.
    private var warmth: (part: UInt64, whole: UInt64) = (1, 1)
    /// When its slow start began; `nil`: it has its full share.
    private(set) var slowStartedAt: UInt64?

    /// Connections that it holds, attempts included.
    private(set) var served = 0
    private(set) var peak = 0
    private(set) var total = 0
    private(set) var rate = RateMeter()
    /// Milliseconds of the monotonic clock.
    private(set) var lastChosenAt: UInt64?
    /// Clients that the algorithm bound to this server and that found it full.
    var line = WaitingLine()
    var peakQueue = 0
    /// The choice that it was last taken by, to rotate among equals (`leastconn`).
    var lastTurn: UInt64 = 0

    init(_ plan: ServerPlan, number: Int) {
        self.number = number
        firstPlace = KeyHash.firstPlace(of: plan, number: number)
        fullLimit = plan.connectionLimit ?? .max
        limit = fullLimit
        crowdLimit = fullLimit
        leastLimit = plan.leastConnectionLimit
        isBackup = plan.isBackup
        queueLimit = plan.queueLimit ?? .max
        slowStart = milliseconds(plan.slowStart)
        weight = min(max(plan.weight, 0), 256)
        share = weight * 16
        administrativeState = plan.administrativeState
        isUp = plan.isUp
        isLeaving = plan.isLeaving
        (configuredWeight, configuredLimit) = (weight, fullLimit)
    }

    /// Goes on from what it was under another plan: with its connections, its line and its counts, and
    /// as whoever spoke of it had it.
    mutating func goOn(from former: PooledServer) {
        (isUp, administrativeState) = (former.isUp, former.administrativeState)
        (slowStartedAt, lastTurn) = (former.slowStartedAt, former.lastTurn)
        (served, peak, total) = (former.served, former.peak, former.total)
        (rate, lastChosenAt) = (former.rate, former.lastChosenAt)
        (line, peakQueue) = (former.line, former.peakQueue)
        if configuredWeight == former.configuredWeight { weight = former.weight }
        if configuredLimit == former.configuredLimit { fullLimit = former.fullLimit }
    }

    /// Whether new connections may go to it.
    var isUsable: Bool { isUp && administrativeState == .ready && weight > 0 && !isLeaving }
    /// Whether those may go to it that belong to it, be it that it takes no others.
    var isReachable: Bool { isUp && administrativeState != .maintenance && !isLeaving }
    /// Whether it may serve a client: its own one also out of the turns, and who is kept also while it is
    /// down.
    func serves(isBound: Bool, isKept: Bool = false) -> Bool {
        isKept ? !isLeaving : isBound ? isReachable : isUsable
    }
    /// Whether it has no room, or others were first.
    var isFull: Bool { served >= limit || line.count > 0 }

    /// Whether a client whose place on a circle is its own stays with it.
    func takes(_ affinity: PoolPlan.Affinity) -> Bool {
        switch affinity {
        case .always: true
        case .whileRoom: !isFull
        case .whilePlace: !isFull || line.count < queueLimit
        }
    }

    var status: ServerSnapshot.Status {
        switch administrativeState {
        case .maintenance: .maintenance
        case .drain: isUp ? .drain : .down
        case .ready where !isUp: .down
        case .ready: weight > 0 ? .up : .drain
        }
    }

    /// What orders of servers go by.
    struct Standing {
        let number: Int
        let isFull: Bool
        /// Whether it has room, or a place in its own line (`maxqueue`).
        let hasPlace: Bool
        let share: Int
        let lastTurn: UInt64
        fileprivate let inFlight: Int

        /// haproxy's key: 0 for an idle server, else one more than it has over its share.
        var load: UInt64 {
            guard inFlight > 0, share > 0 else { return 0 }
            return UInt64((inFlight + 1) * PooledServer.greatestShare / share)
        }
    }

    /// Where it stands now.
    var standing: Standing {
        Standing(
            number: number, isFull: isFull,
            hasPlace: !isFull || queueLimit != .max && line.count < queueLimit,
            share: share, lastTurn: lastTurn,
            inFlight: served + line.count)
    }

    mutating func take(at now: UInt64) {
        served += 1
        peak = max(peak, served)
        total += 1
        noteAttempt(at: now)
        lastChosenAt = now
    }

    /// As haproxy: the rate is that of attempts.
    mutating func noteAttempt(at now: UInt64) { rate.note(1, at: now) }

    mutating func giveBack() { served -= 1 }

    /// Begins with a small share that grows (`slowstart`), if it is to.
    mutating func beginSlowStart(at now: UInt64) {
        guard slowStart > 0 else { return }
        slowStartedAt = now
    }

    /// Computes share and limit of this moment.
    ///
    /// - Parameters:
    ///   - now: Milliseconds of the monotonic clock.
    ///   - growsShare: Whether the share grows too, or only the limit.
    mutating func warm(at now: UInt64, growsShare: Bool) {
        var (part, whole): (UInt64, UInt64) = (1, 1)
        if let slowStartedAt, now < slowStartedAt + slowStart {
            (part, whole) = (now - min(now, slowStartedAt), slowStart)
        } else {
            slowStartedAt = nil
        }
        let full = weight * 16
        share = growsShare ? min(full, max(1, full * Int(part) / Int(whole))) : full
        warmth = (part, whole)
        settleLimit()
    }

    /// Takes note of how many connections its pool has.
    ///
    /// haproxy's arithmetic.
    ///
    /// - Parameters:
    ///   - crowd: The pool's connections.
    ///   - whole: Those from which on it takes as many as it may (`fullconn`).
    mutating func follow(crowd: Int, of whole: Int) {
        guard let leastLimit, fullLimit != .max else { return }
        crowdLimit =
            crowd >= whole ? fullLimit : max(leastLimit, min(crowd, whole) * fullLimit / whole)
        settleLimit()
    }

    private mutating func settleLimit() {
        limit =
            crowdLimit == .max
            ? .max : max(1, Int(UInt64(crowdLimit) * warmth.part / warmth.whole))
    }

    /// The share of a server of weight 256.
    static let greatestShare = 4096
}
