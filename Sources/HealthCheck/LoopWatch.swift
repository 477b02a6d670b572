#if Probes
import NIOCore

/// Says for how long an event loop stood still during a check, by looking at the clock several
/// times within the time limit.
///
/// Pure. A server that answered while nobody listened must not be taken for one that is silent.
struct LoopWatch {
    private let start: NIODeadline
    private let slice: TimeAmount
    private let timeout: TimeAmount
    private var lastLook: NIODeadline
    /// How late the looks came in all.
    private(set) var lateness = TimeAmount.zero
    /// When to look next; the last look is at the time limit.
    private(set) var nextDue: NIODeadline

    init(from start: NIODeadline, timeout: TimeAmount) {
        self.start = start
        self.timeout = timeout
        let part = TimeAmount.nanoseconds(timeout.nanoseconds / Self.looks)
        slice = max(min(part, .milliseconds(250)), .milliseconds(10))
        lastLook = start
        nextDue = min(start + slice, start + timeout)
    }

    mutating func looked(at now: NIODeadline) {
        lateness = lateness(at: now)
        lastLook = now
        nextDue = min(now + slice, start + timeout)
    }

    /// The outcome; where a time limit ended the check and the loop stood still for a quarter of
    /// the time until then, one that says nothing about the target.
    ///
    /// Of the time that passed, since a part of a check may have a limit of its own.
    func fair(_ outcome: ProbeOutcome, at now: NIODeadline) -> ProbeOutcome {
        let lateness = lateness(at: now)
        let limit = min(timeout, now - start)
        guard outcome.status.isTimeout,
            lateness > max(.nanoseconds(limit.nanoseconds / 4), Self.tolerance)
        else { return outcome }
        let milliseconds = lateness.nanoseconds / 1_000_000
        return .notRun(reason: "this host was busy: the check stood still for \(milliseconds) ms")
    }

    private func lateness(at now: NIODeadline) -> TimeAmount {
        lateness + max(now - max(nextDue, lastLook), .zero)
    }

    private static let looks: Int64 = 8
    private static let tolerance = TimeAmount.milliseconds(20)
}
#endif
