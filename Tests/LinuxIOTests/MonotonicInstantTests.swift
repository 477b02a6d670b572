import LinuxIO
import Testing

@Suite struct `The monotonic clock` {
    @Test func `adds an interval to the nanosecond`() {
        let start = MonotonicInstant(nanoseconds: 7)
        #expect((start + .milliseconds(1500)).nanoseconds == 1_500_000_007)
        #expect((start + .nanoseconds(-3)).nanoseconds == 4)
    }

    @Test(arguments: [Duration.seconds(Int64.max), .seconds(9_223_372_037)])
    func `ends where an interval is too long for it`(interval: Duration) {
        let start = MonotonicInstant(nanoseconds: 1_000_000_000)
        #expect((start + interval).nanoseconds == Int64.max)
        #expect((MonotonicInstant(nanoseconds: -2_000_000_000) + .zero - interval) == Int64.min)
    }
}

extension MonotonicInstant {
    fileprivate static func - (instant: MonotonicInstant, interval: Duration) -> Int64 {
        (instant + (.zero - interval)).nanoseconds
    }
}
