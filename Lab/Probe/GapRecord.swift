/// Turns the times of answers into gaps and counts; reads no clock.
struct GapRecord {
    struct Gap {
        let start: ContinuousClock.Instant
        let length: Duration
    }

    let threshold: Duration
    private(set) var attemptCount = 0
    private(set) var answerCount = 0
    private(set) var failureCount = 0
    private(set) var gaps: [Gap] = []
    private var lastAnswerAt: ContinuousClock.Instant

    init(threshold: Duration, startingAt start: ContinuousClock.Instant) {
        self.threshold = threshold
        lastAnswerAt = start
    }

    var longestGap: Duration { gaps.map(\.length).max() ?? .zero }

    mutating func attempted() { attemptCount += 1 }

    /// Counts an attempt that was refused, reset or given up without an answer.
    mutating func failed() { failureCount += 1 }

    /// Counts an answer; returns the gap that it ends, if there was one.
    mutating func answered(at now: ContinuousClock.Instant) -> Gap? {
        answerCount += 1
        return endGap(at: now)
    }

    /// The gap that is still open when the probe ends, if there is one.
    mutating func finished(at now: ContinuousClock.Instant) -> Gap? { endGap(at: now) }

    private mutating func endGap(at now: ContinuousClock.Instant) -> Gap? {
        defer { lastAnswerAt = now }
        let length = now - lastAnswerAt
        guard length > threshold else { return nil }
        let gap = Gap(start: lastAnswerAt, length: length)
        gaps.append(gap)
        return gap
    }
}
