import Testing
import VRRPCore

@Suite(.tags(.rfc9568)) struct `RFC 9568 §6.1 Parameters` {
    @Test(
        arguments: [
            (100, 255, 3_906_250, 3_003_906_250),
            (100, 254, 7_812_500, 3_007_812_500),
            (100, 200, 218_750_000, 3_218_750_000),
            (100, 100, 609_375_000, 3_609_375_000),
            (100, 1, 996_093_750, 3_996_093_750),
            (10, 100, 60_937_500, 360_937_500),
            (1, 100, 6_093_750, 36_093_750),
            (4095, 1, 40_790_039_062, 163_640_039_062),
        ] as [(UInt16, UInt8, Int64, Int64)])
    func `Skew_Time and Active_Down_Interval follow the interval and the priority`(
        centiseconds: UInt16, number: UInt8, skew: Int64, down: Int64
    ) {
        let interval = version3(centiseconds)
        #expect(second(0) + interval.skewTime(for: priority(number)) == nanosecond(skew))
        #expect(second(0) + interval.activeDownInterval(for: priority(number)) == nanosecond(down))
    }

    @Test func `one step of priority still counts at the shortest interval`() {
        let step =
            version3(1).skewTime(for: priority(100)) - version3(1).skewTime(for: priority(101))
        #expect(step == .nanoseconds(39_062) + .nanoseconds(1) / 2)
    }
}

@Suite(.tags(.rfc3768)) struct `RFC 3768 §6.1 Parameters` {
    @Test(
        arguments: [
            (1, 100, 609_375_000, 3_609_375_000),
            (1, 255, 3_906_250, 3_003_906_250),
            (10, 100, 609_375_000, 30_609_375_000),
        ] as [(UInt8, UInt8, Int64, Int64)])
    func `Skew_Time does not depend on the interval`(
        seconds: UInt8, number: UInt8, skew: Int64, down: Int64
    ) {
        let interval = version2(seconds)
        #expect(second(0) + interval.skewTime(for: priority(number)) == nanosecond(skew))
        #expect(second(0) + interval.activeDownInterval(for: priority(number)) == nanosecond(down))
    }
}
