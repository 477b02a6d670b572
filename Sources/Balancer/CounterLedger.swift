/// All that a balancer has counted, by name: another one with other sections can go on from it.
///
/// The names are `process`, `frontend NAME`, `listener FRONTEND/NAME`, `pool NAME` and `server
/// POOL/NAME`.
public struct CounterLedger: Hashable, Sendable {
    /// What was counted under each name; what never counted anything is left out.
    public var vectors: [String: CounterVector] = [:]

    /// Makes an empty ledger.
    public init() {}

    /// Adds what another has counted.
    public static func += (left: inout CounterLedger, right: CounterLedger) {
        for (name, vector) in right.vectors { left.vectors[name, default: .init()] += vector }
    }

    /// Counts what servers have counted that are gone for their pools, whose sums must not fall.
    ///
    /// - Parameter isGone: Whether a server is, by its name in the ledger.
    public mutating func leave(_ isGone: (String) -> Bool) {
        for (name, vector) in vectors where name.hasPrefix("server ") && isGone(name) {
            guard let end = name.lastIndex(of: "/") else { continue }
            vectors[name] = nil
            let pool = "pool \(name[..<end].dropFirst("server ".count))"
            vectors[pool, default: CounterVector()] += vector.ofServer
        }
    }

    /// What was counted since an earlier look.
    public static func - (left: CounterLedger, right: CounterLedger) -> CounterLedger {
        var rest = CounterLedger()
        for (name, vector) in left.vectors {
            let former = right.vectors[name]
            if former != vector { rest.vectors[name] = vector - (former ?? CounterVector()) }
        }
        return rest
    }
}

/// Numbers of one frontend, pool or server that go on from one balancer to the next.
///
/// Whoever keeps and adds them need not know what each of them means.
public struct CounterVector: Hashable, Sendable {
    /// Numbers that only grow: two balancers' are added.
    public var sums: [UInt64] = []
    /// Greatest values: of two balancers' the greater one holds.
    public var peaks: [UInt64] = []
    /// Values that change either way: the last one heard holds.
    public var levels: [UInt64] = []

    /// Makes a vector that has counted nothing.
    public init() {}

    /// Adds what another has counted.
    public static func += (left: inout CounterVector, right: CounterVector) {
        left.sums.combine(right.sums) { $0 &+ $1 }
        left.peaks.combine(right.peaks, max)
        if !right.levels.isEmpty { left.levels = right.levels }
    }

    /// What was counted since an earlier look: differences of what only grows, the rest as it is.
    public static func - (left: CounterVector, right: CounterVector) -> CounterVector {
        var rest = left
        for (index, former) in right.sums.enumerated() where index < rest.sums.count {
            rest.sums[index] &-= former
        }
        return rest
    }
}

extension [UInt64] {
    fileprivate mutating func combine(_ others: [UInt64], _ body: (UInt64, UInt64) -> UInt64) {
        if others.count > count {
            self += Array(repeating: 0, count: others.count - count)
        }
        for (index, other) in others.enumerated() { self[index] = body(self[index], other) }
    }
}

extension CounterVector {
    /// A sum; 0 where it was never counted.
    func sum(_ place: Int) -> Int { Int(truncatingIfNeeded: place < sums.count ? sums[place] : 0) }
    /// A peak; 0 where there was none.
    func peak(_ place: Int) -> Int { place < peaks.count ? Int(clamping: peaks[place]) : 0 }

    /// The totals, which are the first of the sums.
    var totals: CounterTotals {
        get {
            var totals = CounterTotals()
            totals.sessions = sum(0)
            totals.bytesIn = UInt64(truncatingIfNeeded: sum(1))
            totals.bytesOut = UInt64(truncatingIfNeeded: sum(2))
            totals.connectionErrors = sum(3)
            totals.retries = sum(4)
            totals.redispatches = sum(5)
            totals.clientAborts = sum(6)
            totals.serverAborts = sum(7)
            totals.refusals = sum(8)
            return totals
        }
        set {
            let totals = [
                newValue.sessions, Int(truncatingIfNeeded: newValue.bytesIn),
                Int(truncatingIfNeeded: newValue.bytesOut), newValue.connectionErrors,
                newValue.retries, newValue.redispatches, newValue.clientAborts,
                newValue.serverAborts, newValue.refusals,
            ]
            sums = totals.map { UInt64(truncatingIfNeeded: $0) } + sums.dropFirst(totals.count)
        }
    }

    /// Where the sums begin that frontends and pools have beside the totals.
    static let furtherSums = 9

    /// The peaks of a frontend, a pool or a server.
    enum Peak: Int, CaseIterable {
        case sessions, rate, queue
        /// Milliseconds of the monotonic clock.
        case lastSessionAt
        /// Of a frontend, with those that rules have refused.
        case connectionRate
    }

    subscript(peak: Peak) -> Int { self.peak(peak.rawValue) }

    /// Average times of the last connections, and how many those are.
    var times: (average: AverageTimes, count: Int) {
        get {
            guard levels.count == 4 else { return (AverageTimes(), 0) }
            var average = AverageTimes()
            average.queue = Int(clamping: levels[0])
            average.connect = Int(clamping: levels[1])
            average.session = Int(clamping: levels[2])
            return (average, Int(clamping: levels[3]))
        }
        set {
            let (average, count) = newValue
            levels =
                count == 0
                ? []
                : [average.queue, average.connect, average.session, count].map {
                    UInt64(clamping: $0)
                }
        }
    }

    /// Whether nothing was counted.
    var isEmpty: Bool { sums.allSatisfy { $0 == 0 } && peaks.allSatisfy { $0 == 0 } }
}
