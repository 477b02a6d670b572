/// A server as its pool sees it.
struct PooledServer {
    let limit: Int
    let isBackup: Bool
    var weight: Int
    var administrativeState: AdministrativeState
    var isUp = true

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
    /// What the turns owe it (`roundrobin`).
    var score = 0
    /// The choice that it was last taken by, to rotate among equals (`leastconn`).
    var lastTurn: UInt64 = 0

    init(_ plan: ServerPlan) {
        limit = plan.connectionLimit ?? .max
        isBackup = plan.isBackup
        weight = min(max(plan.weight, 0), 256)
        administrativeState = plan.administrativeState
    }

    /// Whether new connections may go to it.
    var isUsable: Bool { isUp && administrativeState == .ready && weight > 0 }
    /// Whether it has no room, or others were first.
    var isFull: Bool { served >= limit || line.count > 0 }

    var status: ServerSnapshot.Status {
        switch administrativeState {
        case .maintenance: .maintenance
        case .drain: isUp ? .drain : .down
        case .ready where !isUp: .down
        case .ready: weight > 0 ? .up : .drain
        }
    }

    mutating func take(countingAsNew isNew: Bool, at now: UInt64) {
        served += 1
        peak = max(peak, served)
        guard isNew else { return }
        total += 1
        rate.note(1, at: now)
        lastChosenAt = now
    }

    mutating func giveBack() { served -= 1 }
}
