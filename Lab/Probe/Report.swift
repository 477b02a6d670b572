import Glibc

/// The lines that the probe prints, for a reader or as JSON objects.
struct Report {
    let name: String
    let isJSON: Bool
    private let startedAt: ContinuousClock.Instant
    /// The time of day at `startedAt`, in milliseconds since 1970, to place gaps beside logs.
    private let startedAtUnixMilliseconds: Double

    init(name: String, isJSON: Bool, startedAt: ContinuousClock.Instant) {
        self.name = name
        self.isJSON = isJSON
        self.startedAt = startedAt
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        startedAtUnixMilliseconds = Double(now.tv_sec) * 1e3 + Double(now.tv_nsec) / 1e6
    }

    /// Tells that the first answer came, so that whoever waits for the probe may go on.
    func ready() {
        emit(json: #"{"event":"ready"}"#, text: "\(name) answers")
    }

    func gap(_ gap: GapRecord.Gap, isOpen: Bool) {
        let offset = (gap.start - startedAt).milliseconds
        let start = startedAtUnixMilliseconds + offset
        emit(
            json: """
                {"event":"gap","start_unix_ms":\(fixed(start)),"start_ms":\(fixed(offset)),\
                "length_ms":\(fixed(gap.length.milliseconds)),"open":\(isOpen)}
                """,
            text: """
                gap at \(fixed(offset / 1000)) s: no answer for \(fixed(gap.length.milliseconds)) ms\
                \(isOpen ? ", and none until the end" : "")
                """)
    }

    func summary(_ record: GapRecord, duration: Duration) {
        emit(
            json: """
                {"event":"summary","duration_ms":\(fixed(duration.milliseconds)),\
                "attempts":\(record.attemptCount),"answers":\(record.answerCount),\
                "failures":\(record.failureCount),"gaps":\(record.gaps.count),\
                "longest_gap_ms":\(fixed(record.longestGap.milliseconds))}
                """,
            text: """
                \(record.answerCount) answers to \(record.attemptCount) requests in \
                \(fixed(duration.milliseconds / 1000)) s, \(record.failureCount) failed; \
                \(record.gaps.count) gaps, the longest \(fixed(record.longestGap.milliseconds)) ms
                """)
    }

    private func emit(json: String, text: String) {
        print(isJSON ? json : text)
        fflush(nil)
    }

    /// A number with three decimals at most.
    private func fixed(_ number: Double) -> String { "\((number * 1000).rounded() / 1000)" }
}

extension Duration {
    var milliseconds: Double {
        Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
    }
}
