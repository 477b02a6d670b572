import Glibc

/// Keeps several requests in flight, one started each period, and records when answers come.
///
/// A connection that hangs holds up none of the others: what a failover looks like to the next
/// visitor is measured, not what it looks like to one whose packet was lost.
struct Probe {
    private let options: Options
    private let report: Report
    private let request: [UInt8]
    private let start: ContinuousClock.Instant
    private var record: GapRecord
    private var attempts: [Attempt] = []

    init(_ options: Options) {
        self.options = options
        start = .now
        record = GapRecord(threshold: options.threshold, startingAt: start)
        report = Report(name: options.name, isJSON: options.isJSON, startedAt: start)
        request = Array("GET / HTTP/1.0\r\nHost: \(options.name)\r\n\r\n".utf8)
    }

    /// Runs to the end of the duration or to a signal; returns whether anything answered.
    mutating func run() -> Bool {
        let signals = StopSignals()
        let end = options.duration.map { start + $0 }
        var nextStart = start
        while !signals.arePending {
            var now = ContinuousClock.now
            if let end, now >= end { break }
            if now >= nextStart {
                startAttempt(at: now)
                // After a stall the missed ones are left out: a burst would measure itself.
                nextStart = max(nextStart + options.period, now)
            }
            waitAndAdvance(until: nextStart)
            now = .now
            giveUpOld(at: now)
        }
        finish()
        return record.answerCount > 0
    }

    private mutating func startAttempt(at now: ContinuousClock.Instant) {
        record.attempted()
        guard let attempt = Attempt(to: options.address, at: now) else {
            record.failed()
            return
        }
        attempts.append(attempt)
    }

    private mutating func waitAndAdvance(until deadline: ContinuousClock.Instant) {
        var descriptors = attempts.map { attempt in
            pollfd(fd: attempt.descriptor, events: attempt.interest, revents: 0)
        }
        // Rounded up to poll(2)'s milliseconds; the grid of starts does not drift by it.
        let timeout = Int32(max(deadline - .now, .zero).milliseconds.rounded(.up))
        guard poll(&descriptors, nfds_t(descriptors.count), timeout) > 0 else { return }
        let now = ContinuousClock.now
        var remaining: [Attempt] = []
        for (index, descriptor) in descriptors.enumerated() {
            var attempt = attempts[index]
            if descriptor.revents == 0 || advance(&attempt, at: now) {
                remaining.append(attempt)
            } else {
                attempt.close()
            }
        }
        attempts = remaining
    }

    /// Moves one attempt on; returns whether it goes on.
    private mutating func advance(
        _ attempt: inout Attempt, at now: ContinuousClock.Instant
    ) -> Bool {
        switch attempt.advance(request: request) {
        case .pending: return true
        case .answered:
            let isFirst = record.answerCount == 0
            if let gap = record.answered(at: now) { report.gap(gap, isOpen: false) }
            if isFirst { report.ready() }
            return true
        case .failed:
            record.failed()
            return false
        case .finished: return false
        }
    }

    private mutating func giveUpOld(at now: ContinuousClock.Instant) {
        while let oldest = attempts.first, now - oldest.startedAt > options.timeout {
            if !oldest.hasAnswer { record.failed() }
            oldest.close()
            attempts.removeFirst()
        }
    }

    private mutating func finish() {
        let now = ContinuousClock.now
        for attempt in attempts { attempt.close() }
        attempts = []
        if let gap = record.finished(at: now) { report.gap(gap, isOpen: true) }
        report.summary(record, duration: now - start)
    }
}

/// SIGINT and SIGTERM, held back and asked for once a turn instead of interrupting.
struct StopSignals {
    private var set = sigset_t()

    init() {
        sigemptyset(&set)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGTERM)
        sigprocmask(SIG_BLOCK, &set, nil)
    }

    /// Whether one has come.
    var arePending: Bool {
        var none = timespec()
        var set = set
        return sigtimedwait(&set, nil, &none) > 0
    }
}
