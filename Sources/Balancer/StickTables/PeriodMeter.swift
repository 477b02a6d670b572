/// Counts events within a period that slides, of any length.
///
/// As haproxy does: the count of the period that runs, and the share of the one before that still
/// lies within one period. Periods follow each other from the first event on.
struct PeriodMeter {
    /// When the period began that runs, in milliseconds.
    private var start: UInt64 = 0
    private var current: UInt64 = 0
    private var previous: UInt64 = 0

    /// Counts events.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - period: Milliseconds, above 0.
    ///   - now: Milliseconds of the monotonic clock.
    mutating func note(_ count: UInt64, over period: UInt64, now: UInt64) {
        if start == 0 { start = now }
        // A reactor's clock may be a turn behind another one's.
        if now >= start, now - start >= period {
            let isNext = now - start < 2 * period
            previous = isNext ? current : 0
            start = isNext ? start + period : now
            current = 0
        }
        current &+= count
    }

    /// Events within the last period.
    ///
    /// - Parameters:
    ///   - period: Milliseconds, above 0.
    ///   - now: Milliseconds of the monotonic clock.
    /// - Returns: How many.
    func rate(over period: UInt64, now: UInt64) -> UInt64 {
        let age = now >= start ? now - start : 0
        guard age <= 2 * period else { return 0 }
        let isPast = age > period
        let (own, former) = isPast ? (0, current) : (current, previous)
        // A single event is not divided: it is there, and then it is not.
        guard own > 0 || former > 1 else { return former }
        let remaining = isPast ? 2 * period - age : period - age
        let (high, low) = former.multipliedFullWidth(by: remaining)
        return own + period.dividingFullWidth((high, low)).quotient
    }

    /// Begins nowhere.
    init() {}

    /// Goes on from another node's.
    ///
    /// - Parameters:
    ///   - numbers: Three: how long its period has run, in milliseconds, and its counts of this and the
    ///     last one.
    ///   - now: Milliseconds of the monotonic clock.
    init(_ numbers: ArraySlice<UInt64>, now: UInt64) {
        let first = numbers.startIndex
        // The clock begins with the host, the other node's period perhaps before.
        start = max(1, now - min(now, numbers[first]))
        // Both together are a number, whatever another node says.
        (current, previous) = (
            min(numbers[first + 1], PeriodMeter.most), min(numbers[first + 2], PeriodMeter.most)
        )
    }

    /// What another node can go on from.
    func numbers(now: UInt64) -> [UInt64] {
        // haproxy's have 32 bits.
        [now - min(now, start), current, previous].map { min($0, UInt64(UInt32.max)) }
    }

    /// The greatest count that others may say.
    static let most = UInt64.max / 4
}
